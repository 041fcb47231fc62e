"""What a stage is: settings that can be written as JSON and a pure function from take to take.

Importing a stage must stay cheap, since a run with nothing to do still reads its recipe: what needs NumPy is imported
where it is first applied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motionprep.maths.corruption import Points
    from motionprep.motion.arrays import Floats
    from motionprep.motion.step import Step
    from motionprep.motion.take import Take


#: In which stages take lengths; ``"take"`` is whatever unit the take is in.
LENGTH_UNITS = ("m", "cm", "mm", "take")
#: Of which frames stages take differences.
SCHEMES = ("backward", "forward", "central")
#: What stages make that corrupt markers.
CORRUPTED = ("markers_corrupt", "markers_corrupt_visible")


@dataclass(frozen=True)
class Dropped:
    """A take that is left out of the dataset, with the reason."""

    reason: str


@dataclass(frozen=True)
class Bodies:
    """What a stage knows of the takes, or of the windows of a batch, for which it draws a change of coordinates.

    Parameters
    ----------
    count
        How many there are.
    metres
        That a unit of theirs is long; None if that is not known.
    nodes, markers
        Names of what they have; empty if these are not known, None if they have none.
    """

    count: int
    metres: float | None
    nodes: Sequence[str] | None
    markers: Sequence[str] | None


class Drawn(NamedTuple):
    """A change of coordinates that was drawn for each of several bodies.

    Parameters
    ----------
    step
        Its axes are (3, 3), or (count, 3, 3) of each body; its origin is None or (count, 3).
    chosen
        (count,), the bodies that are to be changed; all if None.
    facts
        What is to be put down of each body (count,), by name.
    """

    step: Step
    chosen: NDArray[np.bool_] | None = None
    facts: Mapping[str, Floats] = {}


#: Where in a file a take's first frame is, from 0, and how many of the file's frames it is from each to the next.
InFile = tuple[float, float]


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a recipe.

    A subclass has fields that are all that decides its output, a ``name``, a ``version`` to be raised whenever it
    computes something else, and either :meth:`pick` or :meth:`apply`. Settings that cannot be are a ``ValueError`` from
    its ``__post_init__``.

    Parameters
    ----------
    splits
        The splits that it works on; all if empty.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    #: Fields that came later: at their defaults nothing is computed otherwise, and shards keep their names.
    later: ClassVar[tuple[str, ...]] = ()
    #: Whether it draws from its generator.
    random: ClassVar[bool] = False
    #: Whether it changes coordinates, joints or markers: what was made of them before would not follow.
    alters: ClassVar[bool] = False
    #: Whether it makes arrays of coordinates, joints or markers.
    derives: ClassVar[bool] = False
    #: Features that hold what it makes as well.
    makes_also: ClassVar[tuple[str, ...]] = ()
    #: Whether it is done when all shards are there or are read, so that what the other stages make does not hang on it.
    on_reading: ClassVar[bool] = False
    #: Whether it works on takes in the world alone, not in a local frame.
    in_world: ClassVar[bool] = False
    #: Whether it may exchange left and right.
    exchanges: ClassVar[bool] = False
    #: What it cannot work without: ``"motion"``, ``"markers"``.
    needs: ClassVar[tuple[str, ...]] = ()
    #: What of it, in words for an error, cannot be without rotations of joints, which arrays of positions have not.
    of_rotations: ClassVar[tuple[str, ...]] = ()
    #: What of it, in words for an error, cannot be without lengths of bones, which files of rotations alone have not.
    of_lengths: ClassVar[tuple[str, ...]] = ()
    #: Whether its numbers lead from each frame to the next, so that frames must be chosen before it.
    leads_on: ClassVar[bool] = False
    #: Whether it makes frames of their neighbours, and would do so across the ends of clips.
    mixes_frames: ClassVar[bool] = False

    splits: tuple[str, ...] = ()

    @property
    def picks(self) -> bool:
        """Whether it only chooses frames, and so can be decided before they are read."""
        return False

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are not there, or not of interest, without it."""
        return ()

    @property
    def fixes_markers(self) -> bool:
        """Whether all takes that leave it have the same markers, whatever they had before."""
        return False

    @property
    def fixes_joints(self) -> bool:
        """Whether all takes that leave it have the same joints, whatever they had before; bone lengths may differ."""
        return False

    def markers_after(self, markers: tuple[str, ...]) -> tuple[str, ...]:
        """Return the markers of all takes that leave it; empty if they are not known, as ``markers`` before it are."""
        return markers

    def lacks(self, markers: Sequence[str], *, alone: bool) -> str:
        """Return what it misses on takes that have these markers and no others; empty if nothing.

        ``alone`` is whether takes have markers and no skeleton.
        """
        return ""

    def pick(self, frames: int, rate: float, in_file: InFile = (0, 1)) -> range | Dropped:
        """Return which of ``frames`` frames at ``rate`` a second to keep, or why to drop the take.

        All are kept unless a stage says otherwise. ``in_file`` says where in the file the first of them is, counted in
        frames from 0, and how many frames of the file it is from each to the next.
        """
        return range(frames)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take as this stage makes it, or why it is dropped.

        Parameters
        ----------
        take
            Is not changed.
        rng
            Seeded from the recipe's seed, the take's key, the copy and the stage; for random stages.
        """
        chosen = self.pick(take.frames, take.rate, take.in_file)
        return chosen if isinstance(chosen, Dropped) else take.at(chosen)

    def too_late(self, take: Take) -> Dropped | None:
        """Return why a take is no longer expressed in the world alone; None if it is."""
        if take.root is None and not take.arrays:
            return None
        return Dropped(f"{self.name}: the root is kept apart or features are made already; put {self.name} before that")

    def works_on(self, split: str) -> bool:
        """Whether it is one of the stages of a split."""
        return not self.splits or split in self.splits

    def settings(self) -> dict[str, Any]:
        """Return the fields that are not at their defaults, as a recipe writes them."""
        given = {}
        for field in msgspec.structs.fields(self):
            factory = field.default_factory
            default = field.default if factory is msgspec.NODEFAULT else factory()
            if field.required or getattr(self, field.name) != default:
                given[field.encode_name] = msgspec.to_builtins(getattr(self, field.name))
        return given

    def identity(self) -> dict[str, Any]:
        """Return all that decides what it computes: name, version and every field but ``splits``."""
        fields = msgspec.to_builtins(self)
        del fields["splits"]
        given = self.settings()
        for name in self.later:
            if name not in given:
                del fields[name]
        return {"stage": self.name, "version": self.version, **fields}


class Augment(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage that draws, on train alone unless its splits say otherwise.

    Parameters
    ----------
    copies
        How many different copies of each motion the splits that it works on get, but for test, whose motions are there
        once; the most that a stage asks for counts.
    """

    random: ClassVar[bool] = True

    splits: tuple[str, ...] = ("train",)
    copies: int = 1

    def __post_init__(self) -> None:
        if self.copies < 1:
            raise ValueError(f"copies is {self.copies}; it must be at least 1")
        if not self.splits:
            raise ValueError("splits is empty; name those that are to be drawn for, such as train")


