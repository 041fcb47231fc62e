"""motionprep info: what is in a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from .paths import LocalPath

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset

_MOST = 6
_FEW = 4
_MOST_CLASSES = 20


def _short(value: object) -> object:
    """Return a setting, or how many things it names."""
    return f"{len(value)} names" if isinstance(value, list | tuple) and len(value) > _MOST else value


def _markers(dataset: Dataset) -> list[list[str]]:
    """Return a row for each list of markers that motions have: some names, how many, of how many motions, its sets."""
    from collections import Counter

    from motionprep import naming
    from motionprep.naming.shipped import marker_sets

    rows = (row for split in dataset.splits for row in dataset[split].rows)
    kinds = Counter(tuple(row["marker_names"]) for row in rows if row["marker_names"])
    return [
        [
            ", ".join(names[:_FEW]) + ", ..." * (len(names) > _FEW),
            f"{len(names)}",
            f"{count:,}",
            ", ".join(name for name, wanted in marker_sets().items() if not naming.choose(wanted, names)[1]) or "none",
        ]
        for names, count in kinds.items()
    ]


def _cells(side: Mapping[str, Any]) -> list[str]:
    """Return motions, subjects, frames and hours of a side or part."""
    return [
        f"{side['motions']:,}",
        f"{side['subjects']:,}",
        f"{side['frames']:,}",
        f"{side['seconds'] / 3600:.2f}",
    ]


@click.command()
@click.argument("out", type=LocalPath(exists=True))
@click.option("--classes", is_flag=True, help="List all labels, not the commonest alone.")
def info(out: str, classes: bool) -> None:
    """Show what is in the dataset OUT: splits, labels, features, joints, sizes, and what was left out and why."""
    import motionprep

    from .tables import left_out, size, table

    dataset = motionprep.open(out)
    facts = dataset.facts
    rows = []
    for name, side in facts["splits"].items():
        rows.append([name, *_cells(side), f"{len(side['shards']):,}"])
        rows += [[f"{name}/{number}", *_cells(part), ""] for number, part in enumerate(side.get("parts", []), start=1)]
    click.echo(table(["split", "motions", "subjects", "frames", "hours", "shards"], rows))
    for name, side in facts["splits"].items():
        if not side["motions"]:
            click.echo(f"split {name!r} is empty")
    click.echo()
    if dataset.classes:
        labelled = dataset.class_table
        shown = labelled if classes else labelled[:_MOST_CLASSES]
        cells = [
            [
                row.label or "(none)",
                row.split,
                f"{row.motions:,}",
                f"{row.frames:,}",
                f"{row.percent:.2f}",
                f"{row.hours:.2f}",
            ]
            for row in shown
        ]
        click.echo(table(["label", "split", "motions", "frames", "percent", "hours"], cells))
        if len(labelled) > len(shown):
            click.echo(f"{len(labelled) - len(shown):,} more; --classes lists them all")
        click.echo()
    features = [
        [name, feature["dtype"], " or ".join(" x ".join(map(str, shape)) for shape in feature["shapes"])]
        for name, feature in facts["features"].items()
    ]
    click.echo(table(["feature", "type", "numbers a frame"], features))
    click.echo()
    kinds: dict[str, list[motionprep.Skeleton]] = {}
    for skeleton in dataset.skeletons.values():
        kinds.setdefault(skeleton.structure, []).append(skeleton)
    joints = [
        [
            ", ".join(same[0].joints[:_FEW]) + ", ...",
            f"{len(same[0].joints)}",
            f"{len(same[0].nodes)}",
            f"{len(same):,}",
        ]
        for same in kinds.values()
    ]
    if joints:
        click.echo(table(["skeletons", "joints", "nodes", "of other lengths"], joints))
        click.echo()
    if markers := _markers(dataset):
        click.echo(table(["markers", "names", "motions", "sets"], markers))
        click.echo()
    first = next((row for split in dataset.splits for row in dataset[split].rows), None)
    if first and first["subject"]:
        click.echo(f"subjects: for instance {first['subject']} of {first['key']}")
    stages = [
        f"{stage.name}({', '.join(f'{k}={_short(v)}' for k, v in stage.settings().items())})"
        for stage in dataset.recipe.stages
    ]
    click.echo(f"stages: {', '.join(stages) or 'none'}")
    if dataset.recipe.description:
        click.echo(f"recipe: {dataset.recipe.description.rstrip()}")
    source = facts["source"]
    click.echo(
        f"bytes: {size(source['bytes'])} in {source['files']:,} files in, {size(sum(facts['shards'].values()))} out"
    )
    for line in left_out(facts) or ["dropped or failed: none"]:
        click.echo(line)
