"""What each stage computes, pinned by its version: shards are named by versions, so the two must change together."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionprep.motion import hashing, kinematics
from motionprep.motion.take import Take
from motionprep.recipe.recipe import make_stage
from motionprep.sample import body, performance, plan_corpus
from motionprep.sample.markers import capture
from motionprep.stages import STAGES, Dropped, Features, Stage

GOLDEN = Path(__file__).parent / "golden_stages.json"
#: Arrays are compared to so many decimals, since libraries differ in the last bits from machine to machine.
DECIMALS = 5
#: What a take leaves out that no stage has changed in speed, that is no clips, or that has markers alone.
AS_RECORDED = [("retimed", (0.0, 1.0)), ("clip", None), ("clip_in_file", None), ("kinds", ())]

#: Settings for a take with markers of its own making.
SMALL: dict[str, list[dict[str, Any]]] = {
    "trim": [{"t_pose": 1}, {"first": 3, "last": 20}, {"first": 25}],
    "drop_short": [{"frames": 24}, {"frames": 25}],
    "downsample": [
        {"factor": 5},
        {"factor": 5, "partial": True},
        {"rate": 40},
        {"rate": 50},
        {"factor": 3, "lowpass": True},
    ],
    "select_joints": [
        {"joints": ["Head", "LeftFoot", "*_Nub"]},
        {"joints": ["!Spine", "!Head_Nub"]},
        {"joints": ["Neck"]},
        {
            "skeleton": [
                {"name": "Root", "from": ["Hips"]},
                {"name": "Middle", "parent": "Root", "from": [["Spine", "LeftLeg"]], "rotation": ["LeftLeg"]},
                {"name": "Tip", "parent": "Middle", "from": ["Head_Nub"]},
            ]
        },
    ],
    "features": [{}, {"arrays": ["global_rotations", "rotations_6d"]}],
}
#: Settings for a generated take with 41 markers.
WHOLE: dict[str, list[dict[str, Any]]] = {
    "align": [{}, {"method": "cmu"}, {"lag": 3, "axes": "yzx", "scale": 0.0177}],
    "select_markers": [
        {"set": "torso"},
        {"markers": ["L*", "!LANK"]},
        {"markers": ["C7", "X"], "missing_markers": "mask"},
    ],
    "clean": [{"most_speed": 1.0}, {"sets": ["head"], "most_stretch": 0.001, "do": "fill"}],
    "fill_gaps": [{"longest": 10}, {"longest": 60, "method": "cubic"}],
    "resample": [{"rate": 50}, {"rate": 144, "lowpass": "none"}],
    "speed": [{}],
    "mirror": [{"chance": 1.0}],
    "yaw": [{}],
    "translate": [{"unit": "take"}],
    "put_on_floor": [{}, {"up": "z"}],
    "face": [{}, {"heading": "mean", "toward": "-x"}, {"up": "z"}],
    "local_frame": [{}, {"method": "heading"}, {"method": "rigid", "up": "z"}],
    "scale": [{"thigh": 1}, {"height": 22}, {"unit": "m", "metres_per_unit": 0.0564}],
    "permute_axes": [{"axes": "yzx"}, {"axes": "x-zy", "only": ["root_position"]}, {"axes": "-xyz", "mirror": True}],
    "noise": [{"sigma": 0.01}],
    "shift": [{}],
    "swap": [{}],
    "occlude": [{}],
    "bursts": [{}, {"law": "lognormal"}],
    "limbs": [{}],
    "represent": [
        {"rotations": "axis_angle"},
        {"rotations": "euler", "order": "XYZ", "root": "apart"},
        {"rotations": "6d", "flat": True, "root": "left_out"},
        {"rotations": "quaternion"},
    ],
    "normalize": [{}],
    "phase": [{}],
    "root_motion": [{}, {"times": [0.1], "up": "z"}],
    "acceleration": [{}, {"of": ["root_position"], "scheme": "forward"}],
    "angular_velocity": [{}, {"scheme": "central"}],
    "velocity": [{"of": ["positions", "root_position", "markers"]}],
    "contacts": [{}, {"method": "humanml3d"}, {"method": "lafan1"}],
}


#: Settings for a generated take without its T-pose, in metres, at so many frames a second.
BODY: dict[str, tuple[int, list[dict[str, Any]]]] = {
    "humanml3d": (20, [{"ik": "paper"}, {"ik": "file"}]),
    "rep272": (30, [{}]),
    "smpl": (40, [{}]),
}


def rounded(array: np.ndarray[Any, Any]) -> list[Any]:
    return (np.round(array.astype(np.float64), DECIMALS) + 0.0).tolist()


def told(value: Any) -> Any:
    """Return a take, and all that is in it, as JSON."""
    if is_dataclass(value):
        parts = [(field.name, getattr(value, field.name)) for field in fields(value)]
        return {name: told(part) for name, part in parts if (name, part) not in AS_RECORDED}
    if isinstance(value, np.ndarray):
        return rounded(value)
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0
    if isinstance(value, dict):
        return {name: told(part) for name, part in sorted(value.items())}
    if isinstance(value, list | tuple | range):
        return [told(part) for part in value]
    return value


def outcome(stage: Stage, take: Take) -> Any:
    """Return all that a stage makes of a take, as JSON."""
    made = stage.apply(take, np.random.default_rng(1))
    if isinstance(made, Dropped):
        return {"dropped": True}
    if isinstance(stage, Features):
        assert made.motion is not None
        return told(kinematics.features(made.motion, stage.arrays))
    return told(made)


def as_recorded(frames: int) -> Take:
    """Return a generated take as its files have it."""
    planned = plan_corpus(subjects=1, motions=1, frames=frames)[0]
    motion = performance(body(planned.subject, 0), planned)
    return Take(f"{planned.subject:02}_{planned.number:02}", motion, capture(motion, planned))


@pytest.fixture(scope="module")
def recorded() -> Take:
    """Return a generated take, long enough to tell how its markers lie."""
    return as_recorded(96)


@pytest.fixture(scope="module")
def whole_take() -> Take:
    aligned = make_stage("align", method="cmu").apply(as_recorded(48), np.random.default_rng())
    assert isinstance(aligned, Take)
    return aligned


def walking() -> Take:
    """Return a take, with contacts, in which feet come down in turn."""
    take = as_recorded(400)
    made = make_stage("contacts").apply(take.at(range(1, 400)), np.random.default_rng())
    assert isinstance(made, Take)
    return made


def in_metres(take: Take, rate: int) -> Take:
    made = take.at(range(1, take.frames, round(take.rate / rate)))
    scaled = make_stage("scale", unit="m", metres_per_unit=0.0564444).apply(made, np.random.default_rng())
    assert isinstance(scaled, Take)
    return scaled


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_that_computes_something_else_has_another_version(
    name: str, make_take: Callable[..., Take], recorded: Take, whole_take: Take
) -> None:
    take = make_take(24, markers=True) if name in SMALL else recorded if name == "align" else whole_take
    cases = [
        make_stage(name, **case) for case in (SMALL | WHOLE | {name: cases for name, (_, cases) in BODY.items()})[name]
    ]
    if name == "phase":
        take = walking()
    if name in BODY:
        take = in_metres(take, BODY[name][0])
    outcomes = [[stage.settings(), outcome(stage, take)] for stage in cases]
    found = {"version": STAGES[name].version, "sha256": hashing.digest(hashing.canonical(outcomes))}
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")).get(name)

    assert found == golden, (
        f"{name} computes something else than {GOLDEN.name} says. If that was not meant, mend the stage. If it "
        f"was, raise its `version`, or datasets keep shards made the old way; then write there: "
        f'"{name}": {json.dumps(found)}'
    )


@pytest.mark.parametrize("name", WHOLE)
def test_each_stage_serves_the_generated_take(name: str, recorded: Take, whole_take: Take) -> None:
    stages = [make_stage(name, **case) for case in WHOLE[name]]
    take = recorded if name == "align" else walking() if name == "phase" else whole_take

    assert not any(isinstance(stage.apply(take, np.random.default_rng(1)), Dropped) for stage in stages)


def test_nothing_is_pinned_that_is_no_stage() -> None:
    assert json.loads(GOLDEN.read_text(encoding="utf-8")).keys() == STAGES.keys()
