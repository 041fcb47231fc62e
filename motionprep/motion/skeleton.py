"""The skeleton of a motion: joints in a tree, rest offsets, End Sites and channels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from motionprep.motion import hashing
from motionprep.motion.arrays import Floats, Vector, read_only

POSITION_CHANNELS = ("Xposition", "Yposition", "Zposition")
ROTATION_CHANNELS = ("Xrotation", "Yrotation", "Zrotation")
#: The channels of a joint whose rotation is given otherwise: any three that differ can hold it.
ZYX = ROTATION_CHANNELS[::-1]


@dataclass(frozen=True)
class EndSite:
    """The tip of a chain: a place on a joint that does not rotate by itself.

    Parameters
    ----------
    joint
        Index of the joint that it ends.
    offset
        From that joint, in the file's units.
    """

    joint: int
    offset: Vector


@dataclass(frozen=True)
class Skeleton:
    """Joints in a tree, parents before children, and the End Sites that close its chains.

    **Joints** are what rotates; **nodes** are the joints followed by the End Sites. Bare points, of which nobody knows
    how they hang together, are joints without parents that have position channels alone.

    Parameters
    ----------
    joints
        Their names, each once.
    parents
        Index of each joint's parent; -1 for the one root, which comes first, and for each of bare points.
    offsets
        Each joint's place in its parent's frame in the rest pose, in the file's units.
    end_sites
        In file order.
    channels
        Names of each joint's channels in file order, ``Xposition`` to ``Zrotation``.

    Raises
    ------
    ValueError
        If the lengths differ, a name is missing or stands twice, a parent comes after its child, there is not exactly
        one root, an offset is not three finite numbers, or a channel is unknown.
    """

    joints: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: tuple[Vector, ...]
    end_sites: tuple[EndSite, ...]
    channels: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        count = len(self.joints)
        for name in ("parents", "offsets", "channels"):
            if len(getattr(self, name)) != count:
                raise ValueError(f"a skeleton of {count} joints has {len(getattr(self, name))} {name}")
        if not count or self.parents[0] != -1:
            raise ValueError("the first joint of a skeleton must be its root (parent -1)")
        for index, (joint, parent) in enumerate(zip(self.joints, self.parents, strict=True)):
            if not joint:
                raise ValueError(f"joint {index} has no name")
            if index and not (0 <= parent < index or self.bare):
                raise ValueError(f"joint {joint!r} has parent {parent}; a parent comes before its children")
        if len(set(self.joints)) != count:
            twice = next(name for name in self.joints if self.joints.count(name) > 1)
            raise ValueError(f"joint {twice!r} stands twice")
        strays = [site.joint for site in self.end_sites if not 0 <= site.joint < count]
        if strays:
            raise ValueError(f"an End Site belongs to joint {strays[0]} of {count}")
        offsets = (*self.offsets, *(site.offset for site in self.end_sites))
        wrong = [offset for offset in offsets if len(offset) != 3 or not all(map(math.isfinite, offset))]
        if wrong:
            raise ValueError(f"an offset is {wrong[0]}; it must be three finite numbers")
        known = POSITION_CHANNELS + ROTATION_CHANNELS
        for joint, names in zip(self.joints, self.channels, strict=True):
            for name in names:
                if name not in known:
                    raise ValueError(f"joint {joint!r} has channel {name!r}; known are {', '.join(known)}")

    @cached_property
    def bare(self) -> bool:
        """Whether these are bare points: each joint is placed by its position channels, and has no parent."""
        positions = set(POSITION_CHANNELS)
        return {*self.parents} == {-1} and all({*names} == positions for names in self.channels)

    @cached_property
    def has_lengths(self) -> bool:
        """Whether it is known how far joints are from each other: by an offset, or by positions below the root."""
        if len(self.joints) == 1 or any(map(any, self.offsets[1:])):
            return True
        return any({*names} & {*POSITION_CHANNELS} for names in self.channels[1:])

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        # What is known of a skeleton is looked up by it several times a take, and to hash all of it takes its time.
        return hash((self.joints, self.parents, self.offsets, self.end_sites, self.channels))

    def __getstate__(self) -> dict[str, Any]:
        # Words have other hashes in other processes.
        return {name: value for name, value in self.__dict__.items() if name != "_hash"}

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Names of the joints, then of the End Sites: ``Head_Nub`` ends ``Head`` (``Head_Nub2`` if it has two)."""
        names = list(self.joints)
        taken = set(names)
        for site in self.end_sites:
            base = name = f"{self.joints[site.joint]}_Nub"
            number = 2
            while name in taken:
                name, number = f"{base}{number}", number + 1
            taken.add(name)
            names.append(name)
        return tuple(names)

    @cached_property
    def node_parents(self) -> tuple[int, ...]:
        """Index of each node's parent joint, -1 for the root and for bare points."""
        return self.parents + tuple(site.joint for site in self.end_sites)

    @cached_property
    def node_offsets(self) -> Floats:
        """Rest offsets of all nodes (N, 3), in the file's units."""
        rows = [*self.offsets, *(site.offset for site in self.end_sites)]
        return read_only(np.array(rows, dtype=np.float64).reshape(-1, 3))

    @cached_property
    def channel_names(self) -> tuple[str, ...]:
        """One name a column, ``Hips_Xposition`` and so on, in file order."""
        return tuple(
            f"{joint}_{name}" for joint, names in zip(self.joints, self.channels, strict=True) for name in names
        )

    @cached_property
    def position_columns(self) -> tuple[int, ...]:
        """Which channels are positions, in order."""
        return tuple(column for column, name in enumerate(self.channel_names) if name.endswith("position"))

    @cached_property
    def extent(self) -> float:
        """What all offsets measure, laid end to end: nothing that stands by its offsets is further from the root."""
        offsets = (*self.offsets, *(site.offset for site in self.end_sites))
        return sum(math.hypot(*offset) for offset in offsets)

    @cached_property
    def structure(self) -> str:
        """A key that two skeletons share when their nodes have the same names and parents; bone lengths may differ."""
        return hashing.key([self.nodes, self.node_parents])

    @cached_property
    def key(self) -> str:
        """A key that only equal skeletons share."""
        return hashing.key(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and numbers that :meth:`from_json` takes back."""
        return {
            "joints": list(self.joints),
            "parents": list(self.parents),
            "offsets": [list(offset) for offset in self.offsets],
            "end_sites": [{"joint": site.joint, "offset": list(site.offset)} for site in self.end_sites],
            "channels": [list(names) for names in self.channels],
        }

    @classmethod
    def turning(
        cls, joints: Sequence[str], parents: Sequence[int], offsets: Any, end_sites: Sequence[EndSite] = ()
    ) -> Skeleton:
        """Return a skeleton whose root can be anywhere, and whose joints turn by Z, Y and X.

        ``offsets`` are those of the joints (J, 3).
        """
        channels = (POSITION_CHANNELS + ZYX, *[ZYX] * (len(joints) - 1))
        return cls(tuple(joints), tuple(parents), tuple(map(_vector, offsets)), tuple(end_sites), channels)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Skeleton:
        """Return the skeleton that :meth:`to_json` wrote."""
        return cls(
            joints=tuple(value["joints"]),
            parents=tuple(value["parents"]),
            offsets=tuple(_vector(offset) for offset in value["offsets"]),
            end_sites=tuple(EndSite(site["joint"], _vector(site["offset"])) for site in value["end_sites"]),
            channels=tuple(tuple(names) for names in value["channels"]),
        )


def _vector(values: Any) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
