"""The values that flow through motionprep: frozen, checked when made, their arrays read-only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motionprep import identity

if TYPE_CHECKING:
    import pandas as pd

Vector = tuple[float, float, float]
Floats = NDArray[np.float64]

POSITION_CHANNELS = ("Xposition", "Yposition", "Zposition")
ROTATION_CHANNELS = ("Xrotation", "Yrotation", "Zrotation")


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view of ``array`` that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


def contiguous(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in one memory layout, as a kernel is compiled anew, for seconds, for each that it meets."""
    return read_only(np.ascontiguousarray(array))


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
        """Whether these are bare points: each joint is where its position channels say, and hangs from none."""
        positions = set(POSITION_CHANNELS)
        return {*self.parents} == {-1} and all({*names} == positions for names in self.channels)

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
    def structure(self) -> str:
        """A key that two skeletons share when their nodes have the same names and parents; bone lengths may differ."""
        return identity.key([self.nodes, self.node_parents])

    @cached_property
    def key(self) -> str:
        """A key that only equal skeletons share."""
        return identity.key(self.to_json())

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


@dataclass(frozen=True, eq=False)
class Motion:
    """What a BVH file says: a skeleton and its channel values, frame by frame.

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
        from motionprep import kinematics

        return read_only(kinematics.features(self, (feature,))[feature])

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


@dataclass(frozen=True, eq=False)
class Poses:
    """A motion as rotations and translations: what stages work on that need more than a choice of frames.

    Parameters
    ----------
    skeleton
        Its joints are those of the arrays.
    translations
        (F, J, 3) float64, each joint's place in its parent's frame, in the file's units; the root's is in the world.
    rotations
        (F, J, 3, 3) float64, local rotation matrices that act on column vectors.
    rate
        Frames a second.
    """

    skeleton: Skeleton
    translations: Floats
    rotations: Floats
    rate: float

    def __post_init__(self) -> None:
        joints = len(self.skeleton.joints)
        frames = len(self.rotations)
        for name, shape in (("translations", (frames, joints, 3)), ("rotations", (frames, joints, 3, 3))):
            array = getattr(self, name)
            if array.shape != shape:
                raise ValueError(f"{name} have shape {array.shape}; expected {shape}")
            object.__setattr__(self, name, read_only(array))

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.rotations)

    def at(self, frames: range) -> Poses:
        """Return the frames ``frames`` names; the rate is divided by its step."""
        picked = slice(frames.start, frames.stop, frames.step)
        return Poses(self.skeleton, self.translations[picked], self.rotations[picked], self.rate / frames.step)


@dataclass(frozen=True, eq=False)
class Markers:
    """Labelled points in the world, frame by frame, as a C3D file has them.

    Parameters
    ----------
    names
        One a marker.
    positions
        (F, M, 3) float64 in ``units``; 0 where not visible.
    visible
        (F, M) bool.
    rate
        Frames a second.
    units
        As the file names them, ``"mm"`` for instance.
    first_frame
        The number that the file gives its first frame, counted from 1.
    raw_names
        The names before prefixes and blanks were taken off; ``names`` if not given.
    notes
        What was odd about the file and was mended on reading.
    kinds
        What each point is: ``"marker"``, ``"unlabelled"``, or what a model computed, ``"angle"``, ``"force"``,
        ``"moment"``, ``"power"``, ``"scalar"`` or ``"reaction"``. All are markers if there are none.
    """

    names: tuple[str, ...]
    positions: Floats
    visible: NDArray[np.bool_]
    rate: float
    units: str = "mm"
    first_frame: int = 1
    raw_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        frames = len(self.positions)
        count = len(self.names)
        if self.positions.shape != (frames, count, 3):
            raise ValueError(f"positions have shape {self.positions.shape}; expected ({frames}, {count}, 3)")
        if self.visible.shape != (frames, count):
            raise ValueError(f"visible has shape {self.visible.shape}; expected ({frames}, {count})")
        if not 0 < self.rate < np.inf:
            raise ValueError(f"rate is {self.rate}; it must be above zero")
        object.__setattr__(self, "positions", read_only(self.positions))
        object.__setattr__(self, "visible", read_only(self.visible))
        object.__setattr__(self, "raw_names", self.raw_names or self.names)

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.positions)

    def at(self, frames: range) -> Markers:
        """Return the frames ``frames`` names; the rate is divided by its step."""
        picked = slice(frames.start, frames.stop, frames.step)
        rate, first_frame = self.rate / frames.step, self.first_frame + frames.start
        positions, visible = self.positions[picked], self.visible[picked]
        return replace(self, positions=positions, visible=visible, rate=rate, first_frame=first_frame)


#: What a change of coordinates may reach: the joints, the root where it is kept apart, the markers.
PARTS = ("joints", "root", "markers")


@dataclass(frozen=True, eq=False)
class Root:
    """The root's way through the world, kept apart once the joints are told in a frame of their own.

    Parameters
    ----------
    position
        (F, 3) float64.
    rotation
        (F, 3, 3) float64, from the root's frame to the world.
    """

    position: Floats
    rotation: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "position", read_only(self.position))
        object.__setattr__(self, "rotation", read_only(self.rotation))

    def at(self, frames: range) -> Root:
        """Return the frames ``frames`` names."""
        picked = slice(frames.start, frames.stop, frames.step)
        return Root(self.position[picked], self.rotation[picked])


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


@dataclass(frozen=True, eq=False)
class Take:
    """One recorded take: a motion, its markers, or both, as the stages have made them so far.

    Parameters
    ----------
    key
        ``69_01``.
    motion
        The skeleton's motion; :class:`Poses` once a stage has needed them.
    markers
        The same take's markers.
    of_file
        Which of the file's frames these are, of several clips those of the first; all from the first on if None.
    retimed
        Where frame ``f`` of ``of_file`` was before a stage changed the speed: at ``retimed[0] + retimed[1] * f``.
    root
        The root's way where a stage has kept it apart; otherwise it is that of ``motion``.
    corrupt
        The markers as a network is to see them, where a stage has spoilt them; ``markers`` stay as they were recorded.
    steps
        Changes of coordinates that were made, in order.
    arrays
        Features (F, ...) that stages have made, by name; they take the place of those that are computed.
    facts
        What stages have found and done, by name: numbers and words for the manifest.
    clip
        How many frames each of several clips has that are laid end to end; one motion from end to end if None.
    clip_in_file
        How many frames of the file it is from the beginning of a clip to that of the next.
    """

    key: str
    motion: Motion | Poses | None = None
    markers: Markers | None = None
    of_file: range | None = None
    retimed: tuple[float, float] = (0.0, 1.0)
    root: Root | None = None
    corrupt: Markers | None = None
    steps: tuple[Step, ...] = ()
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    facts: Mapping[str, float | str] = field(default_factory=dict)
    clip: int | None = None
    clip_in_file: int | None = None

    @property
    def frames(self) -> int:
        """How many frames there are."""
        part = self.motion or self.markers
        return part.frames if part is not None else 0

    @property
    def rate(self) -> float:
        """Frames a second."""
        part = self.motion or self.markers
        return part.rate if part is not None else 0.0

    @property
    def in_file(self) -> tuple[float, float]:
        """Where its first frame is in the file, counted in frames from 0, and how many it is from each to the next."""
        origin, pace = self.retimed
        of_file = self.of_file if self.of_file is not None else range(self.frames)
        return origin + pace * of_file.start, pace * of_file.step

    def at(self, frames: range) -> Take:
        """Return the frames ``frames`` names.

        Raises
        ------
        ValueError
            If these are clips, whose frames are chosen clip by clip, when they are read.
        """
        if self.clip is not None:
            raise ValueError(f"these are clips of {self.clip} frames; they are cut clip by clip when they are read")
        of_file = range(self.frames) if self.of_file is None else self.of_file
        picked = slice(frames.start, frames.stop, frames.step)
        return replace(
            self,
            motion=self.motion.at(frames) if self.motion is not None else None,
            markers=self.markers.at(frames) if self.markers is not None else None,
            of_file=of_file[picked],
            root=self.root.at(frames) if self.root is not None else None,
            corrupt=self.corrupt.at(frames) if self.corrupt is not None else None,
            steps=tuple(step.at(frames) for step in self.steps),
            arrays={name: read_only(array[picked]) for name, array in self.arrays.items()},
        )
