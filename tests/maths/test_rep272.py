"""The 272 numbers are those of the published example, and lead back to places and rotations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from motionprep.maths import rep272


def example(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return places on the floor above the origin, and rotations, of the published example."""
    places = np.load(folder / "smpl" / "000000.joints.npy")[:, :22].astype(np.float64)
    places -= [places[0, 0, 0], places[..., 1].min(), places[0, 0, 2]]
    pose = np.load(folder / "smpl" / "000000.smpl85_face_z.npy")[:, :66].astype(np.float64)
    return places, Rotation.from_rotvec(pose.reshape(-1, 3)).as_matrix().reshape(-1, 22, 3, 3)


def waving(frames: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Return places and rotations of a body that heads along z at first and turns round more than once."""
    time = np.arange(frames)
    places = 0.5 + 0.2 * np.sin(time[:, None, None] * 0.1 + np.arange(66).reshape(22, 3))
    places[:, 0, ::2] = np.stack([0.03 * time, 0.02 * time], axis=1)
    matrices = Rotation.random(frames * 22, random_state=0).as_matrix().reshape(frames, 22, 3, 3)
    matrices[:, 0] = Rotation.from_euler("YX", np.stack([0.15 * time, 0.2 * np.sin(time)], axis=1)).as_matrix()
    return places, matrices


def test_the_published_vectors_come_out_of_the_published_motion(real_data: Path) -> None:
    published = np.load(real_data / "smpl" / "000000.features272.npy")

    np.testing.assert_allclose(rep272.vectors(*example(real_data)), published, atol=1e-5)


def test_the_published_vectors_lead_back_to_the_published_motion(real_data: Path) -> None:
    published = np.load(real_data / "smpl" / "000000.features272.npy")
    places, matrices = example(real_data)

    np.testing.assert_allclose(rep272.positions(published), places, atol=1e-5)
    np.testing.assert_allclose(rep272.local_rotations(published), matrices, atol=1e-5)


def test_places_and_rotations_come_back() -> None:
    places, matrices = waving()

    vectors = rep272.vectors(places, matrices)

    np.testing.assert_allclose(rep272.positions(vectors), places, atol=1e-12)
    np.testing.assert_allclose(rep272.local_rotations(vectors), matrices, atol=1e-12)


def test_rotations_are_two_rows_and_the_roots_has_no_heading() -> None:
    _, matrices = waving()

    sixes = rep272.vectors(*waving())[:, 140:].reshape(-1, 22, 6)

    np.testing.assert_allclose(sixes[:, 1:], matrices[:, 1:, :2].reshape(-1, 21, 6), atol=1e-12)
    leans = Rotation.from_euler("x", 0.2 * np.sin(np.arange(90))[:, None]).as_matrix()
    np.testing.assert_allclose(sixes[:, 0], leans[:, :2].reshape(-1, 6), atol=1e-12)


def test_velocities_lead_to_a_frame_and_are_none_in_the_first() -> None:
    vectors = rep272.vectors(*waving())

    places = vectors[:, 8:74]
    np.testing.assert_allclose(vectors[1:, 74:140], np.diff(places, axis=0), atol=1e-12)
    assert not vectors[0, 74:140].any()
    np.testing.assert_array_equal(vectors[0, :8], [0, 0, 1, 0, 0, 0, 1, 0])
