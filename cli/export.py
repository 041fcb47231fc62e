"""motionprep export: a dataset in the form that an experiment asks for; a command a kind."""

from __future__ import annotations

import sys
from dataclasses import fields
from functools import partial
from typing import Any

import click

from .flags import OPTION_NAMES
from .options import LIST
from .paths import LocalPath
from .progress import Progress

_COUNT = click.IntRange(min=1)
#: The option of each setting that a kind may have.
_OPTIONS = {
    "splits": partial(
        click.Option, ["--splits"], metavar="LIST", type=LIST, help="Splits, with commas between [default: all]."
    ),
    "inputs": partial(
        click.Option, ["--inputs"], metavar="LIST", type=LIST, help="Fields of inputs [default: the task's]."
    ),
    "targets": partial(
        click.Option, ["--targets"], metavar="LIST", type=LIST, help="Fields of targets [default: the task's]."
    ),
    "feature": partial(click.Option, ["--feature"], metavar="FIELD", help="One field [default: positions]."),
    "length": partial(click.Option, ["--length"], type=_COUNT, help="Frames in a window [default: the task's]."),
    "stride": partial(
        click.Option, ["--stride"], type=_COUNT, help="Frames from window to window [default: the task's]."
    ),
    "step": partial(
        click.Option, ["--step"], type=_COUNT, help="Take every N-th frame of a window [default: the task's]."
    ),
    "label": partial(
        click.Option, ["--label/--no-label"], default=None, help="Add the class of each window [default: as the task]."
    ),
    "features": partial(click.Option, ["--features"], metavar="LIST", type=LIST, help="Features [default: all]."),
    "normalize": partial(
        click.Option,
        ["--no-normalize"],
        is_flag=True,
        default=None,
        help="Write (or take predictions as) numbers that are not normalized, whatever the recipe does.",
    ),
    "file_bytes": partial(click.Option, ["--file-mb"], metavar="N", type=_COUNT, help="Megabytes of a file, about."),
    "prediction": partial(
        click.Option, ["--from", "source"], metavar="PRED.npy", help="Predictions to write in place of what is stored."
    ),
    "fields": partial(
        click.Option, ["--fields"], metavar="LIST", type=LIST, help="Fields that are predicted [default: the targets]."
    ),
    "smooth": partial(
        click.Option,
        ["--smooth"],
        metavar="METHOD",
        help="Make predictions steady: hold-last, savitzky-golay, one-euro or slerp [default: as they are].",
    ),
    "gender": partial(
        click.Option,
        ["--gender"],
        type=click.Choice(["neutral", "female", "male"]),
        help="Of the body [default: neutral].",
    ),
    "motion": partial(click.Option, ["--motion"], metavar="KEY", help="Write this motion alone."),
}


class _Kinds(click.Group):
    """The kinds of export; a kind is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from motionprep.exporting import KINDS

        return list(KINDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from motionprep.exporting import KINDS

        with formatter.section("Kinds"):
            formatter.write_dl([(name, what) for name, (_, what) in KINDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from motionprep.exporting import kind

        if args and not args[0].startswith("-"):
            kind(args[0])
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from motionprep.exporting import KINDS, kind

        if cmd_name not in KINDS:
            return None
        what = KINDS[cmd_name][1]
        params: list[click.Parameter] = [
            click.Argument(["dataset"], metavar="OUT", type=LocalPath(exists=True)),
            click.Option(
                ["-o", "--out"], required=True, type=LocalPath(), help="A new or empty folder for the export."
            ),
            click.Option(["--overwrite"], is_flag=True, help="Replace the export that is in the folder."),
            *(_OPTIONS[field.name]() for field in fields(kind(cmd_name)) if field.name in _OPTIONS),
            click.Option(["-q", "--quiet"], is_flag=True, help="Print errors alone."),
        ]
        return click.Command(
            cmd_name, params=params, callback=partial(_export, cmd_name), help=f"Export the dataset OUT as {what}."
        )


@click.command(cls=_Kinds)
def export() -> None:
    """Export a dataset in a form that an experiment asks for; `export KIND --help` lists the options of a kind.

    \b
    motionprep export npy OUT -o DEST
    motionprep export npy OUT -o DEST --inputs 'positions[*-Hips]' --targets 'positions[Hips]'
    motionprep export clips OUT -o DEST --length 8
    motionprep export bvh OUT -o DEST --from PRED.npy

    DEST gets a README.md that explains each number.
    """


def _export(kind: str, dataset: str, out: str, overwrite: bool, quiet: bool, **options: Any) -> None:
    import motionprep
    from motionprep import exporting

    given = {setting: options.get(OPTION_NAMES.get(setting, setting)) for setting in _OPTIONS}
    settings = {setting: value for setting, value in given.items() if value is not None}
    if "normalize" in settings:
        settings["normalize"] = False
    if "file_bytes" in settings:
        settings["file_bytes"] *= 1_000_000
    with Progress(quiet=quiet, unit=exporting.kind(kind).unit) as progress:
        try:
            report = motionprep.export(kind, dataset, out, overwrite=overwrite, on_progress=progress.reach, **settings)
        except KeyboardInterrupt:
            click.echo(f"motionprep: interrupted; {out} is as it was", err=True)
            sys.exit(130)
    if quiet:
        return
    for name, what in report.files.items():
        click.echo(f"{name}: {what}")
    for note in report.notes:
        click.echo(note)
    click.echo(f"the export is in {out}; its README.md explains each number")
