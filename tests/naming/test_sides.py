from __future__ import annotations

from pathlib import Path

import pytest

from motionprep.formats import bvh, c3d
from motionprep.naming.sides import pairs


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("LeftUpLeg", "RightUpLeg"),
        ("LeftToeBase_Nub", "RightToeBase_Nub"),
        ("LHipJoint", "RHipJoint"),
        ("lThigh", "rThigh"),
        ("leftEye", "rightEye"),
        ("mixamorig:LeftArm", "mixamorig:RightArm"),
        ("Bip01 L Thigh", "Bip01 R Thigh"),
        ("UpperLeg_L", "UpperLeg_R"),
        ("thigh.l", "thigh.r"),
        ("UpperArmL", "UpperArmR"),
        ("LEFT_KNEE", "RIGHT_KNEE"),
        ("LFHD", "RFHD"),
    ],
)
def test_a_name_is_paired_with_its_counterpart_in_either_order(left: str, right: str) -> None:
    assert pairs(["Hips", left, "Spine", right]) == ((left, right),)
    assert pairs([right, left]) == ((left, right),)


def test_a_name_without_a_counterpart_is_in_no_pair() -> None:
    assert pairs(["RBAC", "CLAV", "LowerBack", "LUPA", "T10", "Neck1"]) == ()


def test_no_name_is_in_two_pairs() -> None:
    assert pairs(["R_LeftArm", "R_RightArm", "L_LeftArm"]) == (("R_LeftArm", "R_RightArm"),)
    assert pairs(["L_LeftArm", "R_LeftArm", "R_RightArm"]) == (("L_LeftArm", "R_LeftArm"),)


@pytest.mark.parametrize(
    ("file", "middle"),
    [
        ("cmu-bvh/01_01.bvh", "Hips LowerBack Spine Spine1 Neck Neck1 Head Head_Nub"),
        ("cmu-bvh/131_01.bvh", "Hips lowerback Chest Chest2 lowerneck Neck Head Head_Nub"),
        ("other-bvh/cmu-daz_05_20.bvh", "hip abdomen chest neck head"),
        ("other-bvh/hdm-8walk.bvh", "Hips Spine Head Head_Nub"),
    ],
)
def test_of_recorded_skeletons_the_nodes_in_the_middle_alone_are_in_no_pair(
    real_data: Path, file: str, middle: str
) -> None:
    nodes = bvh.read_bvh(real_data / file).skeleton.nodes
    paired = {name for pair in pairs(nodes) for name in pair}

    assert [node for node in nodes if node not in paired] == middle.split()


def test_of_the_recorded_markers_those_in_the_middle_and_on_one_shoulder_blade_alone_are_in_no_pair(
    real_data: Path,
) -> None:
    names = c3d.read_c3d(real_data / "cmu-c3d/01_01.c3d").names
    paired = {name for pair in pairs(names) for name in pair}

    assert {*names} - paired == {"C7", "T10", "CLAV", "STRN", "RBAC", "RBAC-1"}
