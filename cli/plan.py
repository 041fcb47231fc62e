"""motionprep plan: what a build would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import make_recipe, recipe_options


@click.command()
@recipe_options
def plan(
    data: tuple[str, ...],
    out: str,
    markers: tuple[str, ...],
    verify_sources: bool,
    workers: int | None,
    **options: Any,
) -> None:
    """Say what a build of DATA would do, and write nothing.

    Takes what `build` takes: motions, frames and bytes of each split, shards to make and to keep.
    """
    from motionprep.building.changes import changes
    from motionprep.building.plan import make_plan
    from motionprep.building.preview import preview
    from motionprep.errors import ReplaceError

    from .tables import grouped, size, table

    planned = make_plan(
        data,
        Path(out),
        make_recipe(options),
        markers=markers,
        verify_sources=verify_sources,
        workers=workers or 1,
        digests=True,
    )
    try:
        changed = changes(planned, Path(out))
    except ReplaceError as error:
        changed = (f"a build needs --replace: {error}",)
    for word, texts in (("note", (*planned.notes, *changed)), ("warning", planned.doubts)):
        for text in texts:
            click.echo(f"{word}: {text}", err=True)
    would = preview(planned, Path(out))
    rows = [
        [side.name, *(f"{count:,}" for count in (side.motions, side.frames, side.made, side.kept)), size(side.bytes)]
        for side in would.sides
    ]
    click.echo(table(["split", "motions", "frames", "shards to make", "to keep", "to write"], rows))
    click.echo(planned.subjects)
    if any(len(planned.recipe.needs(side)) > 1 for side in planned.recipe.split.sides()):
        click.echo(
            "frames of takes with skeleton and markers are at most so many: those that only one of them has are lost"
        )
    for line in grouped((status, f"{key}: {reason}", reason, 1) for status, key, reason in would.left_out):
        click.echo(line)
    for side in would.sides:
        if not side.motions:
            click.echo(f"warning: split {side.name!r} is empty: all of its motions are dropped or fail", err=True)
    click.echo("nothing to do" if planned.complete else f"motionprep build would bring {out} up to date")
