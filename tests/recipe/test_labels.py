"""Labels: whence they come, and where they lie in what is stored."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import motionprep
from motionprep import build, read_bvh
from motionprep.building import plan
from motionprep.errors import MotionPrepWarning, RecipeError
from motionprep.recipe import labels
from motionprep.recipe.labels import ClassRow
from motionprep.recipe.recipe import LabelRange, Reading, Recipe, recipe_from_json

RANGES = ((1, 20, "walk"), (21, 30, "turn"), (41, 60, "walk"))


def row_of(out: Path, key: str) -> Any:
    manifest = motionprep.open(out).manifest.astype(object)
    return manifest.where(manifest.notna(), None).set_index("key").loc[key]


# Whence they come


KEYS = ["02_01", "02_02", "02_03"]
NAMES = ["02/walk_02_01.bvh", "02/run_02_02.bvh", "02/02_03.bvh"]


def test_the_recipe_says_more_than_its_pattern_and_its_pattern_more_than_the_index() -> None:
    reading = Reading(labels={"02_02": "jog"}, label_pattern="(?P<label>[a-z]+)_")

    assert labels.assign(reading, KEYS, NAMES, {}) == ["walk", "jog", ""]
    assert labels.assign(Reading(), KEYS, NAMES, {"02_03": "jump"}) == ["", "", "jump"]


def test_a_pattern_is_searched_for_in_the_path_without_its_suffix() -> None:
    assert labels.assign(Reading(label_pattern="(?P<label>[a-z]*)$"), ["a"], ["x/jump.bvh"], {}) == ["jump"]


def test_a_label_that_the_recipe_leaves_empty_is_none() -> None:
    reading = Reading(labels={"02_01": ""}, label_pattern="(?P<label>[a-z]+)_")

    assert labels.assign(reading, KEYS[:1], NAMES[:1], {}) == [""]


def test_of_ranges_the_label_of_the_most_frames_is_that_of_the_whole() -> None:
    assert labels.main(((1, 20, "turn"), (21, 50, "walk"), (51, 70, "turn"))) == "turn"


def test_keys_of_no_motion_and_motions_of_no_label_are_reported() -> None:
    reading = Reading(
        labels={"02_01": "walk", "03_01": "run"},
        rates={f"04_{number}": 60.0 for number in range(7)},
        label_pattern="(?P<label>[a-z]+)_",
    )
    named = labels.assign(reading, KEYS, NAMES, {})

    assert labels.strangers(reading, KEYS) == [
        "labels: 1 of 2 keys match no motion: 03_01",
        "rates: 7 of 7 keys match no motion: 04_0, 04_1, 04_2, 04_3, 04_4, ...",
    ]
    assert labels.unlabelled(reading, KEYS, named) == ["label_pattern: finds nothing in 1 of 3 motions: 02_03"]


def test_a_key_of_megabytes_is_reported_in_a_line() -> None:
    (said,) = labels.strangers(Reading(labels={"x" * 10**7: "walk"}), ["02_01"])

    assert said == f"labels: 1 of 1 keys match no motion: {'x' * 60}..."


def test_tables_that_speak_of_what_is_there_need_no_word() -> None:
    assert labels.strangers(Reading(labels={"02_01": "walk"}, rates={"02_02": 60.0}), KEYS) == []


def test_labels_with_too_few_motions_are_reported() -> None:
    assert labels.too_few({"": 2, "jump": 1}) == [
        "stratify: of 2 labels not every split has a motion: no label (2), jump (1)"
    ]


def test_frames_beyond_the_file_are_refused_with_key_frames_and_label() -> None:
    labels.check("02_01", RANGES, 60)
    with pytest.raises(RecipeError) as error:
        labels.check("02_01", RANGES, 59)
    assert str(error.value) == "labels: frames 41-60 of '02_01' (walk) leave its file, which has 59 frames"


# Where they lie


def stored(frames: int, first: float = 0, step: float = 1) -> dict[str, Any]:
    """Return what a shard says of so many frames, the first of which was frame ``first`` of the file."""
    return {"frames": frames, "in_file": [float(first), float(step)]}


@st.composite
def ranges(draw: st.DrawFn) -> tuple[LabelRange, ...]:
    ends = sorted(draw(st.lists(st.integers(1, 80), min_size=2, max_size=10, unique=True)))
    words = draw(st.lists(st.sampled_from(["walk", "run"]), min_size=5, max_size=5))
    return tuple((a, b - 1, word) for a, b, word in zip(ends, ends[1:], words, strict=False) if word != "run" or b % 2)


@given(ranges().filter(bool), st.integers(0, 40), st.integers(1, 9), st.integers(0, 60))
def test_a_stored_frame_has_the_label_of_the_frame_of_the_file_that_it_is(
    given_ranges: tuple[LabelRange, ...], first: int, step: int, frames: int
) -> None:
    in_file = [next((word for a, b, word in given_ranges if a <= at + 1 <= b), None) for at in range(1000)]

    columns = labels.columns(given_ranges, stored(frames, first, step))

    found: list[str | None] = [None] * frames
    for start, stop, word in labels.of_row({**columns, "frames": frames}):
        assert found[start:stop] == [None] * (stop - start)
        found[start:stop] = [word] * (stop - start)
    assert found == in_file[first : first + step * frames : step]


@given(ranges().filter(bool), st.integers(0, 2), st.integers(0, 2), st.integers(1, 3), st.integers(1, 9))
def test_frames_of_clips_have_the_labels_of_their_clips(
    given_ranges: tuple[LabelRange, ...], before: int, first: int, step: int, clips: int
) -> None:
    in_file = [next((word for a, b, word in given_ranges if a <= at + 1 <= b), None) for at in range(1000)]
    kept = range(first, 7, step)
    of_clips = {"clip": len(kept), "clip_in_file": 7}

    columns = labels.columns(given_ranges, stored(clips * len(kept), before * 7 + first, step) | of_clips)

    found: list[str | None] = [None] * (clips * len(kept))
    for start, stop, word in labels.of_row({**columns, "frames": len(found)}):
        found[start:stop] = [word] * (stop - start)
    assert found == [in_file[7 * clip + frame] for clip in range(before, before + clips) for frame in kept]


def test_ranges_that_meet_under_one_label_are_one() -> None:
    columns = labels.columns(((1, 9, "walk"), (10, 20, "walk"), (22, 30, "walk")), stored(40))

    assert columns == {"label": None, "labels": '[[0,20,"walk"],[21,30,"walk"]]'}


def test_a_range_over_all_that_is_stored_is_the_label_of_the_whole() -> None:
    assert labels.columns(RANGES, stored(8, 22)) == {"label": "turn", "labels": None}


def test_where_no_range_is_stored_there_is_no_label() -> None:
    assert labels.columns(RANGES, stored(5, 60)) == labels.columns(RANGES, None) == {"label": None, "labels": None}


def test_the_label_of_a_whole_motion_stays_that() -> None:
    assert labels.columns("walk", stored(8, 5, 3)) == {"label": "walk", "labels": None}
    assert labels.columns("", stored(8, 5, 3)) == {"label": None, "labels": None}


# Counted


def row(split: str, frames: int, **more: Any) -> dict[str, Any]:
    return {"status": "ok", "split": split, "label": None, "labels": None, "frames": frames, "fps": 100.0} | more


def test_labels_are_counted_split_by_split_the_commonest_first_and_what_has_none_last() -> None:
    rows = [
        row("train", 600, label="walk"),
        row("train", 400, labels='[[0,100,"run"],[100,150,"walk"],[200,300,"run"]]'),
        row("test", 50, label="jump"),
        row("test", 150, label="walk"),
        row("train", 900, label="walk", status="dropped"),
    ]

    table = labels.table(rows, ["train", "test"])

    assert [tuple(row[:4]) for row in table] == [
        ("walk", "train", 2, 650),
        ("walk", "test", 1, 150),
        ("run", "train", 1, 200),
        ("jump", "test", 1, 50),
        (None, "train", 1, 150),
    ]
    assert [row.percent for row in table] == pytest.approx([65, 75, 20, 25, 15])
    assert [row.hours for row in table] == pytest.approx([frames / 360_000 for frames in (650, 150, 200, 50, 150)])


def test_a_split_of_no_frames_has_no_percentages() -> None:
    assert labels.table([row("train", 0, label="walk")], ["train"]) == [ClassRow("walk", "train", 1, 0, 0.0, 0.0)]


# In a dataset


def recipe(*stages: dict[str, Any], split: Any = None, **reading: Any) -> Recipe:
    return recipe_from_json({"stages": list(stages), "split": split or {}, "reading": reading})


@pytest.mark.parametrize(
    ("stages", "split", "expected"),
    [
        ([], {}, [[0, 20, "walk"], [20, 30, "turn"], [40, 60, "walk"]]),
        ([{"stage": "trim", "t_pose": 1}], {}, [[0, 19, "walk"], [19, 29, "turn"], [39, 59, "walk"]]),
        ([{"stage": "downsample", "factor": 8}], {}, [[0, 3, "walk"], [3, 4, "turn"], [5, 8, "walk"]]),
        (
            [{"stage": "downsample", "factor": 4, "lowpass": True}, {"stage": "trim", "first": 9}],
            {},
            [[0, 3, "walk"], [3, 6, "turn"], [8, 13, "walk"]],
        ),
        ([], {"train": [{"motions": "02_01", "frames": "15-50"}]}, [[0, 6, "walk"], [6, 16, "turn"], [26, 36, "walk"]]),
    ],
    ids=["whole", "trim", "downsample", "lowpass", "frames"],
)
def test_ranges_are_reported_in_stored_frames(
    corpus: Path, tmp_path: Path, stages: list[dict[str, Any]], split: Any, expected: list[Any]
) -> None:
    build(corpus / "02" / "02_01.bvh", tmp_path / "out", recipe=recipe(*stages, split=split, labels={"02_01": RANGES}))

    found = row_of(tmp_path / "out", "02_01")

    assert (found.label, json.loads(found.labels)) == (None, expected)


def test_ranges_follow_a_take_that_is_played_faster(corpus: Path, tmp_path: Path) -> None:
    # Where the root is says which frame of the file a stored one was.
    source = read_bvh(corpus / "02" / "02_01.bvh").root_position()
    stages = ({"stage": "downsample", "factor": 2}, {"stage": "speed", "least": 1.5, "most": 1.6})
    build(corpus / "02" / "02_01.bvh", tmp_path / "out", recipe=recipe(*stages, labels={"02_01": RANGES}))

    motion = motionprep.open(tmp_path / "out")["train"]["02_01"]
    times = 2 * motion.facts["speed"] * np.arange(motion.frames)
    found: list[str | None] = [None] * motion.frames
    for start, stop, word in json.loads(motion.row["labels"]):
        found[start:stop] = [word] * (stop - start)

    every_other = np.arange(0, len(source), 2)
    interpolated = np.stack([np.interp(times, every_other, source[::2, axis]) for axis in range(3)], axis=1)
    np.testing.assert_allclose(motion["root_position"], interpolated, atol=1e-3)
    assert found == [next((word for a, b, word in RANGES if a - 1 <= time < b), None) for time in times]


@pytest.mark.parametrize("after", [{"02_01": "walk"}, {"02_01": ((1, 12, "fall"),)}, {"02_01": RANGES, "07_01": "run"}])
def test_a_changed_label_makes_no_shard_and_ends_as_a_fresh_build(
    corpus: Path, tmp_path: Path, after: dict[str, Any]
) -> None:
    stages = [{"stage": "trim", "t_pose": 1}, {"stage": "downsample", "factor": 4}]
    build(corpus, tmp_path / "out", recipe=recipe(*stages, labels={"02_01": RANGES}))

    summary = build(corpus, tmp_path / "out", recipe=recipe(*stages, labels=after))
    build(corpus, tmp_path / "fresh", recipe=recipe(*stages, labels=after))

    assert (summary.changed, summary.made) == (True, 0)
    manifest = motionprep.open(tmp_path / "fresh").manifest
    pd.testing.assert_frame_equal(motionprep.open(tmp_path / "out").manifest, manifest)


def test_a_dropped_motion_has_the_label_of_the_whole_and_no_ranges(corpus: Path, tmp_path: Path) -> None:
    given_labels = {"02_01": RANGES, "02_02": "walk"}
    build(corpus, tmp_path / "out", recipe=recipe(split={"train": ["07_*"]}, labels=given_labels))

    one, other = row_of(tmp_path / "out", "02_01"), row_of(tmp_path / "out", "02_02")

    assert (one.label, one.labels, other.label) == (None, None, "walk")


def test_a_range_beyond_the_file_stops_the_build_before_a_shard_is_made(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(
        RecipeError, match=r"labels: frames 1-9000 of '02_01' \(walk\) leave its file, which has \d+ frames"
    ):
        build(corpus, tmp_path / "out", recipe=recipe(labels={"02_01": ((1, 9000, "walk"),)}))
    assert not (tmp_path / "out").exists()


def test_where_a_header_may_be_wrong_a_range_is_held_against_the_rows_that_are_there(
    corpus: Path, tmp_path: Path
) -> None:
    path = tmp_path / "02_01.bvh"
    frames = read_bvh(corpus / "02" / "02_01.bvh").frames
    path.write_text((corpus / "02" / "02_01.bvh").read_text().replace(f"Frames: {frames}", "Frames: 9"))
    stop = {"02_01": ((1, frames, "walk"),)}

    build(path, tmp_path / "out", recipe=recipe(labels=stop, lenient=True))
    with pytest.raises(RecipeError, match=f"leave its file, which has {frames} frames"):
        build(path, tmp_path / "out", recipe=recipe(labels={"02_01": ((1, frames + 1, "walk"),)}, lenient=True))

    assert row_of(tmp_path / "out", "02_01").label == "walk"


def test_a_build_reports_keys_that_no_motion_has(corpus: Path, tmp_path: Path) -> None:
    asked = recipe(labels={"99_01": "walk"})

    for _ in range(2):
        with pytest.warns(MotionPrepWarning, match="1 of 1 keys match no motion: 99_01"):
            assert len(build(corpus, tmp_path / "out", recipe=asked).doubts) == 1


def test_a_split_that_stratifies_goes_by_the_commonest_label_of_each_motion(corpus: Path, tmp_path: Path) -> None:
    walks = {f"{subject}_0{number}": "walk" for subject in ("02", "07") for number in (1, 2, 3, 4)}
    turns: dict[str, Any] = {
        f"{subject}_0{number}": ((1, 10, "walk"), (11, 40, "turn"))
        for subject in ("09", "16")
        for number in (1, 2, 3, 4)
    }
    split = {"percent": "75/25", "stratify": True}

    made = plan.make_plan([corpus], tmp_path / "out", recipe(split=split, labels=walks | turns))

    test = [row.take_files.key for row in made.rows if row.split == "test"]
    assert test == ["07_03", "07_04", "16_03", "16_04"]
    assert made.notes == ()


def test_a_label_that_is_not_on_every_split_is_reported_and_no_error(corpus: Path, tmp_path: Path) -> None:
    split = {"percent": "75/25", "stratify": True}

    made = plan.make_plan([corpus], tmp_path / "out", recipe(split=split, labels={"02_01": "jump"}))

    assert made.notes == ("stratify: of 1 labels not every split has a motion: jump (1)",)


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"label_pattern": "(?P<label>nothing)"}, ""),
        ({"labels": {"02_01": "walk"}}, "of 'test' "),
        ({"labels": {"02_01": "walk", "16_04": ((1, 9, "turn"),)}}, None),
    ],
)
def test_a_task_on_classes_reports_where_no_motion_has_a_label(
    corpus: Path, tmp_path: Path, told: dict[str, Any], where: str | None
) -> None:
    task = {"inputs": ["positions.xy"], "label": True}
    asked = recipe_from_json({"split": {"percent": "75/25"}, "reading": told, "task": task})

    notes = [note for note in plan.make_plan([corpus], tmp_path / "out", asked).notes if note.startswith("task")]

    expected = f"task: label = true, but no motion {where}has a label; give `labels`, `index` or `label_pattern`, "
    assert notes == ([] if where is None else [f"{expected}or put an index beside the data"])


# Parts


PARTS = {"percent": "75/25", "stratify": True, "parts": 3}


@pytest.fixture(scope="module")
def parted(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset whose train split is dealt into 3 parts, with two copies of each of its motions."""
    out = tmp_path_factory.mktemp("parts") / "out"
    build(corpus, out, recipe=recipe({"stage": "yaw", "copies": 2}, split=PARTS))
    return out


