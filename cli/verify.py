"""motionprep verify: compare a dataset with its checksums."""

from __future__ import annotations

import sys

import click

from .options import json_option
from .paths import LocalPath
from .progress import Progress


@click.command()
@click.argument("out", type=LocalPath(exists=True))
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Print what is wrong and nothing else.")
def verify(out: str, as_json: bool, quiet: bool) -> None:
    """Compare everything in the dataset OUT with its checksums; exit with 1 if anything is wrong."""
    import motionprep

    from .tables import print_json

    with Progress(quiet=quiet, unit="shards") as progress:
        problems = motionprep.verify(out, progress.reach)
    if as_json:
        print_json({"whole": not problems, "problems": problems})
        sys.exit(bool(problems))
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo(f"motionprep: {out}: {len(problems)} damaged", err=True)
        sys.exit(1)
    if not quiet:
        click.echo(f"{out} is whole")
