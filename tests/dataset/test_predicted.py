"""Numbers that a model says are taken as they are, or refused with their place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from motionprep.dataset.predicted import check_turns, to_floats


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "u2", "i8"])
def test_numbers_of_any_type_are_taken_in_float64(kind: str) -> None:
    found = to_floats(np.array([[1, 2], [3, 4]], kind))

    assert (found.dtype, found.tolist()) == (np.float64, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("value", "told"), [(np.nan, "nan"), (-np.inf, "-inf"), (1e300, r"1e\+300"), (np.longdouble("1e4000"), "inf")]
)
def test_a_number_that_float32_cannot_hold_is_reported_with_its_place(value: Any, told: str) -> None:
    values = np.zeros((4, 2, 3), np.longdouble)
    values[2, 1, 0] = value

    with pytest.raises(ValueError, match=rf"window 12: predictions have {told} at \[1, 0\]; expected numbers that"):
        to_floats(values, 10, "window")


@pytest.mark.parametrize("values", [["a"], [True], [None], [1j]])
def test_what_is_no_number_is_refused_with_its_type(values: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"predictions are .*; expected numbers such as float32"):
        to_floats(np.array(values))


@pytest.mark.parametrize(
    ("joints", "names", "place"),
    [(2, ("Hips", "Spine", "Spine_Nub"), "frame 3, Spine"), (2, (), "frame 3, joint 1"), (1, (), "frame 3")],
)
def test_a_rotation_without_a_direction_is_reported_with_its_place(
    joints: int, names: tuple[str, ...], place: str
) -> None:
    values = np.ones((5, joints, 4))
    values[3, -1] = 0

    with pytest.raises(ValueError, match=rf"^{place}: a rotation of zeros, .*; it has no direction$"):
        check_turns(values, "quaternion", names)
