"""Rotations in their several forms, against scipy and against what they must be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.transform import Rotation

from motionprep.motion import rotations

ORDERS = ["".join(axes) for axes in itertools.product("XYZ", repeat=3) if axes[0] != axes[1] != axes[2]]
ANGLES = arrays.arrays(np.float64, (5, 3), elements=st.floats(-10, 10))
RANDOM = Rotation.random(500, random_state=np.random.default_rng(1))


def composed(axes, angles):
    matrix = np.eye(3)
    for axis, angle in zip(axes, angles, strict=True):
        matrix = matrix @ Rotation.from_euler(axis, angle).as_matrix()
    return matrix


def indices(axes):
    return ["XYZ".index(axis) for axis in axes]


@pytest.mark.parametrize("axes", ORDERS)
@given(angles=ANGLES)
def test_each_of_the_twelve_euler_orders_is_scipys(axes, angles):
    expected = Rotation.from_euler(axes, angles).as_matrix()
    np.testing.assert_allclose(rotations.from_euler(angles, indices(axes)), expected, atol=1e-14)


@pytest.mark.parametrize("axes", ["X", "Y", "Z", "XY", "ZX", "XXY", "YZZ", "XXX", "XYZX", "ZYXZY"])
def test_any_number_of_axes_compose_in_the_order_given(axes):
    angles = np.linspace(-3, 2, len(axes))
    np.testing.assert_allclose(rotations.from_euler(angles, indices(axes)), composed(axes, angles), atol=1e-14)


def test_no_axes_are_no_rotation():
    np.testing.assert_array_equal(rotations.from_euler(np.zeros((4, 0)), []), np.broadcast_to(np.eye(3), (4, 3, 3)))


def test_leading_axes_of_angles_are_those_of_matrices():
    angles = np.arange(24.0).reshape(2, 4, 3)
    found = rotations.from_euler(angles, (0, 1, 2))
    np.testing.assert_array_equal(found[1, 2], rotations.from_euler(angles[1, 2], (0, 1, 2)))


def test_a_quaternion_gives_the_matrix_that_scipy_gives():
    wxyz = np.roll(RANDOM.as_quat(), 1, axis=-1)
    np.testing.assert_allclose(rotations.from_quaternion(wxyz), RANDOM.as_matrix(), atol=1e-14)


def test_a_matrix_gives_the_quaternion_that_scipy_gives():
    wxyz = np.roll(RANDOM.as_quat(canonical=True), 1, axis=-1)
    np.testing.assert_allclose(rotations.to_quaternion(RANDOM.as_matrix()), wxyz, atol=1e-14)


def test_a_quaternion_of_a_matrix_has_w_at_least_zero():
    assert (rotations.to_quaternion(RANDOM.as_matrix())[:, 0] >= 0).all()


@pytest.mark.parametrize("axis", [axis for axis in itertools.product([-1, 0, 1], repeat=3) if any(axis)])
@pytest.mark.parametrize("short", [0, 1e-12, 1e-8, 1e-4])
def test_a_half_turn_and_what_is_close_to_one_loses_no_digits(axis, short):
    unit = np.array(axis) / np.linalg.norm(axis)
    matrix = Rotation.from_rotvec((np.pi - short) * unit).as_matrix()
    np.testing.assert_allclose(rotations.from_quaternion(rotations.to_quaternion(matrix)), matrix, atol=1e-15)


@given(
    arrays.arrays(np.float64, (3, 4), elements=st.floats(-1, 1)).filter(
        lambda q: np.linalg.norm(q, axis=-1).min() > 0.1
    )
)
def test_a_quaternion_survives_being_a_matrix_but_for_its_sign(quaternions):
    quaternions /= np.linalg.norm(quaternions, axis=-1, keepdims=True)
    found = rotations.to_quaternion(rotations.from_quaternion(quaternions))
    np.testing.assert_allclose(np.abs(np.sum(found * quaternions, axis=-1)), 1, atol=1e-14)


SIGNED = arrays.arrays(np.bool_, (40, 2))
TURNING = np.roll(Rotation.from_rotvec(np.linspace(0, 30, 80)[:, None] * [0.6, 0, 0.8]).as_quat(), 1, axis=-1).reshape(
    40, 2, 4
)


@given(SIGNED)
def test_steady_quaternions_do_not_jump_to_their_opposites(flipped):
    found = rotations.steady(np.where(flipped[..., None], -TURNING, TURNING))
    assert (np.sum(found[1:] * found[:-1], axis=-1) > 0).all()


@given(SIGNED)
def test_steady_quaternions_begin_with_w_at_least_zero(flipped):
    found = rotations.steady(np.where(flipped[..., None], -TURNING, TURNING))
    assert (found[0, :, 0] >= 0).all()


@given(SIGNED)
def test_steady_quaternions_are_the_same_rotations(flipped):
    found = rotations.steady(np.where(flipped[..., None], -TURNING, TURNING))
    np.testing.assert_array_equal(np.abs(found), np.abs(TURNING))
    np.testing.assert_allclose(np.abs(np.sum(found * TURNING, axis=-1)), 1, atol=1e-15)


def test_no_quaternions_are_steady():
    assert rotations.steady(np.empty((0, 3, 4))).shape == (0, 3, 4)


def test_six_numbers_are_the_first_two_columns():
    matrix = RANDOM.as_matrix()
    np.testing.assert_array_equal(rotations.to_6d(matrix), np.swapaxes(matrix[..., :2], -1, -2).reshape(-1, 6))


def test_a_matrix_survives_being_six_numbers():
    matrix = RANDOM.as_matrix()
    np.testing.assert_allclose(rotations.from_6d(rotations.to_6d(matrix)), matrix, atol=1e-14)


@settings(max_examples=50)
@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(-5, 5))
def test_six_numbers_that_are_scaled_and_sheared_give_the_same_matrix(first, second, shear):
    matrix = RANDOM.as_matrix()
    values = np.concatenate([first * matrix[..., 0], second * matrix[..., 1] + shear * matrix[..., 0]], axis=-1)
    np.testing.assert_allclose(rotations.from_6d(values), matrix, atol=1e-12)


HALF_PI = np.pi / 2


@pytest.mark.parametrize("axes", ORDERS)
def test_a_matrix_gives_the_euler_angles_that_scipy_gives(axes):
    found = rotations.to_euler(RANDOM.as_matrix(), indices(axes))
    np.testing.assert_allclose(found, RANDOM.as_euler(axes), atol=1e-12)


@pytest.mark.parametrize("axes", ORDERS)
@settings(max_examples=30)
@given(
    angles=ANGLES,
    second=st.sampled_from([0, HALF_PI, -HALF_PI, np.pi, -np.pi]),
    off=st.sampled_from([0, 1e-300, 1e-16, 1e-13, 3e-12, 1e-9, 1e-7, 1e-4]),
)
def test_a_matrix_survives_being_euler_angles_in_and_near_gimbal_lock(axes, angles, second, off):
    angles[1:, 1] = second + off
    matrix = rotations.from_euler(angles, indices(axes))
    found = rotations.to_euler(matrix, indices(axes))
    np.testing.assert_allclose(rotations.from_euler(found, indices(axes)), matrix, atol=3e-12)


@pytest.mark.parametrize("axes", ORDERS)
@given(angles=ANGLES)
def test_euler_angles_are_within_their_ranges(axes, angles):
    first, second, third = np.moveaxis(
        rotations.to_euler(rotations.from_euler(angles, indices(axes)), indices(axes)), -1, 0
    )
    least, most = (0, np.pi) if axes[0] == axes[2] else (-HALF_PI, HALF_PI)
    assert (np.abs([first, third]) <= np.pi).all()
    assert ((second >= least - 1e-12) & (second <= most + 1e-12)).all()


@pytest.mark.parametrize("axes", ORDERS)
@given(angles=arrays.arrays(np.float64, (5, 3), elements=st.floats(-3, 3)), end=st.sampled_from([0, 1]))
def test_in_gimbal_lock_the_third_euler_angle_is_zero_and_the_first_takes_all(axes, angles, end):
    angles[:, 1] = end * np.pi if axes[0] == axes[2] else (end - 0.5) * np.pi
    found = rotations.to_euler(rotations.from_euler(angles, indices(axes)), indices(axes))
    np.testing.assert_array_equal(found[:, 2], 0)
    # Angles about one axis add up, with a sign that the middle angle decides.
    both = [angles[:, 0] + angles[:, 2], angles[:, 0] - angles[:, 2]]
    nearest = min(np.abs(np.exp(1j * found[:, 0]) - np.exp(1j * angle)).max() for angle in both)
    assert nearest < 1e-9


@pytest.mark.parametrize("axes", [(0, 1), (0, 0, 1), (0, 1, 1), (0, 1, 3), (0, 1, 2, 0), (-1, 0, 1)])
def test_other_euler_axes_are_refused(axes):
    with pytest.raises(ValueError, match="three of 0, 1, 2, no two neighbours alike"):
        rotations.to_euler(np.eye(3), axes)


def test_a_matrix_gives_the_rotation_vector_that_scipy_gives():
    np.testing.assert_allclose(rotations.to_axis_angle(RANDOM.as_matrix()), RANDOM.as_rotvec(), atol=1e-12)


VECTORS = arrays.arrays(np.float64, (4, 3), elements=st.floats(-20, 20) | st.floats(-1e-7, 1e-7))


@given(VECTORS)
def test_a_rotation_vector_gives_the_matrix_that_scipy_gives(vectors):
    expected = Rotation.from_rotvec(vectors).as_matrix()
    np.testing.assert_allclose(rotations.from_axis_angle(vectors), expected, atol=1e-13)


@given(VECTORS)
def test_a_matrix_survives_being_a_rotation_vector_of_at_most_half_a_turn(vectors):
    matrix = rotations.from_axis_angle(vectors)
    found = rotations.to_axis_angle(matrix)
    assert (np.linalg.norm(found, axis=-1) <= np.pi + 1e-12).all()
    np.testing.assert_allclose(rotations.from_axis_angle(found), matrix, atol=1e-13)


def test_a_small_rotation_vector_keeps_its_digits():
    vectors = np.array([[0, 0, 0], [1e-9, 0, 0], [0, -3e-8, 2e-8]])
    np.testing.assert_allclose(rotations.to_axis_angle(rotations.from_axis_angle(vectors)), vectors, rtol=1e-8)


TOLD = RANDOM.as_matrix()[:480].reshape(40, 4, 3, 3, 3)[:, :, 0]


@pytest.mark.parametrize("form", rotations.FORMS)
@pytest.mark.parametrize("order", ["ZYX", "XZX"])
@pytest.mark.parametrize("flat", [False, True])
def test_matrices_come_back_from_each_form(form, order, flat):
    told = rotations.represent(TOLD, form, order)
    assert told.shape == (40, 4, *rotations.FORMS[form])
    back = rotations.matrices_back(
        told.reshape(40, -1) if flat else told, rotations=form, order=order, joints=4 if flat else None
    )
    np.testing.assert_allclose(back, TOLD, atol=1e-12)


def test_rotations_in_quaternions_are_steady():
    matrices = rotations.from_quaternion(TURNING)
    assert (np.sum(np.diff(rotations.represent(matrices, "quaternion"), axis=0) ** 2, axis=-1) < 1).all()


def test_quaternions_of_any_length_come_back_as_rotations():
    told = 3.0 * rotations.represent(TOLD, "quaternion")
    np.testing.assert_allclose(rotations.matrices_back(told, "quaternion"), TOLD, atol=1e-12)


def test_an_unknown_form_is_an_error():
    with pytest.raises(KeyError):
        rotations.represent(TOLD, "rodrigues")


def test_the_nearest_rotation_is_the_rotation_itself():
    np.testing.assert_allclose(rotations.nearest(RANDOM.as_matrix()), RANDOM.as_matrix(), atol=1e-14)


def test_the_nearest_rotation_is_nearer_than_those_around_it():
    matrices = np.random.default_rng(7).normal(size=(500, 3, 3))
    found = rotations.nearest(matrices)
    np.testing.assert_allclose(np.linalg.det(found), 1, atol=1e-13)
    for turn in Rotation.from_rotvec(1e-3 * RANDOM.as_rotvec()[:20]):
        nearby = found @ turn.as_matrix()
        assert (np.linalg.norm(nearby - matrices, axis=(1, 2)) > np.linalg.norm(found - matrices, axis=(1, 2))).all()


def test_the_nearest_rotation_of_nan_is_nan():
    matrices = np.stack([np.eye(3), np.full((3, 3), np.nan)])
    np.testing.assert_array_equal(rotations.nearest(matrices), matrices)


@pytest.mark.parametrize("form", ["matrix", "quaternion", "6d", "axis_angle", "euler"])
@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_rotations_of_any_size_have_a_direction(form, size):
    told = size * rotations.represent(RANDOM.as_matrix(), form)

    assert not rotations.undirected(told.astype(np.float32), form).any()


@pytest.mark.parametrize(
    ("form", "lost"), [("matrix", 5), ("quaternion", 5), ("6d", 5), ("axis_angle", 0), ("euler", 0)]
)
def test_zeros_have_no_direction_unless_they_are_angles(form, lost):
    assert np.count_nonzero(rotations.undirected(np.zeros((5, *rotations.FORMS[form])), form)) == lost


@given(one=arrays.arrays(np.float64, 3, elements=st.floats(-9, 9, width=16)), factor=st.floats(-3, 3, width=16))
def test_two_vectors_on_one_line_have_no_direction(one, factor):
    assert rotations.undirected(np.concatenate([one, factor * one]), "6d")


@given(vectors=arrays.arrays(np.float64, (2, 3), elements=st.floats(-9, 9, width=16)))
def test_nine_numbers_along_one_line_have_no_direction(vectors):
    assert rotations.undirected(np.outer(*vectors), "matrix")


@settings(max_examples=300)
@given(seed=st.integers(0, 2**32 - 1), flat=st.booleans(), mirrored=st.booleans())
def test_other_nine_numbers_have_a_direction_unless_two_rotations_are_as_near(seed, flat, mirrored):
    rng = np.random.default_rng(seed)
    left, right = Rotation.random(2, random_state=rng).as_matrix()
    first, second, third = np.sort(rng.uniform(0.1, 1, 3))[::-1]
    third = 0.0 if flat else third
    matrix = left @ np.diag([first, second, -third if mirrored else third]) @ right

    # So much nearer is the rotation that is nearest than the one that is turned half about the axis of the first.
    assert rotations.undirected(matrix, "matrix") == (second - third < 1e-6 if mirrored else False)


@pytest.mark.parametrize("axis", np.eye(3))
def test_a_mirror_image_has_no_direction(axis):
    mirror = np.eye(3) - 2 * np.outer(axis, axis)

    assert rotations.undirected(mirror @ RANDOM.as_matrix(), "matrix").all()
