from __future__ import annotations

import base64
import json

import faults
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.quality import as_take
from motionprep.reporting import frames


def test_a_coordinate_of_a_body_of_1_8_metres_is_off_by_less_than_half_a_millimetre(walk: Motion) -> None:
    metres = walk.positions() * 1.8 / as_take("a", walk).bodies[0].height

    packed = frames.pack(metres)

    assert np.abs(packed.positions() - metres).max() <= 0.0005
    assert packed.error <= 0.0005


def test_a_body_that_walks_a_kilometre_is_as_exact_as_one_that_stays(walk: Motion) -> None:
    metres = walk.positions() * 1.8 / as_take("a", walk).bodies[0].height
    far = metres + np.linspace(0, 1000, len(metres))[:, None, None]

    assert np.abs(frames.pack(far).positions() - far).max() <= 0.0005


@given(arrays.arrays(np.float32, (3, 4, 3), elements=st.floats(-1e6, 1e6, width=32)))
def test_the_stated_error_bounds_the_error(positions: np.ndarray) -> None:
    packed = frames.pack(positions)

    off = np.abs(packed.positions() - positions.astype(np.float64))
    # The origin is float32.
    assert (off <= packed.error * 1.001 + np.abs(packed.origins[:, None]) * 2e-7 + 1e-30).all()


def test_a_point_that_is_not_visible_stays_where_it_was_seen_last() -> None:
    points = np.zeros((4, 2, 3))
    points[:, 0] = np.arange(4)[:, None]
    points[:, 1] = 5
    visible = np.array([[False, True], [True, True], [False, True], [True, True]])

    shown = frames.pack(np.where(visible[..., None], points, 0), visible).positions()

    assert shown[:, 0, 0].round(3).tolist() == [1, 1, 1, 3]


def test_a_point_that_is_never_visible_does_not_stretch_the_body() -> None:
    points = np.full((3, 2, 3), 1000.0)
    points[:, 0] = 0

    assert frames.pack(points, np.array([[False, True]] * 3)).error < 1e-6


@given(st.integers(1, 3000), st.integers(2, 400), st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 50))))
def test_no_more_frames_are_kept_than_fit_and_first_and_last_are_among_them(
    count: int, most: int, wanted: list[tuple[int, int]]
) -> None:
    kept = frames.choose(count, most, [(min(first, count), min(first + more, count)) for first, more in wanted])

    assert len(kept) <= most + 1
    assert {0, count - 1} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_frames_around_a_short_finding_are_all_kept() -> None:
    assert set(range(1500, 1503)) <= set(frames.choose(10_000, 200, [(1501, 1503)]).tolist())


def test_a_long_finding_keeps_no_more_frames_than_any_other_part() -> None:
    assert frames.choose(10_000, 200, [(1, 9000)]).tolist() == frames.choose(10_000, 200).tolist()


@given(st.lists(st.integers(0, 1000), max_size=8), st.integers(0, 3000))
def test_shares_are_what_is_needed_or_all_there_is(needs: list[int], total: int) -> None:
    given = frames.shares(needs, total)

    assert all(0 <= share <= need for share, need in zip(given, needs, strict=True))
    assert sum(given) <= total
    # What rounding leaves over is less than one for each.
    assert sum(given) >= min(total, sum(needs)) - len(needs)


def test_who_needs_little_leaves_the_rest_to_the_others() -> None:
    assert frames.shares([10, 1000, 1000], 610) == [10, 300, 300]


def test_left_right_and_bones_are_those_of_the_skeleton(walk: Motion) -> None:
    (bodies,) = frames.panes(as_take("a", walk))

    (cloud,) = frames.as_pane(bodies, 100)["clouds"]

    sides = dict(zip(cloud["names"], cloud["sides"], strict=True))
    assert (sides["LeftFoot"], sides["RightFoot"], sides["Hips"]) == (1, 2, 0)
    assert len(cloud["bones"]) == len(walk.skeleton.nodes) - 1


def test_skeleton_and_markers_of_raw_data_have_a_view_each_and_those_of_a_dataset_share_one(
    walk: Motion, walk_markers: Markers
) -> None:
    take = as_take("a", walk, walk_markers)

    assert [len(pane) for pane in frames.panes(take)] == [1, 1]
    assert [len(pane) for pane in frames.panes(faults.take_of("a", *take.bodies, split="train"))] == [2]


@pytest.mark.parametrize(("axes", "up"), [("xyz", "y"), ("xzy", "z")])
def test_the_axis_that_is_up_is_found(walk: Motion, axes: str, up: str) -> None:
    body = as_take("a", walk).bodies[0]
    if axes != "xyz":
        body = faults.in_axes(body, axes)

    assert frames.as_pane([body], 50)["up"].removeprefix("-") == up


def test_the_floor_is_where_the_feet_stand(walk: Motion) -> None:
    raised = faults.raised_root(walk, (1, walk.frames), 1.0)
    floors = [frames.as_pane(list(as_take("a", motion).bodies), 50)["floor"] for motion in (walk, raised)]
    lift = (
        as_take("a", raised).bodies[0].positions[:, 0, 1].mean()
        - as_take("a", walk).bodies[0].positions[:, 0, 1].mean()
    )

    assert floors[1] - floors[0] == pytest.approx(lift, rel=0.01)


@given(st.data())
def test_any_motion_can_be_shown(motions: st.SearchStrategy[Motion], data: st.DataObject) -> None:
    take = as_take("a", data.draw(motions))

    for bodies in frames.panes(take):
        pane = frames.as_pane(bodies, 10)
        assert json.loads(json.dumps(pane, allow_nan=False)) == pane
        (cloud,) = pane["clouds"]
        kept = len(base64.b64decode(pane["kept"])) // 4
        assert len(base64.b64decode(cloud["points"])) == 6 * kept * len(cloud["names"])
