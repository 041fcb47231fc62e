"""Counts, sums and sums of squares of the numbers of a feature, for statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Moments:
    """Count, sum and sum of squares of each number of a feature, about a shift, in float64.

    Parameters
    ----------
    shape
        Of a frame.
    shift
        (N,) what is subtracted from each number; near the mean, so that little is lost.
    count
        (N,) in how many frames each number is known.
    total, squares
        (N,) sums of the differences from the shift, and of their squares.
    """

    shape: tuple[int, ...]
    shift: Any
    count: Any
    total: Any
    squares: Any

    @classmethod
    def starting_at(cls, values: Any, known: Any = None) -> Moments:
        """Return the moments of no frames, about the first of frames (F, ...) in which each number is known."""
        import numpy as np

        # Where a point is known in none of them any number will do, until it is.
        first = values[0] if known is None else values[known.argmax(axis=0), np.arange(known.shape[1])]
        shift = first.astype(np.float64).reshape(-1)
        return cls(first.shape, shift, np.zeros(shift.size, np.int64), np.zeros_like(shift), np.zeros_like(shift))

    def plus(self, values: Any, known: Any = None) -> Moments:
        """Return the moments with frames (F, ...) added; of points (F, P, ...) where ``known``, bool (F, P).

        A point's coordinates are its first three numbers; further ones are known in all frames.
        """
        import numpy as np

        from motionprep.motion import kinematics

        flat = values.reshape(len(values), -1)
        shift = np.where(self.count, self.shift, Moments.starting_at(values, known).shift)
        count, total, squares = self.count.copy(), self.total.copy(), self.squares.copy()
        if known is None:
            kinematics.add_moments(flat, shift, total, squares)
            count += len(values)
        else:
            # A copy, since the kernel is compiled for arrays that lie in order and may be written.
            kinematics.add_known_moments(flat, np.array(known), shift, count, total, squares)
        return Moments(self.shape, shift, count, total, squares)

    def to_json(self) -> dict[str, Any]:
        """Return counts, means and the sums of squared distances from the means; 0 of what is never known."""
        some = self.count.clip(min=1)
        mean = (self.shift + self.total / some) * (self.count > 0)
        scatter = self.squares - self.total**2 / some
        return {
            "shape": list(self.shape),
            "count": self.count.tolist(),
            "mean": mean.tolist(),
            "scatter": scatter.clip(min=0).tolist(),
        }
