from __future__ import annotations

import faults
import numpy as np
import pytest

from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.quality import Finding, as_take
from motionprep.reporting.facts import Convention, MotionFacts, conventions, facts_of, pick


def motion(key: str, **known: str) -> MotionFacts:
    return MotionFacts(key, "", "skeleton", 10, 30.0, "a", 5, known, {"seconds": 1 / 3})


def found(motion: str, severity: str, code: str = "jump-root", other: str = "") -> Finding:
    return Finding(code, severity, motion, "Look.", other=other)


def test_conventions_of_a_walk_are_those_of_its_file(walk: Motion, walk_markers: Markers) -> None:
    known = facts_of(as_take("a", walk, walk_markers)).conventions

    assert known == {
        "holds": "skeleton and markers",
        "joints": "31 from Hips",
        "unit": "CMU unit (guessed)",
        "markers' unit": "millimetre",
        "up": "y",
        "rest pose faces": "z",
        "rest pose": "T-pose",
        "rotation order": "ZYX",
        "frames per second": "120",
    }


def test_what_all_motions_do_is_not_mixed() -> None:
    assert conventions([motion("a", unit="inch"), motion("b", unit="inch")], []) == [Convention("unit", "inch", False)]


def test_what_motions_do_differently_is_mixed_and_names_who_differs() -> None:
    some = [motion(f"a{number}", unit="inch") for number in range(3)] + [motion("b", unit="metre")]

    assert conventions(some, []) == [Convention("unit", "inch", True, (("metre", 1, ("b",)),))]


def test_of_many_that_differ_the_first_are_named_and_all_are_counted() -> None:
    some = [motion(f"a{number}", unit="inch") for number in range(9)]
    some += [motion(f"b{number}", unit="metre") for number in range(8)]

    assert conventions(some, [])[0].others == (("metre", 8, ("b0", "b1", "b2")),)


def test_a_motion_whose_left_and_right_are_exchanged_is_not_right_handed() -> None:
    hands = conventions(
        [motion("a", up="y"), motion("b", up="y"), motion("c", up="y")], [found("b", "error", "axes-mirrored")]
    )

    assert hands[-1].mixed
    assert hands[-1].others[0][1:] == (1, ("b",))


def test_missing_markers_are_told_over_time_and_by_marker(walk: Motion, walk_markers: Markers) -> None:
    half, name = walk_markers.frames // 2, walk_markers.names[3]
    before = facts_of(as_take("a", walk, walk_markers))

    told = facts_of(as_take("a", walk, faults.hidden(walk_markers, name, (1, half))))

    assert told.by_marker[name] - before.by_marker[name] == pytest.approx(0.5, abs=0.05)
    apart = np.array(told.missing) - before.missing
    assert apart[:45].mean() == pytest.approx(1 / len(walk_markers.names), rel=0.1)
    assert apart[55:].max() == 0


def test_motions_with_errors_come_before_those_with_warnings_and_those_before_typical_ones() -> None:
    some = [motion(key) for key in "abcdef"]
    chosen = pick(some, [found("e", "warning"), found("c", "error"), found("a", "note")], 4)

    assert chosen[:2] == ["c", "e"]
    assert len(chosen) == 4


def test_each_kind_of_finding_is_seen_before_one_is_seen_twice() -> None:
    some = [motion(f"m{number}") for number in range(30)]
    findings = [found(f"m{number}", "error", "rate-pair") for number in range(20)] + [
        found("m25", "error", "axes-mirrored")
    ]

    assert pick(some, findings, 2) == ["m0", "m25"]


def test_a_duplicate_comes_with_what_it_is_equal_to() -> None:
    some = [motion(key) for key in "abcdef"]

    assert pick(some, [found("e", "error", "duplicate-bytes", "b")], 2) == ["e", "b"]


def test_typical_motions_are_spread_over_all() -> None:
    some = [motion(f"{number:02}") for number in range(21)]

    assert pick(some, [], 3) == ["00", "10", "20"]


def test_a_wanted_motion_is_shown_whatever_is_found() -> None:
    some = [motion(key) for key in "abc"]

    assert pick(some, [found("a", "error")], 0, ["c"]) == ["c"]
    assert pick(some, [found("a", "error")], 2, ["c"]) == ["c", "a"]
