"""Stages on batches in memory: what they do to takes, or a word why not."""

from __future__ import annotations

import numpy as np
import pytest

from motionprep import kinematics
from motionprep.augmentation import augment
from motionprep.data import Markers, Motion, Skeleton, Take
from motionprep.stages import Bursts, Limbs, Mirror, Noise, Occlude, Shift, Speed, Swap, Translate, Yaw

NAMES = ("LFHD", "RFHD", "LKNE", "RKNE", "C7")
KNOWN = {"names": NAMES, "rate": 120.0, "metres_per_unit": 0.001}
SPOILING = [
    Noise(sigma=5, unit="mm"),
    Occlude(),
    Shift(),
    Bursts(share=0.3, length=0.05),
    Bursts(share=0.3, length=0.05, law="lognormal"),
    Limbs(chance=0.3, length=0.05),
    Swap(chance=0.3, length=0.05),
    Swap(chance=0.3, length=0.05, near=False),
]
MOVING = [Yaw(), Yaw(up="z", most=30), Translate(reach=0.5), Translate(reach=40, unit="take", axes=("y",))]
each_spoiling = pytest.mark.parametrize("stage", SPOILING, ids=lambda stage: stage.name)
each_moving = pytest.mark.parametrize("stage", MOVING, ids=lambda stage: stage.name)

TURNS = ("Zrotation", "Xrotation", "Yrotation")
SKELETON = Skeleton(
    ("Hips", "Spine"),
    (-1, 0),
    ((0.0, 0.0, 0.0), (0.0, 2.0, 0.5)),
    (),
    (("Xposition", "Yposition", "Zposition", *TURNS), TURNS),
)


def make_take(frames: int = 200) -> Take:
    draws = np.random.default_rng(0)
    seen = draws.random((frames, 5)) > 0.2
    places = np.where(seen[..., None], 1000 * draws.normal(size=(frames, 5, 3)), 0)
    motion = Motion(SKELETON, draws.uniform(-90, 90, (frames, 9)), 120.0)
    return Take("1_01", motion, Markers(NAMES, places, seen, 120.0, units="mm"))


def arrays(take: Take, features: bool = False) -> dict[str, np.ndarray]:
    """Return a take as a batch without leading axes."""
    found = {"markers": take.markers.positions, "markers_visible": take.markers.visible}
    if take.corrupt is not None:
        found |= {"markers_corrupt": take.corrupt.positions, "markers_corrupt_visible": take.corrupt.visible}
    if features:
        found |= kinematics.features(
            take.motion, ("positions", "rotations", "global_rotations", "root_position"), np.float64
        )
        found["root_rotation"] = kinematics.poses(take.motion).rotations[:, 0]
    return found


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@each_spoiling
@pytest.mark.parametrize("lead", [(), (1,), (1, 1)], ids=str)
def test_a_batch_of_one_is_spoilt_as_a_take_is_bit_by_bit(stage, lead) -> None:
    take = make_take()
    expected = arrays(stage.apply(take, rng()))

    found = augment(
        {name: array.reshape(lead + array.shape) for name, array in arrays(take).items()}, [stage], rng(), **KNOWN
    )

    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array.reshape(lead + array.shape))


@each_moving
@pytest.mark.parametrize("lead", [(), (1,), (1, 1)], ids=str)
def test_a_batch_of_one_is_moved_as_a_take_is(stage, lead) -> None:
    take = SPOILING[1].apply(make_take(), rng(7))
    expected = arrays(stage.apply(take, rng()), features=True)
    batch = {name: array.reshape(lead + array.shape) for name, array in arrays(take, features=True).items()}

    found = augment(batch, [stage], rng(), **KNOWN)

    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array.reshape(lead + array.shape), rtol=0, atol=1e-9, err_msg=name)


def test_stages_draw_one_after_the_other() -> None:
    take, draws = make_take(), rng()
    for stage in SPOILING:
        take = stage.apply(take, draws)

    found = augment(arrays(make_take()), SPOILING, rng(), **KNOWN)

    np.testing.assert_array_equal(found["markers_corrupt"], take.corrupt.positions)


@pytest.mark.parametrize(
    "stage", [Occlude(), Bursts(share=0.15, length=0.05), Bursts(share=0.15, length=0.05, law="lognormal")], ids=str
)
def test_many_windows_are_hidden_as_often_as_many_takes(stage) -> None:
    take = make_take(40)
    takes = [stage.apply(take, rng(seed)).corrupt.visible for seed in range(400)]
    batch = {name: np.stack([array] * 400) for name, array in arrays(take).items()}

    found = augment(batch, [stage], rng(), **KNOWN)["markers_corrupt_visible"]

    assert found.mean() == pytest.approx(np.mean(takes), abs=0.006)


def test_windows_are_moved_each_its_own_way() -> None:
    batch = {name: np.stack([array] * 3) for name, array in arrays(make_take()).items()}

    found = augment(batch, [Yaw()], rng())["markers"]

    assert not np.allclose(found[0], found[1])
    assert not np.allclose(found[1], found[2])


