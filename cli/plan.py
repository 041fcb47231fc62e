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
    from motionprep.make import frame_bytes
    from motionprep.plan import make_plan

    from .tables import size, table

    recipe = make_recipe(options)
    planned = make_plan(
        data,
        Path(out),
        recipe,
        markers=markers,
        verify_sources=verify_sources,
        workers=workers or 1,
        digests=True,
    )
    for note in planned.notes:
        click.echo(f"note: {note}", err=True)
    rows = []
    for side in recipe.split.sides():
        shards = [shard for shard in planned.shards if shard.split == side]
        made = [shard for shard in shards if not shard.present]
        frames = sum(shard.expected for shard in made)
        # A motion of the split is led through its stages: what they leave of it is seen best that way.
        tried = (planned.rows[item.row] for shard in made for item in shard.items)
        a_frame = next(filter(None, (frame_bytes(planned.recipe, side, row) for row in tried)), 0)
        rows.append(
            [
                side,
                f"{sum(len(shard.items) for shard in shards):,}",
                f"{sum(shard.expected for shard in shards):,}",
                f"{len(made):,}",
                f"{len(shards) - len(made):,}",
                size(frames * a_frame),
            ]
        )
    click.echo(table(["split", "motions", "frames", "shards to make", "to keep", "to write"], rows))
    for row in planned.rows:
        if row.reason:
            click.echo(f"{'failed' if row.failed else 'dropped'}: {row.recording.key}: {row.reason}")
    click.echo("nothing to do" if planned.complete else f"motionprep build would bring {out} up to date")
