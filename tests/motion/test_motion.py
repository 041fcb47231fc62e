"""The values that flow through: what they refuse, that they cannot be changed, and what can be derived from them."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.formats.bvh import read_bvh
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.take import Take

SKELETON = Skeleton(
    joints=("Hips", "Chest", "Head"),
    parents=(-1, 0, 1),
    offsets=((0.0, 0.0, 0.0), (0.0, 5.0, 0.0), (0.0, 2.0, 0.0)),
    end_sites=(EndSite(2, (0.0, 1.0, 0.0)), EndSite(1, (3.0, 0.0, 0.0)), EndSite(2, (0.0, 0.0, 1.0))),
    channels=(("Xposition", "Yposition", "Zposition", "Yrotation"), ("Xrotation",), ()),
)
MOTION = Motion(SKELETON, np.arange(50.0).reshape(10, 5), 30.0)
POSES = Poses(SKELETON, np.arange(90.0).reshape(10, 3, 3), np.tile(np.eye(3), (10, 3, 1, 1)), 30.0)
MARKERS = Markers(
    names=("LFHD", "RFHD"),
    positions=np.arange(60.0).reshape(10, 2, 3),
    visible=np.arange(20).reshape(10, 2) % 3 > 0,
    rate=120.0,
    units="cm",
    first_frame=5,
    raw_names=("s:LFHD", "s:RFHD "),
    notes=("odd",),
)


# Skeleton


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parents": (-1, 0)}, "a skeleton of 3 joints has 2 parents"),
        ({"offsets": ((0.0, 0.0, 0.0),)}, "a skeleton of 3 joints has 1 offsets"),
        ({"channels": ((),) * 4}, "a skeleton of 3 joints has 4 channels"),
        (
            {"joints": (), "parents": (), "offsets": (), "channels": ()},
            "the first joint of a skeleton must be its root",
        ),
        ({"parents": (0, 0, 1)}, "the first joint of a skeleton must be its root"),
        ({"parents": (-1, -1, 1)}, "joint 'Chest' has parent -1; a parent comes before its children"),
        ({"parents": (-1, 2, 1)}, "joint 'Chest' has parent 2; a parent comes before its children"),
        ({"parents": (-1, 0, 2)}, "joint 'Head' has parent 2; a parent comes before its children"),
        ({"joints": ("Hips", "", "Head")}, "joint 1 has no name"),
        ({"joints": ("Hips", "Head", "Head")}, "joint 'Head' stands twice"),
        ({"end_sites": (EndSite(3, (0.0, 0.0, 0.0)),)}, "an End Site belongs to joint 3 of 3"),
        ({"end_sites": (EndSite(-1, (0.0, 0.0, 0.0)),)}, "an End Site belongs to joint -1 of 3"),
        ({"offsets": ((0.0, 0.0),) * 3}, r"an offset is \(0.0, 0.0\); it must be three finite numbers"),
        ({"offsets": ((0.0, 0.0, np.nan),) * 3}, r"an offset is \(0.0, 0.0, nan\); it must be three finite numbers"),
        ({"end_sites": (EndSite(0, (0.0, np.inf, 0.0)),)}, r"an offset is \(0.0, inf, 0.0\); it must be three finite"),
        ({"channels": (("Wrotation",), (), ())}, "joint 'Hips' has channel 'Wrotation'; known are Xposition"),
    ],
)
def test_a_skeleton_that_cannot_be_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(SKELETON, **change)


BARE = {"parents": (-1, -1, -1), "channels": (("Xposition", "Yposition", "Zposition"),) * 3, "end_sites": ()}


def test_joints_that_hang_from_nothing_are_bare_points():
    skeleton = replace(SKELETON, **BARE)

    assert skeleton.bare
    assert not SKELETON.bare
    assert Skeleton.from_json(skeleton.to_json()) == skeleton


def test_bare_points_are_where_their_channels_say():
    values = np.random.default_rng(0).normal(size=(20, 9))

    found = Motion(replace(SKELETON, **BARE), values, 30.0)

    assert np.array_equal(found.positions(), values.reshape(20, 3, 3))
    assert np.array_equal(found.root_position(), values[:, :3])


def test_joints_that_hang_from_nothing_and_have_other_channels_are_refused():
    channels = (*BARE["channels"][:2], ("Xposition", "Yposition", "Zposition", "Xrotation"))

    with pytest.raises(ValueError, match="joint 'Chest' has parent -1"):
        replace(SKELETON, **BARE | {"channels": channels})


def test_clips_are_not_cut_as_if_they_were_one_motion():
    with pytest.raises(ValueError, match="these are clips of 5 frames; they are cut clip by clip when they are read"):
        Take("69_01", MOTION, clip=5).at(range(3))


def test_nodes_are_the_joints_and_then_the_end_sites_named_after_theirs():
    assert SKELETON.nodes == ("Hips", "Chest", "Head", "Head_Nub", "Chest_Nub", "Head_Nub2")


def test_an_end_site_does_not_take_the_name_of_a_joint():
    skeleton = replace(SKELETON, joints=("Hips", "Head_Nub", "Head"), end_sites=(EndSite(2, (0.0, 1.0, 0.0)),))
    assert skeleton.nodes[-1] == "Head_Nub2"


def test_parents_of_nodes_are_joints():
    assert SKELETON.node_parents == (-1, 0, 1, 2, 1, 2)


def test_offsets_of_nodes_are_those_of_joints_and_end_sites():
    np.testing.assert_array_equal(SKELETON.node_offsets[[1, 4]], [[0, 5, 0], [3, 0, 0]])


def test_channels_are_named_after_their_joints():
    expected = ("Hips_Xposition", "Hips_Yposition", "Hips_Zposition", "Hips_Yrotation", "Chest_Xrotation")
    assert SKELETON.channel_names == expected


@given(data=st.data())
def test_a_skeleton_survives_being_json(motions, data):
    skeleton = data.draw(motions).skeleton
    assert Skeleton.from_json(json.loads(json.dumps(skeleton.to_json()))) == skeleton


def test_a_skeleton_that_comes_from_another_process_is_found_by_its_equal():
    code = (
        "import pickle, sys; from motionprep.motion.skeleton import Skeleton;"
        "skeleton = Skeleton(('Hips',), (-1,), ((0.0, 1.0, 2.0),), (), ((),)); hash(skeleton);"
        "sys.stdout.buffer.write(pickle.dumps(skeleton))"
    )
    here = Skeleton(("Hips",), (-1,), ((0.0, 1.0, 2.0),), (), ((),))
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        pickled = subprocess.check_output([sys.executable, "-c", code], env=environment)

        assert {here: "found"}[pickle.loads(pickled)] == "found"


@pytest.mark.parametrize(
    "change",
    [
        {"offsets": ((0.0, 0.0, 0.0), (0.0, 7.0, 0.0), (1.0, 2.0, 3.0))},
        {"end_sites": tuple(replace(site, offset=(9.0, 9.0, 9.0)) for site in SKELETON.end_sites)},
        {"channels": (("Xrotation",),) * 3},
    ],
    ids=["bone lengths", "lengths of End Sites", "channels"],
)
def test_skeletons_that_differ_only_in_numbers_have_one_structure(change):
    assert replace(SKELETON, **change).structure == SKELETON.structure


@pytest.mark.parametrize(
    "change",
    [
        {"joints": ("Hips", "Spine", "Head")},
        {"parents": (-1, 0, 0)},
        {"end_sites": SKELETON.end_sites[:2]},
        {"end_sites": (*SKELETON.end_sites[1:], SKELETON.end_sites[0])},
    ],
    ids=["names", "parents", "fewer End Sites", "order of End Sites"],
)
def test_skeletons_that_differ_in_their_nodes_have_other_structures(change):
    assert replace(SKELETON, **change).structure != SKELETON.structure


# Motion


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": np.zeros((2, 4))}, r"channels have shape \(2, 4\); this skeleton needs \(frames, 5\)"),
        ({"channels": np.zeros(5)}, r"channels have shape \(5,\); this skeleton needs \(frames, 5\)"),
        ({"channels": [[0, 0, 0, 0, 0], [0, 0, 0, np.nan, 0]]}, "frame 1 has nan in Hips_Yrotation"),
        ({"channels": [[0, np.inf, 0, 0, 0]]}, "frame 0 has inf in Hips_Yposition"),
        ({"rate": 0}, "rate is 0; it must be above zero"),
        ({"rate": -30}, "rate is -30; it must be above zero"),
        ({"rate": np.nan}, "rate is nan; it must be above zero"),
        ({"rate": np.inf}, "rate is inf; it must be above zero"),
    ],
)
def test_a_motion_that_cannot_be_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(MOTION, **change)


@pytest.mark.parametrize(
    "give",
    [
        lambda: MOTION.channels,
        MOTION.positions,
        MOTION.rotations,
        lambda: MOTION.rotations("global"),
        MOTION.quaternions,
        MOTION.root_position,
        lambda: MOTION.at(range(3)).channels,
        lambda: SKELETON.node_offsets,
        lambda: POSES.translations,
        lambda: POSES.rotations,
        lambda: POSES.at(range(3)).rotations,
        lambda: MARKERS.positions,
        lambda: MARKERS.visible,
        lambda: MARKERS.at(range(3)).visible,
    ],
)
def test_an_array_that_is_handed_out_cannot_be_written(give):
    with pytest.raises(ValueError, match="read-only"):
        give()[0] = 0


@pytest.mark.parametrize(
    ("value", "name"),
    [(SKELETON, "joints"), (MOTION, "channels"), (POSES, "rate"), (MARKERS, "visible"), (Take("a"), "key")],
)
def test_a_value_cannot_be_given_another_part(value, name):
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, None)


def test_the_callers_own_array_can_still_be_written():
    array = np.zeros((2, 5))
    Motion(SKELETON, array, 30.0)
    array[0, 0] = 1
    assert array[0, 0] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"channels": MOTION.channels + 1},
        {"channels": MOTION.channels[:9]},
        {"rate": 31},
        {"skeleton": replace(SKELETON, joints=("a", "b", "c"))},
    ],
    ids=["channels", "frames", "rate", "skeleton"],
)
def test_motions_that_differ_are_not_equal(change):
    assert replace(MOTION, **change) != MOTION


def test_motions_of_the_same_values_are_equal():
    assert Motion(SKELETON, MOTION.channels.copy(), 30.0) == MOTION


def test_a_motion_is_not_hashed_by_its_array():
    with pytest.raises(TypeError, match="unhashable"):
        hash(MOTION)


def test_a_motion_reports_its_size():
    assert repr(MOTION) == "Motion(3 joints, 10 frames at 30 fps, 0.33 s)"


@pytest.mark.parametrize(
    ("value", "arrays"),
    [(MOTION, ["channels"]), (POSES, ["translations", "rotations"]), (MARKERS, ["positions", "visible"])],
    ids=["motion", "poses", "markers"],
)
@given(st.integers(0, 10), st.integers(0, 10), st.integers(1, 4))
def test_frames_at_a_range_are_those_it_names(value, arrays, start, stop, step):
    frames = range(10)[start:stop:step]
    found = value.at(frames)
    for name in arrays:
        np.testing.assert_array_equal(getattr(found, name), getattr(value, name)[list(frames)])


@pytest.mark.parametrize("value", [MOTION, POSES, MARKERS], ids=["motion", "poses", "markers"])
def test_the_step_of_a_range_divides_the_rate(value):
    assert value.at(range(0, 10, 4)).rate == value.rate / 4


def test_rotations_are_local_unless_asked_otherwise():
    np.testing.assert_array_equal(MOTION.rotations(), MOTION.rotations("local"))


def test_global_rotations_are_those_of_parents_times_those_of_joints():
    local, world = MOTION.rotations(), MOTION.rotations("global")
    np.testing.assert_allclose(world[:, 1], local[:, 0] @ local[:, 1], atol=1e-15)


def test_a_space_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="space is 'world'; it is 'local' or 'global'"):
        MOTION.rotations("world")


# As PyMO gives it


def test_a_pymo_table_has_three_columns_for_each_node_in_order():
    columns = list(MOTION.to_pymo().columns)
    assert columns[:4] == ["Hips_Xposition", "Hips_Yposition", "Hips_Zposition", "Chest_Xposition"]
    assert columns[-3:] == ["Head_Nub2_Xposition", "Head_Nub2_Yposition", "Head_Nub2_Zposition"]


def test_a_pymo_table_holds_world_positions():
    expected = MOTION.positions()[:, SKELETON.nodes.index("Chest_Nub"), 1]
    np.testing.assert_array_equal(MOTION.to_pymo()["Chest_Nub_Yposition"], expected)


def test_a_pymo_table_is_indexed_by_time():
    assert list(MOTION.to_pymo().index[[0, 3]]) == [pd.Timedelta(0), pd.Timedelta("100ms")]


def test_a_pymo_table_of_a_recorded_take_holds_what_pymo_computed(real_data):
    table = read_bvh(real_data / "cmu-bvh" / "131_01.bvh").to_pymo()
    with np.load(real_data / "golden" / "131_01.positions.npz") as golden:
        columns = [f"{joint}_{axis}position" for joint in golden["joints"] for axis in "XYZ"]
        found = table[columns].to_numpy()[golden["frame"]]
        np.testing.assert_allclose(found, golden["joint_positions"].reshape(len(found), -1), rtol=0, atol=1e-9)


# Poses, markers, takes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"translations": np.zeros((10, 2, 3))}, r"translations have shape \(10, 2, 3\); expected \(10, 3, 3\)"),
        ({"translations": np.zeros((9, 3, 3))}, r"translations have shape \(9, 3, 3\); expected \(10, 3, 3\)"),
        ({"rotations": np.zeros((10, 3, 4))}, r"rotations have shape \(10, 3, 4\); expected \(10, 3, 3, 3\)"),
    ],
)
def test_poses_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(POSES, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positions": np.zeros((10, 3, 3))}, r"positions have shape \(10, 3, 3\); expected \(10, 2, 3\)"),
        ({"visible": np.ones((9, 2), bool)}, r"visible has shape \(9, 2\); expected \(10, 2\)"),
        ({"rate": 0}, "rate is 0; it must be above zero"),
    ],
)
def test_markers_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(MARKERS, **change)


def test_markers_at_a_range_keep_all_else_and_count_their_first_frame_on():
    found = MARKERS.at(range(3, 9, 2))
    assert (found.names, found.raw_names, found.units, found.notes) == (
        MARKERS.names,
        MARKERS.raw_names,
        "cm",
        ("odd",),
    )
    assert found.first_frame == 8


def test_markers_without_raw_names_have_their_names():
    assert replace(MARKERS, raw_names=()).raw_names == MARKERS.names


@pytest.mark.parametrize(
    ("take", "frames"),
    [
        (Take("a", MOTION), 10),
        (Take("a", POSES.at(range(4))), 4),
        (Take("a", None, MARKERS.at(range(3))), 3),
        (Take("a"), 0),
    ],
    ids=["motion", "poses", "markers", "nothing"],
)
def test_a_take_has_the_frames_of_its_parts(take, frames):
    assert take.frames == frames