@pytest.mark.parametrize("stage", [*SPOILING, *MOVING], ids=lambda stage: stage.name)
def test_what_is_given_is_not_changed(stage) -> None:
    batch = {name: np.array(array) for name, array in arrays(make_take(), features=True).items()}
    before = {name: array.copy() for name, array in batch.items()}

    augment(batch, [stage], rng(), **KNOWN)

    assert batch.keys() == before.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(batch[name], array)


@each_spoiling
def test_the_clean_markers_stay_beside_the_spoilt_ones(stage) -> None:
    batch = {**arrays(make_take()), "label": np.array(3)}

    found = augment(batch, [stage], rng(), **KNOWN)

    assert all(found[name] is batch[name] for name in batch)


@pytest.mark.parametrize("stage", [*SPOILING, *MOVING], ids=lambda stage: stage.name)
def test_dtypes_stay(stage) -> None:
    batch = {
        name: array if array.dtype == bool else array.astype(np.float32)
        for name, array in arrays(SPOILING[1].apply(make_take(), rng()), features=True).items()
    }

    found = augment(batch, [stage], rng(), **KNOWN)

    assert {name: array.dtype for name, array in found.items()} == {name: array.dtype for name, array in batch.items()}


@each_moving
def test_what_is_not_visible_stays_at_the_origin(stage) -> None:
    found = augment(arrays(SPOILING[1].apply(make_take(), rng())), [stage], rng(), **KNOWN)

    assert not found["markers"][~found["markers_visible"]].any()
    assert not found["markers_corrupt"][~found["markers_corrupt_visible"]].any()


def test_velocities_turn_and_do_not_move() -> None:
    batch = {"markers_velocity": rng().normal(size=(2, 30, 5, 3))}

    turned = augment(batch, [Yaw()], rng())["markers_velocity"]
    moved = augment(batch, [Translate(unit="take")], rng())["markers_velocity"]

    np.testing.assert_allclose(turned[..., 1], batch["markers_velocity"][..., 1])
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), np.linalg.norm(batch["markers_velocity"], axis=-1))
    np.testing.assert_array_equal(moved, batch["markers_velocity"])


def test_places_that_are_not_visible_may_hold_anything() -> None:
    batch = arrays(make_take())
    marked = np.where(batch["markers_visible"][..., None], batch["markers"], np.nan)

    found = augment({**batch, "markers": marked}, [Noise(sigma=1, unit="take")], rng())["markers_corrupt"]

    assert not found[~batch["markers_visible"]].any()


MARKERS = arrays(make_take(5))


@pytest.mark.parametrize(
    ("batch", "stage", "known", "message"),
    [
        (MARKERS, Speed(), {}, "speed cannot be done to a batch; put it into a recipe"),
        (MARKERS, Mirror(), {}, "mirror cannot be done to a batch; put it into a recipe"),
        ({}, Occlude(), {}, "the batch has no 'markers'; there are no arrays"),
        ({"markers": MARKERS["markers"]}, Occlude(), {}, "the batch has no 'markers_visible'; there are markers"),
        (
            {**MARKERS, "markers_corrupt": MARKERS["markers"]},
            Occlude(),
            {},
            "the batch has 'markers_corrupt' without 'markers_corrupt_visible'",
        ),
        (
            {**MARKERS, "markers": MARKERS["markers"][:, :3]},
            Occlude(),
            {},
            "markers has shape (5, 3, 3) and markers_visible (5, 5); "
            "expected (..., frames, markers, 3) and the same without the 3",
        ),
        (MARKERS, Limbs(), {"names": ("C7",), "rate": 120}, "there are 1 names for 5 markers"),
        (
            MARKERS,
            Bursts(),
            {},
            "bursts: no rate; augment takes names, rate and metres_per_unit for what a batch does not say",
        ),
        (
            MARKERS,
            Translate(),
            {},
            "translate: it is not known how many m a unit of the take is; "
            "augment takes names, rate and metres_per_unit for what a batch does not say",
        ),
        (
            {**MARKERS, "quaternions": np.zeros((5, 2, 4))},
            Yaw(),
            {},
            "yaw does not know how to move 'quaternions'; leave it out, or put yaw into a recipe",
        ),
        (
            {**MARKERS, "rotations": np.zeros((5, 2, 9))},
            Yaw(),
            {},
            "rotations has shape (5, 2, 9); expected 4 axes or more, the last [3, 3]",
        ),
        (
            {**MARKERS, "positions": np.zeros((4, 5, 2, 3))},
            Yaw(),
            {},
            "the leading axes of a batch must be the same; there are [] of markers_visible, [4] of positions",
        ),
        ({}, Yaw(), {}, "the leading axes of a batch must be the same; there are no arrays"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_done_is_refused(batch, stage, known, message) -> None:
    with pytest.raises(ValueError, match=r"batch|markers|rotations|yaw") as error:
        augment(batch, [stage], rng(), **known)

    assert str(error.value) == message
