"""Where the landmarks of a take are: hips, ankles, toes and shoulders of its skeleton, or of its markers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motionprep.maths import contacts
from motionprep.maths.contacts import SHANK, THIGH
from motionprep.motion import kinematics
from motionprep.motion.arrays import Floats
from motionprep.motion.take import Take
from motionprep.naming.landmarks import LEGS, Landmarks, of_markers, of_nodes

#: Kinds of points in a markers' file that are places; others are what a model computed, such as angles.
_PLACES = ("marker", "unlabelled")
_SHANKS = tuple(name for name in LEGS if not name.endswith("hip"))


@dataclass(frozen=True, eq=False)
class LandmarkPoints:
    """The points of a take in the world, and which of them are its landmarks.

    Parameters
    ----------
    positions
        (F, N, 3), in the take's unit; NaN where a marker is not visible.
    places
        Indices of the points of each landmark that is known.
    of_joints
        Whether the points are joints, not markers, which lie on the skin.
    """

    positions: Floats
    places: Landmarks
    of_joints: bool = True

    def missing(self, wanted: Sequence[str]) -> str:
        """Return that a wanted landmark is not known, in words; empty if all are."""
        lost = next((name for name in wanted if name not in self.places), "")
        return lost and f"nothing is known to be the {lost.replace('_', ' ')}"

    def at(self, wanted: Sequence[str]) -> Floats:
        """Return the landmarks (F, L, 3), each the mean of its points; NaN where one of these is not visible."""
        return np.stack([self.positions[:, list(self.places[name])].mean(axis=1) for name in wanted], axis=1)

    def body_height(self) -> float:
        """Return the body's height in the take's unit, from its legs; 0 if these are not known or never visible."""
        # Waist markers are far above the hip joints.
        wanted, share = (LEGS, THIGH + SHANK) if self.of_joints else (_SHANKS, SHANK)
        if self.missing(wanted):
            return 0.0
        return contacts.body_height(self.at(wanted).reshape(len(self.positions), 2, -1, 3), share)


def of_take(take: Take) -> LandmarkPoints:
    """Return the points of a take's skeleton, or of its markers where it has no skeleton."""
    if take.motion is not None:
        positions = kinematics.features(take.motion, ("positions",))["positions"]
        return LandmarkPoints(positions, of_nodes(take.motion.skeleton.nodes))
    if take.markers is None:
        return LandmarkPoints(np.zeros((0, 0, 3)), {})
    markers = take.markers
    kept = [at for at in range(len(markers.names)) if not markers.kinds or markers.kinds[at] in _PLACES]
    seen: NDArray[np.bool_] = markers.visible[:, kept]
    positions = np.where(seen[..., None], markers.positions[:, kept], np.nan)
    return LandmarkPoints(positions, of_markers(tuple(markers.names[at] for at in kept)), of_joints=False)