def test_parts_are_splits_that_together_are_train(parted: Path) -> None:
    dataset = motionprep.open(parted)
    parts = [dataset[f"train/{number}"] for number in (1, 2, 3)]

    assert sorted(key for part in parts for key in part) == sorted(dataset["train"])
    assert sum(part.frames for part in parts) == dataset["train"].frames
    assert [part.name for part in parts] == ["train/1", "train/2", "train/3"]


def test_a_part_has_the_features_and_windows_of_a_split(parted: Path) -> None:
    part = motionprep.open(parted)["train/2"]

    frames = np.concatenate([motion["root_position"] for motion in part.values()])
    np.testing.assert_array_equal(np.asarray(part.array("root_position")), frames)
    windows = part.windows(1, features=["root_position"])
    np.testing.assert_array_equal(windows[:]["root_position"][:, 0], frames)


def test_features_of_a_stage_of_train_alone_are_those_of_its_parts(corpus: Path, tmp_path: Path) -> None:
    stages = [{"stage": "features", "arrays": ["root_position"], "splits": ["train"]}]
    build(corpus, tmp_path / "out", recipe=recipe(*stages, split=PARTS))

    assert motionprep.open(tmp_path / "out")["train/1"].features == ("root_position",)


def test_motions_of_a_part_come_in_natural_order_and_its_copies_with_them(parted: Path) -> None:
    dataset = motionprep.open(parted)
    for number in (1, 2, 3):
        keys = tuple(dataset[f"train/{number}"])
        assert list(keys) == sorted(keys)
        assert {key.removesuffix("@2") for key in keys} == {key for key in keys if "@" not in key}
        assert len(keys) == 2 * len({key.removesuffix("@2") for key in keys})


