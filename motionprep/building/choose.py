"""Which takes, and which of their frames, a recipe uses at all, and what the checks find in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from motionprep.recipe import selection, splits
from motionprep.recipe.recipe import Recipe
from motionprep.recipe.selection import Frames
from motionprep.sources.fingerprints import SourceCache, SourceHeader
from motionprep.sources.source import Source, TakeFiles

if TYPE_CHECKING:
    from motionprep.building.source_findings import SourceFindings
    from motionprep.quality.checking import TakeResult


@dataclass(frozen=True)
class Chosen:
    """What a recipe uses of some takes.

    Parameters
    ----------
    kept
        Ranges of the file's frames that lists leave of a take, by its index; all frames if there is none.
    left_out
        Why takes are not used, by index.
    findings
        What the checks find in the takes; None if they are not checked.
    headers
        Of all files; with the digests of those that were checked.
    doubts
        Sentences on what in the recipe's lists is about nothing that was found.
    results
        Results of the checks of single takes, as :class:`motionprep.building.findings.Found` has them.
    """

    kept: Mapping[int, Sequence[Frames]]
    left_out: Mapping[int, str]
    findings: SourceFindings | None
    headers: Mapping[Source, SourceHeader]
    doubts: Sequence[str]
    results: Mapping[str, TakeResult] = field(default_factory=dict)

    def parts(self, parts: Sequence[splits.Part]) -> list[splits.Part]:
        """Return what it leaves of the parts of splits."""
        if not (self.kept or self.left_out):
            return list(parts)
        return [
            splits.Part(part.motion, part.split, frames)
            for part in parts
            if part.motion not in self.left_out
            for frames in selection.within(part.frames, self.kept.get(part.motion, ()))
        ]


def choose(
    recipe: Recipe,
    needs: Mapping[str, frozenset[str]],
    takes: Sequence[TakeFiles],
    headers: Mapping[Source, SourceHeader],
    *,
    check: bool,
    out: Path | None,
    cache: SourceCache,
    workers: int,
    on_check: Callable[[int, int], None],
) -> Chosen:
    """Return what a recipe uses of takes; they are checked if that is asked for or decides it.

    Parameters
    ----------
    recipe, needs
        The recipe, and which modalities each of its splits needs.
    takes, headers
        In natural order, and the headers of their files.
    check
        Check the takes that are used, even if the recipe does not ask for findings.
    out, cache, workers, on_check
        As :func:`motionprep.building.findings.find` takes them.
    """
    listed = recipe.selection.keep_only or recipe.selection.leave_out
    if not (listed or check or recipe.asks_for_findings):
        return Chosen({}, {}, None, headers, ())
    counts = {take.key: headers[take.sources[0]].frames for take in takes}
    kept: dict[int, Sequence[Frames]] = {}
    left_out: dict[int, str] = {}
    for at, take in enumerate(takes):
        ranges = recipe.selection.frames(take.key, counts[take.key])
        if isinstance(ranges, str):
            left_out[at] = ranges
        elif ranges:
            kept[at] = ranges
    chosen = Chosen(kept, left_out, None, headers, recipe.selection.strangers(counts))
    if not (check or recipe.asks_for_findings):
        return chosen
    from motionprep.building import findings

    used = _used(recipe, needs, takes, chosen)
    found = findings.find(
        [takes[at] for at in used],
        headers,
        recipe.reading,
        out=out,
        cache=cache,
        workers=workers,
        on_progress=on_check,
    )
    reasons = findings.drops(recipe.selection, found.findings, {takes[at].key: frames for at, frames in used.items()})
    left_out |= {at: reasons[takes[at].key] for at in used if takes[at].key in reasons}
    return Chosen(kept, left_out, found.findings, found.headers, chosen.doubts, found.results)


def _used(
    recipe: Recipe, needs: Mapping[str, frozenset[str]], takes: Sequence[TakeFiles], chosen: Chosen
) -> dict[int, list[Frames | None]]:
    """Return the takes that splits may have, by index, with the ranges of their frames."""
    if recipe.split.lists():
        listed = splits.assign(recipe.split, [take.key for take in takes], [take.subject for take in takes])
    else:
        listed = [splits.Part(at, "") for at in range(len(takes))]
    needed = frozenset.intersection(*needs.values())
    used: dict[int, list[Frames | None]] = {}
    for part in chosen.parts(listed):
        if needed <= {source.modality for source in takes[part.motion].sources}:
            used.setdefault(part.motion, []).append(part.frames)
    return used
