from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.building.extract import Extraction
from motionprep.building.limits import FeatureError
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.root import Root
from motionprep.motion.take import Take

FRAMES = 24


def extract(take: Take, names: Sequence[str], *sizes: int, missing: float = 0.0) -> dict[str, np.ndarray[Any, Any]]:
    """Return features, filled so many frames at a time, the rest at once."""
    extraction = Extraction(take, names, missing)
    out = {name: np.empty((take.frames, *shape), dtype) for name, (dtype, shape) in extraction.kinds.items()}
    ends = [0, *np.cumsum(sizes), take.frames]
    for start, stop in pairwise(ends):
        if stop > start:
            extraction.fill({name: array[start:stop] for name, array in out.items()})
    return out


def take_of(frames: int = FRAMES) -> Take:
    rng = np.random.default_rng(3)
    seen = rng.random((frames, 3)) < 0.7
    points = np.where(seen[..., None], rng.normal(size=(frames, 3, 3)), 0.0)
    return Take("69_01", markers=Markers(("A", "B", "C"), points, seen, 120.0))


class TestOfMotion:
    @given(st.data())
    def test_frames_filled_in_parts_are_those_filled_at_once(self, motions: Any, data: st.DataObject) -> None:
        motion: Motion = data.draw(motions)
        size = data.draw(st.integers(1, motion.frames))
        poses = data.draw(st.booleans())
        take = Take("1_1", motion.poses() if poses else motion)
        at_once = extract(take, list(kinematics.FEATURES))

        in_parts = extract(take, list(kinematics.FEATURES), *[size] * ((motion.frames - 1) // size))

        assert all(np.array_equal(in_parts[name], at_once[name]) for name in kinematics.FEATURES)

    def test_signs_of_quaternions_are_carried_from_part_to_part(self, make_take: Callable[..., Take]) -> None:
        motion = make_take(FRAMES).motion
        assert isinstance(motion, Motion)
        turning = Motion(motion.skeleton, np.cumsum(np.full_like(motion.channels, 31.0), axis=0), 120.0)

        quaternions = extract(Take("1_1", turning), ["quaternions"], 11)["quaternions"]

        assert (np.sum(quaternions[1:] * quaternions[:-1], axis=-1) > 0).all()
        assert (quaternions[..., 0] < -0.5).any()

    def test_a_root_kept_apart_is_stored_as_it_went(self, make_take: Callable[..., Take]) -> None:
        position, rotation = np.arange(FRAMES * 3.0).reshape(-1, 3), np.tile(np.eye(3)[[1, 2, 0]], (FRAMES, 1, 1))
        take = replace(make_take(FRAMES), root=Root(position, rotation))

        found = extract(take, ["root_position", "root_rotation"])

        assert np.array_equal(found["root_position"], position)
        assert np.array_equal(found["root_rotation"], rotation)

    def test_a_root_not_kept_apart_is_the_skeletons(self, make_take: Callable[..., Take]) -> None:
        take = make_take(FRAMES)
        assert isinstance(take.motion, Motion)

        found = extract(take, ["root_rotation"])["root_rotation"]

        np.testing.assert_allclose(found, take.motion.rotations()[:, 0], atol=1e-6)

    def test_an_array_of_a_stage_takes_the_place_of_the_computed_one(self, make_take: Callable[..., Take]) -> None:
        made = np.arange(FRAMES * 2.0).reshape(FRAMES, 2)

        assert np.array_equal(
            extract(replace(make_take(FRAMES), arrays={"rotations": made}), ["rotations"])["rotations"], made
        )

    @pytest.mark.parametrize("as_poses", [False, True])
    def test_places_beyond_float32_are_refused(self, make_take: Callable[..., Take], as_poses: bool) -> None:
        motion = make_take(FRAMES).motion
        assert isinstance(motion, Motion)
        channels = motion.channels.copy()
        channels[5, 0] = 1e200
        far: Motion | Poses = Motion(motion.skeleton, channels, 120.0)
        far = far.poses() if as_poses else far

        with pytest.raises(FeatureError, match="positions may have numbers that float32 cannot hold"):
            Extraction(Take("1_1", far), ["positions"])
        Extraction(Take("1_1", far), ["rotations"])

    def test_what_no_skeleton_is_there_for_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^positions: no skeleton$"):
            Extraction(take_of(), ["markers", "positions"])


class TestOfMarkers:
    def test_what_is_not_visible_is_stored_as_missing(self) -> None:
        take = take_of()
        assert take.markers is not None

        found = extract(take, ["markers", "markers_visible"], missing=-7.0)

        assert np.array_equal(found["markers_visible"], take.markers.visible)
        assert (found["markers"][~take.markers.visible] == -7).all()
        np.testing.assert_allclose(
            found["markers"][take.markers.visible], take.markers.positions[take.markers.visible], atol=1e-6
        )

    def test_the_mask_is_stored_as_small_numbers_and_the_rest_as_float32(self) -> None:
        kinds = Extraction(take_of(), ["markers", "markers_visible", "markers_seen"]).kinds

        assert kinds == {
            "markers": (np.float32, (3, 3)),
            "markers_visible": (np.uint8, (3,)),
            "markers_seen": (np.float32, (3, 4)),
        }

    def test_a_network_sees_the_markers_that_were_corrupted_beside_the_recorded_ones(self) -> None:
        take = take_of()
        assert take.markers is not None
        corrupted = replace(
            take.markers, positions=np.zeros_like(take.markers.positions), visible=take.markers.visible & False
        )

        found = extract(
            replace(take, corrupt=corrupted),
            ["markers", "markers_visible", "markers_corrupt", "markers_corrupt_visible", "markers_seen"],
        )

        assert found["markers_visible"].any()
        assert found["markers"].any()
        assert not found["markers_corrupt_visible"].any()
        assert not found["markers_corrupt"].any()
        assert not found["markers_seen"].any()

    def test_markers_that_nobody_corrupted_are_seen_as_they_were_recorded(self) -> None:
        found = extract(take_of(), ["markers", "markers_visible", "markers_corrupt", "markers_seen"])

        assert np.array_equal(found["markers_corrupt"], found["markers"])
        assert np.array_equal(found["markers_seen"][..., :3], found["markers"])
        assert np.array_equal(found["markers_seen"][..., 3], found["markers_visible"])

    def test_markers_are_known_where_they_are_visible_and_velocities_where_their_stage_says_so(self) -> None:
        take = take_of()
        assert take.markers is not None
        corrupted = replace(take.markers, visible=take.markers.visible & (np.arange(FRAMES)[:, None] < 5))
        known = np.arange(FRAMES * 3).reshape(FRAMES, 3) % 2 > 0
        made = {"markers_velocity": np.zeros((FRAMES, 3, 3)), "markers_velocity_known": known}
        names = ["markers", "markers_visible", "markers_corrupt", "markers_seen", "markers_velocity"]

        found = Extraction(replace(take, corrupt=corrupted, arrays=made), names).known

        expected = [("markers", take.markers.visible), ("markers_corrupt", corrupted.visible)]
        expected += [("markers_seen", corrupted.visible), ("markers_velocity", known)]
        assert list(found) == [name for name, _ in expected]
        assert all(np.array_equal(found[name], mask) for name, mask in expected)

    def test_markers_that_are_not_there_are_refused(self, make_take: Callable[..., Take]) -> None:
        with pytest.raises(ValueError, match=r"^markers: no markers$"):
            Extraction(make_take(), ["positions", "markers"])

    def test_what_a_stage_should_have_made_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^markers_velocity: no stage has made it$"):
            Extraction(take_of(), ["markers_velocity"])

    @pytest.mark.parametrize("bad", [np.inf, np.nan, 1e39])
    def test_numbers_that_float32_cannot_hold_are_refused(self, bad: float) -> None:
        take = take_of()
        array = np.zeros((FRAMES, 2))
        array[3, 1] = bad

        with pytest.raises(FeatureError, match="markers_velocity has numbers that float32 cannot hold"):
            Extraction(replace(take, arrays={"markers_velocity": array}), ["markers_velocity"])
