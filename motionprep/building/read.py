"""Read a take from the bytes of its files: its motion, its markers or both, and no more frames than are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from motionprep.building.assign import ShardMember, beyond
from motionprep.building.limits import FeatureError, check_reach
from motionprep.errors import ReadError
from motionprep.formats import Z_UP, arrays
from motionprep.formats.arrays_metadata import ArrayMetadata
from motionprep.formats.readers import parse_markers, parse_motion
from motionprep.maths import rooting
from motionprep.motion.motion import Motion
from motionprep.motion.take import Take
from motionprep.recipe.recipe import Reading
from motionprep.stages import Dropped, Stage
from motionprep.stages.base import pick_frames

#: From the name and bytes of a file.
File = tuple[str, bytes]


@dataclass(frozen=True)
class Read:
    """A take as it was read.

    Parameters
    ----------
    take
        With the frames that the leading stages leave, or why it is dropped.
    left
        The stages that it has yet to go through.
    frames, rate
        What the file says, or the recipe where it knows better.
    notes
        What was odd about the files and was let pass.
    """

    take: Take | Dropped
    left: Sequence[Stage]
    frames: int
    rate: float
    notes: tuple[str, ...]


def read_take(
    reading: Reading,
    stages: Sequence[Stage],
    member: ShardMember,
    files: Mapping[str, File],
    apply: Callable[[Stage, Take], Take | Dropped],
) -> Read:
    """Read a take.

    Parameters
    ----------
    reading
        How files are read.
    stages
        That the take is to go through; those that must come first are applied.
    member
        Which take, and which of its frames.
    files
        Name and bytes of a file, by modality.
    apply
        Applies a stage.

    Raises
    ------
    ReadError
        If a file cannot be read, or has not the frames that are asked for.
    """
    if member.metadata is not None:
        return _read_arrays(member.metadata, stages, member, files["motion"])
    if set(files) == {"motion"}:
        return _read_motion(reading, stages, member, files["motion"])
    notes: list[str] = []
    motion = markers = metres = None
    if "motion" in files:
        name, data = files["motion"]
        motion, metres = parse_motion(
            data,
            name,
            rate=member.rate,
            positions=reading.positions,
            lenient=reading.lenient,
            notes=notes,
            body_model=reading.body_model,
        )
        _check(motion, name)
        _check_lengths(motion, stages, name)
        notes += _still_root(motion, stages)
    if "markers" in files:
        name, data = files["markers"]
        markers = parse_markers(data, name, rate=member.rate, lenient=reading.lenient)
        if markers.names and not markers.visible.any():
            raise ReadError("none of its markers is visible in any frame", path=name)
        notes += markers.notes
    facts = _facts_of_file(files["motion"][0], metres) if "motion" in files else {}
    whole = Take(member.key, motion, markers, facts=facts)
    frames, rate = whole.frames, whole.rate
    first, last = _asked(member, frames, next(iter(files.values()))[0])
    whole = replace(whole, of_file=range(frames))
    take: Take | Dropped = whole if markers is None or markers.names else Dropped("no labelled markers")
    if stages[0].name == "align" and not isinstance(take, Dropped):
        take, stages = apply(stages[0], whole), stages[1:]
    if not isinstance(take, Dropped) and member.frames:
        start, step = take.in_file
        kept = [at for at in range(take.frames) if first - 1 <= start + step * at <= last - 1]
        take = take.at(range(kept[0], kept[-1] + 1)) if kept else Dropped("no frame of the range has both modalities")
    return Read(take, stages, frames, rate, tuple(notes))


def _read_motion(reading: Reading, stages: Sequence[Stage], member: ShardMember, file: File) -> Read:
    """Read a motion; stages that only choose frames say which of them are parsed at all."""
    name, data = file
    leading = list(takewhile(lambda stage: stage.picks, stages))
    notes: list[str] = []
    verdict: Dropped | ReadError | None = None
    picked, frames, rate_in = range(0), 0, 0.0

    def pick(count: int, rate: float) -> range:
        # Called once more where the header has the count wrong: what was said of that count is void.
        nonlocal verdict, picked, frames, rate_in
        verdict, picked, frames, rate_in = None, range(0), count, rate
        try:
            first, last = _asked(member, count, name)
        except ReadError as error:
            verdict = error
            return picked
        chosen = pick_frames(leading, last - first + 1, rate, before=first - 1)
        if isinstance(chosen, Dropped):
            verdict = chosen
        else:
            picked = range(first - 1, last)[chosen.start : chosen.stop : chosen.step]
        return picked

    motion, metres = parse_motion(
        data,
        name,
        pick=pick,
        rate=member.rate,
        positions=reading.positions,
        lenient=reading.lenient,
        notes=notes,
        body_model=reading.body_model,
    )
    if isinstance(verdict, ReadError):
        raise verdict
    _check(motion, name)
    _check_lengths(motion, stages, name)
    notes += _still_root(motion, stages)
    take = verdict or Take(member.key, motion, of_file=picked, facts=_facts_of_file(name, metres))
    return Read(take, stages[len(leading) :], frames, rate_in, tuple(notes))


def _read_arrays(metadata: ArrayMetadata, stages: Sequence[Stage], member: ShardMember, file: File) -> Read:
    """Read joint positions; of clips, stages that only choose frames do so clip by clip."""
    name, data = file
    clips = arrays.parse_arrays(data, name, metadata)
    count, length = clips.values.shape[:2]
    rate = member.rate or metadata.rate or 0.0
    first, last = _asked(member, count * length, name)
    leading = list(takewhile(lambda stage: stage.picks, stages))
    which, asked, start = range(count), range(first - 1, last), 0
    if clips.apart:
        if (first - 1) % length or last % length:
            raise ReadError(f"has clips of {length} frames; the split's frames {first}-{last} cut one", path=name)
        which, asked, start = range((first - 1) // length, last // length), range(length), first - 1
    take: Take | Dropped
    chosen = pick_frames(leading, len(asked), rate, before=asked.start)
    if isinstance(chosen, Dropped):
        take = chosen
    else:
        picked = asked[chosen.start : chosen.stop : chosen.step]
        take = Take(
            member.key,
            clips.motion(which, picked, rate),
            of_file=range(start + picked.start, start + picked.stop, picked.step),
            facts=_facts_of_arrays(clips),
            clip=len(picked) if clips.apart else None,
            clip_in_file=length if clips.apart else None,
        )
    return Read(take, stages[len(leading) :], count * length, rate, clips.notes)


def _facts_of_file(name: str, metres: float | None) -> dict[str, float | str]:
    """Return what the format of a motion's file states of its unit and axes."""
    up: dict[str, float | str] = {"up": "z"} if name.lower().endswith(Z_UP) else {}
    return up if metres is None else {**up, "metres_per_unit": metres}


