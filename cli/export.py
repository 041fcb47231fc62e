"""motionprep export: a dataset in the form that an experiment asks for."""

from __future__ import annotations

import sys
from typing import Any

import click

from motionprep.errors import RecipeError

from .paths import LocalPath
from .progress import Progress

#: Options whose settings are called otherwise.
_SETTINGS = {"source": "prediction", "file_mb": "file_bytes", "no_normalize": "normalize"}


def _listed(text: str) -> tuple[str, ...]:
    """Return what stands between commas; those in brackets belong to a field."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign == "[") - (sign == "]")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return tuple(part.strip() for part in parts)


class _List(click.ParamType[tuple[str, ...]]):
    name = "list"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> tuple[str, ...]:
        return _listed(value) if isinstance(value, str) else tuple(value)


def _check(kind: str, known: set[str], options: dict[str, Any]) -> None:
    """Raise if an option is given that the kind has no setting for, by the name that was typed."""
    params = {param.name: param for param in click.get_current_context().command.params}
    takes = {name: param for name, param in params.items() if _SETTINGS.get(name, name) in known}
    for name, value in options.items():
        if value is not None and name not in takes:
            typed = params[name].secondary_opts if value is False else params[name].opts
            there = ", ".join(param.opts[0] for param in takes.values())
            raise RecipeError(f"export {kind} has no option {typed[0]}; it has {there}")


_LIST, _COUNT = _List(), click.IntRange(min=1)


class _Command(click.Command):
    """A command whose help ends with the kinds, which are not looked for before."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from motionprep.exporting import KINDS

        with formatter.section("Kinds"):
            formatter.write_dl([(name, what) for name, (_, what) in KINDS.items()])


@click.command(cls=_Command)
@click.argument("kind")
@click.argument("out", type=LocalPath(exists=True))
@click.argument("dest", type=LocalPath())
@click.option("--overwrite", is_flag=True, help="Replace the export that is in DEST, once the new one is whole.")
@click.option("--splits", metavar="LIST", type=_LIST, help="Which splits, with commas between [default: all].")
@click.option("--inputs", metavar="LIST", type=_LIST, help="npy: fields [default: those of the recipe's task].")
@click.option("--targets", metavar="LIST", type=_LIST, help="npy: fields [default: those of the recipe's task].")
@click.option("--feature", metavar="FIELD", help="clips: one field [default: positions].")
@click.option("--length", type=_COUNT, help="npy, clips: frames in a window [default: the task's].")
@click.option("--stride", type=_COUNT, help="npy, clips: from one window to the next [default: the task's].")
@click.option("--step", type=_COUNT, help="npy, clips: every how many frames [default: the task's].")
@click.option("--label/--no-label", default=None, help="npy, clips: with classes [default: as the task says].")
@click.option("--features", metavar="LIST", type=_LIST, help="npz, parquet, webdataset: which features.")
@click.option(
    "--no-normalize",
    is_flag=True,
    default=None,
    help="Do not normalize, though the recipe says so; bvh: PRED.npy is not.",
)
@click.option("--file-mb", metavar="N", type=_COUNT, help="parquet, webdataset: megabytes of a file.")
@click.option("--from", "source", metavar="PRED.npy", help="bvh: what a model predicts, in place of what is stored.")
@click.option("--fields", metavar="LIST", type=_LIST, help="bvh: what it predicts [default: the task's targets].")
@click.option("--motion", metavar="KEY", help="bvh: this motion alone.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def export(kind: str, out: str, dest: str, overwrite: bool, quiet: bool, **options: Any) -> None:
    """Export the dataset OUT into the new folder DEST, in a form that is called KIND.

    \b
    motionprep export npy OUT DEST
    motionprep export npy OUT DEST --inputs 'positions[*-Hips]' --targets 'positions[Hips]'
    motionprep export clips OUT DEST --length 8
    motionprep export bvh OUT DEST --from PRED.npy

    DEST gets a README.md that says where each number comes from.
    """
    from dataclasses import fields

    import motionprep.exporting

    made = motionprep.exporting.kind(kind)
    _check(kind, {field.name for field in fields(made)}, options)
    settings = {_SETTINGS.get(name, name): value for name, value in options.items() if value is not None}
    if "normalize" in settings:
        settings["normalize"] = False
    if "file_bytes" in settings:
        settings["file_bytes"] *= 1_000_000
    with Progress(quiet=quiet, unit=made.unit) as progress:
        try:
            report = motionprep.exporting.write(
                kind, out, dest, overwrite=overwrite, on_progress=progress.reach, **settings
            )
        except KeyboardInterrupt:
            click.echo(f"motionprep: interrupted; {dest} is as it was", err=True)
            sys.exit(130)
    if quiet:
        return
    for name, what in report.files.items():
        click.echo(f"{name}: {what}")
    for note in report.notes:
        click.echo(note)
    click.echo(f"the export is in {dest}; its README.md says where each number comes from")
