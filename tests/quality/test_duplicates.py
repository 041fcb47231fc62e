"""Motions that share frames are found whatever was done to one of them, and others are not taken for them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import faults
import numpy as np
import pytest

from motionprep import read_bvh, read_c3d
from motionprep.motion.motion import Motion
from motionprep.quality import Finding, as_take, groups
from motionprep.quality.body import Body, of_motion
from motionprep.quality.checking import summarize
from motionprep.quality.duplicates import Duplicates
from motionprep.quality.take import CheckedTake

CHANGES: dict[str, tuple[Callable[[Motion], Body], str]] = {
    "other text": (lambda motion: of_motion(faults.with_channels(motion, motion.channels.round(3))), "motion"),
    "shifted": (lambda motion: of_motion(motion.at(range(50, motion.frames))), "motion"),
    "cropped": (lambda motion: of_motion(motion.at(range(133, 133 + motion.frames // 2))), "part"),
    "resampled": (lambda motion: of_motion(motion.at(range(0, motion.frames, 4))), "resampled"),
    "shifted and resampled": (lambda motion: of_motion(motion.at(range(50, motion.frames, 4))), "resampled"),
    "scaled": (lambda motion: of_motion(faults.scaled(motion, 2.54)), "motion"),
    "with other bones": (lambda motion: of_motion(faults.with_other_bones(motion)), "motion"),
    "in other axes": (lambda motion: faults.in_axes(of_motion(motion), "zxy"), "motion"),
    "turned": (lambda motion: faults.headed(of_motion(motion), 63.0), "motion"),
    "mirrored": (lambda motion: faults.mirrored(of_motion(motion)), "mirrored"),
}


def duplicates(*takes: CheckedTake) -> list[Finding]:
    return Duplicates().of_corpus([summarize(take) for take in takes])


@pytest.fixture(params=["recorded", "recorded_walk"])
def motion(request: pytest.FixtureRequest) -> Motion:
    found: Motion = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_in_another_split_is_an_error(motion: Motion, walk: Motion, change: str) -> None:
    make, code = CHANGES[change]
    takes = [
        faults.take_of("original", of_motion(motion), split="train"),
        faults.take_of("other", of_motion(walk), split="train"),
        faults.take_of("copy", make(motion), split="test"),
    ]
    found = duplicates(*takes)

    assert {(one.motion, one.other, one.severity) for one in found} == {("copy", "original", "error")}
    assert all(one.code.startswith("duplicate-") for one in found)
    if motion.frames > 2000:
        assert {one.code for one in found} == {f"duplicate-{code}"}


def test_a_copy_in_the_same_split_is_a_warning(recorded: Motion) -> None:
    found = duplicates(as_take("a", recorded), as_take("b", recorded))

    assert [(one.code, one.severity, one.motion, one.other) for one in found] == [
        ("duplicate-motion", "warning", "b", "a")
    ]


def test_the_frames_of_a_part_are_those_of_the_copy(recorded: Motion) -> None:
    cut = faults.with_channels(recorded, recorded.channels.copy())
    mixed = np.concatenate([faults.turned_joint(cut, "LeftArm", (1, 700), 40.0).channels[:700], cut.channels[700:1400]])
    (found,) = duplicates(as_take("a", recorded), as_take("b", faults.with_channels(recorded, mixed)))

    assert found.code == "duplicate-part"
    assert found.frames is not None
    assert abs(found.frames[0] - 701) <= 12
    assert abs(found.frames[1] - 1400) <= 12


def test_files_that_are_equal_byte_for_byte_are_found(recorded: Motion) -> None:
    bodies = as_take("a", recorded).bodies
    found = duplicates(CheckedTake("a", bodies, digests=("1",)), CheckedTake("b", bodies, digests=("1",)))

    assert [(one.code, one.motion, one.other) for one in found] == [("duplicate-bytes", "b", "a")]


def test_a_short_motion_that_is_there_twice_is_found(recorded: Motion) -> None:
    short = recorded.at(range(400, 460))

    assert [one.motion for one in duplicates(as_take("a", short), as_take("b", short))] == ["b"]


def test_recorded_motions_are_not_taken_for_each_other(real_data: Path) -> None:
    motions = sorted([*(real_data / "cmu-bvh").glob("*.bvh"), *(real_data / "other-bvh").glob("*.bvh")])

    assert duplicates(*(as_take(path.stem, read_bvh(path)) for path in motions)) == []


def test_generated_motions_are_not_taken_for_each_other(clean: Path) -> None:
    assert duplicates(*(as_take(path.stem, read_bvh(path)) for path in sorted(clean.rglob("*.bvh")))) == []


def test_one_take_in_six_encodings_is_found(real_data: Path) -> None:
    names = ("DEC_INT.C3D", "Dec_real.c3d", "pc_int.c3d", "pc_real.c3d", "sgi_int.c3d", "sgi_real.c3d")
    takes = [as_take(name, markers=read_c3d(real_data / "c3d-org" / name)) for name in names]
    found = {frozenset((one.motion, one.other)) for one in duplicates(*takes)}

    assert all(frozenset(pair) in found for pair in pairwise(names))


def test_motions_that_share_frames_by_others_are_one_group() -> None:
    found = [Finding("duplicate-part", "warning", one, "", other=other) for one, other in ("ab", "cd", "bc", "xy")]
    other = Finding("rate-differs", "warning", "z", "")

    assert groups([*found, other]) == [frozenset("abcd"), frozenset("xy")]


def test_the_same_frames_under_another_rate_are_found(motion: Motion) -> None:
    slow = Motion(motion.skeleton, motion.channels, 24.0)
    (found,) = duplicates(as_take("a", motion), as_take("b", slow))

    assert (found.code, found.motion, found.other) == ("duplicate-frames", "b", "a")
    assert (found.frames, found.other_frames) == ((1, motion.frames), (1, motion.frames))
    assert "at 24 instead of 120 per second" in found.message
