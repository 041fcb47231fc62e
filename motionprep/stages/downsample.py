"""Keep every n-th frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from motionprep.motion.rates import is_rate
from motionprep.stages.base import Dropped, InFile, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take

#: How far a ratio of rates may be from a whole number; television's 59.94 is 60, and 119.88 twice that.
_WHOLE = 2e-3


class Downsample(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep every ``factor``-th frame, beginning with the first; the rate is divided by it.

    Of F frames ``floor(F / factor)`` are kept, so that each stands for a whole step.

    Parameters
    ----------
    factor
        How many frames become one. Give this or ``rate``.
    rate
        The rate to come to, in frames a second; a take whose rate is not a whole multiple of it, to 0.2 %, is dropped.
    partial
        Keep the first frame of a last step that is not whole as well: ``ceil(F / factor)`` frames.
    lowpass
        Take out what the new rate cannot show before frames are left out, so that nothing quick turns up as something
        slow; see :func:`motionprep.maths.filters.lowpass`.
    """

    name: ClassVar[str] = "downsample"

    factor: int = 0
    rate: float = 0.0
    partial: bool = False
    lowpass: bool = False

    def __post_init__(self) -> None:
        if self.factor < 0 or (self.factor == 0 and not self.rate):
            raise ValueError(
                f"factor is {self.factor}; it must be at least 1, or a rate in frames a second, above 0, is given in "
                "its place"
            )
        if self.factor and self.rate:
            raise ValueError("give either factor or rate")
        if self.rate and not is_rate(self.rate):
            raise ValueError(f"rate is {self.rate}; it must be above 0 and what float32 can hold")

    @property
    def mixes_frames(self) -> bool:  # type: ignore[override]
        """Whether it makes frames of their neighbours."""
        return self.lowpass

    @property
    def picks(self) -> bool:
        """Whether it only chooses frames."""
        return not self.lowpass

    def pick(self, frames: int, rate: float, in_file: InFile = (0, 1)) -> range | Dropped:
        """Return every ``factor``-th frame, or why the rate cannot be reached."""
        factor = self._factor(rate)
        if isinstance(factor, Dropped):
            return factor
        kept = -(-frames // factor) if self.partial else frames // factor
        if not kept:
            return Dropped(f"downsample: nothing is left of {frames} frames at every {factor}th")
        return range(0, min(kept * factor, frames), factor)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take at the new rate."""
        part = take.motion or take.markers
        if self.lowpass and part is not None:
            factor = self._factor(part.rate)
            if isinstance(factor, Dropped):
                return factor
            from motionprep.maths import filters

            take = filters.lowpass(take, factor)
        return super().apply(take, rng)

    def _factor(self, rate: float) -> int | Dropped:
        if self.factor:
            return self.factor
        ratio = rate / self.rate
        factor = round(ratio)
        if not factor or abs(ratio - factor) > _WHOLE * factor:
            return Dropped(f"downsample: {rate:g} fps is not a whole multiple of {self.rate:g}")
        return factor
