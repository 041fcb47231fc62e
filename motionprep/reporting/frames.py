"""Positions of a take for the player: quantized, and of long takes fewer frames than were recorded."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.maths import contacts
from motionprep.motion.feature_kinds import FEET
from motionprep.naming.sides import pairs
from motionprep.quality.body import Body
from motionprep.quality.take import CheckedTake

#: Frames before and after what a finding names that are kept at the take's own rate.
_AROUND = 6
#: A finding of more frames than these is seen at a lower rate as well.
_SHORT = 120
_LARGEST = 32767
_LEGS = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle"))
#: Landmarks that leave a trail.
_TRAILS = ("pelvis", "left_wrist", "right_wrist", "left_ankle", "right_ankle")
_LIMBS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("ankle", "toe"))
_SIDES = ("left", "right")
#: Landmarks between which a line is drawn where there are no bones: between joints, and between markers on the skin.
_GUIDES = {
    "skeleton": (
        *((f"{side}_{one}", f"{side}_{other}") for side in _SIDES for one, other in _LIMBS),
        *(
            (middle, f"{side}_{joint}")
            for side in _SIDES
            for middle, joint in (("neck", "shoulder"), ("pelvis", "hip"))
        ),
        ("pelvis", "neck"),
        ("neck", "head"),
    ),
    "markers": (
        *((f"{side}_{one}", f"{side}_{other}") for side in _SIDES for one, other in (*_LIMBS, ("shoulder", "hip"))),
        *((f"left_{joint}", f"right_{joint}") for joint in ("shoulder", "hip")),
        ("neck", "head"),
    ),
}


@dataclass(frozen=True, eq=False)
class Packed:
    """Positions in 16 bits a number, about an origin that moves with the body.

    Parameters
    ----------
    origins
        (K, 3) float32, in the take's unit: the middle of what is visible in a frame.
    points
        (K, N, 3) int16; a position is ``origins + scale * points``.
    scale
        Units of the take in a step.
    """

    origins: NDArray[np.float32]
    points: NDArray[np.int16]
    scale: float

    @property
    def error(self) -> float:
        """How far a coordinate may be off, in the take's unit."""
        return self.scale / 2

    def positions(self) -> NDArray[np.float64]:
        """Return the positions (K, N, 3) in the take's unit."""
        return self.origins[:, None].astype(np.float64) + self.scale * self.points


def pack(positions: NDArray[Any], visible: NDArray[np.bool_] | None = None) -> Packed:
    """Return positions (K, N, 3) quantized; what is not visible in a frame is where it was seen last, or will be."""
    points = positions.astype(np.float64)
    if visible is not None:
        points = _held(points, visible)
    low, high = points.min(axis=1), points.max(axis=1)
    origins = ((low + high) / 2).astype(np.float32)
    apart = points - origins[:, None]
    scale = float(np.abs(apart).max(initial=0.0)) / _LARGEST or float(np.finfo(np.float32).tiny)
    return Packed(origins, np.round(apart / scale).astype(np.int16), scale)


def _held(points: NDArray[np.float64], visible: NDArray[np.bool_]) -> NDArray[np.float64]:
    frames = np.arange(len(points))[:, None]
    last = np.maximum.accumulate(np.where(visible, frames, -1), axis=0)
    first = np.where(visible.any(axis=0), visible.argmax(axis=0), 0)
    held = np.take_along_axis(points, np.where(last >= 0, last, first)[..., None], axis=0)
    never = ~visible.any(axis=0)
    if never.any():
        seen = held[:, ~never] if not never.all() else np.zeros((len(points), 1, 3))
        held[:, never] = seen.mean(axis=1, keepdims=True)
    return held


def choose(frames: int, most: int, wanted: Sequence[tuple[int, int]] = ()) -> NDArray[np.int64]:
    """Return which frames are kept, counted from 0: some, evenly spread, and all of short ranges that are wanted.

    Parameters
    ----------
    frames
        How many there are.
    most
        How many may be kept; wanted ranges take at most half of them.
    wanted
        First and last frame of each range, counted from 1, the most important first.
    """
    if frames <= most:
        return np.arange(frames)
    kept = np.zeros(frames, np.bool_)
    for first, last in wanted:
        if last - first < _SHORT:
            more = kept.copy()
            more[max(0, first - 1 - _AROUND) : last + _AROUND] = True
            if more.sum() <= most // 2:
                kept = more
    spread = np.linspace(0, frames - 1, max(2, most - int(kept.sum())))
    kept[spread.round().astype(np.intp)] = True
    return np.flatnonzero(kept)


