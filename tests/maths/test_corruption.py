"""Spoilt markers: how often, how far and for how long, by the laws that are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from motionprep.maths import corruption
from motionprep.maths.corruption import Gaps, Points

Spoiling = Callable[[Points, np.random.Generator], Points]

SPOILINGS: dict[str, Spoiling] = {
    "noise": lambda points, rng: corruption.noise(points, rng, 0.1),
    "occlude": lambda points, rng: corruption.occlude(points, rng, 0.3),
    "shift": lambda points, rng: corruption.shift(points, rng, 0.3, 0.5),
    "bursts": lambda points, rng: corruption.bursts(points, rng, Gaps(0.3, 4.0)),
    "lognormal bursts": lambda points, rng: corruption.bursts(points, rng, Gaps(0.3, 4.0, 1.0)),
    "lose": lambda points, rng: corruption.lose(points, rng, Gaps(0.3, 4.0), [[0, 2], [1]]),
    "swap": lambda points, rng: corruption.swap(points, rng, Gaps(0.3, 4.0), near=False),
    "swap with the nearest": lambda points, rng: corruption.swap(points, rng, Gaps(0.3, 4.0), near=True),
}
each_spoiling = pytest.mark.parametrize("corrupt", SPOILINGS.values(), ids=SPOILINGS)
EXPECTED = 0.0780898  # The mean of min(|a|, 0.2) for a from N(0, 0.1).


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def make(*shape: int, hidden: float = 0.0, seed: int = 0) -> Points:
    """Return points of a shape (..., F, M), a share of them not visible."""
    draws = np.random.default_rng(seed)
    positions, visible = draws.normal(size=(*shape, 3)), draws.random(shape) >= hidden
    return Points(np.where(visible[..., None], positions, 0.0), visible)


def runs(inside: np.ndarray) -> np.ndarray:
    """Return how long each stretch of true values is that neither begins nor ends a row (R, F)."""
    lengths = []
    for row in inside:
        turns = np.flatnonzero(np.diff(row.astype(int)))
        starts, stops = turns[~row[turns]], turns[row[turns]]
        if len(starts):
            stops = stops[stops > starts[0]]
            lengths.append(stops - starts[: len(stops)])
    return np.concatenate(lengths)


@each_spoiling
class TestEverySpoiling:
    def test_leaves_what_it_is_given(self, corrupt: Spoiling) -> None:
        points = make(30, 4, hidden=0.2)
        before = points.positions.copy(), points.visible.copy()

        corrupt(points, rng())

        np.testing.assert_array_equal(points.positions, before[0])
        np.testing.assert_array_equal(points.visible, before[1])

    def test_does_something(self, corrupt: Spoiling) -> None:
        points = make(60, 4)

        assert not np.array_equal(corrupt(points, rng()).positions, points.positions)

    def test_puts_what_is_not_visible_at_the_origin(self, corrupt: Spoiling) -> None:
        corrupted = corrupt(make(200, 4, hidden=0.2), rng())

        assert not corrupted.positions[~corrupted.visible].any()
        assert corrupted.positions[corrupted.visible].all()

    def test_makes_the_same_bytes_of_the_same_generator(self, corrupt: Spoiling) -> None:
        points = make(200, 4, hidden=0.2)

        assert corrupt(points, rng(5)).positions.tobytes() == corrupt(points, rng(5)).positions.tobytes()

    def test_makes_something_else_of_another_generator(self, corrupt: Spoiling) -> None:
        points = make(200, 4, hidden=0.2)

        assert corrupt(points, rng(5)).positions.tobytes() != corrupt(points, rng(6)).positions.tobytes()

    def test_does_to_a_batch_of_one_what_it_does_to_a_take(self, corrupt: Spoiling) -> None:
        take = make(200, 4, hidden=0.2)
        batch = replace(take, positions=take.positions[None], visible=take.visible[None])

        one, other = corrupt(take, rng()), corrupt(batch, rng())

        np.testing.assert_array_equal(one.positions, other.positions[0])
        np.testing.assert_array_equal(one.visible, other.visible[0])

    def test_draws_anew_for_each_window(self, corrupt: Spoiling) -> None:
        take = make(200, 4)
        batch = replace(take, positions=np.stack([take.positions] * 2), visible=np.stack([take.visible] * 2))

        corrupted = corrupt(batch, rng())

        assert not np.array_equal(corrupted.positions[0], corrupted.positions[1])

    @pytest.mark.parametrize("shape", [(0, 4), (1, 4), (0, 30, 4), (2, 0, 4), (2, 3, 5, 4)], ids=str)
    def test_keeps_any_shape(self, corrupt: Spoiling, shape: tuple[int, ...]) -> None:
        corrupted = corrupt(make(*shape, hidden=0.2), rng())

        assert (corrupted.positions.shape, corrupted.visible.shape) == ((*shape, 3), shape)


@pytest.mark.parametrize("name", [name for name in SPOILINGS if "swap" not in name])
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), frames=st.integers(1, 40))
def test_what_is_not_visible_stays_so(name: str, seed: int, frames: int) -> None:
    points = make(frames, 3, hidden=0.4, seed=seed)

    assert not (SPOILINGS[name](points, rng(seed)).visible & ~points.visible).any()


@pytest.mark.parametrize("name", ["swap", "swap with the nearest"])
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), frames=st.integers(1, 40))
def test_a_swap_keeps_what_is_there(name: str, seed: int, frames: int) -> None:
    points = make(frames, 5, hidden=0.3, seed=seed)

    corrupted = SPOILINGS[name](points, rng(seed))

    np.testing.assert_array_equal(np.sort(corrupted.positions[..., 0]), np.sort(points.positions[..., 0]))
    np.testing.assert_array_equal(corrupted.visible.sum(axis=-1), points.visible.sum(axis=-1))
    moved = (corrupted.positions != points.positions).any(axis=-1).sum(axis=-1)
    assert set(moved) <= {0, 1, 2}


def test_noise_is_normal() -> None:
    points = make(2000, 5)

    drawn = (corruption.noise(points, rng(), 0.25).positions - points.positions).ravel()

    assert stats.kstest(drawn, stats.norm(scale=0.25).cdf).pvalue > 0.01


class TestHolden:
    """Holden 2018, algorithm 1, with its defaults."""

    def test_occludes_seven_point_eight_percent(self) -> None:
        hidden = ~corruption.occlude(make(20_000, 41), rng(), 0.1).visible

        assert hidden.mean() == pytest.approx(0.078, abs=0.002)
        assert hidden.mean() == pytest.approx(EXPECTED, abs=0.001)

    def test_never_expects_more_than_a_fifth_in_a_frame(self) -> None:
        shares = (~corruption.occlude(make(600, 4000), rng(), 0.1).visible).mean(axis=1)

        assert shares.max() < 0.2 + 5 * np.sqrt(0.2 * 0.8 / 4000)
        # A normal number is beyond two standard deviations in 4.55 % of frames, and these stand at a fifth.
        assert np.mean(shares > 0.19) == pytest.approx(2 * stats.norm.sf(1.9), abs=0.02)

    def test_draws_the_chance_of_a_frame_from_half_a_normal_law(self) -> None:
        shares = (~corruption.occlude(make(600, 4000), rng(), 0.1).visible).mean(axis=1)

        below = shares[shares < 0.15]
        law = stats.truncnorm(0, 1.5, scale=0.1)
        assert stats.kstest(below, law.cdf).statistic < 0.05

    def test_is_the_algorithm_as_it_is_written_down(self) -> None:
        points, draws, found = make(40, 5), rng(3), corruption.occlude(make(40, 5), rng(3), 0.1)
        a = [0.1 * draws.standard_normal() for _ in range(40)]

        for frame in range(40):
            for marker in range(5):
                hidden = draws.random() < min(abs(a[frame]), 2 * 0.1)
                expected = np.zeros(3) if hidden else points.positions[frame, marker]
                np.testing.assert_array_equal(found.positions[frame, marker], expected)

    def test_shifts_as_many(self) -> None:
        points = make(20_000, 41)

        moved = (corruption.shift(points, rng(), 0.1, 0.5).positions != points.positions).any(axis=-1)

        assert moved.mean() == pytest.approx(EXPECTED, abs=0.001)

    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_shifts_uniformly_on_each_axis(self, axis: int) -> None:
        points = make(4000, 20)
        offsets = corruption.shift(points, rng(), 0.1, 0.5).positions - points.positions

        drawn = offsets[offsets.any(axis=-1)][:, axis]

        assert abs(drawn).max() <= 0.5 + 1e-12
        assert stats.kstest(drawn, stats.uniform(-0.5, 1.0).cdf).pvalue > 0.01

    def test_shifts_on_one_axis_whatever_it_does_on_another(self) -> None:
        points = make(4000, 20)
        offsets = corruption.shift(points, rng(), 0.1, 0.5).positions - points.positions

        drawn = offsets[offsets.any(axis=-1)]

        np.testing.assert_allclose(np.corrcoef(drawn.T), np.eye(3), atol=0.05)

    def test_occludes_and_shifts_independently(self) -> None:
        points = make(20_000, 41)
        hidden = ~corruption.occlude(points, rng(1), 0.1).visible
        moved = (corruption.shift(points, rng(2), 0.1, 0.5).positions != points.positions).any(axis=-1)

        assert (hidden & moved).mean() == pytest.approx(EXPECTED**2, abs=0.0005)

    @pytest.mark.parametrize("order", ["occlude first", "shift first"])
    def test_hides_what_is_both_occluded_and_shifted(self, order: str) -> None:
        points = make(500, 41)
        if order == "occlude first":
            both = corruption.shift(corruption.occlude(points, rng(1), 0.1), rng(2), 0.1, 0.5)
        else:
            both = corruption.occlude(corruption.shift(points, rng(2), 0.1, 0.5), rng(1), 0.1)
        hidden = ~corruption.occlude(points, rng(1), 0.1).visible
        moved = corruption.shift(points, rng(2), 0.1, 0.5).positions

        np.testing.assert_array_equal(both.visible, ~hidden)
        np.testing.assert_array_equal(both.positions, np.where(hidden[..., None], 0.0, moved))


LAWS = [(mean, spread) for mean in (1.0, 1.5, 6.0, 40.0) for spread in (0.0, 0.8, 1.5)]


class TestGaps:
    @pytest.mark.parametrize(("mean", "spread"), LAWS)
    @pytest.mark.parametrize("share", [0.03, 0.2, 0.5])
    def test_hide_the_share_that_is_asked_for_at_every_frame(self, share: float, mean: float, spread: float) -> None:
        hidden = Gaps(share, mean, spread).hidden(rng(), (8000, 50))

        error = 4 * np.sqrt(share * (1 - share) / 8000)
        assert abs(hidden.mean(axis=0) - share).max() < error
        assert abs(hidden.mean() - share) < 0.75 * error

    def test_of_a_geometric_law_end_at_any_frame_with_the_same_chance(self) -> None:
        lengths = runs(Gaps(0.2, 6.0).hidden(rng(), (1, 400_000)))
        bins = np.arange(1, 31)
        seen = [*(np.count_nonzero(lengths == k) for k in bins), np.count_nonzero(lengths > 30)]
        expected = [*stats.geom(1 / 6).pmf(bins), stats.geom(1 / 6).sf(30)]

        assert stats.chisquare(seen, np.array(expected) * len(lengths)).pvalue > 0.01

    def test_have_geometric_stretches_between_them(self) -> None:
        lengths = runs(~Gaps(0.2, 6.0, 1.0).hidden(rng(), (1, 400_000)))

        assert stats.kstest(lengths + rng().random(len(lengths)) - 1, stats.expon(scale=24).cdf).statistic < 0.03
        assert lengths.mean() == pytest.approx(24, rel=0.03)

    @pytest.mark.parametrize("spread", [0.5, 1.0])
    def test_of_a_lognormal_law_are_a_frame_and_a_lognormal_rest(self, spread: float) -> None:
        lengths = runs(Gaps(0.2, 200.0, spread).hidden(rng(), (4, 2_000_000)))
        law = stats.lognorm(spread, scale=199 * np.exp(-(spread**2) / 2))

        assert stats.kstest(lengths - 1, law.cdf).statistic < 0.02
        assert lengths.mean() == pytest.approx(200, rel=0.05)

    @pytest.mark.parametrize(("mean", "spread"), LAWS)
    def test_are_as_long_on_average_as_is_asked_for(self, mean: float, spread: float) -> None:
        lengths = runs(Gaps(0.2, mean, spread).hidden(rng(), (1, 1_000_000)))

        assert lengths.mean() == pytest.approx(mean, rel=0.06)

    def test_lie_where_their_ends_are_drawn(self) -> None:
        starts, stops = Gaps(0.3, 4.0).draw(rng(), 5, 80)
        expected = np.zeros((5, 80), dtype=bool)
        for row in range(5):
            for start, stop in zip(starts[row], stops[row], strict=True):
                expected[row, start:stop] = True

        np.testing.assert_array_equal(Gaps(0.3, 4.0).hidden(rng(), (5, 80)), expected)

    @settings(max_examples=50)
    @given(share=st.floats(1e-9, 0.5), mean=st.floats(1, 1e7), spread=st.floats(0, 3), seed=st.integers(0, 99))
    def test_come_of_any_law(self, share: float, mean: float, spread: float, seed: int) -> None:
        starts, stops = Gaps(share, mean, spread).draw(rng(seed), 3, 20)

        assert ((starts >= 0) & (starts <= stops) & (stops <= 20)).all()
        assert (starts[:, 1:] >= stops[:, :-1]).all()


def test_bursts_are_each_markers_own() -> None:
    hidden = ~corruption.bursts(make(20_000, 3), rng(), Gaps(0.3, 5.0)).visible

    np.testing.assert_allclose(np.corrcoef(hidden.T), np.eye(3), atol=0.05)


class TestLose:
    def test_hides_the_markers_of_a_group_at_once(self) -> None:
        visible = corruption.lose(make(2000, 5), rng(), Gaps(0.3, 5.0), [[0, 3], [1, 2]]).visible

        np.testing.assert_array_equal(visible[:, 0], visible[:, 3])
        np.testing.assert_array_equal(visible[:, 1], visible[:, 2])
        assert not np.array_equal(visible[:, 0], visible[:, 1])

    def test_hides_no_other(self) -> None:
        assert corruption.lose(make(2000, 5), rng(), Gaps(0.3, 5.0), [[0, 3], [1, 2]]).visible[:, 4].all()

    def test_hides_a_marker_of_two_groups_with_either(self) -> None:
        visible = corruption.lose(make(2000, 3), rng(), Gaps(0.3, 5.0), [[0, 1], [1, 2]]).visible

        np.testing.assert_array_equal(visible[:, 1], visible[:, 0] & visible[:, 2])


class TestSwap:
    def test_exchanges_as_often_as_is_asked_for(self) -> None:
        points = make(400, 300, 6)

        moved = (corruption.swap(points, rng(), Gaps(0.2, 9.0), near=False).positions != points.positions).any((-1, -2))

        assert moved.mean() == pytest.approx(0.2, abs=0.01)

    def test_exchanges_the_same_two_as_long_as_it_lasts(self) -> None:
        points = make(5000, 9)
        starts, stops = Gaps(0.2, 9.0).draw(rng(), 1, 5000)

        moved = (corruption.swap(points, rng(), Gaps(0.2, 9.0), near=False).positions != points.positions).any(-1)

        pairs = set()
        for start, stop in zip(starts[0], stops[0], strict=True):
            assert (moved[start:stop] == moved[start : start + 1]).all()
            assert moved[start:stop].sum(axis=-1).tolist() == [2] * (stop - start)
            pairs |= {tuple(np.flatnonzero(row)) for row in moved[start:stop]}
        assert len(pairs) > 20

    def test_takes_the_nearest_that_is_visible(self) -> None:
        line = np.zeros((4000, 4, 3))
        line[..., 0] = [1.0, 2.0, 2.1, 9.0]
        line[:, 2] = 0.0
        points = Points(line, np.broadcast_to([True, True, False, True], (4000, 4)))

        moved = (corruption.swap(points, rng(), Gaps(0.3, 5.0), near=True).positions != points.positions).any(-1)

        assert {tuple(np.flatnonzero(row)) for row in moved} == {(), (0, 1), (1, 3)}

    def test_exchanges_nothing_for_a_marker_that_is_not_visible(self) -> None:
        visible = np.broadcast_to([True, False, False], (500, 3))
        points = Points(np.where(visible[..., None], np.ones(3), 0.0), visible)

        np.testing.assert_array_equal(corruption.swap(points, rng(), Gaps(0.3, 5.0), near=True).visible, points.visible)


@pytest.mark.parametrize(
    ("unit", "metres", "expected"),
    [("m", 0.001, 500.0), ("mm", 0.001, 0.5), ("cm", 1.0, 0.005), ("take", 0.001, 0.5), ("take", None, 0.5)],
)
def test_a_length_comes_in_the_units_of_the_points(unit: str, metres: float | None, expected: float) -> None:
    assert replace(make(1, 1), metres=metres).length(0.5, unit) == pytest.approx(expected)


def test_a_length_is_not_known_where_the_unit_is_not() -> None:
    assert make(1, 1).length(0.5, "m") is None
