"""What is stored, in float32 and as JSON, brings back what the files say, whatever stages a recipe has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motionprep.dataset.inversion import invert, steps_from_json, steps_to_json
from motionprep.formats import bvh, c3d
from motionprep.maths.local_frames import BODY
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.stages.base import Dropped, Stage
from motionprep.stages.local_frame import LocalFrame
from motionprep.stages.permute_axes import PermuteAxes
from motionprep.stages.scale import Scale

RNG = np.random.default_rng(0)
SKELETON = Skeleton(
    joints=("Hips", "LeftUpLeg", "LeftLeg", "LeftFoot", "RightUpLeg", "RightLeg", "RightFoot", "Head"),
    parents=(-1, 0, 1, 2, 0, 4, 5, 0),
    offsets=((0, 0, 0), (2, -1, 0), (0, -7, 0), (1, -7, 0), (-2, -1, 0), (0, -7.5, 0), (-1, -7, 0.5), (0, 9, 1)),
    end_sites=(EndSite(3, (0.0, -1.0, 2.0)), EndSite(6, (0.0, -1.0, 2.5)), EndSite(7, (0.0, 2.0, 0.0))),
    channels=((),) * 8,
)
NAMES = (*BODY, "LKNE", "RKNE", "LANK", "RANK")
STAGES: tuple[Stage, ...] = (
    LocalFrame(method="root"),
    LocalFrame(method="heading"),
    LocalFrame(method="rigid"),
    Scale(thigh=1.0),
    Scale(height=22.0),
    Scale(unit="m", metres_per_unit=0.056444),
    PermuteAxes(axes="yzx"),
    PermuteAxes(axes="z-xy", mirror=True),
    PermuteAxes(axes="zxy", only=("root_position",)),
    PermuteAxes(axes="x-zy", only=("joints", "markers")),
)


def body(frames: int = 6) -> Take:
    """Return a take with a skeleton and markers, some of them unseen, and spoilt markers."""
    rng = np.random.default_rng(7)
    turns = Rotation.random(frames * 8, rng=rng).as_matrix().reshape(frames, 8, 3, 3)
    translations = np.tile(np.array(SKELETON.offsets, dtype=float), (frames, 1, 1))
    translations[:, 0] = rng.normal(scale=30, size=(frames, 3))
    shape = np.array([*BODY.values(), (9, -40, 3), (-9, -40, 3), (9, -80, 0), (-9, -80, 0)]) / 5.6444
    points = (shape + rng.normal(scale=0.1, size=(frames, len(NAMES), 3))) @ turns[:, 0].swapaxes(1, 2)
    points += translations[:, :1]
    seen = rng.random(points.shape[:2]) < 0.9
    corrupted = seen & (rng.random(seen.shape) < 0.8)
    shifted = points + rng.normal(size=points.shape)
    return Take(
        "01_01",
        Poses(SKELETON, translations, turns, 120.0),
        Markers(NAMES, np.where(seen[..., None], points, 0.0), seen, 120.0, units="mm"),
        corrupt=Markers(NAMES, np.where(corrupted[..., None], shifted, 0.0), corrupted, 120.0),
    )


def features(take: Take) -> dict[str, np.ndarray]:
    """Return all that can be stored of a take."""
    out: dict[str, np.ndarray] = {}
    if take.motion is not None:
        names = ("positions", "rotations", "quaternions", "rotations_6d", "global_rotations")
        out = kinematics.features(take.motion, names)
        poses, root = take.motion.poses(), take.root
        out["root_position"] = root.position if root is not None else poses.translations[:, 0]
        out["root_rotation"] = root.rotation if root is not None else poses.rotations[:, 0]
    if take.markers is not None:
        out |= {"markers": take.markers.positions, "markers_visible": take.markers.visible}
        out["markers_seen"] = np.concatenate([take.markers.positions, take.markers.visible[..., None]], axis=-1)
    if take.corrupt is not None:
        out |= {"markers_corrupt": take.corrupt.positions, "markers_corrupt_visible": take.corrupt.visible}
    return out


def needing(modality: str) -> list[Stage]:
    """Return the stages that need no more than one half of a take."""
    return [stage for stage in STAGES if {*stage.needs} <= {modality}]


def led(take: Take, stages: Sequence[Stage]) -> Take:
    for stage in stages:
        changed = stage.apply(take, RNG)
        assert not isinstance(changed, Dropped), changed
        take = changed
    return take


def stored(take: Take) -> tuple[dict[str, np.ndarray], Any]:
    """Return a take's features, with its steps' frames, and the JSON of its steps, as a dataset keeps them."""
    plain, arrays = steps_to_json(take.steps)
    kept = {name: array if array.dtype == bool else array.astype(np.float32) for name, array in features(take).items()}
    return kept | {name: array.astype(np.float32) for name, array in arrays.items()}, json.loads(json.dumps(plain))


def brought_back(take: Take) -> dict[str, np.ndarray]:
    sample, plain = stored(take)
    nodes = take.motion.skeleton.nodes if take.motion is not None else ()
    return invert(sample, steps_from_json(plain, sample), nodes=nodes, markers=NAMES)


def assert_same(found: dict[str, np.ndarray], take: Take) -> None:
    expected = features(take)
    assert {*found} == {*expected}
    for name, array in expected.items():
        values = found[name]
        if name == "quaternions":
            values = values * np.where(np.sum(values * array, axis=-1, keepdims=True) < 0, -1, 1)
        if name.startswith("markers") and array.ndim == 3:
            visible = expected["markers_corrupt_visible" if name == "markers_corrupt" else "markers_visible"]
            values = np.where(visible[..., None], values, array)
        np.testing.assert_allclose(values, array, rtol=0, atol=1e-5 * max(1.0, np.abs(array).max()), err_msg=name)


class TestInvert:
    @pytest.mark.parametrize(
        "stages", [*product(STAGES, repeat=2)], ids=lambda two: "-".join(stage.name for stage in two)
    )
    def test_undoes_any_stage_after_any_other(self, stages: tuple[Stage, ...]) -> None:
        assert_same(brought_back(led(body(), stages)), body())

    @settings(max_examples=100)
    @given(st.lists(st.sampled_from(STAGES), max_size=5))
    def test_undoes_any_list_of_stages(self, stages: list[Stage]) -> None:
        assert_same(brought_back(led(body(), stages)), body())

    @settings(max_examples=40)
    @given(st.lists(st.sampled_from([*needing("motion"), PermuteAxes(axes="x-zy", only=("joints",))]), max_size=4))
    def test_undoes_them_on_a_skeleton_alone(self, stages: list[Stage]) -> None:
        take = replace(body(), markers=None, corrupt=None)

        assert_same(brought_back(led(take, stages)), take)

    @settings(max_examples=40)
    @given(st.lists(st.sampled_from([*needing("markers"), PermuteAxes(axes="x-zy", only=("markers",))]), max_size=4))
    def test_undoes_them_on_markers_alone(self, stages: list[Stage]) -> None:
        take = replace(body(), motion=None, corrupt=None)

        assert_same(brought_back(led(take, stages)), take)

    @settings(max_examples=20)
    @given(st.lists(st.sampled_from(STAGES), min_size=1, max_size=3))
    def test_undoes_them_on_a_window_of_frames(self, stages: list[Stage]) -> None:
        sample, plain = stored(led(body(), stages))
        window = {name: array[2:5] for name, array in sample.items()}

        found = invert(window, steps_from_json(plain, window), nodes=SKELETON.nodes, markers=NAMES)

        assert_same(found, body().at(range(2, 5)))

    def test_takes_flat_features(self) -> None:
        sample, plain = stored(led(body(), STAGES[:1] + STAGES[6:8]))
        steps, names = steps_from_json(plain, sample), {"nodes": SKELETON.nodes, "markers": NAMES}
        flat = {name: array.reshape(len(array), -1) for name, array in sample.items()}

        shaped = invert(sample, steps, **names)

        for name, array in invert(flat, steps, **names).items():
            np.testing.assert_array_equal(array, shaped[name].reshape(len(array), -1))

    @settings(max_examples=40)
    @given(st.lists(st.sampled_from(STAGES), max_size=4))
    def test_takes_rotations_of_all_joints_but_the_root(self, stages: list[Stage]) -> None:
        changed = led(body(), stages)
        named = ("rotations", "global_rotations")
        below = {name: features(changed)[name][:, 1:] for name in named}

        found = invert(below, changed.steps, nodes=SKELETON.nodes, without_root=named)

        for name in ("rotations", "global_rotations"):
            np.testing.assert_allclose(found[name], features(body())[name][:, 1:], atol=1e-10)

    def test_takes_what_a_network_says_for_quaternions(self) -> None:
        sample, plain = stored(led(body(), [LocalFrame()]))
        said = {**sample, "quaternions": -0.3 * sample["quaternions"]}

        found = invert(said, steps_from_json(plain, said))

        assert_same(found, body())
        np.testing.assert_allclose(np.linalg.norm(found["quaternions"], axis=-1), 1.0)

    def test_leaves_rotations_that_no_step_turned_to_the_last_bit(self) -> None:
        sample, plain = stored(led(body(), [Scale(thigh=1.0)]))

        found = invert(sample, steps_from_json(plain, sample))

        for name in ("rotations", "quaternions", "rotations_6d", "global_rotations", "root_rotation"):
            np.testing.assert_array_equal(found[name], sample[name])

    def test_brings_a_recorded_body_and_its_markers_back(self, real_data: Path) -> None:
        motion = bvh.read_bvh(real_data / "cmu-bvh/01_01.bvh").at(range(1, 2752))
        markers = c3d.read_c3d(real_data / "cmu-c3d/01_01.c3d")
        take = Take("01_01", motion, markers).at(range(0, 2751, 25))
        changed = led(take, [PermuteAxes(axes="yzx", only=("markers",)), LocalFrame(method="rigid"), Scale(thigh=1.0)])
        sample, plain = stored(changed)

        found = invert(sample, steps_from_json(plain, sample))

        assert_same(found, take)

    @pytest.mark.parametrize(
        ("sample", "message"),
        [
            ({"speed": np.zeros((6, 3))}, "speed cannot be brought back; what can are positions, rotations"),
            ({"positions": np.zeros((6, 4))}, r"positions have shape \(6, 4\); expected \(frames, ..., 3\)"),
            ({"quaternions": np.zeros((6, 2, 3))}, r"quaternions have shape \(6, 2, 3\); expected \(frames, ..., 4\)"),
            ({"markers": 0.0}, "markers have shape"),
            ({"positions": np.zeros((5, 2, 3))}, "positions: 5 frames, but the axes of a step are of 6"),
        ],
    )
    def test_says_what_it_cannot_bring_back(self, sample: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            invert(sample, led(body(), [LocalFrame()]).steps)

    @pytest.mark.parametrize(("feature", "kind"), [("rotations", "nodes"), ("markers", "markers")])
    def test_needs_names_where_left_and_right_were_exchanged(self, feature: str, kind: str) -> None:
        changed = led(body(), [PermuteAxes(axes="-xyz", mirror=True)])

        with pytest.raises(ValueError, match=f"{feature}: left and right were exchanged; give the names of all {kind}"):
            invert({feature: features(changed)[feature]}, changed.steps)

    def test_of_no_frames_is_nothing(self) -> None:
        steps = led(body(), [LocalFrame()]).at(range(0)).steps

        assert invert({"positions": np.zeros((0, 9, 3))}, steps)["positions"].shape == (0, 9, 3)


class TestStepsAsJson:
    def test_keep_constants_in_the_json_and_frames_in_arrays(self) -> None:
        frames = np.ones((6, 3, 3)), np.ones((6, 3))
        steps = (
            Step(2.0, origin=np.ones(3)),
            Step(axes=frames[0], origin=frames[1], on=("joints", "markers")),
            Step(axes=np.eye(3), origin=frames[1], conjugate=True, swap=(("L", "R"),)),
        )

        plain, arrays = steps_to_json(steps)

        assert plain == [
            {"scale": 2.0, "origin": [1.0, 1.0, 1.0]},
            {"axes": "frame_axes", "origin": "frame_origin", "on": ["joints", "markers"]},
            {"axes": np.eye(3).tolist(), "origin": "frame_origin_2", "conjugate": True, "swap": [["L", "R"]]},
        ]
        assert {name: array.shape for name, array in arrays.items()} == {
            "frame_axes": (6, 3, 3),
            "frame_origin": (6, 3),
            "frame_origin_2": (6, 3),
        }

    @given(st.lists(st.sampled_from(STAGES), max_size=4))
    def test_come_back_as_they_were(self, stages: list[Stage]) -> None:
        steps = led(body(), stages).steps
        plain, arrays = steps_to_json(steps)

        found = steps_from_json(json.loads(json.dumps(plain)), arrays)

        for one, other in zip(found, steps, strict=True):
            assert (one.scale, one.conjugate, one.swap, one.on) == (other.scale, other.conjugate, other.swap, other.on)
            np.testing.assert_array_equal(one.axes, other.axes)
            np.testing.assert_array_equal(one.origin, other.origin)

    def test_say_which_array_is_missing(self) -> None:
        plain, _ = steps_to_json(led(body(), [LocalFrame()]).steps)

        with pytest.raises(ValueError, match="there is no frame_axes, which the steps need"):
            steps_from_json(plain, {})
