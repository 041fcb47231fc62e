"""Bring takes to a rate that is no whole part of theirs, or one that is above theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.motion.rates import is_rate
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take

#: Rates that differ by less than this share of one another are the same.
_SAME = 1e-9


class Resample(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bring a take to any rate: frames are put between frames, the first one stays where it is.

    Rotations go along the shortest arc between two frames, translations and markers along a line; a marker is visible
    where it is in both frames. A take that has the rate already is left as it is. Put it before stages that make
    features or a frame of reference that goes along with the body.

    Parameters
    ----------
    rate
        The rate to come to, in frames a second.
    lowpass
        What takes out what a lower rate cannot show: ``"sinc"`` is :func:`motionprep.maths.filters.lowpass`, ``"none"``
        leaves all in. It is not used where the rate goes up.
    """

    name: ClassVar[str] = "resample"
    alters: ClassVar[bool] = True
    in_world: ClassVar[bool] = True
    mixes_frames: ClassVar[bool] = True

    rate: float
    lowpass: Literal["sinc", "none"] = "sinc"

    def __post_init__(self) -> None:
        if not is_rate(self.rate):
            raise ValueError(f"rate is {self.rate}; it must be above 0 and what float32 can hold")
        if self.lowpass not in ("sinc", "none"):
            raise ValueError(f"lowpass is {self.lowpass!r}; it is 'sinc' or 'none'")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take at the new rate, or why it is too late for that."""
        from motionprep.maths import filters, retiming

        factor = take.rate / self.rate
        if abs(factor - 1) < _SAME or not take.frames:
            return take
        if retiming.too_late(take):
            return Dropped(
                "resample: a stage before it made features or a frame of reference that moves; put resample first"
            )
        if factor > 1 and self.lowpass == "sinc":
            take = filters.lowpass(take, factor)
        motion, markers, corrupt = take.motion, take.markers, take.corrupt
        found = replace(
            take,
            motion=None if motion is None else retiming.resampled(motion, self.rate, 0.0),
            markers=None if markers is None else retiming.resampled(markers, self.rate, 0.0),
            corrupt=None if corrupt is None else retiming.resampled(corrupt, self.rate, 0.0),
        )
        return retiming.renumbered(take, found, factor)
