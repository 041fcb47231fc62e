"""Ranges: numbers that are not finite, joints beyond what a body can do, and T-poses that nobody trimmed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.naming.landmarks import LEGS
from motionprep.quality import kernels
from motionprep.quality.body import Body, runs
from motionprep.quality.finding import Finding, counted
from motionprep.quality.take import CheckedTake

#: Of a joint and the two beside it, the lines between which it is folded; of pelvis, neck and head, those of the neck.
_FOLDED, _TURNED = np.array([[0, 1, 0, 2]]), np.array([[0, 1, 1, 2]])


@dataclass(frozen=True)
class Ranges:
    """Find numbers and angles that no body has.

    Parameters
    ----------
    knee, elbow
        Least angle between the two bones of the joint, in degrees: flesh stops most people at 20 and 30.
    knee_back
        Degrees by which a knee may bend the wrong way; 15 is the most that hypermobile people reach.
    neck
        Most degrees between the trunk and the direction from neck to head.
    lasting
        Seconds that an angle must last, and two samples of the thirty in a second at least; a single one is a jump.
    """

    knee: float = 8.0
    elbow: float = 8.0
    knee_back: float = 40.0
    neck: float = 130.0
    lasting: float = 0.04

    def of_take(self, take: CheckedTake) -> list[Finding]:
        """Return what is out of range in a take."""
        found = []
        for body in take.bodies:
            found += [*_not_finite(take.key, body), *self._angles(take.key, body), *_t_poses(take.key, body)]
        return found

    def _angles(self, key: str, body: Body) -> Iterator[Finding]:
        lasting = max(2, math.ceil(self.lasting * body.coarse.rate))
        for joint, degrees, limit, least, what in self._measured(body):
            for first, last in runs(degrees < limit if least else degrees > limit):
                if last - first + 1 < lasting:
                    continue
                part = degrees[first : last + 1]
                value = float(part.min() if least else part.max())
                node = body.names[body.landmarks[joint][0]]
                yield Finding(
                    "range-angle",
                    "warning",
                    key,
                    f"{node} {what} {value:.0f} degrees; check the order of its rotation channels, or trim.",
                    frames=body.coarse.frames(first, last),
                    joint=node,
                    value=value,
                    limit=limit,
                )

    def _measured(self, body: Body) -> Iterator[tuple[str, NDArray[Any], float, bool, str]]:
        """Yield landmark, angle in degrees of each coarse sample, limit, whether that is the least, and its name."""
        if body.modality != "skeleton" or body.moving.stop == body.moving.start:
            return
        for side in ("left", "right"):
            for joint, above, below, limit in (
                ("knee", "hip", "ankle", self.knee),
                ("elbow", "shoulder", "wrist", self.elbow),
            ):
                names = [f"{side}_{part}" for part in (joint, above, below)]
                if body.has(*names):
                    yield names[0], kernels.angles(body.coarse.at(*names), _FOLDED)[:, 0], limit, True, "is folded to"
        if body.has(*LEGS):
            # Where most frames are bent the wrong way, left and right are exchanged: see the check of axes.
            bent = kernels.bent_forwards(body.coarse.at(*LEGS))
            for side, degrees in zip(("left", "right"), bent.T, strict=True):
                seen = degrees[np.isfinite(degrees)]
                if len(seen) and seen.mean() < self.knee_back / 2:
                    yield f"{side}_knee", degrees, self.knee_back, False, "bends the wrong way by"
        if body.has("neck", "head", "pelvis"):
            yield (
                "head",
                kernels.angles(body.coarse.at("pelvis", "neck", "head"), _TURNED)[:, 0],
                self.neck,
                False,
                "is turned from the trunk by",
            )


def _not_finite(key: str, body: Body) -> Iterator[Finding]:
    if body.lost is None:
        return
    for node in np.flatnonzero(body.lost.any(axis=0)):
        for first, last in runs(body.lost[:, node]):
            yield Finding(
                "range-not-finite",
                "error",
                key,
                f"{body.names[node]} is NaN or infinite in {last - first + 1} frames; export the motion again, or "
                "leave these frames out.",
                frames=body.number(first, last),
                joint=body.names[node],
                value=float(last - first + 1),
                limit=0.0,
            )


def _t_poses(key: str, body: Body) -> Iterator[Finding]:
    for where, first, last in (
        ("start", 0, body.t_pose_start - 1),
        ("end", body.frames - body.t_pose_end, body.frames - 1),
    ):
        if first <= last:
            yield Finding(
                "range-t-pose",
                "note",
                key,
                f"The motion has a T-pose of {counted(last - first + 1, 'frame')} at its {where}; trim it.",
                frames=body.number(first, last),
                value=float(last - first + 1),
                limit=0.0,
            )
