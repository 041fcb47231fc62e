from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.stages import Dropped, DropShort


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 50), st.integers(0, 50))
def test_a_take_is_kept_whole_if_it_has_the_fewest_frames_or_more(fewest: int, more: int) -> None:
    assert DropShort(frames=fewest).pick(fewest + more, 120.0) == range(fewest + more)


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 50), st.integers(0, 50))
def test_a_take_with_fewer_frames_is_dropped_with_the_reason(fewest: int, frames: int) -> None:
    frames = min(frames, fewest - 1)

    assert DropShort(frames=fewest).pick(frames, 120.0) == Dropped(f"drop_short: {frames} frames, fewer than {fewest}")


@pytest.mark.parametrize("frames", [0, -3])
def test_the_fewest_frames_are_at_least_one(frames: int) -> None:
    with pytest.raises(ValueError, match=f"^frames is {frames}; it must be at least 1$"):
        DropShort(frames=frames)
