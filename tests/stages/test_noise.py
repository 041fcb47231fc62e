from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.stages.base import Dropped
from motionprep.stages.noise import Noise


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def drawn(take: Take, stage: Noise) -> np.ndarray:
    """Return what was added to the visible markers."""
    found = stage.apply(take, rng())
    return (found.corrupt.positions - take.markers.positions)[take.markers.visible]


def test_noise_has_the_size_that_is_asked_for(make_take) -> None:
    assert drawn(make_take(3000, markers=True), Noise(sigma=7, unit="mm")).std() == pytest.approx(7, rel=0.02)


@pytest.mark.parametrize(("sigma", "unit"), [(0.007, "m"), (0.7, "cm"), (7, "mm"), (7, "take")])
def test_a_size_in_any_unit_is_the_same(sigma: float, unit: str, make_take) -> None:
    take = make_take(markers=True)

    np.testing.assert_allclose(drawn(take, Noise(sigma=sigma, unit=unit)), drawn(take, Noise(sigma=7, unit="mm")))


def test_a_size_in_metres_follows_the_scale_of_the_take(make_take) -> None:
    take = make_take(markers=True)
    halved = replace(take, steps=(Step(scale=0.5),))

    np.testing.assert_allclose(drawn(halved, Noise(sigma=0.01)), 0.5 * drawn(take, Noise(sigma=0.01)), atol=1e-9)


def test_clean_markers_stay_and_corrupted_ones_are_corrupted_further(make_take) -> None:
    take, stage = make_take(markers=True), Noise(sigma=1, unit="take")

    once = stage.apply(take, rng())
    twice = stage.apply(once, rng())

    assert twice.markers is take.markers
    np.testing.assert_allclose(
        twice.corrupt.positions - once.corrupt.positions, once.corrupt.positions - take.markers.positions, atol=1e-9
    )


def test_a_take_of_an_unknown_unit_is_dropped(make_take) -> None:
    take = make_take(markers=True)
    odd = replace(take, markers=replace(take.markers, units="furlong"))

    assert Noise(sigma=1).apply(odd, rng()) == Dropped("noise: it is not known how many m a unit of the markers is")
    assert isinstance(Noise(sigma=1, unit="take").apply(odd, rng()), Take)


def test_a_take_without_markers_is_dropped(make_take) -> None:
    assert Noise(sigma=1).apply(make_take(), rng()) == Dropped("noise: no markers")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sigma": 0.0}, "sigma is 0.0; it must be above 0"),
        ({"sigma": float("inf")}, "sigma is inf; it must be above 0"),
        ({"sigma": 1.0, "unit": "km"}, "unit is 'km'; it is 'm', 'cm', 'mm' or 'take'"),
        ({"sigma": 1.0, "copies": 0}, "copies is 0; it must be at least 1"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong, message) -> None:
    with pytest.raises(ValueError, match=r"sigma|unit|copies") as error:
        Noise(**wrong)

    assert str(error.value) == message
