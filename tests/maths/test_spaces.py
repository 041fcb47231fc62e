"""Changes of coordinates against what they mean for each point, and against their own inverse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motionprep.maths import spaces
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.root import Root
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.step import PARTS, Step
from motionprep.motion.take import Take
from motionprep.naming.sides import pairs

QUICK = settings(max_examples=60)
MIRROR = np.diag([-1.0, 1.0, 1.0])
PERMUTATIONS = [
    np.eye(3)[:, list(order)] * signs
    for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1))
    for signs in ((1, 1, 1), (1, -1, -1), (-1, -1, 1))
]


def body(frames: int = 7, seed: int = 0) -> Take:
    """Return a body whose names have sides and whose lengths have not, with markers of which some are not seen."""
    rng = np.random.default_rng(seed)
    skeleton = Skeleton(
        joints=("Hips", "LeftHip", "LeftKnee", "RightHip", "RightKnee", "Head"),
        parents=(-1, 0, 1, 0, 3, 0),
        offsets=tuple((float(x), float(y), float(z)) for x, y, z in rng.normal(size=(6, 3))),
        end_sites=(EndSite(2, (0.1, -1.0, 0.5)), EndSite(4, (-0.3, -1.2, 0.4)), EndSite(5, (0.0, 1.0, 0.0))),
        channels=((),) * 6,
    )
    seen = rng.random((frames, 4)) < 0.7
    return Take(
        "01_01",
        Poses(skeleton, rng.normal(size=(frames, 6, 3)), turns(rng, frames * 6).reshape(frames, 6, 3, 3), 120.0),
        Markers(("LKNE", "C7", "RKNE", "RBAC"), rng.normal(size=(frames, 4, 3)) * seen[..., None], seen, 120.0),
    )


def points_alone(frames: int = 7) -> Take:
    """Return a body that is bare points, each where its channels say."""
    rng = np.random.default_rng(3)
    names = ("Hips", "LeftHip", "LeftKnee", "RightHip", "RightKnee", "Head")
    channels = (("Xposition", "Yposition", "Zposition"),) * 6
    skeleton = Skeleton(names, (-1,) * 6, ((0.0, 0.0, 0.0),) * 6, (), channels)
    return Take("01_01", Motion(skeleton, rng.normal(size=(frames, 18)), 120.0))


def turns(rng: np.random.Generator, count: int) -> np.ndarray:
    return Rotation.random(count, rng=rng).as_matrix()


@st.composite
def steps(draw: st.DrawFn, frames: int, on: tuple[str, ...] = PARTS) -> Step:
    """Return a strategy for steps of every kind but reflections."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    conjugate = draw(st.booleans())
    shape = draw(st.sampled_from(["none", "one", "each"]))
    axes = {"none": None, "one": turns(rng, 1)[0], "each": turns(rng, frames)}[shape]
    if conjugate:
        axes = draw(st.sampled_from(PERMUTATIONS))
    origin = draw(st.sampled_from([None, rng.normal(size=3), rng.normal(size=(frames, 3))]))
    return Step(draw(st.sampled_from([1.0, 0.0177, 3.0])), axes, origin, conjugate, on=on)


def mirrored(take: Take) -> Step:
    assert take.motion is not None
    assert take.markers is not None
    return Step(axes=MIRROR, conjugate=True, swap=pairs(take.motion.skeleton.nodes) + pairs(take.markers.names))


def solved(take: Take) -> dict[str, np.ndarray]:
    assert take.motion is not None
    return kinematics.features(take.motion, ("positions", "global_rotations", "rotations"))


def moved(points: np.ndarray, step: Step) -> np.ndarray:
    """Return points (F, ..., 3) in new coordinates, by the formula, one after the other."""
    out = np.empty_like(points)
    for place in np.ndindex(points.shape[:-1]):
        axes = np.eye(3) if step.axes is None else step.axes[place[0]] if step.axes.ndim == 3 else step.axes
        origin = np.zeros(3) if step.origin is None else step.origin[place[0]] if step.origin.ndim == 2 else step.origin
        out[place] = step.scale * axes.T @ (points[place] - origin)
    return out


