"""Contacts agree with labels that a model made, and with a plain loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motionprep.maths import contacts
from motionprep.maths.contacts import Thresholds

#: Hip, knee and ankle of both legs, and ankles and toes, among the 30 joints of the labelled motions.
LEGS, FEET = (22, 23, 24, 26, 27, 28), (24, 25, 28, 29)


def f1(found: np.ndarray, labels: np.ndarray) -> float:
    both = (found & labels).sum()
    return float(2 * both / (found.sum() + labels.sum()))


@pytest.fixture(params=["hysteresis", "humanml3d"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def contacts_of(positions: np.ndarray, rate: float, method: str = "hysteresis") -> np.ndarray:
    if method != "hysteresis":
        return contacts.by_displacement(positions[:, FEET], contacts.DISPLACEMENTS[method])
    body = contacts.body_height(positions[:, LEGS].reshape(-1, 2, 3, 3))
    heights = (positions[:, FEET, 1] - contacts.floor_height(positions[..., 1])) / body
    return contacts.by_hysteresis(positions[:, FEET] / body, heights, rate, Thresholds())


def test_contacts_agree_with_labels(real_data: Path) -> None:
    takes = [np.load(path) for path in sorted((real_data / "contacts").glob("*.npz"))]
    labels = np.concatenate([take["foot_contacts"] for take in takes])
    found = np.concatenate([contacts_of(take["posed_joints"].astype(float), 30.0) for take in takes])
    others = np.concatenate([contacts_of(take["posed_joints"].astype(float), 30.0, "humanml3d") for take in takes])

    assert f1(found, labels) >= 0.94
    assert f1(others, labels) == pytest.approx(0.81, abs=0.02)


@pytest.mark.parametrize("scale", [0.01, 39.37, 1000.0])
def test_contacts_are_the_same_in_any_unit(real_data: Path, scale: float) -> None:
    positions = np.load(real_data / "contacts" / "01.npz")["posed_joints"].astype(float)

    np.testing.assert_array_equal(contacts_of(positions * scale, 30.0), contacts_of(positions, 30.0))


def test_a_raised_floor_changes_nothing(real_data: Path) -> None:
    positions = np.load(real_data / "contacts" / "05.npz")["posed_joints"].astype(float)

    np.testing.assert_array_equal(
        contacts_of(positions + np.array([0.0, 3.0, 0.0]), 30.0), contacts_of(positions, 30.0)
    )


@pytest.mark.parametrize("clip", [None, 20])
def test_hysteresis_is_that_of_a_plain_loop(clip: int | None) -> None:
    rng = np.random.default_rng(0)
    places = np.cumsum(rng.normal(0, 0.004, (100, 4, 3)), axis=0)
    heights = np.abs(rng.normal(0.05, 0.02, (100, 4)))
    limits = Thresholds()
    expected = np.zeros((100, 4), bool)
    for first in range(0, 100, clip or 100):
        last = first + (clip or 100) - 1
        for point in range(4):
            touches = False
            for frame in range(first, last + 1):
                at = min(frame, last - 1)
                speed = np.linalg.norm(places[at + 1, point] - places[at, point]) * 30
                height = heights[frame, point]
                touches = (speed < limits.speed and height < limits.height) or (
                    touches and speed < limits.leave_speed and height < limits.leave_height
                )
                expected[frame, point] = touches

    np.testing.assert_array_equal(contacts.by_hysteresis(places, heights, 30.0, limits, clip), expected)


def test_displacement_is_that_of_the_published_code() -> None:
    places = np.random.default_rng(1).normal(0, 0.02, (30, 4, 3))
    expected = ((places[1:] - places[:-1]) ** 2).sum(axis=-1) < 0.002

    found = contacts.by_displacement(places, contacts.DISPLACEMENTS["humanml3d"])

    np.testing.assert_array_equal(found[:-1], expected)
    np.testing.assert_array_equal(found[-1], expected[-1])


def test_standing_points_agree_on_a_level_floor_and_on_no_stairs() -> None:
    places = np.zeros((60, 4, 3))
    places[:, [1, 3], 1] = -0.05
    stairs = places + np.repeat(np.arange(3.0), 20)[:, None, None] * np.array([0.0, 0.2, 0.0])

    assert contacts.standing_confidence(places, 1, 30.0, 1.0) == 1.0
    assert contacts.standing_confidence(stairs, 1, 30.0, 1.0) < 0.4


def test_confidence_is_nought_where_no_foot_stands_or_nothing_is_known() -> None:
    running = np.arange(60.0)[:, None, None] * np.ones((1, 4, 3))

    assert contacts.standing_confidence(running, 1, 30.0, 1.0) == 0.0
    assert contacts.standing_confidence(np.full((9, 4, 3), np.nan), 1, 30.0, 1.0) == 0.0
    assert contacts.standing_confidence(np.zeros((1, 4, 3)), 1, 30.0, 1.0) == 0.0
    assert contacts.standing_confidence(np.zeros((9, 4, 3)), 1, 30.0, 0.0) == 0.0


def test_knees_and_ankles_alone_say_the_height() -> None:
    legs = np.zeros((5, 2, 2, 3))
    legs[:, :, 0, 1] = 0.43
    legs[2] = np.nan

    assert contacts.body_height(legs, contacts.SHANK) == pytest.approx(0.43 / contacts.SHANK)
    assert contacts.body_height(legs * np.nan) == 0.0
