from __future__ import annotations

import numpy as np
import pytest

from motionprep.maths import corruption
from motionprep.stages.base import Dropped
from motionprep.stages.occlude import Occlude


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_markers_are_hidden_as_the_mathematics_has_it(make_take) -> None:
    take = make_take(200, markers=True)

    found = Occlude(sigma=0.2).apply(take, rng())

    expected = corruption.occlude(corruption.of_take(take), rng(), 0.2)
    np.testing.assert_array_equal(found.corrupt.visible, expected.visible)
    np.testing.assert_array_equal(found.corrupt.positions, expected.positions)


def test_seven_point_eight_percent_of_what_is_visible_are_hidden_by_default(make_take) -> None:
    take = make_take(200_000, markers=True)

    seen = Occlude().apply(take, rng()).corrupt.visible[take.markers.visible]

    assert 1 - seen.mean() == pytest.approx(0.078, abs=0.002)


def test_clean_markers_stay(make_take) -> None:
    take = make_take(markers=True)

    assert Occlude().apply(take, rng()).markers is take.markers


def test_copies_differ(make_take) -> None:
    take = make_take(200, markers=True)

    one, other = (Occlude().apply(take, rng(seed)).corrupt.visible for seed in (1, 2))

    assert not np.array_equal(one, other)


def test_it_works_on_train_alone_unless_asked_otherwise() -> None:
    assert [Occlude().works_on(split) for split in ("train", "val", "test")] == [True, False, False]


def test_a_take_without_markers_is_dropped(make_take) -> None:
    assert Occlude().apply(make_take(), rng()) == Dropped("occlude: no markers")


@pytest.mark.parametrize("sigma", [0.0, -0.1, 0.51, float("nan")])
def test_settings_that_cannot_be_are_refused(sigma: float) -> None:
    with pytest.raises(ValueError, match=r"it must be above 0 and at most 0\.5"):
        Occlude(sigma=sigma)
