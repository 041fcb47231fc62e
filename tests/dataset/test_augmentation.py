"""Stages on batches in memory: what they do to takes, or a word why not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.dataset.augmentation import augment
from motionprep.motion import kinematics, rotations
from motionprep.motion.feature_kinds import KINDS
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.take import Take
from motionprep.stages import (
    Acceleration,
    Bursts,
    Limbs,
    Mirror,
    Noise,
    Occlude,
    Scale,
    Shift,
    Speed,
    Stage,
    Swap,
    Translate,
    Velocity,
    Yaw,
)

NAMES = ("LFHD", "RFHD", "LKNE", "RKNE", "C7")
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
MOVING = [
    Yaw(),
    Yaw(up="z", most=30),
    Translate(reach=0.5),
    Translate(reach=40, unit="take", axes=("y",)),
    Mirror(chance=1),
    Mirror(chance=1, axis="z"),
]
each_spoiling = pytest.mark.parametrize("stage", SPOILING, ids=lambda stage: stage.name)
each_moving = pytest.mark.parametrize("stage", MOVING, ids=lambda stage: stage.name)

TURNS = ("Zrotation", "Xrotation", "Yrotation")
SKELETON = Skeleton(
    ("Hips", "LeftLeg", "RightLeg", "Spine"),
    (-1, 0, 0, 0),
    ((0.0, 0.0, 0.0), (1.0, -4.0, 0.5), (-1.0, -4.5, 0.5), (0.0, 2.0, 0.5)),
    (EndSite(1, (0.0, -4.0, 1.0)), EndSite(2, (0.5, -4.0, 1.0))),
    (("Xposition", "Yposition", "Zposition", *TURNS), TURNS, TURNS, TURNS),
)
KNOWN = {"names": NAMES, "nodes": SKELETON.nodes, "rate": 120.0, "metres_per_unit": 0.001}


def make_take(frames: int = 200) -> Take:
    draws = np.random.default_rng(0)
    seen = draws.random((frames, 5)) > 0.2
    places = np.where(seen[..., None], 1000 * draws.normal(size=(frames, 5, 3)), 0)
    motion = Motion(SKELETON, draws.uniform(-90, 90, (frames, 15)), 120.0)
    return Take("1_01", motion, Markers(NAMES, places, seen, 120.0, units="mm"))


#: All that can be stored but contacts and what does not follow a change of coordinates.
MOVED = {name for name, kind in KINDS.items() if kind.part not in ("feet", "body") and kind.form != "spin"}


def arrays(take: Take, features: bool = False) -> dict[str, np.ndarray]:
    """Return a take as a batch without leading axes: its markers, or all that can be stored of it."""
    found = {"markers": take.markers.positions, "markers_visible": take.markers.visible}
    if take.corrupt is not None:
        found |= {"markers_corrupt": take.corrupt.positions, "markers_corrupt_visible": take.corrupt.visible}
    if features:
        seen = take.corrupt or take.markers
        found |= kinematics.features(
            take.motion,
            ("positions", "rotations", "quaternions", "rotations_6d", "global_rotations", "root_position"),
            np.float64,
        )
        found["root_rotation"] = take.motion.poses().rotations[:, 0]
        found["markers_seen"] = np.concatenate([seen.positions, seen.visible[..., None]], axis=-1)
        velocities = Velocity(of=("positions", "root_position", "markers")).apply(take, rng()).arrays
        accelerations = Acceleration(of=("positions", "root_position")).apply(take, rng()).arrays
        found |= {name: array for name, array in {**velocities, **accelerations}.items() if name in KINDS}
    return found


def led(batch: dict[str, np.ndarray], lead: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return a batch with leading axes."""
    return {name: array.reshape(lead + array.shape) for name, array in batch.items()}


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@each_spoiling
@pytest.mark.parametrize("lead", [(), (1,), (1, 1)], ids=str)
def test_a_batch_of_one_is_corrupted_as_a_take_is_bit_by_bit(stage, lead) -> None:
    take = make_take()
    expected = arrays(stage.apply(take, rng()))

    found = augment(led(arrays(take), lead), [stage], rng(), **KNOWN)

    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array.reshape(lead + array.shape))


