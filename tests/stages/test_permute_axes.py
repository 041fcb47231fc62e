from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.maths import spaces
from motionprep.motion import kinematics
from motionprep.motion.take import Take
from motionprep.stages.base import Dropped
from motionprep.stages.permute_axes import PermuteAxes

RNG = np.random.default_rng(0)
ALL = [
    "".join(map("".join, zip(signs, order, strict=True)))
    for order in permutations("xyz")
    for signs in product(["", "-"], repeat=3)
]


def mirrors(axes: str) -> bool:
    """Return whether a permutation is a mirror image, by the determinant of what it does to x, y and z."""
    signs = axes.replace("-", " -").replace("x", "x ").replace("y", "y ").replace("z", "z ").split()
    return bool(
        np.linalg.det([[(axis[-1] == old) * (-1 if axis[0] == "-" else 1) for old in "xyz"] for axis in signs]) < 0
    )


PROPER = [axes for axes in ALL if not mirrors(axes)]


def positions(take: Take) -> np.ndarray:
    return kinematics.features(take.motion, ("positions",))["positions"]


class TestSettings:
    @pytest.mark.parametrize("axes", ["xxz", "xy", "xyzx", "", "abc", "x y z", "--xyz", "XYZ", "yzx-", "y-zxx"])
    def test_that_are_no_permutation_are_refused(self, axes: str) -> None:
        with pytest.raises(ValueError, match="it is x, y and z in some order"):
            PermuteAxes(axes=axes)

    @pytest.mark.parametrize("axes", sorted({*ALL} - {*PROPER}))
    def test_that_mirror_are_refused_without_being_asked_for(self, axes: str) -> None:
        with pytest.raises(ValueError, match="a mirror image; say mirror = true"):
            PermuteAxes(axes=axes)

    @pytest.mark.parametrize("axes", PROPER)
    def test_that_do_not_mirror_are_taken(self, axes: str) -> None:
        assert PermuteAxes(axes=axes).axes == axes

    def test_ask_for_a_mirror_image_only_where_there_is_one(self) -> None:
        assert PermuteAxes(axes="-xyz", mirror=True).mirror
        with pytest.raises(ValueError, match="is no mirror image"):
            PermuteAxes(axes="yzx", mirror=True)

    def test_name_parts_that_there_are(self) -> None:
        with pytest.raises(ValueError, match="only names 'root'; it may name joints, root_position, markers"):
            PermuteAxes(axes="yzx", only=("root",))


@pytest.mark.parametrize(
    ("axes", "columns", "signs"),
    [
        ("yzx", [1, 2, 0], [1, 1, 1]),
        ("zxy", [2, 0, 1], [1, 1, 1]),
        ("x-zy", [0, 2, 1], [1, -1, 1]),
        ("-x+y-z", [0, 1, 2], [-1, 1, -1]),
    ],
)
def test_each_new_axis_is_the_old_one_that_is_named(
    make_take: Callable[..., Take], axes: str, columns: list[int], signs: list[int]
) -> None:
    take = make_take(markers=True)

    changed = PermuteAxes(axes=axes).apply(take, RNG)

    np.testing.assert_allclose(positions(changed), positions(take)[..., columns] * signs, atol=1e-12)
    np.testing.assert_array_equal(changed.markers.positions, take.markers.positions[..., columns] * signs)
    assert changed.root is None


@given(axes=st.sampled_from(PROPER))
def test_a_rotation_about_an_old_axis_is_one_about_the_new(make_take: Callable[..., Take], axes: str) -> None:
    take = make_take()
    before = take.motion.poses().rotations

    changed = PermuteAxes(axes=axes).apply(take, RNG)

    turn = changed.steps[0].axes
    np.testing.assert_allclose(changed.motion.rotations, turn.T @ before @ turn, atol=1e-15)


@given(axes=st.sampled_from(PROPER))
def test_it_is_undone(make_take: Callable[..., Take], axes: str) -> None:
    take = make_take(markers=True)

    changed = PermuteAxes(axes=axes).apply(take, RNG)
    back = spaces.change(changed, spaces.inverse(changed.steps[0]))

    np.testing.assert_allclose(positions(back), positions(take), atol=1e-12)
    np.testing.assert_array_equal(back.markers.positions, take.markers.positions)


