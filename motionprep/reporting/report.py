"""A page about raw data or a dataset: what it holds, what is wrong with it, and what it looks like."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from motionprep.dataset.dataset import Dataset, open_dataset
from motionprep.files import replacing
from motionprep.files.progress import OnProgress, silent
from motionprep.files.reading import as_paths
from motionprep.formats import MODALITIES
from motionprep.motion.skeleton import Skeleton
from motionprep.naming.nearest import did_you_mean
from motionprep.quality import CHECKS, Finding, check, reading
from motionprep.quality.take import CheckedTake
from motionprep.recipe.recipe import Reading
from motionprep.reporting import charts, facts, features, sections
from motionprep.reporting.facts import FactsOfTakes, MotionFacts
from motionprep.reporting.page import FOOTER, check_place, page
from motionprep.reporting.takes import Words, as_findings, as_takes, read
from motionprep.sources.find import find
from motionprep.sources.pairing import natural, pair


@dataclass(frozen=True)
class Report:
    """What was written.

    Parameters
    ----------
    path
        The page.
    motions, shown
        How many motions there are, and how many of them the player holds.
    findings
        What :func:`motionprep.check` returns.
    """

    path: Path
    motions: int
    shown: int
    findings: tuple[Finding, ...]


def report(
    data: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    markers: Sequence[str | os.PathLike[str]] = (),
    how: Reading | None = None,
    takes: int = 20,
    motions: Sequence[str] = (),
    workers: int | None = None,
    on_progress: OnProgress = silent,
) -> Report:
    """Write a page about raw data or a dataset: one HTML file that needs no network and nothing beside it.

    Parameters
    ----------
    data
        Files, folders and zip archives of raw data, or the folder of one dataset.
    out
        The HTML file; replaced if it is there.
    markers, how, workers
        As :func:`motionprep.check` has them.
    takes
        How many motions the player holds at most: first those with errors and warnings, then typical ones.
    motions
        Keys of motions that it holds in any case.
    on_progress
        Called with how many motions are checked and put into the player, and of how many.

    Raises
    ------
    ValueError
        If ``takes`` is negative, there is no motion of a key, or ``out`` is in a dataset.
    MotionPrepError
        If Matplotlib is not installed, there are no data, or the dataset is damaged.
    """
    charts.need_matplotlib()
    if takes < 0:
        raise ValueError(f"`takes` is {takes}; expected 0 or more")
    paths, how = as_paths(data), how or Reading()
    check_place(out, paths)
    known = (
        _of_dataset(paths[0]) if len(paths) == 1 and reading.is_dataset(paths[0]) else _of_files(paths, how, markers)
    )
    for key in motions:
        if key not in known.unread:
            raise ValueError(f"there is no motion {key!r} to show{did_you_mean(key, known.unread)}")
    kept = FactsOfTakes(known.skeleton)
    to_show, checked = min(max(takes, len(motions)), len(known.unread)), 0

    def on_checked(done: int, total: int) -> None:
        nonlocal checked
        checked = total
        on_progress(done, total + to_show)

    findings = check(data, markers=markers, how=how, checks=(*CHECKS, kept), workers=workers, on_progress=on_checked)
    for place, row in known.rows.items():
        if place not in kept.motions:
            kept.motions[place] = facts.facts_of_row(row, known.skeleton(*place))
    of_motions = sorted(kept.motions.values(), key=lambda one: (natural(one.key), one.split))
    keys = facts.pick(of_motions, findings, takes, motions)
    chosen = read(known.unread, keys, lambda done: on_progress(checked + done, checked + to_show))
    shown = as_takes(chosen, known.words, findings)
    title = ", ".join(Path(path).resolve().name for path in paths)
    replacing.write(out, _page(title, known, of_motions, findings, shown))
    on_progress(checked + to_show, checked + to_show)
    return Report(Path(out), len(of_motions), len(shown), tuple(findings))


class _Known(NamedTuple):
    """What is known of the data before they are checked.

    Parameters
    ----------
    dataset
        None of raw data.
    rows
        Of the dataset's manifest, by key and split.
    words, unread
        By key: what is said of a motion, and a function that reads it.
    """

    dataset: Dataset | None
    rows: Mapping[tuple[str, str], Mapping[str, Any]]
    words: Mapping[str, Words]
    unread: Mapping[str, Callable[[], CheckedTake]]

    def skeleton(self, key: str, split: str) -> Skeleton | None:
        """Return the skeleton that the dataset stores of a motion."""
        row = self.rows.get((key, split))
        return self.dataset.files.skeleton(row["skeleton"]) if self.dataset and row and row["skeleton"] else None


def _of_dataset(path: str | os.PathLike[str]) -> _Known:
    dataset = open_dataset(path)
    rows = {(row["key"], row["split"]): row for split in dataset.values() for row in split.rows}
    words = {key: Words(split, row["subject"] or "", row["label"] or "") for (key, split), row in rows.items()}
    # Of several motions of one key, in several splits, the first is shown.
    return _Known(dataset, rows, words, dict(reversed(reading.of_dataset(path)[0])))


def _of_files(
    paths: Sequence[str | os.PathLike[str]], how: Reading, markers: Sequence[str | os.PathLike[str]]
) -> _Known:
    found = [source for source in find(paths, how.key_pattern, markers, how.arrays) if source.modality]
    words = {files.key: Words(subject=files.subject) for files in pair(found, {*MODALITIES.values()})}
    return _Known(None, {}, words, dict(reading.of_files(paths, how, markers)[0]))


def _page(
    title: str,
    known: _Known,
    motions: Sequence[MotionFacts],
    findings: Sequence[Finding],
    shown: Sequence[Mapping[str, Any]],
) -> bytes:
    dataset = known.dataset
    conventions = facts.conventions(motions, findings)
    below = [
        sections.findings_table(findings),
        sections.duplicates(findings, {take["key"] for take in shown}),
        sections.distributions(motions),
        features.section(dataset) if dataset else None,
        sections.labels(dataset) if dataset else None,
        sections.missing(motions),
        sections.left_out(dataset) if dataset else None,
    ]
    return page(
        kind="Report on a dataset" if dataset else "Report on raw data",
        title=title,
        lead=sections.lead(findings, conventions, len(motions)),
        footer=FOOTER,
        tiles=sections.tiles(motions, findings, {one.subject for one in known.words.values()} - {""}),
        before=[sections.overview(conventions, findings, dataset)],
        after=[section for section in below if section is not None],
        data={"takes": shown, "findings": as_findings(findings)},
    )
