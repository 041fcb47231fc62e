"""The 263 numbers are those that the published code makes, and lead back to the places that they were made of."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from motionprep.maths import humanml3d, spaces
from motionprep.motion.feature_kinds import BLOCKS
from motionprep.motion.step import Step

#: Frames behind which the filter that smooths headings does not look: four deviations of twenty frames.
REACH = 80
CHAINS = [[0, 2, 5, 8, 11], [0, 1, 4, 7, 10], [0, 3, 6, 9, 12, 15], [9, 14, 17, 19, 21], [9, 13, 16, 18, 20]]
DIRECTIONS = {0: "0", 1: "x", 2: "-x", 3: "y", 6: "y", 9: "y", 10: "z", 11: "z", 12: "y", 13: "x", 14: "-x", 15: "z"}
EDGES = np.cumsum([0, *BLOCKS["humanml3d"]])


def on_the_spot(joints: np.ndarray, *, smooth: bool = False) -> np.ndarray:
    origin, axes = humanml3d.standing(joints, smooth=smooth)
    return spaces.points(joints, Step(axes=axes, origin=origin))


def body(frames: int = 120, seed: int = 0) -> np.ndarray:
    """Return places (F, 22, 3) of a body that walks in a curve and waves its limbs."""
    rng = np.random.default_rng(seed)
    rest = np.zeros((22, 3))
    for chain in CHAINS:
        for parent, joint in pairwise(chain):
            word = DIRECTIONS.get(joint, "-y")
            rest[joint] = rest[parent] + (-0.2 if word[0] == "-" else 0.2) * np.eye(3)["xyz".index(word[-1])]
    time = np.arange(frames)[:, None, None] / 20
    phases, speeds = rng.uniform(0, 6, (22, 3)), rng.uniform(1, 3, (22, 3))
    places = rest + [0, 1, 0] + 0.05 * np.sin(speeds * time + phases)
    turned = Rotation.from_euler("y", 0.4 + 0.02 * np.arange(frames)[:, None]).as_matrix()
    walked = np.cumsum(turned @ [0, 0, 0.03], axis=0)
    return (turned[:, None] @ places[..., None])[..., 0] + walked[:, None] + [3, 0.2, -2]


def plainly(joints: np.ndarray) -> np.ndarray:
    """Return vectors of a body on the spot as the published code has them, frame by frame and rotation by rotation."""
    across = joints[:, 1] - joints[:, 2] + joints[:, 17] - joints[:, 16]
    across = across / np.linalg.norm(across, axis=1, keepdims=True)
    forward = gaussian_filter1d(np.cross([[0, 1, 0]], across), 20, axis=0, mode="nearest")
    angles = -np.arctan2(forward[:, 0], forward[:, 2])
    angles[0] = 0
    turns = Rotation.from_euler("y", angles[:, None])
    rows = []
    for frame in range(len(joints) - 1):
        here, there, turn = joints[frame], joints[frame + 1], turns[frame]
        yaw = np.arcsin((turns[frame + 1] * turn.inv()).as_quat()[1])
        step = turns[frame + 1].apply(there[0] - here[0])
        sixes = np.zeros((22, 6))
        for chain in CHAINS:
            above = turn
            for parent, joint in pairwise(chain):
                word = DIRECTIONS.get(joint, "-y")
                rest = (-1.0 if word[0] == "-" else 1.0) * np.eye(3)["xyz".index(word[-1])]
                bone = here[joint] - here[parent]
                bone = bone / np.linalg.norm(bone)
                quaternion = np.append(np.cross(rest, bone), 1 + rest @ bone)
                world = Rotation.from_quat(quaternion)
                sixes[joint] = (above.inv() * world).as_matrix()[:, :2].T.ravel()
                above = world
        touches = ((there - here)[[7, 10, 8, 11]] ** 2).sum(axis=1) < 0.002
        rows.append(
            np.concatenate(
                [
                    [yaw, step[0], step[2], here[0, 1]],
                    turn.apply(here[1:] - here[0] * [1, 0, 1]).ravel(),
                    sixes[1:].ravel(),
                    turn.apply(there - here).ravel(),
                    touches,
                ]
            )
        )
    return np.array(rows)


def test_the_kernels_agree_with_the_published_steps_taken_one_by_one() -> None:
    joints = on_the_spot(body())

    np.testing.assert_allclose(humanml3d.vectors(joints), plainly(joints), atol=1e-9)


def test_the_published_vectors_come_out_of_the_published_joints(real_data: Path) -> None:
    folder = real_data / "humanml3d"
    joints = np.load(folder / "012314.joints.npy").astype(np.float64)
    published = np.load(folder / "012314.vecs.npy")

    made = humanml3d.vectors(on_the_spot(joints))

    # The published clip had a frame more, which the filter sees from as far away as it reaches.
    np.testing.assert_allclose(made[:-REACH], published[: len(made) - REACH], atol=1e-5)
    np.testing.assert_array_equal(made[:, EDGES[6] :], published[:-1, EDGES[6] :])
    np.testing.assert_allclose(made[:, 3], published[:-1, 3], atol=1e-5)


def test_with_the_frame_that_was_cut_off_all_published_vectors_come_out(real_data: Path) -> None:
    folder = real_data / "humanml3d"
    joints = np.load(folder / "012314.joints.npy").astype(np.float64)
    published = np.load(folder / "012314.vecs.npy").astype(np.float64)
    turns, _ = humanml3d.root_path(published)
    # The velocities of the last vector lead to the frame that is not among the joints.
    steps = Rotation.from_euler("y", -turns[-1]).apply(published[-1, EDGES[5] : EDGES[6]].reshape(22, 3))
    whole = np.concatenate([joints, joints[-1:] + steps])

    np.testing.assert_allclose(humanml3d.vectors(on_the_spot(whole)), published, atol=2e-5)


def test_the_published_vectors_lead_back_to_the_published_joints(real_data: Path) -> None:
    folder = real_data / "humanml3d"

    back = humanml3d.positions(np.load(folder / "012314.vecs.npy").astype(np.float64))

    np.testing.assert_allclose(back, np.load(folder / "012314.joints.npy"), atol=1e-5)


def test_the_published_deviations_are_the_same_throughout_each_block(real_data: Path) -> None:
    std = np.load(real_data / "humanml3d" / "Std.npy")

    assert all(np.ptp(block) == 0 for block in np.split(std, EDGES[1:-1]))
    assert len(np.unique(std)) == len(BLOCKS["humanml3d"])


@pytest.mark.parametrize("matrices", [None, np.broadcast_to(np.eye(3), (120, 22, 3, 3))])
def test_vectors_lead_back_to_the_places(matrices: np.ndarray | None) -> None:
    joints = on_the_spot(body(), smooth=matrices is not None)

    back = humanml3d.positions(humanml3d.vectors(joints, matrices))

    np.testing.assert_allclose(back, joints[:-1], atol=1e-12)


def test_a_body_that_turns_through_straight_back_comes_back_with_the_files_rotations() -> None:
    spun = Rotation.from_euler("y", 0.05 * np.arange(200)[:, None]).as_matrix()
    joints = (spun[:, None] @ body(200)[..., None])[..., 0]
    joints = on_the_spot(joints, smooth=True)

    vectors = humanml3d.vectors(joints, np.broadcast_to(np.eye(3), (200, 22, 3, 3)))

    assert np.abs(vectors[:, 0]).max() < 0.1
    np.testing.assert_allclose(humanml3d.positions(vectors), joints[:-1], atol=1e-12)


def test_rotations_of_the_file_are_stored_as_two_columns() -> None:
    matrices = Rotation.random(120 * 22, random_state=0).as_matrix().reshape(120, 22, 3, 3)

    vectors = humanml3d.vectors(on_the_spot(body(), smooth=True), matrices)

    columns = np.moveaxis(matrices[:-1, 1:, :, :2], -1, -2)
    np.testing.assert_array_equal(vectors[:, EDGES[4] : EDGES[5]], columns.reshape(119, -1))


def test_a_bone_that_points_straight_back_is_turned_by_half_a_turn() -> None:
    joints = body()
    joints[:, 15] = joints[:, 12] - [0, 0, 0.2]
    vectors = humanml3d.vectors(on_the_spot(joints))

    assert np.isfinite(vectors).all()


def test_a_body_that_faces_no_way_is_refused() -> None:
    with pytest.raises(ValueError, match="frame 0 does not say which way the body faces"):
        humanml3d.vectors(np.zeros((3, 22, 3)))
