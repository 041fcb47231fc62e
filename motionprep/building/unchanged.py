"""What the last build was made of, so that the next one need not plan to see that nothing has changed.

A plan follows from the recipe, the files that were found and what is known of their content. The first two, with sizes
and times of the files, are the **state** of a build. Where state and dataset are what they were when a build ended, a
plan would find that nothing is to be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from motionprep.building.plan import FoundData, are_whole
from motionprep.building.planned import Outline, Plan
from motionprep.files import replacing
from motionprep.files.reading import parse_json
from motionprep.formats import VERSION as READERS
from motionprep.formats import body_models
from motionprep.motion import hashing
from motionprep.quality.finding import VERSION as CHECKS
from motionprep.recipe.recipe import Recipe
from motionprep.storage import store

_FORMAT = 1
_FILE = "unchanged.json"


class _Record(msgspec.Struct, frozen=True):
    """What is kept: the state, the seal of ``dataset.json`` and what the plan came to."""

    state: str
    dataset: str
    outline: Outline


def state(recipe: Recipe, found: FoundData, *, check: bool) -> str:
    """Return a key of all that decides a plan but the content of files, which their stamps stand for."""
    checks = CHECKS if check or recipe.asks_for_findings else None
    files = [
        (one.key, one.subject, one.name, one.size, one.stamp, one.modality, one.wrong, one.metadata is None)
        for one in found.sources
    ]
    body = body_models.digest(recipe.reading.body_model) if recipe.reading.body_model else ""
    beside = ([*found.labels.items()], [*found.splits.items()], [*found.notes])
    facts = (_FORMAT, READERS, checks, recipe.identity(), recipe.description, body, beside)
    # A name may be no Unicode, which JSON cannot hold.
    return hashing.digest(repr((facts, files)).encode())


def recall(out: Path, state: str, recipe: Recipe) -> tuple[dict[str, Any], Outline] | None:
    """Return what ``dataset.json`` says and what its plan came to, if a build in this state ended with it.

    Raises
    ------
    DatasetError
        If the dataset is of a newer format.
    """
    try:
        record: _Record = parse_json((out / store.CACHE / _FILE).read_bytes(), _Record)
    except (OSError, ValueError):
        return None
    if record.state != state:
        return None
    dataset = store.load(out)
    if dataset is None or dataset["sha256"] != record.dataset or not store.named_are_whole(out, dataset):
        return None
    root = store.root(out, stored_normalized=recipe.stored_normalized)
    if not are_whole(out, dataset["shards"]) or (root != out and not are_whole(root, dataset["raw"])):
        return None
    return None if any(store.left_over(out, dataset)) else (dataset, record.outline)


def keep(out: Path, state: str, ended: Plan, dataset: Mapping[str, Any]) -> None:
    """Keep the state in which a build ended, unless the next one should look at its files all the same.

    That is so for a file that could not be read, or was written as the build began.
    """
    known = {source: ended.cache.get(source) for source in ended.sources if source.modality}
    built = {source for row in ended.rows if not row.reason for source in row.take_files.sources}
    settled = all(map(ended.cache.is_settled, known))
    if settled and all(header and (header.sha256 or source not in built) for source, header in known.items()):
        record = _Record(state, dataset["sha256"], ended.outline)
        replacing.write(out / store.CACHE / _FILE, msgspec.json.encode(record))
