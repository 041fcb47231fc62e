"""The mathematics of cleaning and filling, against plain twins that go sample by sample."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.interpolate import CubicHermiteSpline

from motionprep.maths import gaps


@st.composite
def tracks(draw: st.DrawFn, least: int = 1, most: int = 4):
    """Return positions on a coarse grid, so that distances meet limits exactly, and a mask."""
    shape = (draw(st.integers(1, 25)), draw(st.integers(least, most)))
    places = draw(arrays.arrays(np.float64, (*shape, 3), elements=st.integers(-6, 6).map(float)))
    visible = draw(arrays.arrays(np.bool_, shape))
    return np.where(visible[..., None], places, 0.0), visible


LIMITS = st.sampled_from([0.5, 1.0, 2.0, 3.0, 5.0, 30.0])


def walk(frames, places, most):
    """Return which of a marker's samples are good, from the first on."""
    good = [0]
    for sample in range(1, len(frames)):
        way = np.linalg.norm(places[sample] - places[good[-1]])
        if way <= most * abs(frames[sample] - frames[good[-1]]):
            good.append(sample)
    return good


def jumps_twin(positions, visible, most):
    bad = np.zeros_like(visible)
    for marker in range(visible.shape[1]):
        frames = np.flatnonzero(visible[:, marker])
        places = positions[frames, marker]
        runs = [[0]] if len(frames) else []
        for one, other in pairwise(range(len(frames))):
            way = np.linalg.norm(places[other] - places[one])
            if way <= most * (frames[other] - frames[one]):
                runs[-1].append(other)
            else:
                runs.append([other])
        if not runs:
            continue
        longest = max(runs, key=len)
        start, stop = longest[0], longest[-1] + 1
        good = {start + k for k in walk(frames[start:], places[start:], most)}
        good |= {stop - 1 - k for k in walk(frames[:stop][::-1], places[:stop][::-1], most)}
        bad[[frame for sample, frame in enumerate(frames) if sample not in good], marker] = True
    return bad


class TestJumps:
    @given(tracks(), LIMITS)
    def test_are_those_that_a_walk_from_sample_to_sample_finds(self, track, most):
        np.testing.assert_array_equal(gaps.jumps(*track, most), jumps_twin(*track, most))

    @given(tracks(), LIMITS)
    def test_leave_samples_none_of_which_jumps(self, track, most):
        positions, visible = track
        good = visible & ~gaps.jumps(positions, visible, most)
        assert not gaps.jumps(positions, good, most).any()

    @given(tracks(), LIMITS)
    def test_are_among_what_is_visible(self, track, most):
        positions, visible = track
        assert not (gaps.jumps(positions, visible, most) & ~visible).any()

    def test_at_the_first_frame_are_found_as_well(self):
        positions = np.zeros((20, 1, 3))
        positions[:3] = 50.0
        bad = gaps.jumps(positions, np.ones((20, 1), bool), 1.0)
        np.testing.assert_array_equal(np.flatnonzero(bad[:, 0]), [0, 1, 2])

    def test_end_once_the_marker_could_have_come_where_it_stays(self):
        positions = np.zeros((30, 1, 3))
        positions[20:, 0, 0] = 5.0
        bad = gaps.jumps(positions, np.ones((30, 1), bool), 1.0)
        np.testing.assert_array_equal(np.flatnonzero(bad[:, 0]), [20, 21, 22, 23])

    def test_of_one_marker_leave_the_others_alone(self):
        positions = np.zeros((9, 3, 3))
        positions[4, 1] = 9.0
        bad = gaps.jumps(positions, np.ones((9, 3), bool), 1.0)
        np.testing.assert_array_equal(np.argwhere(bad), [[4, 1]])


def stretched_twin(positions, visible, most):
    frames, count = visible.shape
    bad = np.zeros_like(visible)
    shape = {}
    for one, other in combinations(range(count), 2):
        both = visible[:, one] & visible[:, other]
        if both.any():
            shape[one, other] = np.median(np.linalg.norm(positions[both, one] - positions[both, other], axis=-1))
    for frame in range(frames):
        left = set(np.flatnonzero(visible[frame]))
        while True:
            many, far = dict.fromkeys(left, 0), dict.fromkeys(left, 0.0)
            for one, other in combinations(sorted(left), 2):
                off = abs(np.linalg.norm(positions[frame, one] - positions[frame, other]) - shape[one, other])
                for marker in (one, other):
                    many[marker] += off > most
                    far[marker] += off
            if not any(many.values()):
                break
            most_many = max(many.values())
            worst = max(far[marker] for marker in left if many[marker] == most_many)
            out = {marker for marker in left if many[marker] == most_many and far[marker] == worst}
            left -= out
            bad[frame, list(out)] = True
    return bad


