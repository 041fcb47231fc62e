from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zarr

import motionprep
from motionprep import DatasetError, Motion, Recipe, build, read_bvh
from motionprep.building import assign
from motionprep.errors import BuildError, MotionPrepWarning, ReadError, SourceError
from motionprep.motion import kinematics
from motionprep.motion.take import Take
from motionprep.naming import shipped
from motionprep.recipe.recipe import recipe_from_json
from motionprep.sources.source import Source
from motionprep.stages import Downsample

FEATURES = ("positions", "rotations", "quaternions", "root_position")
OTHER = "mocap"


def tree(out: Path) -> dict[str, str]:
    """Return the digest of each file of a dataset; caches are no part of it."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and path.relative_to(out).parts[0] != ".cache"
    }


def times(out: Path) -> dict[str, int]:
    """Return when each file and folder of a dataset was last changed."""
    return {
        path.relative_to(out).as_posix(): path.stat().st_mtime_ns
        for path in [out, *out.rglob("*")]
        if path == out or path.relative_to(out).parts[0] != ".cache"
    }


def shard_times(out: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (out / "shards").iterdir()}


def recipe(*stages: dict[str, Any], split: Any = None, **reading: Any) -> Recipe:
    return recipe_from_json({"stages": list(stages), "split": split or {}, "reading": reading})


def float32(motion: Motion, feature: str) -> np.ndarray:
    return getattr(motion, feature)().astype(np.float32)


def rewrite(path: Path, change: Callable[[list[str]], list[str]] = list, says: int | None = None) -> None:
    """Change the rows of a BVH file, and what its header says of their number."""
    head, _, motion = path.read_text().partition("MOTION\n")
    _, time, *rows = motion.splitlines()
    rows = change(rows)
    path.write_text(head + "\n".join(["MOTION", f"Frames: {says or len(rows)}", time, *rows]) + "\n")


def corrupt(row: str, column: int, word: str) -> str:
    words = row.split(" ")
    return " ".join([*words[:column], word, *words[column + 1 :]])


def spoil_first(path: Path) -> None:
    rewrite(path, lambda rows: [corrupt(rows[0], 7, "nonsense"), *rows[1:]])


def row_of(out: Path, key: str) -> pd.Series:
    manifest = motionprep.open(out).manifest
    return manifest[manifest["key"] == key].iloc[0]


@pytest.fixture
def data(corpus: Path, tmp_path: Path) -> Path:
    """Return a copy of the corpus that may be changed."""
    return Path(shutil.copytree(corpus, tmp_path / "data"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a shard hold about two motions of the corpus."""
    monkeypatch.setattr(assign.cut, "__defaults__", (80_000, 320_000))


# What is stored


