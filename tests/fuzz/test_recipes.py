"""Changed recipes: loaded, or refused with a RecipeError that names the file."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from fuzzing import ROUNDS, changed_text, changed_tree, hunt

from motionprep.errors import RecipeError
from motionprep.naming import shipped
from motionprep.recipe.recipe import Recipe, load_recipe, recipe_from_json

TEXT = """\
seed = 7
description = "all of it"

[split]
percent = "80/10/10"
by = "subject"

[reading]
positions = "add"
key_pattern = '(?P<motion>(?P<subject>\\w+)_\\w+)'
rates = { "01_01" = 60.0 }

[task]
inputs = ["positions[*-Hips]"]
targets = ["positions[Hips]"]

[[stages]]
stage = "trim"
t_pose = 2

[[stages]]
stage = "downsample"
factor = 4
splits = ["train"]

[[stages]]
stage = "normalize"
arrays = ["positions"]
"""


@pytest.fixture(scope="module")
def recipes() -> list[Recipe]:
    return [load_recipe(name) for name in shipped.recipe_names()]


def check(_, recipe):
    again = recipe_from_json(json.loads(json.dumps(recipe.to_json())))
    assert again.identity() == recipe.identity()


@ROUNDS
def test_a_changed_text_is_refused_or_is_a_recipe_that_json_can_hold(rounds, tmp_path):
    path = Path(tmp_path, "recipe.toml")
    seeds = (TEXT, *(shipped.recipe_text(name) or "" for name in shipped.recipe_names()))

    def read(data):
        path.write_bytes(data)
        with contextlib.suppress(RecipeError):
            return load_recipe(path)
        with pytest.raises(RecipeError, match=r"recipe\.toml"):
            load_recipe(path)
        raise RecipeError("refused, and the file is named")

    done, refused = hunt(rounds * 2, lambda random: changed_text(random, seeds), read, check)
    assert min(done, refused) > rounds / 10


@ROUNDS
def test_a_changed_value_is_refused_or_is_a_recipe_that_json_can_hold(rounds, recipes):
    seeds = [recipe.to_json() for recipe in recipes]
    done, refused = hunt(rounds * 3, lambda random: changed_tree(random, random.choice(seeds)), recipe_from_json, check)
    assert min(done, refused) > rounds / 10


@ROUNDS
def test_a_changed_json_file_is_refused_or_is_a_recipe(rounds, tmp_path, recipes):
    path = Path(tmp_path, "dataset.json")
    seeds = [json.dumps({"format": 1, "recipe": recipe.to_json()}, indent=1) for recipe in recipes]

    def read(data):
        path.write_bytes(data)
        return load_recipe(path)

    done, refused = hunt(rounds * 2, lambda random: changed_text(random, seeds), read)
    assert min(done, refused) > rounds / 10
