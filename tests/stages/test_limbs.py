from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motionprep.motion.markers import Markers
from motionprep.motion.take import Take
from motionprep.naming.shipped import marker_sets
from motionprep.stages.base import Dropped
from motionprep.stages.limbs import Limbs

NAMES = tuple(marker_sets()["cmu-41"])


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def take(frames: int = 4000, names: tuple[str, ...] = NAMES) -> Take:
    positions = np.ones((frames, len(names), 3))
    return Take("1_01", None, Markers(names, positions, np.ones(positions.shape[:2], dtype=bool), 120.0))


def seen(stage: Limbs, of: Take) -> dict[str, np.ndarray]:
    return dict(zip(of.markers.names, stage.apply(of, rng()).corrupt.visible.T, strict=True))


@pytest.mark.parametrize("limb", ["head", "left-arm", "right-arm", "left-leg", "right-leg"])
def test_the_markers_of_a_limb_are_lost_at_once(limb: str) -> None:
    visible = seen(Limbs(chance=0.2), take())
    first, *others = marker_sets()[limb]

    assert not visible[first].all()
    assert all(np.array_equal(visible[first], visible[other]) for other in others)


def test_limbs_are_lost_each_for_itself() -> None:
    visible = seen(Limbs(chance=0.2), take())

    assert not np.array_equal(visible["LKNE"], visible["RKNE"])


@pytest.mark.parametrize("part", ["torso", "pelvis"])
def test_the_trunk_is_never_lost(part: str) -> None:
    visible = seen(Limbs(chance=0.2), take())

    assert all(visible[name].all() for name in marker_sets()[part])


def test_a_limb_is_lost_as_often_and_as_long_as_is_asked_for() -> None:
    visible = seen(Limbs(chance=0.1, length=0.25), take(400_000, ("LKNE", "C7")))["LKNE"]

    assert 1 - visible.mean() == pytest.approx(0.1, abs=0.01)
    assert np.count_nonzero(~visible) / np.count_nonzero(np.diff(visible) & visible[1:]) == pytest.approx(30, rel=0.1)


def test_limbs_may_be_named_in_the_recipe() -> None:
    stage = Limbs(chance=0.3, limbs={"shins": ("?SHN", "LTOE")})

    visible = seen(stage, take())

    assert {name for name, column in visible.items() if not column.all()} == {"LSHN", "RSHN", "LTOE"}


def test_the_recipe_that_is_stored_says_which_markers_a_limb_has() -> None:
    assert Limbs().settings()["limbs"]["left-leg"] == tuple(marker_sets()["left-leg"])
    assert Limbs() == Limbs(limbs={name: tuple(markers) for name, markers in Limbs().limbs.items()})


def test_a_limb_without_markers_is_left_out() -> None:
    visible = seen(Limbs(chance=0.3), take(names=("LKNE", "C7")))

    assert (visible["LKNE"].all(), visible["C7"].all()) == (False, True)


def test_a_take_without_limbs_is_dropped() -> None:
    found = Limbs().apply(take(names=("C7", "T10")), rng())

    assert found == Dropped("limbs: no marker of head, left-arm, right-arm, left-leg, right-leg")


def test_a_take_without_markers_is_dropped() -> None:
    assert Limbs().apply(replace(take(), markers=None), rng()) == Dropped("limbs: no markers")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"chance": 0.0}, "chance is 0.0; it must be above 0 and at most 0.5"),
        ({"chance": 0.7}, "chance is 0.7; it must be above 0 and at most 0.5"),
        ({"length": -1.0}, "length is -1.0; it must be above 0"),
        ({"limbs": {"tail": ()}}, "limbs has no marker for 'tail'"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong, message) -> None:
    with pytest.raises(ValueError, match=r"chance|length|limbs") as error:
        Limbs(**wrong)

    assert str(error.value) == message
