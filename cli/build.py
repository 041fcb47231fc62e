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
    from motionprep.building.planned import Outline

#: As the library has them, whose import waits.
ENGINES = ("threads", "processes", "dask", "ray")


def _part(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise click.BadParameter(f"{text!r} is not I/N with I from 1 to N, such as 1/8")
    return int(number), int(count)


@click.command()
@recipe_options()
@click.option("--strict", is_flag=True, help="Change nothing and exit with 1 if a motion fails.")
@click.option("--replace", is_flag=True, help="Build also where nothing would remain of the dataset that is in OUT.")
@click.option("--check", is_flag=True, help="Check the sources too: findings and measures go into the manifest.")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="What makes shards: threads or processes of this machine, workers of Dask or Ray [default: threads].",
)
@click.option("--scheduler", metavar="ADDRESS", help="Address of Dask's scheduler, such as tcp://host:8786.")
@click.option("--address", metavar="ADDRESS", help="Address of the Ray cluster, such as auto or ray://host:10001.")
@click.option(
    "--part",
    metavar="I/N",
    callback=_part,
    help="Of every N-th shard, from the I-th on, make those that are missing, and commit nothing.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print errors and warnings alone.")
def build(
    data: tuple[str, ...],
    out: str,
    strict: bool,
    replace: bool,
    check: bool,
    engine: str | None,
    scheduler: str | None,
    address: str | None,
    part: tuple[int, int] | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Build a dataset from DATA: folders, BVH, C3D and NumPy files, zip archives.

    What is already in OUT and still right is kept: run the same command again after a crash or a change in the data.

    \b
    motionprep build DATA --split 90/10 -o OUT
    motionprep build DATA --split 90/10 --downsample train=8 -o OUT
    motionprep build DATA --recipe cmu-exp5 -o OUT
    motionprep build DATA --markers C3D_DATA -o OUT
    motionprep build DATA --engine dask --scheduler tcp://host:8786 -o OUT
    """
    import motionprep

    for option, kind, given in (("--scheduler", "dask", scheduler), ("--address", "ray", address)):
        if given is not None and engine != kind:
            raise click.UsageError(f"{option} goes with --engine {kind}")
    if engine == "dask" and scheduler is None:
        raise click.UsageError("--engine dask needs the address of a scheduler: --scheduler tcp://host:8786")
    recipe = make_recipe(options)
    said: list[str] = []
    with Progress(quiet=quiet) as progress, Progress(quiet=quiet, unit="takes checked") as checking:

        def on_plan(plan: Outline) -> None:
            for note in () if quiet else plan.notes:
                click.echo(f"note: {with_flags(note)}", err=True)
            said.append(plan.subjects)
            progress.start(plan.motions)

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
                    engine=engine,
                    address=scheduler or address,
                    part=part,
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
    if part is not None:
        if not quiet:
            click.echo(
                f"part {part[0]} of {part[1]}, shards: {summary.made:,} made, {summary.kept:,} kept, "
                f"{summary.seconds:.1f} s; when all parts are made, the same command without --part commits them"
            )
        return
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
