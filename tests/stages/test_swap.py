from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motionprep.motion.markers import Markers
from motionprep.motion.take import Take
from motionprep.stages.base import Dropped
from motionprep.stages.swap import Swap

#: Two that are near to each other, and one that is far from both.
PLACES = np.array([[1.0, 0, 0], [2.0, 0, 0], [9.0, 0, 0]])


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def take(frames: int = 100_000, markers: int = 3) -> Take:
    positions = np.broadcast_to(PLACES[:markers], (frames, markers, 3))
    names = ("C7", "T10", "LTOE")[:markers]
    return Take("1_01", None, Markers(names, positions, np.ones((frames, markers), dtype=bool), 120.0))


def orders(stage: Swap) -> np.ndarray:
    """Return which marker each name has in each frame (F, 3)."""
    return np.argmin(abs(stage.apply(take(), rng()).corrupt.positions[:, :, :1] - PLACES[:, 0]), axis=-1)


def test_two_are_exchanged_as_often_as_is_asked_for() -> None:
    exchanged = (orders(Swap(chance=0.2)) != [0, 1, 2]).any(axis=-1)

    assert exchanged.mean() == pytest.approx(0.2, abs=0.02)


def test_they_stay_exchanged_as_long_as_is_asked_for() -> None:
    exchanged = (orders(Swap(chance=0.2, length=0.5)) != [0, 1, 2]).any(axis=-1)

    begun = np.count_nonzero(exchanged[1:] & ~exchanged[:-1])
    assert np.count_nonzero(exchanged) / begun == pytest.approx(60, rel=0.15)


def test_a_marker_is_exchanged_with_the_nearest() -> None:
    assert {tuple(row) for row in orders(Swap(chance=0.5)).tolist()} == {(0, 1, 2), (1, 0, 2), (0, 2, 1)}


def test_or_with_any() -> None:
    found = {tuple(row) for row in orders(Swap(chance=0.5, near=False)).tolist()}

    assert found == {(0, 1, 2), (1, 0, 2), (0, 2, 1), (2, 1, 0)}


def test_clean_markers_stay() -> None:
    before = take()

    assert Swap().apply(before, rng()).markers is before.markers


def test_a_take_of_one_marker_is_dropped() -> None:
    found = Swap().apply(take(5, markers=1), rng())

    assert found == Dropped("swap: fewer than two markers")


def test_a_take_without_markers_is_dropped() -> None:
    assert Swap().apply(replace(take(5), markers=None), rng()) == Dropped("swap: no markers")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"chance": 0.0}, "chance is 0.0; it must be above 0 and at most 0.5"),
        ({"chance": 0.7}, "chance is 0.7; it must be above 0 and at most 0.5"),
        ({"length": 0.0}, "length is 0.0; it must be above 0"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong, message) -> None:
    with pytest.raises(ValueError, match=r"chance|length") as error:
        Swap(**wrong)

    assert str(error.value) == message
