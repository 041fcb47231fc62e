from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.building.planned import Plan
from motionprep.errors import RecipeError
from motionprep.motion.kinematics import FEATURES
from motionprep.naming import shipped
from motionprep.recipe.recipe import (
    Choice,
    Reading,
    Recipe,
    Split,
    load_recipe,
    make_stage,
    recipe_from_json,
)
from motionprep.sources.fingerprints import SourceCache
from motionprep.stages import STAGES, Downsample, DropShort, Features, SelectJoints, Stage, Trim

SPLITS = ("train", "val", "test")

WHOLE = """
description = "for people"
seed = 7

[reading]
key_pattern = '(?P<subject>\\w+)/(?P<motion>\\w+)'
positions = "add"
lenient = true
rates = { 69_01 = 60 }

[split]
train = ["69_02..69_75", { motions = "69_01", frames = "1-400" }]
test = [{ motions = "69_01", frames = "401-469" }]

[[stages]]
stage = "trim"
t_pose = 1

[[stages]]
stage = "downsample"
factor = 8
splits = ["train"]
"""

splits_of_a_stage = st.lists(st.sampled_from(SPLITS), unique=True).map(tuple)
names = st.text("ABab*?_", min_size=1, max_size=6)
not_features = st.one_of(
    st.builds(Trim, splits=splits_of_a_stage, t_pose=st.integers(0, 9), first=st.integers(1, 9), last=st.just(0)),
    st.builds(DropShort, splits=splits_of_a_stage, frames=st.integers(1, 10**6)),
    st.builds(
        Downsample, splits=splits_of_a_stage, factor=st.integers(1, 99), partial=st.booleans(), lowpass=st.booleans()
    ),
    st.builds(Downsample, splits=splits_of_a_stage, rate=st.floats(0.1, 1000)),
    st.builds(SelectJoints, splits=splits_of_a_stage, joints=st.lists(names, min_size=1, max_size=3).map(tuple)),
    st.builds(SelectJoints, splits=splits_of_a_stage, set=st.sampled_from(sorted(shipped.joint_sets()))),
    st.builds(SelectJoints, splits=splits_of_a_stage, set=st.sampled_from(sorted(shipped.skeletons()))),
)
sinks = st.lists(
    st.builds(Features, arrays=st.lists(st.sampled_from(list(FEATURES)), min_size=1, unique=True).map(tuple)),
    max_size=1,
)
recipes = st.builds(
    Recipe,
    description=st.text(max_size=5),
    seed=st.integers(0, 2**63 - 1),
    reading=st.builds(
        Reading,
        rates=st.dictionaries(names, st.floats(1, 1000), max_size=3),
        labels=st.dictionaries(names, st.one_of(names, st.just(((1, 9, "walk"), (12, 12, "turn")))), max_size=3),
        lenient=st.booleans(),
    ),
    split=st.sampled_from(
        [
            Split(percent="80/10/10"),
            Split(percent="80/10/10", by="subject", order="hash"),
            Split(percent="80/10/10", stratify=True, parts=4),
            Split(
                train=("a..b", Choice(subject="1")),
                val=(Choice(ordinals="1-2"),),
                test=(Choice(motions="c", frames="1-9"),),
            ),
        ]
    ),
    stages=st.tuples(st.lists(not_features, max_size=4), sinks).map(lambda pair: (*pair[0], *pair[1])),
)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.toml"
    path.write_text(WHOLE, encoding="utf-8")
    return path


