"""``motionprep diff`` says what differs between two datasets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import motionprep


def test_equal_datasets_have_no_difference(run: Any, corpus: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        motionprep.build(corpus, tmp_path / name, split="75/25")

    ended = run("diff", tmp_path / "one", tmp_path / "other")

    assert (ended.code, ended.out) == (0, "the datasets are equal: recipe, motions and numbers\n")


def test_recipe_motions_and_numbers_that_differ_are_named(run: Any, corpus: Path, tmp_path: Path) -> None:
    motionprep.build(corpus, tmp_path / "one", split="75/25", features="positions")
    stages = [{"stage": "permute_axes", "axes": "yzx"}, {"stage": "features", "arrays": ["positions"]}]
    motionprep.build(corpus, tmp_path / "other", recipe={"split": {"percent": "50/50"}, "stages": stages})

    ended = run("diff", tmp_path / "one", tmp_path / "other", "--json")

    found = json.loads(ended.out)
    assert ended.code == 1
    assert found["recipe"]["split.percent"] == ["75/25", "50/50"]
    assert ["train", "09_01"] in found["missing"]
    one, other = (motionprep.open(tmp_path / name)["train"]["02_01"]["positions"] for name in ("one", "other"))
    assert found["numbers"][0]["largest"] == float(abs(one.astype(float) - other.astype(float)).max())