@each_moving
@pytest.mark.parametrize("lead", [(), (1,), (1, 1)], ids=str)
def test_a_batch_of_one_is_moved_as_a_take_is(stage, lead) -> None:
    take = SPOILING[1].apply(make_take(), rng(7))
    expected = arrays(stage.apply(take, rng()), features=True)

    found = augment(led(arrays(take, features=True), lead), [stage], rng(), **KNOWN)

    assert found.keys() == expected.keys() == MOVED
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array.reshape(lead + array.shape), rtol=1e-11, atol=1e-9, err_msg=name)


def test_two_rows_are_moved_as_their_rotations_are() -> None:
    turned = augment(arrays(make_take(), features=True), Yaw(), rng(), **KNOWN)["rotations"]
    batch = {"rotations_6d": rotations.to_6d(arrays(make_take(), features=True)["rotations"], "rows")}

    found = augment(batch, Yaw(), rng(), **KNOWN, by="rows")["rotations_6d"]

    np.testing.assert_allclose(found, rotations.to_6d(turned, "rows"), atol=1e-9)


@pytest.mark.parametrize("name", ["humanml3d", "angular_velocity"])
def test_what_does_not_follow_a_change_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"yaw does not know how to change '{name}'"):
        augment({name: np.zeros((4, 263))}, Yaw(), rng(), **KNOWN)


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
def test_the_clean_markers_stay_beside_the_corrupted_ones(stage) -> None:
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


def test_each_window_is_mirrored_or_left_as_it_is() -> None:
    batch = {name: np.stack([array] * 40) for name, array in arrays(make_take(6), features=True).items()}
    image = arrays(Mirror(chance=1).apply(make_take(6), rng()), features=True)

    found = augment(batch, Mirror(chance=0.5), rng(), **KNOWN)

    mirrored = np.random.default_rng(1).random(40) < 0.5
    assert 0 < mirrored.sum() < 40
    for name, array in found.items():
        np.testing.assert_allclose(array[mirrored], np.stack([image[name]] * mirrored.sum()), atol=1e-9, err_msg=name)
        np.testing.assert_array_equal(array[~mirrored], batch[name][~mirrored], err_msg=name)


