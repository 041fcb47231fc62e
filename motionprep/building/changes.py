"""What a build would change about the dataset that is there: motions that leave or move, stages that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from motionprep.building.planned import Plan
from motionprep.errors import DatasetError, RecipeError, ReplaceError
from motionprep.motion import hashing
from motionprep.recipe.recipe import FORMAT, Recipe, recipe_of_dataset
from motionprep.storage import store

_SHOWN = 3


def changes(planned: Plan, out: Path, *, replace: bool = False) -> tuple[str, ...]:
    """Return a sentence for each thing that a build changes about the motions and stages of the dataset in ``out``.

    Motions that are new say so by being there; what they do to shards is in the plan.

    Raises
    ------
    ReplaceError
        If nothing of the dataset would remain, not one motion, or not one shard because of another recipe, and
        ``replace`` is not given.
    """
    if planned.dataset is None:
        return ()
    before = _recipe(planned.dataset)
    said = [] if before is None else _other_stages(before, planned.recipe)
    kept, motions = _moved(_splits(out, planned.dataset), planned)
    said = [*motions, *said]
    if not (kept or replace):
        raise ReplaceError(f"{out}: holds a dataset of other motions, none of which would remain: {'; '.join(said)}")
    if planned.dataset["motionprep"] < FORMAT:
        return (
            *said,
            f"the dataset has format {planned.dataset['motionprep']}, and this motionprep writes format {FORMAT}, in "
            "which shards hold the names of their axes: all shards are made anew",
        )
    if replace:
        return tuple(said)
    if before is None or not _any_shard_may_stay(before, planned.recipe):
        raise ReplaceError(
            f"{out}: holds a dataset of another recipe, no shard of which would remain: {'; '.join(said)}"
        )
    return tuple(said)


def _recipe(dataset: Mapping[str, Any]) -> Recipe | None:
    try:
        return recipe_of_dataset(dataset, store.DATASET)
    except RecipeError:
        return None


def _splits(out: Path, dataset: Mapping[str, Any]) -> dict[str, str]:
    """Return the splits of the motions that a dataset has, by key; several are joined by commas."""
    from motionprep.storage import manifest

    try:
        table = manifest.decode(store.read_named(out, dataset, "manifest"))
    except DatasetError:
        return {}
    found: dict[str, list[str]] = {}
    for row in table.select(["motion", "split", "status"]).to_pylist():
        if row["status"] == "ok":
            found.setdefault(row["motion"], []).append(row["split"])
    return {key: ", ".join(dict.fromkeys(splits)) for key, splits in found.items()}


def _moved(before: Mapping[str, str], planned: Plan) -> tuple[bool, list[str]]:
    """Return whether a motion remains, and sentences on those that leave or move."""
    after: dict[str, list[str]] = {}
    for row in planned.rows:
        if row.split and not row.reason:
            after.setdefault(row.take_files.key, []).append(row.split)
    gone = [key for key in before if key not in after]
    moved = [
        f"{key} from {split} to {now}"
        for key, split in before.items()
        if key in after and (now := ", ".join(dict.fromkeys(after[key]))) != split
    ]
    said = []
    if gone:
        said.append(f"{len(gone):,} of {len(before):,} motions leave: {_some(gone)}")
    if moved:
        said.append(f"{len(moved):,} motions change their split: {_some(moved)}")
    return not before or len(gone) < len(before), said


def _other_stages(before: Recipe, after: Recipe) -> list[str]:
    said = []
    for split in after.split.names():
        if split not in before.split.names():
            said.append(f"split {split!r} is new")
            continue
        old, new = ([_words(stage) for stage in recipe.stages_for(split)] for recipe in (before, after))
        if old != new:
            lost = [stage for stage in old if stage not in new]
            more = [stage for stage in new if stage not in old]
            parts = [f"without {_some(lost)}" if lost else "", f"with {_some(more)}" if more else ""]
            what = " and ".join(filter(None, parts)) or "in another order"
            said.append(f"the stages of {split!r} differ: {what}")
    gone = [split for split in before.split.names() if split not in after.split.names()]
    return [*said, *(f"split {split!r} is no more" for split in gone)]


def _words(stage: Any) -> str:
    settings = [f"{name} = {_short(value)}" for name, value in stage.settings().items() if name != "splits"]
    return f"{stage.name}({', '.join(settings)})"


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"{len(value)} values" if len(value) > _SHOWN else f"[{', '.join(map(str, value))}]"
    return str(value)


def _any_shard_may_stay(before: Recipe, after: Recipe) -> bool:
    """Return whether there is a split before and one after whose shards are made by the same rules."""
    old, new = ({_rules(recipe, split) for split in recipe.split.names()} for recipe in (before, after))
    return bool(old & new)


def _rules(recipe: Recipe, split: str) -> str:
    stages = recipe.stages_for(split)
    seed = recipe.seed if any(stage.random for stage in stages) else None
    made = [stage.identity() for stage in stages if not stage.on_reading]
    return hashing.key([made, recipe.reading.positions, recipe.reading.lenient, seed, recipe.reading.body_model])


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (f" and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else "")
