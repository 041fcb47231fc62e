"""The command line: one file a verb; each parses, calls the library once, and prints."""

from __future__ import annotations

import atexit
import gc
import sys

import click

from motionprep.errors import MotionPrepError, PredictionError, RecipeError, ReplaceError, is_full

from .align import align
from .build import build
from .check import check
from .diff import diff
from .export import export
from .flags import with_flags
from .info import info
from .lengths import lengths
from .plan import plan
from .recipes import recipes
from .report import report
from .sample import sample
from .score import score
from .verify import verify
from .view import view

#: Values that are made before they are looked through for cycles.
_MANY = 50_000


class _Verbs(click.Group):
    """The verbs, in the order in which they are added, with their whole summaries."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.get_short_help_str(limit=1000)) for name, verb in self.commands.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            from motionprep.naming.nearest import did_you_mean

            raise click.UsageError(f"there is no command {args[0]!r}{did_you_mean(args[0], self.commands)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="motionprep")
def cli() -> None:
    """Turn raw motion capture into training-ready Zarr shards.

    \b
    motionprep sample -o DATA                    make a small corpus to try things on
    motionprep build DATA --split 90/10 -o OUT   build a dataset from it
    motionprep info OUT                          see what is in it
    """


for verb in (build, plan, check, report, view, info, verify, diff, export, score, align, lengths, recipes, sample):
    cli.add_command(verb)


def main() -> None:
    """Run the command line and exit: 0 done, 1 the data are at fault, 2 wrong use, 130 interrupted."""
    # A plan is thousands of small values without cycles: to look through them for some took a sixth of a run with
    # nothing to do. To look through all that is left took the interpreter a quarter of a second at the end of a build.
    gc.set_threshold(_MANY, 50, 50)
    atexit.register(gc.freeze)
    try:
        code = cli.main(standalone_mode=False)
    except click.Abort:
        click.echo("motionprep: interrupted", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (RecipeError, PredictionError) as error:
        click.echo(f"motionprep: {with_flags(str(error), cli)}", err=True)
        code = 2
    except ReplaceError as error:
        click.echo(
            f"motionprep: {error}. Choose another folder, or give --replace to build here all the same", err=True
        )
        code = 1
    except MotionPrepError as error:
        click.echo(f"motionprep: {with_flags(str(error), cli)}", err=True)
        code = 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        hint = "; make room, then run the same command again" if is_full(error) else ""
        click.echo(f"motionprep: {place}{error.strerror or error}{hint}", err=True)
        code = 1
    except (MemoryError, RuntimeError) as error:
        # RuntimeError is what Python raises where the system gives no thread; any other is a fault of ours.
        if not (isinstance(error, MemoryError) or "thread" in str(error)):
            raise
        what = "memory is short" if isinstance(error, MemoryError) else "the system gives no more threads"
        click.echo(
            f"motionprep: {what}; finished shards are kept, and the same command goes on from them. "
            "Fewer --workers take less",
            err=True,
        )
        code = 1
    sys.exit(code)