def test_parts_are_of_equal_size_and_their_labels_as_well(parted: Path) -> None:
    dataset = motionprep.open(parted)
    longest = max(motion.frames for motion in dataset["train"].values())
    sizes = [dataset[f"train/{number}"].frames for number in (1, 2, 3)]
    counts = dataset.manifest.query("part > 0 and copy == 0").groupby(["label", "part"]).size().unstack(fill_value=0)

    assert max(sizes) - min(sizes) <= 2 * longest
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1


def test_the_sizes_of_parts_stand_in_the_facts(parted: Path) -> None:
    dataset = motionprep.open(parted)
    facts = dataset.facts["splits"]

    assert [part["frames"] for part in facts["train"]["parts"]] == [dataset[f"train/{k}"].frames for k in (1, 2, 3)]
    assert [part["motions"] for part in facts["train"]["parts"]] == [len(dataset[f"train/{k}"]) for k in (1, 2, 3)]
    assert "parts" not in facts["test"]


def test_an_unknown_part_is_reported_with_those_that_there_are(parted: Path) -> None:
    with pytest.raises(KeyError, match="no split 'train/4'; there are train, test, train/1, train/2, train/3"):
        motionprep.open(parted)["train/4"]


@pytest.mark.parametrize("name", ["train/", "train/0", "test/1", "train/01"])
def test_what_only_looks_like_a_part_is_none(parted: Path, name: str) -> None:
    with pytest.raises(KeyError, match="there is no split"):
        motionprep.open(parted)[name]


