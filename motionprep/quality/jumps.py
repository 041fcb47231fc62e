"""Jumps: teleports, spikes, flips of a rotation, frozen frames and dropped frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.skeleton import ROTATION_CHANNELS
from motionprep.quality import kernels
from motionprep.quality.body import Body, listed, runs
from motionprep.quality.finding import Finding, Severity, counted
from motionprep.quality.take import CheckedTake

#: Frames between two sudden changes that are one event.
_GAP = 2


@dataclass(frozen=True)
class Jumps:
    """Find what happens from one frame to the next and no body does.

    Parameters
    ----------
    bend
        Second difference of a point, in body heights per frame squared, above which it may be a jump.
    acceleration
        The same in body heights per second squared: at low rates what a fast movement reaches.
    grave
        Second difference, in body heights per frame squared, from which a jump of a joint other than the root is a
        warning; below it is a note.
    ratio
        How many times the median of the frames around a jump or flip exceeds.
    turn
        Degrees from one frame to the next above which a rotation may be a flip.
    turn_rate
        The same in degrees per second: at low rates what a fast movement reaches.
    small
        Joints whose limb beyond them is shorter than this share of the body height are small: thumbs and fingers, whose
        rotation optical systems guess. Their flips are notes.
    frozen
        Median step of the frames around repeated frames, in body heights per second, from which the body is moving.
    dropped
        How many times the steps around it a step must be for frames to be missing.
    unexplained
        Share of such a step that the steps around it may leave unexplained.
    dropped_speed
        Speed, in body heights per second, from which missing frames are looked for.
    several, several_unexplained, several_speed
        The same three for a step so long that several frames must be missing, which the steps around it, further apart
        in time, explain less well.
    """

    bend: float = 0.035
    acceleration: float = 80.0
    grave: float = 0.125
    ratio: float = 6.0
    turn: float = 60.0
    turn_rate: float = 2400.0
    small: float = 0.06
    frozen: float = 0.02
    dropped: float = 1.7
    unexplained: float = 0.1
    dropped_speed: float = 0.15
    several: float = 3.0
    several_unexplained: float = 0.35
    several_speed: float = 0.08

    def of_take(self, take: CheckedTake) -> list[Finding]:
        """Return the jumps of a take."""
        return [finding for body in take.bodies if body.frames > 3 for finding in self._of_body(take.key, body)]

    def _of_body(self, key: str, body: Body) -> Iterator[Finding]:
        if not body.height:
            return
        frozen = kernels.repeats(body.positions.reshape(body.frames, -1))
        if frozen[1:].all():
            yield Finding(
                "jump-frozen",
                "warning",
                key,
                "Nothing moves in any frame; leave the motion out, or export it again.",
                frames=body.number(0, body.frames - 1),
                value=float(body.frames),
            )
            return
        small = small_joints(body, self.small)
        flips, flipped = self._flips(key, body, small)
        yield from flips
        yield from self._bends(key, body, small, flipped)
        yield from self._frozen(key, body, frozen)
        yield from self._dropped(key, body, small, frozen)
        yield from self._wraps(key, body)

    def _bends(self, key: str, body: Body, small: set[int], flipped: NDArray[np.bool_]) -> Iterator[Finding]:
        looked_at = np.zeros(len(body.names), np.bool_)
        looked_at[_core(body, small)] = True
        limit = max(self.bend, self.acceleration / body.rate**2)
        visible = np.zeros((0, 0), np.bool_) if body.visible is None else body.visible
        places, sizes = kernels.bends(body.positions, visible, looked_at, limit * body.height, self.ratio)
        inside = (places[:, 0] > body.moving.start) & (places[:, 0] < body.moving.stop - 1)
        if body.clip:
            # A point bends at the last frame of a clip and at the first of the next.
            inside &= (places[:, 0] + 1) % body.clip > 1
        places, sizes = places[inside], sizes[inside] / body.height
        marked = np.zeros(body.frames, np.bool_)
        marked[places[:, 0]] = True
        for first, last in runs(marked, _GAP):
            within = (places[:, 0] >= first) & (places[:, 0] <= last)
            nodes_here = places[within, 1]
            root = body.modality == "skeleton" and 0 in nodes_here
            if not root and flipped[max(0, first - 1) : last + 2].any():
                continue
            worst = int(nodes_here[np.argmax(sizes[within])])
            names = list(dict.fromkeys(body.names[node] for node in nodes_here))
            value = float(sizes[within].max())
            start, stop = _displaced(body, worst, first, last)
            what = "The root" if root else listed(names) if body.modality == "markers" else body.names[worst]
            yield Finding(
                "jump-root" if root else "jump-joint" if body.modality == "skeleton" else "jump-marker",
                "warning" if root or value >= self.grave else "note",
                key,
                f"{what} jumps by {value:.2f} body heights from one frame to the next; trim or mend these frames.",
                frames=body.number(start, stop),
                joint=body.names[0] if root else body.names[worst],
                value=value,
                limit=limit,
            )

    def _flips(self, key: str, body: Body, small: set[int]) -> tuple[list[Finding], NDArray[np.bool_]]:
        """Return the flips of rotations, and in which frames a joint that is not small flips."""
        flipped = np.zeros(body.frames, np.bool_)
        if body.quaternions is None or body.motion is None:
            return [], flipped
        limit = max(self.turn, self.turn_rate / body.rate)
        places, sizes = kernels.turns(body.quaternions, limit, self.ratio)
        inside = (places[:, 0] > body.moving.start) & (places[:, 0] < body.moving.stop)
        places, sizes = places[inside], sizes[inside]
        found = []
        for joint in np.unique(places[:, 1]):
            own = places[:, 1] == joint
            marked = np.zeros(body.frames, np.bool_)
            marked[places[own, 0]] = True
            tip = int(joint) in small
            severity: Severity = "note" if tip else "warning"
            if not tip:
                flipped |= marked
            events = runs(marked, _GAP)
            if tip:
                # Notes of one joint are one: thumbs flip dozens of times.
                events = [(events[0][0], events[-1][1])]
            for first, last in events:
                within = own & (places[:, 0] >= first) & (places[:, 0] <= last)
                value = float(sizes[within].max())
                times = f"{int(within.sum())} times, " if tip else ""
                found.append(
                    Finding(
                        "jump-rotation",
                        severity,
                        key,
                        f"{body.names[joint]} turns {times}by up to {value:.0f} degrees from one frame to the next; "
                        + ("leave this joint out of training." if tip else "trim or mend these frames."),
                        frames=body.number(first, max(first, last - 1)),
                        joint=body.names[joint],
                        value=value,
                        limit=limit,
                    )
                )
        return found, flipped

    def _frozen(self, key: str, body: Body, same: NDArray[np.bool_]) -> Iterator[Finding]:
        least = self.frozen * body.height / body.rate
        nodes = np.arange(len(body.names))
        for first, last in runs(same):
            around = []
            for frame in (*range(first - 3, first), *range(last + 1, last + 4)):
                if 0 < frame < body.frames and not same[frame]:
                    step = body.positions[frame, nodes] - body.positions[frame - 1, nodes]
                    around.append(float(np.sqrt((step.astype(np.float64) ** 2).sum(axis=1)).mean()))
            if first - 1 < body.moving.start or last + 1 >= body.moving.stop or not around:
                continue
            if float(np.median(around)) < least:
                continue
            yield Finding(
                "jump-frozen",
                "warning",
                key,
                f"{last - first + 1} frames repeat the one before while the body moves; leave them out, or resample "
                "from the original recording.",
                frames=body.number(first, last),
                value=float(last - first + 1),
                limit=0.0,
            )

    def _dropped(self, key: str, body: Body, small: set[int], same: NDArray[np.bool_]) -> Iterator[Finding]:
        if body.visible is not None and not body.visible.all():
            nodes = np.flatnonzero(body.visible.all(axis=0))
        else:
            nodes = _core(body, small)
        if not len(nodes):
            return
        size, times, rest = kernels.strides(body.positions, nodes)
        missing = np.zeros(body.frames, np.bool_)
        for most, unexplained, speed in (
            (self.dropped, self.unexplained, self.dropped_speed),
            (self.several, self.several_unexplained, self.several_speed),
        ):
            far, straight = times >= most, rest <= unexplained
            missing |= far & straight & (size * body.rate >= speed * body.height * times)
        missing[: body.moving.start + 2] = missing[body.moving.stop - 1 :] = False
        # Beside frames that repeat each other, the mean of the steps around is half a step or less.
        missing[:-1] &= ~same[1:]
        missing[1:] &= ~same[:-1]
        if body.clip:
            missing[:] = False
        for first, last in runs(missing):
            value = float(times[first : last + 1].max())
            yield Finding(
                "jump-dropped",
                "warning",
                key,
                f"The body moves {value:.1f} times as far to this frame as to those around it, as if about "
                f"{counted(round(value - 1), 'frame')} were missing; fill the gap from the recording, or cut the "
                "motion here.",
                frames=body.number(first, last),
                value=value,
                limit=self.dropped,
            )

    def _wraps(self, key: str, body: Body) -> Iterator[Finding]:
        if body.motion is None:
            return
        names = body.motion.skeleton.channel_names
        turns = [column for column, name in enumerate(names) if name.endswith(ROTATION_CHANNELS)]
        if not turns:
            return
        columns = np.array(turns, np.int64)
        wrapped = columns[kernels.wraps(body.motion.channels[body.moving], columns)]
        if len(wrapped):
            yield Finding(
                "jump-wrap",
                "note",
                key,
                f"The angles of {listed([names[column] for column in wrapped])} go from one end of their range to the "
                "other; do not interpolate or filter angles, use rotations.",
                joint=names[wrapped[0]].rpartition("_")[0],
                value=float(len(wrapped)),
                limit=0.0,
            )


def small_joints(body: Body, share: float) -> set[int]:
    """Return the joints beyond which the limb is shorter than a share of the body height, End Sites among them."""
    if body.motion is None or body.motion.skeleton.bare:
        return set()
    reach = np.zeros(len(body.names))
    first = body.positions[0]
    lengths = np.linalg.norm(first - first[list(body.parents)], axis=1)
    for node in range(len(body.names) - 1, 0, -1):
        parent = body.parents[node]
        reach[parent] = max(reach[parent], reach[node] + lengths[node])
    return {int(node) for node in np.flatnonzero(reach < share * body.height)}


def _displaced(body: Body, node: int, first: int, last: int) -> tuple[int, int]:
    """Return the frames in which a point is displaced: from one large step near a bend to the next."""
    start = max(0, first - 2)
    places = body.positions[start : last + 3, node].astype(np.float64)
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    large = np.flatnonzero(steps > steps.max() / 2) + start + 1
    return int(large[0]), int(max(large[0], large[-1] - 1))


def _core(body: Body, small: set[int]) -> NDArray[np.int64]:
    return np.array([node for node in range(len(body.names)) if node not in small], dtype=np.int64)
