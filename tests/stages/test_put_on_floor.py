"""The floor comes to 0, wherever it was, and everything goes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motionprep
from motionprep.maths import spaces
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.root import Root
from motionprep.motion.skeleton import Skeleton
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.sample import body, performance, plan_corpus
from motionprep.sample.markers import capture
from motionprep.stages.base import Dropped
from motionprep.stages.contacts import Contacts
from motionprep.stages.permute_axes import PermuteAxes
from motionprep.stages.put_on_floor import PutOnFloor

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def walk() -> Take:
    """Return a generated take without its T-pose, with markers in the skeleton's space."""
    planned = plan_corpus(subjects=1, motions=1, frames=96)[0]
    motion = performance(body(planned.subject, 0), planned)
    markers = capture(motion, planned)
    return Take("01_01", motion.at(range(1, 96)), markers.at(range(1, 96)))


def put(take: Take, **settings: str) -> Take:
    found = PutOnFloor(**settings).apply(take, RNG)  # type: ignore[arg-type]
    assert isinstance(found, Take)
    return found


def positions(take: Take) -> np.ndarray:
    assert take.motion is not None
    return kinematics.features(take.motion, ("positions",))["positions"]


def lowest(take: Take, up: int = 1) -> float:
    return float(np.percentile(positions(take)[..., up].min(axis=1), 5))


@settings(max_examples=20)
@given(height=st.floats(-1e3, 1e3))
def test_the_floor_is_at_zero_wherever_it_was(walk: Take, height: float) -> None:
    take = spaces.change(walk, Step(origin=np.array([3.0, -height, 5.0])))

    found = put(take)

    assert lowest(found) == pytest.approx(0, abs=1e-9)
    assert found.facts["floor_before"] == pytest.approx(lowest(walk) + height, abs=1e-9)
    np.testing.assert_allclose(positions(found), positions(put(walk)) - [3.0, 0, 5.0], atol=1e-9)


def test_the_stage_contacts_finds_the_floor_there(walk: Take) -> None:
    found = Contacts().apply(put(walk), RNG)

    assert isinstance(found, Take)
    assert found.facts["floor"] == pytest.approx(0, abs=1e-9)


def test_it_can_be_undone(walk: Take) -> None:
    found = put(walk)
    back = spaces.change(found, spaces.inverse(found.steps[-1]))

    np.testing.assert_allclose(positions(back), positions(walk), atol=1e-9)
    assert back.markers is not None
    assert walk.markers is not None
    np.testing.assert_allclose(back.markers.positions, walk.markers.positions, atol=1e-9)


def test_markers_and_corrupted_markers_go_with_the_skeleton(walk: Take) -> None:
    assert walk.markers is not None
    found = put(replace(walk, corrupt=walk.markers))
    seen = walk.markers.visible

    assert found.markers is not None
    assert found.corrupt is not None
    moved = walk.markers.positions - [0, float(found.facts["floor_before"]), 0]
    np.testing.assert_allclose(found.markers.positions[seen], moved[seen], atol=1e-9)
    np.testing.assert_array_equal(found.corrupt.positions, found.markers.positions)


@pytest.mark.parametrize(("axes", "up"), [("zxy", "z"), ("yzx", "x")])
def test_another_axis_may_be_up(walk: Take, axes: str, up: str) -> None:
    turned = PermuteAxes(axes=axes).apply(walk, RNG)
    assert isinstance(turned, Take)

    found = put(turned, up=up)

    assert found.facts["floor_before"] == pytest.approx(put(walk).facts["floor_before"])
    assert lowest(found, "xyz".index(up)) == pytest.approx(0, abs=1e-9)


def test_arrays_of_positions_are_put_on_the_floor(walk: Take) -> None:
    assert walk.motion is not None
    names = walk.motion.skeleton.nodes
    placed = ("Xposition", "Yposition", "Zposition")
    bare = Skeleton(names, (-1,) * len(names), ((0.0, 0.0, 0.0),) * len(names), (), (placed,) * len(names))
    channels = positions(walk).reshape(walk.frames, -1)
    points = Take("a", type(walk.motion)(bare, channels, walk.rate))

    np.testing.assert_allclose(positions(put(points)), positions(put(walk)), atol=1e-9)


def test_markers_alone_are_put_on_the_floor(walk: Take) -> None:
    planned = plan_corpus(subjects=1, motions=1, frames=96)[0]
    markers = capture(performance(body(planned.subject, 0), planned), planned)
    found = put(Take("a", None, markers), up="z")

    assert found.markers is not None
    heights = np.where(markers.visible, found.markers.positions[..., 2], np.inf).min(axis=1)
    assert np.percentile(heights, 5) == pytest.approx(0, abs=1e-9)
    assert not found.markers.positions[~markers.visible].any()


def test_confidence_is_high_on_a_level_floor_and_low_on_stairs(walk: Take) -> None:
    assert walk.motion is not None
    poses = walk.motion.poses()
    translations = np.array(poses.translations)
    translations[len(translations) // 2 :, 0, 1] += 5.0
    stairs = replace(walk, motion=replace(poses, translations=translations))

    assert float(put(walk).facts["floor_confidence"]) > 0.9
    assert float(put(stairs).facts["floor_confidence"]) < 0.85


def test_where_no_marker_is_ever_visible_there_is_no_floor() -> None:
    names = ("LANK", "RANK", "LTOE", "RTOE")
    markers = Markers(names, np.zeros((5, 4, 3)), np.zeros((5, 4), bool), 120.0)

    assert PutOnFloor().apply(Take("a", None, markers), RNG) == Dropped(
        "put_on_floor: no point is visible in any frame"
    )


def test_a_body_without_known_feet_is_dropped(make_take: Callable[..., Take]) -> None:
    assert PutOnFloor().apply(make_take(), RNG) == Dropped("put_on_floor: nothing is known to be the left toe")


def test_a_take_whose_root_is_kept_apart_is_dropped(walk: Take) -> None:
    apart = replace(walk, root=Root(np.zeros((95, 3)), np.broadcast_to(np.eye(3), (95, 3, 3))))

    assert isinstance(PutOnFloor().apply(apart, RNG), Dropped)


def test_an_axis_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="up is 'w'; it is x, y or z"):
        PutOnFloor(up="w")  # type: ignore[arg-type]


def test_a_dataset_says_where_the_floor_was_and_leads_back(corpus: Path, tmp_path: Path) -> None:
    plain = {"stages": [{"stage": "trim", "t_pose": 1}]}
    stages = [*plain["stages"], {"stage": "put_on_floor"}]
    motionprep.build(corpus, tmp_path / "plain", recipe=plain)
    motionprep.build(corpus, tmp_path / "out", recipe={"stages": stages})
    key = motionprep.open(tmp_path / "out")["train"].rows[0]["key"]
    motion, recorded = (motionprep.open(tmp_path / name)["train"][key] for name in ("out", "plain"))
    back = motionprep.invert(motion)["positions"]

    assert motion.row["floor_before"] != 0
    assert 0 <= motion.row["floor_confidence"] <= 1
    np.testing.assert_allclose(back, np.asarray(recorded["positions"]), atol=1e-4)
