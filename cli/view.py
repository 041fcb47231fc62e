"""motionprep view: one motion in the player."""

from __future__ import annotations

import click

from .flags import with_flags
from .paths import LocalPath


@click.command()
@click.argument("source", metavar="FILE|OUT", type=LocalPath(exists=True))
@click.argument("key", required=False)
@click.option(
    "-o",
    "--out",
    type=LocalPath(dir_okay=False),
    help="HTML file to write [default: one in the folder of temporary files].",
)
@click.option(
    "--beside", metavar="FILE|OUT", type=LocalPath(exists=True), help="Another source whose motion is shown beside it."
)
@click.option(
    "--prediction",
    metavar="PRED.npy",
    type=LocalPath(exists=True, dir_okay=False),
    help="Prediction to show beside the motion of a dataset, as `export bvh --from` takes it.",
)
@click.option("--no-open", is_flag=True, help="Print the path of the page, and do not open it in the browser.")
def view(
    source: str, key: str | None, out: str | None, beside: str | None, prediction: str | None, no_open: bool
) -> None:
    """Show one motion: of a file, or of a folder or dataset by its KEY.

    Writes one HTML page that needs no network, and opens it in the browser.
    """
    import tempfile
    import webbrowser
    from pathlib import Path

    from motionprep.reporting.view import view as write

    place = out or Path(tempfile.mkdtemp(prefix="motionprep-")) / "motion.html"
    try:
        path = write(source, place, key, beside=beside, prediction=prediction)
    except ValueError as error:
        raise click.UsageError(with_flags(str(error))) from None
    if no_open or not webbrowser.open(path.resolve().as_uri()):
        click.echo(path)
