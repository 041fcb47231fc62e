from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motionprep
from motionprep import build, write_sample
from motionprep.dataset import inversion
from motionprep.formats import bvh
from motionprep.maths import lengths
from motionprep.motion import kinematics
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.take import Take
from motionprep.naming.canonical import Joint
from motionprep.naming.shipped import joint_sets, skeletons
from motionprep.naming.sides import pairs
from motionprep.stages import Dropped, LocalFrame, Mirror, PermuteAxes, Scale, SelectJoints, Yaw
from motionprep.stages.select_joints import select

RNG = np.random.default_rng(0)
RELEASES = {
    "motionbuilder": "cmu-bvh/01_01.bvh",
    "motionbuilder with other fingers": "cmu-bvh/12_01.bvh",
    "3dsmax": "cmu-bvh/131_01.bvh",
    "daz": "other-bvh/cmu-daz_05_20.bvh",
}
#: A pair of limbs, as each release names its left one, which tells where left is without the table.
THIGHS = {"LeftUpLeg": "RightUpLeg", "LeftHip": "RightHip", "lThigh": "rThigh"}
#: Skeletons that ask for a spine of no more joints than HDM05's, which is one.
OF_ONE_SPINE = ("h36m-17", "keypoints-15")
#: What hangs from thigh, shin, upper arm and forearm, on the left.
LIMBS = {
    "h36m-17": ("LKnee", "LFoot", "LElbow", "LWrist"),
    "lafan1-22": ("LeftLeg", "LeftFoot", "LeftForeArm", "LeftHand"),
    "smpl-22": ("left_knee", "left_ankle", "left_elbow", "left_wrist"),
    "cmu-31": ("LeftLeg", "LeftFoot", "LeftForeArm", "LeftHand"),
    "keypoints-15": ("LKnee", "LAnkle", "LElbow", "LWrist"),
}
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

        poses = motion.poses().select(list(kept))

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
        assert SelectJoints(joints=("Neck",)).apply(make_take(), RNG) == Dropped(
            "select_joints: no Neck; there are Hips, Spine, Head, LeftLeg, LeftFoot, ..."
        )

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
        with pytest.raises(
            ValueError, match=r"^there is no set 'arms'; there are no-hands, no-end-sites, legs, h36m-17,"
        ):
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


@pytest.fixture(scope="module")
def recorded(real_data: Path) -> dict[str, Take]:
    """Return some frames of a take of each release, the first of them a T-pose."""
    return {
        name: Take("a", bvh.read_bvh(real_data / file).at(range(0, 400, 7)))
        for name, file in (RELEASES | {"hdm": "other-bvh/hdm-8walk.bvh"}).items()
    }


def canonical(take: Take, name: str) -> Take:
    made = SelectJoints(set=name).apply(take, RNG)
    assert isinstance(made, Take)
    return made


def world(take: Take, feature: str = "positions") -> dict[str, np.ndarray]:
    assert take.motion is not None
    nodes = take.motion.skeleton.nodes
    return dict(zip(nodes, np.moveaxis(kinematics.features(take.motion, (feature,))[feature], 1, 0), strict=False))


each_skeleton = pytest.mark.parametrize("name", skeletons())
each_release = pytest.mark.parametrize("release", RELEASES)


