"""Numbers by which people filter say what they are called."""

from __future__ import annotations

import faults
import pytest

from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.quality import as_take, measure


def test_a_walk_is_measured(recorded_walk: Motion) -> None:
    found = measure(as_take("a", recorded_walk))

    assert found["height"] * 0.0254 / 0.45 == pytest.approx(1.6, abs=0.1)
    assert found["root_speed"] == pytest.approx(0.56, abs=0.1)
    assert 0.6 < found["contact_share"] < 0.95
    assert found["skate"] < 0.05


def test_a_body_that_slides_skates(recorded_walk: Motion) -> None:
    slid = faults.slid_root(recorded_walk, (1, recorded_walk.frames), 8.0)

    assert measure(as_take("a", slid))["skate"] == pytest.approx(8.0 / as_take("a", slid).bodies[0].height, abs=0.1)


def test_the_floor_is_measured_with_its_confidence(recorded_walk: Motion) -> None:
    height = as_take("a", recorded_walk).bodies[0].height
    raised = faults.moved_root(recorded_walk, (1, recorded_walk.frames), (0.0, 10.0, 0.0))
    before, after = (measure(as_take("a", motion)) for motion in (recorded_walk, raised))

    assert before["floor"] == pytest.approx(0, abs=0.01)
    assert before["floor_confidence"] > 0.9
    assert after["floor"] - before["floor"] == pytest.approx(10 / height, abs=1e-5)
    assert after["floor_confidence"] == before["floor_confidence"]


def test_noise_raises_the_jerk(recorded_walk: Motion) -> None:
    noisy = faults.with_channels(recorded_walk, recorded_walk.channels.round(0))

    assert measure(as_take("a", noisy))["jerk"] > 1.2 * measure(as_take("a", recorded_walk))["jerk"]


def test_missing_markers_are_a_share_of_all(recorded_markers: Markers) -> None:
    before = measure(as_take("a", markers=recorded_markers))["missing_share"]
    hidden = faults.hidden(recorded_markers, "C7", (1, recorded_markers.frames))

    assert measure(as_take("a", markers=hidden))["missing_share"] == pytest.approx(before + 1 / 42, abs=1e-3)
