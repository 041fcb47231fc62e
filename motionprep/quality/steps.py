"""How the feet of a body move: what the check of feet and the measures of a take are made of."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.maths import contacts
from motionprep.maths.contacts import LEVEL, SLOW
from motionprep.motion.feature_kinds import FEET
from motionprep.quality import kernels
from motionprep.quality.body import Body, Mask, Up

_Floats = NDArray[np.float64]
#: As many samples as the floor is measured on.
_MOST = 400


class Steps:
    """How the feet of a body move, in body heights and seconds, between its T-poses.

    Parameters
    ----------
    body
        Its hips, ankles and toes are looked for.
    """

    def __init__(self, body: Body) -> None:
        self._body = body
        long_enough = body.moving.stop - body.moving.start >= max(4, round(0.3 * body.rate))
        #: Whether there are feet to look at.
        self.known = bool(body.height) and long_enough and body.has(*FEET, "pelvis") and body.up is not None
        #: Samples per second.
        self.rate = body.rate
        if self.known:
            self.rate = body.coarse.rate
            places = body.coarse.at(*FEET)
            self.known = len(places) > 3 and bool(np.isfinite(places).all(axis=(1, 2)).mean() > 0.5)
            self._places: _Floats = _filled(places)

    def frames(self, first: int, last: int) -> tuple[int, int]:
        """Return the frames of the take, counted from 1, that samples are."""
        return self._body.coarse.frames(first, last)

    @cached_property
    def _moves(self) -> tuple[_Floats, _Floats, _Floats]:
        """Velocities (F, 4, 3) of ankles and toes, and their speeds (F, 4), level and whole."""
        up = self._body.up or Up(1, 1, 0.0)
        moves: tuple[_Floats, _Floats, _Floats] = kernels.velocities(self._places, up.axis, self.rate)
        return moves

    @cached_property
    def heights(self) -> _Floats:
        """Heights (F, 4) of ankles and toes."""
        heights: _Floats = self._body.heights(self._places)
        return heights

    @cached_property
    def _standing(self) -> Mask:
        standing: Mask = np.asarray(self._moves[2] < SLOW)
        return standing

    @cached_property
    def _base(self) -> _Floats:
        """Heights (4,) at which ankles and toes stand; of left and right the lower one."""
        return contacts.standing_heights(self.heights, self._standing)

    @cached_property
    def above(self) -> _Floats:
        """Heights (F, 4) of ankles and toes above where they stand."""
        above: _Floats = self.heights - self._base
        return above

    @cached_property
    def confidence(self) -> float:
        """Share of standing points that agree on one floor; 0 where too few stand."""
        return contacts.floor_confidence(self.above, self._standing)

    def flat(self, most: float) -> Mask:
        """Return (T, 2) whether the left and the right foot are flat on the floor, to a height in body heights."""
        level = (np.abs(self.above) < most) & (np.abs(self._body.heights(self._moves[0])) < SLOW)
        flat: Mask = np.asarray(level.reshape(-1, 2, 2).all(axis=2))
        return flat

    @cached_property
    def slip(self) -> _Floats:
        """Horizontal speed (F,) of the slowest of ankles and toes."""
        slip: _Floats = self._moves[1].min(axis=1)
        return slip

    @cached_property
    def velocities(self) -> _Floats:
        """Horizontal velocities (T, 2, 2) of the left and the right foot."""
        moves = self._moves[0]
        velocities: _Floats = self._body.horizontal((moves[:, ::2] + moves[:, 1::2]) / 2)
        return velocities

    @cached_property
    def _root(self) -> _Floats:
        return _filled(self._body.coarse.at("pelvis"))[:, 0]

    @cached_property
    def root(self) -> _Floats:
        """Heights (F,) of the pelvis."""
        heights: _Floats = self._body.heights(self._root)
        return heights

    @cached_property
    def standing(self) -> float:
        """Height of the pelvis while a foot stands."""
        stands = self._standing.any(axis=1) & (np.abs(self.above).min(axis=1) < LEVEL)
        return float(np.median(self.root[stands] if stands.any() else self.root))

    @cached_property
    def travel(self) -> float:
        """Mean speed of the pelvis from start to end, in a straight line."""
        ends = self._body.horizontal(self._root[[0, -1]])
        return float(np.linalg.norm(ends[1] - ends[0]) / (len(self._root) / self.rate))

    @cached_property
    def floor(self) -> float:
        """Height of the floor, which the body's lowest point is below in one sample of twenty."""
        body, moving = self._body, self._body.moving
        frames = np.arange(moving.start, moving.stop, max(body.coarse.step, (moving.stop - moving.start) // _MOST))
        heights = body.heights(body.positions[frames]).astype(np.float64) / body.height
        if body.visible is not None:
            seen = body.visible[frames]
            heights = np.where(seen, heights, np.inf)[seen.any(axis=1)]
        return contacts.floor_height(heights) if len(heights) else 0.0

    @cached_property
    def slope(self) -> tuple[float, float]:
        """Degrees by which the floor is tilted, and from 0 to 1 how well the standing points lie on one plane."""
        heights, planes, kinds = [], [], []
        for point in range(4):
            own = np.flatnonzero(self._standing[:, point])
            own = own[:: max(1, len(own) // 500)]
            heights.append(self.heights[own, point])
            planes.append(self._body.horizontal(self._places[own, point]))
            kinds.append(np.full(len(own), point % 2))
        height, plane, kind = np.concatenate(heights), np.concatenate(planes), np.concatenate(kinds)
        if len(height) < 30 or plane.std(axis=0).max() < 0.25:
            return 0.0, 0.0
        terms = np.column_stack([plane - plane.mean(axis=0), kind == 0, kind == 1])
        solved, *_ = np.linalg.lstsq(terms, height, rcond=None)
        errors = np.abs(height - terms @ solved)
        # Somebody who stands in a line says nothing about the slope across it.
        tilt = float(np.degrees(np.arctan(np.linalg.norm(solved[:2] * (plane.std(axis=0) > 0.1)))))
        return tilt, float((errors < LEVEL).mean())


def _filled(places: NDArray[Any]) -> _Floats:
    """Return places (F, K, 3) with those that are NaN on the line between their neighbours."""
    flat = places.reshape(len(places), -1)
    for column in flat.T if np.isnan(flat).any() else ():
        lost = np.isnan(column)
        if lost.all():
            column[:] = 0
        else:
            column[lost] = np.interp(np.flatnonzero(lost), np.flatnonzero(~lost), column[~lost])
    return flat.reshape(places.shape)