class TestSources:
    def test_a_toml_file_says_everything(self, whole: Path) -> None:
        assert load_recipe(whole) == Recipe(
            description="for people",
            seed=7,
            reading=Reading(
                key_pattern=r"(?P<subject>\w+)/(?P<motion>\w+)", positions="add", lenient=True, rates={"69_01": 60.0}
            ),
            split=Split(
                train=("69_02..69_75", Choice(motions="69_01", frames="1-400")),
                test=(Choice(motions="69_01", frames="401-469"),),
            ),
            stages=(Trim(t_pose=1), Downsample(factor=8, splits=("train",))),
        )

    def test_an_empty_file_is_the_default_recipe(self, tmp_path: Path) -> None:
        (tmp_path / "empty.toml").touch()

        assert load_recipe(tmp_path / "empty.toml") == Recipe()

    def test_a_dataset_has_its_recipe_in_it(self, whole: Path, tmp_path: Path) -> None:
        recipe = load_recipe(whole)
        (tmp_path / "dataset.json").write_bytes(msgspec.json.encode({"motionprep": 1, "recipe": recipe.to_json()}))

        assert load_recipe(str(tmp_path / "dataset.json")) == recipe

    def test_cmu_leaves_out_the_t_pose_and_nothing_else(self) -> None:
        recipe = load_recipe("cmu")

        assert (recipe.stages, recipe.split) == ((Trim(t_pose=1),), Split())

    def test_cmu_exp5_trains_on_every_8th_frame_of_the_first_90_percent(self) -> None:
        recipe = load_recipe("cmu-exp5")

        assert (recipe.stages, recipe.split) == (
            (Downsample(factor=8, splits=("train",)),),
            Split(percent="90/10", by="motion", order="natural"),
        )

    @pytest.mark.parametrize("name", shipped.recipe_names())
    def test_every_shipped_recipe_says_what_it_is(self, name: str) -> None:
        assert load_recipe(name).description

    def test_a_path_is_never_taken_for_a_shipped_name(self) -> None:
        with pytest.raises(RecipeError, match="cmu: no such recipe file"):
            load_recipe(Path("cmu"))

    def test_an_unknown_name_finds_the_nearest_that_ships(self) -> None:
        with pytest.raises(RecipeError) as error:
            load_recipe("cmu-locomotoin")

        assert str(error.value) == (
            "cmu-locomotoin: no such recipe file or shipped recipe; did you mean 'cmu-locomotion'?"
        )

    @pytest.mark.parametrize(
        ("name", "text", "message"),
        [
            ("a.toml", "seed = ", "a.toml: Invalid value"),
            ("a.json", "{", "a.json: "),
            ("a.json", "[1]", "a.json: has no recipe; expected a TOML file or the dataset.json of a dataset"),
            (
                "a.json",
                '{"stages": []}',
                "a.json: has no recipe; expected a TOML file or the dataset.json of a dataset",
            ),
            ("a.json", '{"recipe": "cmu"}', "a.json: has no recipe; expected a TOML file"),
        ],
    )
    def test_a_file_that_holds_no_recipe_is_named(
        self, name: str, text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path(name).write_text(text, encoding="utf-8")

        with pytest.raises(RecipeError) as error:
            load_recipe(name)

        assert str(error.value).startswith(message)

    def test_a_table_of_skeletons_is_beside_the_recipe_that_names_it(self, tmp_path: Path) -> None:
        stage = '[[stages]]\nstage = "select_joints"\nset = "stick"\ntable = "mine.toml"'
        (tmp_path / "a.toml").write_text(stage, encoding="utf-8")
        (tmp_path / "mine.toml").write_text(
            '[names.rod]\nfoot = "Low"\n[skeletons.stick]\njoints = [{ name = "End", at = "foot" }]', encoding="utf-8"
        )

        (stage,) = load_recipe(tmp_path / "a.toml").to_json()["stages"]

        assert json.loads(json.dumps(stage)) == {
            "stage": "select_joints",
            "skeleton": [{"name": "End", "from": ["Low"]}],
        }

    def test_a_file_that_is_not_text_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a.toml").write_bytes(b"\xff\xfe")

        with pytest.raises(RecipeError, match=r"a\.toml: cannot be read"):
            load_recipe(tmp_path / "a.toml")


def refused(text: str) -> str:
    """Return what is said of a recipe in TOML."""
    with pytest.raises(RecipeError) as error:
        recipe_from_json(tomllib.loads(text), "x.toml")
    return str(error.value)


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("stage = 1", "x.toml: there is no 'stage'; did you mean 'stages'?"),
            (
                "zzz = 1",
                "x.toml: there is no 'zzz'; there are description, seed, reading, selection, split, stages, task, "
                "corpus",
            ),
            ("description = 1", "x.toml: description: expected `str`, got `int`"),
            ("seed = -1", "x.toml: seed: expected `int` >= 0"),
            ("[stages]\nstage = 'trim'", "x.toml: stages is {'stage': 'trim'}; expected a list of tables, [[stages]]"),
            ("stages = 'trim'", "x.toml: stages is 'trim'; expected a list of tables, [[stages]]"),
            (
                "stages = ['trim']",
                "x.toml: stage 1: found 'trim'; expected a table with a stage, such as stage = \"trim\"",
            ),
        ],
    )
    def test_of_the_whole(self, text: str, message: str) -> None:
        assert refused(text) == message

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ("stage = 'downsmple'", "x.toml: stage 2: there is no stage 'downsmple'; did you mean 'downsample'?"),
            (
                "stage = 'fft'",
                "x.toml: stage 2: there is no stage 'fft'; there are " + ", ".join(STAGES),
            ),
            (
                "stage = 'downsample'\nfactr = 8",
                "x.toml: stage 2 (downsample): there is no 'factr'; did you mean 'factor'?",
            ),
            ("stage = 'downsample'\nfactor = '8'", "x.toml: stage 2 (downsample): factor: expected `int`, got `str`"),
            ("stage = 'downsample'\nfactor = true", "x.toml: stage 2 (downsample): factor: expected `int`, got `bool`"),
            ("stage = 'drop_short'", "x.toml: stage 2 (drop_short): `frames` is missing"),
            (
                "stage = 'features'\narrays = 'positions'",
                "x.toml: stage 2 (features): arrays: expected `list`, got `str`",
            ),
            (
                "stage = 'select_joints'\nskeleton = [{ name = 'Hip' }]",
                "x.toml: stage 2 (select_joints): skeleton[0]: `from` is missing",
            ),
            (
                "stage = 'select_joints'\nskeleton = [{ name = 'Hip', from = ['Hips'], root = true }]",
                "x.toml: stage 2 (select_joints): skeleton[0]: there is no `root`; "
                "there are name, parent, from, rotation",
            ),
            ("stage = 'features'\narrays = [1]", "x.toml: stage 2 (features): arrays[0]: expected `str`, got `int`"),
            (
                "stage = 'trim'\nsplits = ['tran']",
                "x.toml: stage 2 (trim): splits: there is no split 'tran'; did you mean 'train'?",
            ),
        ],
    )
    def test_of_a_stage_name_file_number_stage_and_field(self, settings: str, message: str) -> None:
        assert refused(f"[[stages]]\nstage = 'trim'\n[[stages]]\n{settings}") == message

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "percent = 90",
                "percent is the number 90; expected the share of each split as a text, such as '90/10' for train and "
                "test, '80/10/10' for train, val and test, or '100' for train alone",
            ),
            ("percent = '90'", "percent is '90', which adds up to 90; expected 100"),
            (
                "percent = '90:10'",
                "percent is '90:10'; expected two or three numbers such as '90/10' or '80/10/10', or '100'",
            ),
            ("percent = '90/20'", "percent is '90/20', which adds up to 110; expected 100"),
            ("percent = '90/9.5'", "percent is '90/9.5', which adds up to 99.5; expected 100"),
            ("percent = '100/0'", "percent is '100/0'; each split needs more than 0"),
            ("percent = '90/10'\ntest = ['a']", "give percent or lists, not both (there is a list for test)"),
            ("by = 'subject'", "by, order and stratify go with percent"),
            ("order = 'hash'\ntrain = ['a']", "by, order and stratify go with percent"),
            (
                "by = 'take'",
                "by: invalid enum value 'take'; expected 'motion' or 'subject' or 'duplicates' or 'subject,duplicates'",
            ),
            ("trian = ['a']", "there is no 'trian'; did you mean 'train'?"),
            ("test = ['']", "test holds an empty key"),
            (
                "train = []\ntest = ['a']",
                "train is an empty list; name the motions that it is to have, or leave it out",
            ),
            ("test = [1]", "test[0]: expected `str | table`, got `int`"),
            (
                "test = ['a', { motion = 'b' }]",
                "test[1]: there is no `motion`; there are motions, subject, ordinals, frames",
            ),
            ("stratify = true", "by, order and stratify go with percent"),
            ("parts = 0", "parts is 0; it must be at least 1"),
            ("parts = 2\ntest = ['a']", "parts is 2, but there is no train to be dealt into parts"),
            ("test = [{ frames = '1-2' }]", "test[0]: give one of motions, subject and ordinals"),
            ("test = [{ motions = 'a', subject = 'b' }]", "test[0]: give one of motions, subject and ordinals"),
            (
                "test = [{ motions = 'a', frames = '1:2' }]",
                "test[0]: frames is '1:2'; expected a range such as '1-400', counted from 1",
            ),
            (
                "test = [{ ordinals = '0-2' }]",
                "test[0]: ordinals is '0-2'; expected a range such as '1-400', counted from 1",
            ),
            (
                "test = [{ ordinals = '3-2' }]",
                "test[0]: ordinals is '3-2'; expected a range such as '1-400', counted from 1",
            ),
        ],
    )
    def test_of_the_split_name_the_field(self, text: str, message: str) -> None:
        assert refused(f"[split]\n{text}") == f"x.toml: split: {message}"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("positions = 'sum'", "positions: invalid enum value 'sum'; expected 'replace' or 'add'"),
            ("arrays = { units = 'km' }", "arrays.units: invalid enum value 'km'; expected 'm' or 'cm' or 'mm'"),
            ("lenient = 1", "lenient: expected `bool`, got `int`"),
            ("rates = { a = 0 }", "rates has 0 for 'a'; expected a number above 0 that float32 can hold"),
            ("rates = { a = 1e-309 }", "rates has 1e-309 for 'a'; expected a number above 0 that float32 can hold"),
            ("rates = { a = inf }", "rates has inf for 'a'; expected a number above 0 that float32 can hold"),
            ("rates = { a = nan }", "rates has nan for 'a'; expected a number above 0 that float32 can hold"),
            ("key_pattern = '(?P<motion>.)'", "key_pattern '(?P<motion>.)' has no group subject"),
            ("key_pattern = '.'", "key_pattern '.' has no group motion, subject"),
            ("label_pattern = '.'", "label_pattern '.' has no group label"),
            ("labels = { a = 1 }", "labels[...]: expected `str | list`, got `int`"),
            ("labels = { a = [] }", "labels has no range for 'a'; expected such as [[1, 120, \"walk\"]]"),
            ("labels = { a = [[1, 'x']] }", "labels[...][0]: expected `list` of length 3, got 2"),
            (
                "labels = { a = [[0, 9, 'x']] }",
                "labels has frames 0-9 of 'a'; expected such as 1-120, counted from 1",
            ),
            (
                "labels = { a = [[9, 8, 'x']] }",
                "labels has frames 9-8 of 'a'; expected such as 1-120, counted from 1",
            ),
            ("labels = { a = [[1, 2, '']] }", "labels has an empty label for frames 1-2 of 'a'"),
            (
                "labels = { a = [[9, 12, 'x'], [1, 9, 'y']] }",
                "labels has frames 9-12 of 'a' (x), which overlap frames 1-9 (y)",
            ),
        ],
    )
    def test_of_reading_name_the_field(self, text: str, message: str) -> None:
        assert refused(f"[reading]\n{text}") == f"x.toml: reading: {message}"

    def test_a_pattern_that_is_none_is_refused_with_the_reason(self) -> None:
        assert "key_pattern '(' is no regular expression: missing )" in refused("[reading]\nkey_pattern = '('")

    def test_nothing_comes_after_features(self) -> None:
        assert refused("[[stages]]\nstage = 'features'\n[[stages]]\nstage = 'trim'") == (
            "x.toml: stage 2 (trim) comes after stage 1 (features) in split 'train'; features are last and given once"
        )

    def test_features_are_given_once(self) -> None:
        assert refused("[[stages]]\nstage = 'features'\n[[stages]]\nstage = 'features'") == (
            "x.toml: stage 2 (features) comes after stage 1 (features) in split 'train'; "
            "features are last and given once"
        )

    def test_a_stage_made_by_name_has_the_same_errors(self) -> None:
        with pytest.raises(RecipeError) as error:
            make_stage("downsample", factor="8")

        assert str(error.value) == "downsample: factor: expected `int`, got `str`"


