"""The straight line from motion files to a dataset; the only file that knows joblib."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Unpack

import msgspec

from motionprep.building import findings, plan, planned
from motionprep.building.planned import Plan, Shard
from motionprep.errors import BuildError, DatasetError, MotionPrepWarning
from motionprep.files.progress import OnProgress, silent
from motionprep.files.reading import as_paths, no_address
from motionprep.recipe.options import RecipeOptions, read_recipe
from motionprep.recipe.recipe import Recipe
from motionprep.sources.fingerprints import hash_file
from motionprep.storage import shard_files, shard_reader, store

#: Called after each motion with how many are done, of how many.
#: Of a file's bytes, or of why they cannot be read, and whether they can.
_Digest = tuple[str, bool]
_PATIENCE = 1.0


@dataclass(frozen=True)
class Summary:
    """What a build did.

    Parameters
    ----------
    out
        The dataset.
    changed
        Whether anything was written.
    dataset
        What ``dataset.json`` says now.
    made, kept
        Shards that were computed, and that were there.
    seconds
        How long it took.
    notes
        What is worth knowing about the files, and what the build changed about the dataset that was there.
    doubts
        What may be a mistake; each was a :class:`MotionPrepWarning` as well.
    """

    out: Path
    changed: bool
    dataset: dict[str, Any]
    made: int
    kept: int
    seconds: float
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def build(
    data: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    recipe: Recipe | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    markers: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    workers: int | None = None,
    strict: bool = False,
    replace: bool = False,
    verify_sources: bool = False,
    check: bool = False,
    on_check: OnProgress = lambda _done, _total: None,
    on_plan: Callable[[Plan], None] = lambda _: None,
    on_progress: OnProgress = silent,
    **options: Unpack[RecipeOptions],
) -> Summary:
    """Build a dataset, or bring one up to date; what is there and still right is kept.

    Parameters
    ----------
    data
        A folder, a motion file, a zip archive, or several.
    out
        The dataset's folder.
    recipe
        A recipe, a dictionary of what a recipe file says, the name of a shipped one, or a file; every frame and joint
        of every motion, for training, if None.
    markers
        Where the markers of the same takes are, C3D files; those in ``data`` count as well.
    workers
        Threads that compute shards, at least 1; as many as there are processors if None. They decide nothing but the
        time.
    strict
        Change nothing if a motion fails.
    replace
        Build also where nothing would remain of the dataset that is in ``out``.
    verify_sources
        Hash all files again, whatever their size and time say.
    check
        Check the sources, and put what is found into the manifest and beside it; see docs/quality.md.
    on_check
        Called after each take that is checked with the number of takes that are done, and of all.
    on_plan
        Called once with the plan, before the first motion.
    on_progress
        Called with how many motions are done, of how many, by one thread at a time.
    **options
        What changes the recipe, by the names that the command line has: ``split="90/10"``,
        ``downsample={"train": 8}``, ``joints=["Hips", "Left*"]``; see
        :class:`~motionprep.recipe.options.RecipeOptions`.

    Warns
    -----
    MotionPrepWarning
        Of what may be a mistake: keys of tables that no motion has, a split that depends on guessed subjects, a split
        that is empty.

    Raises
    ------
    SourceError, RecipeError, DatasetError
        If the data, the recipe or the dataset cannot be; nothing is changed.
    ReplaceError
        If nothing would remain of the dataset that is in ``out``, neither a motion nor a shard, and ``replace`` is not
        given; it says what would change.
    ValueError
        If ``workers`` is below 1.
    BuildError
        If ``strict`` and a motion failed, or if no motion could be built; the dataset is not changed.
    OSError
        If the disk is full or may not be written; finished shards are kept.
    """
    began = time.monotonic()
    recipe = read_recipe(recipe, **options)
    if workers is None:
        workers = os.cpu_count() or 1
    elif workers < 1:
        raise ValueError(f"workers is {workers}; it must be at least 1, or None for one a processor")
    if wrong := no_address(out):
        raise DatasetError(wrong)
    out = Path(out)
    root = store.root(out, stored_normalized=recipe.stored_normalized)
    plan_now = partial(
        plan.make_plan,
        as_paths(data),
        out,
        recipe,
        markers=as_paths(markers),
        verify_sources=verify_sources,
        workers=workers,
        check=check,
        on_check=on_check,
    )
    # Nothing is written before it is known that there is something to build.
    before = plan_now()
    if before.complete and not any(store.left_over(out, before.dataset)):
        # What has nothing to do needs no lock, whose import takes longer than this plan.
        on_plan(before)
        with suppress(OSError):  # of a dataset that may only be read
            findings.keep(out, before.findings)
        _Count(before, on_progress).add_kept()
        dataset, seconds = _unless_failed(before, strict), time.monotonic() - began
        return _ended(Summary(out, False, dataset, 0, len(before.shards), seconds, before.notes, before.doubts))
    if not before.complete:
        before = _with_changes(before, out, replace)
    with store.locked(out, stored_normalized=recipe.stored_normalized):
        if store.load(out) != before.known:
            # Another build has ended since this one planned.
            before = _with_changes(plan_now(), out, replace)
        findings.keep(out, before.findings)
        for place in (out, root):
            shard_files.sweep(place / store.SHARDS)
        on_plan(before)
        count = _Count(before, on_progress)
        count.add_kept()
        todo, made = _make_missing(before, root, workers, count.add)
        complete = todo.complete
        changed = made > 0 or not complete
        if complete:
            dataset = _unless_failed(todo, strict)
            if todo is not before:
                store.keep_signatures(root, todo.keys)
            store.tidy(out, dataset)
        else:
            from motionprep.building.commit import commit

            dataset = commit(todo, out, strict=strict, workers=workers)
            store.tidy(out, dataset, todo.dataset)
        todo.cache.save(todo.sources)
    seconds = time.monotonic() - began
    return _ended(Summary(out, changed, dataset, made, len(todo.shards) - made, seconds, before.notes, before.doubts))


def _ended(summary: Summary) -> Summary:
    """Return a summary with all that is doubtful about the build, after a warning of each."""
    empty = [
        f"split {name!r} is empty: all of its motions were dropped or failed"
        for name, split in summary.dataset["splits"].items()
        if not split["motions"]
    ]
    summary = replace(summary, doubts=(*summary.doubts, *summary.dataset.get("doubts", ()), *empty))
    for doubt in summary.doubts:
        warnings.warn(doubt, MotionPrepWarning, stacklevel=3)
    return summary


def _with_changes(planned: Plan, out: Path, replaced: bool) -> Plan:
    """Return a plan that notes what it changes about the dataset that is there."""
    from motionprep.building.changes import changes

    return replace(planned, notes=(*planned.notes, *changes(planned, out, replace=replaced)))


class _Count:
    """Counts the motions that are done, for whoever shows progress; used by several threads."""

    def __init__(self, todo: Plan, on_progress: OnProgress) -> None:
        self._todo, self._on_progress = todo, on_progress
        self._total = sum(len(shard.members) for shard in todo.shards)
        self._done = 0
        self._lock = threading.Lock()

    def add(self, motions: int) -> None:
        """Count motions that are done."""
        with self._lock:
            self._done += motions
            self._on_progress(self._done, self._total)

    def add_kept(self) -> None:
        """Count the motions of all shards that are there."""
        if kept := sum(len(shard.members) for shard in self._todo.shards if shard.present):
            self.add(kept)


def _unless_failed(todo: Plan, strict: bool) -> dict[str, Any]:
    """Return what a dataset that is complete says, if its failures may be."""
    dataset = todo.dataset or {}
    if strict and (failed := dataset["left_out"]["failed"]):
        reason, count = next(iter(failed.items()))
        raise BuildError(f"{sum(failed.values())} motions failed, as before; {count} x {reason}")
    return dataset


def _make_missing(todo: Plan, root: Path, workers: int, count: Callable[[int], None]) -> tuple[Plan, int]:
    """See to it that every shard is there.

    Returns
    -------
    The plan with all digests and keys known, and how many shards were made.
    """
    missing = [number for number, shard in enumerate(todo.shards) if not shard.present]
    if not missing:
        return todo, 0
    import joblib

    from motionprep.building.shard_job import Stopped, keep_memory, make

    # Arrow, a slow import, is needed at the end; it comes in while shards are made.
    threading.Thread(target=import_module, args=["motionprep.building.commit"], daemon=True).start()

    keep_memory()
    folder = root / store.SHARDS
    stop, fresh = threading.Event(), not shard_files.keys(folder)
    # One thread more than may compute: waiting for the disk keeps no processor busy.
    computing = threading.BoundedSemaphore(workers)
    running = threading.BoundedSemaphore(workers + 1)

    def ensure(shard: Shard) -> tuple[str, Sequence[tuple[_Digest, ...]], bool]:
        with running:
            key = shard.key
            rows = [todo.rows[member.row] for member in shard.members]
            digests: Sequence[tuple[_Digest, ...]] = [tuple((known, True) for known in row.digests) for row in rows]
            with computing:
                if stop.is_set():
                    raise Stopped("interrupted")
                if key is None and not fresh:
                    digests = [tuple(map(hash_file, row.take_files.sources)) for row in rows]
                    known = [[digest for digest, _ in files] for files in digests]
                    key = planned.key_of(todo.recipe, shard.split, shard.members, known)
                if key is not None and shard_reader.is_whole(folder, key):
                    count(len(shard.members))
                    return key, digests, False
            made = make(todo.recipe, shard, todo.rows, folder, stop, count, computing)
            made.sealed.publish()
            return made.key, made.digests, True

    rows, jobs, made = list(todo.rows), list(todo.shards), 0
    results: Any = None
    try:
        work = joblib.Parallel(n_jobs=workers + 1, backend="threading", return_as="generator", batch_size=1)
        results = work(joblib.delayed(ensure)(todo.shards[number]) for number in missing)
        for number, (key, digests, new) in zip(missing, results, strict=True):
            made += new
            jobs[number] = msgspec.structs.replace(jobs[number], key=key, present=True)
            for member, files in zip(jobs[number].members, digests, strict=True):
                row = rows[member.row]
                headers = []
                for source, header, (digest, readable) in zip(row.take_files.sources, row.headers, files, strict=True):
                    headers.append(msgspec.structs.replace(header, sha256=digest))
                    # That a file can be read one day need not change its size or time.
                    if readable:
                        todo.cache.put(source, headers[-1])
                rows[member.row] = msgspec.structs.replace(row, headers=tuple(headers))
    finally:
        stop.set()
        _end(results, running, workers + 1)
        todo.cache.save(todo.sources)
    return replace(todo, rows=tuple(rows), shards=tuple(jobs)), made


def _end(results: Any, running: threading.Semaphore, threads: int) -> None:
    """Give threads that are asked to stop time to do so: they write into a folder that is about to be let go."""
    if results is not None:
        with warnings.catch_warnings():
            # Of results that an interrupted build has no use for.
            warnings.simplefilter("ignore", UserWarning)
            results.close()
    until = time.monotonic() + _PATIENCE
    ended = [running.acquire(timeout=max(0.0, until - time.monotonic())) for _ in range(threads)]
    for _ in filter(None, ended):
        running.release()
