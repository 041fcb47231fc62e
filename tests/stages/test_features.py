from __future__ import annotations

import numpy as np
import pytest

from motionprep.motion import kinematics
from motionprep.stages import Features
from motionprep.stages.features import DEFAULT, KNOWN


def test_all_that_kinematics_computes_can_be_stored() -> None:
    assert set(KNOWN) >= set(kinematics.FEATURES)


def test_four_arrays_are_stored_by_default() -> None:
    assert Features().arrays == DEFAULT == ("positions", "rotations", "quaternions", "root_position")


def test_the_take_stays_as_it_is(make_take) -> None:
    take = make_take()

    assert Features(arrays=("positions",)).apply(take, np.random.default_rng()) is take


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((), "arrays is empty; name at least one feature"),
        (("positions", "positions"), "arrays names a feature twice"),
        (("position",), f"there is no feature 'position'; there are {', '.join(KNOWN)}"),
    ],
)
def test_arrays_that_cannot_be_are_refused(arrays: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match="feature") as error:
        Features(arrays=arrays)

    assert str(error.value) == message
