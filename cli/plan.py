"""motionprep plan: what a build would do."""

from __future__ import annotations

from typing import Any

import click

from .flags import with_flags
from .options import json_option, make_recipe, recipe_options
from .progress import Progress


@click.command()
@recipe_options(out_required=False)
@json_option
def plan(data: tuple[str, ...], out: str | None, as_json: bool, workers: int | None, **options: Any) -> None:
    """Print what a build of DATA would do, and write nothing.

    Takes the options of `build`: motions, frames and bytes of each split, shards to make and to keep. Without -o it is
    what a build into an empty folder would do.
    """
    import motionprep

    from .tables import grouped, print_json, size, table

    recipe = make_recipe(options)
    with Progress(quiet=as_json, unit="takes checked") as checking:
        would = motionprep.plan(data, out, recipe=recipe, workers=workers or 1, on_check=checking.reach, **options)
    if as_json:
        print_json(would)
        return
    for word, texts in (("note", would.notes), ("warning", would.doubts)):
        for text in texts:
            click.echo(f"{word}: {with_flags(text)}", err=True)
    rows = [
        [
            split.name,
            *(f"{count:,}" for count in (split.motions, split.frames, split.shards_to_make, split.shards_kept)),
            size(split.bytes),
        ]
        for split in would.splits
    ]
    click.echo(table(["split", "motions", "frames", "shards to make", "to keep", "to write"], rows))
    click.echo(would.subjects)
    if would.at_most:
        click.echo(
            "frames of takes with skeleton and markers are at most so many: those that only one of them has are lost"
        )
    for line in grouped((one.status, f"{one.key}: {one.reason}", one.reason, 1) for one in would.left_out):
        click.echo(line)
    where = f"bring {out} up to date" if out else "make all of it"
    click.echo("nothing to do" if would.complete else f"motionprep build would {where}")
