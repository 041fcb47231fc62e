"""motionprep score: how far predictions are off."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import LIST, json_option
from .paths import LocalPath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from motionprep.scoring.classes import ClassScores
    from motionprep.scoring.scores import Scores

#: What the metrics are called at the head of a column, and how they are printed.
_HEADS = {
    "ed": ("ED", "{:.4g}"),
    "mpjpe_mm": ("MPJPE mm", "{:.2f}"),
    "pa_mpjpe_mm": ("PA-MPJPE mm", "{:.2f}"),
    "pck": ("PCK", "{:.2%}"),
    "velocity_error": ("velocity", "{:.4g}"),
    "acceleration_error": ("acceleration", "{:.4g}"),
    "angle_degrees": ("angle deg", "{:.3f}"),
    "absolute_error": ("error", "{:.4g}"),
    "windows": ("windows", "{:,}"),
    "accuracy": ("accuracy", "{:.2%}"),
    "macro_f1": ("macro F1", "{:.4f}"),
    "predicted": ("predicted", "{:,}"),
    "precision": ("precision", "{:.2%}"),
    "recall": ("recall", "{:.2%}"),
    "f1": ("F1", "{:.4f}"),
}
#: Of the files that each option writes.
_SUFFIXES = {"--csv": (".csv",), "--plot": (".html",), "--table": (".csv", ".md")}
#: What may be distinguished of what fields predict, and of classes.
_BY_FIELD, _BY_CLASS = ("joint", "subject", "motion"), ("class", "confusion", "subject", "motion")


@click.command()
@click.argument("preds", metavar="PRED...", nargs=-1, required=True, type=LocalPath(exists=True, dir_okay=False))
@click.argument("out", type=LocalPath(exists=True))
@click.option("--split", default="test", show_default=True, help="Split whose windows are predicted.")
@click.option(
    "--targets",
    metavar="LIST",
    type=LIST,
    help="Fields that are predicted, such as positions[Hips] [default: the task's].",
)
@click.option("--length", type=click.IntRange(min=1), help="Frames of a window [default: the task's].")
@click.option("--stride", type=click.IntRange(min=1), help="Frames from window to window [default: the task's].")
@click.option(
    "--step", type=click.IntRange(min=1), help="Frames from one frame of a window to the next [default: the task's]."
)
@click.option(
    "--no-normalize", is_flag=True, help="The predictions are not normalized, although the recipe normalizes."
)
@click.option("--threshold", type=click.FloatRange(min=0), help="Threshold of PCK, in stored units [default: 0.1].")
@click.option(
    "--unit-mm",
    type=click.FloatRange(min=0, min_open=True),
    help="Millimetres in a unit of the files; 56.444 for CMU's BVH.",
)
@click.option(
    "--by",
    multiple=True,
    type=click.Choice([*dict.fromkeys((*_BY_FIELD, *_BY_CLASS))]),
    help="Also report errors per joint, subject or motion; of classes per class, or their confusion (repeatable).",
)
@click.option(
    "--csv",
    type=LocalPath(dir_okay=False),
    help="CSV file to write: a row per frame with each joint, or per window where classes are predicted.",
)
@click.option("--plot", type=LocalPath(dir_okay=False), help="HTML file to write: the error over the frames.")
@click.option(
    "--table",
    "table_file",
    type=LocalPath(dir_okay=False),
    help="CSV or Markdown file (.csv, .md) to write: the metrics, a row for each prediction and field.",
)
@json_option
def score(
    preds: tuple[str, ...],
    out: str,
    split: str,
    targets: tuple[str, ...] | None,
    length: int | None,
    stride: int | None,
    step: int | None,
    no_normalize: bool,
    threshold: float | None,
    unit_mm: float | None,
    by: tuple[str, ...],
    csv: str | None,
    plot: str | None,
    table_file: str | None,
    as_json: bool,
) -> None:
    """Score the predictions PRED.npy for the dataset OUT: one for each window of a split, in natural order.

    Several predictions of the same windows, say of networks that were trained on more and more motions, are rows of one
    table.

    PRED.npy has the shape of the windows' targets: (windows, frames, numbers), or (windows, numbers) of windows of one
    frame. Where the task has a label and no targets, it has a class for each window, or (windows, classes).
    """
    import motionprep
    from motionprep import scoring
    from motionprep.errors import RecipeError
    from motionprep.scoring.classes import score_classes

    _check_places(preds, out, {"--csv": csv, "--plot": plot, "--table": table_file})
    if len(preds) > 1 and (csv or plot or by):
        raise RecipeError("--csv, --plot and --by are of one prediction; score each by itself for them")
    if plot:
        from motionprep.reporting.charts import need_matplotlib

        need_matplotlib()
    dataset = motionprep.open(out)
    try:
        read = dataset[split]
    except KeyError as error:
        raise RecipeError(error.args[0]) from None
    windows = read.windows(length, stride, step, targets=targets, normalize=not no_normalize)
    classes = windows.label and "targets" not in windows.outputs
    known = _BY_CLASS if classes else _BY_FIELD
    if unknown := [what for what in by if what not in known]:
        what = "classes" if classes else "targets"
        raise RecipeError(f"--by {unknown[0]}: {what} can be grouped by {', '.join(known)}")
    if classes:
        _refuse_for_classes(plot=plot, threshold=threshold, unit_mm=unit_mm, no_normalize=no_normalize)
    asked = {} if threshold is None else {"threshold": threshold}
    found: dict[str, Scores | ClassScores] = {}
    for name, pred in zip(_names(preds), preds, strict=True):
        predictions = scoring.load_predictions(pred)
        if classes:
            found[name] = score_classes(predictions, windows, windows_csv=csv)
            continue
        scores = scoring.score(predictions, windows, unit_mm=unit_mm, frames_csv=csv, **asked)
        found[name] = scores
        if plot:
            from motionprep.reporting.errors import plot_frames

            plot_frames(scores, plot, predictions, windows)
    if table_file:
        _write_table(table_file, *_metrics(found, written=True))
    _show(found, by, as_json=as_json)


def _refuse_for_classes(
    *, plot: str | None, threshold: float | None, unit_mm: float | None, no_normalize: bool
) -> None:
    """Raise if something is asked of classes that they do not have."""
    from motionprep.errors import RecipeError

    given = {
        "--plot": (plot is not None, "have no curve over the frames"),
        "--threshold": (threshold is not None, "are right or wrong"),
        "--unit-mm": (unit_mm is not None, "have no length"),
        "--no-normalize": (no_normalize, "are never normalized"),
    }
    for option, (there, why) in given.items():
        if there:
            raise RecipeError(f"{option}: classes {why}; leave it out")


def _show(found: Mapping[str, Scores | ClassScores], by: tuple[str, ...], *, as_json: bool) -> None:
    """Print scores by the name of the prediction."""
    from motionprep.scoring.scores import Scores

    from .tables import print_json, table

    first = next(iter(found.values()))
    if as_json:
        plain = {name: _as_json(one, by) for name, one in found.items()}
        print_json(plain if len(found) > 1 else _as_json(first, by))
    elif len(found) > 1:
        click.echo(table(*_metrics(found), left=2))
    elif isinstance(first, Scores):
        _print(first, by)
    else:
        _print_classes(first, by)


def _names(preds: tuple[str, ...]) -> list[str]:
    """Return what predictions are called: by their files, with folders where that is not enough."""
    stems = [Path(pred).stem for pred in preds]
    return stems if len({*stems}) == len(preds) else list(preds)


def _metrics(found: Mapping[str, Scores | ClassScores], *, written: bool = False) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table, a row for each prediction and field.

    Parameters
    ----------
    found
        Scores by the name of the prediction.
    written
        Whether the table is for a file, in which metrics have their own names and all digits.
    """
    from motionprep.scoring.scores import Scores

    means = {
        (name, field): mean
        for name, scores in found.items()
        for field, mean in (
            {one.field: one.mean() for one in scores.fields} if isinstance(scores, Scores) else {"label": scores.mean()}
        ).items()
    }
    names = [name for name in _HEADS if any(name in mean for mean in means.values())]
    head = ["prediction", "field", *(name if written else _HEADS[name][0] for name in names)]
    rows = [
        [*key, *((f"{mean.get(name, math.nan):.9g}" if written else _cell(name, mean)) for name in names)]
        for key, mean in means.items()
    ]
    return head, rows


