"""Contents of a BVH file: a skeleton and its channel values, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motionprep.motion import rotations
from motionprep.motion.arrays import Floats, read_only, summed
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import Skeleton

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Motion:
    """Contents of a BVH file: a skeleton and its channel values, frame by frame.

    Parameters
    ----------
    skeleton
        Whose channels these are.
    channels
        (F, C) float64 in file order; degrees and the file's units. A position channel is the joint's place in its
        parent's frame and takes the place of its ``OFFSET``.
    rate
        Frames a second.

    Raises
    ------
    ValueError
        If the number of columns is not the skeleton's, a value is not finite, or the rate is not above zero.
    """

    skeleton: Skeleton
    channels: Floats
    rate: float

    def __post_init__(self) -> None:
        array = np.asarray(self.channels, dtype=np.float64)
        width = len(self.skeleton.channel_names)
        if array.ndim != 2 or array.shape[1] != width:
            raise ValueError(f"channels have shape {array.shape}; this skeleton needs (frames, {width})")
        if not np.isfinite(array).all():
            frame, column = np.argwhere(~np.isfinite(array))[0]
            raise ValueError(f"frame {frame} has {array[frame, column]} in {self.skeleton.channel_names[column]}")
        if not 0 < self.rate < np.inf:
            raise ValueError(f"rate is {self.rate}; it must be above zero")
        object.__setattr__(self, "channels", read_only(array))
        object.__setattr__(self, "rate", float(self.rate))

    @classmethod
    def turning(cls, skeleton: Skeleton, root: Floats, matrices: Floats, rate: float) -> Motion:
        """Return the motion of rotations.

        Parameters
        ----------
        skeleton
            Made by :meth:`motionprep.motion.skeleton.Skeleton.turning`, of J joints.
        root
            (F, 3), where the root is.
        matrices
            (F, J, 3, 3), local rotations.
        rate
            Frames a second.
        """
        angles = np.degrees(rotations.to_euler(matrices, (2, 1, 0)))
        return cls(skeleton, np.concatenate([root, angles.reshape(len(root), -1)], axis=1), rate)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Motion)
            and self.skeleton == other.skeleton
            and self.rate == other.rate
            and np.array_equal(self.channels, other.channels)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        joints = len(self.skeleton.joints)
        return f"Motion({joints} joints, {self.frames:,} frames at {self.rate:g} fps, {self.frames / self.rate:.2f} s)"

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.channels)

    def at(self, frames: range) -> Motion:
        """Return the frames ``frames`` names; the rate is divided by its step."""
        picked = self.channels[frames.start : frames.stop : frames.step]
        return Motion(self.skeleton, picked, self.rate / frames.step)

    def positions(self) -> Floats:
        """Return world positions of all nodes (F, N, 3), in the file's units."""
        return self._solve("positions")

    def rotations(self, space: str = "local") -> Floats:
        """Return rotation matrices (F, J, 3, 3) that act on column vectors.

        Parameters
        ----------
        space
            ``"local"``: from the joint's frame to its parent's. ``"global"``: to the world.

        Raises
        ------
        ValueError
            If ``space`` is neither.
        """
        if space not in ("local", "global"):
            raise ValueError(f"space is {space!r}; it is 'local' or 'global'")
        return self._solve("rotations" if space == "local" else "global_rotations")

    def quaternions(self) -> Floats:
        """Return local rotations as unit quaternions (F, J, 4), wxyz, without a change of sign between frames."""
        return self._solve("quaternions")

    def root_position(self) -> Floats:
        """Return the root's place in the world (F, 3), in the file's units."""
        return self._solve("root_position")

    def _solve(self, feature: str) -> Floats:
        # Kernels are compiled by Numba, which takes its time to import.
        from motionprep.motion import kinematics

        return read_only(kinematics.features(self, (feature,))[feature])

    def solve(self, out: Mapping[str, NDArray[Any]], previous: Floats) -> None:
        """Fill features, as :meth:`motionprep.motion.kinematics.Solvable.solve` describes."""
        from motionprep.motion import kinematics

        kinematics.solve_channels(self.skeleton, self.channels, out, previous)

    def poses(self) -> Poses:
        """Return the motion as rotations and translations."""
        from motionprep.motion import kinematics

        columns = kinematics.channel_columns(self.skeleton)
        joints = len(self.skeleton.joints)
        translations = np.broadcast_to(columns.offsets[:joints], (self.frames, joints, 3))
        if len(columns.moves):
            translations = translations.copy()
            translations[:, columns.moves[:, 0], columns.moves[:, 1]] = self.channels[:, columns.moves[:, 2]]
        return Poses(self.skeleton, read_only(translations), self.rotations(), self.rate)

    def reach(self) -> float:
        """Return a bound on every coordinate of world positions: what all chains measure, laid end to end."""
        return self._reach

    @cached_property
    def _reach(self) -> float:
        moved = self.channels[:, self.skeleton.position_columns]
        return self.skeleton.extent + (summed(np.abs(moved).max(axis=0)) if moved.size else 0.0)

    def to_pymo(self) -> pd.DataFrame:
        """Return world positions as PyMO's position parameterizer does.

        Returns
        -------
        pandas.DataFrame
            A row a frame, indexed by time; columns ``Hips_Xposition`` to ``Head_Nub_Zposition``, in nodes' order.
        """
        import pandas as pd

        columns = [f"{node}_{axis}position" for node in self.skeleton.nodes for axis in "XYZ"]
        index = pd.to_timedelta(np.arange(self.frames) / self.rate, unit="s")
        return pd.DataFrame(self.positions().reshape(self.frames, -1), index=index, columns=columns)