def shares(needs: Sequence[int], total: int) -> list[int]:
    """Return how much each gets of a total: what it needs, or as much as all others that get less than they need."""
    left, given = total, [0] * len(needs)
    for done, at in enumerate(sorted(range(len(needs)), key=lambda at: needs[at])):
        given[at] = min(needs[at], left // (len(needs) - done))
        left -= given[at]
    return given


def frame_bytes(bodies: Sequence[Body]) -> int:
    """Return how many bytes a frame of some bodies takes in the page."""
    return sum(-(-4 * (6 * len(body.names) + 12 + len(body.names) // 8 + 6) // 3) for body in bodies)


def panes(take: CheckedTake) -> list[list[Body]]:
    """Return the bodies of a take that are shown in one view each: those of a dataset stand in one world."""
    bodies = [body for body in take.bodies if body.frames and body.names]
    together = bool(take.split) and len({(body.frames, body.rate) for body in bodies}) == 1
    return [bodies] if together else [[body] for body in bodies]


def as_pane(bodies: Sequence[Body], most: int, wanted: Sequence[tuple[int, int]] = ()) -> dict[str, Any]:
    """Return what the player shows in one view, as plain values; see docs/report.md.

    Parameters
    ----------
    bodies
        Of one take, in one world, frame by frame beside each other; the first says which way is up.
    most
        Frames that may be kept.
    wanted
        Ranges of frames, counted from 1, that are kept at the take's own rate.
    """
    body = bodies[0]
    kept = choose(body.frames, most, wanted)
    up = body.up.name if body.up else "-y" if body.planar else "z" if body.modality == "markers" else "y"
    clouds = [_cloud(one, kept) for one in bodies]
    return {
        "modality": " and ".join(one.modality for one in bodies),
        "rate": body.rate,
        "frames": body.frames,
        "kept": _base64(kept.astype("<u4")),
        "up": up,
        "height": body.height or 1.0,
        "floor": _floor(body, up),
        "flat": body.planar,
        "hips": _hips(body),
        "moves": min(body.moving.start, body.frames - 1) + 1,
        "clouds": clouds,
        "contacts": _contacts(body, kept),
        "missing": _missing(bodies),
    }


def _cloud(body: Body, kept: NDArray[np.int64]) -> dict[str, Any]:
    visible = None if body.visible is None else body.visible[kept]
    packed = pack(body.positions[kept], visible)
    sides = {name: side for pair in pairs(body.names) for side, name in enumerate(pair, start=1)}
    bones = [[parent, node] for node, parent in enumerate(body.parents) if parent >= 0]
    return {
        "modality": body.modality,
        "names": list(body.names),
        "sides": [sides.get(name, 0) for name in body.names],
        "bones": bones,
        "guides": [] if bones else _guides(body),
        "focus": _focus(body),
        "head": [body.landmarks[name][0] for name in ("head", "head_top") if name in body.landmarks],
        "trails": [body.landmarks[name][0] for name in _TRAILS if name in body.landmarks],
        "scale": packed.scale,
        "origins": _base64(packed.origins.astype("<f4")),
        "points": _base64(packed.points.astype("<i2")),
        "visible": None if visible is None else _base64(np.packbits(visible, axis=1, bitorder="little")),
    }


def _focus(body: Body) -> list[int]:
    """Return the points whose mean the camera follows: the pelvis, or what is visible in most frames."""
    for names in (("pelvis",), ("left_hip", "right_hip")):
        if body.has(*names):
            return [node for name in names for node in body.landmarks[name]]
    if body.visible is None:
        return list(range(len(body.names)))
    shares = body.visible.mean(axis=0)
    return [int(node) for node in np.flatnonzero(shares >= min(0.9, shares.max()))]


def _guides(body: Body) -> list[list[int]]:
    lines = _GUIDES[body.modality]
    return [[body.landmarks[one][0], body.landmarks[other][0]] for one, other in lines if body.has(one, other)]


def _floor(body: Body, up: str) -> float:
    """Return the height of the floor along the axis that is up: that of the lowest point in most frames."""
    if body.planar:
        return 0.0
    along = body.positions[..., "xyz".index(up[-1])].astype(np.float64) * (-1 if up[0] == "-" else 1)
    if body.visible is not None:
        along = np.where(body.visible, along, np.inf)
        along = along[np.isfinite(along).any(axis=1)]
    return contacts.floor_height(along) if along.size else 0.0


def _hips(body: Body) -> list[int] | None:
    """Return the left and the right hip, by which the player finds where the body faces; None if unknown."""
    if not body.has("left_hip", "right_hip") or body.planar:
        return None
    return [body.landmarks["left_hip"][0], body.landmarks["right_hip"][0]]


def _contacts(body: Body, kept: NDArray[np.int64]) -> Mapping[str, Any] | None:
    """Return which nodes are the feet, and in which of the kept frames each touches the floor."""
    if body.modality != "skeleton" or body.frames < 2 or body.up is None or not body.has(*FEET, *_LEGS):
        return None
    every = np.arange(body.frames)
    legs = body.places(_LEGS, every).reshape(body.frames, 2, 3, 3)
    height = contacts.body_height(legs)
    if not height > 0:
        return None
    feet = body.places(FEET, every)
    above = (body.heights(feet) - contacts.floor_height(body.heights(body.positions.astype(np.float64)))) / height
    touches = contacts.by_hysteresis(feet / height, above, body.rate, contacts.Thresholds(), body.clip)
    return {
        "nodes": [list(body.landmarks[name]) for name in FEET],
        "bits": _base64(np.packbits(touches[kept], axis=1, bitorder="little")),
    }


def _missing(bodies: Sequence[Body]) -> list[float] | None:
    """Return the share of the points that is missing, in at most 200 stretches of the take; None if none ever is."""
    masks = [body.visible for body in bodies if body.visible is not None]
    if not masks:
        return None
    share = 1 - masks[-1].mean(axis=1)
    stretches = np.array_split(share, min(200, len(share)))
    return [round(float(stretch.mean()), 3) for stretch in stretches]


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
