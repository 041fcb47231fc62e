"""The options that `build` and `plan` share, and the recipe that they come to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .paths import LocalPath

_EXISTING = LocalPath(exists=True)

_OPTIONS = [
    click.argument("data", nargs=-1, required=True, type=_EXISTING),
    click.option(
        "--markers",
        metavar="PATH",
        multiple=True,
        type=_EXISTING,
        help="Where the C3D files of the same takes are, if not in DATA.",
    ),
    click.option("--recipe", metavar="NAME|FILE", help="A shipped recipe, a TOML file, or a dataset's dataset.json."),
    click.option(
        "--split", metavar="PERCENT", help="90/10 for train/test, 80/10/10 for train/val/test, 100 for train alone."
    ),
    click.option(
        "--split-by", type=click.Choice(["motion", "subject"]), help="What goes whole to one split [default: motion]."
    ),
    click.option(
        "--split-order",
        type=click.Choice(["natural", "hash"]),
        help="natural: the first ones train. hash: names decide, so that none moves when data is added.",
    ),
    click.option("--stratify", is_flag=True, help="Split the motions of each label by the percentages."),
    click.option(
        "--parts", metavar="N", type=click.IntRange(min=1), help="Deal train into N parts, read as train/1 to train/N."
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
    click.option(
        "--array-names", metavar="LIST", help="Joints of .npy and .npz files, with commas between, or a skeleton."
    ),
    click.option("--array-rate", metavar="RATE", type=float, help="Their frames a second."),
    click.option("--positions", type=click.Choice(["replace", "add"]), help="What position channels do to OFFSET."),
    click.option(
        "--lenient",
        is_flag=True,
        help="Keep what rows there are where Frames: says another number, and leave out words after the last row.",
    ),
    click.option(
        "--rates", metavar="FILE", type=_EXISTING, help="CSV key,fps for files that say theirs wrong or not at all."
    ),
    click.option("--index", metavar="FILE", type=_EXISTING, help="Labels, KEY<TAB>text [default: found beside DATA]."),
    click.option("--labels", metavar="FILE", type=_EXISTING, help="CSV key,label or key,start,stop,label."),
    click.option("--label-pattern", metavar="REGEX", help="Group label in a file's path below DATA."),
    click.option("--verify-sources", is_flag=True, help="Hash all files again, though size and time are the same."),
    click.option("--workers", type=click.IntRange(min=1), help="Threads [default: one a processor]."),
]


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, with the keys that docs/cli.md lists.")


def recipe_options(*, out_required: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds the options."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(_OPTIONS):
            command = option(command)
        out = click.option("-o", "--out", required=out_required, type=LocalPath(), help="The folder of the dataset.")
        return out(command)

    return add


def make_recipe(options: dict[str, Any]) -> Any:
    """Return the recipe that the options describe, taking out those that they use."""
    from motionprep.recipe.options import RecipeOptions, read_recipe

    recipe = options.pop("recipe")
    given = {name: options.pop(name) for name in RecipeOptions.__annotations__}
    for option in ("trim", "min_frames", "downsample", "fps"):
        given[option] = _by_split(option, given[option])
    return read_recipe(recipe, **given)


def _by_split(option: str, texts: tuple[str, ...]) -> dict[str, float] | None:
    """Return the number of each split in texts such as ``train=8``; ``""`` stands for all other splits."""
    hint = f"--{option.replace('_', '-')}"
    numbers: dict[str, float] = {}
    for text in texts:
        split, _, number = text.rpartition("=")
        if split in numbers:
            raise click.BadParameter(f"is given twice for {split or 'all splits'}", param_hint=hint)
        try:
            numbers[split] = float(number) if option == "fps" else int(number)
        except ValueError:
            raise click.BadParameter(f"{number!r}: expected a number, or SPLIT=NUMBER", param_hint=hint) from None
    return numbers or None