@pytest.fixture(scope="module")
def recorded(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> motionprep.Dataset:
    out = tmp_path_factory.mktemp("recorded") / "out"
    build([real_data / "cmu-bvh", real_data / "other-bvh"], out)
    return motionprep.open(out)


@pytest.fixture(scope="module")
def generated(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> motionprep.Dataset:
    out = tmp_path_factory.mktemp("generated") / "out"
    build(
        corpus,
        out,
        recipe=recipe({"stage": "downsample", "factor": 8, "splits": ["train"]}, split={"percent": "75/25"}),
    )
    return motionprep.open(out)


@pytest.mark.parametrize("feature", FEATURES)
def test_a_recorded_motion_is_stored_as_its_file_says(
    recorded: motionprep.Dataset, real_data: Path, feature: str
) -> None:
    for path in real_data.glob("*-bvh/*.bvh"):
        stored = recorded["train"][path.stem][feature]
        assert np.array_equal(stored, float32(read_bvh(path), feature)), path.name


def test_recorded_motions_of_five_skeletons_keep_their_own(recorded: motionprep.Dataset, real_data: Path) -> None:
    for path in real_data.glob("*-bvh/*.bvh"):
        assert recorded["train"][path.stem].skeleton == read_bvh(path).skeleton, path.name


def test_all_recorded_motions_are_stored(recorded: motionprep.Dataset, real_data: Path) -> None:
    assert set(recorded["train"]) == {path.stem for path in real_data.glob("*-bvh/*.bvh")}


@pytest.mark.parametrize("feature", FEATURES)
def test_train_alone_is_downsampled_by_a_stage_of_its_own(
    generated: motionprep.Dataset, corpus: Path, feature: str
) -> None:
    for split, step in (("train", 8), ("test", 1)):
        for stored in generated[split].values():
            motion = read_bvh(corpus / stored.key[:2] / f"{stored.key}.bvh")
            expected = float32(motion, feature)[: motion.frames // step * step : step]
            assert np.array_equal(stored[feature], expected), (split, stored.key)


def test_percentages_take_the_first_motions_for_train(generated: motionprep.Dataset, corpus: Path) -> None:
    keys = sorted(path.stem for path in corpus.rglob("*.bvh"))
    assert (tuple(generated["train"]), tuple(generated["test"])) == (tuple(keys[:12]), tuple(keys[12:]))


def test_the_rate_that_downsampling_leaves_is_written_down(generated: motionprep.Dataset) -> None:
    assert {split: set(generated.manifest.query("split == @split").fps) for split in ("train", "test")} == {
        "train": {15.0},
        "test": {120.0},
    }


@pytest.mark.parametrize("feature", FEATURES)
def test_statistics_are_those_of_all_frames_of_train_with_the_same_joints(
    generated: motionprep.Dataset, feature: str
) -> None:
    kinds: dict[tuple[str, ...], list[Any]] = {}
    for motion in generated["train"].values():
        kinds.setdefault(motion.skeleton.nodes[: 1 if feature == "root_position" else None], []).append(motion[feature])
    assert {stats.names for stats in generated.stats[feature]} == set(kinds)
    for stats in generated.stats[feature]:
        frames = np.concatenate(kinds[stats.names]).astype(np.float64)
        assert (stats.count == len(frames)).all()
        np.testing.assert_allclose(stats.mean, frames.mean(axis=0), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(stats.std, frames.std(axis=0), rtol=1e-9, atol=1e-9)


def test_a_program_that_knows_only_zarr_reads_the_same_numbers(generated: motionprep.Dataset, corpus: Path) -> None:
    row = generated.manifest.set_index("key").loc["16_04"]
    group = zarr.open_group(generated.path / "shards" / row["shard"], mode="r")
    rows = group["positions"][int(row["start"]) : int(row["stop"])]
    assert np.array_equal(rows, float32(read_bvh(corpus / "16" / "16_04.bvh"), "positions"))


def test_arrays_of_a_shard_are_little_endian_float32(generated: motionprep.Dataset) -> None:
    shard = next((generated.path / "shards").iterdir())
    metadata = [json.loads((shard / feature / "zarr.json").read_bytes()) for feature in FEATURES]
    assert {(array["data_type"], array["codecs"][0]["configuration"]["endian"]) for array in metadata} == {
        ("float32", "little")
    }


def test_a_dataset_names_neither_the_folder_of_the_data_nor_its_own(
    generated: motionprep.Dataset, corpus: Path
) -> None:
    for path in generated.path.rglob("*"):
        if path.is_file() and ".cache" not in path.parts:
            content = path.read_bytes()
            assert os.fsencode(corpus) not in content, path
            assert os.fsencode(generated.path) not in content, path


def test_a_dataset_holds_shards_and_its_tables(generated: motionprep.Dataset) -> None:
    names = {path.name.partition("-")[0] for path in generated.path.iterdir()}
    assert names == {"dataset.json", "manifest", "manifest.parquet", "skeletons", "stats", "shards", ".cache"}


def test_leading_t_poses_are_trimmed(corpus: Path, out: Path) -> None:
    build(corpus, out, recipe=recipe({"stage": "trim", "t_pose": 1}))
    expected = float32(read_bvh(corpus / "02" / "02_01.bvh"), "positions")[1:]
    assert np.array_equal(motionprep.open(out)["train"]["02_01"]["positions"], expected)


def test_selected_joints_stay_where_they_are_in_the_world(corpus: Path, out: Path) -> None:
    joints = ("Hips", "LeftUpLeg", "Head", "Head_Nub")
    build(corpus, out, recipe=recipe({"stage": "select_joints", "joints": list(joints)}))
    stored = motionprep.open(out)["train"]["07_02"]
    motion = read_bvh(corpus / "07" / "07_02.bvh")
    kept = [motion.skeleton.nodes.index(joint) for joint in joints]
    assert stored.skeleton.nodes == joints
    np.testing.assert_allclose(stored["positions"], motion.positions()[:, kept], rtol=1e-5, atol=1e-4)


def test_a_motion_that_lacks_a_selected_joint_is_dropped_and_the_joint_is_named(corpus: Path, out: Path) -> None:
    build(corpus, out, recipe=recipe({"stage": "select_joints", "joints": ["LFingers"]}))
    rows = motionprep.open(out).manifest
    assert set(rows.status) == {"ok", "dropped"}
    assert rows[rows.status == "dropped"].reason.str.startswith("select_joints: no LFingers").all()


@pytest.fixture(scope="module")
def canonical(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> motionprep.Dataset:
    """Return takes of all of CMU's releases, half of them turned into mirror images, and of another laboratory."""
    out = tmp_path_factory.mktemp("canonical") / "out"
    stages = [
        {"stage": "trim", "last": 200},
        {"stage": "select_joints", "set": "h36m-17"},
        {"stage": "mirror", "chance": 0.5},
        {"stage": "scale", "thigh": 1},
    ]
    build([real_data / "cmu-bvh", real_data / "other-bvh"], out, recipe=recipe(*stages))
    return motionprep.open(out)


def test_takes_of_all_releases_have_one_canonical_skeleton_and_share_a_shard(canonical: motionprep.Dataset) -> None:
    rows = canonical.manifest
    assert (set(rows.status), rows.shard.nunique()) == ({"ok"}, 1)
    assert {skeleton.joints for skeleton in canonical.skeletons.values()} == {tuple(shipped.skeletons()["h36m-17"])}
    assert canonical.stats["positions"][0].mean.shape == (17, 3)


def test_canonical_positions_are_brought_back_to_those_of_the_files(
    canonical: motionprep.Dataset, real_data: Path
) -> None:
    assert {json.loads(facts)["mirrored"] for facts in canonical.manifest.facts} == {0.0, 1.0}
    for path in real_data.glob("*-bvh/*.bvh"):
        motion = read_bvh(path).at(range(200))
        arms = [node for node in ("LeftArm", "RightArm", "lShldr", "rShldr") if node in motion.skeleton.joints]
        nodes = [motion.skeleton.joints.index(node) for node in arms or ["LeftShoulder", "RightShoulder"]]
        back = motionprep.invert(canonical["train"][path.stem])["positions"]
        np.testing.assert_allclose(back[:, [11, 14]], motion.positions()[:, nodes], rtol=0, atol=1e-3)
        np.testing.assert_allclose(back[:, 8], motion.positions()[:, nodes].mean(axis=1), rtol=0, atol=1e-3)


def test_takes_of_several_namings_are_built_again_from_the_stored_skeleton(
    canonical: motionprep.Dataset, real_data: Path
) -> None:
    dataset = canonical.path / "dataset.json"
    again = build([real_data / "cmu-bvh", real_data / "other-bvh"], canonical.path, recipe=dataset)
    assert not again.changed


def test_a_low_pass_comes_before_downsampling(corpus: Path, out: Path) -> None:
    stage = Downsample(factor=4, lowpass=True)
    build(corpus, out, recipe=Recipe(stages=(stage,)))
    take = stage.apply(Take("09_03", read_bvh(corpus / "09" / "09_03.bvh")), np.random.default_rng(0))
    assert isinstance(take, Take)
    assert take.motion is not None
    expected = kinematics.features(take.motion, ("positions",), np.float32)["positions"]
    assert np.array_equal(motionprep.open(out)["train"]["09_03"]["positions"], expected)


def test_frame_ranges_put_parts_of_one_motion_on_two_splits(corpus: Path, out: Path) -> None:
    split = {"train": [{"motions": "02_01", "frames": "1-20"}], "test": [{"motions": "02_01", "frames": "31-45"}]}
    build(corpus, out, recipe=recipe(split=split))
    dataset = motionprep.open(out)
    whole = float32(read_bvh(corpus / "02" / "02_01.bvh"), "root_position")
    assert np.array_equal(dataset["train"]["02_01"]["root_position"], whole[:20])
    assert np.array_equal(dataset["test"]["02_01"]["root_position"], whole[30:45])


def test_motions_that_no_list_names_are_dropped_as_in_no_split(corpus: Path, out: Path) -> None:
    build(corpus, out, recipe=recipe(split={"train": ["02_*"]}))
    manifest = motionprep.open(out).manifest
    left = manifest[manifest.subject != "02"]
    assert (set(left.status), set(left.reason)) == ({"dropped"}, {"in no split"})


def test_a_range_beyond_the_last_frame_fails_that_motion(corpus: Path, out: Path) -> None:
    build(corpus, out, recipe=recipe(split={"train": ["07_*", {"motions": "02_01", "frames": "1-9000"}]}))
    frames = read_bvh(corpus / "02" / "02_01.bvh").frames
    row = row_of(out, "02_01")
    assert (row.status, row.reason) == (
        "failed",
        f"02/02_01.bvh: has {frames} frames; the split asks for frames 1-9000",
    )


def test_a_rate_of_the_recipe_takes_the_place_of_the_files(corpus: Path, out: Path) -> None:
    build(corpus, out, recipe=recipe({"stage": "downsample", "factor": 2}, rates={"02_01": 60.0}))
    row = row_of(out, "02_01")
    assert (row.fps_in, row.fps) == (60.0, 30.0)


def test_downsampling_to_a_rate_reckons_with_the_rate_of_the_recipe(corpus: Path, out: Path) -> None:
    build(corpus, out, recipe=recipe({"stage": "downsample", "rate": 30}, rates={"02_01": 60.0}))
    frames = read_bvh(corpus / "02" / "02_01.bvh").frames
    assert row_of(out, "02_01").frames == frames // 2


def test_position_channels_are_added_to_offsets_where_the_recipe_says_so(real_data: Path, out: Path) -> None:
    path = real_data / "cmu-bvh" / "131_01.bvh"
    build(path, out, recipe=recipe(positions="add"))
    expected = float32(read_bvh(path, positions="add"), "positions")
    assert np.array_equal(motionprep.open(out)["train"]["131_01"]["positions"], expected)


def test_a_root_that_stands_apart_is_stored_beside_what_is_stored_by_default(corpus: Path, out: Path) -> None:
    build(corpus, out, recipe=recipe({"stage": "represent", "root": "apart"}))
    motion = motionprep.open(out)["train"]["02_01"]
    turns = float32(read_bvh(corpus / "02" / "02_01.bvh"), "rotations")
    assert tuple(motion) == (*FEATURES, "root_rotation")
    np.testing.assert_allclose(motion["root_rotation"], turns[:, 0], atol=1e-6)
    np.testing.assert_allclose(motion["rotations"], turns[:, 1:], atol=1e-6)


def test_only_the_wanted_features_are_stored(corpus: Path, out: Path) -> None:
    build(corpus, out, recipe=recipe({"stage": "features", "arrays": ["global_rotations", "rotations_6d"]}))
    motion = motionprep.open(out)["train"]["02_01"]
    expected = read_bvh(corpus / "02" / "02_01.bvh").rotations("global").astype(np.float32)
    assert list(motion) == ["global_rotations", "rotations_6d"]
    assert np.array_equal(motion["global_rotations"], expected)


def test_labels_come_from_the_index_beside_the_data(corpus: Path, out: Path) -> None:
    build(corpus, out)
    label = next(line for line in (corpus / "index.txt").read_text().splitlines() if line.startswith("07_02\t"))
    assert row_of(out, "07_02").label == label.partition("\t")[2]


def test_given_labels_take_the_place_of_the_index(corpus: Path, out: Path) -> None:
    build(corpus, out, recipe={"reading": {"labels": {"07_02": "swims"}}})
    assert motionprep.open(out).manifest.label.dropna().tolist() == ["swims"]


# Motions that are not as they should be


def test_a_wrong_count_is_noted_in_the_manifest_when_reading_is_lenient(data: Path, out: Path) -> None:
    rewrite(data / "02" / "02_01.bvh", lambda rows: rows[:40], says=50)
    build(data, out, recipe=recipe(lenient=True))
    row = row_of(out, "02_01")
    assert (row.status, row.frames, row.reason) == ("ok", 40, "Frames: says 50, the file has 40")


def test_all_rows_are_stored_where_the_headers_of_a_whole_shard_promise_fewer(data: Path, out: Path) -> None:
    for path in data.rglob("*.bvh"):
        rewrite(path, says=3)
    build(data, out, recipe=recipe(lenient=True))
    for stored in motionprep.open(out)["train"].values():
        path = data / stored.key[:2] / f"{stored.key}.bvh"
        with pytest.warns(MotionPrepWarning):
            motion = read_bvh(path, lenient=True)
        assert np.array_equal(stored["positions"], float32(motion, "positions")), stored.key


def test_a_motion_is_short_by_its_rows_and_not_by_its_header(data: Path, out: Path) -> None:
    rewrite(data / "02" / "02_01.bvh", says=3)
    build(data, out, recipe=recipe({"stage": "drop_short", "frames": 10}, lenient=True))
    assert row_of(out, "02_01").status == "ok"


def test_a_range_may_reach_beyond_what_a_wrong_header_says(data: Path, out: Path) -> None:
    rewrite(data / "02" / "02_01.bvh", says=3)
    build(data, out, recipe=recipe(split={"train": [{"motions": "02_01", "frames": "11-30"}]}, lenient=True))
    assert row_of(out, "02_01").frames == 20


def test_a_short_motion_is_dropped_with_the_reason(corpus: Path, out: Path) -> None:
    frames = {path.stem: read_bvh(path).frames for path in corpus.rglob("*.bvh")}
    least = sorted(frames.values())[1]
    build(corpus, out, recipe=recipe({"stage": "drop_short", "frames": least}))
    dropped = motionprep.open(out).manifest.query("status == 'dropped'").set_index("key").reason.to_dict()
    assert dropped == {
        key: f"drop_short: {count} frames, fewer than {least}" for key, count in frames.items() if count < least
    }


def test_a_broken_row_fails_one_motion_by_file_line_and_column(data: Path, out: Path) -> None:
    path = data / "02" / "02_02.bvh"
    spoil_first(path)
    build(data, out)
    lines = path.read_text().splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if "nonsense" in text)
    column = lines[line - 1].index("nonsense") + 1
    row = row_of(out, "02_02")
    assert row.status == "failed"
    assert row.reason.startswith(f"02/02_02.bvh:{line}:{column}: frame 1 has 'nonsense' in LHipJoint_Yrotation")


def test_a_broken_header_fails_one_motion_by_file_line_and_column(data: Path, out: Path) -> None:
    path = data / "02" / "02_02.bvh"
    path.write_text(path.read_text().replace("ROOT", "TRUNK"))
    build(data, out)
    row = row_of(out, "02_02")
    assert (row.status, row.reason) == ("failed", "02/02_02.bvh:2:1: found 'TRUNK'; expected ROOT")


def test_the_others_are_built_when_one_motion_is_broken(data: Path, out: Path) -> None:
    spoil_first(data / "02" / "02_02.bvh")
    build(data, out)
    keys = sorted(path.stem for path in data.rglob("*.bvh"))
    assert tuple(motionprep.open(out)["train"]) == tuple(key for key in keys if key != "02_02")


def test_numbers_beyond_float32_fail_one_motion(data: Path, out: Path) -> None:
    rewrite(data / "02" / "02_01.bvh", lambda rows: [*rows[:-1], corrupt(rows[-1], 0, "1e200")])
    build(data, out)
    row = row_of(out, "02_01")
    assert (row.status, row.reason) == (
        "failed",
        "02/02_01.bvh: positions may have numbers that float32 cannot hold",
    )


def test_places_whose_squares_overflow_fail_one_motion_whatever_is_stored(data: Path, out: Path) -> None:
    path = data / "02" / "02_01.bvh"
    path.write_text(re.sub(r"OFFSET \S+", "OFFSET 1e200", path.read_text(encoding="utf-8"), count=4), encoding="utf-8")
    stages = [{"stage": "scale", "thigh": 1}, {"stage": "features", "arrays": ["rotations"]}]
    build(data, out, recipe={"stages": stages})
    assert row_of(out, "02_01").reason == "02/02_01.bvh: positions may have numbers that float32 cannot hold"


def test_a_motion_that_fails_leaves_nothing_in_the_statistics(data: Path, out: Path, tmp_path: Path) -> None:
    rewrite(data / "02" / "02_01.bvh", lambda rows: [*rows[:-1], corrupt(rows[-1], 0, "1e200")])
    build(data, out)
    (data / "02" / "02_01.bvh").unlink()
    build(data, tmp_path / "without")
    stats = [motionprep.open(folder).stats["positions"][0] for folder in (out, tmp_path / "without")]
    assert np.array_equal(stats[0].count, stats[1].count)
    np.testing.assert_allclose(stats[0].mean, stats[1].mean, rtol=1e-12, atol=1e-9)


def test_a_file_that_cannot_be_read_once_is_read_by_the_next_build(
    data: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Source.read

    def denied(source: Source) -> bytes:
        if source.key == "02_02":
            raise ReadError("cannot be read: Permission denied", path=source.name)
        return read(source)

    with monkeypatch.context() as patch:
        patch.setattr(Source, "read", denied)
        build(data, out)
    row = row_of(out, "02_02")
    assert (row.status, row.reason) == ("failed", "02/02_02.bvh: cannot be read: Permission denied")
    assert pd.isna(row.source_sha256)
    build(data, out)
    assert row_of(out, "02_02").status == "ok"


# The same data, the same bytes


def test_the_number_of_workers_changes_no_byte(corpus: Path, tmp_path: Path, small_shards: None) -> None:
    for workers in (1, 2):
        build(corpus, tmp_path / f"{workers}", workers=workers)
    assert tree(tmp_path / "1") == tree(tmp_path / "2")


def test_a_build_elsewhere_at_another_time_is_the_same(data: Path, corpus: Path, tmp_path: Path) -> None:
    for path in data.rglob("*.bvh"):
        os.utime(path, (1, 1))
    build(corpus, tmp_path / "one")
    build(data, tmp_path / "folder" / "other")
    assert tree(tmp_path / "one") == tree(tmp_path / "folder" / "other")


@pytest.fixture(scope="module")
def zipped(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return datasets of the corpus as a folder and as an archive, one motion of it broken."""
    folder = tmp_path_factory.mktemp("zipped")
    data = Path(shutil.copytree(corpus, folder / "data"))
    spoil_first(data / "02" / "02_02.bvh")
    with zipfile.ZipFile(folder / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(data.rglob("*.*")):
            archive.write(path, path.relative_to(data))
    build(data, folder / "plain")
    build(folder / "data.zip", folder / "packed")
    return folder / "plain", folder / "packed"


def test_an_archive_gives_the_same_shards_as_its_folder(zipped: tuple[Path, Path]) -> None:
    plain, packed = (
        {name: digest for name, digest in tree(out).items() if name.startswith(("shards/", "stats", "skeletons"))}
        for out in zipped
    )
    assert plain == packed


def test_an_archive_gives_the_same_manifest_but_for_the_names_of_files(zipped: tuple[Path, Path]) -> None:
    plain, packed = (motionprep.open(out).manifest for out in zipped)
    assert packed.source.str.removeprefix("data.zip/").equals(plain.source)
    assert packed.reason.str.removeprefix("data.zip/").equals(plain.reason)
    named = ["source", "reason"]
    pd.testing.assert_frame_equal(plain.drop(columns=named), packed.drop(columns=named))


# After a change


def add(data: Path) -> None:
    shutil.copy(data / "02" / "02_01.bvh", data / "07" / "07_07.bvh")


def change(data: Path) -> None:
    rewrite(data / "07" / "07_02.bvh", lambda rows: rows[:-5])


def remove(data: Path) -> None:
    (data / "07" / "07_02.bvh").unlink()


def rename(data: Path) -> None:
    (data / "07" / "07_02.bvh").rename(data / "07" / "07_09.bvh")


def move(data: Path) -> None:
    (data / OTHER).mkdir()
    (data / "07" / "07_02.bvh").rename(data / OTHER / "07_02.bvh")


def move_broken(data: Path) -> None:
    (data / OTHER).mkdir()
    (data / "16" / "16_01.bvh").rename(data / OTHER / "16_01.bvh")


def label(data: Path) -> None:
    index = data / "index.txt"
    index.write_text(index.read_text().replace("07_02\t", "07_02\tslowly "))


CHANGES = [add, change, remove, rename, move, move_broken, label]
SPLIT = recipe(split={"percent": "75/25"})


@pytest.mark.parametrize("edit", CHANGES)
def test_after_a_change_a_build_ends_as_a_fresh_one(
    edit: Callable[[Path], None], data: Path, out: Path, tmp_path: Path, small_shards: None
) -> None:
    spoil_first(data / "16" / "16_01.bvh")
    build(data, out, recipe=SPLIT)
    edit(data)
    build(data, out, recipe=SPLIT)
    build(data, out, recipe=SPLIT)  # which sweeps what the dataset was before the change
    build(data, tmp_path / "fresh", recipe=SPLIT)
    assert tree(out) == tree(tmp_path / "fresh")


@pytest.mark.parametrize(
    ("edit", "most"), [(add, 3), (change, 1), (remove, 3), (rename, 4), (move, 0), (move_broken, 0), (label, 0)]
)
def test_after_a_change_few_shards_are_made_and_the_others_are_not_touched(
    edit: Callable[[Path], None], most: int, data: Path, out: Path, small_shards: None
) -> None:
    spoil_first(data / "16" / "16_01.bvh")
    build(data, out, recipe=SPLIT)
    before = shard_times(out)
    edit(data)
    summary = build(data, out, recipe=SPLIT)
    after = shard_times(out)
    assert summary.made <= most
    assert {key: after[key] for key in before} == before
    assert summary.kept == len(summary.dataset["shards"]) - summary.made > 2


def test_shards_that_fit_the_new_recipe_are_kept(data: Path, out: Path, small_shards: None) -> None:
    build(data, out, recipe=SPLIT)
    train = set(motionprep.open(out).facts["splits"]["train"]["shards"])
    before = shard_times(out)
    stage = {"stage": "downsample", "factor": 2, "splits": ["test"]}
    summary = build(data, out, recipe=recipe(stage, split={"percent": "75/25"}))
    assert train <= set(summary.dataset["shards"])
    assert summary.kept == len(train)
    assert {key: shard_times(out)[key] for key in train} == {key: before[key] for key in train}


def test_a_corrected_rate_is_a_change(data: Path, out: Path, tmp_path: Path) -> None:
    build(data, out)
    build(data, out, recipe=recipe(rates={"07_02": 60.0}))
    build(data, out, recipe=recipe(rates={"07_02": 60.0}))  # which sweeps what the dataset was before
    build(data, tmp_path / "fresh", recipe=recipe(rates={"07_02": 60.0}))
    assert tree(out) == tree(tmp_path / "fresh")


def test_nothing_is_written_when_nothing_changed(corpus: Path, out: Path) -> None:
    build(corpus, out)
    before = times(out)
    summary = build(corpus, out)
    assert (summary.changed, summary.made) == (False, 0)
    assert times(out) == before


def test_hashing_sources_again_changes_nothing(data: Path, out: Path) -> None:
    spoil_first(data / "16" / "16_01.bvh")
    build(data, out, recipe=recipe(split={"train": ["02_*", "16_*"]}))
    before = times(out)
    build(data, out, recipe=recipe(split={"train": ["02_*", "16_*"]}), verify_sources=True)
    assert times(out) == before


def test_a_change_that_keeps_size_and_time_is_found_by_hashing_again(data: Path, out: Path) -> None:
    build(data, out)
    path = data / "02" / "02_01.bvh"
    stat = path.stat()
    rewrite(path, lambda rows: [*rows[1:], rows[0]])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    build(data, out, verify_sources=True)
    expected = float32(read_bvh(path), "root_position")
    assert np.array_equal(motionprep.open(out)["train"]["02_01"]["root_position"], expected)


def test_a_build_with_nothing_to_do_imports_nothing_slow(corpus: Path, out: Path) -> None:
    build(corpus, out)
    code = (
        f"import sys, motionprep; print(motionprep.build({str(corpus)!r}, {str(out)!r}).changed);"
        "print([name for name in ('numpy', 'numba', 'zarr', 'pyarrow', 'pandas', 'joblib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["False", "[]"]


def test_the_dataset_before_stays_readable_until_the_build_after_next(data: Path, out: Path) -> None:
    build(data, out)
    before = motionprep.open(out)
    expected = float32(read_bvh(data / "07" / "07_02.bvh"), "positions")
    change(data)
    build(data, out)
    assert np.array_equal(before["train"]["07_02"]["positions"], expected)
    build(data, out)
    with pytest.raises(DatasetError, match=r"shard \w+: .*; build again to mend it, or open the dataset anew"):
        before["train"]["07_02"]["positions"]


# What cannot be


def test_a_file_in_the_place_of_the_dataset_is_refused(corpus: Path, out: Path) -> None:
    out.write_text("mine")
    with pytest.raises(DatasetError, match=r"out: is a file; expected a folder for the dataset$"):
        build(corpus, out)


def test_a_folder_of_somebody_else_is_refused_and_left_alone(corpus: Path, out: Path) -> None:
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match=r"no motionprep dataset; it holds thesis.txt: choose an empty folder"):
        build(corpus, out)
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_a_newer_dataset_is_refused_and_left_alone(corpus: Path, out: Path) -> None:
    out.mkdir()
    (out / "dataset.json").write_text('{"motionprep": 99, "more": "than we know"}')
    before = (tree(out), times(out))
    with pytest.raises(DatasetError, match=r"has format 99; .*: install a newer one"):
        build(corpus, out)
    assert (tree(out), times(out)) == before


def test_a_folder_without_motions_is_refused(tmp_path: Path, out: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="empty: no motion files"):
        build(tmp_path / "empty", out)


def test_data_that_is_not_there_is_named(tmp_path: Path, out: Path) -> None:
    with pytest.raises(SourceError, match="nowhere: there is no such file or folder"):
        build(tmp_path / "nowhere", out)


def test_data_that_cannot_be_found_leaves_the_dataset_as_it_is(corpus: Path, tmp_path: Path, out: Path) -> None:
    build(corpus, out)
    before = times(out)
    with pytest.raises(SourceError):
        build(tmp_path / "nowhere", out)
    assert times(out) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_an_error_of_the_system(corpus: Path, out: Path) -> None:
    out.mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        build(corpus, out)


def test_an_empty_split_is_refused(corpus: Path, out: Path) -> None:
    with pytest.raises(motionprep.RecipeError, match="'val' is empty"):
        build(corpus, out, recipe=recipe(split={"percent": "98/1/1"}))


def test_a_build_of_which_no_motion_is_good_is_an_error_and_commits_nothing(data: Path, out: Path) -> None:
    for path in data.rglob("*.bvh"):
        spoil_first(path)
    with pytest.raises(
        BuildError, match=r"none of 16 motions could be built; the first: 02/02_01.bvh:\d+:\d+: frame 1"
    ):
        build(data, out)
    assert not (out / "dataset.json").exists()


@pytest.fixture
def strict(data: Path, out: Path) -> dict[str, int]:
    """Return the times of a dataset before a strict build of it, changed and with a broken motion, was refused."""
    build(data, out)
    before = {name: time for name, time in times(out).items() if not name.startswith("shards")}
    spoil_first(data / "02" / "02_02.bvh")
    change(data)
    with pytest.raises(BuildError, match=r"1 of 16 motions failed, so nothing was changed; the first: 02/02_02.bvh"):
        build(data, out, strict=True)
    return before


def test_a_strict_build_with_a_broken_motion_changes_nothing(strict: dict[str, int], out: Path) -> None:
    assert {name: time for name, time in times(out).items() if not name.startswith("shards")} == strict


def test_the_shards_of_a_refused_strict_build_serve_the_next_one(strict: dict[str, int], data: Path, out: Path) -> None:
    summary = build(data, out)
    assert (summary.changed, summary.made) == (True, 0)


def test_a_strict_build_of_good_motions_commits(corpus: Path, out: Path) -> None:
    assert build(corpus, out, strict=True).changed


def test_the_summary_counts_what_was_made_and_kept(data: Path, out: Path, small_shards: None) -> None:
    first = build(data, out)
    change(data)
    second = build(data, out)
    assert (first.made, first.kept) == (len(first.dataset["shards"]), 0)
    assert second.made + second.kept == len(second.dataset["shards"])


def test_progress_counts_every_motion_of_all(corpus: Path, out: Path) -> None:
    calls: list[tuple[int, int]] = []
    build(corpus, out, on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(number, 16) for number in range(1, 17)]


def test_options_change_a_recipe_as_flags_do(corpus: Path, out: Path, tmp_path: Path) -> None:
    build(corpus, out, split="75/25", downsample={"train": 8}, joints=["Hips", "Left*"], features="positions")
    value = {
        "split": {"percent": "75/25"},
        "stages": [
            {"stage": "downsample", "factor": 8, "splits": ["train"]},
            {"stage": "select_joints", "joints": ["Hips", "Left*"]},
            {"stage": "features", "arrays": ["positions"]},
        ],
    }
    build(corpus, tmp_path / "other", recipe=value)
    assert motionprep.open(out).facts["shards"] == motionprep.open(tmp_path / "other").facts["shards"]


def test_an_unknown_option_is_refused_with_those_that_there_are(corpus: Path, out: Path) -> None:
    with pytest.raises(TypeError, match=r"no option downsmaple; there are .*downsample"):
        build(corpus, out, downsmaple=8)  # type: ignore[call-arg]


def test_the_recipe_that_a_dataset_keeps_builds_it_again(corpus: Path, out: Path, tmp_path: Path) -> None:
    stages = ({"stage": "trim", "t_pose": 1}, {"stage": "downsample", "factor": 4, "splits": ["train"]})
    build(corpus, out, recipe=recipe(*stages, split={"percent": "80/20"}, rates={"02_01": 60.0}))
    build(corpus, tmp_path / "again", recipe=str(out / "dataset.json"))
    assert tree(out) == tree(tmp_path / "again")


def test_a_range_of_frames_on_a_split_keeps_all_its_frames_where_the_t_pose_is_trimmed(corpus: Path, out: Path) -> None:
    recipe = {
        "split": {"test": [{"motions": "07_02", "frames": "11-20"}]},
        "stages": [{"stage": "trim", "t_pose": 1}],
    }
    build(corpus, out, recipe=recipe)

    stored = motionprep.open(out)["test"]["07_02"]["positions"]
    whole = motionprep.read_bvh(next(corpus.rglob("07_02.bvh"))).positions()
    np.testing.assert_array_equal(stored, whole[10:20].astype(np.float32))


@pytest.mark.parametrize("first", [{"stage": "downsample", "factor": 8, "lowpass": True}])
def test_no_more_is_written_than_frames_come_out_of_stages_that_do_more_than_pick(
    corpus: Path, out: Path, first: dict[str, Any]
) -> None:
    summary = build(corpus, out, recipe={"stages": [first]})

    frame = 4 * (38 * 3 + 31 * 9 + 31 * 4 + 3)
    assert (
        sum(summary.dataset["shards"].values()) < 1.5 * frame * summary.dataset["splits"]["train"]["frames"] + 200_000
    )


def test_a_strict_build_of_what_is_there_already_fails_where_motions_failed(corpus: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(corpus, data)
    next(data.rglob("07_02.bvh")).write_text("no motion")
    build(data, tmp_path / "out")

    with pytest.raises(motionprep.BuildError, match="1 motions failed"):
        build(data, tmp_path / "out", strict=True)


def test_there_are_no_statistics_without_a_train_split(corpus: Path, out: Path) -> None:
    build(corpus, out, recipe={"split": {"test": ["*"]}})

    assert motionprep.open(out).stats == {}


def built(data: Path, out: Path, **options: Any) -> motionprep.Dataset:
    build(data, out, **options)
    return motionprep.open(out)


FRAME_TIME = re.compile(r"Frame Time:.*\n")


@pytest.mark.parametrize("line", ["Frame Time: 0.0\n", "Frame Time: -0.01\n", "Frame Time: 120\n", "Frame Time:\n", ""])
def test_a_given_rate_mends_a_header_whose_rate_is_wrong_or_missing(corpus: Path, tmp_path: Path, line: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    text = sorted(corpus.rglob("*.bvh"))[0].read_text()
    (data / "01_01.bvh").write_text(FRAME_TIME.sub(line, text))
    (data / "01_02.bvh").write_text(text)
    wrong = built(data, tmp_path / "wrong").manifest.set_index("key")
    assert wrong.status.to_dict() == {"01_01": "failed", "01_02": "ok"}
    assert wrong.reason["01_01"].endswith("a rate that `rates` gives for this motion overrides it")

    mended = built(data, tmp_path / "mended", recipe=recipe({"stage": "downsample", "rate": 30}, rates={"01_01": 60.0}))

    rows = mended.manifest.set_index("key")
    assert rows.status.to_dict() == {"01_01": "ok", "01_02": "ok"}
    assert rows.fps_in.to_dict() == {"01_01": 60, "01_02": 120}
    assert rows.frames["01_01"] == rows.frames_in["01_01"] // 2


def test_a_root_that_stands_still_is_noted_unless_another_joint_is_made_the_root(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    six = "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
    rows = "\n".join(f"0 0 0 0 0 0 {frame} 9 0 0 0 {frame}" for frame in range(4))
    (data / "1_01.bvh").write_text(
        f"HIERARCHY\nROOT Still\n{{\nOFFSET 0 0 0\n{six}\nJOINT Hips\n{{\nOFFSET 0 9 0\n{six}\nEnd Site\n{{\n"
        f"OFFSET 0 1 0\n}}\n}}\n}}\nMOTION\nFrames: 4\nFrame Time: 0.1\n{rows}\n"
    )

    still = built(data, tmp_path / "still")
    moving = built(data, tmp_path / "moving", recipe=recipe({"stage": "select_joints", "root": "@moving"}))

    assert still.manifest.reason[0] == (
        "the root 'Still' never moves, 'Hips' below it does; select_joints can make it the root"
    )
    assert pd.isna(moving.manifest.reason[0])
    motion = moving["train"]["1_01"]
    np.testing.assert_array_equal(motion["root_position"], [[frame, 9, 0] for frame in range(4)])
