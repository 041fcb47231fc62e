"""Compiled loops over points against plain twins in NumPy, and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motionprep.maths import rigid
from motionprep.maths.local_frames import BODY
from motionprep.maths.rigid import Mask
from motionprep.motion.arrays import Floats

QUICK = settings(max_examples=25)
SEEDS = st.integers(0, 2**32)
SHAPE = np.array([BODY[name] for name in ("C7", "CLAV", "STRN", "T10", "LBWT", "RBWT", "LFWT", "RFWT")], dtype=float)
SEEN = np.ones((40, len(SHAPE)), dtype=bool)


def ride(frames: int = 40, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Return points (F, M, 3) of the shape on a wild ride, and its turns and places."""
    rng = np.random.default_rng(seed)
    turns, places = Rotation.random(frames, rng=rng).as_matrix(), rng.normal(scale=100, size=(frames, 3))
    return SHAPE @ turns.swapaxes(1, 2) + places[:, None], turns, places


def shaken(seed: int) -> tuple[Floats, Mask]:
    """Return points on a wild ride that come and go and are not quite where they belong."""
    rng = np.random.default_rng(seed)
    points = ride(seed=seed)[0] + rng.normal(scale=2, size=(40, len(SHAPE), 3))
    return points, rng.random(SEEN.shape) < 0.7


def assert_close(found: Floats, expected: Floats) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * max(1, np.abs(expected).max(initial=0)))


class TestMoved:
    @QUICK
    @given(SEEDS, st.booleans(), st.booleans(), st.booleans())
    def test_is_its_formula(self, seed: int, axes_of_frames: bool, origin_of_frames: bool, masked: bool) -> None:
        points, seen = shaken(seed)
        _, turns, places = ride(seed=seed + 1)
        axes = turns if axes_of_frames else turns[0]
        origin = places if origin_of_frames else places[0]

        found = rigid.moved(points, 0.3, axes, origin, seen if masked else None)

        expected = 0.3 * ((points - (origin[:, None] if origin_of_frames else origin)) @ axes)
        assert_close(found, np.where(seen[..., None], expected, 0.0) if masked else expected)

    def test_leaves_axes_and_origin_that_are_not_given(self) -> None:
        points, turns, places = ride()

        assert_close(rigid.moved(points, 1.0, None, places), points - places[:, None])
        assert_close(rigid.moved(points, 1.0, turns, None), points @ turns)

    @pytest.mark.parametrize("name", ["axes", "origins"])
    def test_is_refused_with_frames_of_another_number(self, name: str) -> None:
        points, turns, places = ride()

        with pytest.raises(ValueError, match=f"there are {name} for 39 frames, and points in 40"):
            rigid.moved(points, 1.0, turns[int(name == "axes") :], places[int(name == "origins") :])


class TestRest:
    @QUICK
    @given(SEEDS, st.integers(1, 20))
    def test_is_the_mean_over_the_frames(self, seed: int, count: int) -> None:
        rng = np.random.default_rng(seed)
        places, points = rng.normal(size=(12, 3, 3)), rng.normal(size=(12, count, 3))
        turns = Rotation.random(36, rng=rng).as_matrix().reshape(12, 3, 3, 3)
        weights = rng.random((12, count))

        squares, means = rigid.rest(places, turns, points, weights)

        local = np.einsum("fjab,fjma->fjmb", turns, points[:, None] - places[:, :, None])
        assert_close(means, np.einsum("fjmb,fm->jbm", local, weights))
        assert_close(squares, np.einsum("fjmb,fjmb,fm->jm", local, local, weights))


class TestApart:
    @QUICK
    @given(SEEDS, st.integers(1, 40))
    def test_is_the_median_of_distances(self, seed: int, frames: int) -> None:
        one, seen = (array[:frames] for array in shaken(seed))
        # Some distances are alike, as those of bones are.
        other = np.round(one / 40) * 40
        seen[0] = True

        found = rigid.apart(one, other, seen)

        lengths = np.linalg.norm(one - other, axis=2)
        assert_close(found, np.array([np.median(lengths[row, at]) for at, row in enumerate(seen.T)]))
        assert_close(rigid.apart(one, other), np.median(lengths, axis=0))

    def test_is_not_a_number_where_nothing_is_seen(self) -> None:
        points, seen = ride()[0], SEEN.copy()
        seen[:, 2] = False

        assert np.isnan(rigid.apart(points, points, seen)).tolist() == [False, False, True, *[False] * 5]


