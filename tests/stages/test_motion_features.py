"""What describes a whole motion comes out of a build and, where it can, back into the world of the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep.errors import ExportError, RecipeError
from motionprep.motion.take import Take
from motionprep.sample import body, performance, plan_corpus
from motionprep.stages import Acceleration, AngularVelocity, Contacts, Phase, RootMotion, Smpl
from motionprep.stages.base import Dropped

RNG = np.random.default_rng(0)
UNIT = 0.0564444
ARRAYS = ["root_motion", "smpl", "positions", "rotations", "root_position"]
MOVED = [
    {"stage": "permute_axes", "axes": "zxy"},
    {"stage": "scale", "unit": "m", "metres_per_unit": UNIT},
    {"stage": "put_on_floor", "up": "z"},
    {"stage": "select_joints", "set": "smpl-22"},
    {"stage": "root_motion", "up": "z"},
    {"stage": "smpl"},
    {"stage": "features", "arrays": ARRAYS},
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    motionprep.write_sample(folder, subjects=2, motions=1, frames=240)
    return folder


@pytest.fixture(scope="module")
def dataset(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> motionprep.Dataset:
    out = tmp_path_factory.mktemp("built") / "out"
    motionprep.build(corpus, out, recipe={"split": {"percent": "100"}, "stages": MOVED})
    return motionprep.open(out)


@pytest.fixture(scope="module")
def walk() -> Take:
    planned = plan_corpus(subjects=1, motions=1, frames=400)[0]
    return Take("01_01", performance(body(planned.subject, 0), planned).at(range(1, 400)))


def test_velocities_of_the_root_come_back_as_its_places(dataset: motionprep.Dataset) -> None:
    for motion in dataset["train"].values():
        back = motionprep.invert(motion)

        np.testing.assert_allclose(back["root_motion"], back["root_position"], atol=1e-5 / UNIT)


def test_a_part_of_a_motion_begins_where_the_motion_is(dataset: motionprep.Dataset) -> None:
    motion = next(iter(dataset["train"].values()))

    part = motionprep.invert(motion, {"root_motion": motion["root_motion"][100:150]}, slice(100, 150))["root_motion"]

    np.testing.assert_allclose(part, motionprep.invert(motion)["root_motion"][100:150], atol=1e-3)


def test_the_pose_comes_back_as_the_rotations_of_the_joints(dataset: motionprep.Dataset) -> None:
    from scipy.spatial.transform import Rotation

    for motion in dataset["train"].values():
        back = motionprep.invert(motion)

        turned = Rotation.from_rotvec(back["smpl"][:, :66].reshape(-1, 3)).as_matrix().reshape(-1, 22, 3, 3)
        np.testing.assert_allclose(turned, back["rotations"], atol=1e-5)
        np.testing.assert_allclose(back["smpl"][:, 72:], back["root_position"], atol=1e-5 / UNIT)


def test_an_export_as_amass_reads_back_equal(dataset: motionprep.Dataset, tmp_path: Path) -> None:
    motionprep.export("amass", dataset, tmp_path / "amass", gender="female")

    for motion in dataset["train"].values():
        back = motionprep.invert(motion)["smpl"]
        with np.load(tmp_path / "amass" / "train" / f"{motion.key}.npz") as file:
            np.testing.assert_array_equal(file["poses"][:, :66], back[:, :66])
            np.testing.assert_allclose(file["trans"], UNIT * back[:, 72:], rtol=1e-12)
            assert (file["poses"].shape[1], str(file["gender"]), float(file["mocap_framerate"])) == (156, "female", 120)
            assert not file["poses"][:, 66:].any()
            assert not file["betas"].any()


def test_an_export_as_amass_needs_the_pose(corpus: Path, tmp_path: Path) -> None:
    motionprep.build(corpus, tmp_path / "out")

    with pytest.raises(ExportError, match="has no smpl"):
        motionprep.export("amass", tmp_path / "out", tmp_path / "amass")
    with pytest.raises(RecipeError, match="neutral, female, male"):
        motionprep.export("amass", tmp_path / "out", tmp_path / "amass", gender="none")


def test_a_walk_has_a_phase_that_grows(walk: Take) -> None:
    made = Phase().apply(Contacts().apply(walk, RNG), RNG).arrays["phase"]

    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1)
    assert (np.diff(np.unwrap(np.arctan2(made[:, 1], made[:, 0]))) > 0).all()


@pytest.mark.parametrize(
    ("stage", "take", "reason"),
    [
        (Phase(), Take("1"), "phase: no contacts; put the stage contacts before"),
        (RootMotion(), Take("1"), "root_motion: no skeleton"),
        (Smpl(), Take("1"), "smpl: no skeleton"),
        (Acceleration(), Take("1"), "acceleration: no skeleton"),
        (AngularVelocity(), Take("1"), "angular_velocity: no skeleton"),
    ],
)
def test_a_take_that_lacks_what_a_stage_needs_is_dropped(stage, take: Take, reason: str) -> None:
    assert stage.apply(take, RNG) == Dropped(reason)


def test_too_few_frames_are_dropped(make_take) -> None:
    assert Acceleration().apply(make_take(2), RNG) == Dropped("acceleration: fewer than three frames")
    assert AngularVelocity().apply(make_take(1), RNG) == Dropped("angular_velocity: fewer than two frames")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Acceleration(scheme="sideways"), "scheme is 'sideways'; it is one of backward, forward, central"),
        (lambda: Acceleration(of=("markers",)), "there is no acceleration of 'markers'"),
        (lambda: AngularVelocity(scheme=""), "scheme is ''"),
        (lambda: RootMotion(times=(float("nan"),)), "times has nan"),
    ],
)
def test_settings_that_cannot_be_are_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
