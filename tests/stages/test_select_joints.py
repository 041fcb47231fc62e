from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep import kinematics
from motionprep.data import EndSite, Motion, Skeleton, Take
from motionprep.shipped import joint_sets
from motionprep.stages import Dropped, SelectJoints
from motionprep.stages.select_joints import select

RNG = np.random.default_rng(0)
NODES = ("Hips", "Spine", "Head", "LeftLeg", "LeftFoot", "Head_Nub", "LeftFoot_Nub")


class TestSelect:
    @pytest.mark.parametrize(
        ("wanted", "kept"),
        [
            (["Head"], ["Hips", "Head"]),
            (["Hips"], ["Hips"]),
            (["LeftFoot", "Head"], ["Hips", "Head", "LeftFoot"]),
            (["Left*"], ["Hips", "LeftLeg", "LeftFoot", "LeftFoot_Nub"]),
            (["*_Nub"], ["Hips", "Head_Nub", "LeftFoot_Nub"]),
            (["?????"], ["Hips", "Spine"]),
            (["[SH]*"], ["Hips", "Spine", "Head", "Head_Nub"]),
            (["!Left*"], ["Hips", "Spine", "Head", "Head_Nub"]),
            (["!*_Nub", "!Spine"], ["Hips", "Head", "LeftLeg", "LeftFoot"]),
            (["Left*", "!*Foot*"], ["Hips", "LeftLeg"]),
            (["Left*", "!*Foot*", "LeftFoot"], ["Hips", "LeftLeg", "LeftFoot"]),
            (["!*", "Head"], ["Hips", "Head"]),
            (["!Hips"], list(NODES)),
            (["Head", "Right*"], ["Hips", "Head"]),
            (["!Right*"], list(NODES)),
        ],
        ids=str,
    )
    def test_takes_names_patterns_and_exclusions_one_after_the_other(self, wanted: list[str], kept: list[str]) -> None:
        assert select(wanted, NODES) == tuple(kept)

    def test_minds_the_case(self) -> None:
        assert select(["head", "Head"], NODES) == Dropped("select_joints: no head; near are Head, Head_Nub")

    def test_says_all_names_that_are_missing_and_those_that_look_like_them(self) -> None:
        assert select(["Neck", "Head", "!Leftleg"], NODES) == Dropped(
            "select_joints: no Neck, Leftleg; near are LeftLeg"
        )

    def test_says_when_patterns_fit_nothing_at_all(self) -> None:
        assert select(["Right*", "Neck?"], NODES) == Dropped("select_joints: nothing is named like Right*, Neck?")

    @settings(deadline=None, max_examples=100)
    @given(
        st.lists(st.sampled_from([*NODES, "*", "Left*", "!Left*", "!Head", "!*_Nub", "?i*"]), min_size=1, max_size=5)
    )
    def test_keeps_the_root_and_the_order_of_nodes(self, wanted: list[str]) -> None:
        kept = select(wanted, NODES)

        assert isinstance(kept, Dropped) or kept == ("Hips", *(node for node in NODES[1:] if node in kept))