@pytest.mark.parametrize("numbers", [3, 4])
def test_points_are_laid_out_with_what_is_missing(numbers: int) -> None:
    points, seen = shaken(1)
    out = np.empty((40, len(SHAPE), numbers), dtype=np.float32)

    rigid.lay_out(points, seen, -7.5, out)

    np.testing.assert_array_equal(out[..., :3], np.where(seen[..., None], points, -7.5).astype(np.float32))
    assert numbers == 3 or np.array_equal(out[..., 3], seen)


def twin_of_nearest(matrices: Floats) -> tuple[Floats, Floats]:
    """Return the rotations nearest to matrices (F, 3, 3), and the matrices' singular values (F, 3)."""
    u, widths, v = np.linalg.svd(matrices)
    u[:, :, 2] *= np.sign(np.linalg.det(u @ v))[:, None]
    return u @ v, widths


def twin_of_fit(shape: Floats, points: Floats, visible: Mask) -> tuple[Floats, Floats, Mask]:
    around, middle = centred(points, visible)
    model, centre = centred(np.broadcast_to(shape, points.shape), visible)
    turn, widths = twin_of_nearest(around.swapaxes(1, 2) @ model)
    good = (visible.sum(axis=1) >= 3) & (widths[:, 1] > 1e-4 * widths[:, 0])
    return turn, middle - (turn @ centre[..., None])[..., 0], good


def centred(points: Floats, visible: Mask) -> tuple[Floats, Floats]:
    count = np.maximum(visible.sum(axis=1), 1)
    middle = np.einsum("fmi,fm->fi", points, visible) / count[:, None]
    return np.where(visible[..., None], points - middle[:, None], 0.0), middle


class TestNearest:
    @QUICK
    @given(SEEDS, st.sampled_from([1.0, -1.0, 0.0]), st.sampled_from([1e-9, 1.0, 1e9]))
    def test_is_what_singular_values_show(self, seed: int, third: float, size: float) -> None:
        one, other = Rotation.random(2, rng=np.random.default_rng(seed)).as_matrix()
        matrix = size * one @ np.diag([3.0, 2.0, third]) @ other

        assert_close(rigid.nearest(matrix), twin_of_nearest(matrix[None])[0][0])

    def test_leaves_the_matrix_as_it_is(self) -> None:
        matrix = np.arange(9.0).reshape(3, 3)

        rigid.nearest(matrix)

        np.testing.assert_array_equal(matrix, np.arange(9.0).reshape(3, 3))


