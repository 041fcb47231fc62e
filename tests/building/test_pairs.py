"""Takes with a skeleton and markers: joined, aligned, built, and brought back into the worlds of their files."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motionprep
from motionprep import BuildError, RecipeError, SourceError, build, invert, read_bvh, read_c3d, write_bvh, write_sample
from motionprep.building.plan import make_plan
from motionprep.dataset.dataset import Dataset
from motionprep.errors import MotionPrepWarning
from motionprep.formats.c3d_write import write_c3d
from motionprep.recipe.recipe import Recipe, load_recipe, recipe_from_json
from motionprep.stages import STAGES as KINDS

FEATURES = ["positions", "rotations", "quaternions", "root_position", "root_rotation", "markers", "markers_visible"]


def recipe(*stages: dict[str, Any], split: str = "", arrays: list[str] = FEATURES, align: bool = True) -> Any:
    first = [{"stage": "align", "method": "cmu"}] if align else []
    value: dict[str, Any] = {"stages": [*first, *stages, {"stage": "features", "arrays": arrays}]}
    return recipe_from_json(value | ({"split": {"percent": split}} if split else {}))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tree of 6 takes, each with both halves."""
    folder = tmp_path_factory.mktemp("pairs") / "data"
    write_sample(folder, subjects=3, motions=2, frames=90, markers=True)
    return folder