class TestApply:
    @settings(deadline=None, max_examples=50)
    @given(st.data())
    def test_what_is_kept_stays_where_it_is_in_the_world(self, motions, data: st.DataObject) -> None:
        motion: Motion = data.draw(motions)
        skeleton = motion.skeleton
        kept = data.draw(st.sets(st.sampled_from(skeleton.joints), min_size=1)) | {skeleton.joints[0]}
        before = dict(zip(skeleton.nodes, np.moveaxis(motion.positions(), 1, 0), strict=True))

        poses = kinematics.select(kinematics.poses(motion), list(kept))

        after = kinematics.features(poses, ("positions",))["positions"]
        for row, name in enumerate(poses.skeleton.joints):
            np.testing.assert_allclose(after[:, row], before[name], atol=1e-9)

    def test_positions_and_world_rotations_stay_what_they_were(self, make_take) -> None:
        take = make_take()
        features = ("positions", "global_rotations")
        before = kinematics.features(take.motion, features)

        motion = SelectJoints(joints=("Head", "LeftFoot", "*_Nub")).apply(take, RNG).motion

        after = kinematics.features(motion, features)
        assert motion.skeleton.nodes == ("Hips", "Head", "LeftFoot", "Head_Nub", "LeftFoot_Nub")
        np.testing.assert_allclose(after["positions"], before["positions"][:, [0, 2, 4, 5, 6]], atol=1e-12)
        np.testing.assert_allclose(after["global_rotations"], before["global_rotations"][:, [0, 2, 4]], atol=1e-12)

    def test_what_hangs_from_a_joint_that_is_left_out_hangs_from_the_next_one_up(self, make_take) -> None:
        skeleton = SelectJoints(joints=("!Spine", "!LeftLeg")).apply(make_take(), RNG).motion.skeleton

        assert (skeleton.joints, skeleton.parents) == (("Hips", "Head", "LeftFoot"), (-1, 0, 0))

    def test_an_end_site_goes_with_its_joint(self, make_take) -> None:
        skeleton = SelectJoints(joints=("!Head",)).apply(make_take(), RNG).motion.skeleton

        assert skeleton.nodes == ("Hips", "Spine", "LeftLeg", "LeftFoot", "LeftFoot_Nub")

    def test_an_end_site_asked_for_by_name_without_its_joint_is_a_reason_to_drop(self, make_take) -> None:
        assert SelectJoints(joints=("Spine", "Head_Nub")).apply(make_take(), RNG) == Dropped(
            "select_joints: Head_Nub ends Head, which is left out; name Head too"
        )

    def test_an_end_site_asked_for_with_its_joint_is_kept(self, make_take) -> None:
        skeleton = SelectJoints(joints=("Head", "Head_Nub")).apply(make_take(), RNG).motion.skeleton

        assert skeleton.nodes == ("Hips", "Head", "Head_Nub")

    def test_a_take_without_a_joint_that_is_named_is_dropped_with_its_name(self, make_take) -> None:
        assert SelectJoints(joints=("Neck",)).apply(make_take(), RNG) == Dropped("select_joints: no Neck")

    def test_a_take_without_a_skeleton_is_dropped_with_the_reason(self, make_take) -> None:
        take = Take("69_01", None, make_take(markers=True).markers)

        assert SelectJoints(joints=("Head",)).apply(take, RNG) == Dropped("select_joints: no skeleton")

    def test_key_rate_and_markers_stay(self, make_take) -> None:
        take = make_take(rate=60.0, markers=True)

        found = SelectJoints(joints=("Head",)).apply(take, RNG)

        assert (found.key, found.motion.rate, found.markers) == (take.key, 60.0, take.markers)


class TestSets:
    def test_a_set_stands_for_its_names_and_comes_first(self) -> None:
        assert SelectJoints(set="legs", joints=("Head",)).joints == (*joint_sets()["legs"], "Head")

    def test_a_set_is_not_stored_by_its_name(self) -> None:
        assert SelectJoints(set="legs") == SelectJoints(joints=tuple(joint_sets()["legs"]))

    def test_an_unknown_set_lists_those_that_there_are(self) -> None:
        with pytest.raises(ValueError, match=r"^there is no set 'arms'; there are no-hands, no-end-sites, legs$"):
            SelectJoints(set="arms")

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("no-hands", ["Hips", "LeftUpLeg", "LeftFoot", "LeftArm", "LeftHand", "LeftFoot_Nub"]),
            ("no-end-sites", ["Hips", "LeftUpLeg", "LeftFoot", "LeftArm", "LeftHand", "LeftHandIndex1", "LThumb"]),
            ("legs", ["Hips", "LeftUpLeg", "LeftFoot"]),
        ],
    )
    def test_of_a_small_body_a_set_keeps(self, name: str, kept: list[str]) -> None:
        joints = ("Hips", "LeftUpLeg", "LeftFoot", "LeftArm", "LeftHand", "LeftHandIndex1", "LThumb")
        tips = tuple(EndSite(joints.index(joint), (0, 1, 0)) for joint in ("LeftFoot", "LeftHandIndex1", "LThumb"))
        rest = ((0.0, 0.0, 0.0),) * len(joints)
        skeleton = Skeleton(joints, (-1, 0, 1, 0, 3, 4, 4), rest, tips, ((),) * len(joints))

        assert select(SelectJoints(set=name).joints, skeleton.nodes) == tuple(kept)


@pytest.mark.parametrize("joints", [("",), ("Head", "!"), ("!",)], ids=str)
def test_an_empty_name_is_refused(joints: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"^joints holds an empty name$"):
        SelectJoints(joints=joints)


def test_no_names_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^joints is empty; name joints, patterns or a set$"):
        SelectJoints()
