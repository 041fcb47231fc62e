"""Motions of AMASS: poses, rates, bodies, markers, and what is wrong with files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bodies import amass_arrays, body_arrays, write_body
from scipy.spatial.transform import Rotation

from motionprep.errors import RateError, ReadError
from motionprep.formats import amass, body_models
from motionprep.naming.smpl import BODIES


def packed(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def world(arrays: dict[str, Any], body: dict[str, Any], betas: int) -> np.ndarray:
    """Return world positions (F, J, 3) as the smplx package computes them: 4 x 4 matrices from the root down."""
    rest = body["J_regressor"] @ (body["v_template"] + body["shapedirs"][..., :betas] @ arrays["betas"][:betas])
    parents = BODIES[len(rest)][1]
    places = np.empty((len(arrays["poses"]), len(rest), 3))
    for frame, pose in enumerate(arrays["poses"]):
        to_world: list[np.ndarray] = []
        for joint, parent in enumerate(parents):
            own = np.eye(4)
            own[:3, :3] = Rotation.from_rotvec(pose[3 * joint : 3 * joint + 3]).as_matrix()
            own[:3, 3] = rest[joint] - (rest[parent] if joint else 0)
            to_world.append(to_world[parent] @ own if joint else own)
        places[frame] = np.array(to_world)[:, :3, 3] + arrays["trans"][frame]
    return places


@pytest.mark.parametrize("joints", [22, 24, 52, 55])
def test_rotations_are_those_of_the_axis_angles(joints: int) -> None:
    arrays = amass_arrays(joints)
    motion = amass.parse_amass(packed(**arrays), "a.npz")
    assert motion.skeleton.joints == BODIES[joints][0]
    expected = Rotation.from_rotvec(arrays["poses"].reshape(-1, 3)).as_matrix().reshape(-1, joints, 3, 3)
    np.testing.assert_allclose(motion.rotations(), expected, atol=1e-12)
    np.testing.assert_allclose(motion.root_position(), arrays["trans"], atol=1e-12)
    assert not motion.skeleton.has_lengths


@pytest.mark.parametrize("joints", [24, 52, 55])
def test_a_body_model_gives_the_positions_of_its_joints(tmp_path: Path, joints: int) -> None:
    arrays, body = amass_arrays(joints), body_arrays(joints)
    model = body_models.load(write_body(tmp_path / "body.npz", joints))
    motion = amass.parse_amass(packed(**arrays), "a.npz", model=model)
    # The model has 10 shapes, the file 16.
    np.testing.assert_allclose(motion.positions(), world(arrays, body, 10), atol=1e-6)


def test_poses_without_the_root_take_it_from_an_array_of_its_own() -> None:
    whole = amass_arrays(24)
    apart = whole | {"poses": whole["poses"][:, 3:], "root_orient": whole["poses"][:, :3]}
    assert amass.parse_amass(packed(**apart), "a.npz") == amass.parse_amass(packed(**whole), "a.npz")
    with pytest.raises(ReadError, match=r"\(12, 69\).*without the root"):
        amass.parse_amass(packed(**(whole | {"poses": whole["poses"][:, 3:]})), "a.npz")


@pytest.mark.parametrize(("stated", "rate"), [(59.99, 59.99), (100, 100.0), (120.00004, 120.0), (250.0, 250.0)])
@pytest.mark.parametrize("word", ["mocap_framerate", "mocap_frame_rate"])
def test_rates_of_either_name_are_read(word: str, stated: float, rate: float) -> None:
    arrays = amass_arrays(mocap_framerate=None) | {word: np.array(stated)}
    assert amass.parse_amass(packed(**arrays), "a.npz").rate == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize("stated", [None, np.array(0.0), np.array(np.nan), np.array([1.0, 2.0]), np.array("fast")])
def test_a_rate_that_cannot_be_right_is_asked_for(stated: Any) -> None:
    data = packed(**amass_arrays(mocap_framerate=stated))
    with pytest.raises(RateError):
        amass.parse_amass(data, "a.npz")
    assert amass.parse_amass(data, "a.npz", rate=50.0).rate == 50


def test_only_the_frames_that_are_picked_are_returned() -> None:
    data = packed(**amass_arrays())
    some = amass.parse_amass(data, "a.npz", pick=lambda frames, rate: range(1, frames, 3))
    assert some == amass.parse_amass(data, "a.npz").at(range(1, 12, 3))


def test_a_gender_that_is_not_the_body_models_is_noted(tmp_path: Path) -> None:
    model = body_models.load(write_body(tmp_path / "SMPLH_MALE.npz"))
    for gender, times in ((np.array(b"female"), 1), (np.array("male"), 0), (np.array(b"male"), 0)):
        notes: list[str] = []
        amass.parse_amass(packed(**amass_arrays(gender=gender)), "a.npz", model=model, notes=notes)
        assert len(notes) == times


_NAN = amass_arrays()["poses"]
_NAN[3, 7] = np.nan


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"poses": _NAN}, r"array 'poses'\): frame 4 has nan at place 8"),
        ({"poses": np.zeros((12, 100))}, r"array 'poses'\): has shape \(12, 100\); expected"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, "has no frames"),
        ({"trans": np.zeros((11, 3))}, r"array 'trans'\): has shape \(11, 3\); expected \(12, 3\)"),
        ({"trans": None}, "has no array 'trans'"),
        ({"poses": np.array([[None] * 156] * 12)}, "array 'poses'.*objects"),
        ({"poses": np.full((12, 156), "a")}, "array 'poses'.*expected numbers"),
    ],
)
def test_what_is_wrong_with_a_file_is_named_with_its_place(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ReadError, match=message):
        amass.parse_amass(packed(**amass_arrays(**changed)), "a.npz")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_says_so(share: float) -> None:
    data = packed(**amass_arrays())
    with pytest.raises(ReadError, match="cut or damaged"):
        amass.parse_amass(data[: int(share * len(data))], "a.npz")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"J_regressor": np.zeros((30, 200))}, "has 30 joints"),
        ({"J_regressor": np.array(None)}, "objects"),
        ({"v_template": np.zeros((10, 3))}, "as J_regressor has 200 vertices"),
        ({"shapedirs": np.full((200, 3, 10), np.inf)}, "not finite"),
        ({"kintree_table": np.zeros((2, 52), np.int64)}, "other parents"),
    ],
)
def test_what_is_wrong_with_a_body_model_is_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ReadError, match=message):
        body_models.load(write_body(tmp_path / "body.npz", **changed))


def test_poses_of_another_body_than_the_models_are_refused(tmp_path: Path) -> None:
    model = body_models.load(write_body(tmp_path / "body.npz", 55))
    with pytest.raises(ReadError, match=r"SMPL-H, 52 joints; the body model .* is of SMPL-X, 55 joints"):
        amass.parse_amass(packed(**amass_arrays(52)), "a.npz", model=model)


def test_markers_that_are_missing_are_not_visible() -> None:
    points = np.random.default_rng(2).normal(size=(12, 3, 3))
    points[4, 1, 2], points[5, 2] = np.nan, 0
    data = packed(**amass_arrays(marker_data=points, marker_labels=np.array([b"A:LFHD", b"RFHD", b"RFHD"])))
    markers = amass.parse_amass_markers(data, "a.npz")
    assert markers.names[:2] == ("LFHD", "RFHD")
    assert len({*markers.names}) == 3
    assert markers.units == "m"
    assert np.argwhere(~markers.visible).tolist() == [[4, 1], [5, 2]]
    np.testing.assert_array_equal(markers.positions[markers.visible], points[markers.visible])
    assert amass.read_amass_markers_header(io.BytesIO(data), "a.npz") == (12, 120.0, markers.names)


def test_the_published_sample_is_read(real_data: Path) -> None:
    path = real_data / "amass" / "amass_sample.npz"
    data = path.read_bytes()
    motion, markers = amass.parse_amass(data, "a.npz"), amass.parse_amass_markers(data, "a.npz")
    assert (motion.frames, motion.rate, len(motion.skeleton.joints)) == (601, 120, 52)
    assert markers.positions.shape == (601, 85, 3)
    with np.load(path) as arrays:
        expected = Rotation.from_rotvec(arrays["poses"].reshape(-1, 3)).as_matrix().reshape(601, 52, 3, 3)
    np.testing.assert_allclose(motion.rotations(), expected, atol=1e-12)
