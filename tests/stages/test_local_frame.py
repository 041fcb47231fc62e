from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from motionprep.formats import bvh, c3d
from motionprep.maths import spaces
from motionprep.maths.local_frames import BODY
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.stages.base import Dropped
from motionprep.stages.local_frame import TORSO, LocalFrame

RNG = np.random.default_rng(0)


def solved(take: Take, feature: str) -> np.ndarray:
    return kinematics.features(take.motion, (feature,))[feature]


def torso(frames: int = 24, noise: float = 0.0) -> Take:
    """Return a torso with markers, and an arm that moves, on a wild ride."""
    rng = np.random.default_rng(1)
    shape = np.array([*(BODY[name] for name in TORSO), (0, 0, 0)], dtype=float)
    points = np.tile(shape, (frames, 1, 1)) + noise * rng.normal(size=(frames, 10, 3))
    points[:, -1] = rng.normal(scale=50, size=(frames, 3))
    turns = Rotation.random(frames, rng=rng).as_matrix()
    points = points @ turns.swapaxes(1, 2) + rng.normal(scale=300, size=(frames, 1, 3))
    return Take("a", None, Markers((*TORSO, "LFIN"), points, np.ones((frames, 10), dtype=bool), 120.0))


def hidden(take: Take, frames: slice, names: tuple[str, ...]) -> Take:
    """Return the take with some markers unseen in some frames."""
    visible = take.markers.visible.copy()
    visible[frames, [take.markers.names.index(name) for name in names]] = False
    positions = np.where(visible[..., None], take.markers.positions, 0.0)
    return replace(take, markers=replace(take.markers, visible=visible, positions=positions))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "hips"}, "method is 'hips'"),
        ({"method": "heading", "up": "up"}, "up is 'up'; it is 'x', 'y' or 'z'"),
        ({"method": "rigid", "markers": ("C7", "T10")}, "markers names 2; a rigid frame needs at least three"),
        ({"method": "rigid", "markers": ("C7", "T10", "C7")}, "markers names one twice"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LocalFrame(**settings)


@pytest.mark.parametrize(("method", "modality"), [("root", "motion"), ("heading", "motion"), ("rigid", "markers")])
def test_each_method_needs_one_modality_of_a_take(method: Any, modality: str) -> None:
    assert LocalFrame(method=method).needs == (modality,)


@pytest.mark.parametrize("method", ["root", "heading"])
class TestOfJoints:
    def test_places_of_joints_and_markers_agree(self, make_take: Callable[..., Take], method: str) -> None:
        take = make_take(markers=True)

        changed = LocalFrame(method=method).apply(take, RNG)

        axes, origin = changed.steps[0].axes, changed.steps[0].origin
        for before, after in (
            (solved(take, "positions"), solved(changed, "positions")),
            (take.markers.positions, changed.markers.positions),
        ):
            seen = after.any(axis=-1) if after.shape[1] == 2 else np.ones(after.shape[:2], dtype=bool)
            world = (axes[:, None] @ after[..., None])[..., 0] + origin[:, None]
            np.testing.assert_allclose(world[seen], before[seen], atol=1e-10)

    def test_keeps_the_roots_way_through_the_world_apart(self, make_take: Callable[..., Take], method: str) -> None:
        take = make_take()

        root = LocalFrame(method=method).apply(take, RNG).root

        np.testing.assert_array_equal(root.position, take.motion.root_position())
        np.testing.assert_array_equal(root.rotation, take.motion.rotations()[:, 0])

    def test_leaves_rotations_below_the_root_as_they_are(self, make_take: Callable[..., Take], method: str) -> None:
        changed = LocalFrame(method=method).apply(make_take(), RNG)

        np.testing.assert_array_equal(changed.motion.rotations[:, 1:], make_take().motion.rotations()[:, 1:])

    def test_drops_a_take_without_a_skeleton(self, method: str) -> None:
        assert LocalFrame(method=method).apply(torso(), RNG) == Dropped("local_frame: no skeleton")


def test_in_the_roots_frame_the_root_is_at_the_origin_and_not_turned(make_take: Callable[..., Take]) -> None:
    changed = LocalFrame().apply(make_take(), RNG)

    np.testing.assert_allclose(solved(changed, "root_position"), 0.0, atol=1e-12)
    np.testing.assert_allclose(changed.motion.rotations[:, 0], np.tile(np.eye(3), (24, 1, 1)), atol=1e-12)


@pytest.mark.parametrize("up", ["x", "y", "z"])
def test_in_the_headings_frame_heights_are_what_they_were_and_nothing_is_turned_about_up(
    make_take: Callable[..., Take], up: str
) -> None:
    changed = LocalFrame(method="heading", up=up).apply(make_take(), RNG)

    axis = "xyz".index(up)
    np.testing.assert_allclose(
        solved(changed, "positions")[..., axis], solved(make_take(), "positions")[..., axis], atol=1e-12
    )
    np.testing.assert_allclose(np.delete(solved(changed, "root_position"), axis, axis=1), 0.0, atol=1e-12)
    assert changed.facts["local_frame_held"] == 0
    again = LocalFrame(method="heading", up=up).apply(changed, RNG)
    np.testing.assert_allclose(again.steps[-1].axes, np.tile(np.eye(3), (24, 1, 1)), atol=1e-12)


def test_a_root_that_stays_upside_down_has_no_heading(make_take: Callable[..., Take]) -> None:
    poses = make_take().motion.poses()
    rotations = poses.rotations.copy()
    rotations[:, 0] = np.diag([1, -1, -1])

    dropped = LocalFrame(method="heading").apply(replace(make_take(), motion=replace(poses, rotations=rotations)), RNG)

    assert dropped == Dropped("local_frame: the root is upside down throughout")


class TestRigid:
    def test_holds_still_what_moves_as_one(self) -> None:
        changed = LocalFrame(method="rigid").apply(torso(), RNG)

        rigid = changed.markers.positions[:, :9]
        np.testing.assert_allclose(rigid, np.broadcast_to(rigid[0], rigid.shape), atol=1e-9)
        assert np.ptp(changed.markers.positions[:, 9], axis=0).min() > 50

    @pytest.mark.parametrize(("up", "forward", "left"), [("y", "z", "x"), ("z", "x", "y"), ("x", "y", "z")])
    def test_has_the_head_up_the_chest_forward_and_the_left_left(self, up: str, forward: str, left: str) -> None:
        place = dict(
            zip(TORSO, LocalFrame(method="rigid", up=up).apply(torso(), RNG).markers.positions[0], strict=False)
        )

        assert (place["C7"] - place["LBWT"])["xyz".index(up)] == pytest.approx(46)
        assert (place["STRN"] - place["T10"])["xyz".index(forward)] == pytest.approx(23)
        assert (place["LFWT"] - place["RFWT"])["xyz".index(left)] == pytest.approx(26)

    @pytest.mark.parametrize("kept", [("C7", "CLAV", "LBWT"), ("LFWT", "RFWT", "T10", "RBAC")])
    def test_survives_the_loss_of_all_but_three(self, kept: tuple[str, ...]) -> None:
        take = torso()
        lost = hidden(take, slice(8, 16), tuple(name for name in TORSO if name not in kept))

        changed = LocalFrame(method="rigid").apply(lost, RNG)

        whole = LocalFrame(method="rigid").apply(take, RNG)
        np.testing.assert_allclose(changed.markers.positions[:, 9], whole.markers.positions[:, 9], atol=1e-3)
        assert changed.facts["local_frame_held"] == 0

    def test_holds_the_last_frame_where_fewer_are_left_and_counts_it(self) -> None:
        changed = LocalFrame(method="rigid").apply(hidden(torso(), slice(8, 16), TORSO[2:]), RNG)

        np.testing.assert_array_equal(changed.steps[0].axes[8:16], np.tile(changed.steps[0].axes[7], (8, 1, 1)))
        np.testing.assert_array_equal(changed.steps[0].origin[8:16], np.tile(changed.steps[0].origin[7], (8, 1)))
        assert changed.facts == {"local_frame_held": 8, "local_frame_markers": 9}

    def test_takes_those_of_its_markers_that_a_take_has(self) -> None:
        take = torso()
        keep = [0, 1, 5, 9]
        fewer = Markers(
            tuple(take.markers.names[row] for row in keep),
            take.markers.positions[:, keep],
            take.markers.visible[:, keep],
            120.0,
        )

        assert LocalFrame(method="rigid").apply(Take("a", None, fewer), RNG).facts["local_frame_markers"] == 3
        assert LocalFrame(method="rigid", markers=("C7", "CLAV", "NOSE")).apply(take, RNG) == Dropped(
            "local_frame: fewer than three of its markers"
        )

    def test_drops_a_take_that_never_shows_three_at_once(self) -> None:
        dropped = LocalFrame(method="rigid").apply(hidden(torso(), slice(None), TORSO[2:]), RNG)

        assert dropped == Dropped("local_frame: never three of its markers at once")

    def test_drops_a_take_without_markers(self, make_take: Callable[..., Take]) -> None:
        assert LocalFrame(method="rigid").apply(make_take(), RNG) == Dropped("local_frame: no markers")

    def test_leaves_invisible_markers_at_the_origin(self) -> None:
        changed = LocalFrame(method="rigid").apply(hidden(torso(), slice(3, 9), ("T10", "LFIN")), RNG)

        np.testing.assert_array_equal(changed.markers.positions[~changed.markers.visible], 0.0)

    def test_brings_the_joints_along(self, make_take: Callable[..., Take]) -> None:
        take = replace(make_take(), markers=torso().markers)

        changed = LocalFrame(method="rigid").apply(take, RNG)

        expected = spaces.points(solved(take, "positions"), changed.steps[0])
        np.testing.assert_allclose(solved(changed, "positions"), expected, atol=1e-9)
        np.testing.assert_array_equal(changed.root.position, take.motion.root_position())

    def test_of_a_recorded_torso_stays_within_centimetres(self, real_data: Path) -> None:
        markers = c3d.read_c3d(real_data / "cmu-c3d/01_01.c3d")

        changed = LocalFrame(method="rigid", up="z").apply(Take("01_01", None, markers), RNG).markers

        place = {}
        for name in TORSO:
            row = changed.names.index(name)
            seen = changed.positions[changed.visible[:, row], row]
            place[name] = np.median(seen, axis=0)
            assert np.linalg.norm(seen - place[name], axis=-1).mean() < 20
        assert (place["C7"] - place["LBWT"])[2] > 400
        assert (place["LFWT"] - place["RFWT"])[1] > 200
        assert (place["STRN"] - place["T10"])[0] > 200


def test_a_recorded_body_lies_alike_in_all_three_frames(real_data: Path) -> None:
    """Its waist's front is forward, its head up and its left left, whichever frame it is told in."""
    motion = bvh.read_bvh(real_data / "cmu-bvh/01_01.bvh").at(range(1, 2752))
    markers = c3d.read_c3d(real_data / "cmu-c3d/01_01.c3d")
    yzx = np.eye(3)[:, [1, 2, 0]]
    take = spaces.change(Take("01_01", motion, markers), Step(0.0177, yzx, on=("markers",)))

    for method in ("root", "heading", "rigid"):
        changed = LocalFrame(method=method).apply(take, RNG).markers
        place = {
            name: np.median(changed.positions[changed.visible[:, row], row], axis=0)
            for row, name in enumerate(changed.names)
        }
        assert (place["LFWT"] - place["RFWT"])[0] > 3.5
        assert (place["LFHD"] - place["LFWT"])[1] > 10
        assert (place["LFWT"] - place["LBWT"])[2] > 3
