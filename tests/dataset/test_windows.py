from __future__ import annotations

import gc
import shutil
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import motionprep
from motionprep import Dataset, DatasetError, build, write_sample
from motionprep.dataset.frame_pool import Pool
from motionprep.dataset.windows import Windows
from motionprep.formats.c3d_write import write_c3d
from motionprep.motion.markers import Markers
from motionprep.recipe.recipe import recipe_from_json
from motionprep.scoring import score

SPLIT = {
    "train": ["02_*", {"motions": "09_01", "frames": "1-10"}, {"motions": "09_01", "frames": "21-35"}],
    "test": ["07_*"],
}


@pytest.fixture(scope="module")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("windows") / "out"
    build(corpus, out, recipe=recipe_from_json({"split": SPLIT}))
    return out


@pytest.fixture(scope="module")
def dataset(built: Path) -> Dataset:
    return motionprep.open(built)


def cut(dataset: Dataset, length: int, stride: int, step: int, feature: str = "positions") -> list[np.ndarray]:
    """Return the windows of train as a plain loop cuts them."""
    span = (length - 1) * step + 1
    return [
        motion[feature][start : start + span : step]
        for motion in dataset["train"].values()
        for start in range(0, motion.frames - span + 1, stride)
    ]


@pytest.mark.parametrize(("length", "stride", "step"), [(1, 1, 1), (8, 1, 1), (8, 8, 1), (5, 3, 6), (12, 1, 1)])
def test_windows_are_those_that_a_plain_loop_cuts(dataset: Dataset, length: int, stride: int, step: int) -> None:
    windows = dataset["train"].windows(length, stride, step, features=["positions"])
    expected = cut(dataset, length, stride, step)
    assert len(windows) == len(expected)
    assert np.array_equal(windows[:]["positions"], np.array(expected))


@given(st.data())
def test_windows_by_number_slice_and_list_are_the_same(dataset: Dataset, data: st.DataObject) -> None:
    windows = dataset["train"].windows(4, 3, features=["positions", "root_position"])
    numbers = data.draw(st.lists(st.integers(-len(windows), len(windows) - 1), min_size=1, max_size=5))
    several = windows[numbers]
    for at, number in enumerate(numbers):
        for name, array in windows[number].items():
            assert np.array_equal(several[name][at], array)
    part = slice(*data.draw(st.tuples(*[st.none() | st.integers(-40, 40)] * 2)), data.draw(st.sampled_from([1, 2, -1])))
    assert np.array_equal(windows[part]["positions"], windows[list(range(len(windows)))[part]]["positions"])


def test_each_window_can_be_traced_to_its_frames(dataset: Dataset) -> None:
    windows = dataset["train"].windows(3, 7, 2, features=["quaternions"])
    for number, window in enumerate(windows):
        motion, frames = windows.where(number)
        assert np.array_equal(window["quaternions"], motion["quaternions"][np.array(frames)])


