"""Markers: what is missing, labels that exchange places, points that are there twice, and zeros that mean missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motionprep.naming.shipped import marker_sets
from motionprep.quality.body import Body, Mask, listed, runs
from motionprep.quality.finding import Finding
from motionprep.quality.take import CheckedTake

#: Every so many frames are looked at for points that are there twice, before all of them are.
_EVERY = 8
#: Frames before and after a step that say how far a marker usually moves.
_AROUND = 5
#: Sets of ``manifests/tables/marker-sets.toml`` whose markers keep their distances, and how many must be there.
_RIGID, _LEAST_RIGID = ("head", "pelvis"), 4
#: Seconds between two stretches that are one.
_PAUSE = 0.1


@dataclass(frozen=True)
class MarkerFaults:
    """Find what goes wrong when markers are captured and labelled.

    Parameters
    ----------
    missing
        Share of its frames in which a marker may be missing.
    gap
        Seconds that a marker may be missing at a stretch; longer gaps are not filled well by any spline.
    ghost
        Share of the frames below which a marker that is visible is a stray label.
    swap
        Distance in body heights that a marker moves at least where it exchanges places with another one.
    swap_ratio
        How many times its usual step that is.
    swap_nearness
        How near to the other's last place it comes, as a share of that distance.
    together
        Distance in body heights within which two markers are one point.
    together_lasting
        Seconds for which they must be.
    moved
        Change in body heights of a marker's distances from the others on a rigid part of the body, in the median over
        these, from which it has moved.
    moved_lasting
        Seconds for which they must have changed.
    """

    missing: float = 0.2
    gap: float = 1.0
    ghost: float = 0.05
    swap: float = 0.012
    swap_ratio: float = 4.0
    swap_nearness: float = 0.35
    together: float = 0.003
    together_lasting: float = 0.1
    moved: float = 0.015
    moved_lasting: float = 0.5

    def of_take(self, take: CheckedTake) -> list[Finding]:
        """Return what is odd about the markers of a take."""
        found = []
        for body in take.bodies:
            if body.modality == "markers" and body.frames > 1 and body.names:
                zero = _zeros(body)
                swaps = list(self._swaps(take.key, body))
                found += [
                    *_zero_findings(take.key, body, zero),
                    *self._missing(take.key, body),
                    *swaps,
                    *self._together(take.key, body, zero),
                    *self._moved(take.key, body, swaps),
                ]
        return found

    def _missing(self, key: str, body: Body) -> Iterator[Finding]:
        if body.visible is None:
            return
        shares = 1 - body.visible.mean(axis=0)
        never = [name for name, share in zip(body.names, shares, strict=True) if share == 1]
        if never:
            yield Finding(
                "markers-never",
                "note",
                key,
                f"{listed(never)} are in the file and never visible; leave their names out.",
                joint=never[0],
                value=float(len(never)),
                limit=0.0,
            )
        for marker, share in enumerate(shares):
            name = body.names[marker]
            if 1 - self.ghost < share < 1:
                first, last = (int(at) for at in np.flatnonzero(body.visible[:, marker])[[0, -1]])
                yield Finding(
                    "markers-ghost",
                    "note",
                    key,
                    f"{name} is visible in {1 - share:.1%} of the frames, so it is a stray label; leave it out.",
                    frames=body.number(first, last),
                    joint=name,
                    value=1 - share,
                    limit=self.ghost,
                )
            elif self.missing < share < 1:
                yield Finding(
                    "markers-missing",
                    "warning",
                    key,
                    f"{name} is missing in {share:.0%} of the frames; leave it or the motion out, or fill its gaps "
                    "from the markers around it.",
                    joint=name,
                    value=share,
                    limit=self.missing,
                )
            if share <= 1 - self.ghost:
                for first, last in runs(~body.visible[:, marker]):
                    seconds = (last - first + 1) / body.rate
                    if seconds > self.gap:
                        yield Finding(
                            "markers-gap",
                            "warning",
                            key,
                            f"{name} is missing for {seconds:.1f} s; cut the motion here, or fill the gap from the "
                            "markers around it.",
                            frames=body.number(first, last),
                            joint=name,
                            value=seconds,
                            limit=self.gap,
                        )

    def _swaps(self, key: str, body: Body) -> Iterator[Finding]:
        if not body.height:
            return
        steps = np.sqrt(((body.positions[1:] - body.positions[:-1]) ** 2).sum(axis=2)) / body.height
        if body.visible is not None:
            steps[~(body.visible[1:] & body.visible[:-1])] = 0
        far = steps > self.swap
        open_: dict[tuple[int, int], tuple[int, float]] = {}
        for at in np.flatnonzero(far.sum(axis=1) >= 2):
            around = np.r_[steps[max(0, at - _AROUND) : at], steps[at + 1 : at + 1 + _AROUND]]
            usual = np.median(around, axis=0) if len(around) else np.zeros(steps.shape[1])
            movers = [int(m) for m in np.flatnonzero(far[at]) if steps[at, m] > self.swap_ratio * usual[m]]
            for one, other in self._exchanged(body, int(at), movers, steps[at]):
                if (one, other) in open_:
                    first, size = open_.pop((one, other))
                    yield self._swap(key, body, one, other, first, int(at), size)
                else:
                    open_[one, other] = int(at) + 1, float(steps[at, one])
        for (one, other), (first, size) in open_.items():
            yield self._swap(key, body, one, other, first, body.frames - 1, size)

    def _exchanged(
        self, body: Body, at: int, movers: list[int], steps: NDArray[np.float32]
    ) -> Iterator[tuple[int, int]]:
        """Yield the markers that take each other's place from frame ``at`` to the next."""
        before, after = body.positions[at], body.positions[at + 1]
        for place, one in enumerate(movers):
            for other in movers[place + 1 :]:
                reach = self.swap_nearness * min(steps[one], steps[other]) * body.height
                if (
                    np.linalg.norm(after[one] - before[other]) <= reach
                    and np.linalg.norm(after[other] - before[one]) <= reach
                ):
                    yield one, other

    def _swap(self, key: str, body: Body, one: int, other: int, first: int, last: int, size: float) -> Finding:
        names = body.names[one], body.names[other]
        return Finding(
            "markers-swap",
            "warning",
            key,
            f"{names[0]} and {names[1]} exchange places; exchange their labels in these frames.",
            frames=body.number(first, last),
            joint=names[0],
            value=size,
            limit=self.swap,
        )

    def _together(self, key: str, body: Body, zero: Mask | None) -> Iterator[Finding]:
        if not body.height:
            return
        lasting = max(1, round(self.together_lasting * body.rate))
        every = max(1, min(_EVERY, lasting))
        near = (self.together * body.height) ** 2
        seen = _visible(body) if zero is None else _visible(body) & ~zero
        some = body.positions[::every]
        for one in range(len(body.names) - 1):
            apart = ((some[:, one + 1 :] - some[:, one : one + 1]) ** 2).sum(axis=2)
            both = seen[::every, one + 1 :] & seen[::every, one : one + 1]
            for offset in np.flatnonzero(((apart < near) & both).any(axis=0)):
                other = one + 1 + int(offset)
                all_apart = ((body.positions[:, one] - body.positions[:, other]) ** 2).sum(axis=1)
                for first, last in runs((all_apart < near) & seen[:, one] & seen[:, other], 1):
                    if last - first + 1 >= lasting:
                        yield Finding(
                            "markers-together",
                            "warning",
                            key,
                            f"{body.names[one]} and {body.names[other]} are one point; one is a ghost: leave it out in "
                            "these frames.",
                            frames=body.number(first, last),
                            joint=body.names[other],
                            value=float(np.sqrt(all_apart[first : last + 1].max()) / body.height),
                            limit=self.together,
                        )

    def _moved(self, key: str, body: Body, swaps: Sequence[Finding]) -> Iterator[Finding]:
        """Yield the markers of head and pelvis that do not keep their distances from the others there."""
        if not body.height:
            return
        rows = {name: row for row, name in enumerate(body.names)}
        for part in _RIGID:
            own = [rows[name] for name in marker_sets()[part] if name in rows]
            if len(own) < _LEAST_RIGID:
                continue
            seen = np.array(_visible(body)[:, own].all(axis=1))
            for first, last in ((one.frames[0] - 1, one.frames[1]) for one in swaps if one.frames):
                seen[first:last] = False
            if not seen.any():
                continue
            apart = body.positions[:, own, None] - body.positions[:, None, own]
            lengths = np.sqrt((apart * apart).sum(axis=3))
            changes = np.abs(lengths - np.median(lengths[seen], axis=0)) / body.height
            # Of one that moves all distances change, of each other marker one alone.
            for place, marker in enumerate(own):
                moved = np.median(np.delete(changes[:, place], place, axis=1), axis=1)
                for first, last in runs((moved > self.moved) & seen, round(_PAUSE * body.rate)):
                    if last - first + 1 >= self.moved_lasting * body.rate:
                        yield Finding(
                            "markers-moved",
                            "note",
                            key,
                            f"The distances of {body.names[marker]} from the other markers of the {part} change by "
                            f"{moved[first : last + 1].max():.3f} body heights, so it has slipped or is another point; "
                            "leave it out in these frames.",
                            frames=body.number(first, last),
                            joint=body.names[marker],
                            value=float(moved[first : last + 1].max()),
                            limit=self.moved,
                        )


def _visible(body: Body) -> Mask:
    return np.ones(body.positions.shape[:2], np.bool_) if body.visible is None else body.visible


def _zeros(body: Body) -> Mask | None:
    """Return where a visible marker is exactly at the origin; None if nowhere."""
    zero: Mask = (body.positions == 0).all(axis=2) & _visible(body)
    return zero if zero.any() else None


def _zero_findings(key: str, body: Body, zero: Mask | None) -> Iterator[Finding]:
    for marker in range(len(body.names)) if zero is not None else ():
        for first, last in runs(zero[:, marker]) if zero is not None else ():
            yield Finding(
                "markers-zero",
                "error",
                key,
                f"{body.names[marker]} is exactly at the origin and counts as visible; mark these frames as missing.",
                frames=body.number(first, last),
                joint=body.names[marker],
                value=float(last - first + 1),
                limit=0.0,
            )