class TestCanonicalSkeletons:
    @each_skeleton
    def test_have_the_same_tree_in_each_release_and_no_end_sites(self, recorded: dict[str, Take], name: str) -> None:
        made = [canonical(recorded[release], name).motion.skeleton for release in RELEASES]

        assert [skeleton.nodes for skeleton in made] == [tuple(skeletons()[name])] * len(RELEASES)
        assert len({skeleton.structure for skeleton in made}) == 1

    @each_release
    @each_skeleton
    def test_have_their_left_on_the_left_of_the_body(self, recorded: dict[str, Take], name: str, release: str) -> None:
        take = recorded[release]
        source, made = world(take), world(canonical(take, name))
        left = next(node for node in THIGHS if node in source)
        across = source[left] - source[THIGHS[left]]

        sides = pairs(list(made))
        assert len(sides) * 2 >= len(made) - 9
        for one, other in sides:
            apart = np.einsum("fi,fi->f", made[one] - made[other], across)
            # Hands and feet may cross in what comes after the T-pose.
            frames = slice(None) if any(word in one.lower() for word in ("hip", "upleg", "shoulder")) else slice(1)
            assert (apart[frames] > 0).all() or np.allclose(made[one], made[other]), one

    @each_release
    @each_skeleton
    def test_stand_upright_and_look_ahead(self, recorded: dict[str, Take], name: str, release: str) -> None:
        made = world(canonical(recorded[release], name))
        height = {node.lower(): float(np.median(points[:, 1])) for node, points in made.items()}
        low = [height[node] for node in height if node.endswith(("foot", "ankle"))]

        assert max(low) < min(height[node] for node in height if "knee" in node or node.endswith("leg"))
        assert height["head"] > height.get("neck", height["head"] - 1) > max(low)
        assert height["head"] == max(height.values())

    @each_skeleton
    def test_are_found_in_each_recorded_file_that_has_their_joints(self, real_data: Path, name: str) -> None:
        paths = sorted(real_data.glob("*-bvh/*.bvh"))
        takes = [Take("a", bvh.read_bvh(path, frames=slice(0, 1))) for path in paths]
        fitting = [not isinstance(SelectJoints(set=name).apply(take, RNG), Dropped) for take in takes]

        has_joints = {"hdm-8walk": name in OF_ONE_SPINE, "rokoko": name != "cmu-31", "xsens": name != "cmu-31"}
        assert fitting == [has_joints.get(path.stem, True) for path in paths]

    @pytest.mark.parametrize(
        ("file", "name"),
        [*itertools.product(RELEASES.values(), LIMBS), *itertools.product(["other-bvh/hdm-8walk.bvh"], OF_ONE_SPINE)],
    )
    def test_have_the_limbs_and_the_rest_pose_of_a_body(self, real_data: Path, file: str, name: str) -> None:
        made = canonical(Take("a", bvh.read_bvh(real_data / file, frames=slice(0, 1))), name)
        skeleton = made.motion.skeleton
        offsets = np.array(skeleton.offsets)
        rest = {skeleton.joints[0]: offsets[0]}
        for joint, parent, offset in zip(skeleton.joints[1:], skeleton.parents[1:], offsets[1:], strict=True):
            rest[joint] = rest[skeleton.joints[parent]] + offset
        long = dict(zip(skeleton.joints, np.linalg.norm(offsets, axis=1), strict=True))
        limbs = [sides for sides in pairs(skeleton.joints) if sides[0] in LIMBS[name]]
        thigh, shin, upper_arm, forearm = (long[joint] for joint in LIMBS[name])

        for left, right in limbs:
            assert long[left] == pytest.approx(long[right], rel=0.08)
            assert rest[left][0] > rest[right][0]
        assert 0.7 < shin / thigh < 1.4
        assert 0.4 < upper_arm / thigh < 1
        assert 0.5 < forearm / upper_arm < 1.3
        root, head = rest[skeleton.joints[0]], next(rest[joint] for joint in rest if joint.lower() == "head")
        assert 0.8 * thigh < (head - root)[1] < 3 * thigh
        assert (root - rest[LIMBS[name][1]])[1] == pytest.approx(thigh + shin, rel=0.25)

    @pytest.mark.parametrize(
        ("release", "node", "sources"),
        [
            ("motionbuilder", "Hip", ("LeftUpLeg", "RightUpLeg")),
            ("motionbuilder", "Spine", ("Spine",)),
            ("motionbuilder", "Thorax", ("LeftArm", "RightArm")),
            ("motionbuilder", "Head", ("Head_Nub",)),
            ("3dsmax", "Thorax", ("LeftShoulder", "RightShoulder")),
            ("3dsmax", "LShoulder", ("LeftShoulder",)),
            ("3dsmax", "RWrist", ("RightWrist",)),
            ("daz", "Spine", ("abdomen", "chest")),
            ("daz", "Head", ("leftEye", "rightEye")),
            ("daz", "LFoot", ("lFoot",)),
            ("hdm", "Thorax", ("LeftArm", "RightArm")),
            ("hdm", "Neck", ("Head",)),
        ],
    )
    def test_of_h36m_are_where_its_joints_are(
        self, recorded: dict[str, Take], release: str, node: str, sources: tuple[str, ...]
    ) -> None:
        source, made = world(recorded[release]), world(canonical(recorded[release], "h36m-17"))

        expected = np.mean([source[name] for name in sources], axis=0)
        np.testing.assert_allclose(made[node], expected, rtol=0, atol=1e-9)

    def test_of_cmu_are_the_motionbuilder_releases_own(self, recorded: dict[str, Take]) -> None:
        take = recorded["motionbuilder"]
        made = canonical(take, "cmu-31")

        assert made.motion.skeleton.joints == take.motion.skeleton.joints
        assert made.motion.skeleton.parents == take.motion.skeleton.parents
        np.testing.assert_allclose(made.motion.skeleton.offsets, take.motion.skeleton.offsets, atol=1e-12)
        rotations = kinematics.features(take.motion, ("rotations",))["rotations"]
        np.testing.assert_allclose(made.motion.rotations, rotations, atol=1e-12)

    @each_release
    @pytest.mark.parametrize("name", ["h36m-17", "keypoints-15"])
    def test_have_their_root_between_the_hips_and_turned_like_the_pelvis(
        self, recorded: dict[str, Take], name: str, release: str
    ) -> None:
        take = recorded[release]
        made = canonical(take, name)
        points = world(made)

        root = points[made.motion.skeleton.joints[0]]
        np.testing.assert_allclose(root, (points["LHip"] + points["RHip"]) / 2, rtol=0, atol=1e-9)
        np.testing.assert_allclose(made.motion.rotations[:, 0], take.motion.poses().rotations[:, 0])

    @each_release
    @each_skeleton
    def test_are_measured_as_the_files_own(self, recorded: dict[str, Take], name: str, release: str) -> None:
        made = canonical(recorded[release], name)

        assert lengths.measure(made, "thigh") == pytest.approx(lengths.measure(recorded[release], "thigh"), rel=1e-9)
        assert lengths.measure(made, "height") == pytest.approx(lengths.measure(recorded[release], "height"), rel=0.08)

    @each_skeleton
    def test_are_brought_back_to_the_world_of_the_file(self, recorded: dict[str, Take], name: str) -> None:
        before = canonical(recorded["daz"], name)
        features = ("positions", "rotations", "root_position")
        expected = kinematics.features(before.motion, features)
        take = before
        for stage in (Mirror(chance=1.0), Yaw(), Scale(height=22), PermuteAxes(axes="x-zy"), LocalFrame(method="root")):
            take = stage.apply(take, np.random.default_rng(3))
            assert isinstance(take, Take)

        found = kinematics.features(take.motion, features) | {"root_position": take.root.position}

        back = inversion.invert(found, take.steps, nodes=take.motion.skeleton.nodes)
        for feature in features:
            np.testing.assert_allclose(back[feature], expected[feature], rtol=0, atol=1e-6)

    @each_skeleton
    def test_are_mirrored_into_a_body_with_its_left_on_the_left(self, recorded: dict[str, Take], name: str) -> None:
        take = canonical(recorded["3dsmax"], name)

        before, after = world(take), world(Mirror(chance=1.0).apply(take, RNG))

        for left, right in pairs(list(before)):
            np.testing.assert_allclose(after[left], before[right] * (-1, 1, 1), rtol=0, atol=1e-9)

    def test_a_take_that_cannot_be_mapped_is_dropped_with_the_names(self, recorded: dict[str, Take], make_take) -> None:
        assert SelectJoints(set="lafan1-22").apply(recorded["hdm"], RNG) == Dropped(
            "select_joints: no Spine1, Spine2, Neck; near are Spine"
        )
        assert isinstance(SelectJoints(set="h36m-17").apply(make_take(), RNG), Dropped)

    def test_come_after_nothing_that_keeps_the_root_apart_or_exchanges_sides(self, recorded: dict[str, Take]) -> None:
        for stage in (LocalFrame(), Mirror(chance=1.0)):
            done = stage.apply(recorded["3dsmax"], RNG)

            assert SelectJoints(set="h36m-17").apply(done, RNG) == Dropped(
                "select_joints: the root is kept apart or left and right are exchanged; put select_joints first"
            )

    def test_poses_go_on_with_key_rate_and_markers(self, make_take) -> None:
        take = make_take(rate=60.0, markers=True)

        made = SelectJoints(skeleton=(Joint(name="A", of=("Hips",)),)).apply(take, RNG)

        assert isinstance(made.motion, Poses)
        assert (made.key, made.motion.rate, made.markers) == (take.key, 60.0, take.markers)


