from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.naming.canonical import Joint, Nodes, check, parts, without


def joint(name: str, parent: str = "", *of: Nodes, rotation: tuple[str, ...] = ()) -> Joint:
    return Joint(name=name, parent=parent, of=of or (name,), rotation=rotation)


BODY = (
    joint("Hip", "", "Hips", "hip"),
    joint("Chest", "Hip", ("LeftArm", "RightArm"), ("lShldr", "rShldr"), rotation=("Spine", "chest")),
    joint("Arm", "Chest", "LeftArm", "lShldr"),
    joint("Hand", "Arm", "LeftHand", "lHand_Nub"),
)
FIRST = ("Hips", "Spine", "LeftArm", "LeftHand", "RightArm")
SECOND = ("hip", "chest", "lShldr", "rShldr", "lShldr_Nub", "lHand_Nub")


class TestAJoint:
    def test_comes_from_a_recipe_and_goes_back(self) -> None:
        plain = {"name": "Chest", "parent": "Hip", "from": [["LeftArm", "RightArm"], "chest"], "rotation": ["Spine"]}

        assert msgspec.to_builtins(msgspec.convert(plain, Joint)) == {
            **plain,
            "from": (("LeftArm", "RightArm"), "chest"),
            "rotation": ("Spine",),
        }

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"name": "", "of": ("Hips",)}, "a joint has no name"),
            ({"name": "Hip", "of": ()}, "joint Hip is from nothing"),
            ({"name": "Hip", "of": ("",)}, "joint Hip is from nothing"),
            ({"name": "Hip", "of": ((),)}, "joint Hip is from nothing"),
            ({"name": "Hip", "of": (("Hips", ""),)}, "joint Hip is from nothing"),
            ({"name": "Hip", "of": ("Hips",), "rotation": ("",)}, "holds an empty name"),
        ],
    )
    def test_has_a_name_and_is_from_something(self, wrong: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Joint(**wrong)


class TestCheck:
    def test_joints_with_one_entry_or_as_many_as_the_others_are_good(self) -> None:
        check((*BODY, joint("Tip", "Hand", "Tip")))

    @pytest.mark.parametrize(
        ("joints", "message"),
        [
            ((joint("A"), joint("B", "A"), joint("B", "A")), "joint B twice"),
            ((joint("A", "A"),), "joint A of the skeleton has the parent 'A'"),
            ((joint("A"), joint("B")), "joint B of the skeleton has the parent ''"),
            ((joint("A"), joint("B", "C"), joint("C", "A")), "joint B of the skeleton has the parent 'C'"),
            ((joint("A", "", "a", "b"), joint("B", "A", "a", "b", "c")), "lists of 2 and of 3"),
            ((joint("A", "", "a", "b", rotation=("a", "b", "c")),), "lists of 2 and of 3"),
        ],
    )
    def test_what_is_no_tree_or_no_table_is_refused(self, joints: tuple[Joint, ...], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            check(joints)


class TestWithout:
    def test_what_hung_from_a_joint_hangs_from_the_next_one_up(self) -> None:
        fewer = without(BODY, ["!Chest", "!Arm"])

        assert [(joint.name, joint.parent) for joint in fewer] == [("Hip", ""), ("Hand", "Hip")]

    def test_the_root_stays(self) -> None:
        assert without(BODY, ["!*"]) == BODY[:1]

    def test_a_pattern_may_find_nothing(self) -> None:
        assert without(BODY, ["!*_Nub"]) == BODY

    @given(st.sets(st.sampled_from(["Chest", "Arm", "Hand"])))
    def test_what_is_left_is_a_skeleton_again(self, names: set[str]) -> None:
        check(without(BODY, [f"!{name}" for name in sorted(names)]))

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["Arm"], "joints has 'Arm', but a canonical skeleton has its joints; leave some out, as '!Arm'"),
            (["!arm"], "joints leaves out what the skeleton has not: no arm; near are Arm"),
        ],
    )
    def test_it_can_only_leave_out_what_is_there(self, words: list[str], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            without(BODY, words)


class TestParts:
    def test_are_numbers_of_nodes_and_of_parts(self) -> None:
        made, missing = parts(BODY, FIRST)

        assert made == (("Hip", -1, (0,), 0), ("Chest", 0, (2, 4), 1), ("Arm", 1, (2,), 2), ("Hand", 2, (3,), 3))
        assert missing == ()

    def test_are_those_of_the_first_naming_whose_names_are_all_there(self) -> None:
        both, _ = parts(BODY, (*SECOND, *FIRST))

        assert parts(BODY, SECOND)[0][1] == ("Chest", 0, (2, 3), 1)
        assert both[1].nodes == (len(SECOND) + 2, len(SECOND) + 4)

    def test_namings_are_never_mixed(self) -> None:
        assert parts(BODY, ("Hips", "chest", "lShldr", "rShldr", "lHand_Nub")) == ((), ("hip",))

    def test_the_names_of_the_joints_themselves_are_tried_last(self) -> None:
        own = [joint.name for joint in BODY]

        assert [part.nodes for part in parts(BODY, own[::-1])[0]] == [(3,), (2,), (1,), (0,)]
        assert parts(BODY, (*own, *FIRST))[0][1].nodes == (len(own) + 2, len(own) + 4)

    def test_what_is_missing_is_said_of_the_naming_that_lacks_least(self) -> None:
        assert parts(BODY, FIRST[:-2]) == ((), ("RightArm", "LeftHand"))

    def test_a_prefix_is_passed_over(self) -> None:
        assert parts(BODY, [f"mixamorig:{name}" for name in FIRST]) == parts(BODY, FIRST)

    def test_a_name_as_it_stands_comes_before_one_behind_a_prefix(self) -> None:
        made, _ = parts(BODY[:1], ("prop:Hips", "Hips"))

        assert made[0].nodes == (1,)

    def test_one_entry_serves_all_namings(self) -> None:
        made, _ = parts((BODY[0], joint("Tip", "Hip", "Tip")), ("hip", "Tip"))

        assert [part.nodes for part in made] == [(0,), (1,)]
