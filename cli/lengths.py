"""motionprep lengths: how long thighs or heights of subjects are, for a scale that all takes of a subject share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .flags import with_flags
from .paths import LocalPath
from .progress import Progress

if TYPE_CHECKING:
    from motionprep.sources.source import TakeFiles


@click.command()
@click.argument("data", nargs=-1, required=True, type=LocalPath(exists=True))
@click.option("--of", "part", type=click.Choice(["thigh", "height"]), default="thigh", help="What [default: thigh].")
@click.option("--markers", is_flag=True, help="Measure markers, as a dataset of markers alone does.")
@click.option("--toml", is_flag=True, help="Print a table to put below the stage scale of a recipe.")
@click.option("--key-pattern", metavar="REGEX", default="", help="As in build.")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
def lengths(data: tuple[str, ...], part: str, markers: bool, toml: bool, key_pattern: str, quiet: bool) -> None:
    """Measure the thigh or the height of each subject: on skeletons, or on markers where there are they alone.

    In the unit of the files. Nothing is written; with --toml a table is printed by which the stage scale gives all
    takes of a subject one factor.
    """
    import json
    from statistics import median

    from motionprep.errors import ReadError, SourceError
    from motionprep.maths.lengths import by_subject
    from motionprep.recipe.options import read_recipe
    from motionprep.sources.find import find
    from motionprep.sources.pairing import pair

    from .tables import table

    how = read_recipe(None, key_pattern=key_pattern).reading
    files = [source for source in find(data, how.key_pattern) if source.metadata is None]
    takes = pair(files, ("markers",) if markers else ("motion", "markers"))
    found, others = {}, []
    with Progress(quiet=quiet, unit="takes") as progress:
        progress.start(len(takes))
        for take in takes:
            try:
                found[take.key] = (take.subject, _measured(take, part))
            except ReadError as error:
                others.append(f"failed: {take.key}: {error}")
            except ValueError as error:
                others.append(f"left out: {take.key}: {error}")
            progress.advance(1)
    if not found:
        first = f"; the first: {others[0]}" if others else ""
        raise SourceError(f"{', '.join(data)}: the {part} of no take can be measured{first}")
    if toml:
        click.echo("[stages.lengths]")
        for key, length in by_subject(found).items():
            click.echo(f"{json.dumps(key, ensure_ascii=False)} = {length:.6g}")
    else:
        rows = []
        for subject in dict.fromkeys(subject for subject, _ in found.values()):
            own = sorted(length for other, length in found.values() if other == subject)
            rows.append([subject, f"{len(own):,}", *(f"{length:.5g}" for length in (median(own), own[0], own[-1]))])
        click.echo(table(["subject", "takes", part, "least", "most"], rows))
    for line in others:
        click.echo(with_flags(line), err=toml)


def _measured(take_files: TakeFiles, part: str) -> float:
    """Return the length of a part of a take's body, on its skeleton if it has one."""
    from motionprep.formats.readers import parse_markers, parse_motion
    from motionprep.maths.lengths import measure
    from motionprep.motion.take import Take

    source = take_files.sources[0]
    if source.modality == "motion":
        return measure(Take(take_files.key, parse_motion(source.read(), source.name)[0]), part)
    return measure(Take(take_files.key, None, parse_markers(source.read(), source.name)), part)