def _write_table(path: str, head: list[str], rows: list[list[str]]) -> None:
    import csv
    import io

    from motionprep.files import replacing
    from motionprep.scoring.csv_text import as_text

    if path.lower().endswith(".md"):
        lines = [head, ["---", "---", *["---:"] * (len(head) - 2)], *rows]
        escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
        text = "".join(f"| {' | '.join(line)} |\n" for line in escaped)
    else:
        file = io.StringIO()
        csv.writer(file, lineterminator="\n").writerows([head, *([*map(as_text, row[:2]), *row[2:]] for row in rows)])
        text = file.getvalue()
    replacing.write(path, text.encode())


def _check_places(preds: tuple[str, ...], out: str, places: Mapping[str, str | None]) -> None:
    """Raise unless what is written goes into folders that are there, and takes the place of nothing that is read."""
    from motionprep.errors import RecipeError

    there: dict[Path, str] = {Path(pred).resolve(): "the predictions" for pred in preds}
    for option, name in places.items():
        if name is None:
            continue
        path = Path(name).resolve()
        if not path.parent.is_dir():
            raise RecipeError(f"{name}: there is no folder {Path(name).parent}; make it first")
        if path.is_relative_to(Path(out).resolve()):
            raise RecipeError(f"{option} {name}: is in the dataset {out}; choose another place")
        if path in there:
            raise RecipeError(f"{option} {name}: is where {there[path]} are; choose another place")
        known = path.suffix.lower() in _SUFFIXES[option]
        if option == "--table" and not known:
            raise RecipeError(f"--table {name}: a table is written as .csv or .md; name it so")
        if path.exists() and not (known and path.is_file()):
            raise RecipeError(
                f"{option} {name}: is there already, and no {' or '.join(_SUFFIXES[option])} file that could be "
                "replaced; choose another place"
            )
        there[path] = f"the numbers of {option}"