def _facts_of_arrays(clips: arrays.Clips) -> dict[str, float | str]:
    metadata = clips.metadata
    # A recipe's word for the unit of skeletons does not hold for arrays of which nothing says it.
    facts: dict[str, float | str] = {"units": metadata.units or "unknown"}
    if metadata.metres is not None:
        facts["metres_per_unit"] = metadata.metres
    if clips.found_third:
        facts["third"] = clips.found_third
    return facts


def _check(motion: Motion, name: str) -> None:
    """Raise unless products of lengths, which stages compute, can be as well."""
    try:
        check_reach(motion)
    except FeatureError as error:
        raise ReadError(str(error), path=name) from None


def _check_lengths(motion: Motion, stages: Sequence[Stage], name: str) -> None:
    """Raise if bones have no lengths, and a stage or feature needs where joints are."""
    if motion.skeleton.has_lengths:
        return
    if needing := [what for stage in stages for what in stage.of_lengths]:
        raise ReadError(
            f"{' and '.join(needing)}: bone lengths are needed, and the file has a body's rotations and translation "
            "alone; name the body model that its betas are of, or store features that need no lengths, such as "
            "quaternions and root_position",
            path=name,
        )


def _still_root(motion: Motion, stages: Sequence[Stage]) -> list[str]:
    """Return that what follows the root stands still, unless a stage makes another joint the root."""
    root, first = motion.skeleton.joints[0], rooting.first_that_moves(motion)
    if first == root or any(stage.name == "select_joints" and stage.in_world for stage in stages):
        return []
    return [f"the root {root!r} never moves, {first!r} below it does; select_joints can make it the root"]


def _asked(member: ShardMember, count: int, name: str) -> tuple[int, int]:
    """Return the first and last frame that the split asks for, counted from 1."""
    if wrong := beyond(member.frames, count):
        raise ReadError(wrong, path=name)
    return member.frames or (1, count)
