"""Run all checks over the takes of some files, or over the motions of a dataset."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

from motionprep.errors import DatasetError
from motionprep.files.progress import OnProgress, silent
from motionprep.files.reading import as_paths
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.naming.units import metres_of
from motionprep.quality import body, reading, tracks
from motionprep.quality.axes import Axes, facing
from motionprep.quality.body import Body
from motionprep.quality.duplicates import Duplicates
from motionprep.quality.feet import Feet
from motionprep.quality.finding import Finding, in_order
from motionprep.quality.jumps import Jumps
from motionprep.quality.markers import MarkerFaults
from motionprep.quality.measures import measure
from motionprep.quality.ranges import Ranges
from motionprep.quality.rate import Rate
from motionprep.quality.size import Size
from motionprep.quality.skeleton import Bones
from motionprep.quality.take import BodySummary, CheckedTake, CorpusCheck, TakeCheck, TakeSummary
from motionprep.recipe.recipe import Reading

Check = TakeCheck | CorpusCheck
#: All checks with their own thresholds, in the order of docs/quality.md.
CHECKS: tuple[Check, ...] = (Rate(), Size(), Axes(), Jumps(), Bones(), Feet(), MarkerFaults(), Ranges(), Duplicates())


def check(
    data: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    markers: Sequence[str | os.PathLike[str]] = (),
    how: Reading | None = None,
    checks: Sequence[Check] = CHECKS,
    workers: int | None = None,
    on_progress: OnProgress = silent,
) -> list[Finding]:
    """Check raw data or a dataset.

    Parameters
    ----------
    data
        Files, folders and zip archives of raw data, or the folder of one dataset, whose stored positions and markers
        are then checked.
    markers
        Where the markers of the same takes are, if not in ``data``.
    how
        How files are found and read: keys, rates, names of the joints of arrays.
    checks
        Checks with the thresholds that they are to have.
    workers
        Threads; one per processor if None.
    on_progress
        Called after each take with the number of takes that are done, and of all.

    Returns
    -------
    list of Finding
        In natural order of motions, the gravest of each first.

    Raises
    ------
    SourceError, DatasetError
        If there are no data, or the dataset is damaged.
    """
    paths = as_paths(data)
    if len(paths) == 1 and reading.is_dataset(paths[0]):
        unread, findings = reading.of_dataset(paths[0])
    else:
        unread, findings = reading.of_files(paths, how or Reading(), markers)
    found, _ = check_takes(unread, checks, workers=workers, on_progress=on_progress)
    return in_order((*findings, *found))


@dataclass(frozen=True)
class TakeResult:
    """What is found in one take, and what is kept of it.

    Parameters
    ----------
    findings
        In the take by itself.
    summary
        For comparisons with others; None if the take cannot be read.
    measures
        Numbers about it, where they were asked for; see :func:`motionprep.quality.measures.measure`.
    """

    findings: tuple[Finding, ...]
    summary: TakeSummary | None = None
    measures: Mapping[str, float] = field(default_factory=dict)


def check_takes(
    unread: Sequence[reading.Unread],
    checks: Sequence[Check] = CHECKS,
    *,
    known: Mapping[str, TakeResult] = MappingProxyType({}),
    measured: bool = False,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[list[Finding], dict[str, TakeResult]]:
    """Check takes one by one and then together.

    Parameters
    ----------
    unread, checks, workers, on_progress
        As for :func:`check`.
    known
        Results of takes, by key, which need not be read again.
    measured
        Whether to measure the takes too.

    Returns
    -------
    list of Finding
        In each take, then in all together.
    dict
        Results by the takes' keys.
    """

    def one(take: reading.Unread) -> TakeResult:
        key, read = take
        if key in known:
            return known[key]
        try:
            whole = read()
        except reading.Unreadable as error:
            return TakeResult((reading.unreadable(key, str(error), error.frame),))
        except DatasetError as error:
            return TakeResult((reading.unreadable(key, str(error)),))
        return TakeResult(tuple(check_take(whole, checks)), summarize(whole), measure(whole) if measured else {})

    results: dict[str, TakeResult] = {}
    ordered = _in_order(one, unread, workers or os.cpu_count() or 1)
    for done, ((key, _), result) in enumerate(zip(unread, ordered, strict=True), start=1):
        results[key] = result
        on_progress(done, len(unread))
    findings = [finding for result in results.values() for finding in result.findings]
    summaries = [result.summary for result in results.values() if result.summary is not None]
    for check_ in checks:
        if isinstance(check_, CorpusCheck):
            findings.extend(check_.of_corpus(summaries))
    return findings, results


def check_take(take: CheckedTake, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """Return what the checks find in one take."""
    return [finding for check_ in checks if hasattr(check_, "of_take") for finding in check_.of_take(take)]


def as_take(key: str, motion: Motion | None = None, markers: Markers | None = None) -> CheckedTake:
    """Return a take in memory as the checks see it."""
    bodies = []
    if motion is not None:
        bodies.append(body.of_motion(motion))
    if markers is not None:
        bodies.append(body.of_markers(markers, metres_of(markers.units)))
    return CheckedTake(key, tuple(bodies))


def summarize(take: CheckedTake) -> TakeSummary:
    """Return what is kept of a take for comparisons."""
    return TakeSummary(take.key, take.split, take.digests, tuple(_summary(one, take) for one in take.bodies))


def _summary(one: Body, take: CheckedTake) -> BodySummary:
    return BodySummary(
        one.modality,
        one.names,
        one.parents,
        one.rate,
        one.frames,
        one.metres,
        one.height,
        one.up if take.in_world else None,
        facing(one),
        one.still,
        None if one.clip or one.planar else tracks.of_body(one),
        one.content,
    )


def _in_order(
    work: Callable[[reading.Unread], TakeResult], takes: Iterable[reading.Unread], workers: int
) -> Iterator[TakeResult]:
    """Yield results in the order of the takes, with few of them in memory at once."""
    ahead: list[Future[TakeResult]] = []
    rest = iter(takes)
    with ThreadPoolExecutor(workers) as pool:
        try:
            for take in islice(rest, 2 * workers):
                ahead.append(pool.submit(work, take))
            while ahead:
                result = ahead.pop(0).result()
                for take in islice(rest, 1):
                    ahead.append(pool.submit(work, take))
                yield result
        finally:
            pool.shutdown(cancel_futures=True)
