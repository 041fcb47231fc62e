"""Size: bodies that are too small or too large for their unit, or for their corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from motionprep.motion.arrays import Floats
from motionprep.quality.body import Body
from motionprep.quality.finding import Finding
from motionprep.quality.take import CheckedTake, TakeSummary

#: Metres of the units in which skeletons are written: CMU's is 1/0.45 inch.
_UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "foot": 0.3048, "dm": 0.1, "CMU unit": 0.0254 / 0.45}
#: Height in metres to which a unit is guessed.
_TYPICAL = 1.72


@dataclass(frozen=True)
class Size:
    """Find bodies of implausible height.

    Parameters
    ----------
    shortest, tallest
        Heights in metres; what lies beyond is nobody's, in the unit that the file states.
    unstated
        The same where a file states no unit, as factors of those two: one of the usual units must fit.
    ratio
        How many times taller or shorter than the median of its corpus a body may be: a child of a metre beside an
        adult of 1.8 m is within it, and no two usual units are.
    """

    shortest: float = 0.75
    tallest: float = 2.5
    unstated: float = 1.15
    ratio: float = 2.1

    def of_take(self, take: CheckedTake) -> list[Finding]:
        """Return the bodies of a take whose height is implausible."""
        return [finding for body in take.bodies for finding in self._of_body(take.key, body)]

    def _of_body(self, key: str, body: Body) -> Iterator[Finding]:
        if not body.height or body.planar:
            return
        if body.metres is None:
            fits = [
                unit
                for unit, metres in _UNITS.items()
                if self.shortest / self.unstated <= body.height * metres <= self.tallest * self.unstated
            ]
            if not fits:
                yield Finding(
                    "size-implausible",
                    "warning",
                    key,
                    f"The body is {body.height:.4g} units tall, which is a person's height in no usual unit; scale it.",
                    value=body.height,
                )
            return
        height = body.height * body.metres
        if not self.shortest <= height <= self.tallest:
            yield Finding(
                "size-implausible",
                "error",
                key,
                f"The body is {height:.3g} m tall in the unit that the file states; its numbers look like "
                f"{guess(body.height)}: state the true unit, or scale them.",
                value=height,
                limit=self.shortest if height < self.shortest else self.tallest,
            )

    def of_corpus(self, takes: list[TakeSummary]) -> list[Finding]:
        """Return the takes whose body is much taller or shorter than those of most takes."""
        found = []
        for modality in ("skeleton", "markers"):
            heights = {
                take.key: body.height * (body.metres if body.metres and modality == "markers" else 1.0)
                for take in takes
                for body in take.bodies
                if body.modality == modality and body.height > 0
            }
            if len(heights) < 2:
                continue
            middle = self._commonest(np.sort(list(heights.values())))
            for key, height in heights.items():
                if not middle / self.ratio <= height <= middle * self.ratio:
                    found.append(
                        Finding(
                            "size-differs",
                            "warning",
                            key,
                            f"The body is {height:.4g} units tall ({guess(height)}), those of most motions "
                            f"{middle:.4g} ({guess(middle)}); scale all to one unit.",
                            value=height / middle,
                            limit=self.ratio if height > middle else 1 / self.ratio,
                        )
                    )
        return found

    def _commonest(self, heights: Floats) -> float:
        """Return the middle one of the most heights, in rising order, that may be of one unit."""
        first = np.searchsorted(heights, heights / self.ratio, side="left")
        end = np.searchsorted(heights, heights * self.ratio, side="right")
        most = int(np.argmax(end - first))
        of_unit = heights[first[most] : end[most]]
        return float(of_unit[(len(of_unit) - 1) // 2])


def guess(height: float) -> str:
    """Return the unit in which a body's height is nearest to a person's."""
    return min(_UNITS, key=lambda unit: abs(np.log(height * _UNITS[unit] / _TYPICAL)))
