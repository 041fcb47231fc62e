"""The options that `build` and `plan` share, and the recipe that they come to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .paths import LocalPath


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


#: Names with commas between.
LIST = _List()

_EXISTING = LocalPath(exists=True)

_OPTIONS = [
    click.argument("data", nargs=-1, required=True, type=_EXISTING),
    click.option(
        "--markers",
        metavar="PATH",
        multiple=True,
        type=_EXISTING,
        help="Folder or file with the C3D files of the same takes, if they are not in DATA (repeatable).",
    ),
    click.option(
        "--recipe", metavar="NAME|FILE", help="Name of a shipped recipe, a TOML file, or the dataset.json of a dataset."
    ),
    click.option(
        "--split",
        metavar="PERCENT",
        help="Shares of the splits: 90/10 for train/test, 80/10/10 for train/val/test, 100 for train alone.",
    ),
    click.option(
        "--split-by",
        type=click.Choice(["motion", "subject", "duplicates", "subject,duplicates"]),
        help="What goes whole to one split: a motion, a subject, motions that share frames [default: motion].",
    ),
    click.option(
        "--split-order",
        type=click.Choice(["natural", "hash"]),
        help="natural: the first motions train. hash: hashes of names decide, so that added data move no motion.",
    ),
    click.option(
        "--stratify",
        is_flag=True,
        help="Split the motions of each label by the percentages, so that all splits have all labels.",
    ),
    click.option(
        "--parts", metavar="N", type=click.IntRange(min=1), help="Deal train into N parts, read as train/1 to train/N."
    ),
    click.option(
        "--trim",
        metavar="N",
        multiple=True,
        help="Leave out N leading T-pose frames of each motion (train=N: in one split).",
    ),
    click.option(
        "--min-frames",
        metavar="N",
        multiple=True,
        help="Drop motions with fewer than N frames (train=N: in one split).",
    ),
    click.option("--downsample", metavar="N", multiple=True, help="Keep every N-th frame (train=N: in one split)."),
    click.option(
        "--fps",
        metavar="RATE",
        multiple=True,
        help="Keep every n-th frame so that RATE in frames per second is reached (train=RATE: in one split).",
    ),
    click.option(
        "--joints",
        metavar="LIST",
        help="Keep these joints: names, patterns such as Left*, or one @SET, with commas between.",
    ),
    click.option(
        "--features", metavar="LIST", help="Store these features, such as positions,quaternions, with commas between."
    ),
    click.option("--seed", type=click.IntRange(min=0), help="Random seed of augmentation and noise stages."),
    click.option(
        "--key-pattern",
        metavar="REGEX",
        help="Regular expression with groups subject and motion, matched in each path below DATA.",
    ),
    click.option(
        "--array-names",
        metavar="LIST",
        help="Joints of .npy and .npz files, with commas between, or the name of a canonical skeleton.",
    ),
    click.option("--array-rate", metavar="RATE", type=float, help="Frames per second of .npy and .npz files."),
    click.option(
        "--positions",
        type=click.Choice(["replace", "add"]),
        help="Whether position channels of BVH joints replace OFFSET or are added to it [default: replace].",
    ),
    click.option(
        "--lenient",
        is_flag=True,
        help="Keep the whole rows of files that were cut or count them wrong, and ignore words after the last.",
    ),
    click.option(
        "--body-model",
        metavar="FILE",
        type=_EXISTING,
        help="SMPL, SMPL-H or SMPL-X body model (.npz) that gives AMASS motions their bone lengths.",
    ),
    click.option(
        "--rates", metavar="FILE", type=_EXISTING, help="CSV file key,fps with rates that override those in the files."
    ),
    click.option(
        "--index",
        metavar="FILE",
        type=_EXISTING,
        help="Text file of labels, a line KEY<TAB>text each [default: index files beside DATA].",
    ),
    click.option(
        "--labels", metavar="FILE", type=_EXISTING, help="CSV file of labels: key,label or key,start,stop,label."
    ),
    click.option(
        "--label-pattern",
        metavar="REGEX",
        help="Regular expression with a group label, matched in each path below DATA.",
    ),
    click.option(
        "--drop-if",
        metavar="CODE",
        multiple=True,
        help="Drop motions in which the checks find this, such as duplicate, jump-* or feet-skate (repeatable).",
    ),
    click.option(
        "--keep-only",
        metavar="FILE",
        type=_EXISTING,
        help="CSV file of motions to use, and no others: key, or key,first,last for ranges of frames.",
    ),
    click.option(
        "--leave-out",
        metavar="FILE",
        type=_EXISTING,
        help="CSV file of motions not to use: key, or key,first,last for ranges of frames.",
    ),
    click.option("--verify-sources", is_flag=True, help="Hash all files again, also those of the same size and time."),
    click.option("--workers", type=click.IntRange(min=1), help="Number of threads [default: one per processor]."),
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
    given["drop_if"] = given["drop_if"] or None
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
