"""Numbers about a take by which people filter: how much the feet skate, how much is missing, how it moves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from motionprep.quality.body import Body
from motionprep.quality.feet import Feet
from motionprep.quality.steps import Steps
from motionprep.quality.take import CheckedTake


def measure(take: CheckedTake) -> Mapping[str, float]:
    """Return what can be measured of a take, by name; of a skeleton rather than of markers where it has both.

    Returns
    -------
    dict
        ``height`` of the body, in the take's unit; ``root_speed``, mean speed of the pelvis, and ``jerk``, root mean
        square third derivative of wrists and ankles, in body heights and seconds; ``contact_share``, share of the
        frames in which a foot is flat on the floor, and ``skate``, the median speed of the slowest point of both feet
        in these, in body heights per second; ``floor``, height of the floor in body heights, and ``floor_confidence``,
        share of standing ankles and toes that agree on one floor; ``missing_share``, share of the markers' samples that
        are missing.
    """
    found: dict[str, float] = {}
    for body in reversed(take.bodies):
        if body.modality == "markers":
            found["missing_share"] = 0.0 if body.visible is None else float(1 - body.visible.mean())
        if body.height > 0 and not body.planar:
            found["height"] = body.height
            if not body.clip:
                found |= _movement(body)
                if take.in_world:
                    found |= _feet(take.steps(body))
    return found


def _movement(body: Body) -> Mapping[str, float]:
    coarse, rate = body.coarse, body.coarse.rate
    found = {}
    if body.has("pelvis") and len(coarse.points) > 1:
        steps = np.linalg.norm(np.diff(coarse.at("pelvis")[:, 0], axis=0), axis=1)
        steps = steps[np.isfinite(steps)]
        if len(steps):
            found["root_speed"] = float(steps.mean() * rate)
    ends = [name for side in ("left", "right") for name in (f"{side}_wrist", f"{side}_ankle") if body.has(name)]
    if ends and len(coarse.points) > 3:
        jerks = (np.diff(coarse.at(*ends), n=3, axis=0) ** 2).sum(axis=2)
        jerks = jerks[np.isfinite(jerks)]
        if len(jerks):
            found["jerk"] = float(np.sqrt(jerks.mean()) * rate**3)
    return found


def _feet(steps: Steps) -> Mapping[str, float]:
    if not steps.known:
        return {}
    flat = steps.flat(Feet().flat).any(axis=1)
    found = {"contact_share": float(flat.mean()), "floor": steps.floor, "floor_confidence": steps.confidence}
    if flat.any():
        found["skate"] = float(np.median(steps.slip[flat]))
    return found
