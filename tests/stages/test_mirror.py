from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motionprep.formats.bvh import read_bvh
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.root import Root
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.take import Take
from motionprep.naming import sides
from motionprep.stages.base import Dropped
from motionprep.stages.mirror import Mirror

TURNS = ("Zrotation", "Xrotation", "Yrotation")
SKELETON = Skeleton(
    joints=("Hips", "LeftLeg", "LeftFoot", "RightLeg", "RightFoot", "Head"),
    parents=(-1, 0, 1, 0, 3, 0),
    offsets=((0, 0, 0), (1, -0.5, 0), (0.25, -4, 0), (-1, -0.5, 0), (-0.25, -4, 0), (0, 3, 0.5)),
    end_sites=(EndSite(2, (0.0, 0.0, 1.5)), EndSite(4, (0.0, 0.0, 1.5)), EndSite(5, (0.0, 1.0, 0.0))),
    channels=(("Xposition", "Yposition", "Zposition", *TURNS), TURNS, TURNS, TURNS, TURNS, TURNS),
)
NAMES = ("LKNE", "C7", "RKNE", "RBAC")
SPLITS = {"Left": "Right", "Right": "Left", "LKNE": "RKNE", "RKNE": "LKNE"}
ALWAYS = Mirror(chance=1)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def make(frames: int = 20) -> Take:
    draws = np.random.default_rng(0)
    seen = draws.random((frames, 4)) > 0.3
    places = np.where(seen[..., None], draws.normal(size=(frames, 4, 3)), 0)
    motion = Motion(SKELETON, draws.uniform(-90, 90, (frames, len(SKELETON.channel_names))), 120.0)
    return Take("1_01", motion, Markers(NAMES, places, seen, 120.0))


def positions(take: Take) -> dict[str, np.ndarray]:
    """Return where each node is (F, 3)."""
    solved = kinematics.features(take.motion, ("positions",))["positions"]
    return {node: solved[:, number] for number, node in enumerate(take.motion.skeleton.nodes)}


def other_side(name: str) -> str:
    for side, other in SPLITS.items():
        if name.startswith(side):
            return name.replace(side, other)
    return name


@pytest.mark.parametrize(("axis", "signs"), [("x", (-1, 1, 1)), ("y", (1, -1, 1)), ("z", (1, 1, -1))])
def test_each_joint_is_where_the_reflection_of_its_counterpart_is(axis: str, signs: tuple[int, ...]) -> None:
    take = make()

    before, after = positions(take), positions(Mirror(chance=1, axis=axis).apply(take, rng()))

    assert after.keys() == before.keys()
    for node, found in after.items():
        np.testing.assert_allclose(found, before[other_side(node)] * signs, atol=1e-9)


def test_each_marker_is_where_the_reflection_of_its_counterpart_is() -> None:
    take = make()

    found = ALWAYS.apply(take, rng()).markers

    assert found.names == NAMES
    np.testing.assert_array_equal(found.visible, take.markers.visible[:, [2, 1, 0, 3]])
    np.testing.assert_allclose(found.positions, take.markers.positions[:, [2, 1, 0, 3]] * [-1, 1, 1])


def test_rotations_stay_rotations() -> None:
    matrices = ALWAYS.apply(make(), rng()).motion.rotations

    np.testing.assert_allclose(np.linalg.det(matrices), 1.0)


def test_a_body_that_is_the_same_on_both_sides_keeps_its_skeleton() -> None:
    assert ALWAYS.apply(make(), rng()).motion.skeleton == SKELETON


def test_twice_mirrored_is_as_it_was() -> None:
    take = make()

    back = ALWAYS.apply(ALWAYS.apply(take, rng()), rng())

    np.testing.assert_allclose(back.motion.rotations, take.motion.poses().rotations, atol=1e-12)
    np.testing.assert_array_equal(back.markers.positions, take.markers.positions)


def test_a_recorded_take_is_mirrored_joint_by_joint(real_data) -> None:
    take = Take("01_01", read_bvh(next((real_data / "cmu-bvh").rglob("01_01.bvh"))).at(range(1, 50)))

    before, after = positions(take), positions(ALWAYS.apply(take, rng()))

    counterparts = {one: other for pair in sides.pairs(tuple(before)) for one, other in (pair, pair[::-1])}
    assert len(counterparts) == 30
    for node, found in after.items():
        expected = before[counterparts.get(node, node)] * [-1, 1, 1]
        np.testing.assert_allclose(found, expected, atol=1e-9, err_msg=node)


def test_it_happens_as_often_as_is_asked_for() -> None:
    take, draws = make(1), rng()

    mirrored = [Mirror(chance=0.3).apply(take, draws).facts["mirrored"] for _ in range(1000)]

    assert np.mean(mirrored) == pytest.approx(0.3, abs=0.05)


def test_a_take_that_is_not_chosen_stays_as_it_is() -> None:
    take = make()

    found = next(
        found for found in (Mirror().apply(take, rng(seed)) for seed in range(50)) if not found.facts["mirrored"]
    )

    assert (found.motion, found.markers, found.steps) == (take.motion, take.markers, ())


def test_corrupted_markers_are_mirrored_too() -> None:
    take = make()

    found = ALWAYS.apply(replace(take, corrupt=take.markers), rng())

    np.testing.assert_array_equal(found.corrupt.positions, found.markers.positions)


def test_a_take_without_sides_is_dropped(make_take) -> None:
    assert ALWAYS.apply(make_take(), rng()) == Dropped("mirror: no joints are left and right of each other")


def test_markers_without_sides_are_dropped() -> None:
    take = make()
    markers = replace(take.markers, names=("a", "b", "c", "d"), raw_names=())

    assert ALWAYS.apply(replace(take, markers=markers), rng()) == Dropped(
        "mirror: no markers are left and right of each other"
    )


def test_a_body_whose_sides_hang_together_otherwise_is_dropped() -> None:
    take = make()
    crooked = replace(SKELETON, parents=(-1, 0, 1, 0, 0, 0))

    found = ALWAYS.apply(replace(take, motion=Motion(crooked, take.motion.channels, 120.0)), rng())

    assert found == Dropped("mirror: LeftFoot and RightFoot do not hang from counterparts")


def test_a_take_whose_root_is_kept_apart_is_dropped() -> None:
    take = replace(make(4), root=Root(np.zeros((4, 3)), np.broadcast_to(np.eye(3), (4, 3, 3))))

    assert ALWAYS.apply(take, rng()) == Dropped(
        "mirror: the root is kept apart or features are made already; put mirror before that"
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"chance": 0.0}, "chance is 0.0; it must be above 0 and at most 1"),
        ({"chance": 1.1}, "chance is 1.1; it must be above 0 and at most 1"),
        ({"axis": "w"}, "axis is 'w'; it is 'x', 'y' or 'z'"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong, message) -> None:
    with pytest.raises(ValueError, match=r"chance|axis") as error:
        Mirror(**wrong)

    assert str(error.value) == message
