from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motionprep.formats.c3d import read_c3d
from motionprep.maths import gaps
from motionprep.motion.markers import Markers
from motionprep.motion.take import Take
from motionprep.stages.base import Dropped
from motionprep.stages.fill_gaps import FillGaps

RNG = np.random.default_rng(0)


def marked(*seen: str) -> Take:
    """Return a take whose markers go straight on, a unit a frame, and are seen where there is an ``x``."""
    visible = np.array([[sign == "x" for sign in row] for row in seen]).T
    points = np.arange(float(len(visible)))[:, None, None] + np.zeros((1, len(seen), 3))
    names = tuple(f"m{k}" for k in range(len(seen)))
    return Take("1", None, Markers(names, points * visible[..., None], visible, 60.0))


@pytest.mark.parametrize("method", ["linear", "cubic"])
def test_short_gaps_are_filled_and_longer_ones_and_ends_stay(method: str) -> None:
    take = FillGaps(longest=2, method=method).apply(marked("x..x...x.x", "..xx.xxx..", ".........."), RNG)

    expected = marked("xxxx...xxx", "..xxxxxx..", "..........").markers
    np.testing.assert_array_equal(take.markers.visible, expected.visible)
    np.testing.assert_allclose(take.markers.positions, expected.positions, atol=1e-12)
    assert take.facts == {"fill_gaps_filled": 4}


def test_the_method_is_that_of_the_settings() -> None:
    points = np.random.default_rng(2).normal(size=(9, 1, 3))
    visible = np.array([True, True, False, False, False, True, True, True, True])[:, None]
    take = Take("1", None, Markers(("m",), points * visible[..., None], visible, 60.0))

    for method in ("linear", "cubic"):
        expected, _ = gaps.fill(take.markers.positions, visible, ~visible, method)
        found = FillGaps(longest=3, method=method).apply(take, RNG).markers.positions
        np.testing.assert_array_equal(found, expected)


def test_corrupted_markers_are_filled_by_themselves_and_counted_too() -> None:
    take = FillGaps(longest=3).apply(replace(marked("x.xxxx"), corrupt=marked("x.x..x").markers), RNG)

    assert take.corrupt.visible.all()
    assert take.facts == {"fill_gaps_filled": 4}


def test_two_stages_add_up_what_they_filled() -> None:
    take = FillGaps(longest=2).apply(FillGaps(longest=1).apply(marked("x.x..x"), RNG), RNG)

    assert take.facts == {"fill_gaps_filled": 3}


@pytest.mark.parametrize(("longest", "better"), [(6, 0.6), (12, 0.4), (24, 0.4)])
def test_cubic_is_nearer_than_linear_to_what_was_recorded(real_data, longest: int, better: float) -> None:
    recorded = read_c3d(real_data / "cmu-c3d" / "01_01.c3d")
    hidden = recorded.visible & (np.arange(recorded.frames)[:, None] % 100 < 100 - longest)
    take = Take("01_01", None, replace(recorded, positions=recorded.positions * hidden[..., None], visible=hidden))
    errors = []
    for method in ("linear", "cubic"):
        filled = FillGaps(longest=longest, method=method).apply(take, RNG).markers
        back = filled.visible & ~hidden & recorded.visible
        errors.append(np.sqrt(np.mean(np.sum((filled.positions - recorded.positions)[back] ** 2, axis=-1))))

    assert errors[1] < better * errors[0]
    assert errors[1] < longest


def test_a_take_without_markers_is_dropped_with_the_reason(make_take) -> None:
    assert FillGaps(longest=2).apply(make_take(), RNG) == Dropped("fill_gaps: no markers")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"longest": 0}, "longest is 0; it must be at least 1"),
        ({"longest": 3, "method": "spline"}, "method is 'spline'; it is linear or cubic"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match="is") as error:
        FillGaps(**fields)

    assert str(error.value) == message