def _print(scores: Scores, by: tuple[str, ...]) -> None:
    click.echo(f"{scores.windows:,} windows, of length {scores.length}; PCK at {scores.threshold:g} stored units")
    _table("field", {field.field: field.mean() for field in scores.fields})
    if any(field.metric == "ed" and "mpjpe_mm" not in field.mean() for field in scores.fields):
        click.echo("MPJPE: nothing says how long a unit is; for CMU's BVH files give --unit-mm 56.444")
    for what in by:
        for field in scores.fields:
            click.echo()
            _table(f"{what} of {field.field}" if len(scores.fields) > 1 else what, field.by(what))


def _print_classes(scores: ClassScores, by: tuple[str, ...]) -> None:
    from .tables import table

    click.echo(f"{len(scores.target):,} windows, of length {scores.length}; {len(scores.classes):,} classes")
    _table("field", {"label": scores.mean()})
    for what in by:
        click.echo()
        if what != "confusion":
            _table(what, scores.by(what))
            continue
        there, confusion = [scores.classes.index(name) for name in scores.by("class")], scores.confusion
        rows = [[scores.classes[row], *(f"{confusion[row, at]:,}" for at in there)] for row in there]
        click.echo(table(["taken for", *(scores.classes[at] for at in there)], rows))


def _as_json(scores: Scores | ClassScores, by: tuple[str, ...]) -> dict[str, Any]:
    """Return scores as plain values."""
    from motionprep.scoring.scores import Scores

    if isinstance(scores, Scores):
        fields = {
            field.field: {"mean": field.mean(), **{what: field.by(what) for what in by}} for field in scores.fields
        }
        return {"windows": scores.windows, "length": scores.length, "fields": fields}
    groups = {what: scores.by(what) for what in by if what != "confusion"}
    facts = {
        "windows": len(scores.target),
        "length": scores.length,
        "fields": {"label": {"mean": scores.mean(), **groups}},
    }
    return facts | ({"classes": scores.classes, "confusion": scores.confusion} if "confusion" in by else {})


def _table(first: str, groups: Mapping[str, Mapping[str, float]]) -> None:
    from .tables import table

    names = [name for name in _HEADS if any(name in means for means in groups.values())]
    rows = [[group, *(_cell(name, means) for name in names)] for group, means in groups.items()]
    click.echo(table([first, *(_HEADS[name][0] for name in names)], rows))


def _cell(name: str, means: Mapping[str, float]) -> str:
    """Return how a metric is printed; nothing where it is not there or unknown."""
    return "" if math.isnan(means.get(name, math.nan)) else _HEADS[name][1].format(means[name])
