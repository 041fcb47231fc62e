"""What the checks find in the sources is told of a dataset's motions, and changes nothing else about it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep import write_sample
from motionprep.building.build import Summary
from motionprep.quality import checking

MEASURES = ("height", "root_speed", "jerk", "contact_share", "skate")


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated corpus whose last motion is a copy of the first, below the name of another subject."""
    folder = tmp_path_factory.mktemp("twins")
    write_sample(folder, subjects=3, motions=2, frames=240)
    first = sorted(folder.rglob("*.bvh"))[0]
    shutil.copy(first, folder / "99_01.bvh")
    return folder


def original(twins: Path) -> str:
    return sorted(twins.rglob("*.bvh"), key=lambda path: path.stem)[0].stem


def files(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and ".cache" not in path.parts
    }


def checked(data: Path, out: Path, **options: object) -> tuple[Summary, list[int]]:
    """Build with checks; return the summary and how many takes were checked."""
    done: list[int] = []
    summary = motionprep.build(data, out, check=True, on_check=lambda one, _total: done.append(one), **options)
    return summary, done


def codes(out: Path, key: str) -> Sequence[str]:
    row = motionprep.open(out).manifest.set_index("key").loc[key]
    found: str = row["findings"]
    return found.split(",")


def test_the_manifest_has_codes_and_measures_of_each_motion(twins: Path, tmp_path: Path) -> None:
    checked(twins, tmp_path / "out")
    manifest = motionprep.open(tmp_path / "out").manifest

    assert codes(tmp_path / "out", "99_01") == ["duplicate-bytes", "range-t-pose", "skeleton-still-joint"]
    assert "duplicate-bytes" not in codes(tmp_path / "out", original(twins))
    for name in MEASURES:
        assert np.isfinite(manifest[f"source_{name}"]).all()


def test_all_findings_lie_beside_the_manifest(twins: Path, tmp_path: Path) -> None:
    summary, _ = checked(twins, tmp_path / "out")
    dataset = motionprep.open(tmp_path / "out")
    alone = motionprep.check(twins)
    counted = sum(count for codes in summary.dataset["found"].values() for count in codes.values())

    assert list(dataset.findings) == alone
    assert counted == len(alone)
    assert json.loads((tmp_path / "out" / summary.dataset["findings"]).read_text())["findings"]


def test_motions_that_share_frames_across_splits_are_an_error(twins: Path, tmp_path: Path) -> None:
    summary, _ = checked(twins, tmp_path / "out", split="50/50")
    (error,) = [one for one in motionprep.open(tmp_path / "out").findings if one.severity == "error"]

    assert summary.dataset["found"]["error"] == {"duplicate-bytes": 1}
    assert (error.motion, error.other) == ("99_01", original(twins))
    assert "across the splits test and train" in error.message


@pytest.mark.parametrize(
    ("frames", "severity"), [("1-120", "warning"), ("61-180", "error")], ids=["others", "some of the same"]
)
def test_a_duplicate_is_an_error_only_where_the_splits_have_frames_in_common(
    frames: str, severity: str, twins: Path, tmp_path: Path
) -> None:
    first = original(twins)
    train = [{"motions": first, "frames": "1-60"}, {"motions": "99_01", "frames": frames}]
    split = {"train": train, "test": [{"motions": first, "frames": "121-200"}]}
    motionprep.build(twins, tmp_path / "out", recipe={"split": split}, check=True)
    name = motionprep.open(tmp_path / "out").facts["findings"]
    findings = json.loads((tmp_path / "out" / name).read_text())["findings"]

    assert [one["severity"] for one in findings if one["code"] == "duplicate-bytes"] == [severity]


def test_only_findings_in_the_frames_of_a_motion_are_told_of_it(twins: Path, tmp_path: Path) -> None:
    split = {"train": [{"motions": "*", "frames": "1-100"}], "test": [{"motions": "*", "frames": "101-200"}]}
    checked(twins, tmp_path / "out", split=split)
    manifest = motionprep.open(tmp_path / "out").manifest
    of_split = manifest.groupby("split")["findings"].agg(",".join)

    assert "range-t-pose" in of_split["train"]
    assert "range-t-pose" not in of_split["test"]


