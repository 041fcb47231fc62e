"""Rates that do not fit the movement, the other file or the corpus."""

from __future__ import annotations

from dataclasses import replace

import faults
import pytest

from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.quality import as_take
from motionprep.quality.checking import summarize
from motionprep.quality.rate import Rate


def test_a_recorded_motion_has_a_plausible_rate(recorded: Motion, recorded_walk: Motion) -> None:
    assert [*Rate().of_take(as_take("a", recorded)), *Rate().of_take(as_take("b", recorded_walk))] == []


@pytest.mark.parametrize(("rate", "code"), [(24.0, "rate-slow"), (30.0, "rate-slow"), (480.0, "rate-fast")])
def test_a_rate_that_is_wrong_several_times_over_is_found(recorded: Motion, rate: float, code: str) -> None:
    found = Rate().of_take(as_take("a", faults.at_rate(recorded, rate)))

    assert [(one.code, one.severity) for one in found] == [(code, "warning")]


def test_a_motion_that_was_resampled_keeps_a_plausible_rate(recorded: Motion) -> None:
    assert Rate().of_take(as_take("a", recorded.at(range(0, recorded.frames, 4)))) == []


@pytest.mark.parametrize(
    ("usual", "rate", "code"),
    [
        (120.0, 120 * 1000 / 1001, "rate-ntsc"),
        (60.0, 59.94005994, "rate-ntsc"),
        (24000 / 1001, 24.0, "rate-ntsc"),
        (120.0, 60.0, "rate-differs"),
        (120.0, 59.94005994, "rate-differs"),
    ],
)
def test_a_rate_that_differs_from_the_corpus_is_found(walk: Motion, usual: float, rate: float, code: str) -> None:
    takes = [summarize(as_take(key, faults.at_rate(walk, usual))) for key in ("a", "b", "c")]
    takes.append(summarize(as_take("d", faults.at_rate(walk, rate))))

    assert [(one.code, one.motion) for one in Rate().of_corpus(takes)] == [(code, "d")]


def test_two_files_of_a_take_that_disagree_are_an_error(walk: Motion, walk_markers: Markers) -> None:
    good = Rate().of_take(as_take("a", walk, walk_markers))
    bad = Rate().of_take(as_take("a", walk, replace(walk_markers, rate=60.0)))

    assert [one.code for one in good] == []
    assert [(one.code, one.severity) for one in bad if one.code == "rate-pair"] == [("rate-pair", "error")]