def assert_same(found: Take, expected: Take) -> None:
    for name, array in solved(expected).items():
        np.testing.assert_allclose(solved(found)[name], array, rtol=0, atol=1e-9 * max(1, np.abs(array).max()))
    assert found.markers is not None
    assert expected.markers is not None
    np.testing.assert_allclose(found.markers.positions, expected.markers.positions, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found.markers.visible, expected.markers.visible)


class TestPoints:
    @QUICK
    @given(steps(5))
    def test_move_as_the_formula_says(self, step: Step) -> None:
        points = np.random.default_rng(1).normal(size=(5, 2, 4, 3))

        np.testing.assert_allclose(spaces.points(points, step), moved(points, step), atol=1e-12)

    @QUICK
    @given(steps(5))
    def test_come_back(self, step: Step) -> None:
        points = np.random.default_rng(1).normal(size=(5, 4, 3))

        np.testing.assert_allclose(spaces.points_back(spaces.points(points, step), step), points, atol=1e-12)

    @QUICK
    @given(steps(5))
    def test_come_back_by_the_inverse_step_too(self, step: Step) -> None:
        points = np.random.default_rng(1).normal(size=(5, 4, 3))

        back = spaces.points(spaces.points(points, step), spaces.inverse(step))

        np.testing.assert_allclose(back, points, atol=1e-12)