def test_checks_change_nothing_but_what_is_told(twins: Path, tmp_path: Path) -> None:
    motionprep.build(twins, tmp_path / "plain", split="50/50")
    checked(twins, tmp_path / "checked", split="50/50")
    plain, told = files(tmp_path / "plain"), files(tmp_path / "checked")

    assert {name: data for name, data in plain.items() if name.startswith("shards/")} == {
        name: data for name, data in told.items() if name.startswith("shards/")
    }
    summary = motionprep.build(twins, tmp_path / "checked", split="50/50")
    assert summary.made == 0
    assert (tmp_path / "checked" / "dataset.json").read_bytes() == plain["dataset.json"]


def test_what_has_been_checked_is_not_checked_again(twins: Path, tmp_path: Path) -> None:
    first, done = checked(twins, tmp_path / "out")
    again, none = checked(twins, tmp_path / "out")
    other, still_none = checked(twins, tmp_path / "out", split="50/50", downsample=2, replace=True)

    assert done == list(range(1, 8))
    assert (none, still_none) == ([], [])
    assert (first.changed, again.changed, other.changed) == (True, False, True)


def test_what_is_known_is_kept_again_where_it_was_deleted(twins: Path, tmp_path: Path) -> None:
    checked(twins, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / ".cache")
    _, lost = checked(twins, tmp_path / "out")
    summary, none = checked(twins, tmp_path / "out")

    assert (len(lost), none, summary.changed) == (7, [], False)


def test_a_changed_motion_is_checked_again_and_the_dataset_is_as_a_fresh_one(twins: Path, tmp_path: Path) -> None:
    shutil.copytree(twins, tmp_path / "data")
    checked(tmp_path / "data", tmp_path / "out")
    (tmp_path / "data" / "99_01.bvh").unlink()
    checked(tmp_path / "data", tmp_path / "out")
    checked(tmp_path / "data", tmp_path / "fresh")
    name = motionprep.open(tmp_path / "fresh").facts["findings"]

    assert (tmp_path / "out" / "dataset.json").read_bytes() == (tmp_path / "fresh" / "dataset.json").read_bytes()
    assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()


@pytest.mark.parametrize("kept", [True, False], ids=["whole", "damaged"])
def test_only_a_changed_motion_is_read_again_if_the_results_of_the_others_are_kept(
    kept: bool, twins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(twins, tmp_path / "data")
    checked(tmp_path / "data", tmp_path / "out")
    results = tmp_path / "out" / ".cache" / "checked.msgpack"
    if not kept:
        results.write_bytes(results.read_bytes()[:-9])
    path = tmp_path / "data" / "99_01.bvh"
    path.write_text(path.read_text().replace("Frame Time: .0083333", "Frame Time: .0416667"))
    read: list[str] = []
    check_take = checking.check_take
    monkeypatch.setattr(
        checking, "check_take", lambda take, checks: [read.append(take.key), *check_take(take, checks)][1:]
    )

    summary, _ = checked(tmp_path / "data", tmp_path / "out")
    monkeypatch.undo()
    checked(tmp_path / "data", tmp_path / "fresh")

    assert sorted(read) == (["99_01"] if kept else sorted(motionprep.open(tmp_path / "out")["train"]))
    name = summary.dataset["findings"]
    assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()


def test_a_damaged_file_of_findings_is_made_again(twins: Path, tmp_path: Path) -> None:
    summary, _ = checked(twins, tmp_path / "out")
    path = tmp_path / "out" / summary.dataset["findings"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    said = motionprep.verify(tmp_path / "out")
    checked(twins, tmp_path / "out")

    assert said == [f"{path}: is damaged; build again to mend it"]
    assert path.read_bytes() == whole


def test_a_motion_that_cannot_be_read_has_the_finding_and_no_measures(twins: Path, tmp_path: Path) -> None:
    shutil.copytree(twins, tmp_path / "data")
    broken = tmp_path / "data" / "99_01.bvh"
    broken.write_text(broken.read_text()[:-400] + "nonsense\n")
    checked(tmp_path / "data", tmp_path / "out")
    row = motionprep.open(tmp_path / "out").manifest.set_index("key").loc["99_01"]

    assert (row["status"], row["findings"]) == ("failed", "unreadable")
    assert np.isnan(row["source_jerk"])
