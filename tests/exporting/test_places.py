"""An animation shows nodes where their file has them, or is refused: however joints move, whatever is stored."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motionprep
from motionprep import exporting, read_bvh
from motionprep.errors import ExportError
from motionprep.formats.bvh import write_bvh
from motionprep.motion.motion import Motion
from motionprep.motion.skeleton import POSITION_CHANNELS, ROTATION_CHANNELS, EndSite, Skeleton
from motionprep.recipe.recipe import recipe_from_json

FEATURES = ("rotations", "quaternions", "rotations_6d", "global_rotations")


@st.composite
def moving(draw: st.DrawFn) -> Motion:
    """Return a motion on a random skeleton, any joint of which may have any position channels."""
    joints = draw(st.integers(2, 6))
    parents = (-1, *(draw(st.integers(max(0, joint - 2), joint - 1)) for joint in range(1, joints)))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    offsets = rng.normal(0, draw(st.sampled_from([0.0, 1.0, 20.0])), (joints, 3))
    channels = tuple(
        (*draw(st.permutations(draw(st.lists(st.sampled_from(POSITION_CHANNELS), unique=True)))), *turns)
        for turns in (draw(st.permutations(ROTATION_CHANNELS)) for _ in range(joints))
    )
    leaves = sorted({*range(joints)} - {*parents})
    skeleton = Skeleton(
        joints=tuple(f"J{joint}" for joint in range(joints)),
        parents=parents,
        offsets=tuple((float(x), float(y), float(z)) for x, y, z in offsets),
        end_sites=tuple(EndSite(leaf, (0.0, 1.5, 0.0)) for leaf in leaves),
        channels=channels,
    )
    return Motion(skeleton, rng.normal(0, 60, (5, len(skeleton.channel_names))), 30.0)


def shown(motion: Motion, stages: list[dict[str, object]]) -> tuple[Motion, float]:
    """Return the animation of a motion that was built by stages, and how far off it is said to be."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        write_bvh(motion, folder / "data" / "walk.bvh")
        motionprep.build(folder / "data", folder / "out", recipe=recipe_from_json({"stages": stages}))
        report = exporting.export("bvh", folder / "out", folder / "dest")
        told = re.search(r"no node is further than (\S+) from", report.notes[0])
        assert told
        return read_bvh(folder / "dest" / "train" / "walk.bvh"), float(told[1])


@settings(max_examples=60, deadline=None)
@given(
    motion=moving(),
    feature=st.sampled_from(FEATURES),
    positions=st.booleans(),
    left_out=st.sampled_from([(), ("J1",), ("J1", "J2")]),
)
def test_any_joints_are_where_the_file_has_them_or_are_refused(
    motion: Motion, feature: str, positions: bool, left_out: tuple[str, ...]
) -> None:
    stages: list[dict[str, object]] = []
    kept = [name for name in motion.skeleton.nodes if name.split("_")[0] not in left_out]
    if left_out:
        stages.append({"stage": "select_joints", "joints": kept})
    stages.append({"stage": "features", "arrays": [feature, "root_position", *["positions"] * positions]})

    joints = motion.skeleton.joints
    moved = any(
        {*own} & {*POSITION_CHANNELS} or joints[parent] in left_out
        for joint, parent, own in zip(joints, motion.skeleton.parents, motion.skeleton.channels, strict=True)
        if parent >= 0 and joint not in left_out
    )
    if moved and not positions:
        with pytest.raises(ExportError, match="build with positions among the features"):
            shown(motion, stages)
        return
    made, told = shown(motion, stages)

    expected = motion.positions()[:, [motion.skeleton.nodes.index(name) for name in kept]]
    order = [made.skeleton.nodes.index(name) for name in kept]
    scale = np.abs(expected).max() + 1
    off = np.abs(made.positions()[:, order] - expected).max()
    assert off <= 2 * told + 3e-6 * scale
    assert told <= 1e-4 * scale


def test_joints_that_move_by_position_channels_need_positions() -> None:
    rest = (("Xposition", "Yposition", "Zposition", *ROTATION_CHANNELS),) * 2
    skeleton = Skeleton(("Hips", "Leg"), (-1, 0), ((0, 0, 0), (0, 0, 0)), (EndSite(1, (0, 1, 0)),), rest)
    motion = Motion(skeleton, np.random.default_rng(0).normal(0, 30, (4, 12)), 30.0)

    with pytest.raises(ExportError, match="walk: positions are not stored, and rotations do not say where Leg are"):
        shown(motion, [{"stage": "features", "arrays": ["rotations", "root_position"]}])


def test_joints_whose_parents_were_left_out_need_positions() -> None:
    channels = (POSITION_CHANNELS + ROTATION_CHANNELS, ROTATION_CHANNELS, ROTATION_CHANNELS)
    offsets = ((0.0, 0.0, 0.0), (0.0, 5.0, 0.0), (0.0, 5.0, 0.0))
    skeleton = Skeleton(("Hips", "Spine", "Head"), (-1, 0, 1), offsets, (EndSite(2, (0, 1, 0)),), channels)
    motion = Motion(skeleton, np.random.default_rng(0).normal(0, 30, (4, 12)), 30.0)
    features = {"stage": "features", "arrays": ["rotations", "root_position"]}

    with pytest.raises(ExportError, match="positions are not stored, and rotations do not say where Head are"):
        shown(motion, [{"stage": "select_joints", "joints": ["Hips", "Head"]}, features])

    made, _ = shown(motion, [{"stage": "select_joints", "joints": ["Hips", "Spine"]}, features])
    np.testing.assert_allclose(made.positions()[:, :2], motion.positions()[:, :2], atol=1e-4)
