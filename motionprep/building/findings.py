"""What the checks of quality find in the sources of a dataset: found once, kept beside it, and told of its motions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motionprep.quality.checking import TakeResult

_FILE = "findings.json"
#: Of each take by itself, by a key of all that decides it.
_RESULTS = "checked.msgpack"


class Found(NamedTuple):
    """What the checks find in the sources.

    Parameters
    ----------
    findings
        In all of them together.
    results
        Results of single takes, by a key of all that decides each; empty if findings were taken as they were kept.
    headers
        Of their files, and others that were given, with digests.
    """

    findings: SourceFindings
    results: Mapping[str, TakeResult]
    headers: Mapping[Source, SourceHeader]


def find(
    takes: Sequence[TakeFiles],
    headers: Mapping[Source, SourceHeader],
    reading: Reading,
    *,
    out: Path | None,
    cache: SourceCache,
    workers: int,
    on_progress: Callable[[int, int], None],
) -> Found:
    """Return what the checks find in takes; a take that was checked before, by a build into ``out``, is not read again.

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
    known, results = _load(out), {}
    if known is not None:
        headers |= _hashed(files, headers, cache, workers)
        if known.key == _key(takes, headers, reading):
            return Found(known, {}, headers)
        results = _load_results(out, {_key([take], headers, reading): take.key for take in takes})
    from motionprep.quality.checking import check_takes
    from motionprep.quality.reading import of_takes

    findings, results = check_takes(
        of_takes(takes, reading), known=results, measured=True, workers=workers, on_progress=on_progress
    )
    for take in takes:
        summary = results[take.key].summary
        for source, digest in zip(take.sources, summary.digests if summary else (), strict=False):
            if not headers[source].sha256:
                headers[source] = msgspec.structs.replace(headers[source], sha256=digest)
                cache.put(source, headers[source])
    headers |= _hashed(files, headers, cache, workers)
    measures = {
        key: {name: value for name, value in sorted(result.measures.items()) if math.isfinite(value)}
        for key, result in results.items()
        if result.summary is not None
    }
    found = SourceFindings(_key(takes, headers, reading), (*results,), tuple(in_order(findings)), measures)
    return Found(found, {_key([take], headers, reading): results[take.key] for take in takes}, headers)


def keep(out: Path, findings: SourceFindings, results: Mapping[str, TakeResult]) -> None:
    """Keep findings for the next build, unless they are kept already, and the results of single takes by their keys."""
    if findings != _load(out):
        replacing.write(out / store.CACHE / _FILE, msgspec.json.encode(findings))
    if results:
        replacing.write(out / store.CACHE / _RESULTS, msgspec.msgpack.encode(results, enc_hook=_array_to_plain))


def _load_results(out: Path | None, keys: Mapping[str, str]) -> dict[str, TakeResult]:
    """Return the results that are kept under some keys, by the keys of the takes."""
    import numpy as np

    from motionprep.quality.checking import TakeResult

    def to_array(_kind: object, plain: tuple[tuple[int, int], bytes]) -> NDArray[np.float32]:
        shape, data = plain
        return np.frombuffer(data, np.float32).reshape(shape, order="F")

    try:
        data = (out / store.CACHE / _RESULTS).read_bytes() if out else b""
        raw = msgspec.msgpack.decode(data, type=dict[str, msgspec.Raw])
        wanted = {keys[key]: one for key, one in raw.items() if key in keys}
        return {key: msgspec.msgpack.decode(one, type=TakeResult, dec_hook=to_array) for key, one in wanted.items()}
    except (OSError, ValueError):
        return {}


def _array_to_plain(array: NDArray[Any]) -> tuple[tuple[int, ...], bytes]:
    return array.shape, array.tobytes(order="F")


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
        for split, frames in rows.get(finding.motion, ()):
            for its_split, its_frames in rows.get(finding.other, ()):
                there = overlap(finding.frames, frames) and overlap(_of_other(finding, frames), its_frames)
                if split != its_split and there:
                    return across_splits(finding, split, its_split)
        return finding

    return in_order(judged(finding) for finding in found.findings)


def _of_other(finding: Finding, frames: Frames | None) -> Frames | None:
    """Return the frames of the other motion that show what a range of a motion's frames shows; None for all."""
    if frames is None:
        return finding.other_frames
    if finding.frames is None or finding.other_frames is None:
        # Only whole files that are equal have no frames.
        return frames if finding.code == "duplicate-bytes" else finding.other_frames
    (first, last), (its_first, its_last) = finding.frames, finding.other_frames
    step = (its_last - its_first) / max(last - first, 1)
    start, stop = (its_first + step * (min(max(frame, first), last) - first) for frame in frames)
    return math.floor(start), math.ceil(stop)


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
