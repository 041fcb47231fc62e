"""A recipe from a few options: what the command line and ``build(...)`` take by name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

import msgspec

from motionprep.errors import RecipeError
from motionprep.files.reading import read_text
from motionprep.formats.index import decode, parse_frames, parse_index, parse_labels, parse_rates
from motionprep.motion.feature_kinds import RATES, WHOLE
from motionprep.motion.rates import is_rate
from motionprep.recipe.recipe import Recipe, load_recipe, make_stage, recipe_from_json

Path = str | os.PathLike[str]

#: The stage and its field that an option with a number sets, and the field that is reset.
_NUMBERS: Mapping[str, tuple[str, str, Mapping[str, float]]] = {
    "trim": ("trim", "t_pose", {}),
    "min_frames": ("drop_short", "frames", {}),
    "downsample": ("downsample", "factor", {"rate": 0.0}),
    "fps": ("downsample", "rate", {"factor": 0}),
}

_LISTS = ("keep_only", "leave_out")


class RecipeOptions(TypedDict, total=False):
    """Options that change a recipe; one that is None changes nothing.

    ``trim``, ``min_frames``, ``downsample`` and ``fps`` take a number for all splits or a mapping from split to
    number, in which ``""`` stands for all others.
    """

    split: str | Mapping[str, Any] | None
    split_by: str | None
    split_order: str | None
    stratify: bool | None
    parts: int | None
    trim: int | Mapping[str, int] | None
    min_frames: int | Mapping[str, int] | None
    downsample: int | Mapping[str, int] | None
    fps: float | Mapping[str, float] | None
    joints: Sequence[str] | str | None
    features: Sequence[str] | str | None
    seed: int | None
    key_pattern: str | None
    array_names: Sequence[str] | str | None
    array_rate: float | None
    positions: str | None
    lenient: bool | None
    body_model: str | os.PathLike[str] | None
    rates: Path | Mapping[str, float] | None
    index: Path | None
    labels: Path | Mapping[str, Any] | None
    label_pattern: str | None
    drop_if: Sequence[str] | str | None
    keep_only: Path | Mapping[str, Any] | None
    leave_out: Path | Mapping[str, Any] | None


def read_recipe(recipe: Recipe | Mapping[str, Any] | Path | None = None, **options: Unpack[RecipeOptions]) -> Recipe:
    """Return a recipe, changed by options.

    Parameters
    ----------
    recipe
        A recipe, a dictionary with the contents of a recipe file, the name of a shipped recipe, or a file; every frame
        and joint of every motion, for training, if None.
    **options
        See :class:`RecipeOptions`; docs/recipes.md explains each.

    Raises
    ------
    RecipeError
        If the recipe or an option is wrong.
    TypeError
        If there is no option of a name.
    """
    if unknown := options.keys() - RecipeOptions.__annotations__.keys():
        raise TypeError(f"there is no option {', '.join(sorted(unknown))}; there are {', '.join(_names())}")
    if isinstance(recipe, Mapping) or recipe is None:
        base = recipe_from_json(recipe or {})
    else:
        base = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    if not given:
        return base
    value = base.to_json()
    value["split"] = _split(value["split"], given)
    value["reading"] |= _reading(value["reading"], given)
    if selection := _selection(given):
        value["selection"] = value.get("selection", {}) | selection
    if "seed" in given:
        value["seed"] = given["seed"]
    source = recipe if isinstance(recipe, str | os.PathLike) else "options"
    changed = msgspec.structs.replace(recipe_from_json({**value, "stages": []}, os.fspath(source)), stages=base.stages)
    return _stages(changed, given)


def _names() -> list[str]:
    return sorted(RecipeOptions.__annotations__)


def _split(split: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the split of a recipe, changed by options."""
    changed = dict(split)
    asked = given.get("split")
    if isinstance(asked, str):
        if not asked:
            raise RecipeError("split is empty; expected such as '90/10', '80/10/10' or '100'")
        kept = {word: split[word] for word in ("by", "order", "stratify", "parts") if word in split}
        changed = {"percent": asked} | kept
    elif asked is not None:
        changed = dict(asked)
    how = {"by": "split_by", "order": "split_order", "stratify": "stratify"}
    needs = [name for name in how.values() if name in given]
    if needs and not changed.get("percent"):
        raise RecipeError(f"{', '.join(needs)} need a split by percentages, such as 90/10")
    return changed | {word: given[name] for word, name in (*how.items(), ("parts", "parts")) if name in given}


