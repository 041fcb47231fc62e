"""What the overview of a report shows, as plain values: of each motion, and of all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from motionprep.motion import hashing
from motionprep.motion.skeleton import ROTATION_CHANNELS, Skeleton
from motionprep.quality import body as bodies
from motionprep.quality.axes import rest_facing
from motionprep.quality.body import Body
from motionprep.quality.finding import Finding
from motionprep.quality.measures import measure
from motionprep.quality.size import guess
from motionprep.quality.take import CheckedTake

#: From this confidence on the axis that is up counts as known.
_SURE = 0.8
#: Arms of a rest pose that are within so many degrees of level, or of hanging, have a name.
_LEVEL, _HANGING = 20.0, 70.0
_STRETCHES = 100
_MOST_KEYS = 3


@dataclass(frozen=True)
class MotionFacts:
    """What is kept of a motion for the overview.

    Parameters
    ----------
    key, split
        As the checks have them; no split in raw data.
    modality
        ``"skeleton"``, ``"markers"`` or ``"skeleton and markers"``.
    frames, rate
        How many frames, and frames per second.
    structure
        A key that motions share whose points have the same names and parents.
    points
        How many joints, end sites and markers there are.
    conventions
        What it does by each name of :data:`CONVENTIONS` that is known of it.
    numbers
        As :func:`motionprep.quality.measures.measure` has them; ``seconds``; and ``root_height``, the median height of
        the pelvis above the feet in body heights.
    missing
        Share of the markers that is missing in a hundred stretches of the motion; empty if it has none.
    by_marker
        Share of the frames in which each marker is missing.
    """

    key: str
    split: str
    modality: str
    frames: int
    rate: float
    structure: str
    points: int
    conventions: Mapping[str, str]
    numbers: Mapping[str, float]
    missing: tuple[float, ...] = ()
    by_marker: Mapping[str, float] = field(default_factory=dict)


#: Conventions that a motion may have, in the order in which they are shown.
CONVENTIONS = (
    *("holds", "joints", "unit", "up", "rest pose faces", "rest pose", "rotation order", "frames per second"),
    "markers' unit",
)


class Convention(NamedTuple):
    """What motions do by one convention.

    Parameters
    ----------
    name
        Of :data:`CONVENTIONS`, or ``"handedness"``.
    value
        What all do, or most if it is mixed.
    mixed
        Whether not all do the same.
    others
        Each other value, how many motions have it, and the keys of the first of them.
    """

    name: str
    value: str
    mixed: bool
    others: tuple[tuple[str, int, tuple[str, ...]], ...] = ()


class FactsOfTakes:
    """Keeps what is shown of takes while they are checked; a check of takes that finds nothing.

    Parameters
    ----------
    skeletons
        Returns the skeleton of a motion by its key and split where the take itself has none.
    """

    def __init__(self, skeletons: Callable[[str, str], Skeleton | None] = lambda _key, _split: None) -> None:
        self._skeletons = skeletons
        #: By key and split.
        self.motions: dict[tuple[str, str], MotionFacts] = {}

    def of_take(self, take: CheckedTake) -> list[Finding]:
        """Keep what is shown of a take; return nothing."""
        if any(body.frames for body in take.bodies):
            self.motions[take.key, take.split] = facts_of(take, self._skeletons(take.key, take.split))
        return []


def facts_of(take: CheckedTake, skeleton: Skeleton | None = None) -> MotionFacts:
    """Return what is shown of a take; its skeleton where it is not in the take."""
    first = take.bodies[0]
    points = next((body for body in take.bodies if body.modality == "markers"), None)
    missing: tuple[float, ...] = ()
    by_marker: dict[str, float] = {}
    if points is not None:
        visible = points.visible if points.visible is not None else np.ones((points.frames, len(points.names)), bool)
        stretches = np.array_split(1 - visible.mean(axis=1), _STRETCHES)
        missing = tuple(float(one.mean()) if len(one) else 0.0 for one in stretches)
        by_marker = dict(zip(points.names, (1 - visible.mean(axis=0)).tolist(), strict=True))
    return MotionFacts(
        take.key,
        take.split,
        " and ".join(body.modality for body in take.bodies),
        first.frames,
        first.rate,
        hashing.key([[body.names, body.parents] for body in take.bodies]),
        sum(len(body.names) for body in take.bodies),
        dict(_conventions(take, skeleton)),
        {"seconds": first.frames / first.rate, **measure(take), **_root_height(first)},
        missing,
        by_marker,
    )


def facts_of_row(row: Mapping[str, Any], skeleton: Skeleton | None) -> MotionFacts:
    """Return what the manifest says of a motion of which neither positions nor markers are stored."""
    known = [(name, value) for name, value in (_of_skeleton(skeleton) if skeleton else ()) if value]
    return MotionFacts(
        row["key"],
        row["split"],
        "",
        row["frames"],
        row["fps"],
        skeleton.structure if skeleton else "",
        len(skeleton.nodes) if skeleton else 0,
        dict([*known, ("frames per second", f"{row['fps']:.6g}")]),
        {"seconds": row["frames"] / row["fps"]},
    )


def _root_height(body: Body) -> dict[str, float]:
    if body.up is None or body.planar or not body.height or not body.has("pelvis", "left_ankle", "right_ankle"):
        return {}
    feet = np.minimum(body.heights(body.sample("left_ankle")), body.heights(body.sample("right_ankle")))
    heights = (body.heights(body.sample("pelvis")) - np.nanpercentile(feet, 5)) if np.isfinite(feet).any() else feet
    heights = heights[np.isfinite(heights)]
    return {"root_height": float(np.median(heights) / body.height)} if len(heights) else {}


def _conventions(take: CheckedTake, skeleton: Skeleton | None) -> list[tuple[str, str]]:
    found = [("holds", " and ".join(body.modality for body in take.bodies))]
    for body in take.bodies:
        name = "markers' unit" if body.modality == "markers" else "unit"
        if body.metres:
            found.append((name, _unit(body.metres)))
        elif body.height and not body.planar:
            found.append((name, f"{guess(body.height)} (guessed)"))
    first = take.bodies[0]
    if not first.planar and take.in_world and first.up is not None:
        found.append(("up", first.up.name if first.up.confidence >= _SURE else "unsure"))
    if first.motion is not None:
        skeleton = first.motion.skeleton
    if skeleton is not None:
        found += [(name, value) for name, value in _of_skeleton(skeleton) if value]
    found.append(("frames per second", f"{first.rate:.6g}"))
    return found


def _unit(metres: float) -> str:
    names = {1.0: "metre", 0.1: "decimetre", 0.01: "centimetre", 0.001: "millimetre", 0.0254: "inch", 0.3048: "foot"}
    return names.get(metres, f"{metres:g} m")


@lru_cache(maxsize=512)
def _of_skeleton(skeleton: Skeleton) -> tuple[tuple[str, str], ...]:
    orders = Counter(
        "".join(name[0] for name in names if name in ROTATION_CHANNELS)
        for names in skeleton.channels
        if any(name in ROTATION_CHANNELS for name in names)
    )
    several = ", ".join(f"{order} ({count} joints)" for order, count in orders.most_common())
    order = several if len(orders) > 1 else next(iter(orders), "")
    joints = f"{len(skeleton.joints):,} from {skeleton.joints[0]}"
    return (
        ("joints", joints),
        ("rotation order", order),
        ("rest pose", _rest_pose(skeleton)),
        ("rest pose faces", rest_facing(skeleton)),
    )


def _rest_pose(skeleton: Skeleton) -> str:
    """Return what the rest pose looks like by its arms; empty if these are not known."""
    rest = np.zeros((1, len(skeleton.nodes), 3))
    for node, parent in enumerate(skeleton.node_parents):
        rest[0, node] = skeleton.node_offsets[node] + (rest[0, parent] if parent >= 0 else 0)
    body = bodies.of_points(skeleton.nodes, skeleton.node_parents, rest, 1.0)
    arms = [(f"{side}_shoulder", f"{side}_wrist") for side in ("left", "right")]
    if body.up is None or not all(body.has(*arm) for arm in arms):
        return ""
    with np.errstate(invalid="ignore"):
        sinks = [float(-body.heights(bodies.unit(body.sample(wrist) - body.sample(top)))[0]) for top, wrist in arms]
    if not np.isfinite(sinks).all():
        return ""
    degrees = float(np.degrees(np.arcsin(np.clip(np.mean(sinks), -1, 1))))
    if abs(degrees) <= _LEVEL:
        return "T-pose"
    return "arms hang" if degrees >= _HANGING else "A-pose" if degrees > 0 else "arms raised"


def conventions(motions: Sequence[MotionFacts], findings: Sequence[Finding]) -> list[Convention]:
    """Return what all motions do by each convention, or that it is mixed, and who differs."""
    found = []
    for name in CONVENTIONS:
        by_value: dict[str, list[str]] = {}
        for motion in motions:
            if name in motion.conventions:
                by_value.setdefault(motion.conventions[name], []).append(motion.key)
        if by_value:
            found.append(_convention(name, by_value))
    mirrored = sorted({finding.motion for finding in findings if finding.code == "axes-mirrored"})
    known = [motion.key for motion in motions if "up" in motion.conventions]
    if known:
        right = [key for key in known if key not in set(mirrored)]
        sides = {"right-handed": right, "left-handed, or left and right exchanged": mirrored}
        found.insert(3, _convention("handedness", {value: keys for value, keys in sides.items() if keys}))
    return found


def _convention(name: str, by_value: Mapping[str, list[str]]) -> Convention:
    (value, _), *rest = sorted(by_value.items(), key=lambda item: -len(item[1]))
    others = tuple((other, len(keys), tuple(keys[:_MOST_KEYS])) for other, keys in rest)
    return Convention(name, value, bool(rest), others)


def pick(
    motions: Sequence[MotionFacts], findings: Sequence[Finding], count: int, wanted: Sequence[str] = ()
) -> list[str]:
    """Return the keys of the motions that the player shows.

    Parameters
    ----------
    motions
        All of them, in natural order.
    findings
        About them. Those with errors come first, then those with warnings; of motions with the same findings as others
        one comes before there are two. What duplicates are equal to comes with them.
    count
        How many at most, without those that are wanted.
    wanted
        Keys of motions that are shown whatever is found.

    Returns
    -------
    list of str
        The wanted ones, those with findings, then typical ones, spread over all.
    """
    known = dict.fromkeys(motion.key for motion in motions if motion.modality)
    chosen = dict.fromkeys(key for key in wanted if key in known)
    most = max(count, len(chosen))
    grave = [one for one in findings if one.severity in ("error", "warning") and one.motion in known]
    for severity in ("error", "warning"):
        seen: Counter[str] = Counter()
        order: list[tuple[int, int, Finding]] = []
        for finding in grave:
            if finding.severity == severity:
                order.append((seen[finding.code], len(order), finding))
                seen[finding.code] += 1
        for _, _, finding in sorted(order, key=lambda item: item[:2]):
            pair = dict.fromkeys(key for key in (finding.motion, finding.other) if key in known)
            if len(chosen | pair) <= most:
                chosen |= pair
    faulty = {one.motion for one in grave}
    clean = [key for key in known if key not in chosen and key not in faulty]
    left = min(most - len(chosen), len(clean))
    if left > 0:
        for at in np.unique(np.linspace(0, len(clean) - 1, left).round().astype(int)):
            chosen[clean[at]] = None
    return list(chosen)
