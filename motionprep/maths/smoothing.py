"""Make predictions steady: filters along the frames for points and for rotations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motionprep.maths.retiming import slerp
from motionprep.motion import rotations
from motionprep.motion.arrays import Floats

#: Forms of values, and how many numbers a point or rotation has at the end of the shape; any for points.
FORMS = {"points": 0, "rotations": 9, "quaternions": 4, "rotations_6d": 6}


class _Method(Protocol):
    name: ClassVar[str]

    def of_points(self, values: Floats, rate: float) -> Floats:
        """Return points (F, K, D), smoothed."""

    def of_quaternions(self, values: Floats, rate: float) -> Floats:
        """Return quaternions (F, K, 4) without a change of sign between frames, smoothed; of any length above 0."""


@dataclass(frozen=True)
class HoldLast:
    """Where a value is not finite, or jumps, the last one before it stays.

    Parameters
    ----------
    limit
        How far a point may be from the last that was kept, in its unit, for each frame since then.
    degrees
        The same for rotations.
    """

    name: ClassVar[str] = "hold-last"

    limit: float = math.inf
    degrees: float = 45.0

    def of_points(self, values: Floats, rate: float) -> Floats:
        """Return points (F, K, D), smoothed."""
        return _held(values, lambda one, other: np.linalg.norm(one - other, axis=-1), self.limit)

    def of_quaternions(self, values: Floats, rate: float) -> Floats:
        """Return quaternions (F, K, 4), smoothed."""

        def apart(one: Floats, other: Floats) -> Floats:
            angles: Floats = 2 * np.arccos(np.clip(np.abs(np.sum(one * other, axis=-1)), 0, 1))
            return angles

        return _held(values, apart, math.radians(self.degrees))


@dataclass(frozen=True)
class SavitzkyGolay:
    """A polynomial is fitted to the frames around each one.

    Savitzky and Golay 1964, "Smoothing and differentiation of data by simplified least squares procedures".

    Parameters
    ----------
    seconds
        How long the piece is that is fitted.
    order
        Of the polynomial.
    """

    name: ClassVar[str] = "savitzky-golay"

    seconds: float = 0.15
    order: int = 3

    def of_points(self, values: Floats, rate: float) -> Floats:
        """Return points (F, K, D), smoothed."""
        from scipy.signal import savgol_filter

        frames = max(2 * round(self.seconds * rate / 2) + 1, self.order + 2 - self.order % 2)
        frames = min(frames, len(values) - 1 + len(values) % 2)
        if frames <= self.order:
            return values
        smoothed: Floats = savgol_filter(values, frames, self.order, axis=0)
        return smoothed

    def of_quaternions(self, values: Floats, rate: float) -> Floats:
        """Return quaternions (F, K, 4), smoothed."""
        return self.of_points(values, rate)


@dataclass(frozen=True)
class OneEuro:
    """A low-pass filter that lets more through the faster something moves, frame by frame, without a look ahead.

    Casiez, Roussel and Vogel 2012, "1 EUR filter: a simple speed-based low-pass filter for noisy input in interactive
    systems".

    Parameters
    ----------
    cutoff
        Frequency in Hz from which on what stands still is filtered.
    beta
        By how many Hz that rises for each unit a second.
    speed_cutoff
        Frequency in Hz from which on the speed is filtered.
    """

    name: ClassVar[str] = "one-euro"

    cutoff: float = 1.5
    beta: float = 0.3
    speed_cutoff: float = 1.0

    def of_points(self, values: Floats, rate: float) -> Floats:
        """Return points (F, K, D), smoothed."""
        out = np.array(values)
        speed = np.zeros(values.shape[1:])
        for frame in range(1, len(values)):
            change = (values[frame] - out[frame - 1]) * rate
            speed += _share(self.speed_cutoff, rate) * (change - speed)
            share = _share(self.cutoff + self.beta * np.abs(speed), rate)
            out[frame] = out[frame - 1] + share * (values[frame] - out[frame - 1])
        return out

    def of_quaternions(self, values: Floats, rate: float) -> Floats:
        """Return quaternions (F, K, 4), smoothed."""
        return self.of_points(values, rate)


@dataclass(frozen=True)
class Slerp:
    """Each rotation goes part of the way from the last one along the shortest arc, a point along the straight line.

    Once from the first frame to the last and once back, so that nothing comes late.

    Parameters
    ----------
    share
        Of the way, above 0; 1 changes nothing.
    """

    name: ClassVar[str] = "slerp"

    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share is {self.share}; it must be above 0 and at most 1")

    def of_points(self, values: Floats, rate: float) -> Floats:
        """Return points (F, K, D), smoothed."""
        return self._both_ways(values, lambda one, other: one + self.share * (other - one))

    def of_quaternions(self, values: Floats, rate: float) -> Floats:
        """Return quaternions (F, K, 4), smoothed."""
        part = np.full(values.shape[1:-1], self.share)
        return self._both_ways(values, lambda one, other: slerp(one, other, part))

    def _both_ways(self, values: Floats, between: Callable[[Floats, Floats], Floats]) -> Floats:
        out = np.array(values)
        for order in (range(1, len(out)), range(len(out) - 2, -1, -1)):
            for frame in order:
                out[frame] = between(out[frame - order.step], out[frame])
        return out


#: By name.
METHODS: dict[str, type[Any]] = {one.name: one for one in (HoldLast, SavitzkyGolay, OneEuro, Slerp)}


def smooth(
    values: ArrayLike, method: str = "one-euro", rate: float = 30.0, *, form: str = "points", **settings: float
) -> Floats:
    """Return values with less noise, such as what a model predicts frame by frame.

    Parameters
    ----------
    values
        (F, ...): points (F, ..., D) of any D; ``"rotations"`` (F, ..., 3, 3) that act on column vectors;
        ``"quaternions"`` (F, ..., 4), wxyz, of either sign; ``"rotations_6d"`` (F, ..., 6), two columns.
    method
        ``"hold-last"`` (``limit``, ``degrees``), ``"savitzky-golay"`` (``seconds``, ``order``), ``"one-euro"``
        (``cutoff``, ``beta``, ``speed_cutoff``) or ``"slerp"`` (``share``); see :mod:`motionprep.maths.smoothing`.
    rate
        Frames a second.
    form
        Which of the four the values are.
    settings
        Of the method, in the place of its defaults.

    Returns
    -------
    numpy.ndarray
        As ``values``, float64; rotations are rotations again, quaternions unit and without a change of sign.

    Raises
    ------
    ValueError
        If there is no such method, setting or form, the shape is not that of the form, or a value is not finite where
        the method is not ``"hold-last"``.
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; it is one of {', '.join(METHODS)}")
    if form not in FORMS:
        raise ValueError(f"form is {form!r}; it is one of {', '.join(FORMS)}")
    if not 0 < rate < math.inf:
        raise ValueError(f"rate is {rate}; it must be above zero")
    try:
        how: _Method = METHODS[method](**settings)
    except TypeError:
        names = ", ".join(field.name for field in fields(METHODS[method]))
        raise ValueError(f"{method} has no setting {', '.join(settings)}; it has {names}") from None
    array = np.asarray(values, dtype=np.float64)
    ends = {"points": array.shape[-1:], "rotations": (3, 3), "quaternions": (4,), "rotations_6d": (6,)}[form]
    if array.ndim < 1 + len(ends) or array.shape[-len(ends) :] != ends:
        raise ValueError(f"{form} have shape {array.shape}; expected (frames, ..., {', '.join(map(str, ends))})")
    finite = np.isfinite(array)
    if not (finite.all() or method == HoldLast.name):
        place = tuple(int(at) for at in np.argwhere(~finite)[0])
        raise ValueError(f"{array[place]} at {place}; expected a finite number: hold-last alone takes others")
    if not array.size:
        return array
    if form == "points":
        return how.of_points(array.reshape(len(array), -1, array.shape[-1]), rate).reshape(array.shape)
    shape = array.shape[: array.ndim - len(ends)]
    flat = array.reshape(len(array), -1, *ends)
    known = np.asarray(finite.reshape(*flat.shape[:2], -1).all(axis=2))
    turns = _quaternions(np.where(known.reshape(*known.shape, *[1] * len(ends)), flat, _neutral(form)), form)
    turns = rotations.steady(turns)
    smoothed = how.of_quaternions(np.where(known[..., None], turns, np.nan), rate)
    smoothed = rotations.steady(smoothed / np.linalg.norm(smoothed, axis=-1, keepdims=True))
    if form == "quaternions":
        return smoothed.reshape(array.shape)
    matrices = rotations.from_quaternion(smoothed)
    return (matrices if form == "rotations" else rotations.to_6d(matrices)).reshape(*shape, *ends)