@settings(max_examples=30)
@given(
    least=st.floats(0.3, 2.0),
    wider=st.floats(1.01, 2.0),
    frames=st.integers(1, 60),
    lead=st.sampled_from([(), (1,), (1, 1)]),
)
def test_a_batch_of_one_is_played_as_a_take_is_as_far_as_it_goes(least, wider, frames, lead) -> None:
    stage, take = Speed(least=least, most=least * wider), make_take(frames)
    names = ("markers", "markers_visible", "markers_seen", "root_position", "root_rotation", "rotations", "quaternions")
    names = (*names, "rotations_6d")
    batch = {name: plain(take)[name] for name in names}
    expected = plain(stage.apply(take, rng()))

    found = augment(led(batch, lead), stage, rng(), **KNOWN)

    kept = min(frames, int((frames - 1) // stage.most) + 1)
    for name in names:
        assert found[name].shape == (*lead, kept, *batch[name].shape[1:])
        np.testing.assert_allclose(found[name].reshape(expected[name][:kept].shape), expected[name][:kept], atol=1e-9)


def plain(take: Take) -> dict[str, np.ndarray]:
    """Return all that can be stored of a take, of a frame or more, but for velocities."""
    found = arrays(take)
    found |= kinematics.features(take.motion, ("rotations", "quaternions", "rotations_6d", "root_position"))
    found["root_rotation"] = take.motion.poses().rotations[:, 0]
    found["markers_seen"] = np.concatenate([take.markers.positions, take.markers.visible[..., None]], axis=-1)
    return found


def test_joints_are_played_nearly_as_their_bones_turn() -> None:
    curves = np.cumsum(rng().normal(0, 0.2, (40, 15)), axis=0)
    take = Take("1_01", Motion(SKELETON, curves, 120.0))
    of = ("positions", "global_rotations")

    found = augment(kinematics.features(take.motion, of), Speed(), rng(), nodes=SKELETON.nodes)

    expected = kinematics.features(Speed().apply(take, rng()).motion, of)
    for name in of:
        kept = len(found[name])
        np.testing.assert_allclose(found[name], expected[name][:kept], atol=1e-3)


def test_windows_go_each_at_its_own_speed_and_end_alike() -> None:
    batch = {"root_position": np.stack([np.arange(61.0)[:, None] * np.ones(3)] * 5)}

    found = augment(batch, Speed(least=0.5, most=1.5), rng())["root_position"]

    factors = np.exp(rng().uniform(np.log(0.5), np.log(1.5), 5))
    np.testing.assert_allclose(found[..., 0], np.arange(41) * factors[:, None])


def test_slower_windows_keep_their_length() -> None:
    batch = {"root_position": np.zeros((5, 60, 3))}

    assert augment(batch, Speed(least=0.5, most=0.9), rng())["root_position"].shape == (5, 60, 3)


def test_what_is_hidden_does_not_reach_frames_beside_it() -> None:
    places = np.ones((4, 1, 3))
    places[1] = np.nan
    batch = {"markers": places, "markers_visible": np.isfinite(places[..., 0])}

    found = augment(batch, Speed(least=1.0, most=1.0 + 1e-12), rng())

    assert found["markers_visible"][0, 0]
    assert np.isfinite(found["markers"]).all()


def test_a_stage_needs_no_list() -> None:
    batch = arrays(make_take())

    np.testing.assert_array_equal(augment(batch, Yaw(), rng())["markers"], augment(batch, [Yaw()], rng())["markers"])


def test_the_label_of_a_window_stays() -> None:
    batch = {name: np.stack([array] * 3) for name, array in arrays(make_take()).items()}
    labels = np.array([4, 2, 1])

    assert augment({**batch, "label": labels}, [Mirror(), Yaw(), Speed()], rng(), **KNOWN)["label"] is labels


@each_spoiling
def test_markers_that_say_whether_they_are_seen_are_corrupted_as_others_are(stage) -> None:
    take = make_take()
    expected = augment(arrays(take), stage, rng(), **KNOWN)
    seen = np.concatenate([take.markers.positions, take.markers.visible[..., None]], axis=-1).astype(np.float32)

    alone = augment({"markers_seen": seen.astype(np.float64)}, stage, rng(), **KNOWN)
    beside = augment({**arrays(take), "markers_seen": seen}, stage, rng(), **KNOWN)

    assert alone.keys() == {"markers_seen"}
    for found, atol in ((alone, 1e-3), (beside, 1e-3)):
        np.testing.assert_allclose(found["markers_seen"][..., :3], expected["markers_corrupt"], atol=atol)
        np.testing.assert_array_equal(found["markers_seen"][..., 3], expected["markers_corrupt_visible"])
    assert beside["markers_seen"].dtype == np.float32


def test_a_batch_without_windows_stays_without() -> None:
    batch = {name: np.stack([array] * 2)[:0] for name, array in arrays(make_take(), features=True).items()}
    for name in [name for name in batch if name.endswith(("velocity", "acceleration"))]:
        del batch[name]

    found = augment(batch, [Noise(sigma=1), Yaw(), Mirror(), Translate(), Speed()], rng(), **KNOWN)

    assert all(array.shape[0] == 0 for array in found.values())


MARKERS = arrays(make_take(5))


@pytest.mark.parametrize(
    ("batch", "stage", "known", "message"),
    [
        (MARKERS, Scale(), {}, "scale cannot be done to a batch; put it into a recipe"),
        (MARKERS, "yaw", {}, "'yaw' cannot be done to a batch; put it into a recipe"),
        ({}, Occlude(), {}, "the batch has no 'markers'; there are no arrays"),
        ({"markers": MARKERS["markers"]}, Occlude(), {}, "the batch has 'markers' without 'markers_visible'"),
        ({"markers": MARKERS["markers"]}, Translate(), {}, "the batch has 'markers' without 'markers_visible'"),
        (
            {**MARKERS, "markers_visible": MARKERS["markers_visible"][:, :4]},
            Yaw(),
            {},
            "markers has shape (5, 5, 3) and markers_visible (5, 4); "
            "expected (..., frames, markers, 3) and the same without the 3",
        ),
        (
            {**MARKERS, "markers": np.where(MARKERS["markers_visible"][..., None], np.nan, MARKERS["markers"])},
            Noise(sigma=1),
            {},
            "markers has nan at (0, 0, 0); only what is not visible may be no number",
        ),
        (
            {"rotations": np.full((5, 4, 3, 3), np.inf)},
            Yaw(),
            {},
            "rotations has inf at (0, 0, 0, 0); only what is not visible may be no number",
        ),
        (
            {"markers_seen": np.full((5, 2, 4), np.nan)},
            Yaw(),
            {},
            "markers_seen has nan at (0, 0, 3); only what is not visible may be no number",
        ),
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
        (MARKERS, Limbs(), {"names": ("C7",), "rate": 120}, "there are 1 names for the 5 markers of markers"),
        (
            {"positions": np.zeros((5, 2, 3))},
            Mirror(),
            {"nodes": ("L", "R", "C")},
            "there are 3 names for the 2 nodes of positions",
        ),
        (
            MARKERS,
            Mirror(),
            {},
            "mirror: no markers are left and right of each other; "
            "augment takes names, nodes, rate and metres_per_unit for what a batch does not hold",
        ),
        (
            MARKERS,
            Bursts(),
            {},
            "bursts: no rate; augment takes names, nodes, rate and metres_per_unit for what a batch does not hold",
        ),
        (
            MARKERS,
            Translate(),
            {},
            "translate: it is not known how many m a unit of the take is; "
            "augment takes names, nodes, rate and metres_per_unit for what a batch does not hold",
        ),
        (
            {**MARKERS, "inputs": np.zeros((5, 9))},
            Yaw(),
            {},
            "yaw does not know how to change 'inputs'; leave it out, or put yaw into a recipe",
        ),
        (
            {"root_velocity": np.zeros((5, 3))},
            Speed(),
            {},
            "speed does not know the new root_velocity; leave it out, or put speed into a recipe",
        ),
        (
            {**MARKERS, "rotations": np.zeros((5, 2, 9))},
            Yaw(),
            {},
            "rotations has shape (5, 2, 9); expected (..., frames, nodes, 3, 3)",
        ),
        ({"root_position": np.zeros(3)}, Yaw(), {}, "root_position has shape (3,); expected (..., frames, 3)"),
        (
            {**MARKERS, "positions": np.zeros((4, 5, 2, 3))},
            Yaw(),
            {},
            "the leading axes and the frames of a batch must be the same; there are [5] of markers_visible, "
            "[4, 5] of positions",
        ),
        ({"label": np.zeros(3)}, Yaw(), {}, "yaw finds nothing to change; the batch has label"),
        ({}, Yaw(), {}, "yaw finds nothing to change; the batch has no arrays"),
    ],
    ids=lambda value: value.name if isinstance(value, Stage) else "",
)
def test_what_cannot_be_done_is_refused(batch, stage, known, message) -> None:
    with pytest.raises(ValueError, match=r"\w") as error:
        augment(batch, [stage], rng(), **known)

    assert str(error.value) == message
