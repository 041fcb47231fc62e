"""The options that `build` and `plan` share, and the recipe that they come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_EXISTING = click.Path(exists=True)

_OPTIONS = [
    click.argument("data", nargs=-1, required=True, type=_EXISTING),
    click.option("-o", "--out", required=True, type=click.Path(), help="The dataset's folder."),
    click.option("--recipe", metavar="NAME|FILE", help="A shipped recipe, a TOML file, or a dataset's dataset.json."),
    click.option("--split", metavar="PERCENT", help="90/10 for train/test, 80/10/10 for train/val/test."),
    click.option(
        "--split-by", type=click.Choice(["motion", "subject"]), help="What goes whole to one side [default: motion]."
    ),
    click.option(
        "--split-order",
        type=click.Choice(["natural", "hash"]),
        help="natural: the first ones train. hash: names decide, so that none moves when data is added.",
    ),
    click.option(
        "--trim", metavar="N", multiple=True, help="Leave out N leading T-pose frames (train=N: of one split)."
    ),
    click.option("--min-frames", metavar="N", multiple=True, help="Drop motions with fewer frames."),
    click.option("--downsample", metavar="N", multiple=True, help="Keep every N-th frame (train=N: of one split)."),
    click.option("--fps", metavar="RATE", multiple=True, help="Keep every n-th frame so that RATE is reached."),
    click.option("--joints", metavar="LIST", help="Keep these joints: names, patterns or @SET, with commas between."),
    click.option("--features", metavar="LIST", help="Store these arrays, with commas between."),
    click.option("--seed", type=click.IntRange(min=0), help="Of stages that draw at random."),
    click.option("--key-pattern", metavar="REGEX", help="Groups subject and motion in a file's path below DATA."),
    click.option("--positions", type=click.Choice(["replace", "add"]), help="What position channels do to OFFSET."),
    click.option("--lenient", is_flag=True, help="Keep what rows there are where Frames: says another number."),
    click.option("--rates", metavar="FILE", type=_EXISTING, help="CSV key,fps for files that say theirs wrong."),
    click.option("--index", metavar="FILE", type=_EXISTING, help="Labels, KEY<TAB>text [default: found beside DATA]."),
    click.option("--verify-sources", is_flag=True, help="Hash all files again, though size and time are the same."),
    click.option("--workers", type=click.IntRange(min=1), help="Threads [default: one a processor]."),
]


def recipe_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_recipe(options: dict[str, Any]) -> Any:
    """Return the recipe that the options describe, taking out those that they use."""
    import msgspec

    from motionprep.formats.index import parse_rates
    from motionprep.recipe import Recipe, load_recipe, recipe_from_json

    name = options.pop("recipe")
    recipe = load_recipe(name) if name else Recipe()
    value = recipe.with_stages(_stages(options)).to_json()
    percent, by, order = options.pop("split"), options.pop("split_by"), options.pop("split_order")
    if percent:
        value["split"] = {"percent": percent} | {
            word: value["split"][word] for word in ("by", "order") if word in value["split"]
        }
    value["split"] |= {word: given for word, given in (("by", by), ("order", order)) if given}
    for word in ("key_pattern", "positions"):
        if given := options.pop(word):
            value["reading"][word] = given
    if options.pop("lenient"):
        value["reading"]["lenient"] = True
    if rates := options.pop("rates"):
        value["reading"]["rates"] = parse_rates(Path(rates).read_text(encoding="utf-8", errors="replace"), rates)
    seed = options.pop("seed")
    if seed is not None:
        value["seed"] = seed
    return recipe_from_json(msgspec.to_builtins(value), name or "options")


def make_labels(options: dict[str, Any]) -> dict[str, str] | None:
    """Return the labels of ``--index``, or None."""
    from motionprep.formats.index import parse_index

    index = options.pop("index")
    return parse_index(Path(index).read_text(encoding="utf-8", errors="replace")) if index else None


def _stages(options: dict[str, Any]) -> list[Any]:
    from motionprep.recipe import make_stage

    stages = []
    for option, stage, field in (
        ("trim", "trim", "t_pose"),
        ("min_frames", "drop_short", "frames"),
        ("downsample", "downsample", "factor"),
        ("fps", "downsample", "rate"),
    ):
        for text in options.pop(option):
            split, _, number = text.rpartition("=")
            settings = {"splits": [split]} if split else {}
            stages.append(make_stage(stage, **settings, **{field: _number(number, option, field)}))
    if joints := options.pop("joints"):
        names = joints.split(",")
        sets = [name.removeprefix("@") for name in names if name.startswith("@")]
        if len(sets) > 1:
            raise click.BadParameter(f"{joints}: name one @SET at most", param_hint="--joints")
        rest = [name for name in names if not name.startswith("@")]
        stages.append(make_stage("select_joints", joints=rest, **({"set": sets[0]} if sets else {})))
    if features := options.pop("features"):
        stages.append(make_stage("features", arrays=features.split(",")))
    return stages


def _number(text: str, option: str, field: str) -> float | int:
    try:
        return float(text) if field == "rate" else int(text)
    except ValueError:
        hint = f"--{option.replace('_', '-')}"
        raise click.BadParameter(f"{text!r}: expected a number, or SPLIT=NUMBER", param_hint=hint) from None