class TestSkeletonSettings:
    ROOT, TIP = Joint(name="A", of=("Hips",)), Joint(name="B", parent="A", of=(("Spine", "Head"),))

    def test_a_name_stands_for_its_joints_and_is_not_stored(self) -> None:
        stage = SelectJoints(set="h36m-17")

        assert [joint.name for joint in stage.skeleton] == skeletons()["h36m-17"]
        assert (stage.set, stage.joints) == ("", ())
        assert stage.settings().keys() == {"skeleton"}

    def test_joints_leave_some_out(self) -> None:
        stage = SelectJoints(set="h36m-17", joints=("!Neck", "!?Wrist"))

        assert [joint.name for joint in stage.skeleton] == [
            name for name in skeletons()["h36m-17"] if name not in ("Neck", "LWrist", "RWrist")
        ]
        assert stage.joints == ()

    def test_skeletons_alone_have_the_same_joints_for_all_takes(self) -> None:
        assert SelectJoints(set="h36m-17").fixes_joints
        assert not SelectJoints(set="legs").fixes_joints
        assert not SelectJoints(joints=("Head",)).fixes_joints

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"set": "h36m-17", "joints": ("Head",)}, "joints has 'Head', but a canonical skeleton has its joints"),
            ({"set": "h36m-17", "skeleton": (ROOT,)}, "give set or skeleton, not both"),
            ({"table": "mine.toml", "skeleton": (ROOT,)}, "table goes with set"),
            ({"skeleton": (TIP, ROOT)}, "joint B of the skeleton has the parent 'A'"),
            ({"set": "h36m-17", "table": "none.toml"}, "table 'none.toml' cannot be read"),
        ],
    )
    def test_what_does_not_go_together_is_refused(self, wrong: dict[str, object], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            SelectJoints(**wrong)


class TestRoot:
    @pytest.mark.parametrize("root", ["Hips", "@moving"])
    def test_of_a_body_that_is_carried_by_its_hips_is_what_frames_follow(self, root: str) -> None:
        take = Take("a", carried())
        chosen = SelectJoints(root=root).apply(take, RNG)
        for method in ("root", "heading"):
            told = LocalFrame(method=method).apply(chosen, RNG)
            np.testing.assert_allclose(told.root.position, take.motion.positions()[:, 1], atol=1e-12)
            np.testing.assert_allclose(
                kinematics.features(told.motion, ("root_position",))["root_position"][:, ::2], 0.0
            )

    def test_is_chosen_before_the_joints(self) -> None:
        chosen = SelectJoints(root="Hips", joints=("Head",)).apply(Take("a", carried()), RNG)
        assert chosen.motion.skeleton.joints == ("Hips", "Head")

    def test_that_is_missing_drops_the_take(self) -> None:
        dropped = SelectJoints(root="Hip").apply(Take("a", carried()), RNG)
        assert dropped == Dropped("select_joints: no Hip; near are Hips")

    def test_is_not_changed_once_it_is_kept_apart(self) -> None:
        told = LocalFrame().apply(Take("a", carried()), RNG)
        assert isinstance(SelectJoints(root="Hips").apply(told, RNG), Dropped)

    def test_goes_without_a_canonical_skeleton(self) -> None:
        with pytest.raises(ValueError, match="root goes without a canonical skeleton"):
            SelectJoints(set="h36m-17", root="Hips")


def carried() -> Motion:
    """Return a motion whose root stands still while its hips go through the world."""
    six = ("Xposition", "Yposition", "Zposition", "Zrotation", "Xrotation", "Yrotation")
    skeleton = Skeleton(
        ("Still", "Hips", "Spine", "Head"),
        (-1, 0, 1, 2),
        ((0.0, 0.0, 0.0), (0.0, 9.0, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0, 0.0)),
        (),
        (six, six, six[3:], six[3:]),
    )
    channels = np.random.default_rng(2).normal(scale=20, size=(8, len(skeleton.channel_names)))
    channels[:, :6] = 0.0
    return Motion(skeleton, channels, 30.0)


def test_a_head_whose_end_site_has_no_length_is_noted_where_it_makes_two_joints_one(tmp_path: Path) -> None:
    write_sample(tmp_path / "data", subjects=1, motions=1, frames=20)
    [path] = (tmp_path / "data").rglob("*.bvh")
    lines = path.read_text().splitlines(keepends=True)
    head = next(number for number, line in enumerate(lines) if line.split() == ["JOINT", "Head"])
    tip = next(number for number in range(head, len(lines)) if "End Site" in lines[number]) + 2
    lines[tip] = "OFFSET 0 0 0\n"
    path.write_text("".join(lines))

    build(tmp_path / "data", tmp_path / "out", recipe={"stages": [{"stage": "select_joints", "set": "h36m-17"}]})

    assert "Head is where Neck is" in motionprep.open(tmp_path / "out").manifest.reason[0]
