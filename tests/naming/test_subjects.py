"""Who is in a file, by its name."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import pytest

import motionprep
from motionprep.errors import MotionPrepWarning
from motionprep.naming.subjects import subject_of


@pytest.mark.parametrize(
    ("stem", "subject", "known"),
    [
        ("69/69_01", "69", True),
        ("walk1_subject1", "subject1", True),
        ("lafan1/dance2_subject4", "subject4", True),
        ("dataset-1_bow_angry_001", "dataset-1", True),
        ("Neutral_FW", "100style", True),
        ("Zombie_TR2", "100style", True),
        ("S001C002P003R002A013", "P003", True),
        ("S03A07", "S03", True),
        ("S1_Walking", "S1", True),
        ("s2_take_3", "s2", True),
        ("p01/walk_1", "p01", True),
        ("Subject 7/day1/walk_fast", "Subject 7", True),
        ("000021", "000021", True),
        ("M000021", "000021", True),
        ("subject1_walk_p3", "subject1", True),
        ("actor1_scene_s2", "actor1", True),
        ("Sub01/take_p3", "Sub01", True),
        ("subject_01_walk", "subject_01", True),
        ("participant_3_walk", "participant_3", True),
        ("s1/S1_walk", "S1", True),
        ("s1/walk_p2", "p2", False),
        ("S1_walk_s2", "S1", False),
        ("subject1_subject2_hug", "subject2", False),
        ("anna/walk", "anna", False),
        ("walk", "walk", False),
        ("run_fast", "run", False),
    ],
)
def test_is_found_by_the_pattern_of_the_corpus_or_guessed(stem: str, subject: str, known: bool) -> None:
    found = subject_of(stem)
    assert (found.subject, bool(found.pattern)) == (subject, known)


@pytest.mark.parametrize("stem", ["_" * 100_000, "a_" * 50_000, "S" + "1" * 100_000, "person" * 20_000, "-" * 100_000])
def test_is_found_in_linear_time(stem: str) -> None:
    began = time.process_time()
    subject_of(stem)
    assert time.process_time() - began < 2


def renamed(corpus: Path, folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for name, path in zip(names, sorted(corpus.rglob("*.bvh")), strict=False):
        (folder / f"{name}.bvh").write_bytes(path.read_bytes())
    return folder


def test_no_subject_of_lafan1_is_in_two_splits(corpus: Path, tmp_path: Path) -> None:
    names = [f"{act}_subject{number}" for act in ("walk1", "run2", "jump3") for number in (1, 2, 3, 4)]
    data = renamed(corpus, tmp_path / "data", names)
    motionprep.build(data, tmp_path / "out", recipe={"split": {"percent": "75/25", "by": "subject"}})
    table = motionprep.open(tmp_path / "out").manifest
    assert table.groupby("subject").split.nunique().eq(1).all()
    assert set(table.subject) == {"subject1", "subject2", "subject3", "subject4"}


def test_a_split_that_depends_on_a_guess_is_a_warning(corpus: Path, tmp_path: Path) -> None:
    data = renamed(corpus, tmp_path / "data", ["walk", "run", "jump", "turn"])
    with pytest.warns(MotionPrepWarning, match="subjects are guessed from names, each with one motion"):
        motionprep.build(data, tmp_path / "out", recipe={"split": {"percent": "75/25", "by": "subject"}})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        motionprep.build(data, tmp_path / "by", recipe={"split": {"percent": "75/25"}})