def _quaternions(values: Floats, form: str) -> Floats:
    if form == "quaternions":
        unit: Floats = values / np.linalg.norm(values, axis=-1, keepdims=True)
        return unit
    return rotations.to_quaternion(rotations.nearest(values) if form == "rotations" else rotations.from_6d(values))


def _neutral(form: str) -> Floats:
    """Return no rotation, in a form."""
    if form == "quaternions":
        return np.array([1.0, 0, 0, 0])
    return np.eye(3) if form == "rotations" else rotations.to_6d(np.eye(3))


def _share(cutoff: Any, rate: float) -> Any:
    """Return how much of a new value an exponential filter of a cutoff in Hz takes."""
    return 1 / (1 + rate / (2 * math.pi * cutoff))


def _held(values: Floats, apart: Callable[[Floats, Floats], Floats], limit: float) -> Floats:
    """Return values (F, K, D) in which the last stays where one is not finite, or too far for the frames since then."""
    out = np.array(values)
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=2))
    points = np.arange(values.shape[1])
    # What comes before the first that is finite is that one.
    kept = values[finite.argmax(axis=0), points]
    kept = np.where(np.asarray(finite.any(axis=0))[:, None], kept, 0.0)
    since = np.zeros(values.shape[1], np.int64)
    for frame in range(len(values)):
        since += 1
        with np.errstate(invalid="ignore"):
            near: NDArray[np.bool_] = np.logical_and(finite[frame], apart(values[frame], kept) <= limit * since)
        kept = np.where(near[:, None], values[frame], kept)
        since[near] = 0
        out[frame] = kept
    return out