class TestTask:
    @pytest.mark.parametrize(
        ("task", "message"),
        [
            ("inputs = ['position']\nlabel = true", "there is no feature 'position'; did you mean 'positions'?"),
            (
                "inputs = ['positions']\ntargets = ['root_veloctiy.xz']",
                "'root_veloctiy.xz': root_veloctiy has no axes with letters; those of ",
            ),
            (
                "inputs = ['positions']\ntargets = ['root_veloctiy']",
                "there is no feature 'root_veloctiy'; did you mean 'root_velocity'?",
            ),
            ("inputs = ['zzz[Hips]']\nlabel = true", "there is no feature 'zzz'; there are positions, rotations, "),
        ],
    )
    def test_a_feature_that_there_is_not_is_refused_whether_or_not_the_recipe_says_what_to_store(
        self, task: str, message: str
    ) -> None:
        assert refused(f"[task]\n{task}").startswith(f"x.toml: task: {message}")

    def test_features_that_the_data_may_bring_are_let_pass_until_it_is_known(self) -> None:
        recipe = recipe_from_json({"task": {"inputs": ["markers"], "label": True}})

        assert recipe.storing({"markers"}).stages_for("train")[-1].modalities == ("markers",)
        with pytest.raises(RecipeError, match="task: markers is no feature that split 'train' stores; it stores pos"):
            recipe.storing({"motion"})

    def test_what_a_stage_of_one_split_makes_is_stored_in_that_split_alone(self):
        stages = [{"stage": "velocity", "splits": ["train"]}]

        whole = recipe_from_json({"split": {"percent": "90/10"}, "stages": stages}).storing({"motion"})

        train, test = (whole.stages_for(side)[-1].arrays for side in ("train", "test"))
        assert train == (*test, "positions_velocity")

    def test_a_feature_that_a_stage_makes_is_refused_with_the_stage_where_it_is_not_there(self) -> None:
        task = {"inputs": ["positions"], "targets": ["root_velocity"]}
        velocity = {"stage": "velocity", "of": ["root_position"]}

        recipe_from_json({"stages": [velocity], "task": task}).storing({"motion"})
        with pytest.raises(RecipeError, match=r"root_velocity is no .*, or add .* and a stage velocity to make it"):
            recipe_from_json({"task": task}).storing({"motion"})


