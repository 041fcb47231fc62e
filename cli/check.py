"""motionprep check: what is wrong with raw data or with a dataset."""

from __future__ import annotations

import sys
from collections import Counter

import click

from .options import json_option
from .paths import LocalPath
from .progress import Progress

_MOST_LINES = 5


@click.command()
@click.argument("data", nargs=-1, required=True, type=LocalPath(exists=True))
@click.option(
    "--markers",
    metavar="PATH",
    multiple=True,
    type=LocalPath(exists=True),
    help="Where the C3D files of the same takes are, if not in DATA.",
)
@click.option("--key-pattern", metavar="REGEX", default="", help="Groups subject and motion in a file's path.")
@json_option
@click.option("--all", "all_lines", is_flag=True, help="Print every finding, not a few of each code.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads [default: one per processor].")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
def check(
    data: tuple[str, ...],
    markers: tuple[str, ...],
    key_pattern: str,
    as_json: bool,
    all_lines: bool,
    workers: int | None,
    quiet: bool,
) -> None:
    """Check raw files, or a dataset, for faults and for motions that share frames.

    DATA is files, folders and zip archives of raw data, or the folder of a dataset. Exits with 1 if there is an error
    among the findings; warnings and notes are printed and change nothing. docs/quality.md explains each code.
    """
    import msgspec

    from motionprep.quality import SEVERITIES, has_error
    from motionprep.quality import check as run
    from motionprep.recipe.options import read_recipe

    how = read_recipe(None, key_pattern=key_pattern).reading
    with Progress(quiet=quiet, unit="motions") as progress:
        findings = run(data, markers=markers, how=how, workers=workers, on_progress=progress.reach)
    if as_json:
        plain = {"findings": [finding.to_json() for finding in findings]}
        click.echo(msgspec.json.format(msgspec.json.encode(plain), indent=2))
        sys.exit(int(has_error(findings)))
    for severity in SEVERITIES:
        own = [finding for finding in findings if finding.severity == severity]
        for code, count in sorted(Counter(finding.code for finding in own).items()):
            click.echo(f"{severity}: {code}: {count:,}")
            of_code = [finding for finding in own if finding.code == code]
            for finding in of_code if all_lines else of_code[:_MOST_LINES]:
                frames = finding.frames
                place = f" frames {frames[0]}-{frames[1]}" if frames and frames[0] < frames[1] else ""
                place = f" frame {frames[0]}" if frames and frames[0] == frames[1] else place
                other = f" and {finding.other}" if finding.other else ""
                click.echo(f"  {finding.motion}{other}{place}: {finding.message}")
            if not all_lines and count > _MOST_LINES:
                click.echo(f"  {count - _MOST_LINES:,} more; --all prints them")
    if not findings:
        click.echo("nothing found")
    sys.exit(int(has_error(findings)))
