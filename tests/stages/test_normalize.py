from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motionprep
from motionprep import RecipeError, build, invert
from motionprep.dataset.dataset import Dataset
from motionprep.recipe.recipe import recipe_from_json


def recipe(*stages: dict[str, Any], split: str = "50/50") -> Any:
    return recipe_from_json({"split": {"percent": split}, "stages": list(stages)})


@pytest.fixture(scope="module")
def plain(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out = tmp_path_factory.mktemp("plain") / "out"
    build(corpus, out, recipe=recipe())
    return motionprep.open(out)


@pytest.fixture(scope="module")
def normalized(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out = tmp_path_factory.mktemp("normalized") / "out"
    build(corpus, out, recipe=recipe({"stage": "normalize"}))
    return motionprep.open(out)


@pytest.mark.parametrize("feature", ["positions", "rotations", "quaternions", "root_position"])
def test_train_has_mean_zero_and_deviation_one_number_by_number(normalized: Dataset, feature: str) -> None:
    values = np.concatenate([motion[feature] for motion in normalized["train"].values()]).astype(np.float64)

    deviation = values.std(axis=0)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
    assert ((np.abs(deviation - 1) < 1e-3) | (deviation < 1e-5)).all()


def test_a_number_that_never_changes_is_zero_and_not_infinite(normalized: Dataset) -> None:
    motion = next(iter(normalized["train"].values()))
    constant = motion.stats("rotations").std == 0

    assert constant.any()
    assert not np.abs(motion["rotations"][:, constant]).max() > 1e-5


def test_test_is_normalized_by_what_train_is(normalized: Dataset, plain: Dataset) -> None:
    motion = next(iter(normalized["test"].values()))
    raw = plain["test"][motion.key]["positions"]
    stats = plain.stats["positions"][0]

    np.testing.assert_allclose(motion["positions"] * stats.std + stats.mean, raw, atol=1e-3)


def test_what_is_stored_stays_as_it_is(normalized: Dataset, plain: Dataset) -> None:
    assert normalized.facts["shards"] == plain.facts["shards"]
    motion = next(iter(normalized["train"].values()))
    assert np.array_equal(motion.stored("positions"), plain["train"][motion.key]["positions"])


def test_one_call_brings_it_back(normalized: Dataset) -> None:
    motion = next(iter(normalized["test"].values()))

    np.testing.assert_allclose(
        motion.stats("positions").restore(motion["positions"]), motion.stored("positions"), atol=1e-4
    )


def test_inverting_takes_it_off_first(normalized: Dataset) -> None:
    motion = next(iter(normalized["test"].values()))

    np.testing.assert_allclose(invert(motion)["positions"], motion.stored("positions"), atol=1e-4)


def test_features_that_are_not_named_are_left_alone(corpus: Path, tmp_path: Path) -> None:
    build(corpus, tmp_path / "out", recipe=recipe({"stage": "normalize", "arrays": ["positions"]}))
    motion = next(iter(motionprep.open(tmp_path / "out")["train"].values()))

    assert motion.is_normalized("positions")
    assert np.array_equal(motion["rotations"], motion.stored("rotations"))


@pytest.mark.parametrize("array", ["markers_visible", "foo"])
def test_what_can_never_be_stored_as_numbers_cannot_be_normalized(array: str) -> None:
    with pytest.raises(RecipeError, match=f"normalize: '{array}' is no array of numbers that can be stored"):
        recipe({"stage": "normalize", "arrays": [array]})


def test_what_the_data_will_have_may_be_normalized_though_no_stage_names_it() -> None:
    asked = recipe({"stage": "velocity"}, {"stage": "normalize", "arrays": ["markers", "positions_velocity"]})
    assert asked.storing({"motion", "markers"}).normalize == asked.normalize
    with pytest.raises(RecipeError, match="normalize: 'markers' is no array of numbers of the arrays that split"):
        asked.storing({"motion"})


@pytest.mark.parametrize("array", ["markers_visible", "markers_seen"])
def test_what_holds_a_mask_cannot_be_normalized(array: str) -> None:
    stages = [{"stage": "normalize", "arrays": [array]}, {"stage": "features", "arrays": [array]}]
    with pytest.raises(RecipeError, match=f"normalize: '{array}' is no array of numbers of the arrays that split"):
        recipe(*stages)
