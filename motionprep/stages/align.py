"""Bring markers to the skeleton: into its time, onto its axes, into its unit."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, prod
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.maths.axes import AXES, matrix, mirrors
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.maths.alignment import Finding
    from motionprep.motion.take import Take

#: How far from the best lag on the grid of frames the best of all may be, and how finely it is found, in frames.
_REACH, _FINE = 0.9, 0.02
_GOLDEN = (5**0.5 - 1) / 2
#: In fewer seconds that both have, a residual counts twice.
_SHORT = 2.0


class Align(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bring markers into the time, onto the axes and into the unit of the skeleton; keep the frames that both have.

    The skeleton stays as it is. Where one rate is a whole multiple of the other, frames of the faster one are left
    out. Of other rates the faster modality is resampled to the lower rate (:mod:`motionprep.maths.retiming`), and put
    down as ``align_resampled``, ``"motion"`` or ``"markers"``. What is found is put down as ``align_lag``,
    ``align_axes``, ``align_scale`` and ``align_residual``, as :class:`~motionprep.maths.alignment.Finding` explains
    them, and as ``metres_per_unit`` how long a unit of the skeleton's file is, if the markers' unit is known.

    Parameters
    ----------
    method
        ``"estimate"``: lag, axes and scale are found in the two motions. ``"cmu"``: they are those of CMU's releases,
        lag 1 for the T-pose that BVH files begin with, axes ``"yzx"``, and 56.444 mm a unit.
    lag
        Where it is known: how many frames of the skeleton come before that of the markers' first frame.
    axes
        Where they are known: which of the markers' axes become x, y and z, each with a minus if it is turned round.
    scale
        Where it is known: how many units of the skeleton a unit of the markers is; 0.017717 in CMU's releases.
    most_lag
        How far to search for the lag, either way, in frames of the skeleton.
    most_residual
        How far markers may move on their bones, as a part of the body's size, before they are taken for those of
        another take. It is 0.005 for CMU's 01_01 and more than 0.03 for its markers with another file's skeleton.
        In less than four seconds markers of another take may fit as well: what was searched for is then believed only
        if joints and markers have one origin and, for half a second at least, the body bends enough to find them.
    """

    name: ClassVar[str] = "align"
    version: ClassVar[int] = 3
    of_rotations: ClassVar[tuple[str, ...]] = ("align",)
    needs: ClassVar[tuple[str, ...]] = ("motion", "markers")
    of_lengths: ClassVar[tuple[str, ...]] = ("align",)

    method: Literal["estimate", "cmu"] = "estimate"
    lag: float | None = None
    axes: str = ""
    scale: float = 0.0
    most_lag: int = 60
    most_residual: float = 0.015

    def __post_init__(self) -> None:
        if self.method not in ("estimate", "cmu"):
            raise ValueError(f"method is {self.method!r}; it is 'estimate' or 'cmu'")
        if self.lag is not None and not isfinite(self.lag):
            raise ValueError(f"lag is {self.lag}; it must be a number of frames")
        if self.axes and (self.axes not in AXES or mirrors(self.axes)):
            raise ValueError(
                f"axes is {self.axes!r}; it is x, y and z in some order, each with or without a minus, and no mirror "
                "image, such as 'yzx' or 'x-zy'"
            )
        if not (isfinite(self.scale) and self.scale >= 0):
            raise ValueError(f"scale is {self.scale}; it must be above 0")
        if self.most_lag < 0:
            raise ValueError(f"most_lag is {self.most_lag}; it must be at least 0")
        if not self.most_residual > 0:
            raise ValueError(f"most_residual is {self.most_residual}; it must be above 0")

    def find(self, take: Take) -> tuple[Take, Finding] | Dropped:
        """Return how the take's markers lie to its skeleton, or why that cannot be found.

        The take is the one whose frames the finding counts, with one modality resampled if need be.
        """
        from motionprep.maths import alignment, spaces

        if take.motion is None:
            return Dropped("align: no skeleton")
        if take.markers is None:
            return Dropped("align: no markers")
        lag, axes, scale, cmu = self.lag, self.axes, self.scale, self.method == "cmu"
        if cmu:
            metres = spaces.metres(take)
            if metres is None and not scale:
                return Dropped(f"align: {spaces.no_unit(take)}")
            lag, axes = 1.0 if lag is None else lag, axes or "yzx"
            scale = scale or (metres or 0.0) / alignment.CMU_UNIT
        try:
            found = self._at(take, lag, axes, scale)
            if lag is None and not alignment.go_together(take.motion.rate, take.markers.rate):
                found = self._refined(take, *found, scale)
        except ValueError as error:
            return Dropped(f"align: {error}{_rates(take)}")
        return found

    def _at(self, take: Take, lag: float | None, axes: str, scale: float) -> tuple[Take, Finding]:
        """Return the take, one modality resampled if need be, and how the two lie; lag in frames of the take."""
        from motionprep.maths import alignment, retiming

        paced, motion, markers, step, start = take, take.motion, take.markers, 1.0, 0.0
        if motion is None or markers is None:
            raise ValueError("a take without one of the modalities has nothing to align")
        if not alignment.go_together(motion.rate, markers.rate):
            corrupt = None if take.corrupt is None else retiming.paced(motion, take.corrupt, lag).markers
            motion, markers, modality, step, start = retiming.paced(motion, markers, lag)
            facts = {**take.facts, "align_resampled": modality}
            paced = replace(take, motion=motion, markers=markers, corrupt=corrupt, facts=facts)
            if modality == "motion":
                # These are no longer frames of the file; so many, from the nearest one on, is what can be said.
                near = round(start)
                paced = replace(paced, of_file=range(near, near + motion.frames), retimed=(start - step * near, step))
            lag = None if lag is None else (lag - start) / step
        reach, offset = self.most_lag / step, self.method != "cmu"
        found = alignment.align_pair(motion, markers, lag=lag, axes=axes, scale=scale, most_lag=reach, offset=offset)
        return paced, replace(found, lag=step * found.lag + start) if paced is not take else found

    def _refined(self, take: Take, paced: Take, found: Finding, scale: float) -> tuple[Take, Finding]:
        """Return both modalities at the lag with the least residual, which may lie between frames of both.

        A golden-section search (Kiefer 1953) about the best lag on the grid of frames.
        """

        def residual(lag: float) -> float:
            return self._at(take, lag, found.axes, scale)[1].residual

        low, high = found.lag - _REACH, found.lag + _REACH
        one, other = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        at_one, at_other = residual(one), residual(other)
        while high - low > _FINE:
            if at_one <= at_other:
                high, other, at_other = other, one, at_one
                one = high - _GOLDEN * (high - low)
                at_one = residual(one)
            else:
                low, one, at_one = one, other, at_other
                other = low + _GOLDEN * (high - low)
                at_other = residual(other)
        best = self._at(take, round((low + high) / 2, 3), found.axes, scale)
        return best[0], replace(best[1], clear=found.clear)

    def judge(self, take: Take, found: Finding) -> Dropped | None:
        """Return why markers that lie like this are not those of the skeleton's take; None if they are."""
        if found.mirrored:
            return Dropped("align: the markers are a mirror image of the skeleton")
        # In a short while, what belongs to another take may go the same way.
        rates = [modality.rate for modality in (take.motion, take.markers) if modality is not None]
        strictness = 2 if len(found.motion_frames) < _SHORT * min(rates) else 1
        if found.share * strictness > self.most_residual:
            return Dropped(f"align: the markers do not move with the skeleton{_rates(take)}")
        if not found.clear:
            return Dropped("align: too little motion to find them; say lag, axes and scale where they are known")
        return None

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with its markers in the skeleton's world, or why they do not belong there."""
        found = self.find(take)
        if isinstance(found, Dropped):
            return found
        return self.judge(take, found[1]) or self.join(*found)

    def join(self, take: Take, found: Finding) -> Take:
        """Return a take with its markers in the skeleton's world, as they are found to lie in it."""
        from motionprep.maths import spaces
        from motionprep.motion.step import Step

        facts: dict[str, float | str] = {
            "align_lag": found.lag,
            "align_axes": found.axes,
            "align_scale": found.scale,
            "align_residual": found.residual,
        }
        metres = spaces.metres(take)
        if metres is not None:
            # The unit of the skeleton's file, even if the skeleton has been scaled since.
            facts["metres_per_unit"] = (
                metres / found.scale * prod(step.scale for step in take.steps if "joints" in step.on)
            )
        cut = take.at(found.motion_frames)
        markers, corrupt = (
            None if part is None else replace(part.at(found.marker_frames), rate=cut.rate)
            for part in (take.markers, take.corrupt)
        )
        step = Step(scale=found.scale, axes=matrix(found.axes), origin=found.origin, on=("markers",))
        return spaces.change(replace(cut, markers=markers, corrupt=corrupt, facts={**take.facts, **facts}), step)


def _rates(take: Take) -> str:
    """Return words for the rates of a take's modalities where they differ, since one of them may be wrong."""
    if take.motion is None or take.markers is None or take.motion.rate == take.markers.rate:
        return ""
    return (
        f"; they are said to have {take.markers.rate:g} and {take.motion.rate:g} frames a second: if a rate is wrong, "
        "give the right one in `rates`"
    )
