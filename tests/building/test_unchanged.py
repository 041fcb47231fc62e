from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import motionprep
from motionprep import build
from motionprep.building import plan


def settle(folder: Path) -> None:
    """Make files look as if they had been written yesterday: what was written just now is looked at again."""
    yesterday = time.time() - 86_400
    for path in folder.rglob("*.*"):
        os.utime(path, (yesterday, yesterday))


@pytest.fixture(scope="module")
def _original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("unchanged")
    motionprep.write_sample(place / "data", subjects=2, motions=2, frames=30)
    (place / "data" / "index.txt").write_text("Subject #2 (walk)\n02_01\twalk\n")
    settle(place / "data")
    build(place / "data", place / "out")
    return place


@pytest.fixture
def place(_original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with data and the dataset that was built of them, where no plan can be made."""
    for name in ("data", "out"):
        os.rename(_original / name, tmp_path / name)
        shutil.copytree(tmp_path / name, _original / name)
    monkeypatch.setattr(plan, "make_plan", _planned)
    return tmp_path


class Planned(Exception):
    """A plan was made."""


def _planned(*_: Any, **__: Any) -> None:
    raise Planned


def test_a_build_with_nothing_to_do_makes_no_plan(place: Path) -> None:
    outlines: list[Any] = []
    progress: list[tuple[int, int]] = []
    summary = build(
        place / "data", place / "out", on_plan=outlines.append, on_progress=lambda *counts: progress.append(counts)
    )
    assert (summary.changed, summary.made, summary.kept) == (False, 0, len(summary.dataset["shards"]))
    assert summary.dataset == motionprep.open(place / "out").facts
    assert progress == [(4, 4)]
    assert [(outline.motions, outline.subjects) for outline in outlines] == [
        (4, "subjects: 2, from names (CMU), for instance 02 of 02_01")
    ]


def first(place: Path) -> Path:
    return min((place / "data").rglob("*.bvh"))


CHANGES: dict[str, Callable[[Path], Any]] = {
    "a file that was touched": lambda place: first(place).touch(),
    "a file that is gone": lambda place: first(place).unlink(),
    "a file that has another name": lambda place: first(place).rename(first(place).with_name("77_01.bvh")),
    "a new file": lambda place: shutil.copy(first(place), place / "data" / "88_01.bvh"),
    "another index": lambda place: (place / "data" / "index.txt").write_text("Subject #2 (run)\n02_01\trun\n"),
    "a damaged manifest": lambda place: next((place / "out").glob("manifest-*")).write_bytes(b"rubbish"),
    "a lost shard": lambda place: shutil.rmtree(next((place / "out" / "shards").iterdir())),
    "a shard that was touched": lambda place: [
        path.touch() for path in next((place / "out" / "shards").iterdir()).rglob("*")
    ],
    "what a killed build has left": lambda place: shutil.copytree(
        next((place / "out" / "shards").iterdir()), place / "out" / "shards" / ("0" * 32)
    ),
    "a lost dataset.json": lambda place: (place / "out" / "dataset.json").unlink(),
    "a damaged record": lambda place: (place / "out" / ".cache" / "unchanged.json").write_bytes(b"{"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_leads_to_a_plan(change: Callable[[Path], Any], place: Path) -> None:
    change(place)
    with pytest.raises(Planned):
        build(place / "data", place / "out")


@pytest.mark.parametrize(
    "asked",
    [{"split": "50/50"}, {"downsample": 2}, {"check": True}, {"verify_sources": True}, {"part": (1, 2)}],
    ids=str,
)
def test_another_question_leads_to_a_plan(asked: dict[str, Any], place: Path) -> None:
    with pytest.raises(Planned):
        build(place / "data", place / "out", **asked)


def test_warnings_and_failures_are_told_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    first(place).write_text("HIERARCHY\nrubbish\n")
    (place / "data" / "again").mkdir()
    shutil.copy(max((place / "data").rglob("*.bvh")), place / "data" / "again")
    settle(place / "data")

    told = build(place / "data", place / "out")
    build(place / "data", place / "out")  # removes the shards of the dataset before
    monkeypatch.setattr(plan, "make_plan", _planned)
    again = build(place / "data", place / "out")
    assert again.dataset["left_out"]["failed"]
    assert again.doubts == told.doubts
    assert set(again.notes) <= set(told.notes)
    assert any("several files" in note for note in again.notes)
    with pytest.raises(motionprep.BuildError, match="motions failed, as before"):
        build(place / "data", place / "out", strict=True)


def test_a_file_that_was_written_as_the_build_began_is_looked_at_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    first(place).touch()
    build(place / "data", place / "out")
    build(place / "data", place / "out")  # removes the shards of the dataset before
    monkeypatch.setattr(plan, "make_plan", _planned)
    with pytest.raises(Planned):
        build(place / "data", place / "out")


def test_a_file_that_could_not_be_read_is_looked_at_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    lost = first(place).with_name("99_01.bvh")
    lost.symlink_to("nowhere")
    os.utime(lost, (0, 0), follow_symlinks=False)
    build(place / "data", place / "out")
    build(place / "data", place / "out")  # removes the shards of the dataset before
    monkeypatch.setattr(plan, "make_plan", _planned)
    with pytest.raises(Planned):
        build(place / "data", place / "out")