class TestFit:
    @QUICK
    @given(SEEDS)
    def test_is_its_plain_twin(self, seed: int) -> None:
        points, visible = shaken(seed)

        turns, moves, good = rigid.fit(SHAPE, points, visible)

        expected = twin_of_fit(SHAPE, points, visible)
        np.testing.assert_array_equal(good, expected[2])
        # How a shape is turned is the less certain, the nearer it is to a row.
        np.testing.assert_allclose(turns[good], expected[0][good], rtol=0, atol=1e-10)
        np.testing.assert_allclose(moves[good], expected[1][good], rtol=0, atol=1e-8)

    @QUICK
    @given(SEEDS)
    def test_finds_what_scipy_finds_of_noisy_points(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        points = ride(3, seed)[0] + rng.normal(scale=3, size=(3, len(SHAPE), 3))
        visible = np.ones((3, len(SHAPE)), dtype=bool)
        for frame in range(3):
            visible[frame, rng.choice(len(SHAPE), rng.integers(0, 5), replace=False)] = False

        turns, moves, good = rigid.fit(SHAPE, points, visible)

        assert good.all()
        for frame, row in enumerate(visible):
            around, model = points[frame, row], SHAPE[row]
            expected, _ = Rotation.align_vectors(around - around.mean(axis=0), model - model.mean(axis=0))
            np.testing.assert_allclose(turns[frame], expected.as_matrix(), atol=1e-6)
            np.testing.assert_allclose(moves[frame], around.mean(axis=0) - turns[frame] @ model.mean(axis=0), atol=1e-9)

    def test_never_answers_with_a_reflection(self) -> None:
        turns, _, _ = rigid.fit(SHAPE, SHAPE[None] * [-1, 1, 1], SEEN[:1])

        np.testing.assert_allclose(np.linalg.det(turns), 1.0)

    @pytest.mark.parametrize(
        ("seen", "good"),
        [((0, 1, 2), True), ((0, 4, 5), True), ((0, 1), False), ((), False)],
    )
    def test_takes_three_points(self, seen: tuple[int, ...], good: bool) -> None:
        points, turns, places = ride()
        visible = np.zeros_like(SEEN)
        visible[:, list(seen)] = True

        found, moves, sure = rigid.fit(SHAPE, points, visible)

        assert (sure == good).all()
        assert np.isfinite(found).all()
        assert not good or np.allclose(found, turns)
        assert not good or np.allclose(moves, places)

    def test_does_not_trust_points_in_a_row(self) -> None:
        row = np.array([[0.0, 0, 0], [0, 1, 0], [0, 2, 0], [0.01, 3, 0]])

        _, _, good = rigid.fit(row, row[None], np.ones((1, 4), dtype=bool))

        assert not good.any()


def twin_of_mean_shape(points: Floats, visible: Mask) -> tuple[Floats, Mask]:
    seen = np.flatnonzero(visible.sum(axis=1) >= 3)
    points, visible = points[seen], visible[seen]
    first = int(np.argmax(np.linalg.svd(centred(points, visible)[0], compute_uv=False)[:, 1]))
    shape, known = points[first], visible[first].copy()
    for _ in range(20):
        axes, origin, good = twin_of_fit(shape, points, visible & known)
        local = (points - origin[:, None]) @ axes
        last, shape, before, known = shape, np.zeros_like(shape), known, np.zeros_like(known)
        for marker, column in enumerate((visible & good[:, None]).T):
            if column.any():
                shape[marker], known[marker] = np.median(local[column, marker], axis=0), True
        if np.array_equal(before, known) and np.abs(shape - last)[known].max(initial=0.0) <= 1e-5 * np.ptp(shape):
            break
    return np.where(known[:, None], shape - shape[known].mean(axis=0), 0.0), known


class TestMeanShape:
    @QUICK
    @given(SEEDS)
    def test_is_its_plain_twin(self, seed: int) -> None:
        points, visible = shaken(seed)

        shape, known = rigid.mean_shape(points, visible)

        expected, there = twin_of_mean_shape(points, visible)
        np.testing.assert_array_equal(known, there)
        np.testing.assert_allclose(shape, expected, rtol=0, atol=1e-9 * np.abs(points).max())

    @QUICK
    @given(SEEDS)
    def test_is_the_shape_whatever_way_it_went_and_whatever_was_seen(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        points = ride(seed=seed)[0]
        visible = rng.random(SEEN.shape) < 0.7

        shape, known = rigid.mean_shape(np.where(visible[..., None], points, 0), visible)

        assert known.all()
        np.testing.assert_allclose(distances(shape), distances(SHAPE), atol=1e-6)
        np.testing.assert_allclose(shape.mean(axis=0), 0, atol=1e-9)

    def test_is_not_moved_by_a_marker_that_jumps(self) -> None:
        points = ride()[0].copy()
        points[::4, 2] += 1000.0

        shape, _ = rigid.mean_shape(points, SEEN)

        np.testing.assert_allclose(distances(shape), distances(SHAPE), atol=1)

    def test_lies_in_the_middle_of_shapes_that_breathe(self) -> None:
        points, turns, places = ride()
        size = 1 + 0.02 * np.sin(np.arange(40) / 3)
        points = (SHAPE * size[:, None, None]) @ turns.swapaxes(1, 2) + places[:, None]

        shape, _ = rigid.mean_shape(points, SEEN)

        np.testing.assert_allclose(distances(shape), distances(SHAPE) * np.median(size), rtol=0.01)

    def test_learns_of_a_marker_by_way_of_others(self) -> None:
        points = ride()[0]
        visible = SEEN.copy()
        visible[:20, :2], visible[20:, 5:] = False, False

        shape, known = rigid.mean_shape(points, visible)

        assert known.all()
        np.testing.assert_allclose(distances(shape), distances(SHAPE), atol=1e-6)

    def test_knows_nothing_of_a_marker_that_is_never_seen(self) -> None:
        visible = SEEN.copy()
        visible[:, 3] = False

        _, known = rigid.mean_shape(ride()[0], visible)

        assert known.tolist() == [True, True, True, False, True, True, True, True]


def distances(shape: Floats) -> Floats:
    return np.linalg.norm(shape[:, None] - shape, axis=-1)


def test_loops_are_compiled_for_one_type_and_layout_alone() -> None:
    points, turns, places = ride()
    for array in (points, points.astype(np.float32), np.asfortranarray(points), points[:, ::-1]):
        rigid.moved(array, 2, turns.astype(np.float32), places, SEEN[:, ::-1])
        rigid.fit(np.asfortranarray(SHAPE), array, np.asfortranarray(SEEN))
        rigid.apart(array, points)

    kernels = (rigid._move, rigid._fit, rigid._apart)
    assert [len(kernel.signatures) for kernel in kernels] == [1, 1, 1]