class TestStretched:
    @given(tracks(2, 2), LIMITS)
    def test_of_two_markers_blames_both_as_the_twin_does(self, track, most):
        bad = gaps.stretched(*track, most)
        np.testing.assert_array_equal(bad, stretched_twin(*track, most))
        np.testing.assert_array_equal(bad[:, 0], bad[:, 1])

    @given(tracks(3, 5), st.floats(0.1, 5))
    def test_leaves_distances_that_are_all_near_their_medians(self, track, most):
        positions, visible = track
        good = visible & ~gaps.stretched(positions, visible, most)
        for one, other in combinations(range(visible.shape[1]), 2):
            before, after = visible[:, [one, other]].all(axis=1), good[:, [one, other]].all(axis=1)
            distances = np.linalg.norm(positions[:, one] - positions[:, other], axis=-1)
            if after.any():
                assert np.abs(distances[after] - np.median(distances[before])).max() <= most

    def test_blames_what_the_twin_blames(self):
        rng = np.random.default_rng(3)
        positions = rng.normal(size=(1, 5, 3)) + rng.normal(scale=0.05, size=(200, 5, 3))
        positions[rng.random((200, 5)) < 0.15] += 1.0
        visible = rng.random((200, 5)) < 0.9
        bad = gaps.stretched(positions, visible, 0.4)
        assert bad.any()
        np.testing.assert_array_equal(bad, stretched_twin(positions, visible, 0.4))

    def test_blames_the_marker_that_left_and_not_those_that_stayed(self):
        positions = np.broadcast_to([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], (50, 4, 3)).copy()
        positions += np.arange(50)[:, None, None]
        positions[7, 2] += 3.0
        bad = gaps.stretched(positions, np.ones((50, 4), bool), 0.5)
        np.testing.assert_array_equal(np.argwhere(bad), [[7, 2]])

    def test_does_not_mind_a_group_that_moves_and_turns_as_one(self):
        angles = np.linspace(0, 9, 60)
        turn = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]).transpose(2, 0, 1)
        positions = np.zeros((60, 3, 3))
        positions[..., :2] = np.array([[0.0, 0], [1, 0], [0, 2]]) @ turn
        assert not gaps.stretched(positions + 5 * angles[:, None, None], np.ones((60, 3), bool), 1e-9).any()

    def test_says_nothing_of_markers_that_are_never_seen_together(self):
        visible = np.arange(10)[:, None] % 2 == [0, 1]
        positions = np.random.default_rng(0).normal(size=(10, 2, 3)) * 99
        assert not gaps.stretched(positions, visible, 0.1).any()


class TestShort:
    @given(arrays.arrays(np.bool_, st.tuples(st.integers(0, 30), st.integers(0, 3))), st.integers(1, 6))
    def test_gaps_are_those_that_runs_of_unseen_samples_show(self, visible, longest):
        expected = np.zeros_like(visible)
        for marker in range(visible.shape[1]):
            seen = np.flatnonzero(visible[:, marker])
            for one, other in pairwise(seen):
                expected[one + 1 : other, marker] = other - one - 1 <= longest
        np.testing.assert_array_equal(gaps.short(visible, longest), expected)


class TestHold:
    @given(tracks(), st.data())
    def test_takes_the_last_good_value(self, track, data):
        positions, good = track
        wanted = data.draw(arrays.arrays(np.bool_, good.shape)) & ~good
        held, done = gaps.hold(positions, good, wanted)
        for frame, marker in np.argwhere(wanted):
            before = np.flatnonzero(good[:frame, marker])
            assert done[frame, marker] == bool(len(before))
            if len(before):
                np.testing.assert_array_equal(held[frame, marker], positions[before[-1], marker])
        np.testing.assert_array_equal(held[~done], positions[~done])
        assert not (done & ~wanted).any()


class TestFill:
    @given(tracks())
    def test_linear_is_numpys_interpolation(self, track):
        positions, good = track
        filled, done = gaps.fill(positions, good, ~good)
        for marker in range(good.shape[1]):
            seen = np.flatnonzero(good[:, marker])
            inside = np.zeros(len(good), bool)
            if len(seen):
                inside[seen[0] : seen[-1]] = True
            np.testing.assert_array_equal(done[:, marker], inside & ~good[:, marker])
            frames = np.flatnonzero(done[:, marker])
            for axis in range(3):
                if len(frames):
                    expected = np.interp(frames, seen, positions[seen, marker, axis])
                    np.testing.assert_allclose(filled[frames, marker, axis], expected, atol=1e-12)
        np.testing.assert_array_equal(filled[~done], positions[~done])

    @given(tracks())
    def test_cubic_is_scipys_hermite_curve_with_tangents_of_parabolas(self, track):
        positions, good = track
        filled, done = gaps.fill(positions, good, ~good, "cubic")
        for marker in range(good.shape[1]):
            seen = np.flatnonzero(good[:, marker])
            places = positions[seen, marker]
            for row, (one, other) in enumerate(pairwise(seen)):
                tangents = []
                for end in (row, row + 1):
                    if 0 < end < len(seen) - 1:
                        three = slice(end - 1, end + 2)
                        parabola = np.polyfit(seen[three] - seen[end], places[three], 2)
                        tangents.append(parabola[1])
                    else:
                        tangents.append((places[row + 1] - places[row]) / (other - one))
                curve = CubicHermiteSpline([one, other], places[row : row + 2], tangents)
                inside = np.arange(one + 1, other)
                assert done[inside, marker].all()
                np.testing.assert_allclose(filled[inside, marker], curve(inside), atol=1e-9)

    @given(arrays.arrays(np.float64, (3, 3), elements=st.floats(-5, 5)), st.integers(1, 8))
    def test_cubic_gives_back_a_parabola(self, coefficients, length):
        time = np.arange(20.0)[:, None] / 10
        positions = (coefficients[0] + coefficients[1] * time + coefficients[2] * time**2)[:, None]
        good = np.ones((20, 1), bool)
        good[6 : 6 + length] = False
        filled, done = gaps.fill(np.where(good[..., None], positions, 0.0), good, ~good, "cubic")
        assert np.count_nonzero(done) == length
        np.testing.assert_allclose(filled, positions, atol=1e-12)

    @pytest.mark.parametrize("method", ["linear", "cubic"])
    def test_leaves_alone_what_is_not_wanted(self, method):
        positions, good = np.zeros((9, 1, 3)), np.arange(9)[:, None] % 4 == 0
        wanted = np.arange(9)[:, None] == 2
        _, done = gaps.fill(positions, good, wanted, method)
        np.testing.assert_array_equal(done, wanted)
