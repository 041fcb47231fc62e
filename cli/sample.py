"""motionprep sample: a corpus to try things on."""

from __future__ import annotations

from typing import Any

import click

from .paths import LocalPath
from .progress import Progress


@click.command()
@click.option("-o", "--out", required=True, type=LocalPath(), help="The folder to write.")
@click.option("--subjects", type=click.IntRange(min=1), help="Number of subjects [default: 6].")
@click.option("--motions", type=click.IntRange(min=1), help="Number of motions of each subject [default: 5].")
@click.option("--frames", type=click.IntRange(min=2), help="Frames of a motion, about [default: 480].")
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed of the motions.")
@click.option("--like", type=click.Choice(["cmu"]), help="The size of the CMU database: 2,548 motions, 3 GB.")
@click.option("--markers", is_flag=True, help="Also write CMU's 41 markers beside each BVH file, as a C3D file.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors alone.")
def sample(
    out: str,
    subjects: int | None,
    motions: int | None,
    frames: int | None,
    seed: int,
    like: str | None,
    markers: bool,
    quiet: bool,
) -> None:
    """Generate walking, running, jumping and turning people, as BVH files like CMU's.

    The same options and seed give the same bytes on any machine, and the same C3D files with the same version of ezc3d.
    """
    import motionprep

    from .tables import size

    given = {"subjects": subjects, "motions": motions, "frames": frames}
    wanted: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    with Progress(quiet=quiet) as progress:
        summary = motionprep.write_sample(
            out, seed=seed, like=like, markers=markers, on_progress=progress.reach, **wanted
        )
    if not quiet:
        click.echo(f"{summary.files:,} motions, {summary.frames:,} frames, {size(summary.bytes)} in {out}")
