"""What is written is read back, and nothing is left of what cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from motionprep.formats import c3d_write
from motionprep.formats.c3d import read_c3d
from motionprep.formats.c3d_write import write_c3d
from motionprep.motion.markers import Markers

NAMES = st.lists(st.text("ABCxyz019-_", min_size=1, max_size=12), min_size=1, max_size=6, unique=True)


def make_markers(frames=4, names=("LKNE", "RKNE"), **more):
    shape = (frames, len(names))
    visible = (np.arange(frames)[:, None] + np.arange(len(names))) % 3 > 0
    positions = np.where(visible[..., None], np.arange(3.0 * visible.size).reshape(*shape, 3), 0.0)
    return Markers(tuple(names), positions, visible, **{"rate": 120.0, **more})


def assert_same(read, written):
    np.testing.assert_array_equal(read.positions, written.positions)
    np.testing.assert_array_equal(read.visible, written.visible)
    for name in ("names", "raw_names", "rate", "units", "first_frame"):
        assert getattr(read, name) == getattr(written, name)


@st.composite
def all_markers(draw):
    names = tuple(draw(NAMES))
    frames = draw(st.integers(1, 9))
    visible = draw(arrays.arrays(bool, (frames, len(names))))
    values = arrays.arrays(np.float32, (frames, len(names), 3), elements=st.floats(-1e5, 1e5, width=32))
    return Markers(
        names,
        np.where(visible[..., None], draw(values).astype(np.float64), 0.0),
        visible,
        rate=draw(st.sampled_from([60.0, 120.0, 250.0])),
        units=draw(st.sampled_from(["mm", "m"])),
        first_frame=draw(st.integers(1, 1000)),
        raw_names=tuple(f"subject7:{name}" for name in names) if draw(st.booleans()) else (),
    )


@settings(max_examples=40)
@given(markers=all_markers())
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, markers: Markers) -> None:
    path = tmp_path_factory.mktemp("written") / "take.c3d"
    write_c3d(path, markers)
    assert_same(read_c3d(path), markers)


def test_the_same_markers_are_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_c3d(tmp_path / f"{name}.c3d", make_markers())
    assert (tmp_path / "a.c3d").read_bytes() == (tmp_path / "b.c3d").read_bytes()


def test_more_labels_than_a_table_holds_are_all_there(tmp_path: Path) -> None:
    markers = make_markers(names=[f"m{number}" for number in range(300)])
    write_c3d(tmp_path / "take.c3d", markers)
    assert_same(read_c3d(tmp_path / "take.c3d"), markers)


def test_more_frames_than_the_header_can_count_are_all_there(tmp_path: Path) -> None:
    markers = make_markers(70_000, names=["LKNE"])
    write_c3d(tmp_path / "take.c3d", markers)
    assert_same(read_c3d(tmp_path / "take.c3d"), markers)


def test_a_file_gets_the_name_that_was_asked_for(tmp_path: Path) -> None:
    write_c3d(tmp_path / "TAKE.C3D", make_markers())
    assert os.listdir(tmp_path) == ["TAKE.C3D"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is there such a folder"):
        write_c3d(tmp_path / "none" / "take.c3d", make_markers())


@pytest.mark.parametrize("size", [0, 600, 5000])
def test_a_disk_that_is_full_is_an_error_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = tmp_path / "take.c3d"
    write_c3d(path, make_markers())
    before = path.read_bytes()
    write = c3d_write.ezc3d.c3d.write

    def write_some(self, path):
        write(self, path)
        os.truncate(path, size)

    monkeypatch.setattr(c3d_write.ezc3d.c3d, "write", write_some)
    with pytest.raises(OSError, match="is the disk full"):
        write_c3d(path, make_markers(frames=400))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["take.c3d"]
