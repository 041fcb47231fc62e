from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import motionprep
from motionprep import Dataset, DatasetError, build, read_bvh
from motionprep.dataset.motion import StoredMotion
from motionprep.recipe.recipe import recipe_from_json

SPLIT = {
    "train": ["02_*", {"motions": "09_01", "frames": "1-10"}, {"motions": "09_01", "frames": "21-35"}],
    "test": ["07_*"],
}
RECIPE = recipe_from_json({"split": SPLIT, "stages": [{"stage": "downsample", "factor": 4, "splits": ["test"]}]})


@pytest.fixture(scope="module")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dataset") / "out"
    build(corpus, out, recipe=RECIPE)
    return out


@pytest.fixture
def dataset(built: Path) -> Dataset:
    return motionprep.open(built)


@pytest.fixture
def copied(built: Path, tmp_path: Path) -> Path:
    """Return a copy of the dataset that may be damaged."""
    return Path(shutil.copytree(built, tmp_path / "out"))


# The dataset


def test_a_dataset_reports_its_splits_motions_and_frames(dataset: Dataset, built: Path) -> None:
    test = sum(motion.frames for motion in dataset["test"].values())
    train = sum(motion.frames for motion in dataset["train"].values())
    assert repr(dataset) == (
        f"Dataset('{built}': train: 6 motions, {train:,} frames, test: 4 motions, {test:,} frames)"
    )


def test_a_notebook_shows_splits_and_features_and_takes_no_markup_from_a_recipe(corpus: Path, tmp_path: Path) -> None:
    build(corpus, tmp_path / "out", recipe=recipe_from_json({"split": SPLIT, "description": "<script>"}))
    shown = motionprep.open(tmp_path / "out")._repr_html_()
    assert "<td>train</td><td>6</td><td>2</td>" in shown
    assert "<td>rotations</td><td>float32</td><td>31 x 3 x 3</td>" in shown
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


def test_splits_are_named_in_their_order(dataset: Dataset) -> None:
    assert dataset.splits == ("train", "test")


def test_an_unknown_split_is_reported_with_those_that_there_are(dataset: Dataset) -> None:
    with pytest.raises(KeyError, match="there is no split 'val'; there are train, test"):
        dataset["val"]


def test_the_recipe_is_the_one_that_it_was_built_by(dataset: Dataset) -> None:
    assert dataset.recipe == RECIPE


def test_the_manifest_is_a_table_of_all_motions(dataset: Dataset, corpus: Path) -> None:
    assert isinstance(dataset.manifest, pd.DataFrame)
    assert set(dataset.manifest.motion) == {path.stem for path in corpus.rglob("*.bvh")}


def test_skeletons_are_those_of_the_files(dataset: Dataset, corpus: Path) -> None:
    files = {read_bvh(corpus / subject / f"{subject}_01.bvh").skeleton for subject in ("02", "07", "09")}
    assert set(dataset.skeletons.values()) == files


def test_statistics_are_of_train_alone(dataset: Dataset) -> None:
    (stats,) = dataset.stats["root_position"]
    frames = np.concatenate([motion["root_position"] for motion in dataset["train"].values()]).astype(np.float64)
    np.testing.assert_allclose(stats.mean, frames.mean(axis=0), rtol=1e-9)


def test_statistics_have_the_shape_of_a_frame(dataset: Dataset) -> None:
    (stats,) = dataset.stats["rotations"]
    assert (stats.mean.shape, stats.std.shape) == ((31, 3, 3), (31, 3, 3))


def test_skeletons_of_other_sizes_have_statistics_of_their_own(real_data: Path, tmp_path: Path) -> None:
    build([real_data / "cmu-bvh" / "12_01.bvh", real_data / "other-bvh"], tmp_path / "out")
    stats = motionprep.open(tmp_path / "out").stats["positions"]
    assert sorted((part.names, part.count.max()) for part in stats) == sorted(
        (motion.skeleton.nodes, motion.frames) for motion in motionprep.open(tmp_path / "out")["train"].values()
    )


