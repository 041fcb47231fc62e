"""Motions as AMASS has them and a body model, both made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from motionprep.naming.smpl import BODIES


def amass_arrays(joints: int = 52, frames: int = 12, seed: int = 0, **more: Any) -> dict[str, Any]:
    """Return the arrays of a motion; ``more`` replaces some of them, or leaves one out that is None."""
    draw = np.random.default_rng(seed)
    arrays = {
        "poses": draw.normal(0, 0.6, (frames, 3 * joints)),
        "trans": draw.normal(0, 1, (frames, 3)),
        "betas": draw.normal(0, 1, 16),
        "gender": np.array("female"),
        "mocap_framerate": np.array(120.0),
    }
    return {name: array for name, array in (arrays | more).items() if array is not None}


def write_amass(path: Path, joints: int = 52, frames: int = 12, seed: int = 0, **more: Any) -> Path:
    """Write such a motion."""
    np.savez(path, **amass_arrays(joints, frames, seed, **more))
    return path


def body_arrays(joints: int = 52, vertices: int = 200, betas: int = 10, seed: int = 1) -> dict[str, Any]:
    """Return the arrays of a body model whose joints are each in the middle of some vertices."""
    draw = np.random.default_rng(seed)
    regressor = draw.random((joints, vertices)) ** 8
    parents = np.array(BODIES[joints][1], np.int64)
    return {
        "v_template": draw.normal(0, 0.5, (vertices, 3)),
        "shapedirs": draw.normal(0, 0.05, (vertices, 3, betas)),
        "J_regressor": regressor / regressor.sum(axis=1, keepdims=True),
        "kintree_table": np.stack([parents.astype(np.uint32), np.arange(joints, dtype=np.uint32)]),
    }


def write_body(path: Path, joints: int = 52, **more: Any) -> Path:
    """Write such a body model."""
    np.savez(path, **(body_arrays(joints) | more))
    return path
