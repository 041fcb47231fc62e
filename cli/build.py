"""motionprep build: make a dataset, or bring one up to date."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import click

from motionprep.errors import MotionPrepWarning, is_full

from .flags import with_flags
from .options import make_recipe, recipe_options
from .progress import Progress

if TYPE_CHECKING:
    from motionprep.building.build import Summary
    from motionprep.building.planned import Plan


@click.command()
@recipe_options()
@click.option("--strict", is_flag=True, help="Change nothing and exit with 1 if a motion fails.")
@click.option("--replace", is_flag=True, help="Build also where nothing would remain of the dataset that is in OUT.")
@click.option("--check", is_flag=True, help="Check the sources too: findings and measures go into the manifest.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors and warnings alone.")
def build(
    data: tuple[str, ...], out: str, strict: bool, replace: bool, check: bool, quiet: bool, **options: Any
) -> None:
    """Build a dataset from DATA: folders, BVH, C3D and NumPy files, zip archives.

    What is already in OUT and still right is kept: run the same command again after a crash or a change in the data.

    \b
    motionprep build DATA --split 90/10 -o OUT
    motionprep build DATA --split 90/10 --downsample train=8 -o OUT
    motionprep build DATA --recipe cmu-exp5 -o OUT
    motionprep build DATA --markers C3D_DATA -o OUT
    """
    import motionprep

    recipe = make_recipe(options)
    said: list[str] = []
    with Progress(quiet=quiet) as progress, Progress(quiet=quiet, unit="takes checked") as checking:

        def on_plan(plan: Plan) -> None:
            for note in () if quiet else plan.notes:
                click.echo(f"note: {with_flags(note)}", err=True)
            said.append(plan.subjects)
            progress.start(sum(len(shard.members) for shard in plan.shards))

        try:
            with warnings.catch_warnings():
                # Printed below, once each, whether quiet or not.
                warnings.simplefilter("ignore", MotionPrepWarning)
                summary = motionprep.build(
                    data,
                    out,
                    recipe=recipe,
                    strict=strict,
                    replace=replace,
                    check=check,
                    on_check=checking.reach,
                    on_plan=on_plan,
                    on_progress=progress.reach,
                    **options,
                )
        except (KeyboardInterrupt, OSError) as error:
            if isinstance(error, KeyboardInterrupt) or is_full(error):
                click.echo("motionprep: finished shards are kept, the same command goes on from them", err=True)
            raise
    for doubt in summary.doubts:
        click.echo(f"warning: {with_flags(doubt)}", err=True)
    if not quiet:
        _print_summary(summary, said, out)
    if not summary.dataset["splits"].get("train", {"motions": 1})["motions"]:
        click.get_current_context().exit(1)


def _print_summary(summary: Summary, said: list[str], out: str) -> None:
    from .tables import findings, left_out, noted, size, table

    dataset = summary.dataset
    rows = [
        [
            name,
            f"{split['motions']:,}",
            f"{split['subjects']:,}",
            f"{split['frames']:,}",
            f"{split['seconds'] / 3600:.2f}",
        ]
        for name, split in dataset["splits"].items()
    ]
    click.echo(table(["split", "motions", "subjects", "frames", "hours"], rows))
    for line in (*said, *left_out(dataset), *noted(dataset), *findings(dataset)):
        click.echo(line)
    what = (
        f"shards: {summary.made:,} made, {summary.kept:,} kept"
        if summary.changed
        else "nothing changed, nothing written"
    )
    total = sum(dataset["shards"].values())
    click.echo(f"{what}; {size(dataset['source']['bytes'])} in, {size(total)} out, {summary.seconds:.1f} s")
    click.echo(f"the dataset is in {out}")
