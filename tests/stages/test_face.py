"""A body faces the way that is asked for, however it was turned before."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import motionprep
from motionprep.maths import spaces
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.root import Root
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.sample import body, performance, plan_corpus
from motionprep.sample.markers import capture
from motionprep.stages.base import Dropped
from motionprep.stages.face import Face
from motionprep.stages.permute_axes import PermuteAxes

RNG = np.random.default_rng(0)
AXES = {"x": (1, 0, 0), "-x": (-1, 0, 0), "z": (0, 0, 1), "-z": (0, 0, -1)}


@pytest.fixture(scope="module")
def walk() -> Take:
    """Return a generated take, with markers in their own axes, as files have them."""
    planned = plan_corpus(subjects=1, motions=1, frames=96)[0]
    motion = performance(body(planned.subject, 0), planned)
    return Take("01_01", motion.at(range(1, 96)), capture(motion, planned).at(range(1, 96)))


def face(take: Take, **settings: str) -> Take:
    found = Face(**settings).apply(take, RNG)  # type: ignore[arg-type]
    assert isinstance(found, Take)
    return found


def positions(take: Take) -> np.ndarray:
    assert take.motion is not None
    return kinematics.features(take.motion, ("positions",))["positions"]


def turned(take: Take, degrees: float, up: str = "y") -> Take:
    """Return a take that is turned about the vertical through the world's origin."""
    return spaces.change(take, Step(axes=Rotation.from_euler(up, degrees, degrees=True).as_matrix()))


def ahead(take: Take) -> np.ndarray:
    """Return the level directions (F, 3), at length 1, to which hips and shoulders face."""
    assert take.motion is not None
    names, at = take.motion.skeleton.nodes, positions(take)
    right = sum(at[:, names.index(f"Right{part}")] - at[:, names.index(f"Left{part}")] for part in ("UpLeg", "Arm"))
    forward = np.cross([0, 1, 0], right)
    return np.asarray(forward / np.linalg.norm(forward, axis=1, keepdims=True))


@pytest.mark.parametrize("toward", AXES)
def test_the_first_frame_faces_along_the_axis(walk: Take, toward: str) -> None:
    np.testing.assert_allclose(ahead(face(walk, toward=toward))[0], AXES[toward], atol=1e-9)


@pytest.mark.parametrize("toward", AXES)
def test_the_mean_of_all_frames_faces_along_the_axis(walk: Take, toward: str) -> None:
    mean = ahead(face(walk, heading="mean", toward=toward)).mean(axis=0)

    np.testing.assert_allclose(mean / np.linalg.norm(mean), AXES[toward], atol=1e-9)


@settings(max_examples=30)
@given(degrees=st.floats(-720, 720), heading=st.sampled_from(["start", "mean"]))
def test_however_a_take_was_turned_it_is_the_same_afterwards(walk: Take, degrees: float, heading: str) -> None:
    one, other = face(walk, heading=heading), face(turned(walk, degrees), heading=heading)

    np.testing.assert_allclose(positions(other), positions(one), atol=1e-9)
    assert one.markers is not None
    assert other.markers is not None
    np.testing.assert_allclose(other.markers.positions, one.markers.positions, atol=1e-8)


@settings(max_examples=20)
@given(degrees=st.floats(-180, 180))
def test_it_can_be_undone(walk: Take, degrees: float) -> None:
    take = turned(walk, degrees)
    found = face(take)
    back = spaces.change(found, spaces.inverse(found.steps[-1]))

    np.testing.assert_allclose(positions(back), positions(take), atol=1e-9)


def test_the_angle_that_is_written_down_is_that_of_the_turn(walk: Take) -> None:
    found = face(walk, toward="-x")
    turn = Rotation.from_euler("y", found.facts["face"], degrees=True).as_matrix()

    np.testing.assert_allclose(positions(found), positions(walk) @ turn.T, atol=1e-9)


@pytest.mark.parametrize(("axes", "up", "first"), [("zxy", "z", "x"), ("yzx", "x", "y")])
def test_another_axis_may_be_up(walk: Take, axes: str, up: str, first: str) -> None:
    permuted = PermuteAxes(axes=axes).apply(walk, RNG)
    assert isinstance(permuted, Take)

    assert face(permuted, up=up).facts["face"] == pytest.approx(face(walk).facts["face"])
    np.testing.assert_allclose(
        positions(face(permuted, up=up, toward=first)), positions(face(permuted, up=up)), atol=1e-12
    )