def test_a_motion_of_a_part_is_of_train(parted: Path) -> None:
    motion = next(iter(motionprep.open(parted)["train/2"].values()))

    assert (motion.row["split"], motion.row["part"]) == ("train", 2)


def test_other_parts_make_no_shard(parted: Path, corpus: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(parted, tmp_path / "out"))

    summary = build(corpus, out, recipe=recipe({"stage": "yaw", "copies": 2}, split={**PARTS, "parts": 2}))

    assert (summary.changed, summary.made) == (True, 0)
    assert set(motionprep.open(out).manifest.part.dropna()) == {1, 2}


def test_ranges_of_a_motion_go_to_one_part(corpus: Path, tmp_path: Path) -> None:
    pieces = [{"motions": "02_0*", "frames": f"{first}-{first + 9}"} for first in (1, 11, 21)]

    made = plan.make_plan([corpus], tmp_path / "out", recipe(split={"train": pieces, "parts": 2}))

    parts = Counter((row.take_files.key, row.part) for row in made.rows if row.part)
    assert sorted(parts.values()) == [3, 3, 3, 3]


def test_what_is_not_in_train_is_in_no_part(parted: Path) -> None:
    manifest = motionprep.open(parted).manifest

    assert (manifest.part.isna() == (manifest.split != "train")).all()


