"""Frames that go along with a body: known turns are found again, by SciPy's word too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motionprep.maths import local_frames
from motionprep.maths.local_frames import BODY
from motionprep.motion.arrays import Floats
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import Skeleton

QUICK = settings(max_examples=25)
NAMES = ("C7", "CLAV", "STRN", "T10", "LBWT", "RBWT", "LFWT", "RFWT")
SHAPE = np.array([BODY[name] for name in NAMES], dtype=float)
SEEN = np.ones((40, len(NAMES)), dtype=bool)


def ride(frames: int = 40, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Return points (F, M, 3) of the shape on a wild ride, and its turns and places."""
    rng = np.random.default_rng(seed)
    turns, places = Rotation.random(frames, rng=rng).as_matrix(), rng.normal(scale=100, size=(frames, 3))
    return SHAPE @ turns.swapaxes(1, 2) + places[:, None], turns, places


def poses(turns: Floats) -> Poses:
    skeleton = Skeleton(("Hips",), (-1,), ((0.0, 0.0, 0.0),), (), ((),))
    return Poses(skeleton, np.random.default_rng(5).normal(size=(len(turns), 1, 3)), turns[:, None], 120.0)


class TestOfMarkers:
    @pytest.mark.parametrize("up", [0, 1, 2])
    def test_has_the_axes_of_a_body(self, up: int) -> None:
        points, turns, _ = ride()

        frames = local_frames.of_markers(NAMES, points, SEEN, up)

        # The shape has left on x, up on y and forward on z.
        np.testing.assert_allclose(frames.axes[:, :, up], turns[:, :, 1], atol=1e-6)
        np.testing.assert_allclose(frames.axes[:, :, (up + 1) % 3], turns[:, :, 2], atol=1e-6)
        np.testing.assert_allclose(frames.axes[:, :, (up + 2) % 3], turns[:, :, 0], atol=1e-6)
        np.testing.assert_allclose(frames.origin, points.mean(axis=1), atol=1e-6)
        np.testing.assert_allclose(np.linalg.det(frames.axes), 1.0)

    def test_is_the_same_frame_whichever_three_are_seen(self) -> None:
        points = ride()[0]
        visible = SEEN.copy()
        for frame in range(10, 40):
            visible[frame, np.random.default_rng(frame).permutation(len(NAMES))[3:]] = False

        frames = local_frames.of_markers(NAMES, points, visible, 1)
        whole = local_frames.of_markers(NAMES, points, SEEN, 1)

        np.testing.assert_allclose(frames.axes, whole.axes, atol=1e-6)
        np.testing.assert_allclose(frames.origin, whole.origin, atol=1e-4)
        assert frames.held == 0

    def test_of_names_that_are_on_no_list_has_on_average_the_axes_of_the_world(self) -> None:
        swing = Rotation.from_rotvec(np.sin(np.arange(40) * np.pi / 10)[:, None] * [0.3, 0.2, -0.1]).as_matrix()

        frames = local_frames.of_markers("ABCDEFGH", SHAPE @ swing.swapaxes(1, 2), SEEN, 1)

        np.testing.assert_allclose(frames.axes, swing, atol=1e-6)

    def test_holds_the_last_good_frame_and_before_any_the_first(self) -> None:
        visible = SEEN.copy()
        visible[:3, 2:] = visible[10:12, 2:] = False

        frames = local_frames.of_markers(NAMES, ride()[0], visible, 1)

        assert frames.held == 5
        for array in (frames.axes, frames.origin):
            np.testing.assert_array_equal(array[:3], array[[3, 3, 3]])
            np.testing.assert_array_equal(array[10:12], array[[9, 9]])
            assert not np.array_equal(array[12], array[9])

    @pytest.mark.parametrize("frames", [0, 5])
    def test_are_none_if_three_are_never_seen(self, frames: int) -> None:
        visible = SEEN[:frames].copy()
        visible[:, 2:] = False

        assert local_frames.of_markers(NAMES, ride()[0][:frames], visible, 1) is None


class TestOfHeading:
    @pytest.mark.parametrize("up", [0, 1, 2])
    @QUICK
    @given(st.integers(0, 2**32))
    def test_is_the_rotation_about_up_that_is_nearest_to_the_roots(self, up: int, seed: int) -> None:
        turns = Rotation.random(2, rng=np.random.default_rng(seed))

        axes = local_frames.of_heading(poses(turns.as_matrix()), up).axes

        metadata = np.eye(3)[up] * np.linspace(-np.pi, np.pi, 721)[:, None]
        away = [(turns.inv() * Rotation.from_rotvec([turn])).magnitude() for turn in metadata]
        found = (turns.inv() * Rotation.from_matrix(axes)).magnitude()
        np.testing.assert_array_less(found, np.min(away, axis=0) + 1e-9)

    @pytest.mark.parametrize("up", [0, 1, 2])
    def test_is_a_yaw_without_a_tilt(self, up: int) -> None:
        yaw = np.linspace(-3, 3, 9)[:, None] * np.eye(3)[up]
        tilt = Rotation.from_rotvec(np.eye(3)[(up + 2) % 3] * 0.8)

        frames = local_frames.of_heading(poses((Rotation.from_rotvec(yaw) * tilt).as_matrix()), up)

        np.testing.assert_allclose(Rotation.from_matrix(frames.axes).as_rotvec(), yaw, atol=1e-12)

    def test_begins_on_the_floor_below_the_root(self) -> None:
        root = poses(np.tile(np.eye(3), (4, 1, 1)))

        frames = local_frames.of_heading(root, 2)

        np.testing.assert_array_equal(frames.origin, root.translations[:, 0] * [1, 1, 0])

    def test_holds_the_last_heading_while_the_root_is_upside_down(self) -> None:
        turns = Rotation.from_euler("y", [[30], [60], [0], [90]], degrees=True).as_matrix()
        turns[2] = np.diag([1, -1, -1])

        frames = local_frames.of_heading(poses(turns), 1)

        np.testing.assert_allclose(frames.axes, turns[[0, 1, 1, 3]], atol=1e-12)
        assert frames.held == 1

    def test_is_none_of_a_root_that_is_always_upside_down(self) -> None:
        assert local_frames.of_heading(poses(np.diag([1.0, -1, -1])[None]), 1) is None


def test_of_root_is_the_roots_position_and_rotation() -> None:
    turns = ride()[1]

    frames = local_frames.of_root(poses(turns))

    np.testing.assert_array_equal(frames.axes, turns)
    np.testing.assert_array_equal(frames.origin, poses(turns).translations[:, 0])
