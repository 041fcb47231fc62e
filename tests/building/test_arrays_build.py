"""Arrays of joint positions, built through the same pipeline as motions."""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import motionprep
from motionprep import BuildError, RecipeError, SourceError, build, invert
from motionprep.building.build import Summary
from motionprep.dataset.dataset import Dataset
from motionprep.recipe.recipe import recipe_from_json

NAMES = ["Hip", "RHip", "RKnee", "RFoot", "LHip", "LKnee", "LFoot", "Head"]
PARENTS = [-1, 0, 1, 2, 0, 4, 5, 0]
SAID = f"names = {NAMES}\nrate = 50\n"
RNG = np.random.default_rng(4)
WALK = RNG.normal(size=(40, 8, 3)).astype(np.float32)
CLIPS = RNG.normal(size=(5, 8, 8, 3)).astype(np.float32)


def settle(folder: Path) -> None:
    """Let all files look as if they were an hour old, as those do whose state is remembered."""
    before = time.time() - 3600
    for path in folder.rglob("*.*"):
        os.utime(path, (before, before))


def folder_of(folder: Path, said: str = SAID, **files: NDArray[Any]) -> Path:
    """Write arrays, and what is said of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in files.items():
        np.save(folder / f"{name}.npy", values)
    (folder / "arrays.toml").write_text(said)
    settle(folder)
    return folder


def built(data: Path, out: Path, *stages: dict[str, Any], **recipe: Any) -> Dataset:
    build(data, out, recipe={"stages": [*stages], **recipe})
    return motionprep.open(out)


def refusal(data: Path, out: Path, *stages: dict[str, Any], **recipe: Any) -> str:
    """Return why the only motion is not built."""
    with pytest.raises(BuildError) as error:
        built(data, out, *stages, **recipe)
    return str(error.value).partition("the first: ")[2]


def bytes_of(dataset: Dataset, key: str) -> bytes:
    return bytes(dataset["train"][key]["positions"].tobytes())


class TestRoundTrip:
    def test_positions_come_back_bit_for_bit(self, tmp_path: Path) -> None:
        dataset = built(folder_of(tmp_path / "data", S1_walk=WALK, S2_clips=CLIPS), tmp_path / "out")

        assert bytes_of(dataset, "S1_walk") == WALK.tobytes()
        assert bytes_of(dataset, "S2_clips") == CLIPS.tobytes()
        assert np.array_equal(dataset["train"]["S1_walk"]["root_position"], WALK[:, 0])

    def test_an_archive_makes_what_its_folder_makes(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data" / "deep", S1_walk=WALK)
        np.savez_compressed(data / "S2_run.npz", x=WALK * 2)
        (data / "S2_run.toml").write_text("rate = 25")
        with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("S1_walk.npy", "S2_run.npz", "S2_run.toml"):
                archive.write(data / name, f"deep/{name}")
            archive.write(data / "arrays.toml", "arrays.toml")

        one, other = built(data, tmp_path / "one"), built(tmp_path / "all.zip", tmp_path / "other")

        assert one.facts["splits"] == other.facts["splits"]
        assert list(other.manifest.fps) == [50, 25]
        assert bytes_of(other, "S2_run") == (WALK * 2).tobytes()

    def test_keypoints_have_z_at_zero(self, tmp_path: Path) -> None:
        dataset = built(folder_of(tmp_path / "data", S1_walk=WALK[..., :2]), tmp_path / "out")

        found = dataset["train"]["S1_walk"]["positions"]

        assert found[..., :2].tobytes() == WALK[..., :2].tobytes()
        assert not found[..., 2].any()

    def test_nothing_but_positions_is_stored_if_nobody_asks(self, tmp_path: Path) -> None:
        dataset = built(folder_of(tmp_path / "data", S1_walk=WALK), tmp_path / "out", {"stage": "velocity"})

        assert list(dataset["train"]["S1_walk"]) == ["positions", "root_position", "positions_velocity"]

    def test_changes_of_coordinates_are_undone(self, tmp_path: Path) -> None:
        stages = [
            {"stage": "select_joints", "joints": ["!Head"]},
            {"stage": "mirror", "chance": 1.0},
            {"stage": "yaw"},
            {"stage": "translate"},
            {"stage": "scale", "unit": "m"},
            {"stage": "permute_axes", "axes": "yzx"},
        ]
        dataset = built(folder_of(tmp_path / "data", SAID + 'units = "mm"', S1_walk=WALK), tmp_path / "out", *stages)
        motion = dataset["train"]["S1_walk"]

        back = invert(motion)

        assert np.abs(motion["positions"] - WALK[:, :7]).max() > 1
        assert np.allclose(back["positions"], WALK[:, :7], atol=1e-3)
        assert np.allclose(back["root_position"], WALK[:, 0], atol=1e-3)
        assert motion.row["scale"] == pytest.approx(1e-3)

    def test_a_unit_that_the_recipe_gives_skeletons_does_not_hold_for_arrays(self, tmp_path: Path) -> None:
        stage = {"stage": "scale", "unit": "m", "metres_per_unit": 0.056444}
        data = folder_of(tmp_path / "data", S1_walk=WALK)

        with pytest.raises(BuildError, match="scale: nothing says the unit of these arrays; write units into their"):
            built(data, tmp_path / "out", stage)

    def test_other_speeds_lie_between_the_frames(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", S1_walk=WALK)

        dataset = built(data, tmp_path / "out", {"stage": "speed", "least": 0.5, "most": 0.6})

        motion = dataset["train"]["S1_walk"]
        at = motion.facts["speed"]
        assert isinstance(at, float)
        assert np.allclose(motion["positions"][1], WALK[0] * (1 - at) + WALK[1] * at, atol=1e-6)

    def test_bones_are_measured_where_parents_are_known(self, tmp_path: Path) -> None:
        thigh = {"stage": "scale", "thigh": 1}
        tree = folder_of(tmp_path / "tree", SAID + f"parents = {PARENTS}", S1_walk=WALK)
        lengths = np.linalg.norm(WALK[:, [1, 4]] - WALK[:, [2, 5]], axis=-1)

        scale = built(tree, tmp_path / "out", thigh).manifest.scale[0]

        assert scale == pytest.approx(1 / np.median(lengths, axis=0).mean())
        assert refusal(folder_of(tmp_path / "bare", S1_walk=WALK), tmp_path / "no", thigh) == (
            "scale: the bones along which to measure the thigh are not known; say the joints' parents"
        )


class TestFinding:
    def test_arrays_of_which_nothing_is_said_do_not_break_a_build(self, corpus: Path, tmp_path: Path) -> None:
        data = Path(shutil.copytree(corpus, tmp_path / "data"))
        np.save(data / "weights.npy", np.ones(7))
        (data / "more.npz").write_bytes(b"anything")

        assert set(built(data, tmp_path / "out").manifest.status) == {"ok"}

    def test_such_an_array_that_is_named_itself_is_refused(self, tmp_path: Path) -> None:
        np.save(tmp_path / "walk.npy", WALK)

        with pytest.raises(SourceError, match=r"^walk\.npy: nothing says which joints they hold; write names and rate"):
            build(tmp_path / "walk.npy", tmp_path / "out")

    def test_a_folder_with_such_arrays_alone_is_refused_with_what_to_do(self, tmp_path: Path) -> None:
        np.save(tmp_path / "walk.npy", WALK)

        with pytest.raises(SourceError, match=r"found; of 1 \.npy and \.npz files nothing says .* or give array names"):
            build(tmp_path, tmp_path / "out")

    def test_an_array_that_is_named_itself_is_described_by_its_folder(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", S1_walk=WALK)

        assert built(data / "S1_walk.npy", tmp_path / "out").manifest.key.tolist() == ["S1_walk"]

    def test_a_recipe_may_say_it(self, tmp_path: Path) -> None:
        np.save(tmp_path / "S1_walk.npy", WALK)

        dataset = built(tmp_path, tmp_path / "out", reading={"arrays": {"names": NAMES, "rate": 30, "subject": "anna"}})

        assert dataset.manifest[["subject", "fps"]].to_numpy().tolist() == [["anna", 30]]
        assert dataset.recipe.reading.arrays is not None
        assert list(dataset.recipe.reading.arrays.names) == NAMES

    def test_the_joints_may_be_those_of_a_canonical_skeleton(self, tmp_path: Path) -> None:
        clips = RNG.normal(size=(3, 8, 17, 3)).astype(np.float32)
        data = folder_of(tmp_path / "data", 'names = "h36m-17"\nrate = 50', S1_walk=clips)

        dataset = built(data, tmp_path / "out")

        assert bytes_of(dataset, "S1_walk") == clips.tobytes()
        assert dataset["train"]["S1_walk"].skeleton.joints[:3] == ("Hip", "RHip", "RKnee")

    def test_a_text_speaks_of_folders_below_and_a_nearer_one_goes_before_it(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", SAID + 'subject = "all"')
        for name in ("a/x/walk", "b/run"):
            (data / name).parent.mkdir(parents=True)
            np.save(data / f"{name}.npy", WALK)
        (data / "b" / "arrays.toml").write_text('subject = "B"')
        (data / "b" / "run.toml").write_text("rate = 25")

        table = built(data, tmp_path / "out").manifest

        assert table[["key", "subject", "fps"]].to_numpy().tolist() == [["run", "B", 25], ["walk", "all", 50]]

    def test_a_text_that_is_wrong_fails_its_arrays_and_nothing_else(self, corpus: Path, tmp_path: Path) -> None:
        data = Path(shutil.copytree(corpus, tmp_path / "data"))
        folder_of(data / "arrays", "fps = 5", walk=WALK)

        table = built(data, tmp_path / "out").manifest

        assert table[table.status == "failed"].reason.tolist() == [
            "arrays/walk.npy: arrays/arrays.toml: there is no 'fps'; there are names, rate, subject, parents, units, "
            "array, third"
        ]
        assert list(table.status).count("ok") == 16

    def test_a_text_without_end_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BuildError, match=r"arrays\.toml: cannot be read: has more than 1,048,576 bytes"):
            build(folder_of(tmp_path / "data", "#" * (1 << 20) + "\n", walk=WALK), tmp_path / "out")

    def test_an_array_that_is_damaged_fails(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", S1_walk=WALK, S2_run=WALK)
        (data / "S2_run.npy").write_bytes((data / "S2_run.npy").read_bytes()[:-1])

        table = built(data, tmp_path / "out").manifest

        assert table.reason[1].startswith("S2_run.npy: has 3,967 bytes; shape (40, 8, 3) of <f4 needs 3,968")

    def test_a_skeleton_and_an_array_of_one_name_are_two_motions(self, corpus: Path, tmp_path: Path) -> None:
        data = Path(shutil.copytree(corpus, tmp_path / "data"))
        folder_of(data / "arrays", **{"02_01": WALK})

        table = built(data, tmp_path / "out").manifest

        assert {"02/02_01", "arrays/02_01"} < set(table.key[table.status == "ok"])


class TestRotations:
    @pytest.mark.parametrize(
        ("stage", "says"),
        [
            ({"stage": "features", "arrays": ["positions", "rotations", "quaternions"]}, "rotations and quaternions"),
            ({"stage": "features", "arrays": ["root_rotation"]}, "root_rotation"),
            ({"stage": "represent"}, "represent"),
            ({"stage": "local_frame"}, r"local_frame \(root\)"),
            ({"stage": "local_frame", "method": "heading"}, r"local_frame \(heading\)"),
        ],
        ids=str,
    )
    def test_a_recipe_that_asks_for_them_is_refused_before_anything_is_read(
        self, stage: dict[str, Any], says: str, tmp_path: Path
    ) -> None:
        data = folder_of(tmp_path / "data", S1_walk=WALK)

        with pytest.raises(RecipeError, match=f"^split 'train' asks for {says}, and arrays of positions have no rotat"):
            built(data, tmp_path / "out", stage)

    def test_beside_skeletons_an_array_is_dropped_if_a_recipe_asks_for_them(self, corpus: Path, tmp_path: Path) -> None:
        data = Path(shutil.copytree(corpus, tmp_path / "data"))
        folder_of(data / "arrays", walk=WALK)

        table = built(data, tmp_path / "out", {"stage": "features", "arrays": ["positions", "rotations"]}).manifest

        assert table[table.status != "ok"][["status", "reason"]].to_numpy().tolist() == [
            ["dropped", "rotations: no rotations"]
        ]

    def test_beside_skeletons_all_are_stored_as_positions_if_a_recipe_does_not_say(
        self, corpus: Path, tmp_path: Path
    ) -> None:
        data = Path(shutil.copytree(corpus, tmp_path / "data"))
        folder_of(data / "arrays", walk=WALK)

        dataset = built(data, tmp_path / "out")

        assert set(dataset.manifest.status) == {"ok"}
        assert set(dataset.facts["features"]) == {"positions", "root_position"}


class TestClips:
    def test_the_manifest_says_how_many_frames_a_stored_clip_has(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", S1_walk=WALK, S2_clips=CLIPS)

        table = built(data, tmp_path / "out", {"stage": "downsample", "factor": 2}).manifest

        assert table["clip"].isna().tolist() == [True, False]
        assert table["clip"][1] == 4
        assert table.frames.tolist() == [20, 20]
        assert table.frames_in.tolist() == [40, 40]

    @pytest.mark.parametrize(
        ("stages", "kept"),
        [
            ([{"stage": "downsample", "factor": 3}], slice(0, 6, 3)),
            ([{"stage": "downsample", "factor": 3, "partial": True}], slice(0, 8, 3)),
            ([{"stage": "downsample", "rate": 25}], slice(0, 8, 2)),
            ([{"stage": "trim", "t_pose": 1}, {"stage": "downsample", "factor": 2}], slice(1, 7, 2)),
            ([{"stage": "trim", "first": 3, "last": 7}, {"stage": "drop_short", "frames": 5}], slice(2, 7)),
        ],
        ids=str,
    )
    def test_frames_are_chosen_clip_by_clip(self, stages: list[dict[str, Any]], kept: slice, tmp_path: Path) -> None:
        dataset = built(folder_of(tmp_path / "data", S1_clips=CLIPS), tmp_path / "out", *stages)

        assert bytes_of(dataset, "S1_clips") == CLIPS[:, kept].tobytes()

    def test_velocities_do_not_cross_the_end_of_a_clip(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", S1_clips=CLIPS)
        stages = [{"stage": "yaw"}, {"stage": "velocity", "of": ["positions", "root_position"]}]

        motion = built(data, tmp_path / "out", *stages)["train"]["S1_clips"]

        clips = motion["positions"].reshape(CLIPS.shape)
        changes = np.diff(clips, axis=1) * 50
        expected = np.concatenate([changes[:, :1], changes], axis=1)
        assert np.allclose(motion["positions_velocity"].reshape(CLIPS.shape), expected, atol=1e-3)
        assert np.array_equal(motion["root_velocity"], motion["positions_velocity"][:, 0])

    def test_each_clip_may_have_a_label_of_its_own(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", S1_clips=CLIPS)
        of_clips = [[8 * clip + 1, 8 * clip + 8, "walk" if clip % 2 else "run"] for clip in range(5)]

        dataset = built(
            data,
            tmp_path / "out",
            {"stage": "trim", "first": 2},
            {"stage": "downsample", "factor": 3},
            reading={"labels": {"S1_clips": of_clips}},
            split={"train": [{"motions": "S1_clips", "frames": "9-40"}]},
        )

        windows = dataset["train"].windows(2, features=["positions"], label=True)[:]
        assert [dataset.classes[number] for number in windows["label"]] == ["walk", "run", "walk", "run"]
        assert np.array_equal(windows["positions"], CLIPS[1:, 1:7:3])

    def test_windows_do_not_cross_the_end_of_a_clip(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", S1_clips=CLIPS[..., :2])

        windows = built(data, tmp_path / "out")["train"].windows(5, stride=3, features=["positions.xy"])

        expected = [clip[first : first + 5] for clip in CLIPS[..., :2] for first in (0, 3)]
        assert np.array_equal(windows[:]["positions.xy"], expected)

    @pytest.mark.parametrize(
        ("stages", "says"),
        [
            ([{"stage": "speed"}], "speed: would mix the frames of one clip with those of the next"),
            ([{"stage": "downsample", "factor": 2, "lowpass": True}], "downsample: would mix the frames of one clip"),
            ([{"stage": "yaw"}, {"stage": "trim", "first": 2}], "trim: comes after yaw; frames of clips are chosen"),
            ([{"stage": "drop_short", "frames": 9}], "drop_short: 8 frames, fewer than 9"),
            ([{"stage": "downsample", "factor": 9}], "downsample: nothing is left of 8 frames"),
            ([{"stage": "downsample", "factor": 8}, {"stage": "velocity"}], "velocity: fewer than two frames"),
        ],
        ids=str,
    )
    def test_what_cannot_be_done_clip_by_clip_is_refused(
        self, stages: list[dict[str, Any]], says: str, tmp_path: Path
    ) -> None:
        assert refusal(folder_of(tmp_path / "data", S1_clips=CLIPS), tmp_path / "out", *stages).startswith(says)

    def test_a_split_takes_whole_clips(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", S1_clips=CLIPS)
        split = {
            side: [{"motions": "S1_clips", "frames": frames}] for side, frames in (("train", "1-24"), ("test", "25-40"))
        }

        dataset = built(data, tmp_path / "out", {"stage": "downsample", "factor": 2}, split=split)

        assert bytes_of(dataset, "S1_clips") == CLIPS[:3, ::2].tobytes()
        assert dataset["test"]["S1_clips"]["positions"].tobytes() == CLIPS[3:, ::2].tobytes()

    @pytest.mark.parametrize("frames", ["1-23", "2-24", "1-400"])
    def test_a_split_that_cuts_a_clip_is_refused(self, frames: str, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", S1_clips=CLIPS)
        split = {"train": [{"motions": "S1_clips", "frames": frames}]}

        reason = refusal(data, tmp_path / "out", split=split)

        assert reason.startswith(
            f"S1_clips.npy: has clips of 8 frames; the split's frames {frames} cut one"
            if frames != "1-400"
            else "S1_clips.npy: has 40 frames; the split asks for frames 1-400"
        )


class TestBuildingAgain:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        data = folder_of(tmp_path / "data", S1_walk=WALK, S2_run=WALK * 2)
        (data / "S2_run.toml").write_text(SAID.replace("Hip", "Hips"))
        settle(data)
        return data

    def again(self, data: Path, **recipe: Any) -> Summary:
        settle(data)
        return build(data, data.parent / "out", recipe=recipe)

    def test_nothing_is_made_of_what_did_not_change(self, data: Path) -> None:
        assert self.again(data).made == 2
        assert not self.again(data).changed

    def test_a_text_that_changes_makes_its_shards_anew_though_arrays_did_not(self, data: Path) -> None:
        self.again(data)
        (data / "S2_run.toml").write_text(SAID.replace("Hip", "Pelvis"))

        summary = self.again(data)

        assert (summary.made, summary.kept) == (1, 1)
        skeletons = motionprep.open(summary.out).skeletons.values()
        assert {skeleton.joints[0] for skeleton in skeletons} == {"Hip", "Pelvis"}

    @pytest.mark.parametrize("more", ["rate = 25", 'units = "m"', f"parents = {PARENTS}"])
    def test_every_word_of_a_text_counts(self, more: str, data: Path) -> None:
        self.again(data)
        (data / "S1_walk.toml").write_text(more)

        assert self.again(data).made == 1

    def test_another_subject_is_reported_and_makes_no_shard(self, data: Path) -> None:
        self.again(data)
        (data / "arrays.toml").write_text(SAID + 'subject = "anna"')

        summary = self.again(data)

        assert (summary.made, summary.changed) == (0, True)
        assert motionprep.open(summary.out).manifest.subject.tolist() == ["anna", "anna"]

    def test_a_text_that_changes_changes_what_is_known_of_what_is_not_built(self, data: Path) -> None:
        split = {"train": ["S1_walk"]}
        self.again(data, split=split)
        (data / "S2_run.toml").write_text(SAID.replace("50", "30"))

        summary = self.again(data, split=split)

        assert summary.made == 0
        assert motionprep.open(summary.out).manifest.fps_in.tolist() == [50, 30]

    def test_a_text_that_is_mended_is_noticed(self, data: Path) -> None:
        (data / "S2_run.toml").write_text("rate = 0")
        assert self.again(data).dataset["splits"]["train"]["motions"] == 1
        (data / "S2_run.toml").write_text("rate = 5")

        assert self.again(data).dataset["splits"]["train"]["motions"] == 2

    def test_what_a_recipe_says_counts_as_a_text_does(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        np.save(tmp_path / "data" / "walk.npy", WALK)
        rates = [
            self.again(tmp_path / "data", reading={"arrays": {"names": NAMES, "rate": rate}}).made for rate in (30, 25)
        ]

        assert rates == [1, 1]

    def test_the_digest_is_that_of_the_file(self, data: Path) -> None:
        from motionprep.motion.hashing import digest

        table = motionprep.open(self.again(data).out).manifest

        assert table.source_sha256.tolist() == [digest((data / name).read_bytes()) for name in table.source]


def test_a_recipe_that_says_something_unknown_of_arrays_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"reading: arrays: there is no `fps`; there are names, rate, subject"):
        recipe_from_json({"reading": {"arrays": {"fps": 5}}})
    with pytest.raises(RecipeError, match="rate is -1; expected frames a second, above 0"):
        recipe_from_json({"reading": {"arrays": {"rate": -1.0}}})


class TestNamesOfSplits:
    @pytest.mark.parametrize("percent", ["90/10", "80/10/10"])
    def test_arrays_go_to_the_split_that_their_names_say_and_it_is_noted(self, tmp_path: Path, percent: str) -> None:
        names = ("joint_3d_clips_train", "joint_3d_clips_valid", "joint_3d_clips_test")
        data = folder_of(tmp_path / "data", **dict.fromkeys(names, WALK))
        np.save(data / "video_train.npy", np.zeros((5, 4, 4, 3), np.float32))

        made = build(data, tmp_path / "out", recipe={"split": {"percent": percent, "by": "subject"}})

        table = motionprep.open(tmp_path / "out").manifest.set_index("key")
        valid = "val" if percent.count("/") == 2 else "test"
        assert [table.split[name] for name in names] == ["train", valid, "test"]
        assert table.status["video_train"] == "failed"
        assert any("in the split that their names say" in note for note in made.notes)

    def test_a_name_that_says_two_splits_says_none(self, tmp_path: Path) -> None:
        data = folder_of(tmp_path / "data", **dict.fromkeys(("train_test_1", "a_2", "b_3", "c_4"), WALK))
        build(data, tmp_path / "out", recipe={"split": {"percent": "75/25"}})
        assert list(motionprep.open(tmp_path / "out").manifest.split) == ["train", "train", "train", "test"]


class TestConfidence:
    @pytest.mark.parametrize(("third", "z", "noted"), [("", 0.0, True), ("confidence", 0.0, False), ("z", 0.5, False)])
    def test_beside_x_and_y_in_pixels_is_left_out_and_noted_unless_it_is_said_to_be_a_place(
        self, tmp_path: Path, third: str, z: float, noted: bool
    ) -> None:
        values = np.random.default_rng(0).uniform(10, 900, (20, 3, 3)).astype(np.float32)
        values[..., 2] = 0.5
        data = tmp_path / "data"
        data.mkdir()
        np.save(data / "a_1.npy", values)
        said = f'third = "{third}"' if third else ""
        (data / "arrays.toml").write_text(f'names = ["A", "B", "C"]\nrate = 30\n{said}')

        build(data, tmp_path / "out", recipe={"stages": [{"stage": "features", "arrays": ["positions"]}]})

        dataset = motionprep.open(tmp_path / "out")
        positions = dataset["train"]["a_1"]["positions"]
        assert np.array_equal(positions[..., :2], values[..., :2])
        assert np.all(positions[..., 2] == z)
        assert ("confidence" in str(dataset.manifest.reason[0])) == noted

    def test_found_in_some_files_alone_is_a_warning_that_names_one_of_each_kind(self, tmp_path: Path) -> None:
        values = np.random.default_rng(0).uniform(10, 900, (20, 3, 3)).astype(np.float32)
        data = tmp_path / "data"
        data.mkdir()
        np.save(data / "b_1.npy", values)
        np.save(data / "a_1.npy", np.concatenate([values[..., :2], np.full((20, 3, 1), 0.5, np.float32)], -1))
        (data / "arrays.toml").write_text('names = ["A", "B", "C"]\nrate = 30\n')
        recipe = {"stages": [{"stage": "features", "arrays": ["positions"]}]}

        for _ in range(2):
            with pytest.warns(motionprep.MotionPrepWarning, match=r"a_1, and for a place in 1, such as b_1"):
                build(data, tmp_path / "out", recipe=recipe)

    def test_may_be_a_little_above_1(self, tmp_path: Path) -> None:
        values = np.random.default_rng(0).uniform(10, 900, (20, 3, 3)).astype(np.float32)
        values[..., 2] = 0.5
        values[3, 1, 2] = 1.02
        data = tmp_path / "data"
        data.mkdir()
        np.save(data / "a_1.npy", values)
        (data / "arrays.toml").write_text('names = ["A", "B", "C"]\nrate = 30\n')

        build(data, tmp_path / "out", recipe={"stages": [{"stage": "features", "arrays": ["positions"]}]})

        assert not motionprep.open(tmp_path / "out")["train"]["a_1"]["positions"][..., 2].any()
