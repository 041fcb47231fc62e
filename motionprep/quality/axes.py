"""Axes: which way is up, which way the rest pose faces, and whether left is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from motionprep.motion.skeleton import Skeleton
from motionprep.naming.landmarks import LEGS, of_nodes
from motionprep.quality import kernels
from motionprep.quality.body import Body, unit
from motionprep.quality.finding import Finding
from motionprep.quality.take import CheckedTake, TakeSummary

#: A knee that is bent by fewer degrees says nothing about which way it bends.
_BENT = 10.0


@dataclass(frozen=True)
class Axes:
    """Find worlds that are turned or mirrored.

    Parameters
    ----------
    sure
        Confidence from which the up axis counts as known: the mean cosine between it and the direction from feet to
        head.
    mirrored
        Share of the evidence, knees that bend forwards and toes that point backwards, from which left and right count
        as exchanged.
    evidence
        How many frames must say so, of those that are sampled.
    """

    sure: float = 0.8
    mirrored: float = 0.8
    evidence: int = 8

    def of_take(self, take: CheckedTake) -> list[Finding]:
        """Return what is odd about the axes of a take."""
        return [finding for body in take.bodies for finding in self._of_body(take.key, body)] if take.in_world else []

    def _of_body(self, key: str, body: Body) -> Iterator[Finding]:
        if body.up is None or body.planar:
            return
        if body.up.confidence < self.sure:
            yield Finding(
                "axes-unsure",
                "note",
                key,
                f"Which axis is up is unsure: feet to head point along {body.up.name} with a confidence of "
                f"{body.up.confidence:.2f}; look at the motion.",
                value=body.up.confidence,
                limit=self.sure,
            )
            return
        backwards, forwards = _evidence(body)
        total = backwards + forwards
        if total >= self.evidence and backwards >= self.mirrored * total:
            yield Finding(
                "axes-mirrored",
                "error",
                key,
                f"Knees bend forwards and toes point backwards in {backwards / total:.0%} of the frames: left and "
                "right are exchanged, or the axes are left-handed; exchange the names, or mirror one axis.",
                value=backwards / total,
                limit=self.mirrored,
            )

    def of_corpus(self, takes: list[TakeSummary]) -> list[Finding]:
        """Return the takes whose up axis, or the facing of whose rest pose, differs from that of most takes."""
        found: list[Finding] = []
        for modality in ("skeleton", "markers"):
            bodies = {take.key: body for take in takes for body in take.bodies if body.modality == modality}
            ups = {key: body.up.name for key, body in bodies.items() if body.up and body.up.confidence >= self.sure}
            facings = {key: body.facing for key, body in bodies.items() if body.facing}
            found += _minority(ups, "axes-up-differs", f"The {modality} have {{}} up, those of {{}} {{}}; turn them.")
            found += _minority(
                facings,
                "axes-rest-differs",
                "The rest pose faces {}, that of {} {}; rotations mean something else in it: retarget them.",
            )
        return found


def _minority(values: dict[str, str], code: str, message: str) -> Iterator[Finding]:
    if len(set(values.values())) < 2:
        return
    common, count = Counter(values.values()).most_common(1)[0]
    for key, value in values.items():
        if value != common:
            most = f"{count:,} of {len(values):,} motions"
            yield Finding(code, "warning", key, message.format(value, most, common), value=count / len(values))


def _evidence(body: Body) -> tuple[int, int]:
    """Return in how many sampled frames legs are mirrored, and in how many they are not."""
    backwards = forwards = 0
    if body.has(*LEGS):
        bent = kernels.bent_forwards(body.samples(*LEGS))
        backwards += int((bent > _BENT).sum())
        forwards += int((bent < -_BENT).sum())
    sides = ("left", "right")
    if body.up is not None and body.has(*(f"{side}_{part}" for side in sides for part in ("hip", "ankle", "toe"))):
        up = np.zeros(3)
        up[body.up.axis] = body.up.sign
        ahead = np.cross(up, unit(body.sample("right_hip") - body.sample("left_hip")))
        for side in sides:
            along = (unit(body.sample(f"{side}_toe") - body.sample(f"{side}_ankle")) * ahead).sum(axis=1)
            backwards += int((along < -0.5).sum())
            forwards += int((along > 0.5).sum())
    return backwards, forwards


def facing(body: Body) -> str:
    """Return the axis that the rest pose faces, ``"z"`` or ``"-x"``; empty where there is none or it is unsure."""
    return "" if body.motion is None else rest_facing(body.motion.skeleton)


@lru_cache(maxsize=512)
def rest_facing(skeleton: Skeleton) -> str:
    """Return the axis that a skeleton's rest pose faces, ``"z"`` or ``"-x"``; empty where it is unsure."""
    places = of_nodes(skeleton.nodes)
    if not all(name in places for name in ("left_hip", "right_hip", "left_ankle", "right_ankle", "head")):
        return ""
    rest = np.zeros((len(skeleton.nodes), 3))
    for node, parent in enumerate(skeleton.node_parents):
        rest[node] = skeleton.node_offsets[node] + (rest[parent] if parent >= 0 else 0)
    at = {name: rest[list(nodes)].mean(axis=0) for name, nodes in places.items()}
    up = at["head"] - (at["left_ankle"] + at["right_ankle"]) / 2
    ahead = np.cross(up, at["right_hip"] - at["left_hip"])
    length = float(np.linalg.norm(ahead))
    axis = int(np.argmax(np.abs(ahead)))
    if not length or abs(ahead[axis]) < 0.9 * length:
        return ""
    return f"{'-' if ahead[axis] < 0 else ''}{'xyz'[axis]}"