def test_a_motion_that_cannot_be_read_is_in_no_part(corpus: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(corpus, tmp_path / "data"))
    (data / "02" / "02_02.bvh").write_text("nothing")

    made = plan.make_plan([data], tmp_path / "out", recipe(split={"parts": 2}))

    assert [row.take_files.key for row in made.rows if not row.part] == ["02_02"]


def test_more_parts_than_motions_are_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="split: parts is 5, but train has 4 motions"):
        plan.make_plan([corpus], tmp_path / "out", recipe(split={"train": ["02_*"], "parts": 5}))


# Classes


def test_classes_are_the_labels_of_motions_and_ranges_that_are_kept(corpus: Path, tmp_path: Path) -> None:
    given_labels = {"02_01": RANGES, "02_02": "run", "07_01": "swim"}
    build(corpus, tmp_path / "out", recipe=recipe(split={"train": ["02_*"]}, labels=given_labels))

    dataset = motionprep.open(tmp_path / "out")

    assert dataset.classes == ("run", "turn", "walk")


def test_windows_of_ranges_have_the_number_of_their_class(corpus: Path, tmp_path: Path) -> None:
    build(corpus / "02" / "02_01.bvh", tmp_path / "out", recipe=recipe(labels={"02_01": RANGES}))
    dataset = motionprep.open(tmp_path / "out")

    windows = dataset["train"].windows(10, features=["root_position"], stride=10, label=True)

    assert [dataset.classes[number] for number in windows[:]["label"]] == ["walk", "walk", "turn", "walk", "walk"]


