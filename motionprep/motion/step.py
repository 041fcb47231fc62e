"""One change of coordinates, which can be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from motionprep.motion.arrays import Floats

#: What a change of coordinates may reach: the joints, the root where it is kept apart, the markers.
PARTS = ("joints", "root", "markers")


@dataclass(frozen=True, eq=False)
class Step:
    """One change of coordinates, and so all that is needed to undo it: ``new = scale * axes.T @ (old - origin)``.

    Parameters
    ----------
    scale
        From old to new lengths.
    axes
        (3, 3), or (F, 3, 3) of each frame: the new axes in old coordinates, as columns; orthogonal. The old axes if
        None.
    origin
        (3,) or (F, 3): the new origin in old coordinates; the old one if None.
    conjugate
        Whether the joints' own axes are turned alike, as a permutation of axes does; ``axes`` are then (3, 3), and may
        be a reflection.
    swap
        Pairs of names, of nodes and of markers, that take each other's place, as under a reflection.
    on
        Which of :data:`PARTS` it reaches.
    """

    scale: float = 1.0
    axes: Floats | None = None
    origin: Floats | None = None
    conjugate: bool = False
    swap: tuple[tuple[str, str], ...] = ()
    on: tuple[str, ...] = PARTS

    def at(self, frames: range) -> Step:
        """Return the step for the frames ``frames`` names."""
        picked = slice(frames.start, frames.stop, frames.step)
        axes = self.axes[picked] if self.axes is not None and self.axes.ndim == 3 else self.axes
        origin = self.origin[picked] if self.origin is not None and self.origin.ndim == 2 else self.origin
        return replace(self, axes=axes, origin=origin)
