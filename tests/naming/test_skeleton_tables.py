"""The table of canonical skeletons that ships, and those of users."""

from __future__ import annotations

from pathlib import Path

import pytest

from motionprep.naming import shipped
from motionprep.naming.canonical import Joint, check, parts
from motionprep.naming.sides import pairs
from motionprep.naming.skeleton_tables import load

NAMINGS = shipped.skeleton_table()["names"]
TABLE = """
[names.studio]
like = "cmu-motionbuilder"
pelvis = "Root"
left_hip = "ThighLeft"
tail = "Tail"

[skeletons.dog]
joints = [{ name = "Rump", at = "pelvis" }, { name = "Tail", parent = "Rump", at = ["pelvis", "tail"] }]
"""


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(TABLE, encoding="utf-8")
    return str(path)


class TestShipped:
    def test_names_are_in_the_order_of_their_datasets(self) -> None:
        names = {name: " ".join(joints) for name, joints in shipped.skeletons().items()}

        assert names == {
            "h36m-17": "Hip RHip RKnee RFoot LHip LKnee LFoot Spine Thorax Neck Head LShoulder LElbow LWrist RShoulder "
            "RElbow RWrist",
            "lafan1-22": "Hips LeftUpLeg LeftLeg LeftFoot LeftToe RightUpLeg RightLeg RightFoot RightToe Spine Spine1 "
            "Spine2 Neck Head LeftShoulder LeftArm LeftForeArm LeftHand RightShoulder RightArm RightForeArm RightHand",
            "smpl-22": "pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 "
            "left_foot right_foot neck left_collar right_collar head left_shoulder right_shoulder left_elbow "
            "right_elbow left_wrist right_wrist",
            "cmu-31": "Hips LHipJoint LeftUpLeg LeftLeg LeftFoot LeftToeBase RHipJoint RightUpLeg RightLeg RightFoot "
            "RightToeBase LowerBack Spine Spine1 Neck Neck1 Head LeftShoulder LeftArm LeftForeArm LeftHand "
            "LeftFingerBase LFingers LThumb RightShoulder RightArm RightForeArm RightHand RightFingerBase RFingers "
            "RThumb",
            "keypoints-15": "Pelvis Neck LShoulder LElbow LWrist RShoulder RElbow RWrist LHip LKnee LAnkle RHip RKnee "
            "RAnkle Head",
        }

    @pytest.mark.parametrize("name", shipped.skeletons())
    def test_each_is_a_tree_that_is_the_same_on_both_sides(self, name: str) -> None:
        joints = load(name)
        check(joints)
        parents = {joint.name: joint.parent for joint in joints}
        other = dict(pairs(list(parents)))
        other |= {right: left for left, right in other.items()}

        middle = [name for name in parents if name not in other]
        assert all(parents[name] in ("", *middle) for name in middle)
        for name, counterpart in other.items():
            assert parents[counterpart] == other.get(parents[name], parents[name])

    @pytest.mark.parametrize("naming", NAMINGS)
    def test_left_and_right_of_a_naming_are_each_others(self, naming: str) -> None:
        names = NAMINGS[naming]
        left = {place: nodes for place, nodes in names.items() if place.startswith("left_")}

        for place, node in left.items():
            assert pairs([node, names[place.replace("left_", "right_")]]) == (
                (node, names[place.replace("left_", "right_")]),
            )

    @pytest.mark.parametrize("name", shipped.skeletons())
    def test_the_names_of_what_is_left_say_so_in_the_file_too(self, name: str) -> None:
        joints = load(name)
        for left, right in pairs([joint.name for joint in joints]):
            lefts, rights = (next(joint.of for joint in joints if joint.name == side) for side in (left, right))
            for one, other in zip(lefts, rights, strict=True):
                assert pairs([str(one), str(other)]) == ((one, other),)

    @pytest.mark.parametrize("naming", NAMINGS)
    def test_a_file_is_read_by_its_own_naming(self, naming: str) -> None:
        names = {**NAMINGS.get(NAMINGS[naming].get("like"), {}), **NAMINGS[naming]}
        places = {place: tuple(nodes) if isinstance(nodes, list) else (nodes,) for place, nodes in names.items()}
        del places["about"]
        nodes = list(dict.fromkeys(node for of in places.values() for node in of))
        read = 0
        for name, skeleton in shipped.skeleton_table()["skeletons"].items():
            at = [[row["at"]] if isinstance(row["at"], str) else row["at"] for row in skeleton["joints"]]
            if all(place in places for of in at for place in of):
                made, missing = parts(load(name), nodes)
                assert missing == ()
                assert [[nodes[node] for node in part.nodes] for part in made] == [
                    [node for place in of for node in places[place]] for of in at
                ]
                read += 1

        assert read >= (2 if naming == "hdm" else 4)

    @pytest.mark.parametrize("name", shipped.skeletons())
    def test_namings_that_say_the_same_stand_there_once(self, name: str) -> None:
        joints = load(name)
        columns = list(
            zip(*(entries for joint in joints for entries in (joint.of, joint.rotation) if entries), strict=True)
        )

        assert len(set(columns)) == len(columns)


class TestOwn:
    def test_a_skeleton_of_the_users_table_is_at_places_of_its_namings(self, table: str) -> None:
        assert load("dog", table) == (
            Joint(name="Rump", of=("Root",)),
            Joint(name="Tail", parent="Rump", of=(("Root", "Tail"),)),
        )

    def test_a_naming_of_the_users_comes_before_those_that_ship(self, table: str) -> None:
        hips, left, *_ = load("lafan1-22", table)

        assert (hips.of[:2], left.of[:2]) == (("Root", "Hips"), ("ThighLeft", "LeftUpLeg"))

    def test_skeletons_that_ship_are_as_they_were_without_it(self, table: str) -> None:
        before = load("smpl-22")
        load("smpl-22", table)

        assert load("smpl-22") == before

    def test_an_unknown_skeleton_lists_those_that_there_are(self, table: str) -> None:
        with pytest.raises(ValueError, match=r"^there is no skeleton 'cat'; there are h36m-17, .*, keypoints-15, dog$"):
            load("cat", table)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "[skeletons.a]\njoints = 3",
                r"cannot be read: Expected `array`, got `int` - at `\$.skeletons\[...\].joints`",
            ),
            ("[skeletons.a]\nbones = []", "cannot be read: Object .* unknown field `bones`"),
            ("[skeletons", "cannot be read: "),
            ("[names.b]\nlike = 'c'", "naming b is like 'c'"),
            ("[names.b]\nlike = 'mixamo'", "naming b is like 'mixamo'; it can be like one that is like no other"),
            (
                "[skeletons.dog]\njoints = [{ name = 'Tail', at = ['pelvis', 'tail'] }]",
                "skeleton 'dog' is at tail; no naming has it all",
            ),
        ],
    )
    def test_what_is_wrong_with_a_table_is_said(self, tmp_path: Path, text: str, message: str) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")

        with pytest.raises(ValueError, match=message):
            load("dog" if "dog" in text else "h36m-17", str(path))

    def test_a_table_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"none.toml' cannot be read: .*No such file"):
            load("h36m-17", str(tmp_path / "none.toml"))
