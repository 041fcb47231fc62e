"""motionprep align: how markers lie to skeletons."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .flags import with_flags
from .options import json_option
from .paths import LocalPath
from .progress import Progress

if TYPE_CHECKING:
    from motionprep.maths.alignment import Finding
    from motionprep.motion.take import Take
    from motionprep.sources.source import TakeFiles
    from motionprep.stages.align import Align
    from motionprep.stages.base import Dropped


@click.command()
@click.argument("data", nargs=-1, required=True, type=LocalPath(exists=True))
@click.option(
    "--method",
    type=click.Choice(["estimate", "cmu"]),
    help="estimate: find lag, axes and scale. cmu: take those of CMU's files [default: estimate].",
)
@click.option("--lag", type=float, help="Known lag: frames of the skeleton before the first frame of the markers.")
@click.option("--axes", help="Known axes of the markers that become x, y and z, such as yzx.")
@click.option("--scale", type=float, help="Known scale: units of the skeleton in a unit of the markers.")
@click.option("--most-lag", type=int, metavar="N", help="Search lags of up to N frames either way [default: 60].")
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing while it runs.")
def align(data: tuple[str, ...], as_json: bool, quiet: bool, **options: Any) -> None:
    """Find how the markers of takes lie to their skeletons: lag, axes, scale, and how well they fit.

    DATA is a BVH and a C3D file of one take, or folders in which files of one name belong together. Nothing is written;
    the stage of the same name does this in a build. Of two files that do not belong together the exit code is 1.
    """
    from motionprep.errors import RecipeError, SourceError
    from motionprep.formats import MODALITIES
    from motionprep.sources.find import find
    from motionprep.sources.pairing import pair
    from motionprep.sources.source import TakeFiles
    from motionprep.stages.align import Align

    try:
        stage = Align(**{name: value for name, value in options.items() if value is not None})
    except ValueError as error:
        raise RecipeError(f"align: {error}") from None
    found = [source for source in find(data) if source.metadata is None]
    if len(data) == 2 and all(Path(path).is_file() and Path(path).suffix.lower() in MODALITIES for path in data):
        found = sorted(found, key=lambda source: source.modality != "motion")
        if [source.modality for source in found] != ["motion", "markers"]:
            raise SourceError(f"{data[0]} and {data[1]}: are not a BVH and a C3D file")
        take = TakeFiles(found[0].key, found[0].subject, tuple(found))
        if as_json:
            _print_json(stage, [take])
        else:
            _one(stage, take)
        return
    takes = [take for take in pair(found, ("motion", "markers")) if len(take.sources) == 2]
    if not takes:
        raise SourceError(f"{', '.join(data)}: no take has a BVH and a C3D file of one name")
    if as_json:
        _print_json(stage, takes)
    else:
        _all(stage, takes, quiet)


def _one(stage: Align, take_files: TakeFiles) -> None:
    """Print what is found of one take, line by line; raise if it does not belong together."""
    from motionprep.errors import SourceError
    from motionprep.stages.base import Dropped

    where = " and ".join(source.name for source in take_files.sources)
    take = _read(take_files)
    pair = stage.find(take)
    if isinstance(pair, Dropped):
        raise SourceError(f"{where}: {_reason(pair)}")
    paced, found = pair
    lag, axes, scale, unit, residual, share, knees, frames = _words(stage, paced, found)
    first, other = found.motion_frames[0] + 1, found.marker_frames[0] + 1
    frame = f": frame {first:,} of the skeleton is frame {other:,} of the markers" if paced is take else ""
    click.echo(f"lag       {lag}{frame}")
    click.echo(f"axes      {axes}")
    click.echo(f"scale     {scale} units a {_unit(take)}{f', a unit is {unit} mm' if unit else ''}")
    if any(found.offset):
        click.echo(f"offset    {', '.join(f'{value:.3f}' for value in found.offset)} units")
    click.echo(f"residual  {residual} units, {share} of the body's size")
    if knees:
        click.echo(f"knees     {knees} mm from marker to joint, left and right")
    click.echo(f"frames    {frames} in common{_resampled(take, paced)}")
    refused = stage.judge(take, found)
    if refused is not None:
        raise SourceError(f"{where}: {_reason(refused)}")


class _Outcome(NamedTuple):
    """What became of a take: ``"ok"``, ``"dropped"`` or ``"failed"``, why, and what was found if anything was."""

    status: str
    reason: str | None
    pair: tuple[Take, Finding] | None


def _outcome(stage: Align, take_files: TakeFiles) -> _Outcome:
    from motionprep.errors import ReadError
    from motionprep.stages.base import Dropped

    try:
        take = _read(take_files)
    except ReadError as error:
        return _Outcome("failed", str(error), None)
    pair = stage.find(take)
    if isinstance(pair, Dropped):
        return _Outcome("dropped", _reason(pair), None)
    refused = stage.judge(take, pair[1])
    return _Outcome("ok", None, pair) if refused is None else _Outcome("dropped", _reason(refused), pair)


def _all(stage: Align, takes: list[TakeFiles], quiet: bool) -> None:
    """Print a table of what is found of takes, and why of the others nothing is."""
    from .tables import table

    rows, others = [], []
    with Progress(quiet=quiet, unit="takes") as progress:
        progress.start(len(takes))
        for take_files in takes:
            status, reason, pair = _outcome(stage, take_files)
            if pair is not None:
                rows.append([take_files.key, *_words(stage, *pair)])
            if reason is not None:
                others.append(f"{status}: {take_files.key}: {reason}")
            progress.advance(1)
    if rows:
        head = ["take", "lag", "axes", "scale", "mm a unit", "residual", "of the body", "knees, mm", "frames"]
        click.echo(table(head, rows))
    for line in others:
        click.echo(with_flags(line))


def _print_json(stage: Align, takes: list[TakeFiles]) -> None:
    """Print what is found of each take as JSON; exit with 1 if files of one take alone do not belong together."""
    from .tables import print_json

    found: list[dict[str, Any]] = []
    for take_files in takes:
        status, reason, pair = _outcome(stage, take_files)
        facts = {
            "take": take_files.key,
            "files": [source.name for source in take_files.sources],
            "status": status,
            "reason": reason,
        }
        found.append(facts | (_facts(stage, *pair) if pair is not None else {}))
    print_json({"takes": found})
    if len(found) == 1 and found[0]["status"] != "ok":
        sys.exit(1)


def _facts(stage: Align, paced: Take, finding: Finding) -> dict[str, Any]:
    unit_mm, knees = _in_mm(stage, paced, finding)
    return {
        "lag": finding.lag,
        "axes": finding.axes,
        "scale": finding.scale,
        "unit_mm": unit_mm,
        "offset": list(finding.offset),
        "residual": finding.residual,
        "residual_of_body": finding.share,
        "knees_mm": knees,
        "frames": len(finding.motion_frames),
        "resampled": paced.facts.get("align_resampled"),
    }


def _in_mm(stage: Align, take: Take, found: Finding) -> tuple[float | None, dict[str, float]]:
    """Return the skeleton's unit in mm, None if unknown, and how far knee markers are from the knees, in mm."""
    from motionprep.maths import lengths, spaces

    metres = spaces.metres(take)
    if not metres:
        return None, {}
    unit = 1000 * metres / found.scale
    return unit, {name: unit * apart for name, apart in lengths.to_knees(stage.join(take, found)).items()}