def test_motions_say_which_windows_are_theirs(dataset: Dataset) -> None:
    windows = dataset["train"].windows(12, 5, features=["root_position"])
    for motion, part in windows.motions:
        assert part.stop - part.start == max(0, (motion.frames - 12) // 5 + 1)
        for number in range(part.start, part.stop):
            assert windows.where(number)[0].row == motion.row


def test_features_keep_their_shapes(dataset: Dataset) -> None:
    windows = dataset["train"].windows(8, features=["positions[*-Hips]", "rotations", "root_position.xz"])
    assert windows.shapes == {
        "positions[*-Hips]": (8, 37, 3),
        "rotations": (8, 31, 3, 3),
        "root_position.xz": (8, 2),
    }
    assert {name: array.shape for name, array in windows[0].items()} == windows.shapes


def test_inputs_and_targets_are_their_fields_end_to_end(dataset: Dataset) -> None:
    windows = dataset["train"].windows(
        8, inputs=["positions[*-Hips]", "root_position"], targets=["rotations", "positions[Hips].y"]
    )
    motion, frames = windows.where(17)
    positions, rotations = motion["positions"], motion["rotations"]
    of = slice(frames.start, frames.stop)
    hips = motion.skeleton.nodes.index("Hips")
    assert windows.shapes == {"inputs": (8, 37 * 3 + 3), "targets": (8, 31 * 9 + 1)}
    others = np.delete(positions, hips, axis=1).reshape(motion.frames, -1)
    assert np.array_equal(windows[17]["inputs"], np.hstack([others, motion["root_position"]])[of])
    expected = np.hstack([rotations.reshape(motion.frames, -1), positions[:, hips, 1:2]])
    assert np.array_equal(windows[17]["targets"], expected[of])


def test_columns_name_each_number_of_the_inputs(dataset: Dataset) -> None:
    windows = dataset["train"].windows(1, inputs=["positions[Head_Nub]", "root_position.x"])
    assert windows.columns("inputs") == (
        "positions[Head_Nub].x",
        "positions[Head_Nub].y",
        "positions[Head_Nub].z",
        "root_position.x",
    )


def test_all_features_are_there_if_none_is_asked_for(dataset: Dataset) -> None:
    assert tuple(dataset["train"].windows(2)[0]) == dataset["train"].features


def test_what_is_handed_out_is_the_readers_own(dataset: Dataset) -> None:
    windows = dataset["train"].windows(8, features=["positions"])
    before = windows[0]["positions"].copy()
    windows[0]["positions"][:] = 7
    windows[[0]]["positions"][:] = 7
    assert np.array_equal(windows[0]["positions"], before)


def test_a_transform_is_called_with_what_is_handed_out(dataset: Dataset) -> None:
    def double(item: dict) -> dict:
        return {name: 2 * array for name, array in item.items()}

    plain = dataset["train"].windows(8, features=["positions"])
    doubled = dataset["train"].windows(8, features=["positions"], transform=double)
    assert np.array_equal(doubled[3]["positions"], 2 * plain[3]["positions"])
    assert np.array_equal(doubled[:4]["positions"], 2 * plain[:4]["positions"])


def test_with_little_memory_the_windows_are_the_same(dataset: Dataset) -> None:
    windows = dataset["train"].windows(8, features=["positions"])
    bounded = dataset["train"].windows(8, features=["positions"], memory=1)
    assert not bounded.fits
    shuffled = np.random.default_rng(0).permutation(len(windows)).tolist()
    assert np.array_equal(bounded[shuffled]["positions"], windows[shuffled]["positions"])


def test_normalized_features_come_normalized_unless_asked_otherwise(corpus: Path, tmp_path: Path) -> None:
    recipe = {"split": SPLIT, "stages": [{"stage": "normalize"}, {"stage": "features", "arrays": ["positions"]}]}
    build(corpus, tmp_path / "out", recipe=recipe_from_json(recipe))
    train = motionprep.open(tmp_path / "out")["train"]
    normal, raw = train.windows(4), train.windows(4, normalize=False)
    motion, frames = normal.where(5)
    of = slice(frames.start, frames.stop)
    assert np.array_equal(normal[5]["positions"], motion["positions"][of])
    assert np.array_equal(raw[5]["positions"], motion.stored("positions")[of])
    assert not np.allclose(raw[5]["positions"], normal[5]["positions"])


def test_features_that_are_named_come_normalized_whatever_the_recipe_says(dataset: Dataset) -> None:
    windows = dataset["train"].windows(1, features=["positions", "root_position"], normalize=["positions"])
    values = windows[:]
    assert np.allclose(values["positions"].mean((0, 1)), 0, atol=1e-4)
    assert np.array_equal(
        values["root_position"][:, 0], np.concatenate([m["root_position"] for m in dataset["train"].values()])
    )


def test_the_task_of_the_recipe_says_what_windows_are(corpus: Path, tmp_path: Path) -> None:
    task = {"inputs": ["positions[*-Hips]"], "targets": ["positions[Hips]"], "length": 5, "stride": 2, "step": 3}
    build(corpus, tmp_path / "out", recipe=recipe_from_json({"split": SPLIT, "task": task}))
    dataset = motionprep.open(tmp_path / "out")
    windows = dataset["test"].windows()
    assert windows.shapes == {"inputs": (5, 111), "targets": (5, 3)}
    assert [windows.where(n)[1] for n in (0, 1)] == [range(0, 13, 3), range(2, 15, 3)]
    assert dataset["test"].windows(features=["positions"]).shapes == {"positions": (5, 38, 3)}


def test_a_label_is_an_index_into_the_classes(corpus: Path, tmp_path: Path) -> None:
    labels = {"02_01": "walk", "02_02": "run", "02_04": "walk"}
    build(corpus, tmp_path / "out", recipe=recipe_from_json({"split": SPLIT, "reading": {"labels": labels}}))
    dataset = motionprep.open(tmp_path / "out")
    windows = dataset["train"].windows(8, features=["root_position"], label=True)
    assert dataset.classes == ("run", "walk")
    told = {windows.where(n)[0].key: dataset.classes[int(window["label"])] for n, window in enumerate(windows)}
    assert told == labels
    assert windows.shapes["label"] == ()
    assert windows[:3]["label"].tolist() == windows.labels[:3].tolist() == [1, 1, 1]
    assert not windows.labels.flags.writeable
    assert dataset["train"].windows(8, features=["root_position"]).labels.shape == (0,)


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (
            {"label_pattern": "(?P<label>nothing)"},
            r"none of its 6 motions has a label; build with `labels`, .*, label=False$",
        ),
        (
            {"labels": {"02_01": [[1, 5, "walk"], [9, 15, "run"]]}},
            r"spans 8, the longest run of frames with one label in its 6 motions has 7$",
        ),
    ],
    ids=["no label", "short ones"],
)
def test_where_no_window_has_a_class_the_error_says_whether_labels_or_frames_are_missing(
    corpus: Path, tmp_path: Path, reading: dict, words: str
) -> None:
    build(corpus, tmp_path / "out", recipe=recipe_from_json({"split": SPLIT, "reading": reading}))
    dataset = motionprep.open(tmp_path / "out")
    with pytest.raises(DatasetError, match=f"train has no window: .*{words}"):
        dataset["train"].windows(8, features=["root_position"], label=True)


