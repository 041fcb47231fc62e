"""Add how fast things move."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, Stage, check_of, check_scheme

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motionprep.motion.arrays import Floats
    from motionprep.motion.markers import Markers
    from motionprep.motion.take import Take

#: What can be differentiated, and the arrays that it gives.
ARRAYS = {"positions": "positions_velocity", "root_position": "root_velocity", "markers": "markers_velocity"}


class Velocity(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add first differences times the rate, in the take's units a second, in the frame that the take is in.

    What later stages do
    to coordinates or to the choice of joints and markers does not reach it, so put it after them; later stages that
    choose frames choose among the velocities. Each clip is by itself.

    Parameters
    ----------
    of
        Any of ``"positions"`` (the array ``positions_velocity`` (F, N, 3), of all nodes), ``"root_position"``
        (``root_velocity`` (F, 3), of the root where it is kept apart, otherwise of the motion's) and ``"markers"``
        (``markers_velocity`` (F, M, 3), of the recorded ones, not of those that a stage has corrupted). A marker's
        velocity is 0 unless it is visible in the frame and in the one before; in the first it is that of the second.
        Where it is known is put down as ``markers_velocity_known`` (F, M), for the statistics.
    scheme
        ``"backward"``: the way from the frame before; the first frame has that of the second. ``"forward"``: the way to
        the next frame; the last has that of the one before. ``"central"``: half the way from the frame before to the
        next; at the ends as the other two. Markers are seen in pairs, so theirs is backward.
    """

    name: ClassVar[str] = "velocity"
    version: ClassVar[int] = 2
    derives: ClassVar[bool] = True
    later: ClassVar[tuple[str, ...]] = ("scheme",)

    of: tuple[str, ...] = ("positions",)
    scheme: Literal["backward", "forward", "central"] = "backward"

    def __post_init__(self) -> None:
        check_scheme(self.scheme)
        if "markers" in self.of and self.scheme != "backward":
            raise ValueError(f"scheme is {self.scheme!r}; that of markers is 'backward'")
        check_of(self.of, ARRAYS, "velocity")

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are not there without it."""
        return tuple(ARRAYS[item] for item in self.of)

    @property
    def of_lengths(self) -> tuple[str, ...]:  # type: ignore[override]
        """What of it cannot be without lengths of bones."""
        return (ARRAYS["positions"],) if "positions" in self.of else ()

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the arrays, or which modality of it they need."""
        from motionprep.motion.arrays import read_only

        if (take.clip or take.frames) < 2:
            return Dropped("velocity: fewer than two frames")
        arrays = dict(take.arrays)
        for item in self.of:
            found = _velocity(take, item, self.scheme)
            if isinstance(found, Dropped):
                return found
            arrays[ARRAYS[item]] = read_only(found)
            if item == "markers" and take.markers is not None:
                arrays["markers_velocity_known"] = read_only(_known(take.markers))
        return replace(take, arrays=arrays)


def _velocity(take: Take, item: str, scheme: str) -> Floats | Dropped:
    """Return the velocity of one of :data:`ARRAYS`."""
    from motionprep.maths import differences
    from motionprep.motion import kinematics

    if item == "markers":
        return _of_markers(take.markers) if take.markers is not None else Dropped("velocity: no markers")
    if item == "root_position" and take.root is not None:
        return differences.first(take.root.position, take.rate, scheme, take.clip)
    if take.motion is None:
        return Dropped("velocity: no skeleton")
    return differences.first(kinematics.features(take.motion, (item,))[item], take.motion.rate, scheme, take.clip)


def _of_markers(markers: Markers) -> Floats:
    from motionprep.maths import differences

    velocity = differences.first(markers.positions, markers.rate)
    velocity[~_known(markers)] = 0.0
    return velocity


def _known(markers: Markers) -> NDArray[np.bool_]:
    """Return where a marker (F, M) has a velocity."""
    known = markers.visible.copy()
    known[1:] &= markers.visible[:-1]
    known[0] = known[1]
    return known
