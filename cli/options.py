"""The options that `build` and `plan` share, and the recipe that they come to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .paths import LocalPath

_EXISTING = LocalPath(exists=True)

_OPTIONS = [
    click.argument("data", nargs=-1, required=True, type=_EXISTING),
    click.option("-o", "--out", required=True, type=LocalPath(), help="The dataset's folder."),
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
        "--split-by", type=click.Choice(["motion", "subject"]), help="What goes whole to one side [default: motion]."
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


def recipe_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_recipe(options: dict[str, Any]) -> Any:
    """Return the recipe that the options describe, taking out those that they use."""
    import msgspec

    from motionprep.files.reading import read_text
    from motionprep.formats.index import decode, parse_index, parse_labels, parse_rates
    from motionprep.recipe.recipe import Recipe, load_recipe, recipe_from_json

    name = options.pop("recipe")
    base = load_recipe(name) if name else Recipe()
    value = base.to_json()
    percent = options.pop("split")
    how = {"by": options.pop("split_by"), "order": options.pop("split_order"), "stratify": options.pop("stratify")}
    if percent:
        kept = {word: value["split"][word] for word in (*how, "parts") if word in value["split"]}
        value["split"] = {"percent": percent} | kept
    if any(how.values()) and not value["split"].get("percent"):
        raise click.UsageError("--split-by, --split-order and --stratify need --split, such as --split 90/10")
    value["split"] |= {word: given for word, given in (*how.items(), ("parts", options.pop("parts"))) if given}
    for word in ("key_pattern", "label_pattern", "positions"):
        if given := options.pop(word):
            value["reading"][word] = given
    value["reading"] |= _of_arrays(options.pop("array_names"), options.pop("array_rate"), value["reading"])
    if options.pop("lenient"):
        value["reading"]["lenient"] = True
    if rates := options.pop("rates"):
        value["reading"]["rates"] = parse_rates(decode(read_text(rates), rates), rates)
    labels: dict[str, Any] = {}
    if index := options.pop("index"):
        labels |= parse_index(decode(read_text(index), index), index)
        if not labels:
            raise click.BadParameter(f"{index}: has no line KEY<TAB>text", param_hint="--index")
    if file := options.pop("labels"):
        more = parse_labels(decode(read_text(file), file), file)
        if not more:
            raise click.BadParameter(f"{file}: has no row but the first", param_hint="--labels")
        labels |= more
    if labels:
        value["reading"]["labels"] = labels
    seed = options.pop("seed")
    if seed is not None:
        value["seed"] = seed
    recipe = recipe_from_json({**value, "stages": []}, name or "options")
    recipe = msgspec.structs.replace(recipe, stages=base.stages)
    return _with_flags(recipe, options)


def _of_arrays(names: str | None, rate: float | None, reading: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of arrays, on top of what a recipe says; nothing if no flag says any."""
    said = {"names": names.split(",") if names and "," in names else names, "rate": rate}
    said = {word: given for word, given in said.items() if given is not None}
    return {"arrays": reading.get("arrays", {}) | said} if said else {}


def _with_flags(recipe: Any, options: dict[str, Any]) -> Any:
    """Return the recipe with the stages that flags change: each flag its setting, on the splits that it names."""
    from motionprep.recipe.recipe import make_stage

    for option, stage, field, no_more in (
        ("trim", "trim", "t_pose", {}),
        ("min_frames", "drop_short", "frames", {}),
        ("downsample", "downsample", "factor", {"rate": 0.0}),
        ("fps", "downsample", "rate", {"factor": 0}),
    ):
        for split, number in _by_split(option, options.pop(option), field, recipe.split.sides()):
            recipe = recipe.with_settings(stage, split, **no_more, **{field: number})
    if joints := options.pop("joints"):
        names = joints.split(",")
        sets = [name.removeprefix("@") for name in names if name.startswith("@")]
        if len(sets) > 1:
            raise click.BadParameter(f"{joints}: name one @SET at most", param_hint="--joints")
        rest = [name for name in names if not name.startswith("@")]
        recipe = recipe.with_stages([make_stage("select_joints", joints=rest, **({"set": sets[0]} if sets else {}))])
    if features := options.pop("features"):
        recipe = recipe.with_settings("features", recipe.split.sides(), arrays=features.split(","))
    return recipe


def _by_split(
    option: str, texts: tuple[str, ...], field: str, sides: tuple[str, ...]
) -> list[tuple[list[str], float | int]]:
    """Return splits and number of each ``SPLIT=NUMBER``; a number without a split is for those that have none.

    A split that is not one of the recipe's is left to the recipe to refuse.
    """
    hint = f"--{option.replace('_', '-')}"
    numbers: dict[str, float | int] = {}
    for text in texts:
        split, _, number = text.rpartition("=")
        if split in numbers:
            raise click.BadParameter(f"is given twice for {split or 'all splits'}", param_hint=hint)
        numbers[split] = _number(number, hint, field)
    others = [side for side in sides if side not in numbers]
    return [([split] if split else others, number) for split, number in numbers.items() if split or others]


def _number(text: str, hint: str, field: str) -> float | int:
    from motionprep.motion.rates import is_rate

    try:
        number = float(text) if field == "rate" else int(text)
    except ValueError:
        raise click.BadParameter(f"{text!r}: expected a number, or SPLIT=NUMBER", param_hint=hint) from None
    if field == "rate" and not is_rate(number):
        raise click.BadParameter(f"{text!r}: expected a rate in frames a second, above 0", param_hint=hint)
    return number
