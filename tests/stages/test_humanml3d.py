"""The stage ``humanml3d`` makes vectors of any body that has the joints, and ``invert`` makes its places of vectors."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep.errors import BuildError, RecipeError
from motionprep.maths import spaces
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.sample import body, performance, plan_corpus
from motionprep.stages.base import Dropped
from motionprep.stages.downsample import Downsample
from motionprep.stages.humanml3d import HumanML3D
from motionprep.stages.scale import Scale

RNG = np.random.default_rng(0)
UNIT = 0.0564444
BEFORE = [
    {"stage": "trim", "t_pose": 1},
    {"stage": "downsample", "rate": 20.0},
    {"stage": "scale", "unit": "m", "metres_per_unit": UNIT},
]
STORED = {"stage": "features", "arrays": ["humanml3d", "positions"]}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    motionprep.write_sample(folder, subjects=2, motions=2, frames=400)
    return folder


@pytest.fixture(scope="module")
def walk() -> Take:
    planned = plan_corpus(subjects=1, motions=1, frames=400)[0]
    return Take("01_01", performance(body(planned.subject, 0), planned).at(range(1, 400)))


def built(corpus: Path, out: Path, *stages: dict, **more) -> motionprep.Dataset:
    motionprep.build(corpus, out, recipe={"split": {"percent": "100"}, "stages": [*BEFORE, *stages], **more})
    return motionprep.open(out)


def in_metres(take: Take) -> Take:
    take = take.at(Downsample(rate=20.0).pick(take.frames, take.rate))
    made = Scale(unit="m", metres_per_unit=UNIT).apply(take, RNG)
    assert not isinstance(made, Dropped)
    return made


@pytest.mark.parametrize("ik", ["paper", "file"])
def test_vectors_come_back_as_places_in_the_world_of_the_files(corpus: Path, tmp_path: Path, ik: str) -> None:
    canonical = {"stage": "select_joints", "set": "smpl-22"}
    dataset = built(corpus, tmp_path / "out", canonical, {"stage": "humanml3d", "ik": ik}, STORED)

    for motion in dataset["train"].values():
        back = motionprep.invert(motion)

        assert motion["humanml3d"].shape == (motion.frames, 263)
        np.testing.assert_allclose(back["humanml3d"], back["positions"], atol=1e-5 / UNIT)


def test_a_prediction_in_the_middle_of_a_motion_begins_where_the_motion_is(corpus: Path, tmp_path: Path) -> None:
    motion = built(corpus, tmp_path / "out", {"stage": "humanml3d"}, STORED)["train"]["07_01"]
    whole = motionprep.invert(motion)["humanml3d"]

    part = motionprep.invert(motion, {"humanml3d": motion["humanml3d"][20:40]}, slice(20, 40))["humanml3d"]

    np.testing.assert_allclose(part, whole[20:40], atol=1e-4)


def test_normalized_vectors_of_windows_come_back(corpus: Path, tmp_path: Path) -> None:
    stages = {"stage": "humanml3d"}, {"stage": "normalize", "by": "block"}, STORED
    motion = built(corpus, tmp_path / "out", *stages)["train"]["07_01"]

    back = motionprep.invert(motion, {"humanml3d": motion["humanml3d"][:48].reshape(3, 16, 263)}, slice(0, 48))

    np.testing.assert_allclose(
        back["humanml3d"].reshape(48, 22, 3), motionprep.invert(motion)["humanml3d"][:48], atol=1e-3
    )


def test_a_block_has_the_mean_of_its_deviations(corpus: Path, tmp_path: Path) -> None:
    plain = built(corpus, tmp_path / "plain", {"stage": "humanml3d"}, {"stage": "normalize"}, STORED)
    blocks = built(corpus, tmp_path / "blocks", {"stage": "humanml3d"}, {"stage": "normalize", "by": "block"}, STORED)

    own, shared = (one["train"]["07_01"].stats("humanml3d") for one in (plain, blocks))

    np.testing.assert_array_equal(own.mean, shared.mean)
    for first, last in [(0, 1), (1, 3), (3, 4), (4, 67), (67, 193), (193, 259), (259, 263)]:
        np.testing.assert_allclose(shared.std[first:last], own.std[first:last].mean(), rtol=1e-12)


def test_places_are_those_that_the_skeleton_has_with_and_without_its_rotations(walk: Take) -> None:
    take = in_metres(walk)

    paper, file = (HumanML3D(ik=ik).apply(take, RNG) for ik in ("paper", "file"))

    assert paper.frames == file.frames == take.frames - 1
    np.testing.assert_allclose(paper.arrays["humanml3d"][:, 3], file.arrays["humanml3d"][:, 3], atol=1e-12)
    assert (paper.facts["ik"], file.facts["ik"]) == ("paper", "file")


def test_the_rotations_of_a_file_count_where_it_has_any(walk: Take) -> None:
    assert HumanML3D().apply(in_metres(walk), RNG).facts["ik"] == "file"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda take: take, "humanml3d: 120 frames a second; it is made of 20: put downsample with rate = 20 before"),
        (lambda take: in_metres(take).at(range(1)), "humanml3d: there is one frame"),
        (lambda take: spaces.change(in_metres(take), Step(scale=1e-300)), "humanml3d: its bones have no length"),
        (lambda take: Take("1", None, None), "humanml3d: no skeleton"),
    ],
)
def test_a_take_that_is_not_of_this_kind_is_dropped_with_a_reason(walk: Take, change, reason: str) -> None:

    assert re.match(reason, HumanML3D().apply(change(walk), RNG).reason)


@pytest.mark.parametrize("lengths", [1.0, 0.001, 37.5])
def test_a_body_in_an_unknown_unit_has_the_legs_of_the_published_body(walk: Take, lengths: float) -> None:
    take = walk.at(Downsample(rate=20.0).pick(walk.frames, walk.rate))
    other = spaces.change(take, Step(scale=lengths))

    made = [HumanML3D().apply(one, RNG).arrays["humanml3d"] for one in (take, other)]

    np.testing.assert_allclose(made[0], made[1], atol=1e-9)
    hip, knee, ankle = (made[0][:, 4 + 3 * (joint - 1) : 7 + 3 * (joint - 1)] for joint in (1, 4, 7))
    legs = np.linalg.norm(knee - hip, axis=1) + np.linalg.norm(ankle - knee, axis=1)
    np.testing.assert_allclose(legs, 0.826, atol=1e-3)


def test_a_body_in_a_known_unit_is_brought_to_metres(walk: Take) -> None:
    take = in_metres(walk)
    millimetres = replace(spaces.change(take, Step(scale=1000)), facts={**take.facts})

    made = [HumanML3D().apply(one, RNG).arrays["humanml3d"] for one in (take, millimetres)]

    np.testing.assert_allclose(made[0], made[1], atol=1e-9)


def test_frames_are_to_be_chosen_before() -> None:
    with pytest.raises(RecipeError, match="trim comes after humanml3d"):
        motionprep.plan("unused", recipe={"stages": [{"stage": "humanml3d"}, {"stage": "trim", "t_pose": 1}]})


def test_the_name_of_the_feature_asks_for_the_stage(corpus: Path, tmp_path: Path) -> None:
    motionprep.build(corpus, tmp_path / "out", split="100", trim=1, features="humanml3d,positions")

    motion = motionprep.open(tmp_path / "out")["train"]["07_01"]
    back = motionprep.invert(motion)
    assert (motion.rate, motion["humanml3d"].shape[1]) == (20, 263)
    np.testing.assert_allclose(back["humanml3d"][:, 0], back["positions"][:, 0], atol=1e-4)


def test_rotations_of_two_kinds_in_one_dataset_are_refused(corpus: Path, tmp_path: Path) -> None:
    stages = [
        *BEFORE,
        {"stage": "humanml3d", "ik": "paper", "splits": ["train"]},
        {"stage": "humanml3d", "ik": "file", "splits": ["test"]},
        {"stage": "features", "arrays": ["humanml3d"]},
    ]
    with pytest.raises(BuildError, match="set ik = 'paper'"):
        motionprep.build(corpus, tmp_path / "out", recipe={"split": {"percent": "50/50"}, "stages": stages})


@pytest.mark.parametrize("ik", ["paper", "file"])
def test_a_file_with_z_up_gives_the_vectors_that_it_has_with_y_up(walk: Take, ik: str) -> None:
    y_up = in_metres(walk)
    turned = spaces.change(y_up, Step(axes=np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])))
    z_up = replace(turned, facts={**turned.facts, "up": "z"}, steps=())
    expected, found = (HumanML3D(ik=ik).apply(take, RNG) for take in (replace(y_up, steps=()), z_up))
    assert not isinstance(expected, Dropped)
    assert not isinstance(found, Dropped)

    np.testing.assert_allclose(found.arrays["humanml3d"], expected.arrays["humanml3d"], atol=1e-9)
    # The way back leads to where the file has the body, z up.
    (step,), (other,) = found.steps, expected.steps
    place = np.array([1.0, 2.0, 3.0])
    back = other.axes @ place / other.scale + other.origin
    np.testing.assert_allclose(step.axes @ place / step.scale + step.origin, [back[0], -back[2], back[1]], atol=1e-9)