def test_a_mask_is_an_input_like_any_number(corpus: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "data", subjects=1, motions=2, frames=40, markers=True)
    recipe = {"stages": [{"stage": "features", "arrays": ["markers", "markers_visible"]}]}
    build(tmp_path / "data", tmp_path / "out", recipe=recipe_from_json(recipe))
    windows = motionprep.open(tmp_path / "out")["train"].windows(
        4, inputs=["markers_visible"], targets=["markers_visible[C7]", "markers[C7]"]
    )
    motion, frames = windows.where(3)
    of = slice(frames.start, frames.stop)
    assert np.array_equal(windows[3]["inputs"], motion["markers_visible"][of].astype(np.float32))
    c7 = motion.marker_names.index("C7")
    expected = np.column_stack([motion["markers_visible"][of, c7], motion["markers"][of, c7]])
    assert np.array_equal(windows[3]["targets"], expected)


def test_markers_in_another_order_are_handed_out_in_that_of_the_first(tmp_path: Path) -> None:
    points = np.arange(10 * 3 * 3, dtype=float).reshape(10, 3, 3)
    for key, names in (("01_01", ("C7", "T10", "CLAV")), ("01_02", ("T10", "C7", "CLAV"))):
        order = [("C7", "T10", "CLAV").index(name) for name in names]
        (tmp_path / "data").mkdir(exist_ok=True)
        write_c3d(tmp_path / "data" / f"{key}.c3d", Markers(names, points[:, order] + 1, np.ones((10, 3), bool), 120.0))
    build(tmp_path / "data", tmp_path / "out")
    train = motionprep.open(tmp_path / "out")["train"]
    one, other = train.windows(10, features=["markers", "markers[C7,CLAV]"])
    for name in one:
        assert np.array_equal(one[name], other[name])
    assert np.array_equal(one["markers"], points + 1)
    with pytest.raises(DatasetError, match=r"markers are in another order in 01_0. than in 01_0.; read motion by"):
        train.array("markers")


@pytest.fixture
def reordered(tmp_path: Path) -> Dataset:
    """Return a dataset of markers that stand in another order in 01_02, which trains, and 01_03, which tests."""
    points = np.random.default_rng(0).normal(size=(10, 3, 3))
    names = ("C7", "T10", "CLAV")
    (tmp_path / "data").mkdir()
    for key, order in (("01_01", [0, 1, 2]), ("01_02", [1, 0, 2]), ("01_03", [2, 1, 0])):
        markers = Markers(tuple(names[n] for n in order), points[:, order], np.ones((10, 3), bool), 120.0)
        write_c3d(tmp_path / "data" / f"{key}.c3d", markers)
    split = {"train": ["01_01", "01_02"], "test": ["01_03"]}
    build(tmp_path / "data", tmp_path / "out", recipe={"split": split})
    return motionprep.open(tmp_path / "out")


def test_all_splits_hand_out_markers_in_one_order(reordered: Dataset) -> None:
    sides = [reordered[side].windows(10, inputs=["markers", "markers[*-T10]"]) for side in ("test", "train")]
    assert sides[0].columns("inputs") == sides[1].columns("inputs")
    assert sides[1].columns("inputs")[0] == "markers[C7].x"
    for other in (sides[1][0], sides[1][1]):
        assert np.array_equal(sides[0][0]["inputs"], other["inputs"])