@pytest.fixture
def apart(data: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return a folder of the skeletons and one of the markers."""
    for modality, suffix in (("skeletons", "bvh"), ("markers", "c3d")):
        (tmp_path / modality).mkdir()
        for path in data.rglob(f"*.{suffix}"):
            shutil.copy(path, tmp_path / modality / path.name)
    return tmp_path / "skeletons", tmp_path / "markers"


def built(data: Path, out: Path, *args: Any, **kwargs: Any) -> Dataset:
    build(data, out, *args, **kwargs)
    return motionprep.open(out)


class TestJoining:
    def test_one_tree_with_both_is_joined_by_key(self, data: Path, tmp_path: Path) -> None:
        table = built(data, tmp_path / "out").manifest

        assert list(table.status) == ["ok"] * 6
        assert all(Path(a).stem == Path(b).stem for a, b in zip(table.source, table.markers_source, strict=True))

    def test_two_trees_make_the_dataset_that_one_makes(
        self, data: Path, apart: tuple[Path, Path], tmp_path: Path
    ) -> None:
        one, two = built(data, tmp_path / "one"), built(apart[0], tmp_path / "two", markers=apart[1])

        assert one.facts["splits"] == two.facts["splits"]

    def test_without_a_recipe_both_modalities_are_stored_aligned(self, data: Path, tmp_path: Path) -> None:
        dataset = built(data, tmp_path / "out")

        assert [stage.name for stage in dataset.recipe.stages] == ["align", "features"]
        assert set(dataset.facts["features"]) >= {"positions", "markers", "markers_visible"}

    def test_a_take_without_markers_is_dropped(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        gone = sorted(apart[1].iterdir())[2]
        gone.unlink()

        table = built(apart[0], tmp_path / "out", markers=apart[1]).manifest

        assert table[table.status == "dropped"][["key", "reason"]].to_numpy().tolist() == [[gone.stem, "no markers"]]

    def test_a_take_without_a_skeleton_is_dropped(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        gone = sorted(apart[0].iterdir())[0]
        gone.unlink()

        table = built(apart[0], tmp_path / "out", markers=apart[1]).manifest

        assert table[table.status == "dropped"][["key", "reason"]].to_numpy().tolist() == [[gone.stem, "no skeleton"]]

    @pytest.mark.filterwarnings("ignore:takes that are left out")
    def test_a_take_of_a_modality_that_is_left_aside_has_a_row_and_a_warning(
        self, apart: tuple[Path, Path], tmp_path: Path
    ) -> None:
        other, broken = tmp_path / "88_01.c3d", tmp_path / "88_02.c3d"
        shutil.copy(min(apart[1].iterdir()), other)
        broken.write_bytes(b"rubbish")

        with pytest.warns(MotionPrepWarning, match="left out because they have no skeleton: 1, for instance 88_01.c3d"):
            build([apart[0], other, broken], tmp_path / "out")

        table = motionprep.open(tmp_path / "out").manifest.set_index("key")
        assert (table.status["88_01"], table.reason["88_01"]) == ("dropped", "no skeleton")
        assert (table.status["88_02"], "88_02.c3d (header): the file has 7 bytes" in table.reason["88_02"]) == (
            "failed",
            True,
        )
        assert not build([apart[0], other, broken], tmp_path / "out").changed
        with pytest.raises(BuildError, match="failed"):
            build([apart[0], other, broken], tmp_path / "strict", strict=True)

    def test_a_folder_may_be_named_for_both_modalities(self, data: Path, tmp_path: Path) -> None:
        assert built(data, tmp_path / "out", markers=data).manifest.source.notna().all()

    def test_the_subject_is_that_of_the_skeletons_folder(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        one, other = sorted(apart[0].iterdir())[:2]
        for folder, path, name in (("S1", one, "walk"), ("S2", other, "run")):
            (tmp_path / "b" / folder).mkdir(parents=True)
            shutil.copy(path, tmp_path / "b" / folder / f"{name}.bvh")
            (tmp_path / "m" / "A").mkdir(parents=True, exist_ok=True)
            shutil.copy(apart[1] / f"{path.stem}.c3d", tmp_path / "m" / "A" / f"{name}.c3d")

        table = built(tmp_path / "b", tmp_path / "out", markers=tmp_path / "m").manifest

        assert table[["key", "subject"]].to_numpy().tolist() == [["walk", "S1"], ["run", "S2"]]

    def test_a_split_does_not_depend_on_a_modality_that_it_has_no_need_of(
        self, apart: tuple[Path, Path], tmp_path: Path
    ) -> None:
        whole = recipe_from_json(
            {
                "split": {"percent": "50/50"},
                "stages": [
                    {"stage": "align", "method": "cmu", "splits": ["test"]},
                    {"stage": "features", "arrays": ["positions"], "splits": ["train"]},
                    {"stage": "features", "arrays": ["positions", "markers"], "splits": ["test"]},
                ],
            }
        )
        sorted(apart[1].iterdir())[0].write_bytes(b"no C3D")

        dataset = built(apart[0], tmp_path / "out", markers=apart[1], recipe=whole)

        assert list(dataset.manifest.status) == ["ok"] * 6
        assert dataset.manifest.markers_source.notna().tolist() == [False] * 3 + [True] * 3

    def test_a_corrected_rate_is_that_of_both_files(self, data: Path, tmp_path: Path) -> None:
        value = recipe().to_json() | {"reading": {"rates": {"02_01": 60}}}

        stored = built(data, tmp_path / "out", recipe=recipe_from_json(value))["train"]["02_01"]

        assert stored.rate == 60
        assert stored.facts["align_lag"] == 1

    def test_a_given_rate_mends_files_of_both_modalities_whose_rate_is_wrong(self, data: Path, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        folder.mkdir()
        [skeleton], [markers] = data.rglob("02_01.bvh"), data.rglob("02_01.c3d")
        text = re.sub(r"Frame Time:.*", "Frame Time: 0", skeleton.read_text())
        (folder / "02_01.bvh").write_text(text)
        rate = np.float32(120).tobytes()
        assert rate in markers.read_bytes()
        (folder / "02_01.c3d").write_bytes(markers.read_bytes().replace(rate, b"\0" * 4))
        value = recipe().to_json() | {"reading": {"rates": {"02_01": 120}}}

        mended = built(folder, tmp_path / "out", recipe=recipe_from_json(value))["train"]["02_01"]

        whole = built(data, tmp_path / "whole", recipe=recipe())["train"]["02_01"]
        for feature in FEATURES:
            np.testing.assert_array_equal(mended[feature], whole[feature])

    def test_frames_of_a_file_are_found_in_a_skeleton_that_was_resampled(
        self, apart: tuple[Path, Path], tmp_path: Path
    ) -> None:
        path = sorted(apart[1].iterdir())[0]
        whole = read_c3d(path)
        write_c3d(path, replace(whole.at(range(0, whole.frames, 5)), rate=25.0))
        write_bvh(replace(read_bvh(apart[0] / f"{path.stem}.bvh"), rate=40.0), apart[0] / f"{path.stem}.bvh")
        lenient = {"stage": "align", "method": "cmu", "most_residual": 10}
        value = recipe(lenient, align=False).to_json()
        value["split"] = {"train": [{"motions": path.stem, "frames": "5-20"}]}

        stored = built(apart[0], tmp_path / "out", markers=apart[1], recipe=recipe_from_json(value))["train"][path.stem]

        # Of 1, 2.6, 4.2 and so on, those from the fifth to the twentieth frame, counted from 0.
        root = read_bvh(apart[0] / f"{path.stem}.bvh").root_position()
        times = 1 + 1.6 * np.arange(2, 12)
        expected = np.column_stack([np.interp(times, np.arange(len(root)), column) for column in root.T])
        np.testing.assert_allclose(stored["root_position"], expected, atol=1e-4)

    def test_markers_without_labels_are_dropped(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        path = sorted(apart[1].iterdir())[0]
        data = path.read_bytes()
        for name in read_c3d(path).raw_names:
            data = data.replace(name.encode().ljust(len(name)), b"*1".ljust(len(name)), 1)
        path.write_bytes(data)
        if read_c3d(path).names:
            pytest.skip("the labels stand otherwise in this file")

        table = built(apart[1], tmp_path / "out").manifest

        assert table[table.status == "dropped"].reason.tolist() == ["no labelled markers"]

    def test_percentages_are_of_takes_that_have_both_modalities(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        for path in sorted(apart[1].iterdir())[:2]:
            path.unlink()

        dataset = built(apart[0], tmp_path / "out", markers=apart[1], recipe=recipe(split="50/50"))

        assert [dataset.facts["splits"][side]["motions"] for side in ("train", "test")] == [2, 2]
        assert list(dataset.manifest.reason)[:2] == ["no markers"] * 2

    def test_a_split_that_is_empty_for_want_of_pairs_is_reported_with_how_many_takes_lack_which_modality(
        self, apart: tuple[Path, Path], tmp_path: Path
    ) -> None:
        for path in sorted(apart[1].iterdir())[:4]:
            path.unlink()
        sorted(apart[0].iterdir())[5].unlink()

        with pytest.raises(RecipeError) as error:
            make_plan([apart[0]], tmp_path / "out", recipe(split="90/10"), markers=[apart[1]])

        assert str(error.value) == (
            "split: 'train' is empty: 1 motions of 1 subjects are too few for '90/10' by motion, order natural; "
            "give more, or all to train with percent = '100'; of 6 takes that were found, 1 have no "
            "skeleton and 4 have no markers"
        )

    @pytest.mark.parametrize("most", ["motion", "markers"])
    def test_a_stray_file_of_the_other_modality_does_not_cost_the_takes_without_one(
        self, apart: tuple[Path, Path], tmp_path: Path, most: str
    ) -> None:
        many, few = apart if most == "motion" else apart[::-1]
        shutil.copy(sorted(few.iterdir())[0], many)

        plan = make_plan([many], tmp_path / "out", Recipe())
        dataset = built(many, tmp_path / "out")

        assert list(dataset.manifest.status) == ["ok"] * 6
        assert ("positions" in dataset.facts["features"], "markers" in dataset.facts["features"]) == (
            (True, False) if most == "motion" else (False, True)
        )
        other = "markers" if most == "motion" else "skeletons"
        assert plan.notes[0].startswith(
            f"only 1 of 6 takes have skeleton and markers, so the {other} of 1 are left aside; give `markers`"
        )

    @pytest.mark.parametrize("kept", [3, 2])
    def test_pairs_are_stored_by_default_if_half_of_the_takes_are_pairs(
        self, apart: tuple[Path, Path], tmp_path: Path, kept: int
    ) -> None:
        for path in sorted(apart[1].iterdir())[:kept]:
            shutil.copy(path, apart[0])

        plan = make_plan([apart[0]], tmp_path / "out", Recipe())

        assert (sum(not row.reason for row in plan.rows), plan.recipe.needs("train") == {"motion", "markers"}) == (
            (3, True) if kept == 3 else (6, False)
        )
        assert len(plan.notes) == (kept < 3)

    @pytest.mark.parametrize("asked", ["flag", "stage", "features"])
    def test_who_asks_for_pairs_gets_pairs(self, apart: tuple[Path, Path], tmp_path: Path, asked: str) -> None:
        stray = shutil.copy(sorted(apart[1].iterdir())[0], tmp_path)
        stages = {"flag": [], "stage": [{"stage": "align"}], "features": recipe().to_json()["stages"]}[asked]
        data = [apart[0]] if asked == "flag" else [apart[0], stray]

        plan = make_plan(
            data, tmp_path / "out", recipe_from_json({"stages": stages}), markers=[stray] if asked == "flag" else []
        )

        assert [row.reason for row in plan.rows] == ["", *["no markers"] * 5]
        assert plan.notes == ()

    @pytest.mark.parametrize(
        ("asked", "modality"),
        [
            ({"stages": [{"stage": "select_joints", "set": "h36m-17"}]}, "motion"),
            ({"stages": [{"stage": "normalize", "arrays": ["positions"]}]}, "motion"),
            ({"task": {"inputs": ["positions[*-Hips]"], "targets": ["positions[Hips]"]}}, "motion"),
            ({"stages": [{"stage": "occlude"}]}, "markers"),
            ({"task": {"inputs": ["markers"], "label": True}}, "markers"),
        ],
    )
    def test_of_a_mixed_tree_the_modality_of_stages_and_task_is_taken(
        self, apart: tuple[Path, Path], tmp_path: Path, asked: dict[str, Any], modality: str
    ) -> None:
        many, few = apart[::-1] if modality == "motion" else apart
        mixed = [many, *sorted(few.iterdir())[:2]]

        plan = make_plan(mixed, tmp_path / "out", recipe_from_json(asked))

        built = [row for row in plan.rows if not row.reason]
        assert [[one.modality for one in row.take_files.sources] for row in built] == [[modality]] * 2
        aside = "skeletons" if modality == "markers" else "markers"
        assert f"the {aside} of 6" in plan.notes[0]
        assert "left aside" in plan.notes[0]

    @pytest.mark.parametrize("name", ["cmu-exp1", "cmu-exp2-3"])
    def test_markers_beside_skeletons_change_no_frame_of_an_experiment_on_skeletons(
        self, tmp_path: Path, name: str
    ) -> None:
        counts = []
        for markers in (False, True):
            folder = tmp_path / f"{markers}"
            write_sample(folder, motions=3, frames=470, markers=markers)
            planned = make_plan([folder], tmp_path / f"out{markers}", load_recipe(name))
            build(folder, tmp_path / f"out{markers}", recipe=name)
            splits = motionprep.open(tmp_path / f"out{markers}").facts["splits"]
            expected = {split: sum(row.expected for row in planned.rows if row.split == split) for split in splits}
            assert expected == {split: side["frames"] for split, side in splits.items()}
            counts.append(expected)
        assert counts[0] == counts[1]

    def test_files_that_cannot_be_read_have_no_say_in_what_is_stored(self, corpus: Path, tmp_path: Path) -> None:
        shutil.copy(min(corpus.rglob("*.bvh")), tmp_path / "1_01.bvh")
        for name in ("2_01.c3d", "2_02.c3d"):
            (tmp_path / name).write_bytes(b"rubbish")

        table = built(tmp_path, tmp_path / "out").manifest

        assert list(table.status[table.key == "1_01"]) == ["ok"]

    def test_a_task_on_both_modalities_gets_pairs(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        task = {"inputs": ["markers"], "targets": ["rotations"]}

        plan = make_plan([apart[1], min(apart[0].iterdir())], tmp_path / "out", recipe_from_json({"task": task}))

        assert [row.reason for row in plan.rows] == ["", *["no skeleton"] * 5]

    def test_a_stage_on_joints_refuses_data_without_a_skeleton(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        joints = recipe_from_json({"stages": [{"stage": "select_joints", "joints": ["Head"]}]})
        with pytest.raises(
            SourceError, match=r"the recipe needs skeleton \(.bvh or .amc or .mvnx\), and no such file is there"
        ):
            make_plan([apart[1]], tmp_path / "out", joints)

    def test_a_recipe_that_needs_one_modality_keeps_takes_without_the_other(
        self, apart: tuple[Path, Path], tmp_path: Path
    ) -> None:
        sorted(apart[0].iterdir())[0].unlink()
        both = tmp_path / "both"
        shutil.copytree(apart[0], both)
        shutil.copytree(apart[1], both, dirs_exist_ok=True)

        table = built(both, tmp_path / "out", recipe=recipe(arrays=["markers"], align=False)).manifest

        assert list(table.status) == ["ok"] * 6
        assert table.source.isna().all()

    def test_markers_alone_make_a_dataset(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        dataset = built(apart[1], tmp_path / "out")
        path = sorted(apart[1].iterdir())[0]
        recorded = read_c3d(path)

        stored = dataset["train"][path.stem]

        assert stored.marker_names == recorded.names
        assert np.array_equal(stored["markers_visible"], recorded.visible)
        np.testing.assert_allclose(stored["markers"], recorded.positions, atol=1e-3)

    def test_markers_that_no_feature_stores_are_refused(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        with pytest.raises(RecipeError, match="markers are given, but the recipe stores none"):
            build(apart[0], tmp_path / "out", markers=apart[1], recipe=recipe(arrays=["positions"], align=False))

    def test_a_recipe_for_markers_refuses_data_without_any(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"the recipe needs markers \(.c3d or .trc\), and no such file is there"):
            build(apart[0], tmp_path / "out", recipe=recipe(arrays=["markers"], align=False))

    def test_a_damaged_modality_fails_its_take_and_is_named(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        path = sorted(apart[1].iterdir())[3]
        path.write_bytes(path.read_bytes()[:3000])

        table = built(apart[0], tmp_path / "out", markers=apart[1]).manifest

        assert list(table[table.status == "failed"].key) == [path.stem]
        assert table[table.status == "failed"].reason.iloc[0].startswith(path.name)

    @pytest.mark.parametrize(
        ("stage", "files"),
        [
            ("noise", "02/02_01.c3d"),
            ("represent", "02/02_01.bvh"),
            ("align", "02/02_01.bvh and 02/02_01.c3d"),
            ("scale", "02/02_01.bvh and 02/02_01.c3d"),
        ],
    )
    def test_what_a_stage_complains_of_is_charged_to_the_files_that_it_works_on(
        self, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, files: str
    ) -> None:
        def refuse(self: Any, take: Any, rng: Any) -> None:
            raise ValueError("cannot be")

        stages = {"align": [], "noise": [{"stage": "noise", "sigma": 1}]}.get(stage, [{"stage": stage}])
        monkeypatch.setattr(KINDS[stage], "apply", refuse)

        with pytest.raises(BuildError) as error:
            build(data, tmp_path, recipe=recipe(*stages, arrays=["rotations", "markers_seen"]))

        assert str(error.value).endswith(f"the first: {files}: {stage}: cannot be")

    @pytest.mark.parametrize(("feature", "suffix"), [("positions", "bvh"), ("markers", "c3d")])
    def test_a_feature_that_cannot_be_stored_is_charged_to_the_file_of_its_modality(
        self, data: Path, tmp_path: Path, feature: str, suffix: str
    ) -> None:
        other = "markers_visible" if feature == "positions" else "rotations"
        huge = recipe({"stage": "scale", "height": 1e42}, arrays=[feature, other])

        with pytest.raises(BuildError, match=rf"the first: 02/02_01\.{suffix}: {feature} .*float32 cannot hold"):
            build(data, tmp_path, recipe=huge)

    @pytest.mark.parametrize("long", ["1e200", "1.7e308"])
    @pytest.mark.parametrize("where", ["bone", "end site", "row"])
    def test_lengths_of_which_stages_could_not_take_squares_fail_their_own_file(
        self, apart: tuple[Path, Path], tmp_path: Path, where: str, long: str
    ) -> None:
        path = sorted(apart[0].iterdir())[0]
        motion = read_bvh(path)
        skeleton, channels = motion.skeleton, motion.channels.copy()
        if where == "row":
            channels[5, :2] = float(long)
        if where == "bone":
            skeleton = replace(skeleton, offsets=(*skeleton.offsets[:-1], (float(long),) * 3))
        if where == "end site":
            skeleton = replace(skeleton, end_sites=(replace(skeleton.end_sites[0], offset=(float(long),) * 3),))
        write_bvh(replace(motion, skeleton=skeleton, channels=channels), path)

        table = built(apart[0], tmp_path / "out", markers=apart[1]).manifest

        assert list(table.status) == ["failed", *["ok"] * 5]
        assert table.reason[0] == f"{path.name}: positions may have numbers that float32 cannot hold"

    def test_a_file_of_markers_that_is_odd_is_kept_and_noted(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        path = sorted(apart[1].iterdir())[0]
        markers = read_c3d(path)
        write_c3d(path, replace(markers, raw_names=("T10", *markers.names[1:])))

        for data, options in ((apart[1], {}), (apart[0], {"markers": apart[1]})):
            table = built(data, tmp_path / f"out of {data.name}", **options).manifest.set_index("key")
            assert table.loc[path.stem][["status", "reason"]].tolist() == [
                "ok",
                "labels that stood twice: T10 -> T10_2",
            ]
            assert table.drop(path.stem).reason.isna().all()

    def test_takes_with_markers_in_another_order_share_a_shard_if_a_stage_puts_them_in_one(
        self, apart: tuple[Path, Path], tmp_path: Path
    ) -> None:
        path = sorted(apart[1].iterdir())[2]
        markers = read_c3d(path)
        order = np.argsort(markers.names)[::-1]
        names = tuple(markers.names[at] for at in order)
        turned = replace(markers, positions=markers.positions[:, order], visible=markers.visible[:, order])
        write_c3d(path, replace(turned, names=names, raw_names=names))
        select = {"stage": "select_markers", "set": "cmu-41"}

        for stages, count in (([select], 1), ([], 2)):
            whole = recipe(*stages, arrays=["markers"], align=False)
            dataset = built(apart[1], tmp_path / f"{count}", recipe=whole)
            assert len(dataset.facts["splits"]["train"]["shards"]) == count
            stored = dataset["train"][path.stem]
            column = markers.names.index("RFHD")
            np.testing.assert_allclose(
                stored["markers"][:, stored.marker_names.index("RFHD")],
                np.where(markers.visible[:, column, None], markers.positions[:, column], 0),
                atol=1e-3,
            )

    def test_markers_of_another_take_are_dropped(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        one, *_, other = sorted(apart[1].iterdir())
        one.write_bytes(other.read_bytes())

        table = built(apart[0], tmp_path / "out", markers=apart[1], recipe=recipe()).manifest

        dropped = table[table.status == "dropped"]
        assert list(dropped.key) == [one.stem]
        assert dropped.reason.iloc[0].startswith("align: ")


class TestBuilding:
    def test_the_same_bytes_come_out_whatever_the_workers(self, data: Path, tmp_path: Path) -> None:
        stages = [{"stage": "local_frame"}, {"stage": "occlude", "copies": 2}, {"stage": "yaw"}]
        whole = recipe(stages[2], *stages[:2], split="50/50", arrays=[*FEATURES, "markers_corrupt"])
        one, two = (built(data, tmp_path / f"{n}", recipe=whole, workers=n) for n in (1, 2))

        assert one.facts["splits"] == two.facts["splits"]
        for key in one.facts["shards"]:
            files = [path for path in (one.path / "shards" / key).rglob("*") if path.is_file()]
            assert files
            for path in files:
                assert path.read_bytes() == (two.path / path.relative_to(one.path)).read_bytes()

    def test_copies_of_train_differ_and_test_has_one(self, data: Path, tmp_path: Path) -> None:
        whole = recipe({"stage": "occlude", "copies": 3}, split="50/50", arrays=["markers", "markers_corrupt"])
        dataset = built(data, tmp_path / "out", recipe=whole)

        table = dataset.manifest
        assert sorted(table[table.split == "train"]["copy"]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
        assert list(table[table.split == "test"]["copy"]) == [0, 0, 0]
        key = table.key.iloc[0]
        copies = [dataset["train"][key + copy] for copy in ("", "@2", "@3")]
        assert all(np.array_equal(copies[0]["markers"], copy["markers"]) for copy in copies)
        corrupted = [copy["markers_corrupt"] for copy in copies]
        assert not any(np.array_equal(corrupted[a], corrupted[b]) for a, b in ((0, 1), (0, 2), (1, 2)))

    def test_nothing_is_corrupted_on_test(self, data: Path, tmp_path: Path) -> None:
        whole = recipe(
            {"stage": "shift", "reach": 50, "unit": "take"}, split="50/50", arrays=["markers", "markers_corrupt"]
        )

        for motion in built(data, tmp_path / "out", recipe=whole)["test"].values():
            assert np.array_equal(motion["markers"], motion["markers_corrupt"])

    def test_statistics_of_markers_are_of_what_is_visible(self, data: Path, tmp_path: Path) -> None:
        stages = [{"stage": "velocity", "of": ["markers"]}, {"stage": "bursts", "share": 0.3}]
        points = {"markers": "markers_visible", "markers_corrupt": "markers_corrupt_visible"}
        arrays = [*points, *points.values(), "markers_seen", "markers_velocity"]
        train = built(data, tmp_path / "out", recipe=recipe(*stages, arrays=arrays))["train"]
        whole = {
            name: np.concatenate([motion[name] for motion in train.values()]).astype(np.float64) for name in arrays
        }

        (seen,) = train.files.stats["markers_seen"]
        (velocity,) = train.files.stats["markers_velocity"]
        for name, mask in points.items():
            (stats,) = train.files.stats[name]
            known = np.where(whole[mask][..., None] > 0, whole[name], np.nan)
            assert np.isnan(known).any()
            assert stats.names == next(iter(train.values())).marker_names
            assert np.array_equal(stats.count, np.isfinite(known).sum(axis=0))
            np.testing.assert_allclose(stats.mean, np.nanmean(known, axis=0), rtol=1e-9)
            np.testing.assert_allclose(stats.std, np.nanstd(known, axis=0), rtol=1e-6)
        assert np.array_equal(seen.mean[:, :3], stats.mean)
        assert (seen.count[:, 3] == train.frames).all()
        assert (velocity.count < train.files.stats["markers"][0].count).any()
        assert (velocity.count > 0).all()

    def test_a_frame_range_is_of_the_skeletons_file(self, data: Path, tmp_path: Path) -> None:
        value = recipe().to_json()
        value["split"] = {"train": [{"motions": "02_01", "frames": "11-30"}], "test": ["07_*", "09_*"]}
        path = next(data.rglob("02_01.bvh"))

        stored = built(data, tmp_path / "out", recipe=recipe_from_json(value))["train"]["02_01"]

        np.testing.assert_allclose(stored["positions"], read_bvh(path, frames=slice(10, 30)).positions(), atol=1e-4)
        recorded = read_c3d(path.with_suffix(".c3d")).visible
        assert np.array_equal(stored["markers_visible"], recorded[9:29])

    def test_nothing_to_do_changes_nothing(self, data: Path, tmp_path: Path) -> None:
        build(data, tmp_path / "out")

        assert not build(data, tmp_path / "out").changed

    def test_changed_markers_are_built_anew(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        build(apart[0], tmp_path / "out", markers=apart[1])
        path = sorted(apart[1].iterdir())[0]
        data = bytearray(path.read_bytes())
        data[-16] ^= 1
        path.write_bytes(data)

        assert build(apart[0], tmp_path / "out", markers=apart[1]).made == 1


STAGES: dict[str, list[dict[str, Any]]] = {
    "aligned": [],
    "root": [{"stage": "local_frame"}, {"stage": "scale", "thigh": 1}],
    "heading": [{"stage": "scale", "unit": "m"}, {"stage": "local_frame", "method": "heading"}],
    "rigid": [{"stage": "local_frame", "method": "rigid"}, {"stage": "permute_axes", "axes": "yzx"}],
    "mirrored": [{"stage": "permute_axes", "axes": "-xyz", "mirror": True}, {"stage": "local_frame"}],
    "root apart": [
        {"stage": "permute_axes", "axes": "zxy", "only": ["root_position"]},
        {"stage": "scale", "height": 22},
    ],
}


class TestBack:
    @pytest.mark.parametrize("name", STAGES)
    def test_all_that_is_stored_comes_back_into_the_worlds_of_its_files(
        self, data: Path, tmp_path: Path, name: str
    ) -> None:
        path = next(data.rglob("02_01.bvh"))
        motion, markers = read_bvh(path, frames=slice(1, None)), read_c3d(path.with_suffix(".c3d"))
        stored = built(data, tmp_path / "out", recipe=recipe(*STAGES[name]))["train"]["02_01"]

        back = invert(stored)

        columns = [markers.names.index(marker) for marker in stored.marker_names]
        seen = markers.visible[:, columns]
        if name == "mirrored":
            swap = [stored.marker_names.index(partner(marker, stored.marker_names)) for marker in stored.marker_names]
            columns = [columns[place] for place in np.argsort(swap)]
            seen = markers.visible
        assert np.abs(back["positions"] - motion.positions()).max() < 1e-5 * np.abs(motion.positions()).max()
        np.testing.assert_allclose(back["root_position"], motion.root_position(), atol=1e-4)
        np.testing.assert_allclose(back["rotations"], motion.rotations(), atol=1e-5)
        np.testing.assert_allclose(back["root_rotation"], motion.rotations()[:, 0], atol=1e-5)
        apart = np.abs(back["markers"][seen] - markers.positions[seen]).max()
        assert apart < 1e-5 * np.abs(markers.positions).max()

    def test_a_window_comes_back_as_in_the_whole(self, data: Path, tmp_path: Path) -> None:
        stored = built(data, tmp_path / "out", recipe=recipe(*STAGES["root"]))["train"]["02_01"]

        window = invert(stored, {"positions": stored["positions"][10:18]}, slice(10, 18))

        np.testing.assert_allclose(window["positions"], invert(stored)["positions"][10:18], atol=1e-6)

    def test_markers_alone_come_back(self, apart: tuple[Path, Path], tmp_path: Path) -> None:
        scaled = recipe({"stage": "scale", "unit": "m"}, arrays=["markers"], align=False)
        stored = next(iter(built(apart[1], tmp_path / "out", recipe=scaled)["train"].values()))
        recorded = read_c3d(apart[1] / f"{stored.key}.c3d")

        np.testing.assert_allclose(invert(stored)["markers"], recorded.positions, atol=1e-2)
        with pytest.raises(motionprep.DatasetError, match=r"no skeleton of .* is stored"):
            _ = stored.skeleton

    def test_a_prediction_comes_back_as_what_it_predicts_would(self, data: Path, tmp_path: Path) -> None:
        stored = built(data, tmp_path / "out", recipe=recipe(*STAGES["root"]))["train"]["02_01"]
        predicted = stored["positions"] + 0.5

        back = invert(stored, {"positions": predicted})

        assert set(back) == {"positions"}
        factor = float(stored.row["scale"])
        moved = np.linalg.norm(back["positions"] - invert(stored)["positions"], axis=-1)
        np.testing.assert_allclose(moved, np.sqrt(0.75) / factor, rtol=1e-4)

    @pytest.mark.parametrize("root", ["with", "apart", "left_out"])
    @pytest.mark.parametrize("flat", [False, True])
    @pytest.mark.parametrize("form", ["6d", "euler", "axis_angle"])
    def test_rotations_of_any_form_come_back_as_matrices(
        self, data: Path, tmp_path: Path, form: str, root: str, flat: bool
    ) -> None:
        motion = read_bvh(next(data.rglob("02_01.bvh")), frames=slice(1, None))
        represent = {"stage": "represent", "rotations": form, "root": root, "flat": flat}
        arrays = ["rotations", *(["root_rotation"] if root == "apart" else [])]
        whole = recipe({"stage": "local_frame"}, represent, arrays=[*arrays, "markers"])
        stored = built(data, tmp_path / "out", recipe=whole)["train"]["02_01"]

        back = invert(stored, {name: stored[name] for name in arrays})

        first = 0 if root == "with" else 1
        np.testing.assert_allclose(
            back["rotations"].reshape(motion.frames, -1, 3, 3), motion.rotations()[:, first:], atol=1e-5
        )
        if root == "apart":
            turns = back["root_rotation"].reshape(motion.frames, 3, 3)
            np.testing.assert_allclose(turns, motion.rotations()[:, 0], atol=1e-5)


NUMBERS = {
    "cmu-markers": {"markers_seen": 164, "rotations": 279, "quaternions": 124, "root_position": 3, "root_rotation": 9},
    "cmu-markers-denoise": {"markers_corrupt": 123, "markers_corrupt_visible": 41, "markers": 123, "positions": 114},
}
NUMBERS["cmu-markers-height"] = NUMBERS["cmu-markers"]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_shipped_recipe_stores_what_it_says(data: Path, tmp_path: Path, name: str) -> None:
    dataset = built(data, tmp_path / "out", recipe=name)

    motion = next(iter(dataset["train"].values()))
    assert {feature: motion[feature][0].size for feature in NUMBERS[name]} == NUMBERS[name]
    assert dataset.facts["left_out"] == {"dropped": {}, "failed": {}}
    assert len(tuple(dataset["train"])) == (5 if name != "cmu-markers-denoise" else 20)


def test_a_thigh_is_as_long_as_the_recipe_says(data: Path, tmp_path: Path) -> None:
    for motion in built(data, tmp_path / "out", recipe="cmu-markers")["train"].values():
        skeleton = motion.skeleton
        legs = [np.linalg.norm(skeleton.offsets[skeleton.joints.index(f"{side}Leg")]) for side in ("Left", "Right")]
        assert np.mean(legs) == pytest.approx(1.0)


def partner(marker: str, markers: tuple[str, ...]) -> str:
    """Return the marker on the other side, or the same."""
    other = {"L": "R", "R": "L"}.get(marker[0], marker[0]) + marker[1:]
    return other if other in markers else marker


def test_the_markers_of_a_real_take_lie_on_its_body_and_come_back(real_data: Path, tmp_path: Path) -> None:
    bvh, c3d = real_data / "cmu-bvh" / "01_01.bvh", real_data / "cmu-c3d" / "01_01.c3d"
    estimated = built(bvh, tmp_path / "estimated", markers=c3d)["train"]["01_01"]

    assert estimated.facts["align_lag"] == 1
    assert estimated.facts["align_axes"] == "yzx"
    assert estimated.facts["align_scale"] == pytest.approx(0.0177, abs=0.0002)
    knee = estimated["markers"][:, estimated.marker_names.index("LKNE")]
    joint = estimated["positions"][:, estimated.skeleton.joints.index("LeftLeg")]
    assert np.sqrt(np.mean(np.sum((knee - joint) ** 2, axis=-1))) * 56.444 < 120
    markers = read_c3d(c3d)
    back = invert(estimated)["markers"]
    seen = markers.visible
    assert np.abs(back[seen] - markers.positions[seen]).max() < 1e-5 * np.abs(markers.positions).max()
