"""What each stage computes, pinned by its version: shards are named by versions, so the two must change together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionprep import identity, kinematics
from motionprep.data import Motion, Take
from motionprep.stages import STAGES, Downsample, Dropped, DropShort, Features, SelectJoints, Stage, Trim

GOLDEN = Path(__file__).parents[1] / "golden_stages.json"
#: Arrays are compared to so many decimals, since libraries differ in the last bits from machine to machine.
DECIMALS = 6

CASES: dict[str, list[Stage]] = {
    "trim": [Trim(t_pose=1), Trim(first=3, last=20), Trim(first=25)],
    "drop_short": [DropShort(frames=24), DropShort(frames=25)],
    "downsample": [
        Downsample(factor=5),
        Downsample(factor=5, partial=True),
        Downsample(rate=40),
        Downsample(rate=50),
        Downsample(factor=3, lowpass=True),
    ],
    "select_joints": [
        SelectJoints(joints=("Head", "LeftFoot", "*_Nub")),
        SelectJoints(joints=("!Spine", "!Head_Nub")),
        SelectJoints(joints=("Neck",)),
    ],
    "features": [Features(), Features(arrays=("global_rotations", "rotations_6d"))],
}


def rounded(array: np.ndarray[Any, Any]) -> list[Any]:
    return (np.round(array.astype(np.float64), DECIMALS) + 0.0).tolist()


def outcome(stage: Stage, take: Take) -> dict[str, Any]:
    """Return all that a stage makes of a take, as JSON."""
    made = stage.apply(take, np.random.default_rng(1))
    if isinstance(made, Dropped):
        return {"dropped": made.reason}
    motion = made.motion
    if isinstance(stage, Features):
        return {name: rounded(array) for name, array in kinematics.features(motion, stage.arrays).items()}
    arrays = [motion.channels] if isinstance(motion, Motion) else [motion.translations, motion.rotations]
    return {
        "key": made.key,
        "rate": motion.rate,
        "skeleton": motion.skeleton.to_json(),
        "arrays": [rounded(array) for array in arrays],
        "markers": rounded(made.markers.positions),
        "visible": made.markers.visible.tolist(),
    }


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_that_computes_something_else_has_another_version(name: str, make_take: Callable[..., Take]) -> None:
    take = make_take(24, markers=True)
    outcomes = [[stage.settings(), outcome(stage, take)] for stage in CASES[name]]
    found = {"version": STAGES[name].version, "sha256": identity.digest(identity.canonical(outcomes))}
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")).get(name)

    assert found == golden, (
        f"{name} computes something else than {GOLDEN.name} says. If that was not meant, mend the stage. If it "
        f"was, raise its `version`, or datasets keep shards made the old way; then write there: "
        f'"{name}": {json.dumps(found)}'
    )


def test_nothing_is_pinned_that_is_no_stage() -> None:
    assert json.loads(GOLDEN.read_text(encoding="utf-8")).keys() == STAGES.keys()
