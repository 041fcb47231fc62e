from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motionprep
from motionprep.recipe.recipe import recipe_from_json

TASK = {"inputs": ["positions[*-Hips]"], "targets": ["positions[Hips,Head,LeftFoot]"], "length": 3, "stride": 3}


@pytest.fixture(scope="module")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset whose recipe has a task."""
    out = tmp_path_factory.mktemp("score") / "out"
    value = {
        "split": {"train": ["02_*"], "test": ["07_01", "09_01"]},
        "stages": [{"stage": "features", "arrays": ["positions", "rotations"]}],
        "task": TASK,
    }
    motionprep.build(corpus, out, recipe=recipe_from_json(value))
    return out


@pytest.fixture
def pred(built: Path, tmp_path: Path) -> Path:
    """Return predictions for the task's windows of test, all of them 5 units off."""
    targets = motionprep.open(built)["test"].windows()[:]["targets"]
    np.save(tmp_path / "pred.npy", targets.reshape(*targets.shape[:2], 3, 3) + np.float32([3, 4, 0]))
    return tmp_path / "pred.npy"


def test_predictions_of_the_task_are_scored_in_one_line(run: Any, built: Path, pred: Path) -> None:
    ended = run("score", pred, built, "--unit-mm", 56.444, "--threshold", 5.5)
    count = len(motionprep.open(built)["test"].windows())
    first, head, row = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert first == f"{count} windows, of length 3; PCK at 5.5 stored units"
    assert " ".join(head.split()) == "field ED MPJPE mm PA-MPJPE mm PCK velocity acceleration"
    field, ed, mm, aligned, share, *_ = row.split()
    assert (field, ed, mm, share) == ("positions[Hips,Head,LeftFoot]", "5", "282.22", "100.00%")
    assert float(aligned) < 0.01


def test_without_a_unit_it_is_said_how_to_give_it(run: Any, built: Path, pred: Path) -> None:
    ended = run("score", pred, built)
    assert "MPJPE mm" not in ended.out
    assert ended.out.splitlines()[-1].endswith("for CMU's BVH files give --unit-mm 56.444")


def test_each_way_of_telling_apart_is_a_table_of_its_own(run: Any, built: Path, pred: Path) -> None:
    ended = run("score", pred, built, "--by", "joint", "--by", "subject", "--by", "motion")
    _, *tables = ended.out.split("\n\n")
    assert [[line.split()[0] for line in table.splitlines()] for table in tables] == [
        ["joint", "Hips", "Head", "LeftFoot"],
        ["subject", "07", "09"],
        ["motion", "07_01", "09_01"],
    ]


def test_windows_and_targets_may_be_others_than_the_tasks(run: Any, built: Path, tmp_path: Path) -> None:
    windows = motionprep.open(built)["train"].windows(2, 2, 2, targets=["rotations", "positions[Hips]"])
    np.save(tmp_path / "pred.npy", windows[:]["targets"])
    targets = ("--targets", "rotations,positions[Hips]")
    sizes = ("--length", 2, "--stride", 2, "--step", 2)
    ended = run("score", tmp_path / "pred.npy", built, "--split", "train", *targets, *sizes, "--by", "subject")
    assert (ended.code, ended.out.splitlines()[0].split(";")[0]) == (0, f"{len(windows):,} windows, of length 2")
    assert [line.split()[0] for line in ended.out.splitlines()[2:4]] == ["rotations", "positions[Hips]"]
    assert "\nsubject of rotations" in ended.out


