"""Skeleton: bones that change their length, joints that differ from the corpus, and joints that never turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from motionprep.motion.skeleton import POSITION_CHANNELS
from motionprep.naming.skeleton_tables import strays
from motionprep.quality.body import Body, listed, runs
from motionprep.quality.finding import Finding, Severity
from motionprep.quality.take import BodySummary, CheckedTake, TakeSummary

#: Joints that turn in every movement.
_LIMBS = tuple(f"{side}_{part}" for part in ("hip", "knee", "shoulder", "elbow") for side in ("left", "right"))


@dataclass(frozen=True)
class Bones:
    """Find skeletons that are not rigid, or not those of their corpus.

    Parameters
    ----------
    change
        Share of its median length by which a bone may change.
    shortest
        Bones that are shorter than this share of the body height are not measured.
    """

    change: float = 0.05
    shortest: float = 0.03

    def of_take(self, take: CheckedTake) -> list[Finding]:
        """Return what is odd about the skeletons of a take."""
        found = []
        for body in take.bodies:
            found += [*self._lengths(take.key, body), *_swapped(take.key, body), *_still(take.key, body)]
        return found

    def _lengths(self, key: str, body: Body) -> Iterator[Finding]:
        if not body.height or body.planar or (body.motion is not None and not _stretches(body)):
            return
        for node, parent in enumerate(body.parents):
            if parent < 0:
                continue
            apart = body.positions[:, node] - body.positions[:, parent]
            lengths = np.sqrt((apart.astype(np.float64) ** 2).sum(axis=1))
            seen = np.ones(body.frames, np.bool_)
            if body.visible is not None:
                seen = body.visible[:, node] & body.visible[:, parent]
            if not seen.any() or (median := float(np.median(lengths[seen]))) < self.shortest * body.height:
                continue
            changes = np.where(seen, np.abs(lengths / median - 1), 0)
            for first, last in runs(changes > self.change, 2):
                value = float(changes[first : last + 1].max())
                yield Finding(
                    "skeleton-length",
                    "warning",
                    key,
                    f"The bone from {body.names[parent]} to {body.names[node]} changes its length by {value:.0%}; "
                    "make bones rigid, or leave these frames out.",
                    frames=body.number(first, last),
                    joint=body.names[node],
                    value=value,
                    limit=self.change,
                )

    def of_corpus(self, takes: list[TakeSummary]) -> list[Finding]:
        """Return the takes whose joints differ from those of most takes, or never turn though the others' do."""
        return [*_other_joints(takes, "skeleton"), *_dead(takes)]


def _stretches(body: Body) -> bool:
    return body.motion is not None and any(
        name in POSITION_CHANNELS
        for joint, names in enumerate(body.motion.skeleton.channels)
        for name in names
        if joint and body.parents[joint] >= 0
    )


def _swapped(key: str, body: Body) -> Iterator[Finding]:
    """Yield that the arms' left and right are not those of the legs."""
    if not body.has("left_hip", "right_hip", "left_shoulder", "right_shoulder"):
        return
    hips = body.sample("right_hip") - body.sample("left_hip")
    shoulders = body.sample("right_shoulder") - body.sample("left_shoulder")
    products = (hips * shoulders).sum(axis=1)
    products = products[np.isfinite(products)]
    if len(products) and np.mean(products < 0) > 0.8:
        yield Finding(
            "skeleton-sides",
            "error",
            key,
            "The left shoulder is above the right hip in most frames: arms or legs have left and right exchanged; "
            "exchange their names.",
            value=float(np.mean(products < 0)),
            limit=0.8,
        )


def _still(key: str, body: Body) -> Iterator[Finding]:
    still = body.still
    if body.motion is None or not still or len(still) == len(body.motion.skeleton.joints):
        return
    limbs = {body.names[body.landmarks[name][0]] for name in _LIMBS if body.has(name)}
    dead = [joint for joint in still if joint in limbs]
    for joint in dead:
        yield Finding(
            "skeleton-dead-joint",
            "warning",
            key,
            f"{joint} never turns while other joints do; it was not recorded, or its channels were lost: export the "
            "motion again, or leave the joint out.",
            joint=joint,
            frames=body.number(body.moving.start, body.moving.stop - 1),
        )
    rest = [joint for joint in still if joint not in limbs]
    if rest:
        yield Finding(
            "skeleton-still-joint",
            "note",
            key,
            f"{listed(rest)} never turn; leave them out of what a model predicts.",
            joint=rest[0],
            value=float(len(rest)),
        )


def _other_joints(takes: list[TakeSummary], modality: str) -> Iterator[Finding]:
    bodies = {take.key: body for take in takes for body in take.bodies if body.modality == modality}
    kinds = Counter((body.names, body.parents) for body in bodies.values())
    if len(kinds) < 2:
        return
    (names, parents), count = kinds.most_common(1)[0]
    first = next(key for key, body in bodies.items() if (body.names, body.parents) == (names, parents))
    usual = (
        f"The skeleton differs from that of {count:,} of {len(bodies):,} motions"
        if 2 * count > len(bodies)
        else f"No skeleton is that of most of the {len(bodies):,} motions, and this one differs from that of {first}"
    )
    for key, body in bodies.items():
        if (body.names, body.parents) == (names, parents):
            continue
        missing = [name for name in names if name not in body.names]
        extra = [name for name in body.names if name not in names]
        severity, what = _difference(body, names, parents, missing, extra)
        yield Finding(
            "skeleton-differs",
            severity,
            key,
            f"{usual}: {what}; select the same joints from all.",
            joint=(*missing, *extra, "")[0],
            value=float(len(missing) + len(extra)),
            limit=0.0,
        )


def _difference(
    body: BodySummary,
    names: Sequence[str],
    parents: Sequence[int],
    missing: Sequence[str],
    extra: Sequence[str],
) -> tuple[Severity, str]:
    same = len(body.names) == len(names) and tuple(body.parents) == tuple(parents)
    if same and missing and strays(body.names, names) is None:
        return "note", f"other names for the same places, such as {extra[0]} for {missing[0]}"
    parts = [f"{word} {listed(some)}" for word, some in (("without", missing), ("with", extra)) if some]
    return "warning", " and ".join(parts) or "the same joints in another order or hierarchy"


def _dead(takes: list[TakeSummary]) -> Iterator[Finding]:
    """Yield the joints that turn in most takes of the same skeleton and not in this one."""
    bodies = [(take.key, body) for take in takes for body in take.bodies if body.modality == "skeleton"]
    counts = Counter(body.names for _, body in bodies)
    still = Counter((body.names, joint) for _, body in bodies for joint in body.still)
    for key, body in bodies:
        if counts[body.names] < 5:
            continue
        rare = [joint for joint in body.still if still[body.names, joint] * 10 <= counts[body.names]]
        if rare and len(rare) < len(body.names) / 2:
            yield Finding(
                "skeleton-still-differs",
                "note",
                key,
                f"{listed(rare)} never turn here and do in most motions; check that their channels were exported.",
                joint=rare[0],
                value=float(len(rare)),
            )
