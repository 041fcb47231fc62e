"""What several test modules share: the folder of real data, and motions of every shape."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from motionprep import write_sample
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.skeleton import POSITION_CHANNELS, ROTATION_CHANNELS, EndSite, Skeleton
from motionprep.motion.take import Take

# The first call of a kernel compiles it.
settings.register_profile("motionprep", deadline=None, max_examples=40)
settings.register_profile("long", deadline=None, max_examples=200)
settings.load_profile("motionprep")

_NAMES = st.text("abcXYZ019 .:-_äλ", min_size=1, max_size=8).filter(lambda name: name == name.strip())
_OFFSETS = st.tuples(*[st.floats(-100, 100)] * 3)
_POSITIONS = st.lists(st.sampled_from(POSITION_CHANNELS), max_size=3, unique=True)
_ROTATIONS = st.lists(st.sampled_from(ROTATION_CHANNELS), max_size=4)


#: Mixed channel orders, a position channel below the root, two End Sites.
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


#: What the reason of a test that was skipped for want of recorded files holds.
_WANTED = "MOTIONPREP_REAL_DATA"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many tests were skipped for want of recorded files."""
    skipped = [one for one in terminalreporter.stats.get("skipped", ()) if _WANTED in str(one.longrepr)]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests need recorded files and were skipped; {_WANTED} names the folder of these"
        )


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of recorded files, or skip."""
    folder = Path(os.environ.get("MOTIONPREP_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; {_WANTED} names the folder of recorded files")
    return folder


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated corpus, 4 motions of each of 4 subjects, whose files are a day old; copy it to change it."""
    folder = tmp_path_factory.mktemp("corpus")
    write_sample(folder, subjects=4, motions=4, frames=60)
    yesterday = time.time() - 86_400
    for path in folder.rglob("*.*"):
        os.utime(path, (yesterday, yesterday))
    return folder


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


@pytest.fixture(scope="session")
def motions() -> st.SearchStrategy[Motion]:
    """Return a strategy for motions: any tree in file order, any channels on any joint, any number of End Sites."""
    return _motions()


@st.composite
def _motions(draw: st.DrawFn) -> Motion:
    count = draw(st.integers(1, 6))
    joints = draw(st.lists(_NAMES, min_size=count, max_size=count, unique=True))
    parents, end_sites, chain = [-1], [], [0]
    while chain:
        step = draw(st.sampled_from(["joint", "joint", "joint", "end site", "close"]))
        if step == "joint" and len(parents) < count:
            parents.append(chain[-1])
            chain.append(len(parents) - 1)
        elif step == "end site" and len(end_sites) < 4:
            end_sites.append(EndSite(chain[-1], draw(_OFFSETS)))
        else:
            chain.pop()
    count = len(parents)
    offsets = draw(st.lists(_OFFSETS, min_size=count, max_size=count))
    channels = [
        draw(_POSITIONS.flatmap(lambda names: _ROTATIONS.flatmap(lambda more: st.permutations(names + more))))
        for _ in parents
    ]
    channels[0] = channels[0] or ["Xrotation"]
    skeleton = Skeleton(
        tuple(joints[:count]), tuple(parents), tuple(offsets), tuple(end_sites), tuple(map(tuple, channels))
    )
    frames = draw(st.integers(1, 20))
    values = draw(arrays.arrays(np.float64, (frames, len(skeleton.channel_names)), elements=st.floats(-720, 720)))
    return Motion(
        skeleton, values, float(draw(st.sampled_from([24, 30, 62.5, 120, 120 / 7, 120 / 9, 120 / 11, 120 / 13])))
    )
