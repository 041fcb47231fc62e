from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import motionprep
from motionprep.recipe.recipe import recipe_from_json


@pytest.fixture(scope="module")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset with a failed and a dropped motion."""
    folder = tmp_path_factory.mktemp("info")
    data = Path(shutil.copytree(corpus, folder / "data"))
    (data / "02" / "02_02.bvh").write_text("nothing")
    least = sorted(motionprep.read_bvh(path).frames for path in (data / "07").iterdir())[1]
    value = {
        "description": "Walks for a test",
        "split": {"train": ["02_*"], "test": ["07_*"]},
        "stages": [
            {"stage": "drop_short", "frames": least, "splits": ["test"]},
            {"stage": "downsample", "factor": 8, "splits": ["train"]},
        ],
    }
    motionprep.build(data, folder / "out", recipe=recipe_from_json(value))
    return folder / "out"


@pytest.fixture
def said(run: Any, built: Path) -> list[str]:
    """Return the lines that ``info`` prints."""
    ended = run("info", built)
    assert (ended.code, ended.err) == (0, "")
    return list(ended.out.splitlines())


def after(said: list[str], head: str) -> list[list[str]]:
    """Return the cells below a head up to the next empty line."""
    at = next(number for number, line in enumerate(said) if line.startswith(head)) + 1
    end = said.index("", at)
    return [line.split() for line in said[at:end]]


def test_splits_are_a_table(said: list[str], built: Path) -> None:
    splits = motionprep.open(built).facts["splits"]
    assert said[0].split() == ["split", "motions", "subjects", "frames", "duration", "shards"]
    assert after(said, "split") == [
        [name, "3", "1", str(splits[name]["frames"]), f"{splits[name]['seconds']:.1f}", "s", "1"] for name in splits
    ]


def test_parts_stand_below_the_split_that_they_are_of(run: Any, corpus: Path, out: Path) -> None:
    motionprep.build(corpus, out, recipe={"split": {"percent": "75/25", "parts": 3}})
    parts = motionprep.open(out).facts["splits"]["train"]["parts"]
    rows = after(run("info", out).out.splitlines(), "split")
    assert [row[0] for row in rows] == ["train", "train/1", "train/2", "train/3", "test"]
    assert [row[1:4] for row in rows[1:4]] == [["4", str(part["subjects"]), f"{part['frames']:,}"] for part in parts]


def test_labels_are_a_table_the_commonest_first(run: Any, corpus: Path, out: Path) -> None:
    labels = {f"02_0{number}": "walk forward" for number in (1, 2, 3)} | {"02_04": "run"}
    motionprep.build(corpus / "02", out, recipe={"split": {"percent": "75/25"}, "reading": {"labels": labels}})
    train, test = (motionprep.open(out)[name].frames for name in ("train", "test"))
    said = run("info", out).out.splitlines()
    assert next(line for line in said if line.startswith("label")).split() == [
        *("label", "split", "motions", "frames", "percent", "duration")
    ]
    assert after(said, "label") == [
        ["walk", "forward", "train", "3", str(train), "100.00", f"{train / 120:.1f}", "s"],
        ["run", "test", "1", str(test), "100.00", f"{test / 120:.1f}", "s"],
    ]


def test_frames_without_a_label_are_counted_beside_those_that_have_one(run: Any, corpus: Path, out: Path) -> None:
    motionprep.build(corpus / "02" / "02_01.bvh", out, recipe={"reading": {"labels": {"02_01": [[1, 20, "walk"]]}}})
    bare = motionprep.open(out)["train"].frames - 20
    assert [row[:4] for row in after(run("info", out).out.splitlines(), "label")] == [
        ["walk", "train", "1", "20"],
        ["(none)", "train", "1", str(bare)],
    ]


def test_without_labels_there_is_no_table_of_them(run: Any, corpus: Path, out: Path) -> None:
    motionprep.build(corpus / "02" / "02_01.bvh", out)
    assert "label" not in run("info", out).out


@pytest.mark.parametrize(
    ("flags", "rows", "more"), [([], 20, ["5 more; --classes lists them all"]), (["--classes"], 25, [])]
)
def test_of_many_labels_the_commonest_are_listed_and_all_on_request(
    run: Any, corpus: Path, out: Path, flags: list[str], rows: int, more: list[str]
) -> None:
    many = [[number, number, f"label{number}"] for number in range(1, 25)]
    motionprep.build(corpus / "02" / "02_01.bvh", out, recipe={"reading": {"labels": {"02_01": many}}})
    said = run("info", out, *flags).out.splitlines()
    assert len([row for row in after(said, "label") if "train" in row]) == rows
    assert [line for line in said if "more;" in line] == more


def test_features_are_a_table(said: list[str]) -> None:
    assert [" ".join(row) for row in after(said, "feature")] == [
        "positions float32 38 x 3",
        "rotations float32 31 x 3 x 3",
        "quaternions float32 31 x 4",
        "root_position float32 3",
    ]


def test_skeletons_are_a_table_with_joints_and_nodes(said: list[str]) -> None:
    assert [row[-4:] for row in after(said, "skeleton")] == [["31", "38", "3", "1"]] * 2


def test_stages_are_named_with_their_settings(said: list[str]) -> None:
    (line,) = [line for line in said if line.startswith("stages: ")]
    assert "drop_short (" in line
    assert "downsample (" in line
    assert "factor = 8" in line


def test_the_recipe_is_described(said: list[str]) -> None:
    assert "recipe: Walks for a test" in said


def test_bytes_are_reported_in_and_out(said: list[str]) -> None:
    (line,) = [line for line in said if line.startswith("bytes: ")]
    assert " kB in 16 files in, " in line
    assert line.endswith(" out")


def test_dropped_and_failed_motions_are_counted_with_their_reasons(said: list[str]) -> None:
    assert "dropped: 8 x in no split" in said
    assert sum(line.startswith("dropped: 1 x drop_short: ") for line in said) == 1
    assert "failed: 1 x 02/02_02.bvh:1:1: found 'nothing'; expected HIERARCHY" in said


def test_a_dataset_of_which_all_was_kept_says_so(run: Any, corpus: Path, out: Path) -> None:
    motionprep.build(corpus, out)
    assert "\ndropped or failed: none\n" in run("info", out).out


def test_skeletons_of_other_sizes_have_other_shapes(run: Any, real_data: Path, out: Path) -> None:
    motionprep.build([real_data / "cmu-bvh" / "12_01.bvh", real_data / "other-bvh" / "hdm-8walk.bvh"], out)
    (line,) = [line for line in run("info", out).out.splitlines() if line.startswith("positions")]
    assert " or " in line


def test_what_is_no_dataset_exits_with_1_and_one_line(run: Any, tmp_path: Path) -> None:
    ended = run("info", tmp_path)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"motionprep: {tmp_path}: is no motionprep dataset: it has no dataset.json\n"


def test_a_damaged_dataset_exits_with_1_and_names_the_damage(run: Any, built: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(built, tmp_path / "out"))
    (path,) = out.glob("stats-*")
    path.unlink()
    ended = run("info", out)
    assert (ended.code, path.name in ended.err) == (1, True)


def test_a_path_that_does_not_exist_is_wrong_usage(run: Any) -> None:
    assert run("info", "nowhere").code == 2


def test_the_help_says_what_is_shown(run: Any) -> None:
    ended = run("info", "--help")
    assert (ended.code, "Print what is in the dataset OUT" in ended.out) == (0, True)


def test_markers_are_a_table_with_the_sets_that_they_hold(run: Any, markers: Path, out: Path) -> None:
    motionprep.build(markers, out)
    said = run("info", out).out.splitlines()
    assert not any(line.startswith("skeleton") for line in said)
    (row,) = [line for line in said if line.startswith("C7, ")]
    assert re.search(r", \.\.\. +41 +3 ", row)
    assert row.endswith("right-arm, left-leg, right-leg")
    assert "cmu-41, limbs-17" in row
    (line,) = [line for line in said if line.startswith("bytes: ")]
    assert " in 3 files in, " in line


def test_of_pairs_skeletons_and_markers_are_shown_and_both_files_counted(run: Any, pairs: Path, out: Path) -> None:
    few = {"stage": "select_markers", "markers": ["C7", "T10"]}
    features = {"stage": "features", "arrays": ["positions", "markers"]}
    motionprep.build(pairs, out, recipe={"stages": [{"stage": "align", "method": "cmu"}, few, features]})
    said = run("info", out).out.splitlines()
    assert {tuple(row[-4:-2]) for row in after(said, "skeleton")} == {("31", "38")}
    assert [line.split() for line in said if line.startswith("C7, ")] == [["C7,", "T10", "2", "3", "none"]]
    (line,) = [line for line in said if line.startswith("bytes: ")]
    assert " in 6 files in, " in line


def test_a_dataset_of_skeletons_has_no_table_of_markers(said: list[str]) -> None:
    assert not any(line.startswith("markers") for line in said)


def test_as_json_it_has_what_dataset_json_has(run: Any, built: Path) -> None:
    found = json.loads(run("info", built, "--json").out)
    facts = motionprep.open(built).facts

    assert {name: split["frames"] for name, split in found["splits"].items()} == {
        name: split["frames"] for name, split in facts["splits"].items()
    }
    assert found["left_out"] == facts["left_out"]
    assert found["skeletons"][0]["joint_names"][0] == "Hips"


def test_info_counts_findings_where_the_sources_were_checked(run, corpus, out, tmp_path):
    motionprep.build(corpus, out, check=True)
    motionprep.build(corpus, tmp_path / "plain")
    found = json.loads(run("info", out, "--json").out)["found"]

    assert found["note"]["range-t-pose"] == 16
    assert found["error"] == {}
    assert "notes: range-t-pose 16" in run("info", out).out
    assert json.loads(run("info", tmp_path / "plain", "--json").out)["found"] is None
