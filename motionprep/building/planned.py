"""What a build is going to do: motions, the shards that hold them, and what is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from motionprep.building import assign
from motionprep.building.assign import ShardMember
from motionprep.errors import BuildError
from motionprep.formats import VERSION, body_models
from motionprep.motion import hashing
from motionprep.naming.subjects import subject_of
from motionprep.recipe.recipe import Label, Recipe
from motionprep.sources.fingerprints import SourceCache, SourceHeader
from motionprep.sources.source import Source, TakeFiles

if TYPE_CHECKING:
    from motionprep.building.source_findings import SourceFindings
    from motionprep.quality.checking import TakeResult


class PlannedMotion(msgspec.Struct, frozen=True):
    """A motion of a build, as far as it is known before its files are read: a row of the manifest.

    Parameters
    ----------
    take_files
        The take's files.
    headers
        Headers of these files.
    ordinal
        Place of the take in natural order, from 1.
    split
        Its split; empty if it is in none.
    frames
        First and last frame of the file, counted from 1; all if None.
    rate
        Rate in frames per second that overrides the file's.
    label
        Label of the whole motion, or of ranges of the file's frames; empty if it has none.
    reason
        Why it is not built; empty if it is.
    failed
        Whether ``reason``, or ``foreseen``, is a fault of the file.
    expected
        Number of frames to be stored, by its header and the stages.
    copy
        Number of the copy that augmentation makes of a take, from 0.
    part
        Part of train that it is dealt to, from 1; 0 if it is dealt to none.
    foreseen
        Reason, found in its header, for which reading it will fail; empty if there is none. It is read all the same,
        since more may be wrong with it than its header shows.
    """

    take_files: TakeFiles
    headers: tuple[SourceHeader, ...]
    ordinal: int
    split: str
    frames: tuple[int, int] | None
    rate: float | None
    label: Label
    reason: str = ""
    failed: bool = False
    expected: int = 0
    copy: int = 0
    part: int = 0
    foreseen: str = ""

    @property
    def digests(self) -> tuple[str, ...]:
        """Digests of the take's files; an empty string where not yet hashed."""
        return tuple(header.sha256 for header in self.headers)


class Shard(msgspec.Struct, frozen=True):
    """A shard that the dataset needs.

    Parameters
    ----------
    split
        The split of its motions.
    members
        Its motions, in order.
    key
        Its name, or None as long as a file's digest is not known.
    expected
        Number of frames that it will have.
    present
        Whether it is known to be there and whole.
    """

    split: str
    members: tuple[ShardMember, ...]
    key: str | None
    expected: int
    present: bool


class Outline(msgspec.Struct, frozen=True):
    """What a plan comes to, in a few words.

    Parameters
    ----------
    motions, shards
        How many motions there are to be stored, copies counted, and in how many shards.
    subjects
        How many subjects there are, and where they are from, with an example.
    notes, doubts
        Those of the :class:`Plan`.
    """

    motions: int
    shards: int
    subjects: str
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What a build will do: the rows of the manifest, the shards that hold them, and which of these are there.

    Parameters
    ----------
    recipe
        The recipe, with what it leaves to the data decided.
    rows
        Rows of the manifest, in order.
    shards
        Shards of all splits, in order.
    dataset
        Contents of ``dataset.json``; None if there is none or it is damaged.
    cache
        Headers and digests of the sources.
    notes
        What is worth knowing about the files, and what was left aside.
    doubts
        What may be a mistake: what of the recipe is about nothing that was found or cannot be met in full, and what a
        split depends on that is guessed.
    known
        Contents of ``dataset.json``, whole or damaged; None if there is none.
    findings
        What the checks find in the sources; None if they are not checked.
    results
        Results of the checks of single takes, as :class:`motionprep.building.findings.Found` has them.
    """

    recipe: Recipe
    rows: tuple[PlannedMotion, ...]
    shards: tuple[Shard, ...]
    dataset: dict[str, Any] | None = field(repr=False)
    cache: SourceCache = field(repr=False)
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    known: dict[str, Any] | None = field(default=None, repr=False)
    findings: SourceFindings | None = field(default=None, repr=False)
    results: Mapping[str, TakeResult] = field(default_factory=dict, repr=False)

    @property
    def keys(self) -> list[str]:
        """Names of the shards, in order; only once they are all known."""
        return [shard.key or "" for shard in self.shards]

    @property
    def inputs(self) -> str:
        """A key of all that decides the dataset, the same for equal datasets."""
        facts = [
            [
                row.take_files.key,
                row.take_files.subject,
                [[source.name, source.size] for source in row.take_files.sources],
                row.digests,
                row.label,
                row.split,
                row.frames,
                row.rate,
                row.reason,
                *([] if row.take_files.metadata is None else [msgspec.to_builtins(row.take_files.metadata)]),
            ]
            for row in self.rows
        ]
        checked = [] if self.findings is None else [self.findings.key]
        return hashing.key([self.recipe.identity(), self.recipe.description, facts, self.keys, *checked])

    @property
    def outline(self) -> Outline:
        """What it comes to."""
        motions = sum(len(shard.members) for shard in self.shards)
        return Outline(motions, len(self.shards), self.subjects, self.notes, self.doubts)

    @property
    def subjects(self) -> str:
        """How many subjects there are, and where they are from, with an example."""
        rows = [row for row in self.rows if row.take_files.subject]
        if not rows:
            return "subjects: none"
        first = rows[0].take_files
        count = len({row.take_files.subject for row in rows})
        if self.recipe.reading.key_pattern:
            how = "by the key pattern"
        else:
            found = subject_of(first.sources[0].name.rpartition(".")[0]).pattern
            how = f"from names ({found or 'a guess'})"
        return f"subjects: {count:,}, {how}, for instance {first.subject} of {first.key}"

    @property
    def sources(self) -> list[Source]:
        """All files that it knows of."""
        return list(dict.fromkeys(source for row in self.rows for source in row.take_files.sources))

    @property
    def complete(self) -> bool:
        """Whether the dataset is what this plan would build."""
        return (
            self.dataset is not None
            and all(shard.present for shard in self.shards)
            and self.dataset["inputs"] == self.inputs
        )


def key_of(recipe: Recipe, split: str, members: Sequence[ShardMember], digests: Sequence[Sequence[str]]) -> str:
    """Return the name of a shard with these members and the digests of their files."""
    stages = recipe.stages_for(split)
    reading: dict[str, Any] = {
        "version": VERSION,
        "positions": recipe.reading.positions,
        "lenient": recipe.reading.lenient,
    }
    if recipe.reading.body_model:
        reading["body_model"] = body_models.digest(recipe.reading.body_model)
    seed = recipe.seed if any(stage.random for stage in stages) else None
    return assign.shard_key(
        [stage.identity() for stage in stages if not stage.on_reading], reading, seed, members, digests
    )


def reason_of(row: PlannedMotion, motion: Mapping[str, Any]) -> str:
    """Return why a motion was left out, as the record of its shard has it, which does not name files."""
    reason = str(motion["reason"])
    if motion["status"] != "failed":
        return reason
    return f"{' and '.join(row.take_files.sources[number].name for number in motion['of_files'])}{reason}"


def none_built(reasons: Sequence[str], doubts: Sequence[str] = ()) -> BuildError:
    """Return the error of a build in which every motion came to nothing, each for one of these reasons."""
    return BuildError("; ".join([f"none of {len(reasons)} motions could be built; the first: {reasons[0]}", *doubts]))