class TestChange:
    @QUICK
    @given(steps(7))
    def test_moves_joints_end_sites_and_markers_alike(self, step: Step) -> None:
        take = body()

        changed = spaces.change(take, step)

        np.testing.assert_allclose(solved(changed)["positions"], moved(solved(take)["positions"], step), atol=1e-12)
        expected = np.where(take.markers.visible[..., None], moved(take.markers.positions, step), 0)
        np.testing.assert_allclose(changed.markers.positions, expected, atol=1e-12)

    @QUICK
    @given(steps(7))
    def test_turns_each_joint_in_the_world(self, step: Step) -> None:
        take = body()
        axes = np.broadcast_to(np.eye(3) if step.axes is None else step.axes, (7, 3, 3))[:, None]
        before, after = solved(take)["global_rotations"], solved(spaces.change(take, step))["global_rotations"]

        turned = axes.swapaxes(-1, -2) @ before

        np.testing.assert_allclose(after, turned @ axes if step.conjugate else turned, atol=1e-12)

    @QUICK
    @given(steps(7))
    def test_is_undone_by_the_inverse_step(self, step: Step) -> None:
        assert_same(spaces.change(spaces.change(body(), step), spaces.inverse(step)), body())

    @settings(max_examples=40)
    @given(st.data())
    def test_is_undone_on_any_motion_as_it_was_read(self, motions, data: st.DataObject) -> None:
        motion: Motion = data.draw(motions)
        step = data.draw(steps(motion.frames))
        positions = motion.positions()

        back = spaces.change(spaces.change(Take("a", motion), step), spaces.inverse(step))

        atol = 1e-12 * max(1.0, np.abs(positions).max()) / min(step.scale, 1.0)
        np.testing.assert_allclose(solved(back)["positions"], positions, atol=atol)

    @QUICK
    @given(st.data())
    def test_and_a_choice_of_frames_can_be_made_in_either_order(self, data: st.DataObject) -> None:
        step, frames = data.draw(steps(7)), data.draw(st.sampled_from([range(1, 6, 2), range(7), range(6, 7)]))

        later = spaces.change(body(), step).at(frames)

        assert_same(later, spaces.change(body().at(frames), step.at(frames)))
        np.testing.assert_allclose(
            spaces.points_back(solved(later)["positions"], later.steps[0]), solved(body().at(frames))["positions"]
        )

    @QUICK
    @given(steps(7, on=("joints", "markers")))
    def test_keeps_the_root_apart_from_joints_that_go_without_it(self, step: Step) -> None:
        take = body()

        changed = spaces.change(take, step)

        np.testing.assert_array_equal(changed.root.position, take.motion.translations[:, 0])
        np.testing.assert_array_equal(changed.root.rotation, take.motion.rotations[:, 0])
        np.testing.assert_allclose(solved(changed)["positions"], moved(solved(take)["positions"], step), atol=1e-12)

    @QUICK
    @given(steps(7, on=("root",)))
    def test_keeps_the_root_apart_where_it_goes_alone(self, step: Step) -> None:
        take = body()

        changed = spaces.change(take, step)

        assert_same(changed, take)
        np.testing.assert_allclose(changed.root.position, moved(take.motion.translations[:, 0], step), atol=1e-12)

    @QUICK
    @given(steps(7), steps(7))
    def test_moves_a_root_that_is_apart_already_as_it_moves_the_joints(self, first: Step, second: Step) -> None:
        take = body()
        apart = replace(take, root=Root(take.motion.translations[:, 0], take.motion.rotations[:, 0]))

        changed = spaces.change(spaces.change(apart, first), second)

        np.testing.assert_allclose(changed.root.position, changed.motion.translations[:, 0], atol=1e-12)
        np.testing.assert_allclose(changed.root.rotation, changed.motion.rotations[:, 0], atol=1e-12)

    def test_moves_corrupted_markers_with_the_good_ones(self) -> None:
        take = body()
        step = Step(2.0, turns(np.random.default_rng(3), 1)[0], np.ones(3))

        changed = spaces.change(replace(take, corrupt=take.markers), step)

        np.testing.assert_array_equal(changed.corrupt.positions, changed.markers.positions)

    @pytest.mark.parametrize("on", [("joints",), ("markers",), ("root",), ("joints", "root")])
    def test_leaves_alone_what_it_does_not_reach(self, on: tuple[str, ...]) -> None:
        take = body()

        changed = spaces.change(take, Step(2.0, origin=np.ones(3), on=on))

        same = {
            "joints": np.array_equal(changed.motion.translations, take.motion.translations),
            "markers": np.array_equal(changed.markers.positions, take.markers.positions),
        }
        assert same == {part: part not in on for part in same}

    def test_changes_nothing_in_what_it_is_given(self) -> None:
        take = body()
        before = take.motion.translations.copy(), take.motion.rotations.copy(), take.markers.positions.copy()

        spaces.change(take, Step(axes=turns(np.random.default_rng(3), 7), origin=np.ones((7, 3))))

        for array, copy in zip(
            (take.motion.translations, take.motion.rotations, take.markers.positions), before, strict=True
        ):
            np.testing.assert_array_equal(array, copy)

    def test_makes_the_same_skeleton_of_those_that_are_equal_whichever_comes_first(self) -> None:
        take = body()
        for sign in (-1.0, 1.0):
            skeleton = replace(
                take.motion.skeleton, offsets=((sign * 0.0, 1.0, 2.0), *take.motion.skeleton.offsets[1:])
            )

            changed = spaces.change(replace(take, motion=replace(take.motion, skeleton=skeleton)), Step(0.5))

            assert str(changed.motion.skeleton.offsets[0]) == "(0.0, 0.5, 1.0)"

    def test_enters_its_steps_in_order(self) -> None:
        one, other = Step(2.0), Step(3.0)

        assert spaces.change(spaces.change(body(), one), other).steps == (one, other)

    def test_takes_a_skeleton_or_markers_alone(self) -> None:
        take, step = body(), Step(2.0, origin=np.ones(3))

        assert spaces.change(replace(take, markers=None), step).markers is None
        assert spaces.change(replace(take, motion=None), step).motion is None


