"""What the checks of quality find in the sources of a dataset: found once, kept beside it, and told of its motions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from motionprep.building.planned import Plan
from motionprep.building.source_findings import SourceFindings
from motionprep.files import replacing
from motionprep.files.reading import parse_json
from motionprep.formats import body_models
from motionprep.motion import hashing
from motionprep.quality.finding import SEVERITIES, VERSION, Finding, in_order
from motionprep.quality.leaks import across_splits
from motionprep.recipe.recipe import Reading
from motionprep.recipe.selection import Frames, Selection, overlap
from motionprep.sources.fingerprints import SourceCache, SourceHeader, hash_files
from motionprep.sources.source import Source, TakeFiles
from motionprep.storage import store

_FILE = "findings.json"


def find(
    takes: Sequence[TakeFiles],
    headers: Mapping[Source, SourceHeader],
    reading: Reading,
    *,
    out: Path | None,
    cache: SourceCache,
    workers: int,
    on_progress: Callable[[int, int], None],
) -> tuple[SourceFindings, dict[Source, SourceHeader]]:
    """Return what the checks find in takes, and the headers with the digests of all files.

    Parameters
    ----------
    takes
        To be checked; each is read whole.
    headers
        Of their files, and perhaps of others.
    reading
        How files are read.
    out
        The dataset whose findings are taken as they are if nothing has changed; None for none.
    cache
        Is added to.
    workers
        Threads.
    on_progress
        Called after each take with the number of takes that are done, and of all.
    """
    headers = dict(headers)
    files = [source for take in takes for source in take.sources]
    known = _load(out)
    if known is not None:
        headers |= _hashed(files, headers, cache, workers)
        if known.key == _key(takes, headers, reading):
            return known, headers
    from motionprep.quality.checking import check_takes
    from motionprep.quality.reading import of_takes

    checked = check_takes(of_takes(takes, reading), measured=True, workers=workers, on_progress=on_progress)
    for take in takes:
        for source, digest in zip(take.sources, checked.digests.get(take.key, ()), strict=False):
            if not headers[source].sha256:
                headers[source] = msgspec.structs.replace(headers[source], sha256=digest)
                cache.put(source, headers[source])
    headers |= _hashed(files, headers, cache, workers)
    measures = {
        key: {name: value for name, value in sorted(numbers.items()) if math.isfinite(value)}
        for key, numbers in checked.measures.items()
    }
    keys = tuple(take.key for take in takes)
    return SourceFindings(_key(takes, headers, reading), keys, tuple(in_order(checked.findings)), measures), headers


def keep(out: Path, findings: SourceFindings) -> None:
    """Keep findings for the next build, unless they are kept already."""
    if findings != _load(out):
        replacing.write(out / store.CACHE / _FILE, msgspec.json.encode(findings))


def _load(out: Path | None) -> SourceFindings | None:
    if out is None:
        return None
    try:
        known: SourceFindings = parse_json((out / store.CACHE / _FILE).read_bytes(), SourceFindings)
    except (OSError, ValueError):
        return None
    return known


def _hashed(
    files: Sequence[Source], headers: Mapping[Source, SourceHeader], cache: SourceCache, workers: int
) -> dict[Source, SourceHeader]:
    unknown = [source for source in files if not (headers[source].sha256 or headers[source].error)]
    return dict(zip(unknown, hash_files(unknown, cache, workers), strict=True))


def _key(takes: Sequence[TakeFiles], headers: Mapping[Source, SourceHeader], reading: Reading) -> str:
    """Return a key of all that decides what is found."""
    facts = [
        [
            take.key,
            [[source.name, headers[source].sha256 or headers[source].error] for source in take.sources],
            None if take.metadata is None else msgspec.to_builtins(take.metadata),
        ]
        for take in takes
    ]
    rates = sorted(reading.rates.items())
    body = [body_models.digest(reading.body_model)] if reading.body_model else []
    return hashing.key([VERSION, reading.positions, reading.lenient, rates, facts, *body])


def drops(selection: Selection, found: SourceFindings, frames: Mapping[str, Sequence[Frames | None]]) -> dict[str, str]:
    """Return why motions are dropped for what was found in them, by key: the gravest of these findings.

    Parameters
    ----------
    selection, found
        Which codes drop a motion, and what was found.
    frames
        Ranges of the file's frames that are used of each motion, by key.
    """
    reasons: dict[str, str] = {}
    for finding in found.findings:
        used = any(overlap(finding.frames, one) for one in frames.get(finding.motion, ()))
        if used and selection.drops(finding.code):
            # A message ends in what to do, which is done.
            what = finding.message.rpartition("; ")[0] or finding.message
            reasons.setdefault(finding.motion, f"{finding.code}: {what}")
    return reasons


def of_dataset(found: SourceFindings, todo: Plan, table: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Return findings in which motions that share frames across splits are errors.

    Parameters
    ----------
    found
        In the sources.
    todo, table
        The plan, and the manifest's rows that came of it.
    """
    rows: dict[str, list[tuple[str, tuple[int, int] | None]]] = {}
    for row, made in zip(todo.rows, table, strict=True):
        if made["status"] == "ok":
            rows.setdefault(row.take_files.key, []).append((row.split, row.frames))

    def judged(finding: Finding) -> Finding:
        own = dict.fromkeys(split for split, frames in rows.get(finding.motion, ()) if overlap(finding.frames, frames))
        others = dict.fromkeys(split for split, _ in rows.get(finding.other, ()))
        apart = next(((one, other) for one, other in product(own, others) if one != other), None)
        return across_splits(finding, *apart) if apart else finding

    return in_order(judged(finding) for finding in found.findings)


def columns(found: SourceFindings, todo: Plan) -> list[dict[str, Any]]:
    """Return what the manifest says of findings, row by row: codes, and numbers where the take could be read."""
    takes = set(found.takes)
    of_motion: dict[str, list[Finding]] = {}
    for finding in found.findings:
        of_motion.setdefault(finding.motion, []).append(finding)
    return [
        {
            "findings": ",".join(
                sorted({one.code for one in of_motion.get(row.take_files.key, ()) if overlap(one.frames, row.frames)})
            )
            if row.take_files.key in takes
            else None,
            **{f"source_{name}": value for name, value in found.measures.get(row.take_files.key, {}).items()},
        }
        for row in todo.rows
    ]


def counts(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    """Return how many findings of each severity have each code."""
    number = Counter((finding.severity, finding.code) for finding in findings)
    return {
        severity: {code: count for (its, code), count in sorted(number.items()) if its == severity}
        for severity in SEVERITIES
    }


def encode(findings: Iterable[Finding]) -> bytes:
    """Return the content of a dataset's file of findings."""
    return msgspec.json.encode({"version": VERSION, "findings": [finding.to_json() for finding in findings]})