def test_markers_alone_face_as_their_skeleton_does(walk: Take) -> None:
    found = face(Take("a", None, walk.markers), up="z")

    assert found.markers is not None
    at = {name: found.markers.positions[0, row] for row, name in enumerate(found.markers.names)}
    right = at["RFWT"] - at["LFWT"] + at["RSHO"] - at["LSHO"]
    forward = np.cross([0, 0, 1], right)
    np.testing.assert_allclose(forward / np.linalg.norm(forward), [1, 0, 0], atol=1e-9)


def test_a_frame_whose_markers_are_not_seen_says_nothing(walk: Take) -> None:
    assert walk.markers is not None
    seen = np.array(walk.markers.visible)
    seen[:7, walk.markers.names.index("LSHO")] = False
    hidden = replace(walk.markers, visible=seen, positions=np.where(seen[..., None], walk.markers.positions, 0))
    later = Take("a", None, walk.markers.at(range(7, 95)))

    assert face(Take("a", None, hidden), up="z").facts == face(later, up="z").facts


def test_a_body_that_lies_on_its_side_has_no_heading() -> None:
    names = ("LFWT", "RFWT", "LSHO", "RSHO")
    places = np.array([[0.0, 1.3, 0.0], [0.0, 1.0, 0.0], [0.5, 1.4, 0.02], [0.5, 1.0, 0.0]])
    markers = Markers(names, np.tile(places, (5, 1, 1)), np.ones((5, 4), bool), 120.0)

    assert Face().apply(Take("a", None, markers), RNG) == Dropped("face: no frame says which way the body faces")


def test_headings_that_cancel_out_have_no_mean(walk: Take) -> None:
    assert walk.motion is not None
    poses = walk.motion.poses().at(range(2))
    one = poses.rotations[0]
    both = np.stack([one, one])
    both[1, 0] = Rotation.from_euler("y", 180, degrees=True).as_matrix() @ one[0]
    opposite = Take("a", replace(poses, rotations=both, translations=np.stack([poses.translations[0]] * 2)))

    dropped = Face(heading="mean").apply(opposite, RNG)

    assert isinstance(dropped, Dropped)
    assert "heading = 'start'" in dropped.reason


def test_clips_face_each_their_own_way(walk: Take) -> None:
    assert isinstance(Face().apply(replace(walk, clip=19, clip_in_file=19), RNG), Dropped)


def test_a_body_without_known_shoulders_is_dropped(make_take: Callable[..., Take]) -> None:
    assert isinstance(Face().apply(make_take(), RNG), Dropped)


def test_a_take_whose_root_is_kept_apart_is_dropped(walk: Take) -> None:
    apart = replace(walk, root=Root(np.zeros((95, 3)), np.broadcast_to(np.eye(3), (95, 3, 3))))

    assert isinstance(Face().apply(apart, RNG), Dropped)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"heading": "end"}, "heading is 'end'; it is 'start' or 'mean'"),
        ({"up": "w"}, "up is 'w'; it is 'x', 'y' or 'z'"),
        ({"toward": "y"}, "toward is 'y'; with y up it is x, -x, z, -z"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match="is") as error:
        Face(**wrong)  # type: ignore[arg-type]

    assert str(error.value) == message


def test_a_dataset_says_how_far_a_motion_was_turned_and_leads_back(corpus: Path, tmp_path: Path) -> None:
    motionprep.build(corpus, tmp_path / "plain", recipe={"stages": []})
    motionprep.build(corpus, tmp_path / "out", recipe={"stages": [{"stage": "face", "toward": "-z"}]})
    key = motionprep.open(tmp_path / "out")["train"].rows[0]["key"]
    motion, recorded = (motionprep.open(tmp_path / name)["train"][key] for name in ("out", "plain"))

    assert math.isfinite(motion.row["face"])
    assert not np.allclose(motion["positions"], recorded["positions"], atol=0.1)
    np.testing.assert_allclose(motionprep.invert(motion)["positions"], np.asarray(recorded["positions"]), atol=1e-4)
