"""Xsens's motions as XML."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import motionprep
from motionprep.errors import RateError, ReadError
from motionprep.formats.mvnx import parse_mvnx, read_mvnx_header

#: In the file's order, in which a child stands before its parent.
SEGMENTS = ("Pelvis", "LeftFoot", "LeftLeg", "Head")
PARENTS = {"LeftLeg": "Pelvis", "LeftFoot": "LeftLeg", "Head": "Pelvis"}
OFFSETS = {"LeftLeg": (0.0, 0.1, -0.1), "LeftFoot": (0.0, 0.0, -0.9), "Head": (0.0, 0.0, 0.6)}


def made_up(frames: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return orientations (F, 4, 4), wxyz, and positions (F, 4, 3) of segments whose bones keep their lengths."""
    draw = np.random.default_rng(seed)
    turned = {segment: Rotation.random(frames, random_state=draw) for segment in SEGMENTS}
    placed = {"Pelvis": draw.normal(size=(frames, 3))}
    for segment in ("LeftLeg", "LeftFoot", "Head"):
        parent = PARENTS[segment]
        placed[segment] = placed[parent] + turned[parent].apply(OFFSETS[segment])
    quaternions = np.stack([turned[one].as_quat()[:, [3, 0, 1, 2]] for one in SEGMENTS], axis=1)
    return quaternions, np.stack([placed[one] for one in SEGMENTS], axis=1)


def text(quaternions: np.ndarray, positions: np.ndarray, rate: str = "240") -> bytes:
    """Return the file of a motion, with a frame of calibration before it."""
    segments = "".join(f'<segment label="{one}" id="{at}"/>' for at, one in enumerate(SEGMENTS, 1))
    joints = "".join(
        f'<joint label="j{child}"><connector1>{parent}/j{child}</connector1>'
        f"<connector2>{child}/j{child}</connector2></joint>"
        for child, parent in PARENTS.items()
    )
    frames = ['<frame type="tpose"><orientation>1 0 0 0</orientation><position>0 0 0</position></frame>']
    for turned, placed in zip(quaternions, positions, strict=True):
        four, three = (" ".join(map(repr, map(float, values.ravel()))) for values in (turned, placed))
        frames.append(
            f'<frame type="normal">\n<orientation>{four}</orientation>\n<position>{three}</position>\n'
            "<velocity>1 2 3</velocity></frame>\n"
        )
    return (
        f'<?xml version="1.0"?>\n<mvnx version="4" xmlns="http://www.xsens.com/mvn/mvnx">\n'
        f'<subject label="S" frameRate="{rate}"><segments>{segments}</segments><joints>{joints}</joints>'
        f"<frames>{''.join(frames)}</frames></subject></mvnx>"
    ).encode()


def test_joints_are_where_the_file_has_its_segments() -> None:
    quaternions, positions = made_up()
    motion = parse_mvnx(text(quaternions, positions), "a.mvnx")
    order = [SEGMENTS.index(joint) for joint in motion.skeleton.joints]
    assert motion.skeleton.joints[0] == "Pelvis"
    assert motion.rate == 240
    np.testing.assert_allclose(motion.positions(), positions[:, order], atol=1e-12)
    expected = Rotation.from_quat(quaternions[:, order][..., [1, 2, 3, 0]].reshape(-1, 4)).as_matrix()
    np.testing.assert_allclose(motion.rotations("global").reshape(-1, 3, 3), expected, atol=1e-12)


def test_only_frames_that_are_picked_are_read() -> None:
    data = text(*made_up(9))
    some = parse_mvnx(data, "a.mvnx", pick=lambda frames, rate: range(1, frames, 3))
    whole = parse_mvnx(data, "a.mvnx")
    np.testing.assert_allclose(some.positions(), whole.positions()[1::3], atol=1e-12)
    assert (some.rate, read_mvnx_header(data, "a.mvnx").frames) == (80, 9)


def test_bones_that_change_their_length_are_noted() -> None:
    quaternions, positions = made_up()
    positions[2, 1] += 0.2
    notes: list[str] = []
    parse_mvnx(text(quaternions, positions), "a.mvnx", notes=notes)
    assert len(notes) == 1
    assert "LeftFoot" in notes[0]


WHOLE = text(*made_up())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"<bvh/>", r":1: found <bvh>"),
        (WHOLE[: len(WHOLE) // 2], "no whole XML.*cut or damaged"),
        (WHOLE.replace(b"<mvnx", b'<!DOCTYPE a [<!ENTITY b "c">]>\n<mvnx'), r":2: has a document type"),
        (WHOLE.replace(b"<position>", b"<position>nan ", 2), "frame 1 has 13 numbers in <position>; expected 12"),
        (WHOLE.replace(b'label="Head"', b'label="Pelvis"'), "each with a label of its own"),
        (WHOLE.replace(b"<connector2>Head/", b"<connector2>Tail/"), "'Tail', which is no segment"),
        (WHOLE.replace(b'"normal"', b'"npose"'), "no frame of type normal"),
        (text(made_up()[0] * 2, made_up()[1]), "quaternion of length 2 for Pelvis"),
        (text(made_up()[0], np.full((5, 4, 3), np.nan)), "frame 1 has 'nan' as position of Pelvis"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: bytes, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        parse_mvnx(data, "a.mvnx")


def test_a_rate_that_cannot_be_right_is_asked_for() -> None:
    data = text(*made_up(), rate="fast")
    with pytest.raises(RateError):
        parse_mvnx(data, "a.mvnx")
    assert parse_mvnx(data, "a.mvnx", rate=60.0).rate == 60


def test_a_folder_of_them_builds_and_a_cut_one_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(3):
        whole = text(*made_up(8, number))
        (tmp_path / "data" / f"walk_0{number}.mvnx").write_bytes(whole if number else whole[:900])
    motionprep.build(tmp_path / "data", tmp_path / "out", split="100")
    data = motionprep.open(tmp_path / "out")
    assert [*data["train"]] == ["walk_01", "walk_02"]
    expected = parse_mvnx((tmp_path / "data" / "walk_02.mvnx").read_bytes(), "a").positions()
    np.testing.assert_allclose(data["train"]["walk_02"]["positions"], expected, atol=1e-5)