def test_the_csv_is_written_whole(run: Any, built: Path, pred: Path, tmp_path: Path) -> None:
    ended = run("score", pred, built, "--csv", tmp_path / "frames.csv")
    with (tmp_path / "frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert ended.code == 0
    assert {float(row["positions[Hips]"]) for row in rows} == {5.0}
    assert len(rows) == 3 * len(motionprep.open(built)["test"].windows())


@pytest.mark.parametrize("option", ["--csv", "--plot"])
def test_no_file_of_another_kind_is_written_over(
    run: Any, built: Path, pred: Path, option: str, tmp_path: Path
) -> None:
    source = tmp_path / "walk.bvh"
    source.write_text("mine")
    ended = run("score", pred, built, option, source)
    assert (ended.code, f"{option} {source}: is there already, and no " in ended.err) == (2, True)
    assert source.read_text() == "mine"


@pytest.mark.parametrize("option", ["--csv", "--plot"])
def test_nothing_that_is_read_is_written_over(run: Any, built: Path, pred: Path, option: str) -> None:
    before = pred.read_bytes()
    ended = run("score", pred, built, option, pred)
    assert (ended.code, f"{option} {pred}: is where the predictions are" in ended.err) == (2, True)
    ended = run("score", pred, built, option, built / "dataset.json")
    assert (ended.code, f"is in the dataset {built}; choose another place" in ended.err) == (2, True)
    assert pred.read_bytes() == before
    assert motionprep.open(built).splits == ("train", "test")


def test_two_things_are_not_written_to_one_place(run: Any, built: Path, pred: Path, tmp_path: Path) -> None:
    ended = run("score", pred, built, "--csv", tmp_path / "x", "--plot", tmp_path / "x")
    assert (ended.code, "is where the numbers of --csv are" in ended.err) == (2, True)
    assert not (tmp_path / "x").exists()


def test_the_plot_is_a_page_of_its_own(run: Any, built: Path, pred: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    ended = run("score", pred, built, "--plot", tmp_path / "frames.html")
    assert ended.code == 0
    assert "<title>07_01: mean" in (tmp_path / "frames.html").read_text(encoding="utf-8")


def test_the_plot_shows_the_worst_motion_beside_its_prediction(
    run: Any, built: Path, pred: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    windows = motionprep.open(built)["test"].windows()
    (_, first), (worst, _) = windows.motions
    predictions = np.load(pred)
    predictions[first] = windows[first]["targets"].reshape(predictions[first].shape)
    np.save(pred, predictions)
    run("score", pred, built, "--plot", tmp_path / "frames.html")

    page = (tmp_path / "frames.html").read_text(encoding="utf-8")
    assert f"{worst.key}, the worst on average, is in the player." in page
    assert f'"open":{{"motion":"{worst.key}","frame":1,"beside":"{worst.key} (prediction)","start":1}}' in page


def test_the_plot_says_why_it_shows_no_motion(run: Any, built: Path, pred: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    targets = motionprep.open(built)["test"].windows(3, 1)[:]["targets"]
    np.save(pred, targets)
    ended = run("score", pred, built, "--stride", 1, "--plot", tmp_path / "frames.html")

    page = (tmp_path / "frames.html").read_text(encoding="utf-8")
    assert (ended.code, "The player does not show them: " in page) == (0, True)
    assert "<canvas" not in page


def test_a_plot_without_matplotlib_exits_with_1_before_anything_is_read(
    run: Any, built: Path, pred: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    ended = run("score", pred, built, "--plot", tmp_path / "frames.html")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "motionprep: charts need Matplotlib, which is not installed: pip install matplotlib\n"
    assert not (tmp_path / "frames.html").exists()


@pytest.fixture(scope="module")
def labelled(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset whose task is to tell classes."""
    out = tmp_path_factory.mktemp("labelled") / "out"
    value = {
        "split": {"train": ["02_*"], "test": ["07_01", "07_02"]},
        "reading": {"labels": {"02_01": "jump", "07_01": "run", "07_02": "walk"}},
        "task": {"inputs": ["positions"], "length": 5, "stride": 5, "label": True},
    }
    motionprep.build(corpus, out, recipe=recipe_from_json(value))
    return out


def test_classes_are_scored_where_the_task_has_a_label_and_no_targets(run: Any, labelled: Path, tmp_path: Path) -> None:
    windows = motionprep.open(labelled)["test"].windows()
    np.save(tmp_path / "pred.npy", np.full(len(windows), 2))
    ended = run("score", tmp_path / "pred.npy", labelled, "--by", "class", "--by", "confusion", "--by", "motion")
    runs, walks = (np.count_nonzero(windows.labels == number) for number in (1, 2))
    total, share, recalled = runs + walks, f"{walks / (runs + walks):.2%}", 2 * walks / (runs + 2 * walks)
    assert (ended.code, ended.err) == (0, "")
    assert [line.split() for line in ended.out.splitlines()] == [
        f"{total} windows, of length 5; 3 classes".split(),
        ["field", "accuracy", "macro", "F1"],
        ["label", share, f"{recalled / 2:.4f}"],
        [],
        ["class", "windows", "predicted", "precision", "recall", "F1"],
        ["run", f"{runs}", "0", "0.00%", "0.0000"],
        ["walk", f"{walks}", f"{total}", share, "100.00%", f"{recalled:.4f}"],
        [],
        ["taken", "for", "run", "walk"],
        ["run", "0", f"{runs}"],
        ["walk", "0", f"{walks}"],
        [],
        ["motion", "windows", "accuracy"],
        ["07_01", f"{runs}", "0.00%"],
        ["07_02", f"{walks}", "100.00%"],
    ]


def test_the_csv_of_classes_has_a_row_for_each_window(run: Any, labelled: Path, tmp_path: Path) -> None:
    windows = motionprep.open(labelled)["test"].windows()
    np.save(tmp_path / "pred.npy", np.eye(3)[windows.labels])
    assert run("score", tmp_path / "pred.npy", labelled, "--csv", tmp_path / "windows.csv").code == 0
    with (tmp_path / "windows.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [row["predicted"] for row in rows]
    assert len(rows) == len(windows)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--by", "joint"], "--by joint: classes can be grouped by class, confusion, subject, motion"),
        (["--plot", "frames.html"], "--plot: classes have no curve over the frames; leave it out"),
        (["--threshold", "0.1"], "--threshold: classes are right or wrong; leave it out"),
        (["--unit-mm", "56.444"], "--unit-mm: classes have no length; leave it out"),
        (["--no-normalize"], "--no-normalize: classes are never normalized; leave it out"),
    ],
)
def test_what_classes_have_not_is_refused(
    run: Any, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "pred.npy", motionprep.open(labelled)["test"].windows().labels)
    ended = run("score", tmp_path / "pred.npy", labelled, *words)
    assert (ended.code, ended.out, told in ended.err) == (2, "", True)


def test_targets_are_not_told_by_class(run: Any, built: Path, pred: Path) -> None:
    ended = run("score", pred, built, "--by", "class")
    assert (ended.code, ended.err) == (2, "motionprep: --by class: targets can be grouped by joint, subject, motion\n")


def test_predictions_of_another_shape_exit_with_2_and_one_line(run: Any, built: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "pred.npy", np.zeros((4, 9)))
    ended = run("score", tmp_path / "pred.npy", built)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"motionprep: {tmp_path / 'pred.npy'}: predictions have shape (4, 9); expected (")
    assert ended.err.count("\n") == 1


def test_a_rotation_of_zeros_is_reported_with_its_file_and_window(run: Any, built: Path, tmp_path: Path) -> None:
    values = motionprep.open(built)["test"].windows(1, 1, targets=["rotations"])[:]["targets"]
    values[10] = 0
    np.save(tmp_path / "pred.npy", values)
    ended = run("score", tmp_path / "pred.npy", built, "--targets", "rotations", "--length", 1, "--stride", 1)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"motionprep: {tmp_path / 'pred.npy'}: window 10: a rotation of zeros, ")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--split", "val"], 2, "there is no split 'val'; there are train, test"),
        (["--targets", "markers"], 1, "there is no feature 'markers' in test; there are positions, rotations"),
        (["--targets", "positions[Feet]"], 1, "positions[Feet]: no Feet"),
        (["--length", "9999"], 1, "test has no window"),
        (["--unit-mm", "0"], 2, "0.0 is not in the range"),
        (["--csv", "nowhere/frames.csv"], 2, "nowhere/frames.csv: there is no folder nowhere; make it first"),
    ],
)
def test_what_is_not_there_is_reported(
    run: Any, built: Path, pred: Path, words: list[str], code: int, told: str
) -> None:
    ended = run("score", pred, built, *words)
    assert (ended.code, ended.out, told in ended.err) == (code, "", True)


def test_a_file_that_is_no_array_exits_with_2(run: Any, built: Path, tmp_path: Path) -> None:
    (tmp_path / "pred.npy").write_text("0.5\n0.7\n")
    ended = run("score", tmp_path / "pred.npy", built)
    assert (ended.code, "is no whole .npy file of numbers" in ended.err) == (2, True)


def test_several_predictions_are_rows_of_one_table(run: Any, built: Path, pred: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "worse.npy", np.load(pred) + np.float32([3, 4, 0]))
    ended = run("score", pred, tmp_path / "worse.npy", built)

    assert ended.code == 0
    assert [line.split()[:3] for line in ended.out.splitlines()] == [
        ["prediction", "field", "ED"],
        ["pred", "positions[Hips,Head,LeftFoot]", "5"],
        ["worse", "positions[Hips,Head,LeftFoot]", "10"],
    ]
    assert [*json.loads(run("score", pred, tmp_path / "worse.npy", built, "--json").out)] == ["pred", "worse"]


def test_a_table_of_scores_is_written_as_csv_and_as_markdown(run: Any, built: Path, pred: Path, tmp_path: Path) -> None:
    for name in ("table.csv", "table.md"):
        assert run("score", pred, built, "--table", tmp_path / name).code == 0

    (row,) = csv.DictReader((tmp_path / "table.csv").read_text(encoding="utf-8").splitlines())
    assert (row["prediction"], row["field"], float(row["ed"])) == ("pred", "positions[Hips,Head,LeftFoot]", 5.0)
    head, rule, line = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    assert head.startswith("| prediction | field | ed |")
    assert rule.startswith("| --- | --- | ---: |")
    assert line.startswith("| pred | positions[Hips,Head,LeftFoot] | 5 |")


def test_a_table_of_another_suffix_is_refused(run: Any, built: Path, pred: Path, tmp_path: Path) -> None:
    ended = run("score", pred, built, "--table", tmp_path / "table.xlsx")
    assert (ended.code, "a table is written as .csv or .md; name it so" in ended.err) == (2, True)


@pytest.mark.parametrize("options", [("--by", "joint"), ("--csv", "a.csv"), ("--plot", "a.html")])
def test_what_is_of_one_prediction_is_refused_for_several(
    run: Any, built: Path, pred: Path, options: tuple[str, str]
) -> None:
    ended = run("score", pred, pred, built, *options)
    assert (ended.code, "--csv, --plot and --by are of one prediction" in ended.err) == (2, True)
