"""motionprep plan: what a build would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import make_recipe, recipe_options


@click.command()
@recipe_options
def plan(data: tuple[str, ...], out: str, verify_sources: bool, workers: int | None, **options: Any) -> None:
    """Say what a build of DATA would do, and write nothing.

    Takes what `build` takes: motions, frames and bytes of each split, shards to make and to keep.
    """
    from motionprep.plan import bytes_of_frame, make_plan

    from .tables import size, table

    recipe = make_recipe(options)
    planned = make_plan(data, Path(out), recipe, verify_sources=verify_sources, workers=workers or 1, digests=True)
    rows = []
    for side in recipe.split.sides():
        shards = [shard for shard in planned.shards if shard.split == side]
        made = [shard for shard in shards if not shard.present]
        rows.append(
            [
                side,
                f"{sum(len(shard.items) for shard in shards):,}",
                f"{sum(shard.expected for shard in shards):,}",
                f"{len(made):,}",
                f"{len(shards) - len(made):,}",
                size(sum(shard.expected * bytes_of_frame(planned, shard) for shard in made)),
            ]
        )
    click.echo(table(["split", "motions", "frames", "shards to make", "to keep", "to write"], rows))
    for row in planned.rows:
        if row.reason:
            click.echo(f"{'failed' if row.failed else 'dropped'}: {row.source.key}: {row.reason}")
    click.echo("nothing to do" if planned.complete else f"motionprep build would bring {out} up to date")
