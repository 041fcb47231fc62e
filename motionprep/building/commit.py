"""Make a dataset out of shards that are there: manifest, skeletons, statistics, and then ``dataset.json``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from motionprep.building import findings
from motionprep.building.engines import Engine
from motionprep.building.planned import Plan, none_built, reason_of
from motionprep.errors import BuildError, RecipeError
from motionprep.motion import hashing
from motionprep.naming import fields
from motionprep.quality.finding import Finding
from motionprep.recipe import labels
from motionprep.recipe.recipe import Recipe
from motionprep.storage import manifest, shard_files, shard_reader, stats, store

#: Columns of the manifest for a file, by modality.
_COLUMNS = {"motion": "source", "markers": "markers_source", "": "source"}
#: Columns about what is stored.
_STORED = ("frames", "fps", "shard", "start", "stop", "skeleton", "marker_names", "scale", "facts", "steps", "labels")


def commit(todo: Plan, out: Path, *, strict: bool, engine: Engine) -> dict[str, Any]:
    """Commit a plan whose shards are all there.

    Parameters
    ----------
    todo
        With every digest and key known.
    out
        The dataset.
    strict
        Change nothing if a motion failed.
    engine
        Makes normalized shards.

    Returns
    -------
    dict
        What ``dataset.json`` now says.

    Raises
    ------
    BuildError
        If ``strict`` and a motion failed, none could be built, or a shard to normalize is damaged.
    RecipeError
        If the task names joints or markers that no motion has.
    """
    root = store.root(out, stored_normalized=todo.recipe.stored_normalized)
    keys = todo.keys
    records = [shard_reader.read_record(root / store.SHARDS, key) for key in keys]
    table = _table(todo, keys, records)
    _refuse(table, strict=strict)
    _refuse_mixed(table)
    _check_task(todo.recipe, records)
    splits = {
        split: [number for number, shard in enumerate(todo.shards) if shard.split == split]
        for split in todo.recipe.split.names()
    }
    fitted = stats.combine(records[number] for number in splits.get("train", []))
    if todo.recipe.normalize is not None and todo.recipe.normalize.by == "block":
        fitted = stats.by_block(fitted)
    names: Sequence[str | None] = keys
    if todo.recipe.stored_normalized:
        from motionprep.building.normalized import normalize_shards

        motions = [[member.key for member in shard.members] for shard in todo.shards]
        run = engine.normalizing(todo.recipe, out, fitted)
        names = normalize_shards(todo.recipe, out, keys, records, motions, fitted, run)
        table = [_stored_normalized(row, dict(zip(keys, names, strict=True))) for row in table]
        _refuse(table, strict=strict)
    kept = [name for name in names if name]
    records = [record for record, name in zip(records, names, strict=True) if name]
    dataset = {
        "inputs": todo.inputs,
        "recipe": todo.recipe.to_json(),
        "source": {
            "motions": len({row.take_files.key for row in todo.rows}),
            "files": len(todo.sources),
            "bytes": sum(source.size for source in todo.sources),
        },
        "splits": {
            split: _size([row for row in table if row["split"] == split])
            | _parts(table, todo.recipe, split)
            | {"shards": [names[number] for number in numbers if names[number]]}
            for split, numbers in splits.items()
        },
        "left_out": _left_out(table),
        "noted": _noted(table),
        "doubts": _doubts(table),
        "features": _features(records),
        "shards": {name: shard_files.measure(out / store.SHARDS, name)[0] for name in kept},
    }
    if todo.recipe.stored_normalized:
        dataset["raw"] = keys
    found: list[Finding] = []
    if todo.findings is not None:
        found = findings.of_dataset(todo.findings, todo, table)
        dataset["found"] = findings.counts(found)
        table = [row | more for row, more in zip(table, findings.columns(todo.findings, todo), strict=True)]
    skeletons = {name: skeleton for record in records for name, skeleton in record["skeletons"].items()}
    files = {
        "manifest": manifest.encode(table),
        "skeletons": hashing.canonical(skeletons),
        "stats": hashing.canonical(fitted),
        **({} if todo.findings is None else {"findings": findings.encode(found)}),
    }
    dataset = store.save(out, dataset, files)
    store.keep_signatures(root, keys)
    if todo.recipe.stored_normalized:
        store.keep_signatures(out, kept)
    return dataset


def _table(todo: Plan, keys: Sequence[str], records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the manifest's rows."""
    facts: dict[int, dict[str, Any]] = {}
    for shard, key, record in zip(todo.shards, keys, records, strict=True):
        for member, motion in zip(shard.members, record["motions"], strict=True):
            files = todo.rows[member.row].take_files.sources
            facts[member.row] = {**motion, "shard": key}
            if motion["status"] == "failed":
                facts[member.row]["reason"] = reason_of(todo.rows[member.row], motion)
            for source, unread in zip(files, motion.get("unread", ()), strict=False):
                if unread:
                    facts[member.row][f"{_COLUMNS[source.modality]}_sha256"] = None
    table = []
    for number, row in enumerate(todo.rows):
        first = row.headers[0]
        files_in: dict[str, Any] = {}
        for source, header in zip(row.take_files.sources, row.headers, strict=True):
            column = _COLUMNS[source.modality]
            files_in[column] = source.name
            files_in[f"{column}_bytes"] = source.size
            files_in[f"{column}_sha256"] = header.sha256 or None
        made = facts.get(number, {})
        stored = made if made.get("status") == "ok" else None
        if stored:
            labels.check(row.take_files.key, row.label, stored["frames_in"])
        table.append(
            {
                "key": row.take_files.key,
                "subject": row.take_files.subject,
                "motion": row.take_files.key,
                "ordinal": row.ordinal,
                **files_in,
                **labels.columns(row.label, stored),
                "status": "failed" if row.failed else "dropped",
                "reason": row.reason or None,
                "split": row.split or None,
                "part": row.part or None,
                "copy": row.copy,
                "frames_in": first.frames,
                "fps_in": row.rate or first.rate or None,
            }
            | made
        )
    manifest.number_keys(table)
    return table