def renamed(corpus: Path, folder: Path) -> Path:
    """Return two motions whose skeletons have as many joints and other names."""
    folder.mkdir()
    for key, old, new in (("02_01", "", ""), ("07_01", "Head", "Skull")):
        text = (corpus / key[:2] / f"{key}.bvh").read_text()
        (folder / f"{key}.bvh").write_text(text.replace(f"JOINT {old}", f"JOINT {new}") if old else text)
    return folder


def test_skeletons_of_one_size_and_other_joints_have_statistics_of_their_own(corpus: Path, tmp_path: Path) -> None:
    build(renamed(corpus, tmp_path / "data"), tmp_path / "out")
    for motion in motionprep.open(tmp_path / "out")["train"].values():
        stats = motion.stats("positions")
        assert (stats.names, stats.parents) == (motion.skeleton.nodes, motion.skeleton.node_parents)
        np.testing.assert_allclose(stats.mean, motion["positions"].mean(axis=0, dtype=np.float64), atol=1e-9)


def test_the_root_has_one_statistic_whatever_hangs_from_it(corpus: Path, tmp_path: Path) -> None:
    build(renamed(corpus, tmp_path / "data"), tmp_path / "out")
    (stats,) = motionprep.open(tmp_path / "out").stats["root_position"]
    assert stats.names == ("Hips",)
    assert (stats.count == sum(motion.frames for motion in motionprep.open(tmp_path / "out")["train"].values())).all()


def test_a_motion_of_a_kind_that_train_has_not_has_no_statistics(corpus: Path, tmp_path: Path) -> None:
    split = {"train": ["02_01"], "test": ["07_01"]}
    build(renamed(corpus, tmp_path / "data"), tmp_path / "out", recipe=recipe_from_json({"split": split}))
    (motion,) = motionprep.open(tmp_path / "out")["test"].values()
    assert motion.stats("root_position").names == ("Hips",)
    with pytest.raises(DatasetError, match=r"positions of 07_01: there are no statistics, since no motion of train"):
        motion.stats("positions")


def test_statistics_say_briefly_what_they_are_of(dataset: Dataset) -> None:
    (stats,) = dataset.stats["positions"]
    assert repr(stats) == f"Stats(38 x 3 of Hips, LHipJoint, LeftUpLeg, ...: up to {dataset['train'].frames} frames)"


def test_a_dataset_may_be_moved(copied: Path, dataset: Dataset, tmp_path: Path) -> None:
    moved = motionprep.open(copied.rename(tmp_path / "moved"))
    assert np.array_equal(moved["train"]["02_01"]["positions"], dataset["train"]["02_01"]["positions"])


def test_a_dataset_needs_no_caches(copied: Path) -> None:
    shutil.rmtree(copied / ".cache")
    assert next(iter(motionprep.open(copied)["train"])) == "02_01"


