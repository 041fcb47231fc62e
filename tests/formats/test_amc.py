"""Acclaim's skeletons and motions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from acclaim import ASF, DOF, amc, angles
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import motionprep
from motionprep.errors import ReadError
from motionprep.formats.amc import parse_amc, read_amc
from motionprep.formats.asf import parse_asf, read_asf
from motionprep.formats.c3d import read_c3d
from motionprep.maths.alignment import align_pair
from motionprep.motion.arrays import Floats

RIG = parse_asf(ASF.encode(), "a.asf")
#: Axes of each bone in the order in which they turn, its own and those of its degrees of freedom; directions; lengths.
OWN = {"trunk": ("xyz", (10, 20, 30)), "lleg": ("zyx", (-15, 0, 40)), "lfoot": ("xyz", (0, 0, 0))}
TURNS = {"root": "xyz", "trunk": "xyz", "lleg": "zx", "lfoot": "y"}
ENDS = {"trunk": (0, 5, 0), "lleg": (2.4, -3.2, 0), "lfoot": (0, 0, 1.5)}


def ends_by_scipy(values: dict[str, Floats]) -> dict[str, Floats]:
    """Return where each bone ends (F, 3), as the format defines it."""

    def turn(bone: str) -> Rotation:
        degrees = values[bone][:, 3:] if bone == "root" else values[bone]
        turned = Rotation.from_euler(TURNS[bone], degrees, degrees=True)
        if bone == "root":
            return turned
        own = Rotation.from_euler(OWN[bone][0], OWN[bone][1], degrees=True)
        return own * turned * own.inv()

    root, place = turn("root"), values["root"][:, :3]
    trunk, leg = root * turn("trunk"), root * turn("lleg")
    found = {"trunk": place + trunk.apply(ENDS["trunk"]), "lleg": place + leg.apply(ENDS["lleg"])}
    return found | {"lfoot": found["lleg"] + (leg * turn("lfoot")).apply(ENDS["lfoot"])}


@given(seed=st.integers(0, 1000), frames=st.integers(1, 6))
def test_bones_end_where_the_format_s_definition_puts_them(seed: int, frames: int) -> None:
    values = angles(frames, seed)
    motion = parse_amc(amc(values), "a.amc", RIG)
    nodes, positions = list(motion.skeleton.nodes), motion.positions()
    expected = ends_by_scipy(values)
    for node, bone in (("trunk_Nub", "trunk"), ("lfoot", "lleg"), ("lfoot_Nub", "lfoot")):
        np.testing.assert_allclose(positions[:, nodes.index(node)], expected[bone], atol=1e-9)


def test_a_skeleton_has_a_joint_where_each_bone_begins_and_its_unit_in_metres() -> None:
    assert RIG.skeleton.joints == ("root", "trunk", "lleg", "lfoot")
    assert RIG.skeleton.parents == (-1, 0, 0, 2)
    np.testing.assert_allclose(RIG.skeleton.offsets, [(0, 0, 0), (0, 0, 0), (0, 0, 0), ENDS["lleg"]])
    assert RIG.metres == pytest.approx(0.0254 / 0.45)
    assert tuple(map(len, RIG.dof)) == tuple(DOF.values())


def test_bones_may_stand_in_any_order_and_lines_end_as_on_windows() -> None:
    values = angles()
    plain = parse_amc(amc(values), "a.amc", RIG)
    other = amc(values, order=("lfoot", "root", "lleg", "trunk"), first=17).replace(b"\n", b"\r\n")
    assert np.array_equal(parse_amc(other, "a.amc", RIG).channels, plain.channels)


def test_angles_may_be_radians_by_either_file() -> None:
    values = angles()
    plain = parse_amc(amc(values), "a.amc", RIG).channels
    radians = {bone: np.concatenate([some[:, :3], np.radians(some[:, 3:])], 1) for bone, some in values.items()}
    radians |= {bone: np.radians(values[bone]) for bone in ("trunk", "lleg", "lfoot")}
    np.testing.assert_allclose(parse_amc(amc(radians, head=":RADIANS"), "a.amc", RIG).channels, plain, atol=1e-9)
    rig = parse_asf(ASF.replace("angle deg", "angle rad").encode(), "a.asf")
    assert not rig.degrees


def test_only_frames_that_are_picked_are_read_and_the_rate_follows() -> None:
    values = angles(9)
    whole = parse_amc(amc(values), "a.amc", RIG, rate=100.0)
    some = parse_amc(amc(values), "a.amc", RIG, rate=100.0, pick=lambda count, rate: range(1, count, 4))
    assert np.array_equal(some.channels, whole.channels[1::4])
    assert (whole.rate, some.rate) == (100, 25)


def test_without_a_rate_120_is_taken_and_noted() -> None:
    notes: list[str] = []
    assert parse_amc(amc(angles()), "a.amc", RIG, notes=notes).rate == 120
    assert any("states no rate" in note for note in notes)


def test_bones_without_angles_stay_in_their_rest_pose_and_it_is_noted() -> None:
    values = angles()
    notes: list[str] = []
    motion = parse_amc(amc(values, order=("root", "trunk")), "a.amc", RIG, notes=notes)
    values["lleg"][:] = values["lfoot"][:] = 0
    np.testing.assert_allclose(motion.channels, parse_amc(amc(values), "a.amc", RIG).channels, atol=1e-12)
    assert any("no angles of lleg, lfoot" in note for note in notes)


BAD_MOTIONS = {
    "an empty file": (lambda text: b"", 1, "the file is empty"),
    "a pointer of Git LFS": (lambda text: b"version https://git-lfs.github.com/spec/v1\n", 1, "Git LFS pointer"),
    "no frame": (lambda text: b"\n".join(text.splitlines()[:3]), 3, "no frame"),
    "a bone that the skeleton has not": (lambda text: text.replace(b"lfoot", b"rfoot"), 8, "found bone 'rfoot'"),
    "a bone twice": (lambda text: text.replace(b"lfoot", b"trunk", 1), 8, "bone 'trunk' stands twice"),
    "another bone in a later frame": (
        lambda text: text[: text.rfind(b"lfoot")] + b"lhand 1\n",
        28,
        "frame 5 has 'lhand'; expected bone 'lfoot'",
    ),
    "a frame that is cut": (lambda text: text[: text.rfind(b"lleg")], 27, "expected bone 'lleg'"),
    "a number too few": (
        lambda text: text[: text.rfind(b" ")] + b"\n",
        28,
        "has 0 numbers of bone 'lfoot'; expected 1",
    ),
    "a number too many": (lambda text: text[:-1] + b" 7\n", 28, "has 2 numbers of bone 'lfoot'; expected 1"),
    "a word": (lambda text: text[: text.rfind(b" ")] + b" x\n", 28, "has 'x' in bone 'lfoot'"),
    "no finite number": (lambda text: text[: text.rfind(b" ")] + b" nan\n", 28, "has 'nan' in bone 'lfoot'"),
    "a word after the last frame": (lambda text: text + b"END\n", 29, "found 'END'"),
    "a frame that is missing": (lambda text: text.replace(b"\n4\n", b"\n9\n"), None, "frame 9 follows frame 3"),
}


@pytest.mark.parametrize(("damage", "line", "message"), BAD_MOTIONS.values(), ids=BAD_MOTIONS)
def test_what_is_wrong_with_a_motion_is_named_with_its_line(damage, line, message) -> None:
    with pytest.raises(ReadError) as caught:
        parse_amc(damage(amc(angles())), "a.amc", RIG)
    assert (caught.value.path, caught.value.line) == ("a.amc", line)
    assert message in caught.value.message


BAD_SKELETONS = {
    "an empty file": ("", 1, "the file is empty"),
    "a section twice": (ASF + ":root\n", 48, ":root stands twice"),
    "an unknown section": (ASF.replace(":bonedata", ":bones"), 15, "found ':bones'"),
    "no hierarchy": (ASF[: ASF.index(":hierarchy")], 43, "has no :hierarchy"),
    "a bone without a parent": (ASF.replace("    lleg lfoot\n", ""), 35, "'lfoot' does not hang from the root"),
    "a bone of two parents": (ASF.replace("lleg lfoot", "lleg lfoot trunk"), 46, "'trunk' has two parents"),
    "a bone that is not there": (ASF.replace("root trunk lleg", "root trunk arm"), 45, "found 'arm'"),
    "a bone twice": (ASF.replace("name lfoot", "name lleg"), 42, "'lleg' stands twice"),
    "a length that is no number": (ASF.replace("length 4", "length four"), 31, "found 'four'; expected a length"),
    "two numbers of a direction": (ASF.replace("direction 0 0 1", "direction 0 0"), 38, "expected a direction of 3"),
    "a bone that changes its length": (ASF.replace("dof ry", "dof ry l"), 41, "change their length are not read"),
    "an order of axes": (ASF.replace("40 ZYX", "40 ZZX"), 32, "expected an order of axes"),
    "a unit of 0": (ASF.replace("length 0.45", "length 0"), 6, "expected a number above 0"),
    "an angle of another unit": (ASF.replace("angle deg", "angle grad"), 7, "expected deg or rad"),
}


@pytest.mark.parametrize(("text", "line", "message"), BAD_SKELETONS.values(), ids=BAD_SKELETONS)
def test_what_is_wrong_with_a_skeleton_is_named_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(ReadError) as caught:
        parse_asf(text.encode(), "a.asf")
    assert (caught.value.path, caught.value.line) == ("a.asf", line), caught.value
    assert message in caught.value.message


def test_cmu_01_01_agrees_with_its_bvh_file_below_the_chest(real_data: Path) -> None:
    rig = read_asf(real_data / "cmu-asfamc" / "01.asf")
    motion = read_amc(real_data / "cmu-asfamc" / "01_01.amc", rig)
    other = motionprep.read_bvh(real_data / "cmu-bvh" / "01_01.bvh")
    mine, its = list(motion.skeleton.nodes), list(other.skeleton.nodes)
    pairs = {"lfemur": "LeftUpLeg", "ltibia": "LeftLeg", "rfoot": "RightFoot", "rtoes": "RightToeBase"}
    pairs |= {"upperback": "Spine", "thorax": "Spine1"}
    # Frame k of the AMC file is frame k + 1 of the BVH file, whose numbers have four decimals.
    for one, two in pairs.items():
        there = other.positions()[1:, its.index(two)]
        np.testing.assert_allclose(motion.positions()[:, mine.index(one)], there, atol=1e-4)
    # The BVH file leaves out the bone thorax: all above stands lower, by its length.
    apart = motion.positions()[:, mine.index("lowerneck")] - other.positions()[1:, its.index("Neck")]
    np.testing.assert_allclose(np.linalg.norm(apart, axis=1), 2.06488, atol=1e-4)


def test_cmu_01_01_lies_as_near_to_its_markers_as_its_bvh_file(real_data: Path) -> None:
    markers = read_c3d(real_data / "cmu-c3d" / "01_01.c3d")
    rig = read_asf(real_data / "cmu-asfamc" / "01.asf")
    motion = read_amc(real_data / "cmu-asfamc" / "01_01.amc", rig)
    bvh = motionprep.read_bvh(real_data / "cmu-bvh" / "01_01.bvh")
    found, other = (align_pair(one, markers) for one in (motion, bvh))
    assert found.lag == 0
    assert found.axes == "yzx"
    assert found.residual <= other.residual * 1.01


@pytest.mark.parametrize("share", [0.01, 0.3, 0.55, 0.8])
def test_lenient_reading_keeps_the_whole_frames_of_a_file_that_was_cut(share: float) -> None:
    whole = amc(angles(frames=4))
    expected = parse_amc(whole, "01_01.amc", RIG, rate=120.0)
    last = whole.rindex(b"\n4\n") + 1
    cut = whole[: last + int(share * (len(whole) - last - 8))]
    with pytest.raises(ReadError):
        parse_amc(cut, "01_01.amc", RIG, rate=120.0)
    notes: list[str] = []
    assert parse_amc(cut, "01_01.amc", RIG, rate=120.0, lenient=True, notes=notes) == expected.at(range(3))
    assert notes == ["the file is cut in frame 4, which was left out"]


def test_a_cut_within_a_number_leaves_the_frame_out() -> None:
    whole = amc(angles(frames=4))
    cut = whole[: whole.rindex(b"lfoot ") + 6] + b"-"
    expected = parse_amc(whole, "01_01.amc", RIG, rate=120.0)
    assert parse_amc(cut, "01_01.amc", RIG, rate=120.0, lenient=True) == expected.at(range(3))


def test_lenient_reading_refuses_what_is_no_cut() -> None:
    whole = amc(angles(frames=4))
    with pytest.raises(ReadError, match="expected bone 'lleg'"):
        parse_amc(b"trunk".join(whole.rsplit(b"lleg", 1)), "01_01.amc", RIG, lenient=True)
    assert parse_amc(whole, "01_01.amc", RIG, lenient=True) == parse_amc(whole, "01_01.amc", RIG)