class TestReflection:
    NODES = (
        "Hips",
        "RightHip",
        "RightKnee",
        "LeftHip",
        "LeftKnee",
        "Head",
        "RightKnee_Nub",
        "LeftKnee_Nub",
        "Head_Nub",
    )

    def test_puts_each_node_where_its_counterpart_is_seen_in_a_mirror(self) -> None:
        take = body()
        other = [take.motion.skeleton.nodes.index(node) for node in self.NODES]

        changed = spaces.change(take, mirrored(take))

        assert changed.motion.skeleton.nodes == take.motion.skeleton.nodes
        np.testing.assert_allclose(
            solved(changed)["positions"], solved(take)["positions"][:, other] * [-1, 1, 1], atol=1e-12
        )

    def test_turns_each_joint_as_its_counterpart_is_seen_to_turn(self) -> None:
        take = body()
        other = [take.motion.skeleton.nodes.index(node) for node in self.NODES[:6]]

        turned = solved(spaces.change(take, mirrored(take)))["global_rotations"]

        np.testing.assert_allclose(turned, MIRROR @ solved(take)["global_rotations"][:, other] @ MIRROR, atol=1e-12)
        np.testing.assert_allclose(np.linalg.det(turned), 1.0)

    def test_gives_markers_their_counterparts_places_and_masks(self) -> None:
        take = body()

        changed = spaces.change(take, mirrored(take)).markers

        assert changed.names == ("LKNE", "C7", "RKNE", "RBAC")
        np.testing.assert_array_equal(changed.positions, take.markers.positions[:, [2, 1, 0, 3]] * [-1, 1, 1])
        np.testing.assert_array_equal(changed.visible, take.markers.visible[:, [2, 1, 0, 3]])

    def test_is_its_own_inverse(self) -> None:
        take = body()

        assert_same(spaces.change(spaces.change(take, mirrored(take)), spaces.inverse(mirrored(take))), take)

    def test_reflects_the_root_that_is_apart(self) -> None:
        take = body()
        apart = replace(take, root=Root(take.motion.translations[:, 0], take.motion.rotations[:, 0]))

        changed = spaces.change(apart, mirrored(take))

        np.testing.assert_allclose(changed.root.position, changed.motion.translations[:, 0])
        np.testing.assert_allclose(changed.root.rotation, changed.motion.rotations[:, 0])

    def test_is_refused_where_only_one_of_a_pair_is_there(self) -> None:
        with pytest.raises(ValueError, match="LKNE has no counterpart LANK"):
            spaces.change(body(), Step(axes=MIRROR, conjugate=True, swap=(("LANK", "LKNE"),)))

    def test_is_refused_where_a_pair_hangs_from_different_joints(self) -> None:
        with pytest.raises(ValueError, match="LeftKnee and Head do not hang from counterparts"):
            spaces.change(body(), Step(axes=MIRROR, conjugate=True, swap=(("LeftKnee", "Head"),)))


def test_invisible_markers_stay_at_nought_with_an_origin_elsewhere() -> None:
    markers = spaces.change(body(), Step(origin=np.ones(3))).markers

    assert not markers.visible.all()
    np.testing.assert_array_equal(markers.positions[~markers.visible], 0.0)


class TestMetres:
    @pytest.mark.parametrize(("units", "length"), [("mm", 0.001), (" MM ", 0.001), ("cm", 0.01), ("m", 1.0)])
    def test_are_known_from_the_markers_file(self, units: str, length: float) -> None:
        take = body()

        assert spaces.metres(replace(take, markers=replace(take.markers, units=units))) == length

    def test_are_those_of_the_scaled_markers(self) -> None:
        changed = spaces.change(spaces.change(body(), Step(0.5)), Step(4.0, on=("joints", "root")))

        assert spaces.metres(changed) == 0.002

    def test_of_the_skeleton_are_known_if_a_stage_said_so(self) -> None:
        take = replace(body(), facts={"metres_per_unit": 0.05})

        assert spaces.metres(body(), "joints") is None
        assert spaces.metres(spaces.change(take, Step(10.0)), "joints") == 0.005

    def test_are_not_known_where_the_file_has_another_word(self) -> None:
        take = body()

        assert spaces.metres(replace(take, markers=replace(take.markers, units="furlong"))) is None


@QUICK
@given(st.data())
def test_bare_points_all_move_as_points_do(data: st.DataObject) -> None:
    take = points_alone()
    step = data.draw(steps(take.frames))

    changed = spaces.change(take, step)

    assert take.motion is not None
    assert changed.motion is not None
    before, after = (kinematics.features(one, ("positions",))["positions"] for one in (take.motion, changed.motion))
    assert np.allclose(after, spaces.points(before, step))
    assert np.allclose(spaces.points_back(after, step), before)


def test_bare_points_that_are_mirrored_keep_their_sides() -> None:
    take = points_alone()
    assert take.motion is not None
    swap = pairs(take.motion.skeleton.nodes)

    changed = spaces.change(take, Step(axes=MIRROR, conjugate=True, swap=swap))

    assert changed.motion is not None
    before, after = (kinematics.features(one, ("positions",))["positions"] for one in (take.motion, changed.motion))
    assert np.array_equal(after, before[:, [0, 3, 4, 1, 2, 5]] @ MIRROR)