class TestStagesOfASplit:
    recipe = Recipe(
        split=Split(percent="80/10/10"),
        stages=(
            Trim(t_pose=1),
            Downsample(factor=8, splits=("train",)),
            Downsample(factor=2, splits=("val", "test")),
            Features(arrays=("positions",), splits=("test",)),
        ),
    )

    def test_are_those_for_all_and_its_own_in_order(self) -> None:
        assert self.recipe.stages_for("test") == (self.recipe.stages[0], *self.recipe.stages[2:])

    def test_end_with_the_default_features_where_none_are_given(self) -> None:
        assert self.recipe.stages_for("train") == (*self.recipe.stages[:2], Features())

    def test_may_each_have_features_of_their_own(self) -> None:
        stages = (Features(splits=("train",)), Features(arrays=("quaternions",), splits=("test",)))
        recipe = Recipe(split=Split(percent="90/10"), stages=stages)

        assert [recipe.stages_for(side) for side in ("train", "test")] == [stages[:1], stages[1:]]

    def test_may_follow_the_features_of_another_split(self) -> None:
        stages = (Features(splits=("train",)), Trim(t_pose=1, splits=("test",)))

        assert Recipe(split=Split(percent="90/10"), stages=stages).stages_for("test") == (stages[1], Features())


class TestWithStages:
    def test_new_stages_come_where_flags_have_them(self) -> None:
        recipe = Recipe(stages=(DropShort(frames=8), Features()))

        assert recipe.with_stages([SelectJoints(joints=("Hips",)), Trim(t_pose=1), Downsample(factor=2)]).stages == (
            Trim(t_pose=1),
            DropShort(frames=8),
            Downsample(factor=2),
            SelectJoints(joints=("Hips",)),
            Features(),
        )

    def test_a_stage_takes_the_place_of_all_that_have_its_name(self) -> None:
        recipe = Recipe(
            split=Split(percent="90/10"),
            stages=(
                Downsample(factor=8, splits=("train",)),
                Trim(t_pose=1),
                Downsample(factor=4, splits=("test",)),
            ),
        )

        assert recipe.with_stages([Downsample(rate=30)]).stages == (Downsample(rate=30), Trim(t_pose=1))

    def test_several_of_one_name_stay_together_and_in_order(self) -> None:
        both = (Downsample(factor=8, splits=("train",)), Downsample(factor=2, splits=("test",)))
        recipe = Recipe(split=Split(percent="90/10"), stages=(Trim(), Features()))

        assert recipe.with_stages(both).stages == (Trim(), *both, Features())

    def test_the_rest_of_the_recipe_stays(self) -> None:
        recipe = recipe_from_json(tomllib.loads(WHOLE))

        assert recipe.with_stages(recipe.stages) == recipe

    def test_what_comes_out_is_checked(self) -> None:
        with pytest.raises(RecipeError, match="there is no split 'test'"):
            Recipe().with_stages([Trim(splits=("test",))])


