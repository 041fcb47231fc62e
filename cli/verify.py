"""motionprep verify: compare a dataset with its checksums."""

from __future__ import annotations

import sys

import click

from .paths import LocalPath
from .progress import Progress


@click.command()
@click.argument("out", type=LocalPath(exists=True))
@click.option("-q", "--quiet", is_flag=True, help="Name what is wrong and nothing else.")
def verify(out: str, quiet: bool) -> None:
    """Compare everything in the dataset OUT with its checksums; exit with 1 if anything is wrong."""
    import motionprep

    with Progress(quiet=quiet, unit="shards") as progress:
        problems = motionprep.verify(out, progress.reach)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo(f"motionprep: {out}: {len(problems)} damaged", err=True)
        sys.exit(1)
    if not quiet:
        click.echo(f"{out} is whole")
