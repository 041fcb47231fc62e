from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.motion.take import Take
from motionprep.stages import STAGES, Downsample, Dropped, DropShort, Features, SelectJoints, Stage, Trim
from motionprep.stages.base import pick_frames

RNG = np.random.default_rng(0)

pickers = st.lists(
    st.one_of(
        st.builds(Trim, t_pose=st.integers(0, 5), first=st.integers(1, 5), last=st.sampled_from([0, 5, 30, 60])),
        st.builds(DropShort, frames=st.integers(1, 6)),
        st.builds(Downsample, factor=st.integers(1, 5), partial=st.booleans()),
        st.builds(Downsample, rate=st.sampled_from([120.0, 60.0, 30.0]), partial=st.booleans()),
    ),
    max_size=4,
)


class TestPickFrames:
    @settings(deadline=None, max_examples=100)
    @given(pickers, st.integers(1, 80))
    def test_leaves_what_the_stages_leave_one_after_the_other(
        self, make_take: Callable[..., Take], stages: list[Stage], frames: int
    ) -> None:
        whole = make_take(frames)
        take: Take | Dropped = whole
        for stage in stages:
            if isinstance(take, Take):
                take = stage.apply(take, RNG)

        chosen = pick_frames(stages, frames, 120.0)

        if isinstance(chosen, Dropped):
            assert take == chosen
        else:
            np.testing.assert_array_equal(take.motion.channels, whole.motion.at(chosen).channels)
            # Dividing by 45 rounds otherwise than dividing by 3, 3 and 5.
            assert take.rate == pytest.approx(whole.motion.at(chosen).rate)

    def test_of_no_stages_is_every_frame(self) -> None:
        assert pick_frames([], 5, 120.0) == range(5)

    def test_ends_at_the_first_stage_that_drops_the_take(self) -> None:
        stages = [DropShort(frames=6), Trim(first=9)]

        assert pick_frames(stages, 5, 120.0) == Dropped("drop_short: 5 frames, fewer than 6")


class TestApply:
    def test_picks_the_same_frames_of_motion_and_markers(self, make_take: Callable[..., Take]) -> None:
        take = make_take(10, markers=True)

        picked = Downsample(factor=3).apply(take, RNG)

        np.testing.assert_array_equal(picked.motion.channels, take.motion.channels[[0, 3, 6]])
        np.testing.assert_array_equal(picked.markers.positions, take.markers.positions[[0, 3, 6]])

    def test_picks_frames_of_markers_that_have_no_motion(self, make_take: Callable[..., Take]) -> None:
        markers = make_take(10, rate=100.0, markers=True).markers

        picked = Downsample(rate=50).apply(Take("69_01", None, markers), RNG)

        assert (picked.motion, picked.markers.frames, picked.markers.rate) == (None, 5, 50.0)

    def test_keeps_the_key(self, make_take: Callable[..., Take]) -> None:
        assert Trim(first=2).apply(make_take(3), RNG).key == "69_01"

    def test_leaves_the_take_it_is_given_as_it_is(self, make_take: Callable[..., Take]) -> None:
        take = make_take(9)
        before = take.motion.channels.copy()

        Downsample(factor=3, lowpass=True).apply(take, RNG)

        np.testing.assert_array_equal(take.motion.channels, before)


@pytest.mark.parametrize("kind", [Features, SelectJoints])
def test_a_stage_that_is_no_choice_of_frames_keeps_all(kind: type[Stage]) -> None:
    stage = kind(joints=("Hips",)) if kind is SelectJoints else kind()

    assert stage.pick(7, 120.0) == range(7)


SOME = [Trim(t_pose=1), DropShort(frames=2), Downsample(factor=8), SelectJoints(joints=("Hips",)), Features()]


@pytest.mark.parametrize("stage", SOME, ids=lambda stage: stage.name)
class TestEveryStage:
    def test_says_whether_it_only_picks(self, stage: Stage) -> None:
        assert stage.picks == (stage.name in {"trim", "drop_short", "downsample"})

    def test_works_on_every_split_if_none_is_named(self, stage: Stage) -> None:
        assert stage.works_on("train")

    def test_works_on_the_splits_that_it_names_alone(self, stage: Stage) -> None:
        named = type(stage)(**stage.settings(), splits=("train", "val"))

        assert [named.works_on(split) for split in ("train", "val", "test")] == [True, True, False]

    def test_is_what_its_settings_make(self, stage: Stage) -> None:
        assert type(stage)(**stage.settings()) == stage

    def test_has_an_identity_of_name_version_and_every_field_that_decides(self, stage: Stage) -> None:
        # A field that came later is no part of it at its default, so that shards that were there keep their names.
        absent = {"splits", *stage.later} - stage.settings().keys()

        assert stage.identity().keys() == set(stage.__struct_fields__) - absent | {"stage", "version"}

    def test_has_the_same_identity_on_any_split(self, stage: Stage) -> None:
        assert type(stage)(**stage.settings(), splits=("train",)).identity() == stage.identity()

    def test_cannot_be_changed(self, stage: Stage) -> None:
        with pytest.raises(AttributeError):
            stage.splits = ("test",)  # type: ignore[misc]


def test_identities_differ_where_settings_do() -> None:
    variants: list[dict[str, Any]] = [{"factor": 8}, {"factor": 4}, {"rate": 30}, {"factor": 8, "partial": True}]
    identities = [str(Downsample(**settings).identity()) for settings in variants]

    assert len(set(identities)) == len(variants)


def test_stages_come_in_the_order_of_flags_and_features_last() -> None:
    order = list(STAGES)

    assert (order[0], order[-1]) == ("align", "features")
    assert sorted(("trim", "drop_short", "downsample", "select_joints"), key=order.index) == order[1:5]


def test_each_stage_is_found_by_the_name_it_has() -> None:
    assert {name: stage.name for name, stage in STAGES.items()} == {name: name for name in STAGES}


def test_a_stage_that_is_none_is_not_found() -> None:
    assert "fft" not in STAGES
    with pytest.raises(KeyError):
        STAGES["fft"]
