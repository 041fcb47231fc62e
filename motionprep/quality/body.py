"""A body as points over time: what the checks share, computed once a take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from motionprep.maths.contacts import SHANK, THIGH
from motionprep.motion import hashing, kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.skeleton import ROTATION_CHANNELS, Skeleton
from motionprep.naming import landmarks
from motionprep.naming.landmarks import Landmarks
from motionprep.quality import kernels

Points = NDArray[np.float32]
_Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Lengths of segments as shares of the body's height (Drillis and Contini 1966, as in Winter, "Biomechanics and Motor
#: Control of Human Movement", 2009, figure 4.1).
_UPPER_ARM, _FOREARM = 0.186, 0.146
#: As many frames as lengths and directions are measured on, and samples per second of slower measures.
_SAMPLED, _COARSE = 100, 30.0
#: Frames by which contents are told apart.
_OF_CONTENT = 64
_ALL_VISIBLE: Mask = np.zeros((0, 0), np.bool_)
#: In a T-pose arms are level and limbs straight to so many degrees; so many seconds belong to the way from and to it.
_T_LEVEL, _T_STRAIGHT, _T_MARGIN = 15.0, 20.0, 0.1


_T_LIMBS = tuple(
    f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)


class Coarse(NamedTuple):
    """Landmarks at fewer frames per second.

    Parameters
    ----------
    points
        (T, L, 3), in body heights; NaN where not visible.
    rows
        Which of the L each landmark is.
    rate
        Samples per second.
    step, start, stop
        Sample t is frame ``start + t * step``, counted from 0 and before ``stop``.
    """

    points: NDArray[np.float64]
    rows: dict[str, int]
    rate: float
    step: int
    start: int
    stop: int

    def at(self, *names: str) -> NDArray[np.float64]:
        """Return the places (T, K, 3) of K landmarks."""
        return self.points.take([self.rows[name] for name in names], axis=1)

    def frames(self, first: int, last: int) -> tuple[int, int]:
        """Return the first and last frame, counted from 1, that samples stand for."""
        half = self.step // 2
        return max(self.start + first * self.step + 1 - half, 1), min(
            self.start + last * self.step + 1 + half, self.stop
        )


class Up(NamedTuple):
    """The direction that is up.

    Parameters
    ----------
    axis
        0, 1 or 2 for x, y or z.
    sign
        1 or -1: whether up is along the axis or against it.
    confidence
        From 0 to 1; how far feet, body and heights agree.
    """

    axis: int
    sign: int
    confidence: float

    @property
    def name(self) -> str:
        """``"y"`` or ``"-z"``."""
        return f"{'-' if self.sign < 0 else ''}{'xyz'[self.axis]}"


@dataclass(frozen=True, eq=False)
class Body:
    """The points of one modality of a take, in the world.

    Parameters
    ----------
    modality
        ``"skeleton"`` or ``"markers"``.
    names, parents
        Of the N points; parents are -1 where a point hangs from none.
    positions
        (F, N, 3) float32, in the take's unit.
    visible
        (F, N) bool; None if all are always visible.
    rate
        Frames per second.
    metres
        Metres per unit; None if the file does not say it.
    motion
        The channels that the positions were computed from, if there are any.
    quaternions
        (F, J, 4) float32, local rotations, if there are any.
    lost
        (F, N) bool: where a position was not finite, and is neither visible nor other than 0 now; None if nowhere.
    clip
        Frames in each of several clips that are laid end to end; None for one motion from start to end.
    planar
        Whether these are keypoints in a picture, which have no depth.
    """

    modality: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    positions: Points
    visible: Mask | None
    rate: float
    metres: float | None = None
    motion: Motion | None = None
    quaternions: Points | None = None
    lost: Mask | None = None
    clip: int | None = None
    planar: bool = False

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.positions)

    @cached_property
    def landmarks(self) -> Landmarks:
        """Indices of the points of each landmark that is known."""
        find = landmarks.of_markers if self.modality == "markers" else landmarks.of_nodes
        return find(self.names)

    def has(self, *names: str) -> bool:
        """Return whether all these landmarks are known."""
        return self.landmarks.keys() >= set(names)

    def places(self, names: Sequence[str], frames: NDArray[np.intp], *, smoothed: bool = False) -> _Floats:
        """Return the positions (T, L, 3) of landmarks in some frames, in the take's unit; NaN where not visible."""
        nodes = [self.landmarks[name] for name in names]
        ends = np.cumsum([len(some) for some in nodes])
        flat = np.array([node for some in nodes for node in some], np.int64)
        visible = _ALL_VISIBLE if self.visible is None else self.visible
        found: _Floats = kernels.places(self.positions, visible, flat, ends, frames, smoothed)
        return found

    def at(self, landmark: str) -> _Floats:
        """Return the positions (F, 3) of a landmark, the mean of its points; NaN where one of them is not visible."""
        return self.places((landmark,), np.arange(self.frames))[:, 0]

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {landmark: row for row, landmark in enumerate(self.landmarks)}

    @cached_property
    def _sampled(self) -> _Floats:
        frames = np.linspace(0, self.frames - 1, min(self.frames, _SAMPLED)).astype(np.intp)
        return self.places(tuple(self.landmarks), frames)

    def samples(self, *names: str) -> _Floats:
        """Return the positions (S, K, 3) of K landmarks in a hundred frames, evenly spread, in the take's unit."""
        return self._sampled.take([self._rows[name] for name in names], axis=1)

    def sample(self, landmark: str) -> _Floats:
        """Return the positions (S, 3) of a landmark in a hundred frames, evenly spread."""
        return self._sampled[:, self._rows[landmark]]

    @cached_property
    def coarse(self) -> Coarse:
        """The landmarks between the T-poses, in body heights, about thirty times a second and smoothed."""
        step = max(1, int(self.rate // _COARSE))
        frames = np.arange(self.moving.start, self.moving.stop, step)
        found = self.places(tuple(self.landmarks), frames, smoothed=True)
        found /= self.height or 1.0
        return Coarse(found, self._rows, self.rate / step, step, self.moving.start, self.moving.stop)

    @cached_property
    def t_pose_start(self) -> int:
        """How many frames at the start show a T-pose: arms level and straight, legs upright and straight."""
        return self._t_pose(np.arange(self.frames))

    @cached_property
    def t_pose_end(self) -> int:
        """How many frames at the end show a T-pose."""
        return 0 if self.t_pose_start == self.frames else self._t_pose(np.arange(self.frames)[::-1])

    def _t_pose(self, order: NDArray[np.intp]) -> int:
        """Return how many of the frames, in this order, show a T-pose before one does not."""
        if not self.has(*_T_LIMBS) or self.up is None:
            return 0
        done, count = 0, 1
        while done < len(order):
            shown = self._shows_t_pose(order[done : done + count])
            if not shown.all():
                return done + int(np.argmin(shown))
            done, count = done + count, 2 * count
        return len(order)

    def _shows_t_pose(self, frames: NDArray[np.intp]) -> Mask:
        up = self.up or Up(1, 1, 0.0)
        limbs = self.places(_T_LIMBS, frames).reshape(len(frames), 2, 6, 3)
        level, straight = np.sin(np.radians(_T_LEVEL)), np.cos(np.radians(_T_STRAIGHT))
        shown: Mask = kernels.t_poses(limbs, up.axis, up.sign, level, straight)
        return shown

    @cached_property
    def moving(self) -> slice:
        """The frames between T-poses at start and end, with a margin in which the body comes from or goes there."""
        margin = int(np.ceil(_T_MARGIN * self.rate))
        start = self.t_pose_start and min(self.t_pose_start + margin, self.frames)
        stop = self.frames - (self.t_pose_end and self.t_pose_end + margin)
        return slice(start, max(start, stop))

    @cached_property
    def height(self) -> float:
        """Height of the body in the take's unit, from the lengths of its legs or arms; 0 if it cannot be measured."""
        shares = {
            ("hip", "knee"): THIGH,
            ("knee", "ankle"): SHANK,
            ("shoulder", "elbow"): _UPPER_ARM,
            ("elbow", "wrist"): _FOREARM,
        }
        # Waist markers are far above the hip joints.
        legs = list(shares)[1:2] if self.modality == "markers" else list(shares)[:2]
        for limbs in (legs, list(shares)[2:]):
            there = [
                ((f"{side}_{one}", f"{side}_{other}"), shares[one, other])
                for one, other in limbs
                for side in ("left", "right")
                if self.has(f"{side}_{one}", f"{side}_{other}")
            ]
            pairs = np.array([[self._rows[name] for name in names] for names, _ in there], np.int64).reshape(-1, 2)
            lengths: list[float] = kernels.median_lengths(self._sampled, pairs).tolist() if there else []
            known = [(length, share) for length, (_, share) in zip(lengths, there, strict=True) if length > 0]
            if known:
                return sum(length for length, _ in known) / sum(share for _, share in known)
        return self._extent()

    def _extent(self) -> float:
        """Return the median over frames of the body's largest extent: the height of someone who stands."""
        frames = np.linspace(0, self.frames - 1, min(self.frames, _SAMPLED)).astype(np.intp)
        points = self.positions[frames].astype(np.float64)
        if self.visible is not None:
            points = np.where(self.visible[frames][..., None], points, np.nan)
        points = points[np.isfinite(points).any(axis=(1, 2))]
        if not points.size:
            return 0.0
        extents = (np.nanmax(points, axis=1) - np.nanmin(points, axis=1)).max(axis=1)
        extents = extents[np.isfinite(extents)]
        return float(np.median(extents)) if len(extents) else 0.0

    @cached_property
    def up(self) -> Up | None:
        """Which axis is up, from the direction of feet to head in most frames; None if these are not known."""
        top = next((name for name in ("head", "neck", "head_top") if name in self.landmarks), "")
        if not (top and self.has("left_ankle", "right_ankle")):
            return None
        trunk = self.sample(top) - (self.sample("left_ankle") + self.sample("right_ankle")) / 2
        lengths = np.linalg.norm(trunk, axis=1)
        good = np.isfinite(lengths) & (lengths > 0)
        if not good.any():
            return None
        mean = (trunk[good] / lengths[good, None]).mean(axis=0)
        axis = int(np.argmax(np.abs(mean)))
        return Up(axis, 1 if mean[axis] > 0 else -1, float(abs(mean[axis])))

    @cached_property
    def still(self) -> tuple[str, ...]:
        """Joints that have rotation channels and never turn."""
        if self.motion is None or self.frames < 3:
            return ()
        moving = self.motion.channels[self.moving]
        if len(moving) < 3:
            return ()
        # Nearly all channels change within a few frames.
        columns = np.flatnonzero((moving[:: max(1, len(moving) // 4)] == moving[0]).all(axis=0))
        constant = set(columns[kernels.alike(moving, columns)].tolist())
        turns = _turn_columns(self.motion.skeleton)
        return tuple(joint for joint, own in turns if own <= constant)

    @cached_property
    def content(self) -> str:
        """A key of what some of its frames hold, evenly spread, and of how many there are, but not of their rate."""
        values = self.positions if self.motion is None else self.motion.channels
        some = np.linspace(0, self.frames - 1, min(self.frames, _OF_CONTENT)).astype(np.intp)
        return hashing.digest(repr((self.names, values.shape)).encode() + values[some].tobytes())

    def heights(self, places: NDArray[Any]) -> NDArray[Any]:
        """Return how far places (..., 3) are along the up axis, in the take's unit; y is up where that is unknown."""
        up = self.up or Up(1, 1, 0.0)
        return places[..., up.axis] * up.sign

    def horizontal(self, places: NDArray[Any]) -> NDArray[Any]:
        """Return the two coordinates (..., 2) of places that are not up."""
        up = self.up or Up(1, 1, 0.0)
        return places[..., [axis for axis in range(3) if axis != up.axis]]

    def number(self, first: int, last: int) -> tuple[int, int]:
        """Return the numbers of two frames, counted from 1."""
        return first + 1, last + 1


@lru_cache(maxsize=512)
def _turn_columns(skeleton: Skeleton) -> list[tuple[str, set[int]]]:
    """Return the columns of the rotation channels of each joint that has some."""
    found, column = [], 0
    for joint, names in zip(skeleton.joints, skeleton.channels, strict=True):
        own = {column + index for index, name in enumerate(names) if name in ROTATION_CHANNELS}
        column += len(names)
        if own:
            found.append((joint, own))
    return found


def of_motion(motion: Motion, metres: float | None = None) -> Body:
    """Return a skeleton's motion as points, computed in one pass of forward kinematics."""
    skeleton = motion.skeleton
    turns = any(name.endswith("rotation") for channels in skeleton.channels for name in channels)
    wanted = ("positions", "quaternions") if turns else ("positions",)
    solved = kinematics.features(motion, wanted, np.float32)
    return Body(
        "skeleton",
        skeleton.nodes,
        skeleton.node_parents,
        solved["positions"],
        None,
        motion.rate,
        metres,
        motion,
        solved.get("quaternions"),
    )


def of_markers(markers: Markers, metres: float | None = None) -> Body:
    """Return markers as points; what a model computed, such as angles and forces, is left out."""
    kept = [
        index
        for index in range(len(markers.names))
        if not markers.kinds or markers.kinds[index] in ("marker", "unlabelled")
    ]
    names = tuple(markers.names[index] for index in kept)
    parents = (-1,) * len(kept)
    visible = markers.visible[:, kept]
    return as_markers(of_points(names, parents, markers.positions[:, kept], markers.rate, metres, visible))


def as_markers(body: Body) -> Body:
    """Return a body whose points are markers."""
    return replace(body, modality="markers")


def of_points(
    names: tuple[str, ...],
    parents: tuple[int, ...],
    positions: NDArray[Any],
    rate: float,
    metres: float | None = None,
    visible: Mask | None = None,
) -> Body:
    """Return points (F, N, 3) that were computed or recorded elsewhere; those that are not finite are not visible."""
    points = np.ascontiguousarray(positions, np.float32)
    finite: Mask = np.asarray(np.isfinite(points).all(axis=2))
    lost: Mask | None = None
    if not finite.all():
        lost = ~finite if visible is None else ~finite & visible
        points = np.where(finite[..., None], points, np.float32(0))
        visible = finite if visible is None else finite & visible
        lost = lost if lost.any() else None
    if visible is not None and visible.all():
        visible = None
    return Body("skeleton", names, parents, points, visible, rate, metres, lost=lost)


def runs(mask: Mask, gap: int = 0) -> list[tuple[int, int]]:
    """Return first and last index of each run of True, runs apart by at most ``gap`` joined."""
    if not mask.any():
        return []
    found = np.flatnonzero(mask)
    breaks = np.flatnonzero(np.diff(found) > gap + 1)
    starts, ends = found[np.r_[0, breaks + 1]], found[np.r_[breaks, len(found) - 1]]
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def unit(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return vectors (..., 3) at length 1; NaN where they have no length."""
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled: NDArray[Any] = vectors / np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    return scaled


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return names for a message, the first few of them."""
    return f"{', '.join(names[:most])}{f' and {len(names) - most} more' if len(names) > most else ''}"