def test_opening_and_reading_writes_nothing(copied: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*")}
    for motion in motionprep.open(copied)["train"].values():
        motion["positions"]
    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*")} == before


# A split


def test_a_split_reports_its_motions_and_frames(dataset: Dataset) -> None:
    frames = sum(motion.frames for motion in dataset["test"].values())
    assert repr(dataset["test"]) == f"Split('test': 4 motions, {frames} frames)"


def test_a_split_counts_its_frames(dataset: Dataset) -> None:
    assert dataset["test"].frames == sum(len(motion["positions"]) for motion in dataset["test"].values())


def test_keys_stand_in_natural_order_and_those_of_further_ranges_of_a_take_are_numbered(dataset: Dataset) -> None:
    assert tuple(dataset["train"]) == ("02_01", "02_02", "02_03", "02_04", "09_01", "09_01@2")


def test_motions_come_in_the_order_of_the_keys(dataset: Dataset) -> None:
    assert tuple(motion.key for motion in dataset["train"].values()) == tuple(dataset["train"])


@pytest.mark.parametrize(("key", "frames"), [("09_01", slice(0, 10)), ("09_01@2", slice(20, 35))])
def test_two_ranges_of_a_take_have_keys_of_their_own(dataset: Dataset, corpus: Path, key: str, frames: slice) -> None:
    whole = read_bvh(corpus / "09" / "09_01.bvh").root_position().astype(np.float32)
    assert np.array_equal(dataset["train"][key]["root_position"], whole[frames])


def test_an_unknown_motion_is_reported(dataset: Dataset) -> None:
    with pytest.raises(KeyError, match="there is no motion '07_01' in train; did you mean '09_01'"):
        dataset["train"]["07_01"]


# A motion


@pytest.fixture
def motion(dataset: Dataset) -> StoredMotion:
    return dataset["test"]["07_02"]


def test_a_motion_reports_its_frames_rate_and_features(motion: StoredMotion) -> None:
    assert repr(motion) == (
        f"StoredMotion('07_02': {motion.frames} frames at 30 fps; positions, rotations, quaternions, root_position)"
    )


def test_a_motion_is_a_mapping_of_its_features(motion: StoredMotion) -> None:
    assert isinstance(motion, Mapping)
    assert (list(motion), len(motion)) == (["positions", "rotations", "quaternions", "root_position"], 4)


@pytest.mark.parametrize(
    ("feature", "shape"),
    [("positions", (38, 3)), ("rotations", (31, 3, 3)), ("quaternions", (31, 4)), ("root_position", (3,))],
)
def test_a_feature_is_float32_with_frames_first(motion: StoredMotion, feature: str, shape: tuple[int, ...]) -> None:
    assert (motion[feature].dtype, motion[feature].shape) == (np.float32, (motion.frames, *shape))


def test_a_feature_cannot_be_written_to(motion: StoredMotion) -> None:
    with pytest.raises(ValueError, match="read-only"):
        motion["positions"][0] = 0


def test_an_unknown_feature_is_reported_with_those_that_there_are(motion: StoredMotion) -> None:
    with pytest.raises(
        KeyError, match="there is no feature 'feet'; stored are positions, rotations, quaternions, root_position"
    ):
        motion["feet"]


def test_the_label_is_that_of_the_index(motion: StoredMotion, corpus: Path) -> None:
    assert f"07_02\t{motion.label}\n" in (corpus / "index.txt").read_text()


def test_a_motion_without_a_label_has_none(corpus: Path, tmp_path: Path) -> None:
    build(corpus / "02" / "02_01.bvh", tmp_path / "out")
    assert motionprep.open(tmp_path / "out")["train"]["02_01"].label is None


def test_the_skeleton_is_that_of_the_file(motion: StoredMotion, corpus: Path) -> None:
    assert motion.skeleton == read_bvh(corpus / "07" / "07_02.bvh").skeleton


def test_the_rate_is_that_after_the_stages(motion: StoredMotion) -> None:
    assert motion.rate == 30


# What cannot be opened


@pytest.mark.parametrize("what", ["nowhere", "a folder", "a file"])
def test_what_is_no_dataset_cannot_be_opened(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x"
    if what == "a folder":
        path.mkdir()
    elif what == "a file":
        path.touch()
    with pytest.raises(DatasetError, match=r"x: is no motionprep dataset: it has no dataset.json"):
        motionprep.open(path)


def test_a_dataset_of_a_newer_format_cannot_be_opened(copied: Path) -> None:
    (copied / "dataset.json").write_text('{"motionprep": 7}')
    with pytest.raises(DatasetError, match=r"has format 7; .*: install a newer one"):
        motionprep.open(copied)


def test_a_dataset_whose_dataset_json_is_damaged_cannot_be_opened(copied: Path) -> None:
    (copied / "dataset.json").write_bytes((copied / "dataset.json").read_bytes()[:-9])
    with pytest.raises(DatasetError, match=r"dataset.json: is damaged; build again to mend it"):
        motionprep.open(copied)


@pytest.mark.parametrize("word", ["manifest", "skeletons", "stats"])
def test_a_dataset_with_a_damaged_file_cannot_be_opened(copied: Path, word: str) -> None:
    (path,) = copied.glob(f"{word}-*")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(DatasetError, match=rf"{path.name}: is damaged; build again to mend it"):
        motionprep.open(copied)


def test_a_dataset_that_lacks_a_shard_cannot_be_opened(copied: Path, dataset: Dataset) -> None:
    key = dataset.facts["splits"]["train"]["shards"][0]
    shutil.rmtree(copied / "shards" / key)
    with pytest.raises(DatasetError, match=rf"shard {key} is missing; build again to mend it"):
        motionprep.open(copied)


@pytest.mark.parametrize("caches", [True, False])
def test_a_dataset_with_a_shard_of_another_size_cannot_be_opened(copied: Path, dataset: Dataset, caches: bool) -> None:
    if not caches:
        shutil.rmtree(copied / ".cache")
    key = dataset.facts["splits"]["train"]["shards"][0]
    (copied / "shards" / key / "positions" / "c.0.0.0").unlink()
    with pytest.raises(DatasetError, match=rf"shard {key} has [\d,]+ bytes; expected [\d,]+; build again to mend it"):
        motionprep.open(copied)


def test_damage_that_changes_no_size_is_noticed_when_it_is_read(copied: Path, dataset: Dataset) -> None:
    shutil.rmtree(copied / ".cache")
    key = dataset.facts["splits"]["train"]["shards"][0]
    path = copied / "shards" / key / "positions" / "c.0.0.0"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    motion = motionprep.open(copied)["train"]["02_01"]
    with pytest.raises(DatasetError, match=rf"shard {key}: positions/c.0.0.0 is damaged"):
        motion["positions"]


def test_damage_since_the_last_build_that_changes_no_size_is_noticed_when_it_is_opened(
    copied: Path, dataset: Dataset
) -> None:
    key = dataset.facts["splits"]["train"]["shards"][0]
    path = copied / "shards" / key / "positions" / "c.0.0.0"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=rf"shard {key}: positions/c.0.0.0 is damaged"):
        motionprep.open(copied)


# Features over all frames


@pytest.fixture
def whole(dataset: Dataset) -> np.ndarray:
    return np.concatenate([motion["positions"] for motion in dataset["train"].values()])


def test_a_feature_of_a_split_is_all_its_motions_end_to_end(dataset: Dataset, whole: np.ndarray) -> None:
    positions = dataset["train"].array("positions")
    assert positions.shape == whole.shape == (dataset["train"].frames, 38, 3)
    assert positions.dtype == np.float32
    assert np.array_equal(np.asarray(positions), whole)
    assert np.asarray(positions, dtype=np.float64).dtype == np.float64


@given(st.data())
def test_frames_of_a_split_are_indexed_as_an_array_is(built: Path, data: st.DataObject) -> None:
    dataset = motionprep.open(built)
    whole = np.concatenate([motion["positions"] for motion in dataset["train"].values()])
    positions, frames = dataset["train"].array("positions"), len(whole)
    number = st.integers(-frames, frames - 1)
    part = st.builds(slice, st.none() | number, st.none() | number, st.sampled_from([None, 1, 3, -1, -7]))
    chosen = data.draw(number | part | st.lists(number, max_size=6))
    index = chosen if not isinstance(chosen, list) else np.array(chosen, dtype=int)
    assert np.array_equal(positions[index], whole[index])
    assert np.array_equal(positions[index, ..., 1], whole[index, ..., 1])


def test_a_frame_that_is_not_there_is_an_index_error(dataset: Dataset) -> None:
    with pytest.raises(IndexError):
        dataset["train"].array("positions")[dataset["train"].frames]


def test_a_feature_that_a_split_has_not_is_reported_with_those_that_it_has(dataset: Dataset) -> None:
    with pytest.raises(KeyError, match="there is no feature 'feet' in train; there are positions, rotations"):
        dataset["train"].array("feet")


def test_a_feature_over_motions_of_other_shapes_is_refused(corpus: Path, tmp_path: Path, real_data: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(corpus / "02", data / "02")
    shutil.copy(real_data / "other-bvh" / "cmu-daz_05_20.bvh", data / "05_20.bvh")
    build(data, tmp_path / "out", recipe=recipe_from_json({}))
    with pytest.raises(DatasetError, match=r"frames of positions have shapes .* in 05_20.*; read motion by motion"):
        motionprep.open(tmp_path / "out")["train"].array("positions")


def test_windows_and_batches_are_asked_of_a_split(dataset: Dataset) -> None:
    batch = next(iter(dataset["train"].batches(4, 8, inputs=["positions[*-Hips]"], targets=["positions[Hips]"])))
    assert {name: array.shape for name, array in batch.items()} == {"inputs": (4, 8, 111), "targets": (4, 8, 3)}


def test_frames_and_nodes_are_named_together_as_numpy_has_it(dataset: Dataset, whole: np.ndarray) -> None:
    positions = dataset["train"].array("positions")
    assert np.array_equal(positions[[1, 2], [0, 1]], whole[[1, 2], [0, 1]])
    with pytest.raises(ValueError, match="cannot be had without a copy"):
        positions.__array__(copy=False)


def test_splits_and_motions_are_asked_for_by_in(dataset: Dataset) -> None:
    assert "train" in dataset
    assert "val" not in dataset
    assert list(dataset) == ["train", "test"]
    assert "02_01" in dataset["train"]
    assert "positions" not in dataset["train"]
    assert dict(dataset["test"]).keys() == {*dataset["test"]}
    assert dict(dataset).keys() == {"train", "test"}


def test_metadata_that_say_other_frames_are_damage(copied: Path) -> None:
    for path in copied.glob("shards/*/positions/zarr.json"):
        path.write_text(path.read_text().replace("38,3", "3,38").replace("38, 3", "3, 38"))
    shutil.rmtree(copied / ".cache")
    with pytest.raises(DatasetError, match=r"positions/zarr\.json is damaged"):
        motionprep.open(copied)["train"].windows(4, features=["positions"])


# Back into the world of the files

SHAPES = {
    "positions": (38, 3),
    "rotations": (31, 3, 3),
    "quaternions": (31, 4),
    "root_position": (3,),
    "root_rotation": (3, 3),
    "global_rotations": (31, 3, 3),
    "rotations_6d": (31, 6),
}


@pytest.fixture(scope="module")
def turned(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> StoredMotion:
    """Return a motion in other axes, whose positions are normalized."""
    out = tmp_path_factory.mktemp("turned") / "out"
    stages = [
        {"stage": "select_joints", "set": "cmu-31"},
        {"stage": "permute_axes", "axes": "yzx"},
        {"stage": "normalize", "arrays": ["positions"]},
        {"stage": "features", "arrays": [*SHAPES]},
    ]
    build(corpus, out, recipe=recipe_from_json({"split": SPLIT, "stages": stages}))
    return motionprep.open(out)["test"]["07_01"]


def shape_of(motion: StoredMotion, name: str) -> tuple[int, ...]:
    return motion[name].shape[1:]


@pytest.mark.parametrize("name", SHAPES)
def test_frames_windows_and_flat_ones_come_back_alike(turned: StoredMotion, name: str) -> None:
    frame, expected = shape_of(turned, name), motionprep.invert(turned)[name][:12]

    for lead in ((12,), (3, 4), (12, 1)):
        for tail in (frame, (-1,)):
            given = turned[name][:12].reshape(*lead, *tail)
            back = motionprep.invert(turned, {name: given})[name]
            assert back.shape == given.shape
            np.testing.assert_allclose(back.reshape(expected.shape), expected, atol=1e-4)


@pytest.mark.parametrize("name", SHAPES)
def test_features_of_another_shape_do_not_come_back(turned: StoredMotion, name: str) -> None:
    frame = shape_of(turned, name)
    asked = ", ".join(map(str, frame))

    for shape in ((), frame, (7, 5, *frame[1:], 2), (7, 31, 3, 3, 3), (2, 2, 2, *frame), (7, *frame[:-1], 5)):
        with pytest.raises(ValueError, match=rf"07_01: {name} have shape \(.*\); expected \(frames, {asked}\)"):
            motionprep.invert(turned, {name: np.ones(shape)})


@pytest.mark.parametrize("name", SHAPES)
def test_numbers_that_are_none_do_not_come_back(turned: StoredMotion, name: str) -> None:
    values = np.array(turned[name])
    values[10].flat[2] = np.nan

    with pytest.raises(
        ValueError, match=rf"07_01: {name}: frame 10: predictions have nan at \[.*2\]; expected numbers"
    ):
        motionprep.invert(turned, {name: values})
    with pytest.raises(ValueError, match=rf"07_01: {name}: predictions are <U.*; expected numbers such as float32"):
        motionprep.invert(turned, {name: turned[name].astype(str)})


@pytest.mark.parametrize("name", ["rotations", "quaternions", "root_rotation", "global_rotations", "rotations_6d"])
def test_a_rotation_of_zeros_does_not_come_back(turned: StoredMotion, name: str) -> None:
    values = np.array(turned[name])
    values[10] = 0
    place = "" if name == "root_rotation" else ", Hips"

    with pytest.raises(ValueError, match=rf"07_01: {name}: frame 10{place}: a rotation of zeros, .* has no direction"):
        motionprep.invert(turned, {name: values})


@pytest.mark.parametrize("form", ["matrix", "quaternion", "6d"])
@pytest.mark.parametrize("flat", [False, True])
def test_a_rotation_of_zeros_in_the_form_of_the_recipe_does_not_come_back(
    corpus: Path, tmp_path: Path, form: str, flat: bool
) -> None:
    stages = [
        {"stage": "represent", "rotations": form, "root": "apart", "flat": flat},
        {"stage": "features", "arrays": ["rotations", "root_rotation"]},
    ]
    build(corpus, tmp_path / "out", recipe=recipe_from_json({"split": SPLIT, "stages": stages}))
    motion = motionprep.open(tmp_path / "out")["test"]["07_01"]

    for name, joint in (("rotations", f", {motion.skeleton.joints[1]}"), ("root_rotation", "")):
        values = np.array(motion[name])
        values[3] = 0
        with pytest.raises(ValueError, match=rf"07_01: {name}: frame 3{joint}: a rotation of zeros, .* no direction"):
            motionprep.invert(motion, {name: values})


def test_numbers_that_are_not_normalized_come_back_as_such(turned: StoredMotion) -> None:
    expected = motionprep.invert(turned)["positions"]

    back = motionprep.invert(turned, {"positions": turned.unnormalized("positions")}, normalize=False)["positions"]

    np.testing.assert_array_equal(back, expected)
    assert (
        np.abs(motionprep.invert(turned, {"positions": turned.stored("positions")})["positions"] - expected).max() > 1
    )


def test_normalized_numbers_too_large_to_restore_do_not_come_back(turned: StoredMotion) -> None:
    values = np.array(turned["positions"])
    values[5] = 3.4e38

    with pytest.raises(ValueError, match="07_01: positions: float32 cannot hold them as they were before"):
        motionprep.invert(turned, {"positions": values})


def test_a_feature_that_is_not_stored_comes_back_in_its_own_shape(dataset: Dataset) -> None:
    motion = dataset["test"]["07_01"]
    assert "global_rotations" not in motion

    assert motionprep.invert(motion, {"global_rotations": np.ones((4, 31, 1, 1)) * np.eye(3)})
    with pytest.raises(ValueError, match=r"expected \(frames, 31, 3, 3\) or \(frames, 279\)"):
        motionprep.invert(motion, {"global_rotations": np.ones((4, 31, 3))})


def test_a_split_is_an_xarray_dataset_with_names_and_seconds(dataset: Dataset) -> None:
    pytest.importorskip("xarray")
    split = dataset["train"]
    frames = split.to_xarray()
    motion = split["09_01@2"]
    mine = frames.isel(frame=(frames.key == "09_01@2").values)
    assert np.array_equal(mine.positions.sel(node="Head"), motion["positions"][:, motion.skeleton.nodes.index("Head")])
    assert mine.seconds.values[1] == 1 / motion.rate
    assert frames.rotations.dims == ("frame", "joint", "row", "column")
