"""What a feature of a take cannot be: missing, or beyond float32."""

from __future__ import annotations

from motionprep.motion.arrays import FLOAT32_MAX
from motionprep.motion.feature_kinds import KINDS
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses


class FeatureError(ValueError):
    """A feature of a take cannot be stored.

    Parameters
    ----------
    feature
        Its name.
    message
        What is wrong with it.
    """

    def __init__(self, feature: str, message: str) -> None:
        super().__init__(message)
        self.feature = feature

    @property
    def modalities(self) -> tuple[str, ...]:
        """Which files of the take hold it, ``"motion"`` or ``"markers"``; empty for an array that a stage made."""
        return (KINDS[self.feature].modality,) if self.feature in KINDS else ()


def check_reach(motion: Motion | Poses) -> None:
    """Raise a :class:`FeatureError` if a world position may be too large for float32."""
    if not motion.reach() <= FLOAT32_MAX:
        raise FeatureError("positions", "positions may have numbers that float32 cannot hold")
