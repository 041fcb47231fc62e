"""Angles between limbs over time: what two motions have in common whatever their unit, axes, heading and bone lengths.

A track is the cosine of the angle between two limbs, thirty times a second. Scale and any turn or mirror image of the
world leave it as it is, and so do other bone lengths, since a limb's direction is that of one bone. A mirrored motion
has the tracks of left and right exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from motionprep.motion import hashing
from motionprep.naming.sides import pairs
from motionprep.quality import kernels
from motionprep.quality.body import Body

#: Samples per second of a track.
RATE = 30.0
_LIMBS = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
#: Which limbs are compared, left ones 0 to 3 and right ones 4 to 7 in the order above.
_COMPARED = (
    *((0, 1), (4, 5), (2, 3), (6, 7)),
    *((0, 4), (1, 5), (2, 6), (3, 7)),
    *((0, 2), (4, 6), (0, 6), (2, 4), (1, 3), (5, 7)),
)
#: Limbs that are taken of a skeleton or markers whose places on a body are not known.
_MOST_LIMBS = 6

_Nodes = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Tracks:
    """The angles between limbs of one body over time.

    Parameters
    ----------
    group
        Only tracks of one group can be compared: it names the limbs.
    values
        (T, K) float32 cosines, each track in one piece of memory; on a line between its neighbours where a limb is not
        visible.
    mirrored
        For each of the K, which of them it is in the mirror image.
    """

    group: str
    values: NDArray[np.float32]
    mirrored: tuple[int, ...]


def of_body(body: Body) -> Tracks | None:
    """Return the tracks of a body; None if it has too few frames or limbs."""
    group, limbs, other = _limbs(body)
    count = int(np.floor((body.frames - 1) / body.rate * RATE)) + 1
    if len(limbs) < 3 or count < 3:
        return None
    compared = _COMPARED if group in ("skeleton", "markers") else tuple(combinations(range(len(limbs)), 2))
    at = np.arange(count) * (body.rate / RATE)
    before = np.minimum(at.astype(np.intp), body.frames - 1)
    after = np.minimum(before + 1, body.frames - 1)
    part = (at - before)[:, None]
    values = _cosines(body, limbs, compared, before)
    if part.any():
        # A sample between two frames is on the line between them.
        values = values * (1 - part) + np.where(part > 0, _cosines(body, limbs, compared, after), 0) * part
    _fill(values)
    mirrored = tuple(
        compared.index((min(other[one], other[two]), max(other[one], other[two]))) for one, two in compared
    )
    return Tracks(group, values.astype(np.float32, order="F"), mirrored)


def _fill(values: NDArray[np.float64]) -> None:
    """Put what is NaN on the line between what is known before and after it; 0 where nothing is known."""
    for column in values.T if np.isnan(values).any() else ():
        lost = np.isnan(column)
        column[lost] = np.interp(np.flatnonzero(lost), np.flatnonzero(~lost), column[~lost]) if not lost.all() else 0


def _limbs(body: Body) -> tuple[str, list[tuple[_Nodes, _Nodes]], list[int]]:
    """Return the group, each limb's two ends, and which limb each is in the mirror image."""
    ends = [(f"{side}_{one}", f"{side}_{other}") for side in ("left", "right") for one, other in _LIMBS]
    if all(body.has(*pair) for pair in ends):
        limbs = [(body.landmarks[one], body.landmarks[other]) for one, other in ends]
        return body.modality, limbs, [(limb + 4) % 8 for limb in range(8)]
    names = sorted(body.names)
    places = {name: place for place, name in enumerate(body.names)}
    sided = pairs(names)
    if body.parents and any(parent >= 0 for parent in body.parents):
        bones = [
            (left, right) for left, right in sided if min(body.parents[places[left]], body.parents[places[right]]) >= 0
        ]
        chosen = (
            [bones[at] for at in np.unique(np.linspace(0, len(bones) - 1, _MOST_LIMBS // 2).astype(int))]
            if bones
            else []
        )
        ordered = [left for left, _ in chosen] + [right for _, right in chosen]
        limbs = [((body.parents[places[name]],), (places[name],)) for name in ordered]
        other = [(limb + len(chosen)) % max(1, len(ordered)) for limb in range(len(ordered))]
    else:
        # Markers and points that hang from none: lines between points that are far apart in the order of names.
        half = len(names) // 2
        firsts = sorted({int(at) for at in np.linspace(0, half - 1, _MOST_LIMBS)}) if half else []
        limbs = [((places[names[at]],), (places[names[at + half]],)) for at in firsts]
        ordered, other = names, list(range(len(limbs)))
    return hashing.key(["limbs", ordered, len(limbs)]), limbs, other


def _cosines(
    body: Body, limbs: list[tuple[_Nodes, _Nodes]], compared: tuple[tuple[int, int], ...], frames: NDArray[np.intp]
) -> NDArray[np.float64]:
    tips = [tip for limb in limbs for tip in limb]
    nodes = np.array([node for tip in tips for node in tip], np.int64)
    ends = np.cumsum([len(tip) for tip in tips])
    visible = np.zeros((0, 0), np.bool_) if body.visible is None else body.visible
    places = kernels.places(body.positions, visible, nodes, ends, frames, False)
    first, second = np.array(compared, np.int64).T.copy()
    found: NDArray[np.float64] = kernels.cosines(places[:, 1::2] - places[:, ::2], first, second)
    return found