class TestOnly:
    def test_the_root_leaves_joints_and_markers_as_they_are(self, make_take: Callable[..., Take]) -> None:
        take = make_take(markers=True)

        changed = PermuteAxes(axes="yzx", only=("root_position",)).apply(take, RNG)

        np.testing.assert_array_equal(positions(changed), positions(take))
        np.testing.assert_array_equal(changed.markers.positions, take.markers.positions)
        np.testing.assert_array_equal(changed.root.position, take.motion.root_position()[:, [1, 2, 0]])

    def test_the_markers_leave_joints_and_root_as_they_are(self, make_take: Callable[..., Take]) -> None:
        take = make_take(markers=True)

        changed = PermuteAxes(axes="yzx", only=("markers",)).apply(take, RNG)

        np.testing.assert_array_equal(positions(changed), positions(take))
        np.testing.assert_array_equal(changed.markers.positions, take.markers.positions[..., [1, 2, 0]])
        assert changed.root is None

    @pytest.mark.parametrize("only", [("joints",), ("root_position",), ("joints", "markers")])
    def test_what_a_skeleton_has_drops_a_take_without_one(
        self, make_take: Callable[..., Take], only: tuple[str, ...]
    ) -> None:
        take = replace(make_take(markers=True), motion=None)

        assert PermuteAxes(axes="yzx", only=only).apply(take, RNG) == Dropped("permute_axes: no skeleton")

    def test_the_markers_drop_a_take_without_them(self, make_take: Callable[..., Take]) -> None:
        stage = PermuteAxes(axes="yzx", only=("markers",))

        assert stage.apply(make_take(), RNG) == Dropped("permute_axes: no markers")


@pytest.mark.parametrize(
    ("only", "needs"),
    [((), ()), (("root_position", "joints"), ("motion",)), (("markers", "joints"), ("markers", "motion"))],
)
def test_it_needs_the_modalities_that_it_is_to_change(only: tuple[str, ...], needs: tuple[str, ...]) -> None:
    assert PermuteAxes(axes="yzx", only=only).needs == needs


class TestMirror:
    def test_exchanges_left_and_right(self, make_take: Callable[..., Take]) -> None:
        take = make_take(markers=True)
        take = replace(take, motion=None, markers=replace(take.markers, names=("LKNE", "RKNE")))

        changed = PermuteAxes(axes="-xyz", mirror=True).apply(take, RNG)

        np.testing.assert_array_equal(changed.markers.positions, take.markers.positions[:, ::-1] * [-1, 1, 1])
        np.testing.assert_array_equal(changed.markers.visible, take.markers.visible[:, ::-1])
        assert changed.steps[0].swap == (("LKNE", "RKNE"),)

    def test_leaves_rotations_rotations(self, make_take: Callable[..., Take]) -> None:
        changed = PermuteAxes(axes="xzy", mirror=True).apply(make_take(), RNG)

        np.testing.assert_allclose(np.linalg.det(changed.motion.rotations), 1.0)

    def test_drops_a_skeleton_whose_sides_do_not_hang_alike(self, make_take: Callable[..., Take]) -> None:
        take = make_take()
        joints = ("Hips", "LeftArm", "RightArm", "LeftLeg", "LeftFoot")
        motion = replace(take.motion, skeleton=replace(take.motion.skeleton, joints=joints))

        dropped = PermuteAxes(axes="-xyz", mirror=True).apply(replace(take, motion=motion), RNG)

        assert dropped == Dropped("permute_axes: LeftArm and RightArm do not hang from counterparts")


def test_markers_alone_are_enough(make_take: Callable[..., Take]) -> None:
    take = replace(make_take(markers=True), motion=None)

    changed = PermuteAxes(axes="yzx").apply(take, RNG)

    np.testing.assert_array_equal(changed.markers.positions, take.markers.positions[..., [1, 2, 0]])