class Corruption(Augment, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage that corrupts markers, and keeps the recorded ones beside them, in takes and in batches in memory."""

    needs: ClassVar[tuple[str, ...]] = ("markers",)
    makes_also: ClassVar[tuple[str, ...]] = ("markers_seen",)

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are of interest because of it."""
        return CORRUPTED

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with corrupted markers beside its own."""
        from motionprep.maths import corruption

        points = corruption.of_take(take)
        if points is None:
            return Dropped(f"{self.name}: no markers")
        corrupted = self.corrupt(points, rng)
        return corrupted if isinstance(corrupted, Dropped) else corruption.into_take(take, corrupted)

    def corrupt(self, points: Points, rng: np.random.Generator) -> Points | Dropped:
        """Return points corrupted, or why they cannot be."""
        raise NotImplementedError


class InWorld(Augment, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage that changes whole takes as long as they are expressed in the world."""

    in_world: ClassVar[bool] = True
    alters: ClassVar[bool] = True


class Moves(InWorld, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage that changes the coordinates of whole takes, and of batches in memory; it has :meth:`draw`."""

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take in coordinates that were drawn for it, or why it cannot be brought there."""
        from motionprep.maths import spaces

        if late := self.too_late(take):
            return late
        metres = spaces.metres(take, "markers" if take.markers is not None else "joints")
        nodes = None if take.motion is None else take.motion.skeleton.nodes
        drawn = self.draw(rng, Bodies(1, metres, nodes, None if take.markers is None else take.markers.names))
        if isinstance(drawn, Dropped):
            return drawn
        step = drawn.step
        if step.axes is not None and step.axes.ndim == 3:
            step = replace(step, axes=step.axes[0])
        if step.origin is not None:
            step = replace(step, origin=step.origin[0])
        if drawn.chosen is None or drawn.chosen[0]:
            try:
                take = spaces.change(take, step)
            except ValueError as error:
                return Dropped(f"{self.name}: {error}")
        return replace(take, facts={**take.facts, **{name: float(values[0]) for name, values in drawn.facts.items()}})

    def draw(self, rng: np.random.Generator, bodies: Bodies) -> Drawn | Dropped:
        """Return a change of coordinates for each of several bodies, or why there is none."""
        raise NotImplementedError


def check_scheme(scheme: str) -> None:
    """Raise a ``ValueError`` unless ``scheme`` is one by which stages take differences of frames."""
    if scheme not in SCHEMES:
        raise ValueError(f"scheme is {scheme!r}; it is one of {', '.join(SCHEMES)}")


def check_of(of: Sequence[str], arrays: Mapping[str, str], what: str) -> None:
    """Raise a ``ValueError`` unless ``of`` names some keys of ``arrays``, which have ``what``, each once."""
    if not of:
        raise ValueError(f"of is empty; it names any of {', '.join(arrays)}")
    for item in of:
        if item not in arrays:
            raise ValueError(f"there is no {what} of {item!r}; there is that of {', '.join(arrays)}")
    if len(set(of)) != len(of):
        raise ValueError("of names something twice")


def check_unit(unit: str) -> None:
    """Raise a ``ValueError`` unless ``unit`` is one in which stages take lengths."""
    if unit not in LENGTH_UNITS:
        raise ValueError(f"unit is {unit!r}; it is 'm', 'cm', 'mm' or 'take'")


def pick_frames(stages: Sequence[Stage], frames: int, rate: float, before: int = 0) -> range | Dropped:
    """Return which of ``frames`` frames stages leave, one after the other; ``before`` them are others of the file."""
    chosen = range(frames)
    for stage in stages:
        part = stage.pick(len(chosen), rate / chosen.step, (before + chosen.start, chosen.step))
        if isinstance(part, Dropped):
            return part
        chosen = chosen[part.start : part.stop : part.step]
    return chosen