class TestJson:
    @settings(deadline=None, max_examples=80)
    @given(recipes)
    def test_a_recipe_comes_back_equal(self, recipe: Recipe) -> None:
        assert recipe_from_json(json.loads(json.dumps(recipe.to_json()))) == recipe

    @settings(deadline=None, max_examples=40)
    @given(recipes)
    def test_a_recipe_that_came_back_decides_the_same(self, recipe: Recipe) -> None:
        assert recipe_from_json(json.loads(json.dumps(recipe.to_json()))).identity() == recipe.identity()

    def test_what_is_at_its_default_is_left_out(self) -> None:
        recipe = Recipe(split=Split(percent="90/10"), stages=(Downsample(factor=8, splits=("train",)), Features()))

        assert recipe.to_json() == {
            "description": "",
            "seed": 0,
            "reading": {},
            "split": {"percent": "90/10"},
            "stages": [{"stage": "downsample", "splits": ("train",), "factor": 8}, {"stage": "features"}],
        }

    def test_a_named_set_is_written_out(self) -> None:
        [stage] = Recipe(stages=(SelectJoints(set="legs", joints=("Head",)),)).to_json()["stages"]

        assert stage == {"stage": "select_joints", "joints": (*shipped.joint_sets()["legs"], "Head")}

    def test_rates_are_written_in_one_order(self) -> None:
        one, other = (
            Recipe(reading=Reading(rates=dict(pairs))) for pairs in [[("a", 1), ("b", 2)], [("b", 2), ("a", 1)]]
        )

        assert json.dumps(one.to_json()) == json.dumps(other.to_json())


BASE = Recipe(split=Split(percent="90/10"), stages=(Trim(t_pose=1), Downsample(factor=8)))


