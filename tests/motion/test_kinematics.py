"""The fused kernel against a plain twin, in NumPy, that goes joint by joint through matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.transform import Rotation

from motionprep.motion import kinematics, rotations
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import EndSite, Skeleton

QUICK = settings(max_examples=60)
PATHS = pytest.mark.parametrize(
    "path", [lambda motion: motion, lambda motion: motion.poses()], ids=["channels", "poses"]
)


def twin(motion):
    """Return every feature but quaternions, from Euler angles by way of matrices, with a loop over the joints."""
    skeleton, frames = motion.skeleton, motion.frames
    nodes, joints = len(skeleton.nodes), len(skeleton.joints)
    translations = np.tile(skeleton.node_offsets, (frames, 1, 1))
    local, world, places = (
        np.empty((frames, joints, 3, 3)),
        np.empty((frames, joints, 3, 3)),
        np.empty((frames, nodes, 3)),
    )
    columns = iter(motion.channels.T)
    for joint, names in enumerate(skeleton.channels):
        axes, angles = [], []
        for name, column in zip(names, columns, strict=False):
            axis = "XYZ".index(name[0])
            if name.endswith("position"):
                translations[:, joint, axis] = column
            else:
                axes.append(axis)
                angles.append(np.radians(column))
        local[:, joint] = rotations.from_euler(np.array(angles).reshape(-1, frames).T, axes)
    for node, parent in enumerate(skeleton.node_parents):
        places[:, node] = translations[:, node]
        if parent >= 0:
            places[:, node] = places[:, parent] + (world[:, parent] @ translations[:, node, :, None])[..., 0]
        if node < joints:
            world[:, node] = local[:, node] if parent < 0 else world[:, parent] @ local[:, node]
    return {
        "positions": places,
        "rotations": local,
        "global_rotations": world,
        "rotations_6d": rotations.to_6d(local),
        "root_position": translations[:, 0],
    }


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * max(1, np.abs(expected).max(initial=0)))


def one_joint(channels, values):
    skeleton = Skeleton(("Hips",), (-1,), ((0.0, 0.0, 0.0),), (), (channels,))
    return Motion(skeleton, np.asarray(values, dtype=np.float64), 30.0)


@pytest.mark.parametrize("feature", ["positions", "rotations", "global_rotations", "rotations_6d", "root_position"])
@QUICK
@given(data=st.data())
def test_a_feature_is_what_its_plain_twin_gives(motions, feature, data):
    motion = data.draw(motions)
    assert_close(kinematics.features(motion, [feature])[feature], twin(motion)[feature])


@QUICK
@given(data=st.data())
def test_local_rotations_are_those_that_scipy_composes(motions, data):
    motion = data.draw(motions)
    expected = [[Rotation.identity() for _ in motion.skeleton.joints] for _ in range(motion.frames)]
    names = [(joint, name) for joint, names in enumerate(motion.skeleton.channels) for name in names]
    for frame, row in enumerate(motion.channels):
        for (joint, name), value in zip(names, row, strict=True):
            if name.endswith("rotation"):
                expected[frame][joint] *= Rotation.from_euler(name[0], value, degrees=True)
    assert_close(motion.rotations(), np.array([[turn.as_matrix() for turn in turns] for turns in expected]))


@PATHS
@QUICK
@given(data=st.data())
def test_quaternions_are_the_local_rotations(motions, path, data):
    motion = data.draw(motions)
    quaternions = kinematics.features(path(motion), ["quaternions"])["quaternions"]
    assert_close(rotations.from_quaternion(quaternions), twin(motion)["rotations"])


@PATHS
@QUICK
@given(data=st.data())
def test_quaternions_are_unit(motions, path, data):
    quaternions = kinematics.features(path(data.draw(motions)), ["quaternions"])["quaternions"]
    assert_close(np.linalg.norm(quaternions, axis=-1), np.ones(quaternions.shape[:-1]))


@PATHS
@QUICK
@given(data=st.data())
def test_quaternions_begin_with_w_at_least_zero(motions, path, data):
    quaternions = kinematics.features(path(data.draw(motions)), ["quaternions"])["quaternions"]
    assert (quaternions[0, :, 0] >= 0).all()


@PATHS
@QUICK
@given(data=st.data())
def test_quaternions_do_not_jump_to_their_opposites(motions, path, data):
    quaternions = kinematics.features(path(data.draw(motions)), ["quaternions"])["quaternions"]
    assert (np.sum(quaternions[1:] * quaternions[:-1], axis=-1) >= -1e-12).all()


def test_quaternions_of_a_joint_that_turns_on_and_on_move_little_from_frame_to_frame():
    quaternions = one_joint(("Yrotation",), np.arange(0, 3600, 5)[:, None]).quaternions()
    assert np.abs(np.diff(quaternions, axis=0)).max() < np.radians(2.5)


def test_quaternions_have_no_negative_zero():
    quaternions = one_joint(("Yrotation", "Xrotation"), [[0, -0.0], [360, 0], [-360, 180]]).quaternions()
    assert not np.signbit(quaternions[quaternions == 0]).any()


@pytest.mark.parametrize("axis", "XYZ")
def test_an_angle_is_as_precise_as_a_float_can_be(axis):
    angles = np.linspace(-1000, 1000, 20_001)
    found = one_joint((f"{axis}rotation",), angles[:, None]).quaternions()[:, 0, [0, 1 + "XYZ".index(axis)]]
    exact = np.radians([math.remainder(angle, 720) / 2 for angle in angles])
    expected = np.stack([np.cos(exact), np.sin(exact)], axis=-1)
    signs = np.sign(np.sum(found * expected, axis=-1, keepdims=True))
    np.testing.assert_allclose(found * signs, expected, rtol=0, atol=4e-16)


@pytest.mark.parametrize("angle", [90, 180, 270, 360, 450, 720, -90, -180, -270, -3600, 9e8, -9e8, 9e11])
def test_quarter_turns_are_exact_to_the_last_bit_but_one(angle):
    quarter = round(angle / 90) % 4
    cos, sin = [1, 0, -1, 0][quarter], [0, 1, 0, -1][quarter]
    expected = [[[[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]]]
    np.testing.assert_allclose(one_joint(("Zrotation",), [[angle]]).rotations(), expected, rtol=0, atol=3e-16)


@given(st.sampled_from([1, -1]), st.floats(1e8, 1e12) | st.floats(1e12, 1e300))
def test_a_huge_angle_is_what_is_left_of_it_after_whole_turns(sign, angle):
    angle *= sign
    expected = Rotation.from_euler("X", math.fmod(angle, 360), degrees=True).as_matrix()
    assert_close(one_joint(("Xrotation",), [[angle]]).rotations()[0, 0], expected)


def test_a_huge_angle_leaves_the_angles_beside_it_as_they_are():
    found = one_joint(("Xrotation", "Yrotation"), [[30, -20], [30, 1e12], [30, -20]]).rotations()
    expected = Rotation.from_euler("XY", [30, -20], degrees=True).as_matrix()
    assert_close(found[[0, 2], 0], np.array([expected, expected]))


def test_a_huge_position_is_kept():
    np.testing.assert_array_equal(one_joint(("Xposition",), [[1e300]]).positions(), [[[1e300, 0, 0]]])


@PATHS
@QUICK
@given(data=st.data())
def test_single_precision_is_double_precision_rounded_at_the_end(motions, path, data):
    motion = path(data.draw(motions))
    single = kinematics.features(motion, kinematics.FEATURES, np.float32)
    double = kinematics.features(motion, kinematics.FEATURES)
    for name in kinematics.FEATURES:
        np.testing.assert_array_equal(single[name].view(np.int32), double[name].astype(np.float32).view(np.int32), name)


@pytest.mark.parametrize("feature", [name for name in kinematics.FEATURES if name != "quaternions"])
@QUICK
@given(data=st.data())
def test_poses_give_the_features_that_channels_give(motions, feature, data):
    motion = data.draw(motions)
    found = kinematics.features(motion.poses(), [feature])[feature]
    assert_close(found, kinematics.features(motion, [feature])[feature])


@QUICK
@given(data=st.data())
def test_poses_give_the_quaternions_that_channels_give_but_for_their_sign(motions, data):
    motion = data.draw(motions)
    found = kinematics.features(motion.poses(), ["quaternions"])["quaternions"]
    assert_close(np.abs(np.sum(found * motion.quaternions(), axis=-1)), np.ones(found.shape[:-1]))


def test_poses_of_poses_are_themselves():
    poses = one_joint(("Xrotation",), [[10.0]]).poses()
    assert poses.poses() is poses


@QUICK
@given(data=st.data())
def test_each_feature_has_the_shape_it_says(motions, data):
    motion = data.draw(motions)
    for name, array in kinematics.features(motion, kinematics.FEATURES).items():
        assert array.shape == (motion.frames, *kinematics.shape(name, motion.skeleton)), name


def test_only_the_features_asked_for_are_given_in_the_order_asked():
    motion = one_joint(("Xrotation",), [[10.0]])
    assert list(kinematics.features(motion, ["root_position", "positions"])) == ["root_position", "positions"]


def test_a_feature_that_nobody_knows_is_refused():
    with pytest.raises(KeyError, match="velocities"):
        kinematics.features(one_joint(("Xrotation",), [[10.0]]), ["positions", "velocities"])


def test_no_frames_have_features_without_frames():
    motion = one_joint(("Xrotation",), np.empty((0, 1)))
    assert [len(array) for array in kinematics.features(motion, kinematics.FEATURES).values()] == [0] * 6


@PATHS
@QUICK
@given(data=st.data())
def test_frames_that_are_left_out_do_not_change_the_others(motions, path, data):
    motion = path(data.draw(motions))
    fewer = kinematics.features(motion.at(range(0, motion.frames, 2)), ["positions"])["positions"]
    np.testing.assert_array_equal(fewer, kinematics.features(motion, ["positions"])["positions"][::2])


@PATHS
def test_kernels_are_compiled_for_one_memory_layout_alone(path):
    motion = path(one_joint(("Xposition", "Xrotation"), np.zeros((4, 2))))
    for frames in (range(4), range(0, 4, 2)):
        kinematics.features(motion.at(frames), ["positions"])
    kernels = (kinematics._solve_channels, kinematics._solve_poses)
    layouts = {(types[0].layout, types[0].mutable) for kernel in kernels for types in kernel.signatures}
    assert layouts == {("C", False)}


# Fewer joints


@st.composite
def selections(draw, motions):
    motion = draw(motions)
    nodes = motion.skeleton.nodes
    dropped = draw(st.sets(st.sampled_from(nodes), max_size=3))
    return motion, [node for node in nodes if node == nodes[0] or node not in dropped]


def kept_nodes(skeleton, names):
    """Return the indices of the joints named, and of the End Sites named whose joint is."""
    joints = len(skeleton.joints)
    return [
        node
        for node, name in enumerate(skeleton.nodes)
        if name in names and (node < joints or skeleton.nodes[skeleton.node_parents[node]] in names)
    ]


@QUICK
@given(data=st.data())
def test_nodes_that_are_kept_stay_where_they_were(motions, data):
    motion, names = data.draw(selections(motions))
    smaller = motion.poses().select(names)
    expected = motion.positions()[:, kept_nodes(motion.skeleton, names)]
    assert_close(kinematics.features(smaller, ["positions"])["positions"], expected)


@QUICK
@given(data=st.data())
def test_joints_that_are_kept_stay_turned_as_they_were(motions, data):
    motion, names = data.draw(selections(motions))
    smaller = motion.poses().select(names)
    kept = [joint for joint, name in enumerate(motion.skeleton.joints) if name in names]
    found = kinematics.features(smaller, ["global_rotations"])["global_rotations"]
    assert_close(found, motion.rotations("global")[:, kept])


@QUICK
@given(data=st.data())
def test_joints_that_are_kept_rest_where_they_rested(motions, data):
    motion, names = data.draw(selections(motions))
    smaller = motion.poses().select(names).skeleton

    def rest(skeleton):
        places = np.array(skeleton.node_offsets)
        for node, parent in enumerate(skeleton.node_parents):
            places[node] += places[parent] if parent >= 0 else 0
        return places

    assert_close(rest(smaller), rest(motion.skeleton)[kept_nodes(motion.skeleton, names)])


ARM = Skeleton(
    joints=("Hips", "Chest", "Arm", "Hand"),
    parents=(-1, 0, 1, 2),
    offsets=((0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (2.0, 0.0, 0.0), (3.0, 0.0, 0.0)),
    end_sites=(EndSite(3, (1.0, 0.0, 0.0)), EndSite(1, (0.0, 1.0, 0.0))),
    channels=(("Xposition",), ("Yrotation",), ("Zrotation",), ("Xrotation",)),
)


def test_a_kept_joint_hangs_on_the_nearest_kept_joint_above_it():
    poses = Motion(ARM, np.zeros((1, 4)), 30.0).poses()
    smaller = poses.select(["Hand", "Hips", "Arm_Nub"]).skeleton
    assert (smaller.joints, smaller.parents, smaller.channels) == (
        ("Hips", "Hand"),
        (-1, 0),
        (("Xposition",), ("Xposition", "Yposition", "Zposition", "Xrotation")),
    )


def test_a_kept_joint_whose_parent_is_kept_moves_by_no_more_channels_than_before():
    poses = Motion(ARM, np.zeros((1, 4)), 30.0).poses()
    assert poses.select(["Hips", "Chest", "Arm"]).skeleton.channels == ARM.channels[:3]


def test_an_end_site_is_kept_by_name_and_only_with_its_joint():
    poses = Motion(ARM, np.zeros((1, 4)), 30.0).poses()
    names = ["Hips", "Hand", "Hand_Nub", "Chest_Nub"]
    assert poses.select(names).skeleton.nodes == ("Hips", "Hand", "Hand_Nub")


@pytest.mark.parametrize("feature", ["positions", "global_rotations"])
def test_a_joint_stays_in_its_place_when_all_between_it_and_the_root_are_dropped(feature):
    motion = Motion(ARM, np.array([[1.0, 20.0, 30.0, 40.0], [2.0, -70.0, 80.0, 90.0]]), 30.0)
    smaller = motion.poses().select(["Hips", "Hand"])
    expected = twin(motion)[feature][:, [0, 3]]
    np.testing.assert_allclose(kinematics.features(smaller, [feature])[feature], expected, atol=1e-14)


def test_a_joint_rests_in_its_place_when_all_between_it_and_the_root_are_dropped():
    poses = Motion(ARM, np.zeros((1, 4)), 30.0).poses()
    assert poses.select(["Hips", "Hand"]).skeleton.offsets == ((0.0, 0.0, 0.0), (5.0, 1.0, 0.0))


def test_a_selection_keeps_the_rate():
    poses = Motion(ARM, np.zeros((1, 4)), 25.0).poses()
    assert poses.select(["Hips"]).rate == 25


def test_poses_of_a_skeleton_without_position_channels_rest_at_its_offsets():
    skeleton = Skeleton(ARM.joints, ARM.parents, ARM.offsets, (), (("Xrotation",),) * 4)
    poses = Motion(skeleton, np.ones((3, 4)), 30.0).poses()
    assert isinstance(poses, Poses)
    np.testing.assert_array_equal(poses.translations, np.tile(np.array(ARM.offsets), (3, 1, 1)))


# Moments


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_moments_are_numpys(dtype, data):
    width = 8 * np.dtype(dtype).itemsize
    finite = st.floats(-1e4, 1e4, width=width)
    values = data.draw(arrays.arrays(dtype, st.tuples(st.integers(0, 20), st.integers(1, 5)), elements=finite))
    shift, total, squares = data.draw(arrays.arrays(np.float64, (3, values.shape[1]), elements=st.floats(-1e4, 1e4)))
    distances = values.astype(np.float64) - shift
    expected = total + distances.sum(axis=0), squares + (distances**2).sum(axis=0)
    kinematics.add_moments(values, shift, total, squares)
    np.testing.assert_allclose((total, squares), expected, rtol=1e-12, atol=1e-8)


@pytest.mark.parametrize("width", [3, 4])
@given(data=st.data())
def test_moments_of_points_are_numpys_of_where_they_are_known(width, data):
    frames, points = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 4))
    finite = st.floats(-1e4, 1e4, width=32)
    values = data.draw(arrays.arrays(np.float32, (frames, points, width), elements=finite))
    known = data.draw(arrays.arrays(np.bool_, (frames, points)))
    shift = data.draw(arrays.arrays(np.float64, points * width, elements=st.floats(-1e4, 1e4)))
    count, total, squares = np.zeros(points * width, np.int64), np.zeros(points * width), np.zeros(points * width)
    kinematics.add_known_moments(values.reshape(frames, -1), known, shift, count, total, squares)
    there = np.repeat(known, width, axis=1)
    there.reshape(frames, points, width)[..., 3:] = True
    distances = np.where(there, values.reshape(frames, -1).astype(np.float64) - shift, 0.0)
    assert np.array_equal(count, there.sum(axis=0))
    np.testing.assert_allclose((total, squares), (distances.sum(axis=0), (distances**2).sum(axis=0)), atol=1e-6)
