from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from motionprep.maths import spaces
from motionprep.motion import kinematics, rotations
from motionprep.motion.motion import Motion
from motionprep.motion.root import Root
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.stages.base import Dropped
from motionprep.stages.represent import FORMS, Represent

RNG = np.random.default_rng(0)
ORDERS = ["".join(axes) for axes in itertools.product("XYZ", repeat=3) if axes[0] != axes[1] != axes[2]]


def matrices_of(take: Take) -> np.ndarray:
    return kinematics.features(take.motion, ("rotations",))["rotations"]


def in_frame_of_root(take: Take) -> Take:
    poses = take.motion.poses()
    step = Step(axes=poses.rotations[:, 0], origin=poses.translations[:, 0], on=("joints", "markers"))
    return spaces.change(take, step)


def test_the_forms_are_those_that_rotations_knows() -> None:
    # Two rows are a setting of "6d".
    assert tuple(form for form in rotations.FORMS if form != "6d_rows") == FORMS


def test_six_numbers_are_two_rows_on_request(make_take) -> None:
    take = make_take()

    array = Represent(rotations="6d", by="rows").apply(take, RNG).arrays["rotations"]

    scipys = Rotation.from_matrix(matrices_of(take).reshape(-1, 3, 3)).as_matrix()
    np.testing.assert_allclose(array.reshape(-1, 6), scipys[:, :2].reshape(-1, 6), atol=1e-12)
    np.testing.assert_allclose(rotations.matrices_back(array, "6d_rows"), matrices_of(take), atol=1e-12)


@pytest.mark.parametrize("settings", [{"rotations": "6d", "by": "diagonals"}, {"rotations": "euler", "by": "rows"}])
def test_lines_that_no_matrix_has_or_no_form_needs_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="by is"):
        Represent(**settings)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("flat", [False, True])
def test_the_matrices_come_back_from_each_form(make_take, form: str, flat: bool) -> None:
    take = make_take()

    array = Represent(rotations=form, flat=flat).apply(take, RNG).arrays["rotations"]

    assert array.shape == ((24, 5 * np.prod(rotations.FORMS[form])) if flat else (24, 5, *rotations.FORMS[form]))
    back = rotations.matrices_back(array, rotations=form, joints=5 if flat else None)
    np.testing.assert_allclose(back, matrices_of(take), atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
def test_euler_angles_are_scipys(make_take, order: str) -> None:
    take = make_take()

    array = Represent(rotations="euler", order=order).apply(take, RNG).arrays["rotations"]

    back = Rotation.from_euler(order, array.reshape(-1, 3)).as_matrix().reshape(24, 5, 3, 3)
    np.testing.assert_allclose(back, matrices_of(take), atol=1e-12)


def test_quaternions_are_those_that_kinematics_computes(make_take) -> None:
    take = make_take()

    array = Represent(rotations="quaternion").apply(take, RNG).arrays["rotations"]

    np.testing.assert_allclose(array, kinematics.features(take.motion, ("quaternions",))["quaternions"], atol=1e-12)


def test_quaternions_do_not_jump_to_their_opposites() -> None:
    skeleton = Skeleton(("Hips",), (-1,), ((0.0, 0, 0),), (EndSite(0, (0, 1, 0)),), (("Zrotation",),))
    take = Take("spin", Motion(skeleton, np.arange(0.0, 1500, 15)[:, None], 60.0))

    array = Represent(rotations="quaternion").apply(take, RNG).arrays["rotations"]

    assert np.abs(np.diff(array, axis=0)).max() < 0.2


def test_the_root_is_the_first_of_the_joints(make_take) -> None:
    take = make_take()
    with_root = Represent().apply(take, RNG).arrays

    assert list(with_root) == ["rotations"]
    np.testing.assert_array_equal(with_root["rotations"], matrices_of(take))


def test_the_root_may_be_left_out(make_take) -> None:
    take = make_take()
    without = Represent(root="left_out").apply(take, RNG).arrays

    assert list(without) == ["rotations"]
    np.testing.assert_array_equal(without["rotations"], matrices_of(take)[:, 1:])


@pytest.mark.parametrize("flat", [False, True])
def test_the_root_may_be_an_array_of_its_own(make_take, flat: bool) -> None:
    take = make_take()
    apart = Represent(rotations="6d", root="apart", flat=flat).apply(take, RNG).arrays

    assert (apart["rotations"].shape, apart["root_rotation"].shape) == ((24, 24) if flat else (24, 4, 6), (24, 6))
    np.testing.assert_array_equal(apart["root_rotation"], rotations.to_6d(matrices_of(take)[:, 0]))
    np.testing.assert_array_equal(apart["rotations"].reshape(24, 4, 6), rotations.to_6d(matrices_of(take)[:, 1:]))


def test_a_flat_root_is_a_row_of_nine(make_take) -> None:
    apart = Represent(root="apart", flat=True).apply(make_take(), RNG).arrays

    assert apart["root_rotation"].shape == (24, 9)


def test_a_root_that_is_kept_apart_keeps_its_rotation_in_the_world(make_take) -> None:
    take = make_take()
    local = in_frame_of_root(take)

    apart = Represent(root="apart").apply(local, RNG).arrays
    among = Represent().apply(local, RNG).arrays

    np.testing.assert_allclose(apart["root_rotation"], matrices_of(take)[:, 0], atol=1e-12)
    np.testing.assert_allclose(apart["rotations"], matrices_of(take)[:, 1:], atol=1e-12)
    np.testing.assert_allclose(among["rotations"][:, 0], np.broadcast_to(np.eye(3), (24, 3, 3)), atol=1e-12)


def test_other_arrays_and_the_motion_stay(make_take) -> None:
    take = replace(make_take(), arrays={"more": np.ones(24)})

    made = Represent().apply(take, RNG)

    assert list(made.arrays) == ["more", "rotations"]
    assert made.motion is take.motion


@pytest.mark.parametrize("form", FORMS)
def test_arrays_are_read_only_and_float64(make_take, form: str) -> None:
    for array in Represent(rotations=form, root="apart").apply(make_take(), RNG).arrays.values():
        assert array.dtype == np.float64
        assert not array.flags.writeable


@pytest.mark.parametrize("root", ["apart", "left_out"])
def test_a_root_without_joints_is_a_reason_to_drop(root: str) -> None:
    skeleton = Skeleton(("Hips",), (-1,), ((0.0, 0, 0),), (), (("Zrotation",),))
    take = Take("spin", Motion(skeleton, np.zeros((3, 1)), 60.0))

    assert Represent(root=root).apply(take, RNG) == Dropped("represent: no joint but the root")


def test_a_take_without_a_skeleton_is_dropped_with_the_reason(make_take) -> None:
    take = replace(make_take(markers=True), motion=None, root=Root(np.zeros((24, 3)), np.zeros((24, 3, 3))))

    assert Represent().apply(take, RNG) == Dropped("represent: no skeleton")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"rotations": "rodrigues"},
            "rotations is 'rodrigues'; it is one of matrix, quaternion, 6d, axis_angle, euler",
        ),
        ({"root": "without"}, "root is 'without'; it is one of with, apart, left_out"),
        *(
            ({"order": order}, f"order is '{order}'; it must be three of X, Y, Z, no two neighbours alike, such as ZYX")
            for order in ("XXZ", "ZY", "zyx", "ZYXZ", "XYW", "")
        ),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(fields: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match="is") as error:
        Represent(**fields)

    assert str(error.value) == message