class TestIdentity:
    @pytest.mark.parametrize(
        "changed",
        [
            {"seed": 1},
            {"reading": Reading(positions="add")},
            {"reading": Reading(lenient=True)},
            {"reading": Reading(rates={"69_01": 60.0})},
            {"reading": Reading(key_pattern="(?P<subject>.)(?P<motion>.)")},
            {"reading": Reading(labels={"69_01": "walk"})},
            {"reading": Reading(label_pattern="(?P<label>.)")},
            {"split": Split(percent="90/10", stratify=True)},
            {"split": Split(percent="90/10", parts=4)},
            {"split": Split(percent="80/20")},
            {"split": Split(percent="90/10", by="subject")},
            {"split": Split(percent="90/10", order="hash")},
            {"split": Split(train=("a",), test=("b",))},
            {"stages": BASE.stages[::-1]},
            {"stages": BASE.stages[:1]},
            {"stages": (Trim(t_pose=2), Downsample(factor=8))},
            {"stages": (Trim(t_pose=1), Downsample(factor=8, splits=("train",)))},
            {"stages": (*BASE.stages, Features())},
        ],
        ids=str,
    )
    def test_changes_with_whatever_decides_the_dataset(self, changed: dict[str, Any]) -> None:
        assert msgspec.structs.replace(BASE, **changed).identity() != BASE.identity()

    def test_does_not_change_with_the_description(self) -> None:
        assert msgspec.structs.replace(BASE, description="other words").identity() == BASE.identity()

    def test_changes_with_the_version_of_a_stage(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = BASE.identity()
        monkeypatch.setattr(Trim, "version", Trim.version + 1)

        assert BASE.identity() != before

    def test_a_new_description_is_written_though_no_shard_is_made(self) -> None:
        described = msgspec.structs.replace(BASE, description="other words")
        before, after = (Plan(recipe, (), (), None, SourceCache(None)).inputs for recipe in (BASE, described))

        assert before != after


@pytest.mark.parametrize("kind", STAGES.values(), ids=list(STAGES))
def test_every_stage_is_found_by_its_name(kind: type[Stage]) -> None:
    assert STAGES[kind.name] is kind


def test_recipes_are_in_the_package_that_is_installed() -> None:
    assert set(shipped.recipe_names()) >= {"cmu", "cmu-exp5"}


def test_there_is_no_text_for_a_name_that_does_not_ship() -> None:
    assert shipped.recipe_text("../cmu") is None


class TestOrder:
    def stages(self, *values: dict[str, Any]) -> Recipe:
        return recipe_from_json({"stages": list(values)})

    def test_markers_with_a_skeleton_need_align(self) -> None:
        with pytest.raises(RecipeError, match=r"stores or needs skeleton and markers, .*; put align first"):
            self.stages({"stage": "features", "arrays": ["positions", "markers"]})

    def test_align_is_first(self) -> None:
        with pytest.raises(RecipeError, match="align comes after trim in split 'train'; it is first and given once"):
            self.stages({"stage": "trim", "t_pose": 1}, {"stage": "align"})

    def test_markers_alone_need_no_align(self) -> None:
        assert self.stages({"stage": "features", "arrays": ["markers"]}).needs("train") == {"markers"}

    def test_a_stage_may_need_a_modality_that_is_not_stored(self) -> None:
        recipe = self.stages({"stage": "align"}, {"stage": "features", "arrays": ["markers"]})

        assert recipe.needs("train") == {"motion", "markers"}

    def test_what_is_made_of_coordinates_comes_after_what_changes_them(self) -> None:
        with pytest.raises(RecipeError, match="scale comes after velocity in split 'train', whose arrays it would not"):
            self.stages({"stage": "velocity"}, {"stage": "scale", "thigh": 1})

    def test_what_moves_takes_in_the_world_comes_before_a_local_frame(self) -> None:
        with pytest.raises(RecipeError, match="yaw comes after local_frame in split 'train'"):
            self.stages({"stage": "local_frame"}, {"stage": "yaw"})

    def test_a_canonical_skeleton_comes_before_what_keeps_the_root_apart_or_exchanges_sides(self) -> None:
        skeleton = {"stage": "select_joints", "set": "h36m-17"}
        with pytest.raises(RecipeError, match="select_joints comes after local_frame in split 'train'"):
            self.stages({"stage": "local_frame"}, skeleton)
        for stage in ({"stage": "mirror"}, {"stage": "permute_axes", "axes": "-xyz", "mirror": True}):
            with pytest.raises(RecipeError, match=f"select_joints makes other joints after {stage['stage']} has"):
                self.stages(stage, skeleton)
            self.stages(stage, {"stage": "select_joints", "set": "legs"})
            self.stages(skeleton, stage)

    def test_what_smooths_takes_comes_before_a_local_frame(self) -> None:
        with pytest.raises(RecipeError, match="downsample comes after local_frame in split 'train'"):
            self.stages({"stage": "local_frame"}, {"stage": "downsample", "factor": 2, "lowpass": True})

    @pytest.mark.parametrize(
        ("stage", "lacking"),
        [
            ({"stage": "local_frame", "method": "rigid"}, "fewer than three of its markers"),
            ({"stage": "clean", "groups": [["LKNE", "LTHI"]], "most_stretch": 0.1}, "no LTHI"),
            ({"stage": "clean", "sets": ["pelvis"], "most_stretch": 0.1}, "no LBWT, LFWT, RBWT, RFWT"),
            ({"stage": "limbs", "limbs": {"hand": ["LWRA", "LFIN"]}}, "no marker of hand"),
            ({"stage": "scale", "along": [["LFWT", "LKNE"]]}, "no LFWT"),
            ({"stage": "select_markers", "markers": ["LKNE", "LTOE"]}, "no LTOE"),
            ({"stage": "select_markers", "markers": ["X*"]}, r"nothing is named like X\*"),
        ],
        ids=lambda value: value["stage"] if isinstance(value, dict) else "",
    )
    def test_a_stage_that_names_markers_which_were_left_out_is_refused(
        self, stage: dict[str, Any], lacking: str
    ) -> None:
        kept = {"stage": "select_markers", "markers": ["C7", "LKNE", "RKNE"]}
        stored = {"stage": "features", "arrays": ["markers", "markers_corrupt"]}
        message = f"{stage['stage']} cannot work on the markers that select_markers leaves in split 'train': {lacking}"

        with pytest.raises(RecipeError, match=message):
            self.stages(kept, stage, stored)
        if stage["stage"] != "select_markers":
            self.stages(stage, kept, stored)
        # What a pattern finds depends on the data.
        self.stages({"stage": "select_markers", "markers": ["C7", "*KNE"]}, stage, stored)

    def test_a_mirror_image_of_markers_of_one_side_is_refused(self) -> None:
        with pytest.raises(RecipeError, match=r"mirror cannot work .*: no markers are left and right of each other"):
            self.stages({"stage": "select_markers", "markers": ["C7", "LKNE"]}, {"stage": "mirror"})

    @pytest.mark.parametrize(
        "stage",
        [
            {"stage": "local_frame", "method": "rigid", "markers": ["C7", "LKNE", "RKNE", "T10"]},
            {"stage": "local_frame", "method": "heading"},
            {"stage": "clean", "groups": [["LKNE", "RKNE"]], "most_stretch": 0.1},
            {"stage": "limbs"},
            {"stage": "scale", "along": [["LeftLeg", "LeftFoot"]]},
            {"stage": "mirror"},
            {"stage": "select_markers", "markers": ["RKNE", "LTOE"], "missing_markers": "mask"},
            {"stage": "select_markers", "markers": ["*", "!C7"]},
        ],
        ids=lambda stage: stage["stage"],
    )
    def test_a_stage_that_finds_its_markers_among_those_that_are_left_is_taken(self, stage: dict[str, Any]) -> None:
        kept = {"stage": "select_markers", "markers": ["C7", "LKNE", "RKNE"]}

        # With a skeleton, a chain may be one of joints.
        self.stages(
            {"stage": "align"},
            kept,
            stage,
            {"stage": "features", "arrays": ["positions", "markers", "markers_corrupt"]},
        )

    def test_a_selection_of_a_selection_is_known_too(self) -> None:
        with pytest.raises(RecipeError, match=r"clean cannot work .*: no LKNE"):
            self.stages(
                {"stage": "select_markers", "markers": ["C7", "LKNE", "RKNE"]},
                {"stage": "select_markers", "markers": ["!L*"]},
                {"stage": "clean", "groups": [["LKNE", "RKNE"]], "most_stretch": 0.1},
                {"stage": "features", "arrays": ["markers"]},
            )

    def test_an_array_needs_the_stage_that_makes_it(self) -> None:
        with pytest.raises(RecipeError, match="root_velocity is stored in split 'train', but no stage velocity"):
            self.stages({"stage": "features", "arrays": ["root_velocity"]})

    def test_the_most_copies_that_a_stage_asks_for_count_and_only_where_it_works(self) -> None:
        recipe = recipe_from_json(
            {
                "split": {"percent": "90/10"},
                "stages": [{"stage": "yaw", "copies": 2}, {"stage": "speed", "copies": 3}, {"stage": "mirror"}],
            }
        )

        assert (recipe.copies("train"), recipe.copies("test")) == (3, 1)


class TestStoring:
    def test_data_without_markers_leaves_a_recipe_as_it_is(self) -> None:
        assert Recipe().storing({"motion"}) == Recipe()

    def test_markers_alone_are_stored_with_their_mask(self) -> None:
        assert Recipe().storing({"markers"}).stages == (Features(arrays=("markers", "markers_visible")),)

    def test_both_modalities_are_aligned_first_and_stored(self) -> None:
        stages = Recipe(stages=(Trim(t_pose=1),)).storing({"motion", "markers"}).stages

        assert [stage.name for stage in stages] == ["align", "trim", "features"]
        assert stages[-1] == Features(arrays=(*Features().arrays, "markers", "markers_visible"))

    def test_a_recipe_that_says_what_to_store_is_not_changed(self) -> None:
        recipe = Recipe(stages=(Features(arrays=("positions",)),))

        assert recipe.storing({"motion", "markers"}) is recipe

    def test_skeleton_and_markers_that_a_flag_stores_are_aligned_first(self) -> None:
        both = Features(arrays=("positions", "markers"))

        assert [stage.name for stage in Recipe(stages=(Trim(t_pose=1),)).with_stages([both]).stages] == [
            "align",
            "trim",
            "features",
        ]

    def test_only_splits_that_need_both_modalities_are_aligned(self) -> None:
        split = Split(percent="90/10")
        stages = [Features(arrays=("markers",), splits=("test",)), Features(arrays=("positions", "markers"))]
        stages[1] = msgspec.structs.replace(stages[1], splits=("train",))

        assert Recipe(split=split).with_stages(stages).stages[0].splits == ("train",)

    def test_a_recipe_that_says_how_to_align_keeps_its_word(self) -> None:
        cmu = make_stage("align", method="cmu")

        assert Recipe(stages=(cmu,)).with_stages([Features(arrays=("positions", "markers"))]).stages[0] is cmu

    def test_what_corrupts_is_stored_as_well(self) -> None:
        recipe = recipe_from_json({"stages": [{"stage": "occlude"}]})

        assert recipe.storing({"markers"}).stages[-1] == Features(
            arrays=("markers", "markers_visible", "markers_corrupt", "markers_corrupt_visible")
        )

    @pytest.mark.parametrize(
        ("stage", "made"),
        [
            ({"stage": "represent", "root": "apart"}, ["root_rotation"]),
            ({"stage": "represent", "root": "left_out"}, []),
            ({"stage": "velocity", "of": ["root_position"]}, ["root_velocity"]),
        ],
    )
    def test_what_a_stage_makes_of_a_skeleton_is_stored_as_well(
        self, stage: dict[str, object], made: list[str]
    ) -> None:
        stages = recipe_from_json({"stages": [stage]}).storing({"motion"}).stages_for("train")

        assert stages[-1] == Features(arrays=(*Features().arrays, *made))

    def test_a_root_that_is_apart_has_to_be_stored(self) -> None:
        apart = {"stage": "represent", "root": "apart"}
        with pytest.raises(RecipeError, match="represent makes root_rotation, none of which split 'train' stores"):
            recipe_from_json({"stages": [apart, {"stage": "features", "arrays": ["rotations"]}]})

    @pytest.mark.parametrize("stage", ["occlude", "velocity"])
    def test_a_stage_of_which_nothing_is_stored_is_refused(self, stage: str) -> None:
        with pytest.raises(RecipeError, match=f"{stage} makes .*, none of which split 'train' stores"):
            recipe_from_json(
                {
                    "stages": [
                        {"stage": "align"},
                        {"stage": stage},
                        {"stage": "features", "arrays": ["markers", "positions"]},
                    ]
                }
            )


def test_test_has_no_copies_even_where_it_is_corrupted() -> None:
    stages = [{"stage": "occlude", "copies": 4, "splits": ["train", "test"]}]
    recipe = recipe_from_json(
        {"split": {"percent": "90/10"}, "stages": [*stages, {"stage": "features", "arrays": ["markers_corrupt"]}]}
    )

    assert (recipe.copies("train"), recipe.copies("test")) == (4, 1)


def test_normalizing_is_for_all_splits() -> None:
    with pytest.raises(RecipeError, match="all splits are normalized alike"):
        recipe_from_json({"split": {"percent": "90/10"}, "stages": [{"stage": "normalize", "splits": ["train"]}]})


def test_all_may_be_for_train() -> None:
    assert Split(percent="100").names() == ("train",)


class TestSettingsOfSomeSplits:
    @pytest.fixture
    def whole(self) -> Recipe:
        stages = [{"stage": "trim", "t_pose": 1, "last": 90}, {"stage": "downsample", "rate": 30, "partial": True}]
        return recipe_from_json({"split": {"percent": "80/10/10"}, "stages": stages})

    def test_replace_what_they_name_on_the_splits_that_they_name_and_leave_the_rest(self, whole: Recipe) -> None:
        changed = whole.with_settings("downsample", ["train"], factor=8, rate=0.0)

        assert [stage.settings() for stage in changed.stages[1:]] == [
            {"splits": ("train",), "factor": 8, "partial": True},
            {"splits": ("val", "test"), "rate": 30.0, "partial": True},
        ]
        assert changed.stages[0] == whole.stages[0]

    def test_keep_the_other_settings_of_a_stage(self, whole: Recipe) -> None:
        changed = whole.with_settings("trim", whole.split.names(), t_pose=3)

        assert changed.stages[0].settings() == {"t_pose": 3, "last": 90}

    def test_add_a_stage_where_a_split_has_none(self, whole: Recipe) -> None:
        changed = whole.with_settings("drop_short", ["test"], frames=9)

        assert [stage.name for stage in changed.stages] == ["trim", "drop_short", "downsample"]
        assert changed.stages[1].splits == ("test",)

    def test_refuse_a_split_that_is_not_there(self, whole: Recipe) -> None:
        with pytest.raises(RecipeError, match="there is no split 'tset'"):
            whole.with_settings("downsample", ["tset"], factor=8)


class TestRubbish:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("deep.toml", "x = " + "[" * 2000 + "]" * 2000),
            ("deep.json", "[" * 200_000 + "]" * 200_000),
            ("long.toml", "seed = 1" + "0" * 5000),
            ("long.json", '{"recipe": {"seed": 1' + "0" * 5000 + "}}"),
            ("half.json", '{"recipe": {"description": "\\ud800"}}'),
        ],
    )
    def test_is_refused_by_file(self, tmp_path: Path, name: str, text: str) -> None:
        (tmp_path / name).write_text(text)

        with pytest.raises(RecipeError, match=name):
            load_recipe(tmp_path / name)

    def test_in_python_is_refused_too(self) -> None:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        for value in ({"description": "\ud800"}, {"stages": deep}):
            with pytest.raises(RecipeError):
                recipe_from_json(value)


def test_of_a_long_word_an_error_quotes_the_beginning():
    with pytest.raises(RecipeError, match=r"there is no stage 'a{80}\.\.\.'") as error:
        recipe_from_json({"stages": [{"stage": "a" * 5_000}]})
    assert len(str(error.value)) < 500
