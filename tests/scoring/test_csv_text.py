"""Text in CSV files is shown by a spreadsheet and not computed; numbers stay numbers."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep.recipe.recipe import recipe_from_json
from motionprep.scoring import score
from motionprep.scoring.classes import score_classes
from motionprep.scoring.csv_text import as_text


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_would_be_a_formula_begins_with_an_apostrophe(sign: str) -> None:
    assert as_text(f"{sign}1+1") == f"'{sign}1+1"


def test_other_cells_are_left_alone() -> None:
    assert as_text("69_01 = 2") == "69_01 = 2"
    assert as_text("") == ""


def test_files_of_scores_have_no_formulas(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    values = np.random.default_rng(0).normal(size=(6, 2, 3)).astype(np.float32)
    for key in ("=walk", "@run"):
        np.save(tmp_path / "data" / f"{key}.npy", values)
    (tmp_path / "data" / "arrays.toml").write_text('names = ["=Hip", "-Knee"]\nrate = 30\nunits = "m"\n')
    labels = {"=walk": "+walk", "@run": "run"}
    motionprep.build(tmp_path / "data", tmp_path / "out", recipe=recipe_from_json({"reading": {"labels": labels}}))
    split = motionprep.open(tmp_path / "out")["train"]
    windows = split.windows(2, targets=["positions"])
    score(windows[:]["targets"], windows, frames_csv=tmp_path / "frames.csv")
    labelled = split.windows(2, features=["positions"], label=True)
    score_classes(labelled.labels, labelled, windows_csv=tmp_path / "windows.csv")

    for name in ("frames", "windows"):
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert {"'=walk", "'@run"} <= {row[0] for row in rows}
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
