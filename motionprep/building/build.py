"""The straight line from motion files to a dataset."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Unpack

import msgspec

from motionprep.building import plan, unchanged
from motionprep.building.changes import changes
from motionprep.building.engines import Engine, choose_engine
from motionprep.building.planned import Outline, Plan
from motionprep.errors import BuildError, DatasetError, MotionPrepWarning
from motionprep.files.progress import OnProgress, silent
from motionprep.files.reading import as_paths, no_address
from motionprep.recipe.options import RecipeOptions, read_recipe
from motionprep.recipe.recipe import Recipe
from motionprep.storage import store


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
        What ``dataset.json`` says now; empty where a part is made and nothing was committed yet.
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
    engine: str | None = None,
    address: str | None = None,
    part: tuple[int, int] | None = None,
    strict: bool = False,
    replace: bool = False,
    verify_sources: bool = False,
    check: bool = False,
    on_check: OnProgress = lambda _done, _total: None,
    on_plan: Callable[[Outline], None] = lambda _: None,
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
        Threads that compute shards, at least 1; as many as there are processors if None. On another engine the most
        shards that it makes at once; all that it can if None. They decide nothing but the time.
    engine
        What runs the shards: ``"threads"`` or ``"processes"`` of this machine, ``"dask"`` or ``"ray"``; if None what
        ``joblib.parallel_config`` has set, or else threads. Workers read ``data`` and write ``out`` by their paths.
    address
        Where the scheduler of Dask or the cluster of Ray is; the one that this process is connected to if None.
    part
        ``(I, N)``, from ``(1, N)`` to ``(N, N)``: of every N-th shard make those that are missing, and commit nothing.
        Parts may be made at the same time; a build without ``part`` then finds their shards and commits.
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
        Called once with an outline of the plan (its ``motions``, ``subjects``, ``notes`` and ``doubts``), before the
        first motion.
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
        If ``workers`` is below 1, there is no such ``engine`` or ``part``, or an engine has no address.
    BuildError
        If ``strict`` and a motion failed, or if no motion could be built; the dataset is not changed.
    EngineError
        If the engine cannot be reached or fails; the dataset is not changed, and finished shards are kept.
    OSError
        If the disk is full or may not be written; finished shards are kept.
    """
    began = time.monotonic()
    recipe = read_recipe(recipe, **options)
    runs = choose_engine(engine, address, workers)
    _check_part(part)
    out = _place(out)
    root = store.root(out, stored_normalized=recipe.stored_normalized)
    find_data = partial(plan.find_data, as_paths(data), recipe, as_paths(markers))
    plan_now = partial(
        plan.make_plan,
        as_paths(data),
        out,
        recipe,
        markers=as_paths(markers),
        verify_sources=verify_sources,
        workers=workers or os.cpu_count() or 1,
        check=check,
        on_check=on_check,
    )

    def nothing_to_do(dataset: dict[str, Any], outline: Outline) -> Summary:
        on_plan(outline)
        on_progress(outline.motions, outline.motions)
        dataset, seconds = _unless_failed(dataset, strict), time.monotonic() - began
        return _ended(Summary(out, False, dataset, 0, outline.shards, seconds, outline.notes, outline.doubts))

    # Nothing is written before it is known that there is something to build.
    found = find_data()
    state = unchanged.state(recipe, found, check=check)
    if part is None and not verify_sources and (same := unchanged.recall(out, state, recipe)):
        return nothing_to_do(*same)
    before = plan_now(found=found)
    if part is not None:
        made, kept = _make_part(before, out, root, part, runs, on_plan, on_progress)
        dataset, seconds = before.known or {}, time.monotonic() - began
        return _ended(Summary(out, False, dataset, made, kept, seconds, before.notes, before.doubts))
    if before.complete and not any(store.left_over(out, before.dataset)):
        # What has nothing to do needs no lock, whose import takes longer than this plan.
        with suppress(OSError):  # of a dataset that may only be read
            _keep_findings(out, before)
            unchanged.keep(out, state, before, before.dataset or {})
        return nothing_to_do(before.dataset or {}, before.outline)
    replaced = () if before.complete else changes(before, out, replace=replace)
    with store.locked(out, stored_normalized=recipe.stored_normalized):
        if store.load(out) != before.known:
            # Another build has ended since this one planned.
            found = find_data()
            state = unchanged.state(recipe, found, check=check)
            before = plan_now(found=found)
            replaced = changes(before, out, replace=replace)
        notes = (*before.notes, *replaced)
        _keep_findings(out, before)
        store.sweep(out, root)
        on_plan(msgspec.structs.replace(before.outline, notes=notes))
        count = _Count(before, on_progress)
        count.add_kept()
        todo, made = _make_missing(before, out, root, runs, count.add)
        changed = made > 0 or not todo.complete
        dataset = _commit(todo, out, root, runs, strict=strict)
        _keep_notes(todo, out)
        unchanged.keep(out, state, todo, dataset)
    seconds = time.monotonic() - began
    return _ended(Summary(out, changed, dataset, made, len(todo.shards) - made, seconds, notes, before.doubts))


