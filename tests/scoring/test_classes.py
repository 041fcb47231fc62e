"""Scores of predicted classes, against what is counted by hand."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motionprep
from motionprep.dataset.windows import Windows
from motionprep.errors import PredictionError
from motionprep.recipe.recipe import recipe_from_json
from motionprep.scoring.classes import score_classes


@pytest.fixture(scope="module")
def windows(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Windows:
    """Return windows of test, of the classes jump, run and walk; nobody jumps on test."""
    out = tmp_path_factory.mktemp("classes") / "out"
    labels = {
        "02_01": "jump",
        "02_02": "walk",
        "07_01": "walk",
        "07_02": "run",
        "09_01": [[1, 10, "walk"], [31, 50, "run"]],
    }
    recipe = {
        "split": {"train": ["02_*"], "test": ["07_01", "07_02", "09_01"]},
        "reading": {"labels": labels},
        "task": {"inputs": ["positions"], "length": 5, "stride": 5, "label": True},
    }
    motionprep.build(corpus, out, recipe=recipe_from_json(recipe))
    return motionprep.open(out)["test"].windows()


@pytest.fixture(scope="module")
def predicted(windows: Windows) -> Any:
    """Return the true classes, but for two windows that walk and are taken for jumps, and the last that runs."""
    classes = windows.labels.copy()
    classes[np.flatnonzero(classes == 2)[[0, -1]]] = 0
    classes[-1] = 2
    return classes


def test_a_perfect_prediction_is_right_everywhere(windows: Windows) -> None:
    assert score_classes(windows.labels, windows).mean() == {"accuracy": 1, "macro_f1": 1}


def test_each_class_has_its_windows_its_precision_and_its_recall(windows: Windows, predicted: Any) -> None:
    scores = score_classes(predicted, windows)
    walks, runs = (np.count_nonzero(windows.labels == number) for number in (2, 1))
    found = scores.by("class")

    assert scores.classes == ("jump", "run", "walk")
    assert scores.confusion.tolist() == [[0, 0, 0], [0, runs - 1, 1], [2, 0, walks - 2]]
    assert list(found) == ["jump", "run", "walk"]
    assert (found["jump"]["windows"], found["jump"]["predicted"], found["jump"]["precision"]) == (0, 2, 0)
    assert np.isnan(found["jump"]["recall"])
    assert found["walk"]["precision"] == pytest.approx((walks - 2) / (walks - 1))
    assert found["walk"]["recall"] == pytest.approx((walks - 2) / walks)
    f1 = [0, 2 * (runs - 1) / (2 * runs - 1), 2 * (walks - 2) / (2 * walks - 1)]
    assert [found[name]["f1"] for name in scores.classes] == pytest.approx(f1)
    assert scores.mean() == pytest.approx({"accuracy": 1 - 3 / len(windows), "macro_f1": np.mean(f1)})


def test_motions_and_subjects_have_an_accuracy_each(windows: Windows, predicted: Any) -> None:
    scores = score_classes(predicted, windows)
    spans = {motion.key: span for motion, span in windows.motions}
    right = {key: np.mean(predicted[span] == windows.labels[span]) for key, span in spans.items()}

    assert {name: told["accuracy"] for name, told in scores.by("motion").items()} == pytest.approx(right)
    assert scores.by("subject")["07"]["windows"] == spans["07_02"].stop
    assert scores.by("subject")["09"]["accuracy"] == pytest.approx(right["09_01"])


def test_of_a_number_for_each_class_the_largest_counts(windows: Windows, predicted: Any) -> None:
    numbers = np.random.default_rng(0).normal(size=(len(windows), 3))
    numbers[np.arange(len(windows)), predicted] += 9

    assert np.array_equal(score_classes(numbers, windows).predicted, predicted)


def test_whole_numbers_may_be_floats(windows: Windows, predicted: Any) -> None:
    assert np.array_equal(score_classes(predicted.astype(np.float32), windows).predicted, predicted)


def test_the_csv_has_a_row_for_each_window(windows: Windows, predicted: Any, tmp_path: Path) -> None:
    score_classes(predicted, windows, windows_csv=tmp_path / "windows.csv")
    with (tmp_path / "windows.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert [int(row["window"]) for row in rows] == list(range(len(windows)))
    assert rows[-1] == {
        "motion": "09_01",
        "subject": "09",
        "window": str(len(windows) - 1),
        "frame": str(windows.where(-1)[1].start),
        "label": "run",
        "predicted": "walk",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["windows.csv"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda classes: classes[:-1],
            r"predictions have shape \(.*\); expected \((\d+),\), .* or \(\1, 3\), a number",
        ),
        (lambda classes: np.zeros((len(classes), 4)), r"predictions have shape \(\d+, 4\); expected"),
        (lambda classes: classes.astype(str), "predictions are <U.*; expected numbers such as int64"),
        (lambda classes: np.where(np.arange(len(classes)) == 4, np.nan, 0.0), "window 4: the prediction is not finite"),
        (lambda classes: np.where(np.arange(len(classes)) == 4, 3, 0), "window 4: the class is 3; expected 0 to 2"),
        (
            lambda classes: np.where(np.arange(len(classes)) == 4, 0.5, 0),
            r"window 4: the class is 0\.5; expected 0 to 2",
        ),
        (lambda classes: np.where(np.arange(len(classes)) == 4, -1, 0), "window 4: the class is -1; expected 0 to 2"),
    ],
)
def test_what_are_no_classes_is_refused(windows: Windows, predicted: Any, change: Any, message: str) -> None:
    with pytest.raises(PredictionError, match=message):
        score_classes(change(predicted), windows)


def test_windows_without_labels_are_refused(windows: Windows) -> None:
    with pytest.raises(PredictionError, match="the windows have no labels to compare classes with"):
        score_classes(np.zeros(3, int), windows.split.windows(5, features=["positions"], label=False))


def test_anything_else_to_report_by_is_refused(windows: Windows) -> None:
    with pytest.raises(ValueError, match="by is 'joint'; it is class, subject or motion"):
        score_classes(windows.labels, windows).by("joint")