def _read(take_files: TakeFiles) -> Take:
    from motionprep.formats import c3d
    from motionprep.formats.motions import parse_motion
    from motionprep.motion.take import Take

    skeleton, points = take_files.sources
    motion, _ = parse_motion(skeleton.read(), skeleton.name)
    return Take(take_files.key, motion, c3d.parse_c3d(points.read(), points.name))


def _words(stage: Align, take: Take, found: Finding) -> list[str]:
    """Return lag, axes, scale, the skeleton's unit in mm, residual, its share of the body, mm at the knees, frames."""
    unit, knees = _in_mm(stage, take, found)
    return [
        f"{found.lag:.4g}",
        found.axes,
        f"{found.scale:.5g}",
        f"{unit:.5g}" if unit else "",
        f"{found.residual:.3g}",
        f"{found.share:.2%}",
        " / ".join(f"{apart:.0f}" for apart in knees.values()),
        f"{len(found.motion_frames):,}",
    ]


def _resampled(take: Take, paced: Take) -> str:
    """Return words for the modality that was resampled, if one was."""
    modality = paced.facts.get("align_resampled")
    if modality is None or take.motion is None or take.markers is None:
        return ""
    what, rate = ("skeleton", take.motion.rate) if modality == "motion" else ("markers", take.markers.rate)
    return f"; the {what} resampled from {rate:g} to {min(take.motion.rate, take.markers.rate):g} a second"


def _unit(take: Take) -> str:
    return take.markers.units if take.markers is not None else ""


def _reason(dropped: Dropped) -> str:
    return dropped.reason.removeprefix("align: ")