def _check_part(part: tuple[int, int] | None) -> None:
    if part is not None and not (len(part) == 2 and 1 <= part[0] <= part[1]):
        raise ValueError(f"part is {part}; it must be (I, N) with I from 1 to N")


def _place(out: str | os.PathLike[str]) -> Path:
    if wrong := no_address(out):
        raise DatasetError(wrong)
    return Path(out)


def _commit(todo: Plan, out: Path, root: Path, engine: Engine, *, strict: bool) -> dict[str, Any]:
    """See to it that the dataset is what a plan makes of it, all of whose shards are there."""
    if todo.complete:
        dataset = _unless_failed(todo.dataset or {}, strict)
        store.keep_signatures(root, todo.keys)
        store.tidy(out, dataset)
        return dataset
    from motionprep.building.commit import commit

    dataset = commit(todo, out, strict=strict, engine=engine)
    store.tidy(out, dataset, todo.dataset)
    return dataset


def _ended(summary: Summary) -> Summary:
    """Return a summary with all that is doubtful about the build, after a warning of each."""
    empty = [
        f"split {name!r} is empty: all of its motions were dropped or failed"
        for name, split in summary.dataset.get("splits", {}).items()
        if not split["motions"] and not any(doubt.startswith(f"split {name!r} is empty") for doubt in summary.doubts)
    ]
    summary = replace(summary, doubts=(*summary.doubts, *summary.dataset.get("doubts", ()), *empty))
    for doubt in summary.doubts:
        warnings.warn(doubt, MotionPrepWarning, stacklevel=3)
    return summary


def _keep_findings(out: Path, planned: Plan) -> None:
    if planned.findings is not None:
        from motionprep.building import findings

        findings.keep(out, planned.findings, planned.results)


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


def _unless_failed(dataset: dict[str, Any], strict: bool) -> dict[str, Any]:
    """Return what a dataset that is complete says, if its failures may be."""
    if strict and (failed := dataset["left_out"]["failed"]):
        reason, count = next(iter(failed.items()))
        raise BuildError(f"{sum(failed.values())} motions failed, as before; {count} x {reason}")
    return dataset


def _make_part(
    todo: Plan,
    out: Path,
    root: Path,
    part: tuple[int, int],
    engine: Engine,
    on_plan: Callable[[Outline], None],
    on_progress: OnProgress,
) -> tuple[int, int]:
    """See to it that every N-th shard is there, and return how many were made and kept.

    Which shards these are depends on the plan alone, so all parts agree about it, whenever they begin.
    """
    number, parts = part
    todo = replace(todo, shards=todo.shards[number - 1 :: parts])
    on_plan(todo.outline)
    count = _Count(todo, on_progress)
    count.add_kept()
    if all(shard.present for shard in todo.shards):
        return 0, len(todo.shards)
    with store.lock_part(out, part, stored_normalized=todo.recipe.stored_normalized):
        done, made = _make_missing(todo, out, root, engine, count.add, alone=False)
        with store.lock_notes(out):
            store.save_signatures(root, {**store.load_signatures(root), **store.sign(root, done.keys)})
    return made, len(done.shards) - made


def _keep_notes(todo: Plan, out: Path, *, alone: bool = True) -> None:
    """Keep what is known of the sources, with what other parts have found out unless this build is alone."""
    with store.lock_notes(out):
        if not alone:
            todo.cache.merge()
        todo.cache.save(todo.sources)


def _make_missing(
    todo: Plan, out: Path, root: Path, engine: Engine, count: Callable[[int], None], *, alone: bool = True
) -> tuple[Plan, int]:
    """See to it that every shard is there; ``alone`` where the dataset is locked.

    Returns
    -------
    The plan with all digests and keys known, and how many shards were made.
    """
    missing = [number for number, shard in enumerate(todo.shards) if not shard.present]
    if not missing:
        return todo, 0
    # Arrow, a slow import, is needed at the end; it comes in while shards are made.
    threading.Thread(target=import_module, args=["motionprep.building.commit"], daemon=True).start()

    rows, jobs, made = list(todo.rows), list(todo.shards), 0
    try:
        with closing(engine.make(todo, root / store.SHARDS, missing, count)) as results:
            for number, shard in results:
                made += shard.made
                jobs[number] = msgspec.structs.replace(jobs[number], key=shard.key, present=True)
                for member, files in zip(jobs[number].members, shard.digests, strict=True):
                    row = rows[member.row]
                    headers = []
                    for source, header, (digest, readable) in zip(
                        row.take_files.sources, row.headers, files, strict=True
                    ):
                        headers.append(msgspec.structs.replace(header, sha256=digest))
                        # That a file can be read one day need not change its size or time.
                        if readable:
                            todo.cache.put(source, headers[-1])
                    rows[member.row] = msgspec.structs.replace(row, headers=tuple(headers))
    finally:
        _keep_notes(todo, out, alone=alone)
        if alone and not engine.local:
            # What workers have left that died.
            store.sweep(out, root)
    return replace(todo, rows=tuple(rows), shards=tuple(jobs)), made
