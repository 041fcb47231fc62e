"""What the tests of the checks share: clean motions, generated and recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from motionprep import read_bvh, read_c3d, write_sample
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated corpus of 3 motions of each of 2 subjects, four seconds long, with markers."""
    folder = tmp_path_factory.mktemp("clean")
    write_sample(folder, subjects=2, motions=3, frames=480, markers=True)
    return folder


@pytest.fixture(scope="session")
def walk(clean: Path) -> Motion:
    """Return a generated motion without its T-pose."""
    motion = read_bvh(sorted(clean.rglob("*.bvh"))[0])
    return motion.at(range(1, motion.frames))


@pytest.fixture(scope="session")
def walk_markers(clean: Path) -> Markers:
    """Return the markers of that motion."""
    return read_c3d(sorted(clean.rglob("*.c3d"))[0])


@pytest.fixture(scope="session")
def recorded(real_data: Path) -> Motion:
    """Return a recorded motion without its T-pose."""
    motion = read_bvh(real_data / "cmu-bvh" / "01_01.bvh")
    return motion.at(range(13, motion.frames))


@pytest.fixture(scope="session")
def recorded_walk(real_data: Path) -> Motion:
    """Return a recorded walk without its T-pose."""
    motion = read_bvh(real_data / "cmu-bvh" / "12_01.bvh")
    return motion.at(range(13, motion.frames))


@pytest.fixture(scope="session")
def recorded_markers(real_data: Path) -> Markers:
    """Return recorded markers."""
    return read_c3d(real_data / "cmu-c3d" / "01_01.c3d")