def test_the_class_table_adds_up_to_the_frames_of_each_split(parted: Path) -> None:
    dataset = motionprep.open(parted)
    table = pd.DataFrame(dataset.class_table)

    assert table.groupby("split").frames.sum().to_dict() == {name: dataset[name].frames for name in dataset.splits}
    np.testing.assert_allclose(table.groupby("split").percent.sum(), 100)


@pytest.fixture
def built(corpus: Path, tmp_path: Path) -> Callable[..., motionprep.Dataset]:
    """Return a function that builds a dataset and opens it."""

    def built_by(**reading: Any) -> motionprep.Dataset:
        build(corpus, tmp_path / "out", recipe=recipe(**reading))
        return motionprep.open(tmp_path / "out")

    return built_by


def test_labels_may_come_from_the_names_of_files(built: Callable[..., motionprep.Dataset]) -> None:
    dataset = built(label_pattern=r"_0(?P<label>[12])$")

    assert dataset.classes == ("1", "2")
    assert dataset["train"]["02_03"].label is None


def test_a_dataset_without_labels_has_no_classes(built: Callable[..., motionprep.Dataset]) -> None:
    dataset = built(label_pattern="(?P<label>nothing)")

    assert dataset.classes == ()
    assert [row.label for row in dataset.class_table] == [None]
