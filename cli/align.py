"""motionprep align: how markers lie to skeletons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .progress import Progress

if TYPE_CHECKING:
    from motionprep.alignment import Finding
    from motionprep.data import Take
    from motionprep.sources import Recording
    from motionprep.stages.align import Align
    from motionprep.stages.base import Dropped


@click.command()
@click.argument("data", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--method", type=click.Choice(["estimate", "cmu"]), help="Find all, or take CMU's [default: estimate].")
@click.option("--lag", type=float, help="Frames of the skeleton before the markers' first, if known.")
@click.option("--axes", help="The markers' axes that become x, y and z, such as yzx, if known.")
@click.option("--scale", type=float, help="Units of the skeleton in a unit of the markers, if known.")
@click.option("--most-lag", type=int, metavar="N", help="Search up to N frames either way [default: 60].")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing while it runs.")
def align(data: tuple[str, ...], quiet: bool, **options: Any) -> None:
    """Say how the markers of takes lie to their skeletons: lag, axes, scale, and how well they fit.

    DATA is a BVH and a C3D file of one take, or folders in which files of one name belong together. Nothing is written;
    the stage of the same name does this in a build. Of two files that do not belong together the exit code is 1.
    """
    from motionprep import sources
    from motionprep.errors import RecipeError, SourceError
    from motionprep.formats import HALVES
    from motionprep.stages.align import Align

    try:
        stage = Align(**{name: value for name, value in options.items() if value is not None})
    except ValueError as error:
        raise RecipeError(f"align: {error}") from None
    found = [source for source in sources.find(data) if source.about is None]
    if len(data) == 2 and all(Path(path).is_file() and Path(path).suffix.lower() in HALVES for path in data):
        found = sorted(found, key=lambda source: source.half != "motion")
        if [source.half for source in found] != ["motion", "markers"]:
            raise SourceError(f"{data[0]} and {data[1]}: are not a BVH and a C3D file")
        _one(stage, sources.Recording(found[0].key, found[0].subject, tuple(found)))
        return
    takes = [take for take in sources.pair(found, ("motion", "markers")) if len(take.sources) == 2]
    if not takes:
        raise SourceError(f"{', '.join(data)}: no take has a BVH and a C3D file of one name")
    _all(stage, takes, quiet)


def _one(stage: Align, recording: Recording) -> None:
    """Print what is found of one take, line by line; raise if it does not belong together."""
    from motionprep.errors import SourceError
    from motionprep.stages.base import Dropped

    where = " and ".join(source.name for source in recording.sources)
    take, found = _find(stage, recording)
    if isinstance(found, Dropped):
        raise SourceError(f"{where}: {_reason(found)}")
    lag, axes, scale, unit, residual, share, frames = _words(take, found)
    first, other = found.motion_frames[0] + 1, found.marker_frames[0] + 1
    click.echo(f"lag       {lag}: frame {first:,} of the skeleton is frame {other:,} of the markers")
    click.echo(f"axes      {axes}")
    click.echo(f"scale     {scale} units a {_unit(take)}{f', a unit is {unit} mm' if unit else ''}")
    if any(found.offset):
        click.echo(f"offset    {', '.join(f'{value:.3f}' for value in found.offset)} units")
    click.echo(f"residual  {residual} units, {share} of the body's size")
    click.echo(f"frames    {frames} in common")
    refused = stage.judge(found)
    if refused is not None:
        raise SourceError(f"{where}: {_reason(refused)}")


def _all(stage: Align, recordings: list[Recording], quiet: bool) -> None:
    """Print a table of what is found of takes, and why of the others nothing is."""
    from motionprep.errors import ReadError
    from motionprep.stages.base import Dropped

    from .tables import table

    rows, others = [], []
    with Progress(quiet=quiet, unit="takes") as progress:
        progress.start(len(recordings))
        for recording in recordings:
            try:
                take, found = _find(stage, recording)
            except ReadError as error:
                others.append(f"failed: {recording.key}: {error}")
            else:
                refused = found if isinstance(found, Dropped) else stage.judge(found)
                if not isinstance(found, Dropped):
                    rows.append([recording.key, *_words(take, found)])
                if refused is not None:
                    others.append(f"dropped: {recording.key}: {_reason(refused)}")
            progress.tell(1)
    if rows:
        click.echo(table(["take", "lag", "axes", "scale", "mm a unit", "residual", "of the body", "frames"], rows))
    for line in others:
        click.echo(line)


def _find(stage: Align, recording: Recording) -> tuple[Take, Finding | Dropped]:
    from motionprep.data import Take
    from motionprep.formats import bvh, c3d

    skeleton, points = recording.sources
    motion = bvh.parse_bvh(skeleton.read(), skeleton.name)
    markers = c3d.parse_c3d(points.read(), points.name)
    take = Take(recording.key, motion, markers)
    return take, stage.find(take)


def _words(take: Take, found: Finding) -> list[str]:
    """Return lag, axes, scale, length of the skeleton's unit in mm, residual, its share of the body, and frames."""
    from motionprep import spaces

    metres = spaces.metres(take)
    return [
        f"{found.lag:g}",
        found.axes,
        f"{found.scale:.5g}",
        f"{1000 * metres / found.scale:.5g}" if metres else "",
        f"{found.residual:.3g}",
        f"{found.share:.2%}",
        f"{len(found.motion_frames):,}",
    ]


def _unit(take: Take) -> str:
    return take.markers.units if take.markers is not None else ""


def _reason(dropped: Dropped) -> str:
    return dropped.reason.removeprefix("align: ")
