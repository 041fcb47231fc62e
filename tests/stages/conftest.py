"""A small take for the tests of stages: mixed channel orders, a position channel below the root, two End Sites."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from motionprep.data import EndSite, Markers, Motion, Skeleton, Take

SKELETON = Skeleton(
    joints=("Hips", "Spine", "Head", "LeftLeg", "LeftFoot"),
    parents=(-1, 0, 1, 0, 3),
    offsets=((0.0, 0.0, 0.0), (0.0, 2.0, 0.5), (0.0, 3.0, 0.0), (1.0, -0.5, 0.0), (0.25, -4.0, 0.0)),
    end_sites=(EndSite(2, (0.0, 1.0, 0.0)), EndSite(4, (0.0, 0.0, 1.5))),
    channels=(
        ("Xposition", "Yposition", "Zposition", "Zrotation", "Yrotation", "Xrotation"),
        ("Zrotation", "Xrotation", "Yrotation"),
        ("Yrotation",),
        ("Xposition", "Zrotation", "Yrotation", "Xrotation"),
        ("Zrotation", "Xrotation"),
    ),
)


@pytest.fixture(scope="session")
def make_take() -> Callable[..., Take]:
    """Return a function that makes a take of so many frames; the same numbers on any machine."""

    def make(frames: int = 24, rate: float = 120.0, markers: bool = False) -> Take:
        columns = len(SKELETON.channel_names)
        channels = (np.arange(frames * columns) * 37 % 360 - 180.0).reshape(frames, columns) / 8
        points = np.arange(frames * 6.0).reshape(frames, 2, 3)
        seen = np.arange(frames * 2).reshape(frames, 2) % 5 > 0
        return Take(
            "69_01",
            Motion(SKELETON, channels, rate),
            Markers(("C7", "T10"), points * seen[..., None], seen, rate) if markers else None,
        )

    return make
