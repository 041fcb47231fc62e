"""Metrics, against values computed by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial import procrustes
from scipy.spatial.transform import Rotation

from motionprep.motion import rotations
from motionprep.scoring import metrics

# Two frames of two joints: the first joint is 5 and 13 off, the second 0 and 2.
TARGET = np.zeros((2, 2, 3))
PREDICTED = np.array([[[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]], [[3.0, 4.0, 12.0], [0.0, 2.0, 0.0]]])
RNG = np.random.default_rng(4)
SHAPES = RNG.normal(size=(6, 17, 3))
ASIDE = np.array([1.0, 2.0, 3.0])
OTHERS = SHAPES + 0.3 * RNG.normal(size=(6, 17, 3))
TURNS = Rotation.random(300, random_state=np.random.default_rng(1))
OTHER_TURNS = Rotation.random(300, random_state=np.random.default_rng(2))
#: All metrics that are one number, of points (F, J, 3).
MEANS = {
    "pck": lambda one, other, **mask: metrics.pck(one, other, 0.5, **mask),
    "mpjpe": metrics.mpjpe,
    "pa_mpjpe": metrics.pa_mpjpe,
    "velocity_error": metrics.velocity_error,
    "acceleration_error": metrics.acceleration_error,
    "smoothness": lambda one, _, **mask: metrics.smoothness(one, **mask),
}
each_mean = pytest.mark.parametrize("mean", MEANS.values(), ids=list(MEANS))


# Distances


def test_the_euclidean_distance_is_that_of_each_joint_in_each_frame():
    np.testing.assert_array_equal(metrics.euclidean_distance(PREDICTED, TARGET), [[5, 0], [13, 2]])


def test_the_distance_in_a_picture_has_two_axes():
    np.testing.assert_array_equal(metrics.euclidean_distance([[[6.0, 8.0]]], [[[0.0, 0.0]]]), [[10]])


def test_leading_axes_broadcast():
    found = metrics.euclidean_distance(np.stack([PREDICTED] * 5), TARGET[0])
    np.testing.assert_array_equal(found[3], [[5, 0], [13, 2]])


def test_what_is_masked_is_nan_in_the_distances():
    mask = [[True, False], [False, True]]
    np.testing.assert_array_equal(metrics.euclidean_distance(PREDICTED, TARGET, mask=mask), [[5, np.nan], [np.nan, 2]])


def test_float32_is_computed_in_float64():
    far = np.full((1, 1, 3), 1e6, np.float32)
    near = far + np.float32([0.0625, 0, 0])
    assert metrics.euclidean_distance(near, far)[0, 0] == 0.0625


@pytest.mark.parametrize(("threshold", "share"), [(0, 0.25), (1.99, 0.25), (2, 0.5), (5, 0.75), (13, 1)])
def test_pck_is_the_share_of_joints_at_most_a_threshold_off(threshold, share):
    assert metrics.pck(PREDICTED, TARGET, threshold) == share


def test_the_threshold_of_pck_may_differ_from_frame_to_frame():
    assert metrics.pck(PREDICTED, TARGET, [[4.0], [13.0]]) == 0.75


def test_a_prediction_that_is_nan_is_not_correct():
    assert metrics.pck(np.full((1, 2, 3), np.nan), np.zeros((1, 2, 3)), 1e9) == 0


def test_mpjpe_is_the_mean_distance_in_mm():
    assert metrics.mpjpe(PREDICTED, TARGET) == 5000  # (5 + 0 + 13 + 2) / 4 m
    assert metrics.mpjpe(PREDICTED, TARGET, metres_per_unit=0.001) == pytest.approx(5)
    assert metrics.mpjpe(PREDICTED, TARGET, metres_per_unit=0.056444) == pytest.approx(282.22)


# Procrustes


def test_procrustes_undoes_a_turn_a_move_and_a_scale():
    turned = 3 * SHAPES @ TURNS[0].as_matrix() + [5, -7, 2]
    np.testing.assert_allclose(metrics.procrustes(turned, SHAPES), SHAPES, atol=1e-13)


def test_what_is_left_by_procrustes_is_what_scipy_finds():
    for one, other in zip(OTHERS, SHAPES, strict=True):
        _, _, disparity = procrustes(other, one)
        left = np.sum((metrics.procrustes(one, other) - other) ** 2)
        assert left / np.sum((other - other.mean(axis=0)) ** 2) == pytest.approx(disparity, rel=1e-12)


def test_procrustes_without_scale_turns_as_scipy_does():
    for one, other in zip(OTHERS, SHAPES, strict=True):
        turn, left = Rotation.align_vectors(other - other.mean(axis=0), one - one.mean(axis=0))
        found = metrics.procrustes(one, other, scale=False)
        np.testing.assert_allclose(found, turn.apply(one - one.mean(axis=0)) + other.mean(axis=0), atol=1e-13)
        assert np.linalg.norm(found - other) == pytest.approx(left)


def test_procrustes_makes_no_mirror_image():
    assert metrics.pa_mpjpe(SHAPES * [-1, 1, 1], SHAPES) > 100


def test_procrustes_works_in_a_picture():
    flat, angle = SHAPES[..., :2], np.array([[0.6, -0.8], [0.8, 0.6]])
    np.testing.assert_allclose(metrics.procrustes(2 * flat @ angle + 1, flat), flat, atol=1e-13)


def test_procrustes_of_a_bent_rod_is_known_by_hand():
    # A rod of 2 m whose middle is bent by 0.3 m, against a straight one of 1 m.
    rod = np.array([[-1.0, 0, 0], [0, 0.3, 0], [1, 0, 0]])
    straight = np.array([[-0.5, 0, 0], [0, 0, 0], [0.5, 0, 0]])
    # Its mean is 0.1 above the ends; the scale is sum(x y) / sum(x x) with sum(x x) = 2 + 2 * 0.01 + 0.04.
    scale = 1 / 2.06
    ends = np.hypot(0.5 - scale, 0.1 * scale)
    assert metrics.pa_mpjpe(rod, straight) == pytest.approx(1000 * (2 * ends + 0.2 * scale) / 3)


@pytest.mark.parametrize("points", [np.zeros((1, 4, 3)), np.ones((1, 1, 3))])
def test_points_that_are_all_in_one_place_are_brought_to_the_middle_of_the_target(points):
    target = SHAPES[:1, :1] if points.shape[1] == 1 else SHAPES[:1, :4]
    np.testing.assert_allclose(
        metrics.procrustes(points, target), np.broadcast_to(target.mean(axis=1), points.shape), atol=1e-15
    )


def test_procrustes_leaves_out_what_is_masked():
    mask = RNG.random((6, 17)) > 0.3
    found = metrics.procrustes(np.where(mask[..., None], OTHERS, np.inf), SHAPES, mask=mask)
    for frame, counted in enumerate(mask):
        alone = metrics.procrustes(OTHERS[frame, counted], SHAPES[frame, counted])
        np.testing.assert_allclose(found[frame, counted], alone, atol=1e-13)
    assert np.isnan(found[~mask]).all()


# Movement

# One joint on a line, 4 frames; it should stand still.
LINE = np.array([0.0, 1.0, 3.0, 3.0])[:, None, None] * [1, 0, 0]
STILL = np.zeros((4, 1, 3))


def test_the_velocity_error_is_that_of_first_differences_times_the_rate():
    assert metrics.velocity_error(LINE, STILL) == 1  # (1 + 2 + 0) / 3
    assert metrics.velocity_error(LINE, STILL, 120) == 120


def test_the_acceleration_error_is_that_of_second_differences_times_the_rate_squared():
    assert metrics.acceleration_error(LINE, STILL) == 1.5  # (1 + |-2|) / 2
    assert metrics.acceleration_error(LINE, STILL, 10) == pytest.approx(150)


def test_smoothness_is_the_size_of_third_differences():
    assert metrics.smoothness(LINE) == 3  # |-2 - 1|
    assert metrics.smoothness(LINE, 10) == pytest.approx(3000)


def test_a_throw_is_as_smooth_as_can_be():
    seconds = np.arange(20)[:, None, None] / 120
    assert metrics.smoothness([1, 2, 3] + [4, 5, 6] * seconds - [0, 9.81, 0] * seconds**2 / 2, 120) < 1e-8


def test_a_prediction_that_is_off_by_the_same_everywhere_moves_rightly():
    assert metrics.velocity_error(SHAPES + ASIDE, SHAPES) == pytest.approx(0, abs=1e-15)
    assert metrics.mpjpe(SHAPES + ASIDE, SHAPES) > 1000


@pytest.mark.parametrize(
    ("mean", "frames"),
    [(metrics.velocity_error, 2), (metrics.acceleration_error, 3), (lambda one, _: metrics.smoothness(one), 4)],
)
def test_movement_of_too_few_frames_is_refused(mean, frames):
    mean(LINE[:frames], STILL[:frames])
    with pytest.raises(ValueError, match=rf"shape \({frames - 1}, 1, 3\); expected .* at least {frames} frames"):
        mean(LINE[: frames - 1], STILL[: frames - 1])


def test_a_step_counts_if_both_its_frames_do():
    mask = np.array([True, True, False, True])[:, None]
    assert metrics.velocity_error(LINE, STILL, mask=mask) == 1
    np.testing.assert_array_equal(metrics.in_a_row(mask, 1)[:, 0], [True, False, False])


# Rotations


def test_the_geodesic_of_a_quarter_turn_is_half_pi():
    quarter = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    assert metrics.rotation_geodesic(quarter, np.eye(3)) == pytest.approx(np.pi / 2)


def test_the_geodesic_is_the_angle_that_scipy_finds():
    found = metrics.rotation_geodesic(TURNS.as_matrix(), OTHER_TURNS.as_matrix())
    np.testing.assert_allclose(found, (TURNS.inv() * OTHER_TURNS).magnitude(), atol=1e-13)


def test_quaternions_get_there_as_matrices():
    one, other = (np.roll(turns.as_quat(), 1, axis=-1) for turns in (TURNS, OTHER_TURNS))
    found = metrics.rotation_geodesic(rotations.from_quaternion(one), rotations.from_quaternion(-other))
    np.testing.assert_allclose(found, (TURNS.inv() * OTHER_TURNS).magnitude(), atol=1e-13)


@pytest.mark.parametrize("angle", [0, 1e-12, 1e-8, 1e-4, np.pi - 1e-4, np.pi - 1e-8, np.pi - 1e-12])
def test_neither_small_angles_nor_half_turns_lose_digits(angle):
    turn = Rotation.from_rotvec(np.array([2, -3, 6]) / 7 * angle)
    found = metrics.rotation_geodesic((TURNS * turn).as_matrix(), TURNS.as_matrix())
    np.testing.assert_allclose(found, angle, rtol=1e-14, atol=2e-15)


def test_rotations_broadcast_and_are_nan_where_masked():
    mask = np.arange(300) % 7 > 0
    found = metrics.rotation_geodesic(np.where(mask[:, None, None], TURNS.as_matrix(), np.nan), np.eye(3), mask=mask)
    np.testing.assert_allclose(found, np.where(mask, TURNS.magnitude(), np.nan), atol=1e-13)


def test_what_is_no_matrix_is_refused():
    with pytest.raises(
        ValueError, match=r"predicted has shape \(5, 4\) and target \(5, 4\); expected \(\.\.\., 3, 3\)"
    ):
        metrics.rotation_geodesic(np.zeros((5, 4)), np.zeros((5, 4)))


# Masks and shapes


@each_mean
@given(arrays.arrays(np.bool_, (6, 17)).filter(lambda mask: metrics.in_a_row(mask, 3).any()), st.sampled_from("0ni"))
def test_what_is_masked_may_be_anything_and_changes_nothing(mean, mask, what):
    anything = {"0": 0.0, "n": np.nan, "i": np.inf}[what]
    one, other = (np.where(mask[..., None], points, anything) for points in (OTHERS, SHAPES))
    assert mean(one, other, mask=mask) == mean(OTHERS, SHAPES, mask=mask)


@each_mean
def test_a_mean_over_frames_that_are_masked_out_is_that_over_the_rest(mean):
    mask = np.arange(6)[:, None] < 5
    assert mean(OTHERS, SHAPES, mask=mask) == pytest.approx(mean(OTHERS[:5], SHAPES[:5]), rel=1e-13)


@each_mean
def test_a_mask_that_leaves_out_all_is_refused(mean):
    with pytest.raises(ValueError, match="nothing counts: the points are empty, or the mask leaves out all of them"):
        mean(OTHERS, SHAPES, mask=np.zeros(17, bool))


@pytest.mark.parametrize("name", ["mpjpe", "pa_mpjpe", "velocity_error", "acceleration_error", "smoothness"])
def test_nan_that_counts_makes_the_mean_nan(name):
    broken = OTHERS.copy()
    broken[2, 3, 1] = np.nan
    assert np.isnan(MEANS[name](broken, SHAPES))


@each_mean
def test_no_frames_are_refused(mean):
    with pytest.raises(ValueError, match=r"nothing counts|at least"):
        mean(OTHERS[:0], SHAPES[:0])


@pytest.mark.parametrize("shape", [(5, 17, 3), (6, 16, 3), (6, 17, 2), (6, 17, 1), (3,)])
def test_points_of_other_shapes_are_refused(shape):
    if shape == (3,):
        assert metrics.mpjpe(np.zeros(3), SHAPES) > 0
        return
    with pytest.raises(ValueError, match=r"predicted has shape \(.*\) and target \(6, 17, 3\); they must broadcast"):
        metrics.euclidean_distance(np.zeros(shape), SHAPES)


def test_points_without_joints_are_refused():
    with pytest.raises(ValueError, match=r"predicted has shape \(3,\); expected \(\.\.\., J, D\), joints and axes"):
        metrics.mpjpe(np.zeros(3), np.zeros(3))


@pytest.mark.parametrize("shape", [(6, 17, 3), (5, 17), (2, 6, 17)])
def test_a_mask_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"mask has shape \(.*\); it must broadcast to \(6, 17\)"):
        metrics.mpjpe(OTHERS, SHAPES, mask=np.ones(shape, bool))


@pytest.mark.parametrize("threshold", [-1, np.nan, [1, -2]])
def test_a_threshold_below_0_is_refused(threshold):
    with pytest.raises(ValueError, match=r"threshold is (-1.0|nan|-2.0); it must be 0 or above"):
        metrics.pck(PREDICTED, TARGET, threshold)


def test_a_threshold_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"threshold has shape \(3,\); it must broadcast to \(2, 2\)"):
        metrics.pck(PREDICTED, TARGET, [1, 2, 3])


def test_nothing_that_is_handed_in_is_changed():
    one, other = OTHERS.copy(), SHAPES.copy()
    metrics.pa_mpjpe(one, other)
    metrics.acceleration_error(one, other)
    assert np.array_equal(one, OTHERS)
    assert np.array_equal(other, SHAPES)


# Classes: of 0 four windows, one taken for 1; of 1 three, two taken for 0; none of 2, for which one of 1 is taken; none
# of 3 at all.

CLASSES = np.array([0, 0, 0, 0, 1, 1, 1])
TAKEN_FOR = np.array([0, 0, 0, 1, 0, 0, 2])


def test_the_confusion_matrix_has_a_row_for_each_true_class():
    confusion = metrics.confusion_matrix(TAKEN_FOR, CLASSES, 4)
    assert confusion.tolist() == [[3, 1, 0, 0], [2, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_the_accuracy_is_the_share_that_is_right():
    assert metrics.accuracy(TAKEN_FOR, CLASSES) == pytest.approx(3 / 7)


def test_precision_is_of_what_is_said_and_recall_of_what_there_is():
    np.testing.assert_allclose(metrics.precision(TAKEN_FOR, CLASSES, 4), [3 / 5, 0, 0, np.nan])
    np.testing.assert_allclose(metrics.recall(TAKEN_FOR, CLASSES, 4), [3 / 4, 0, np.nan, np.nan])


def test_f1_is_the_harmonic_mean_of_both():
    np.testing.assert_allclose(metrics.f1(TAKEN_FOR, CLASSES, 4), [2 / (5 / 3 + 4 / 3), 0, 0, np.nan])


def test_macro_f1_is_the_mean_over_the_classes_that_are_there_or_said_to_be():
    assert metrics.macro_f1(TAKEN_FOR, CLASSES, 4) == pytest.approx((2 / 3 + 0 + 0) / 3)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_classes_are_counted_as_one_by_one(pairs):
    predicted, target = np.array(pairs).T
    confusion = metrics.confusion_matrix(predicted, target, 5)
    assert confusion.tolist() == [[pairs.count((column, row)) for column in range(5)] for row in range(5)]
    assert metrics.accuracy(predicted, target) == pytest.approx(np.trace(confusion) / len(pairs))
    with np.errstate(invalid="ignore"):
        one, other = metrics.precision(predicted, target, 5), metrics.recall(predicted, target, 5)
        harmonic = np.where(one + other > 0, 2 * one * other / (one + other), 0)
    known = ~np.isnan(one + other)
    np.testing.assert_allclose(metrics.f1(predicted, target, 5)[known], harmonic[known])


@pytest.mark.parametrize(
    ("predicted", "message"),
    [
        ([0, 1], r"predicted has shape \(2,\) and target \(3,\); they must be alike"),
        ([0, 1, 3], "predicted has classes 0 to 3; expected 0 to 2"),
        ([0, -1, 2], "predicted has classes -1 to 2; expected 0 to 2"),
        ([0, 1, 2.5], r"predicted is float64 of shape \(3,\); expected \(N,\) whole numbers, one a window"),
        ([[0, 1, 2]], r"predicted is int64 of shape \(1, 3\); expected \(N,\) whole numbers"),
        ([], r"predicted is float64 of shape \(0,\); expected \(N,\) whole numbers"),
    ],
    ids=str,
)
def test_what_are_no_classes_is_refused(predicted, message):
    with pytest.raises(ValueError, match=message):
        metrics.macro_f1(predicted, [0, 1, 2], 3)


def test_a_class_below_0_is_refused_without_a_number_of_classes():
    with pytest.raises(ValueError, match="target has classes -1 to 0; expected 0 or above"):
        metrics.accuracy([0, 1], [0, -1])
