"""motionprep report: a page about raw data or a dataset."""

from __future__ import annotations

from collections import Counter

import click

from .flags import with_flags
from .paths import LocalPath
from .progress import Progress


@click.command()
@click.argument("data", nargs=-1, required=True, type=LocalPath(exists=True))
@click.option(
    "-o", "--out", default="report.html", show_default=True, type=LocalPath(dir_okay=False), help="HTML file to write."
)
@click.option(
    "--markers",
    metavar="PATH",
    multiple=True,
    type=LocalPath(exists=True),
    help="Where the C3D files of the same takes are, if not in DATA.",
)
@click.option("--key-pattern", metavar="REGEX", default="", help="Groups subject and motion in a file's path.")
@click.option(
    "--takes",
    metavar="N",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Motions in the player: first those with errors and warnings, then typical ones.",
)
@click.option(
    "--motion", "motions", metavar="KEY", multiple=True, help="A motion that the player has to hold (repeatable)."
)
@click.option("--workers", type=click.IntRange(min=1), help="Threads [default: one per processor].")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
def report(
    data: tuple[str, ...],
    out: str,
    markers: tuple[str, ...],
    key_pattern: str,
    takes: int,
    motions: tuple[str, ...],
    workers: int | None,
    quiet: bool,
) -> None:
    """Write one HTML page about raw files, or a dataset: what they hold, what is wrong, and motions in a player.

    DATA is files, folders and zip archives of raw data, or the folder of a dataset. The page needs no network and
    nothing beside it. docs/report.md explains what is on it.
    """
    from motionprep.recipe.options import read_recipe
    from motionprep.reporting.report import report as write

    from .tables import size

    how = read_recipe(None, key_pattern=key_pattern).reading
    with Progress(quiet=quiet, unit="motions") as progress:
        try:
            done = write(
                data,
                out,
                markers=markers,
                how=how,
                takes=takes,
                motions=motions,
                workers=workers,
                on_progress=progress.reach,
            )
        except ValueError as error:
            raise click.UsageError(with_flags(str(error))) from None
    counts = Counter(finding.severity for finding in done.findings)
    found = ", ".join(f"{counts[severity]:,} {severity}s" for severity in ("error", "warning", "note"))
    click.echo(f"motions: {done.motions:,}, {done.shown:,} of them in the player; {found}")
    click.echo(f"{done.path}: {size(done.path.stat().st_size)}")
    if not done.motions:
        click.get_current_context().exit(1)