def _reading(reading: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what options change about how files are read."""
    changed = {word: given[word] for word in ("key_pattern", "label_pattern", "positions", "lenient") if word in given}
    if "body_model" in given:
        changed["body_model"] = os.path.abspath(given["body_model"])
    names = given.get("array_names")
    if isinstance(names, str) and "," in names:
        names = names.split(",")
    arrays = {word: value for word, value in (("names", names), ("rate", given.get("array_rate"))) if value is not None}
    if arrays:
        changed["arrays"] = reading.get("arrays", {}) | arrays
    if "rates" in given:
        changed["rates"] = _table(given["rates"], parse_rates)
    labels: dict[str, Any] = {}
    if "index" in given:
        labels |= _table(given["index"], parse_index)
        if not labels:
            raise RecipeError(f"index {os.fspath(given['index'])}: has no line KEY<TAB>text")
    if "labels" in given:
        more = _table(given["labels"], parse_labels)
        if not more:
            raise RecipeError(f"labels {given['labels']}: has no row but the first")
        labels |= more
    return changed | ({"labels": labels} if labels else {})


def _selection(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what options say about which motions are used."""
    changed: dict[str, Any] = {word: _table(given[word], parse_frames) for word in _LISTS if word in given}
    if changed.get("keep_only") == {}:
        raise RecipeError("keep_only names no motion; expected at least one key")
    return changed | ({"drop_if": _list(given["drop_if"])} if "drop_if" in given else {})


def _table(given: Path | Mapping[str, Any], parse: Any) -> dict[str, Any]:
    """Return a table that is given as it is, or as a file."""
    if isinstance(given, Mapping):
        return dict(given)
    name = os.fspath(given)
    table: dict[str, Any] = parse(decode(read_text(name), name), name)
    return table


def _stages(recipe: Recipe, given: Mapping[str, Any]) -> Recipe:
    """Return a recipe whose stages are changed by options, each on the splits that it names."""
    for option, (stage, field, reset) in _NUMBERS.items():
        for splits, number in _by_split(option, given.get(option, {}), field, recipe.split.names()):
            recipe = recipe.with_settings(stage, splits, **reset, **{field: number})
    if joints := _list(given.get("joints", ())):
        sets = [name.removeprefix("@") for name in joints if name.startswith("@")]
        if len(sets) > 1:
            raise RecipeError(f"joints {','.join(joints)}: name one @SET at most")
        rest = [name for name in joints if not name.startswith("@")]
        recipe = recipe.with_stages([make_stage("select_joints", joints=rest, **({"set": sets[0]} if sets else {}))])
    if features := _list(given.get("features", ())):
        # What is a whole representation of a motion has one stage, of its own name.
        there = {stage.name for stage in recipe.stages}
        wanted = [name for name in features if name in WHOLE and name not in there]
        recipe = recipe.with_stages([make_stage(name) for name in wanted])
        rates = [RATES[name] for name in wanted if name in RATES]
        if rates and not any(stage.name == "downsample" for stage in recipe.stages):
            recipe = recipe.with_settings("downsample", recipe.split.names(), rate=rates[0])
        recipe = recipe.with_settings("features", recipe.split.names(), arrays=features)
    return recipe


def _list(given: Sequence[str] | str) -> list[str]:
    return given.split(",") if isinstance(given, str) else list(given)


def _by_split(
    option: str, given: float | Mapping[str, float], field: str, splits: Sequence[str]
) -> list[tuple[list[str], float]]:
    """Return splits and number of an option; a number for no split in particular is for those that have none.

    A split that is not one of the recipe's is left to the recipe to refuse.
    """
    numbers = dict(given) if isinstance(given, Mapping) else {"": given}
    for number in numbers.values():
        wanted = float | int if field == "rate" else int
        if not isinstance(number, wanted) or isinstance(number, bool):
            raise RecipeError(f"{option} is {number!r}; expected a {'rate' if field == 'rate' else 'whole number'}")
        if field == "rate" and not is_rate(number):
            raise RecipeError(f"{option} is {number!r}; expected a rate in frames a second, above 0")
    others = [split for split in splits if split not in numbers]
    return [([split] if split else others, number) for split, number in numbers.items() if split or others]
