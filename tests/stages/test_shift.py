from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from motionprep.motion.take import Take
from motionprep.stages.base import Dropped
from motionprep.stages.occlude import Occlude
from motionprep.stages.shift import Shift


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def offsets(take: Take, stage: Shift) -> np.ndarray:
    """Return by what the markers were moved that were."""
    found = stage.apply(take, rng())
    moved = found.corrupt.positions - take.markers.positions
    return moved[moved.any(axis=-1)]


def test_markers_are_shifted_by_up_to_half_a_metre_by_default(make_take) -> None:
    found = offsets(make_take(40_000, markers=True), Shift())

    for axis in range(3):
        assert stats.kstest(found[:, axis], stats.uniform(-500, 1000).cdf).pvalue > 0.01


def test_seven_point_eight_percent_of_what_is_visible_are_shifted_by_default(make_take) -> None:
    take = make_take(200_000, markers=True)

    assert len(offsets(take, Shift())) / take.markers.visible.sum() == pytest.approx(0.078, abs=0.002)


@pytest.mark.parametrize(("reach", "unit"), [(0.2, "m"), (20, "cm"), (200, "mm"), (200, "take")])
def test_a_reach_in_any_unit_is_the_same(reach: float, unit: str, make_take) -> None:
    take = make_take(200, markers=True)

    np.testing.assert_allclose(offsets(take, Shift(reach=reach, unit=unit)), offsets(take, Shift(reach=0.2)), atol=1e-9)


def test_what_is_occluded_is_the_same_whichever_comes_first(make_take) -> None:
    take, occlude, shift = make_take(500, markers=True), Occlude(sigma=0.3), Shift(sigma=0.3)

    one = shift.apply(occlude.apply(take, rng(1)), rng(2)).corrupt
    other = occlude.apply(shift.apply(take, rng(2)), rng(1)).corrupt

    np.testing.assert_array_equal(one.positions, other.positions)
    np.testing.assert_array_equal(one.visible, other.visible)
    assert not one.positions[~one.visible].any()


def test_a_take_of_an_unknown_unit_is_dropped(make_take) -> None:
    take = make_take(markers=True)
    odd = replace(take, markers=replace(take.markers, units=""))

    assert Shift().apply(odd, rng()) == Dropped("shift: it is not known how many m a unit of the markers is")


def test_a_take_without_markers_is_dropped(make_take) -> None:
    assert Shift().apply(make_take(), rng()) == Dropped("shift: no markers")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sigma": 0.6}, "sigma is 0.6; it must be above 0 and at most 0.5"),
        ({"reach": 0.0}, "reach is 0.0; it must be above 0"),
        ({"unit": "ft"}, "unit is 'ft'; it is 'm', 'cm', 'mm' or 'take'"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong, message) -> None:
    with pytest.raises(ValueError, match=r"sigma|reach|unit") as error:
        Shift(**wrong)

    assert str(error.value) == message
