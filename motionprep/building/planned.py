"""What a build is going to do: motions, the shards that hold them, and what is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from motionprep.building import assign
from motionprep.building.assign import ShardMember
from motionprep.errors import BuildError
from motionprep.formats import VERSION
from motionprep.motion import hashing
from motionprep.naming.subjects import subject_of
from motionprep.quality.finding import Finding
from motionprep.recipe.recipe import Label, Recipe
from motionprep.sources.fingerprints import SourceCache, SourceHeader
from motionprep.sources.source import Source, TakeFiles


class PlannedMotion(msgspec.Struct, frozen=True):
    """What is known of a row of the manifest before its motion is read.

    Parameters
    ----------
    recording, looks
        The take's files and what their headers say.
    ordinal
        In natural order, counted from 1.
    split
        The split that it is in; empty if it is in none.
    frames
        First and last frame of the file, counted from 1; all if None.
    rate
        That takes the place of the file's.
    label
        Of the whole of it, or of ranges of the file's frames; empty if it has none.
    reason
        Why it is not built; empty if it is.
    failed
        Whether that, or what is foreseen, is a fault of the file.
    expected
        How many frames its header and the stages promise.
    copy
        Which of several copies, from 0.
    part
        Which part of train it is dealt to, from 1; 0 if it is dealt to none.
    foreseen
        Why reading it will come to nothing, as its header has it; empty if that is not known. It is read all the same,
        since more may be wrong with it than its header shows.
    """

    recording: TakeFiles
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
        """Of its files, as far as they are known."""
        return tuple(header.sha256 for header in self.headers)


class Shard(msgspec.Struct, frozen=True):
    """A shard that the dataset needs.

    Parameters
    ----------
    split
        The split that it is part of.
    items
        What is in it.
    key
        Its name, or None as long as a file's digest is not known.
    expected
        How many frames it will have.
    present
        Whether it is known to be there and whole.
    """

    split: str
    items: tuple[ShardMember, ...]
    key: str | None
    expected: int
    present: bool


class SourceFindings(msgspec.Struct, frozen=True):
    """What the checks of :mod:`motionprep.quality` find in the sources of a dataset, whatever its splits are.

    Parameters
    ----------
    key
        A key of all that decides it.
    takes
        Keys of the motions that were checked.
    findings
        In the order of :func:`motionprep.quality.finding.in_order`.
    measures
        Numbers about a motion, by its key and their name.
    """

    key: str
    takes: tuple[str, ...]
    findings: tuple[Finding, ...]
    measures: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Plan:
    """Rows, the shards that hold them, and whether the dataset is that already.

    Parameters
    ----------
    recipe
        The whole of it.
    rows
        Of the manifest, in order.
    shards
        In order.
    dataset
        What ``dataset.json`` says now; None if there is none or it is damaged.
    cache
        What is known of the sources.
    notes
        What is worth knowing about the files, and what was left aside.
    doubts
        What may be a mistake: what of the recipe is about nothing that was found or cannot be met in full, and what a
        split depends on that is guessed.
    known
        What ``dataset.json`` says now, whole or not; None if there is none.
    findings
        What the checks find in the sources; None if they are not checked.
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

    @property
    def keys(self) -> list[str]:
        """Names of the shards, in order; only once they are all known."""
        return [shard.key or "" for shard in self.shards]

    @property
    def inputs(self) -> str:
        """A key of all that decides the dataset, the same for equal datasets."""
        facts = [
            [
                row.recording.key,
                row.recording.subject,
                [[source.name, source.size] for source in row.recording.sources],
                row.digests,
                row.label,
                row.split,
                row.frames,
                row.rate,
                row.reason,
                *([] if row.recording.metadata is None else [msgspec.to_builtins(row.recording.metadata)]),
            ]
            for row in self.rows
        ]
        checked = [] if self.findings is None else [self.findings.key]
        return hashing.key([self.recipe.identity(), self.recipe.description, facts, self.keys, *checked])

    @property
    def subjects(self) -> str:
        """How many subjects there are, and where they are from, with an example."""
        rows = [row for row in self.rows if row.recording.subject]
        if not rows:
            return "subjects: none"
        first = rows[0].recording
        count = len({row.recording.subject for row in rows})
        if self.recipe.reading.key_pattern:
            how = "by the key pattern"
        else:
            found = subject_of(first.sources[0].name.rpartition(".")[0]).pattern
            how = f"from names ({found or 'a guess'})"
        return f"subjects: {count:,}, {how}, for instance {first.subject} of {first.key}"

    @property
    def sources(self) -> list[Source]:
        """All files that it knows of."""
        return list(dict.fromkeys(source for row in self.rows for source in row.recording.sources))

    @property
    def complete(self) -> bool:
        """Whether the dataset is what this plan would build."""
        return (
            self.dataset is not None
            and all(shard.present for shard in self.shards)
            and self.dataset["inputs"] == self.inputs
        )


def key_of(recipe: Recipe, split: str, items: Sequence[ShardMember], digests: Sequence[Sequence[str]]) -> str:
    """Return the name of a shard with these items and the digests of their files."""
    stages = recipe.stages_for(split)
    reading = {"version": VERSION, "positions": recipe.reading.positions, "lenient": recipe.reading.lenient}
    seed = recipe.seed if any(stage.random for stage in stages) else None
    return assign.shard_key(
        [stage.identity() for stage in stages if not stage.on_reading], reading, seed, items, digests
    )


def reason_of(row: PlannedMotion, motion: Mapping[str, Any]) -> str:
    """Return why a motion was left out, as the record of its shard has it, which does not name files."""
    reason = str(motion["reason"])
    if motion["status"] != "failed":
        return reason
    return f"{' and '.join(row.recording.sources[number].name for number in motion['of_files'])}{reason}"


def none_built(reasons: Sequence[str]) -> BuildError:
    """Return the error of a build in which every motion came to nothing, each for one of these reasons."""
    return BuildError(f"none of {len(reasons)} motions could be built; the first: {reasons[0]}")
