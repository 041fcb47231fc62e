from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motionprep.maths import spaces
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.root import Root
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.stages.base import Dropped
from motionprep.stages.velocity import Velocity

RNG = np.random.default_rng(0)


def test_of_positions_is_their_change_in_a_second(make_take) -> None:
    take = make_take(rate=60.0)
    positions = kinematics.features(take.motion, ("positions",))["positions"]

    velocity = Velocity().apply(take, RNG).arrays["positions_velocity"]

    for frame in range(1, 24):
        np.testing.assert_allclose(velocity[frame], 60 * (positions[frame] - positions[frame - 1]), atol=1e-9)


def test_of_the_first_frame_is_that_of_the_second(make_take) -> None:
    arrays = Velocity(of=("positions", "root_position")).apply(make_take(), RNG).arrays

    for velocity in arrays.values():
        np.testing.assert_array_equal(velocity[0], velocity[1])


def test_of_the_root_adds_up_to_its_way(make_take) -> None:
    take = make_take(rate=30.0)
    places = kinematics.features(take.motion, ("root_position",))["root_position"]

    velocity = Velocity(of=("root_position",)).apply(take, RNG).arrays["root_velocity"]

    np.testing.assert_allclose(places[0] + np.cumsum(velocity[1:] / 30, axis=0), places[1:], atol=1e-9)


def test_of_a_root_that_is_kept_apart_is_that_in_the_world(make_take) -> None:
    take = make_take()
    poses = take.motion.poses()
    step = Step(axes=poses.rotations[:, 0], origin=poses.translations[:, 0], on=("joints", "markers"))
    both = Velocity(of=("root_position", "positions"))

    world, local = both.apply(take, RNG).arrays, both.apply(spaces.change(take, step), RNG).arrays

    np.testing.assert_allclose(local["root_velocity"], world["root_velocity"], atol=1e-9)
    np.testing.assert_allclose(local["positions_velocity"][:, 0], 0, atol=1e-9)
    assert np.abs(world["positions_velocity"][:, 0]).max() > 1


def test_of_a_root_without_joints_is_at_the_rate_of_the_markers(make_take) -> None:
    places = np.arange(72.0).reshape(24, 3)
    take = replace(make_take(rate=50.0, markers=True), motion=None, root=Root(places, np.zeros((24, 3, 3))))

    velocity = Velocity(of=("root_position",)).apply(take, RNG).arrays["root_velocity"]

    np.testing.assert_allclose(velocity, 150.0)


def marked(visible: np.ndarray, rate: float = 10.0) -> tuple[Take, np.ndarray]:
    frames, count = visible.shape
    points = np.random.default_rng(4).normal(size=(frames, count, 3))
    markers = Markers(tuple(f"m{k}" for k in range(count)), points * visible[..., None], visible, rate)
    return Take("1", None, markers), points


def test_of_markers_is_zero_unless_a_marker_is_seen_in_both_frames() -> None:
    visible = np.random.default_rng(5).random((40, 6)) < 0.7
    take, points = marked(visible)

    velocity = Velocity(of=("markers",)).apply(take, RNG).arrays["markers_velocity"]

    for frame in range(1, 40):
        for marker in range(6):
            seen = visible[frame, marker] and visible[frame - 1, marker]
            expected = 10 * (points[frame, marker] - points[frame - 1, marker]) if seen else np.zeros(3)
            np.testing.assert_allclose(velocity[frame, marker], expected, atol=1e-12)


@pytest.mark.parametrize("seen", [(True, True), (True, False), (False, True)])
def test_of_markers_in_the_first_frame_is_that_of_the_second(seen: tuple[bool, bool]) -> None:
    take, _ = marked(np.array([[seen[0]], [seen[1]], [True]]))

    velocity = Velocity(of=("markers",)).apply(take, RNG).arrays["markers_velocity"]

    np.testing.assert_array_equal(velocity[0], velocity[1])
    assert velocity[0].any() == all(seen)


def test_of_markers_is_that_of_the_recorded_ones() -> None:
    take, _ = marked(np.ones((5, 2), bool))
    corrupted, _ = marked(np.zeros((5, 2), bool))

    found = Velocity(of=("markers",)).apply(replace(take, corrupt=corrupted.markers), RNG)

    assert found.arrays["markers_velocity"].all()


def test_arrays_are_read_only_and_stand_beside_others(make_take) -> None:
    take = replace(make_take(markers=True), arrays={"more": np.ones(24)})

    arrays = Velocity(of=("positions", "root_position", "markers")).apply(take, RNG).arrays

    assert list(arrays) == ["more", "positions_velocity", "root_velocity", "markers_velocity", "markers_velocity_known"]
    assert not any(arrays[name].flags.writeable for name in list(arrays)[1:])


@pytest.mark.parametrize("of", ["positions", "root_position"])
def test_a_take_without_a_skeleton_is_dropped_with_the_reason(make_take, of: str) -> None:
    take = replace(make_take(markers=True), motion=None)

    assert Velocity(of=("markers", of)).apply(take, RNG) == Dropped("velocity: no skeleton")


def test_a_take_without_markers_is_dropped_with_the_reason(make_take) -> None:
    assert Velocity(of=("markers",)).apply(make_take(), RNG) == Dropped("velocity: no markers")


def test_a_single_frame_is_a_reason_to_drop(make_take) -> None:
    assert Velocity().apply(make_take(1), RNG) == Dropped("velocity: fewer than two frames")


@pytest.mark.parametrize(
    ("of", "message"),
    [
        ((), "of is empty; it names any of positions, root_position, markers"),
        (("root",), "there is no velocity of 'root'; there is that of positions, root_position, markers"),
        (("markers", "markers"), "of names something twice"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(of: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match="of") as error:
        Velocity(of=of)

    assert str(error.value) == message