@pytest.mark.parametrize("side", ["train", "test"])
def test_what_windows_hand_out_is_scored_as_it_is(reordered: Dataset, side: str) -> None:
    windows = reordered[side].windows(5, 5, inputs=["markers"], targets=["markers", "markers[T10].xz"])
    means = score(windows[:]["targets"], windows).fields[0].mean()
    assert means["ed"] == 0


def test_windows_are_marked_by_a_mask_too(dataset: Dataset) -> None:
    windows = dataset["train"].windows(8, features=["root_position"])
    mask = np.arange(len(windows)) % 5 == 0
    assert np.array_equal(windows[mask]["root_position"], windows[::5]["root_position"])
    with pytest.raises(IndexError, match="the mask has shape"):
        windows[[True, False]]
    with pytest.raises(IndexError, match="named by a list of numbers"):
        windows[[0.5]]


def test_memory_that_is_bounded_holds_one_shard_and_what_fits(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = dataset["train"].windows(8, features=["positions"], memory=1)
    held: list[weakref.ref] = []
    pool_of = Windows.pool_of

    def spied(self: Windows, blocks: Sequence[int]) -> Pool:
        pool = pool_of(self, blocks)
        held.append(weakref.ref(pool))
        return pool

    monkeypatch.setattr(Windows, "pool_of", spied)
    for number in range(0, len(windows), 7):
        windows[number]
        gc.collect()
        assert sum(pool() is not None for pool in held) == 1


# What cannot be


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"features": ["feet"]}, "there is no feature 'feet' in train; there are positions, rotations"),
        ({"features": ["positions[Hipps]"]}, r"02_01: positions\[Hipps\]: no Hipps; near are Hips"),
        ({"features": "positions"}, r"features is 'positions'; give a list of fields, \['positions'\]"),
        ({"inputs": ["positions["]}, r"inputs: 'positions\[' is no field"),
        ({"features": []}, "no fields are asked for"),
        ({"normalize": "positions"}, r"normalize is 'positions'; give a list of features, \['positions'\]"),
        ({"normalize": ["position"]}, "normalize: there are no numbers 'position' in train; there are positions"),
        ({"length": 0}, "length is 0; it must be at least 1"),
        ({"stride": 0}, "stride is 0"),
        ({"length": 300, "step": 4}, r"train has no window: one of 300 frames, every 4\., spans 1,197, the longest of"),
        ({"length": None}, "give a length: the recipe of the dataset has no task"),
    ],
)
def test_windows_that_cannot_be_are_refused(dataset: Dataset, options: dict, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        dataset["train"].windows(**{"length": 4, **options})


def test_a_window_that_is_not_there_is_reported_with_their_number(dataset: Dataset) -> None:
    windows = dataset["train"].windows(8)
    count = len(windows)
    with pytest.raises(IndexError, match=f"there is no window {count}; there are {count}"):
        windows[count]
    with pytest.raises(IndexError, match=f"there is no window -{count + 1}"):
        windows[[0, -count - 1]]


def test_a_shard_that_is_gone_is_an_error_and_no_zeros(built: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(built, tmp_path / "out"))
    dataset = motionprep.open(out)
    windows = dataset["train"].windows(8, features=["positions"])
    shutil.rmtree(out / "shards")
    with pytest.raises(DatasetError, match="is missing; build again to mend it, or open the dataset anew"):
        windows[0]


def test_a_shard_that_changes_under_a_reader_is_noticed(built: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(built, tmp_path / "out"))
    windows = motionprep.open(out)["train"].windows(8, features=["positions"])
    for path in out.glob("shards/*/positions/c.*"):
        data = bytearray(path.read_bytes())
        data[100] ^= 1
        path.write_bytes(data)
    with pytest.raises(DatasetError, match=r"positions/c\.0\.0\.0 is damaged"):
        windows[:]


def test_motions_of_other_shapes_need_names_that_all_have(corpus: Path, tmp_path: Path, real_data: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(corpus / "02", data / "02")
    shutil.copy(real_data / "other-bvh" / "cmu-daz_05_20.bvh", data / "05_20.bvh")
    build(data, tmp_path / "out", recipe=recipe_from_json({}))
    train = motionprep.open(tmp_path / "out")["train"]
    with pytest.raises(DatasetError, match=r"frame of positions has shape \(38, 3\) in 02_01 and \(\d+, 3\) in 05_20"):
        train.windows(8, features=["positions"])
    assert train.windows(8, features=["root_position"]).shapes == {"root_position": (8, 3)}
