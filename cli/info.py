"""motionprep info: what is in a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from .options import json_option
from .paths import LocalPath

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset
    from motionprep.motion.skeleton import Skeleton

_MOST = 6
_MOST_CLASSES = 20
#: As many skeletons as a screen shows, and as wide as one is.
_MOST_SKELETONS = 12
_WIDE = 48


@click.command()
@click.argument("out", type=LocalPath(exists=True))
@click.option("--classes", is_flag=True, help="List all labels, not the commonest alone.")
@json_option
def info(out: str, classes: bool, as_json: bool) -> None:
    """Print what is in the dataset OUT: splits, labels, features, joints, sizes, and what was left out and why."""
    import motionprep

    from .tables import findings, left_out, noted, print_json, size, table

    dataset = motionprep.open(out)
    found = _facts(dataset)
    if as_json:
        print_json(found)
        return
    rows = []
    for name, split in found["splits"].items():
        rows.append([name, *_cells(split), f"{split['shards']:,}"])
        rows += [[f"{name}/{number}", *_cells(part), ""] for number, part in enumerate(split["parts"], start=1)]
    click.echo(table(["split", "motions", "subjects", "frames", "duration", "shards"], rows))
    for name, split in found["splits"].items():
        if not split["motions"]:
            click.echo(f"split {name!r} is empty")
    click.echo()
    if dataset.classes:
        shown = found["labels"] if classes else found["labels"][:_MOST_CLASSES]
        cells = [
            [
                row["label"] or "(none)",
                row["split"],
                f"{row['motions']:,}",
                f"{row['frames']:,}",
                f"{row['percent']:.2f}",
                _duration(row["hours"] * 3600),
            ]
            for row in shown
        ]
        click.echo(table(["label", "split", "motions", "frames", "percent", "duration"], cells))
        if len(found["labels"]) > len(shown):
            click.echo(f"{len(found['labels']) - len(shown):,} more; --classes lists them all")
        click.echo()
    features = [
        [name, feature["dtype"], " or ".join(" x ".join(map(str, shape)) or "1" for shape in feature["shapes"])]
        for name, feature in found["features"].items()
    ]
    click.echo(table(["feature", "type", "numbers a frame"], features))
    click.echo()
    if skeletons := found["skeletons"]:
        cells = [
            [one["name"], f"{one['joints']}", f"{one['nodes']}", f"{one['motions']:,}", f"{one['sets_of_lengths']:,}"]
            for one in skeletons[:_MOST_SKELETONS]
        ]
        click.echo(table(["skeleton", "joints", "nodes", "motions", "sets of bone lengths"], cells))
        if len(skeletons) > _MOST_SKELETONS:
            click.echo(f"{len(skeletons) - _MOST_SKELETONS:,} more; --json lists them all")
        click.echo()
    if markers := found["markers"]:
        cells = [
            [_some(one["names"]), f"{len(one['names'])}", f"{one['motions']:,}", ", ".join(one["sets"]) or "none"]
            for one in markers
        ]
        click.echo(table(["markers", "names", "motions", "sets"], cells))
        click.echo()
    first = next((row for split in dataset.values() for row in split.rows), None)
    if first and first["subject"]:
        click.echo(f"subjects: for instance {first['subject']} of {first['key']}")
    stages = [f"{stage.name}{_settings(stage.settings())}" for stage in dataset.recipe.stages]
    click.echo(f"stages: {', '.join(stages) or 'none'}")
    if dataset.recipe.description:
        click.echo(f"recipe: {dataset.recipe.description.rstrip()}")
    source = found["source"]
    click.echo(f"bytes: {size(source['bytes'])} in {source['files']:,} files in, {size(found['bytes'])} out")
    lines = left_out(dataset.facts) or ["dropped or failed: none"]
    for line in (*lines, *noted(dataset.facts), *findings(dataset.facts)):
        click.echo(line)


def _facts(dataset: Dataset) -> dict[str, Any]:
    """Return what is printed, as plain values."""
    facts = dataset.facts
    return {
        "path": str(dataset.path),
        "splits": {
            name: {
                **{word: split[word] for word in ("motions", "subjects", "frames", "seconds")},
                "shards": len(split["shards"]),
                "parts": split.get("parts", []),
            }
            for name, split in facts["splits"].items()
        },
        "labels": [
            {word: getattr(row, word) for word in ("label", "split", "motions", "frames", "percent", "hours")}
            for row in (dataset.class_table if dataset.classes else ())
        ],
        "features": facts["features"],
        "skeletons": _skeletons(dataset),
        "markers": _markers(dataset),
        "recipe": facts["recipe"],
        "source": facts["source"],
        "bytes": sum(facts["shards"].values()),
        "left_out": facts["left_out"],
        "noted": facts.get("noted", {}),
        "found": facts.get("found"),
    }


def _skeletons(dataset: Dataset) -> list[dict[str, Any]]:
    """Return skeletons that differ in more than lengths, the commonest first, each named by what sets it apart."""
    motions = Counter(row["skeleton"] for split in dataset.values() for row in split.rows if row["skeleton"])
    kinds: dict[str, list[str]] = {}
    for key in dataset.skeletons:
        kinds.setdefault(dataset.skeletons[key].structure, []).append(key)
    some = sorted(kinds.values(), key=lambda keys: -sum(motions[key] for key in keys))
    first = dataset.skeletons[some[0][0]] if some else None
    return [
        {
            "name": _apart(dataset.skeletons[keys[0]], first),
            "joints": len(dataset.skeletons[keys[0]].joints),
            "nodes": len(dataset.skeletons[keys[0]].nodes),
            "motions": sum(motions[key] for key in keys),
            "sets_of_lengths": len(keys),
            "joint_names": list(dataset.skeletons[keys[0]].joints),
        }
        for keys in some
    ]


def _apart(skeleton: Skeleton, first: Skeleton | None) -> str:
    """Return what a skeleton has and has not that the first has; its first joints if it is the first."""
    if first is None or skeleton.structure == first.structure:
        return _some(skeleton.joints)
    mine, its = dict.fromkeys(skeleton.nodes), dict.fromkeys(first.nodes)
    more, less = [name for name in mine if name not in its], [name for name in its if name not in mine]
    if len(less) == len(its):
        return _some(skeleton.joints)
    parts = [f"with {_some(more)}" if more else "", f"without {_some(less)}" if less else ""]
    return " ".join(filter(None, parts)) or "the same joints in another order or tree"


def _some(names: Sequence[str]) -> str:
    """Return the first names, as many as fit."""
    shown: list[str] = []
    for name in names:
        if shown and len(", ".join((*shown, name))) > _WIDE:
            return f"{', '.join(shown)}, ..."
        shown.append(name)
    return ", ".join(shown)


def _markers(dataset: Dataset) -> list[dict[str, Any]]:
    """Return the lists of markers that motions have: names, how many motions, and sets of which all are there."""
    from motionprep import naming
    from motionprep.naming.shipped import marker_sets

    rows = (row for split in dataset.values() for row in split.rows)
    kinds = Counter(tuple(row["marker_names"]) for row in rows if row["marker_names"])
    sets = marker_sets()
    return [
        {
            "names": list(names),
            "motions": count,
            "sets": [name for name, wanted in sets.items() if not naming.choose(wanted, names)[1]],
        }
        for names, count in kinds.items()
    ]


def _cells(split: Mapping[str, Any]) -> list[str]:
    """Return motions, subjects, frames and duration of a split or part."""
    counts = [f"{split[word]:,}" for word in ("motions", "subjects", "frames")]
    return [*counts, _duration(split["seconds"])]


def _duration(seconds: float) -> str:
    """Return a duration in hours, or in seconds if it is short."""
    return f"{seconds / 3600:.2f} h" if seconds >= 360 else f"{seconds:.1f} s"


def _settings(settings: Mapping[str, Any]) -> str:
    """Return the settings of a stage as a recipe has them."""
    import json

    shown = [
        f"{name} = {f'{len(value)} names' if isinstance(value, list) and len(value) > _MOST else json.dumps(value)}"
        for name, value in settings.items()
    ]
    return f" ({', '.join(shown)})" if shown else ""