def _stored_normalized(row: Mapping[str, Any], names: Mapping[str, str | None]) -> dict[str, Any]:
    """Return a row with the normalized shard that its motion is in; dropped if there is none."""
    shard = names.get(row.get("shard", ""))
    if shard or row["status"] != "ok":
        return {**row, "shard": shard}
    reason = "normalize: no motion of train has the same joints or markers"
    return {word: value for word, value in row.items() if word not in _STORED} | {"status": "dropped", "reason": reason}


def _refuse(table: Sequence[Mapping[str, Any]], *, strict: bool) -> None:
    failed = [row["reason"] for row in table if row["status"] == "failed"]
    if failed and strict:
        raise BuildError(
            f"{len(failed)} of {len(table)} motions failed, so nothing was changed; the first: {failed[0]}"
        )
    if not any(row["status"] == "ok" for row in table):
        raise none_built([row["reason"] for row in table])


def _refuse_mixed(table: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a dataset in which the rotations of ``humanml3d`` are of two kinds."""
    found: dict[str, str] = {}
    for row in table:
        if row["status"] == "ok" and row.get("facts") and '"ik"' in row["facts"]:
            found.setdefault(msgspec.json.decode(row["facts"])["ik"], row["key"])
    if len(found) > 1:
        raise BuildError(
            f"humanml3d of {found['file']} has the rotations of its file and that of {found['paper']}, which has none, "
            "those of the paper's inverse kinematics; set ik = 'paper' of the stage humanml3d for all"
        )


def _size(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kept = [row for row in rows if row["status"] == "ok"]
    return {
        "motions": len(kept),
        "subjects": len({row["subject"] for row in kept}),
        "frames": sum(row["frames"] for row in kept),
        "seconds": sum(row["frames"] / row["fps"] for row in kept),
    }


def _check_task(recipe: Recipe, records: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a task with names that no motion has; where some motions have them, windows of the others say so."""
    if recipe.task is None:
        return
    found = dict.fromkeys(map(stats.contents, records))
    for field in map(fields.parse_field, (*recipe.task.inputs, *recipe.task.targets)):
        wrong: list[ValueError] = []
        for skeleton, markers in found:
            try:
                fields.named(field, stats.kind_of(field.feature, skeleton, markers)[0])
                break
            except ValueError as error:
                wrong.append(error)
        else:
            if wrong:
                raise RecipeError(f"task: {wrong[0]}; no motion has what it names")


def _parts(table: Sequence[Mapping[str, Any]], recipe: Recipe, split: str) -> dict[str, Any]:
    """Return how large the parts are that a split is dealt into, if it is."""
    if split != "train" or recipe.split.parts == 1:
        return {}
    numbers = range(1, recipe.split.parts + 1)
    return {"parts": [_size([row for row in table if row["part"] == number]) for number in numbers]}


def _doubts(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what may be a mistake in the motions as a whole."""
    found: dict[str, list[str]] = {}
    for row in table:
        if row["status"] == "ok" and (facts := row.get("facts")) and '"third"' in facts:
            found.setdefault(json.loads(facts)["third"], []).append(row["motion"])
    if len(found) < 2:
        return []
    places, confidences = found["z"], found["confidence"]
    return [
        f"the third number of each joint was taken for a confidence in {len(confidences):,} motions of arrays, such as "
        f"{confidences[0]}, and for a place in {len(places):,}, such as {places[0]}: say third = 'confidence' or 'z' "
        f"of all of them in arrays.toml"
    ]


def _left_out(table: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return how many motions were dropped and failed, by reason."""
    return {
        status: dict(Counter(row["reason"] for row in table if row["status"] == status).most_common())
        for status in ("dropped", "failed")
    }


def _noted(table: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return how many stored motions have each note, and the key of one of them."""
    found: dict[str, dict[str, Any]] = {}
    for row in table:
        if row["status"] == "ok" and row["reason"]:
            note = found.setdefault(row["reason"], {"motions": 0, "example": row["key"]})
            note["motions"] += 1
    return found


def _features(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return dtype and shapes of a frame of each feature; skeletons of other sizes have other shapes."""
    features: dict[str, Any] = {}
    for record in records:
        for name, (dtype, *shape) in record["features"].items():
            known = features.setdefault(name, {"dtype": dtype, "shapes": []})
            if shape not in known["shapes"]:
                known["shapes"].append(shape)
    return features
