from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motionprep
from motionprep import Dataset, RecipeError, exporting, read_bvh
from motionprep.errors import ExportError, PredictionError
from motionprep.motion import rotations
from motionprep.recipe.recipe import recipe_from_json


def of_file(corpus: Path, key: str, nodes: tuple[str, ...], frames: slice = slice(None)) -> Any:
    """Return where the nodes of a file are (F, N, 3)."""
    motion = read_bvh(corpus / key[:2] / f"{key}.bvh", frames=frames)
    return motion.positions()[:, [motion.skeleton.nodes.index(name) for name in nodes]]


@pytest.fixture(scope="module")
def points(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a dataset of positions alone."""
    out = tmp_path_factory.mktemp("bvh") / "out"
    stages = [{"stage": "features", "arrays": ["positions"]}]
    split = {"train": ["02_*"], "test": ["07_01", "07_02"]}
    motionprep.build(corpus, out, recipe=recipe_from_json({"split": split, "stages": stages}))
    return motionprep.open(out)


@pytest.fixture(scope="module")
def turning(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a dataset of rotations in every form, whose root turned."""
    out = tmp_path_factory.mktemp("turning") / "out"
    arrays = ["positions", "root_position", "rotations", "quaternions", "rotations_6d", "global_rotations"]
    stages = [{"stage": "permute_axes", "axes": "yzx"}, {"stage": "features", "arrays": arrays}]
    split = {"train": ["02_*"], "test": ["07_01", "07_02"]}
    motionprep.build(corpus, out, recipe=recipe_from_json({"split": split, "stages": stages}))
    return motionprep.open(out)


def saved(folder: Path, values: Any) -> str:
    np.save(folder / "pred.npy", values)
    return str(folder / "pred.npy")


def together(dataset: Dataset, feature: str) -> Any:
    return np.concatenate([motion[feature] for motion in dataset["test"].values()])


class TestStored:
    def test_motions_are_where_their_files_have_them(self, dataset: Dataset, corpus: Path, tmp_path: Path) -> None:
        exporting.export("bvh", dataset, tmp_path / "dest")

        made = read_bvh(tmp_path / "dest" / "test" / "07_01.bvh")
        np.testing.assert_allclose(made.positions(), of_file(corpus, "07_01", made.skeleton.nodes), atol=1e-4)
        assert made.rate == dataset["test"]["07_01"].rate
        again = read_bvh(tmp_path / "dest" / "train" / "09_01@2.bvh")
        expected = of_file(corpus, "09_01", again.skeleton.nodes, slice(30, 45))
        np.testing.assert_allclose(again.positions(), expected, atol=1e-4)

    def test_hierarchies_and_channels_are_those_of_the_files(
        self, dataset: Dataset, corpus: Path, tmp_path: Path
    ) -> None:
        exporting.export("bvh", dataset, tmp_path / "dest", splits=("test",))

        made = read_bvh(tmp_path / "dest" / "test" / "07_01.bvh").skeleton
        assert made == read_bvh(corpus / "07" / "07_01.bvh").skeleton

    def test_changes_of_coordinates_are_undone(self, changed: Dataset, corpus: Path, tmp_path: Path) -> None:
        exporting.export("bvh", changed, tmp_path / "dest", splits=("test",))

        made = read_bvh(tmp_path / "dest" / "test" / "07_02.bvh")
        expected = of_file(corpus, "07_02", made.skeleton.nodes, slice(0, None, 4))[: made.frames]
        np.testing.assert_allclose(made.positions(), expected, atol=2e-3)
        assert "Spine1" not in made.skeleton.joints

    def test_the_distance_after_reading_back_is_reported(self, dataset: Dataset, tmp_path: Path) -> None:
        (note,) = exporting.export("bvh", dataset, tmp_path / "dest", motion="07_01").notes
        told = float(note.split("further than ")[1].split()[0])
        assert note.startswith("animations: 1; read back, no node is further than ")
        assert 0 < told < 1e-4

    def test_positions_alone_move_joints_and_turn_none(self, points: Dataset, corpus: Path, tmp_path: Path) -> None:
        report = exporting.export("bvh", points, tmp_path / "dest")

        made = read_bvh(tmp_path / "dest" / "test" / "07_01.bvh")
        assert not any("rotation" in name for names in made.skeleton.channels for name in names)
        nodes = points["test"]["07_01"].skeleton.nodes
        found = made.positions()[:, [made.skeleton.nodes.index(name) for name in nodes]]
        np.testing.assert_allclose(found, of_file(corpus, "07_01", nodes), atol=1e-4)
        assert "6 are of positions alone: their joints move, and none turns" in report.notes

    def test_what_has_neither_rotations_nor_positions_is_refused(self, corpus: Path, tmp_path: Path) -> None:
        stages = [{"stage": "features", "arrays": ["root_position"]}]
        motionprep.build(corpus, tmp_path / "out", recipe=recipe_from_json({"stages": stages}))

        with pytest.raises(ExportError, match="02_01: neither rotations nor positions of its nodes are stored"):
            exporting.export("bvh", tmp_path / "out", tmp_path / "dest")

    def test_a_root_that_is_nowhere_is_refused(self, corpus: Path, tmp_path: Path) -> None:
        stages = [{"stage": "features", "arrays": ["rotations"]}]
        motionprep.build(corpus, tmp_path / "out", recipe=recipe_from_json({"stages": stages}))

        with pytest.raises(ExportError, match="02_01: the root's place is not stored; build with root_position or"):
            exporting.export("bvh", tmp_path / "out", tmp_path / "dest")

    @pytest.mark.parametrize("parents", [None, [-1, 0, 0]])
    def test_joints_of_arrays_need_parents(self, tmp_path: Path, parents: list[int] | None) -> None:
        (tmp_path / "data").mkdir()
        values = np.random.default_rng(0).normal(size=(6, 3, 3)).astype(np.float32)
        np.save(tmp_path / "data" / "S1_walk.npy", values)
        told = f"parents = {parents}\n" if parents else ""
        (tmp_path / "data" / "arrays.toml").write_text(f'names = ["Hip", "RHip", "LHip"]\nrate = 50\n{told}')
        motionprep.build(tmp_path / "data", tmp_path / "out")

        if parents is None:
            with pytest.raises(ExportError, match=r"S1_walk: .* put parents = \[-1, ...\] into arrays.toml"):
                exporting.export("bvh", tmp_path / "out", tmp_path / "dest")
        else:
            exporting.export("bvh", tmp_path / "out", tmp_path / "dest")
            made = read_bvh(tmp_path / "dest" / "train" / "S1_walk.bvh")
            order = [made.skeleton.nodes.index(name) for name in ("Hip", "RHip", "LHip")]
            np.testing.assert_allclose(made.positions()[:, order], values, atol=1e-4)


class TestPredicted:
    @pytest.mark.parametrize(
        "fields", [("rotations",), ("rotations", "root_position", "root_rotation"), ("positions",)]
    )
    def test_what_is_stored_gives_what_is_stored(
        self, changed: Dataset, tmp_path: Path, fields: tuple[str, ...]
    ) -> None:
        values = [together(changed, field).reshape(changed["test"].frames, -1) for field in fields]
        prediction = saved(tmp_path, np.concatenate(values, axis=1))
        exporting.export("bvh", changed, tmp_path / "stored", splits=("test",))
        exporting.export("bvh", changed, tmp_path / "predicted", prediction=prediction, fields=fields)

        for key in ("07_01", "07_02"):
            one, other = (read_bvh(tmp_path / name / "test" / f"{key}.bvh") for name in ("stored", "predicted"))
            np.testing.assert_allclose(one.positions(), other.positions(), atol=1e-3)

    def test_rotations_need_not_be_rotations_to_the_last_digit(self, dataset: Dataset, tmp_path: Path) -> None:
        true = together(dataset, "rotations")
        noisy = true + np.random.default_rng(0).normal(0, 0.01, true.shape)
        exporting.export("bvh", dataset, tmp_path / "dest", prediction=saved(tmp_path, noisy.reshape(len(true), -1)))

        made = read_bvh(tmp_path / "dest" / "test" / "07_01.bvh")
        motion = dataset["test"]["07_01"]
        assert 0 < np.abs(made.rotations() - motion["rotations"]).max() < 0.1
        assert np.abs(made.positions()[:, 0] - motion["root_position"]).max() < 1e-4

    def test_the_targets_of_the_task_take_the_place_of_what_is_stored(self, dataset: Dataset, tmp_path: Path) -> None:
        roots = together(dataset, "root_position") + np.float32(5)
        exporting.export("bvh", dataset, tmp_path / "dest", prediction=saved(tmp_path, roots))

        made = read_bvh(tmp_path / "dest" / "test" / "07_02.bvh")
        motion = dataset["test"]["07_02"]
        np.testing.assert_allclose(made.positions(), motion["positions"] + 5, atol=1e-3)
        np.testing.assert_allclose(made.rotations(), motion["rotations"], atol=1e-4)

    @pytest.mark.parametrize("field", ["root_position", "positions[Hips]"])
    def test_a_root_moves_the_body_that_hangs_from_it_where_only_positions_are_stored(
        self, corpus: Path, tmp_path: Path, field: str
    ) -> None:
        stages = [{"stage": "features", "arrays": ["positions", "root_position"]}]
        split = {"train": ["02_*"], "test": ["07_01", "07_02"]}
        motionprep.build(corpus, tmp_path / "out", recipe=recipe_from_json({"split": split, "stages": stages}))
        dataset = motionprep.open(tmp_path / "out")
        prediction = saved(tmp_path, together(dataset, "root_position") + np.float32([3, 4, 5]))
        exporting.export("bvh", dataset, tmp_path / "dest", prediction=prediction, fields=(field,))

        made = read_bvh(tmp_path / "dest" / "test" / "07_02.bvh")
        motion = dataset["test"]["07_02"]
        order = [made.skeleton.nodes.index(name) for name in motion.skeleton.nodes]
        np.testing.assert_allclose(made.positions()[:, order], motion["positions"] + [3, 4, 5], atol=1e-4)

    def test_positions_are_reported_by_their_shape_and_move_joints(self, points: Dataset, tmp_path: Path) -> None:
        values = together(points, "positions") * np.float32(1.5)
        report = exporting.export("bvh", points, tmp_path / "dest", prediction=saved(tmp_path, values))

        made = read_bvh(tmp_path / "dest" / "test" / "07_01.bvh")
        motion = points["test"]["07_01"]
        order = [made.skeleton.nodes.index(name) for name in motion.skeleton.nodes]
        np.testing.assert_allclose(made.positions()[:, order], values[: motion.frames], atol=1e-4)
        assert any("of positions alone" in note for note in report.notes)

    def test_positions_of_more_than_the_root_leave_no_rotations(self, dataset: Dataset, tmp_path: Path) -> None:
        values = together(dataset, "positions") * np.float32(1.5)
        prediction = saved(tmp_path, values.reshape(len(values), -1))
        report = exporting.export("bvh", dataset, tmp_path / "dest", prediction=prediction, fields=("positions",))

        made = read_bvh(tmp_path / "dest" / "test" / "07_01.bvh")
        motion = dataset["test"]["07_01"]
        order = [made.skeleton.nodes.index(name) for name in motion.skeleton.nodes]
        np.testing.assert_allclose(made.positions()[:, order], values[: motion.frames], atol=1e-4)
        assert any("of positions alone" in note for note in report.notes)

    def test_positions_and_rotations_that_are_both_predicted_both_show(self, turning: Dataset, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        positions = together(turning, "positions") + rng.normal(0, 1, together(turning, "positions").shape)
        turns = rotations.nearest(rng.normal(size=together(turning, "rotations").shape))
        frames = len(positions)
        prediction = saved(tmp_path, np.concatenate([positions.reshape(frames, -1), turns.reshape(frames, -1)], axis=1))
        fields = ("positions", "rotations")
        exporting.export("bvh", turning, tmp_path / "dest", prediction=prediction, fields=fields)

        motion = turning["test"]["07_01"]
        said = {"positions": positions[: motion.frames], "rotations": turns[: motion.frames]}
        world = motionprep.invert(motion, said)
        made = read_bvh(tmp_path / "dest" / "test" / "07_01.bvh")
        order = [made.skeleton.nodes.index(name) for name in motion.skeleton.nodes]
        np.testing.assert_allclose(made.positions()[:, order], world["positions"], atol=1e-6)
        order = [made.skeleton.joints.index(name) for name in motion.skeleton.joints]
        np.testing.assert_allclose(made.rotations()[:, order], world["rotations"], atol=1e-6)

    def test_the_same_rotations_predicted_in_two_forms_are_refused(self, turning: Dataset, tmp_path: Path) -> None:
        forms = ("quaternions", "rotations_6d")
        values = [together(turning, form) for form in forms]
        prediction = saved(tmp_path, np.concatenate([form.reshape(len(form), -1) for form in values], axis=1))

        with pytest.raises(
            PredictionError, match="predicts quaternions and rotations_6d, which are the same rotations"
        ):
            exporting.export("bvh", turning, tmp_path / "dest", prediction=prediction, fields=forms)

    def test_what_no_animation_shows_is_refused_alone_and_noted_beside_the_rest(
        self, corpus: Path, tmp_path: Path
    ) -> None:
        stages = [
            {"stage": "velocity", "of": ["root_position"]},
            {"stage": "features", "arrays": ["positions", "root_position", "root_velocity"]},
        ]
        split = {"train": ["02_*"], "test": ["07_01", "07_02"]}
        motionprep.build(corpus, tmp_path / "out", recipe=recipe_from_json({"split": split, "stages": stages}))
        dataset = motionprep.open(tmp_path / "out")
        root = together(dataset, "root_position")

        with pytest.raises(
            PredictionError, match="predicts root_velocity, which no animation shows; it shows rotations"
        ):
            exporting.export(
                "bvh", dataset, tmp_path / "dest", prediction=saved(tmp_path, root), fields=("root_velocity",)
            )
        both = saved(tmp_path, np.concatenate([root, root], axis=1))
        report = exporting.export(
            "bvh", dataset, tmp_path / "dest", prediction=both, fields=("root_velocity", "root_position")
        )
        assert "root_velocity are predicted too, which no animation shows" in report.notes

    def test_windows_are_laid_end_to_end(self, corpus: Path, tmp_path: Path) -> None:
        task = {"inputs": ["positions.xy"], "targets": ["positions"], "length": 8, "stride": 8}
        stages = [{"stage": "features", "arrays": ["positions"]}]
        recipe = {"split": {"train": ["02_*"], "test": ["07_01", "07_02"]}, "stages": stages, "task": task}
        motionprep.build(corpus, tmp_path / "out", recipe=recipe_from_json(recipe))
        windows = motionprep.open(tmp_path / "out")["test"].windows()
        values = windows[:]["targets"] * np.float32(1.5)
        report = exporting.export("bvh", tmp_path / "out", tmp_path / "dest", prediction=saved(tmp_path, values))

        left = 0
        for motion, span in windows.motions:
            made = read_bvh(tmp_path / "dest" / "test" / f"{motion.key}.bvh")
            order = [made.skeleton.nodes.index(name) for name in motion.skeleton.nodes]
            expected = motion["positions"].copy()
            said = values[span].reshape(-1, *expected.shape[1:])
            expected[: len(said)] = said
            np.testing.assert_allclose(made.positions()[:, order], expected, atol=1e-4)
            left += motion.frames - len(said)
        assert left
        assert any(note.startswith(f"{left} of ") and note.endswith("and are as stored") for note in report.notes)

    def test_one_motion_may_be_predicted(self, dataset: Dataset, tmp_path: Path) -> None:
        motion = dataset["train"]["02_03"]
        prediction = saved(tmp_path, motion["quaternions"])
        exporting.export(
            "bvh",
            dataset,
            tmp_path / "dest",
            prediction=prediction,
            fields=("quaternions",),
            motion="02_03",
            splits=("train",),
        )

        made = read_bvh(tmp_path / "dest" / "train" / "02_03.bvh")
        np.testing.assert_allclose(made.positions(), motion["positions"], atol=1e-4)
        assert sorted(path.name for path in (tmp_path / "dest").rglob("*.bvh")) == ["02_03.bvh"]

    @pytest.mark.parametrize("feature", ["rotations", "quaternions", "rotations_6d", "global_rotations"])
    def test_rotations_of_zeros_are_refused_with_file_and_place(
        self, turning: Dataset, tmp_path: Path, feature: str
    ) -> None:
        values = together(turning, feature)
        values[turning["test"]["07_01"].frames + 10, 4] = 0
        prediction = saved(tmp_path, values)
        joint = turning["test"]["07_02"].skeleton.joints[4]

        message = rf"pred.npy: 07_02: {feature}: frame 10, {joint}: a rotation of zeros, .* it has no direction"
        with pytest.raises(PredictionError, match=message):
            exporting.export("bvh", turning, tmp_path / "dest", prediction=prediction, fields=(feature,))
        assert not (tmp_path / "dest").exists()

    def test_numbers_that_are_not_normalized_are_taken_as_such(
        self, changed: Dataset, corpus: Path, tmp_path: Path
    ) -> None:
        fields = ("rotations", "root_rotation", "root_position")
        motions = list(changed["test"].values())
        columns = [np.concatenate([motion.unnormalized(field) for motion in motions]) for field in fields]
        prediction = saved(tmp_path, np.concatenate(columns, axis=1))
        exporting.export("bvh", changed, tmp_path / "dest", prediction=prediction, fields=fields, normalize=False)

        for key in ("07_01", "07_02"):
            made = read_bvh(tmp_path / "dest" / "test" / f"{key}.bvh")
            nodes = made.skeleton.nodes
            np.testing.assert_allclose(made.positions(), of_file(corpus, key, nodes)[::4][: made.frames], atol=1e-3)

    @pytest.mark.parametrize("feature", ["root_position", "rotations", "quaternions"])
    def test_a_noisy_prediction_is_made_steady(self, turning: Dataset, feature: str, tmp_path: Path) -> None:
        true = together(turning, feature)
        noisy = true + np.random.default_rng(0).normal(scale=0.02, size=true.shape).astype(np.float32)
        prediction = saved(tmp_path, noisy.reshape(len(true), -1))
        jerks = []
        for method in ("", "savitzky-golay"):
            dest = tmp_path / (method or "plain")
            exporting.export("bvh", turning, dest, prediction=prediction, fields=(feature,), smooth=method)
            positions = [read_bvh(path).positions() for path in sorted(dest.rglob("*.bvh"))]
            jerks.append(np.mean([np.abs(np.diff(one, n=3, axis=0)).mean() for one in positions]))
        assert jerks[1] < 0.7 * jerks[0]

    @pytest.mark.parametrize(
        ("settings", "message"),
        [({"smooth": "slerp"}, "`smooth` is about a prediction"), ({"smooth": "median"}, "one of hold-last")],
    )
    def test_a_method_of_smoothing_that_cannot_be_is_refused(
        self, dataset: Dataset, settings: dict[str, str], message: str, tmp_path: Path
    ) -> None:
        source = {"prediction": "PRED.npy"} if settings["smooth"] == "median" else {}
        with pytest.raises(RecipeError, match=message):
            exporting.export("bvh", dataset, tmp_path / "dest", **settings, **source)

    def test_rotations_without_the_roots_are_refused(self, corpus: Path, tmp_path: Path) -> None:
        stages = [
            {"stage": "represent", "rotations": "quaternion", "root": "left_out"},
            {"stage": "features", "arrays": ["rotations", "positions"]},
        ]
        split = {"train": ["02_*"], "test": ["07_01", "07_02"]}
        motionprep.build(corpus, tmp_path / "out", recipe=recipe_from_json({"split": split, "stages": stages}))
        prediction = saved(tmp_path, together(motionprep.open(tmp_path / "out"), "rotations"))

        with pytest.raises(ExportError, match="07_01: rotations are predicted without the root's"):
            exporting.export("bvh", tmp_path / "out", tmp_path / "dest", prediction=prediction)


class TestAsked:
    def test_a_motion_that_is_not_there_is_reported(self, dataset: Dataset, tmp_path: Path) -> None:
        with pytest.raises(RecipeError, match="there is no motion '99_01' in train, test"):
            exporting.export("bvh", dataset, tmp_path / "dest", motion="99_01")

    def test_numbers_that_are_not_normalized_need_a_prediction(self, dataset: Dataset, tmp_path: Path) -> None:
        with pytest.raises(RecipeError, match="`normalize` is about a prediction"):
            exporting.export("bvh", dataset, tmp_path / "dest", normalize=False)

    def test_fields_need_a_prediction(self, dataset: Dataset, tmp_path: Path) -> None:
        with pytest.raises(RecipeError, match="give one by `prediction`"):
            exporting.export("bvh", dataset, tmp_path / "dest", fields=("positions",))


def test_a_prediction_goes_to_the_nodes_that_windows_name_where_motions_order_them_otherwise(tmp_path: Path) -> None:
    places = np.random.default_rng(0).normal(size=(6, 3, 3))
    (tmp_path / "data").mkdir()
    for key, names, order in (("01", ["Hip", "Knee", "Hand"], [0, 1, 2]), ("02", ["Hip", "Hand", "Knee"], [0, 2, 1])):
        np.save(tmp_path / "data" / f"{key}.npy", places[:, order])
        told = f'names = {names}\nparents = [-1, 0, 0]\nrate = 30\nunits = "m"\n'
        (tmp_path / "data" / f"{key}.toml").write_text(told, encoding="utf-8")
    motionprep.build(tmp_path / "data", tmp_path / "out")
    dataset = motionprep.open(tmp_path / "out")
    predicted = dataset["train"].windows(1, features=["positions"])[:]["positions"][:, 0] + 1

    exporting.export("bvh", dataset, tmp_path / "dest", splits=("train",), prediction=saved(tmp_path, predicted))

    for key in ("01", "02"):
        made = read_bvh(tmp_path / "dest" / "train" / f"{key}.bvh")
        order = [("Hip", "Knee", "Hand").index(name) for name in made.skeleton.joints]
        np.testing.assert_allclose(made.positions()[:, :3], places[:, order] + 1, atol=1e-5)
