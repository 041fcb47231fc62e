"""AMC files find the ASF file beside them, and a take changes with either."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from acclaim import ASF, amc, angles

import motionprep
from motionprep.formats.amc import read_amc
from motionprep.formats.asf import read_asf
from motionprep.sources.find import find


def folder(at: Path, *names: str) -> Path:
    """Return a folder with files of these names, skeletons and motions; those of a day ago."""
    at.mkdir(parents=True)
    for number, name in enumerate(names):
        (at / name).write_bytes(ASF.encode() if name.endswith("asf") else amc(angles(8, number)))
        os.utime(at / name, (1e9, 1e9))
    return at


@pytest.mark.parametrize(
    ("names", "skeleton"),
    [
        (("01.asf", "02.asf", "01_01.amc"), "01.asf"),
        (("1.asf", "11.asf", "11_1.amc"), "11.asf"),
        (("01.asf", "01_01.asf", "01_01.amc"), "01_01.asf"),
        (("anna.ASF", "walk.amc"), "anna.ASF"),
    ],
)
def test_the_skeleton_is_that_of_its_name_or_of_its_beginning_or_the_only_one(
    tmp_path: Path, names: tuple[str, ...], skeleton: str
) -> None:
    (source,) = find([folder(tmp_path / "data", *names)])
    assert source.skeleton is not None
    assert source.skeleton.name == skeleton


@pytest.mark.parametrize("names", [("01_01.amc",), ("a.asf", "b.asf", "01_01.amc")])
def test_a_motion_without_a_skeleton_fails_alone_and_says_which_file_is_expected(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    data = folder(tmp_path / "data" / "one", *names).parent
    folder(data / "two", "02.asf", "02_01.amc")
    motionprep.build(data, tmp_path / "out")
    rows = motionprep.open(tmp_path / "out").manifest.set_index("key")
    assert dict(rows.status) == {"01_01": "failed", "02_01": "ok"}
    assert "expected 01_01.asf, or 01.asf" in rows.reason["01_01"]


def test_a_take_is_built_as_the_files_say_with_its_unit_from_a_folder_and_from_an_archive(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", "01.asf", "01_01.amc")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in sorted(data.iterdir()):
            archive.write(path, f"cmu/{path.name}")
    motionprep.build(data, tmp_path / "out")
    motionprep.build(tmp_path / "a.zip", tmp_path / "packed")

    motion = motionprep.open(tmp_path / "out")["train"]["01_01"]
    rig = read_asf(data / "01.asf")
    expected = read_amc(data / "01_01.amc", rig).positions()
    np.testing.assert_allclose(motion["positions"], expected, atol=1e-5)
    assert motion.facts["metres_per_unit"] == pytest.approx(0.0254 / 0.45)
    packed = motionprep.open(tmp_path / "packed")["train"]["01_01"]
    assert np.array_equal(packed["positions"], motion["positions"])


def test_a_rate_that_is_given_is_taken(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", "01.asf", "01_01.amc")
    motionprep.build(data, tmp_path / "out", rates={"01_01": 60.0})
    assert motionprep.open(tmp_path / "out")["train"]["01_01"].rate == 60


@pytest.mark.parametrize("changed", ["01.asf", "01_01.amc"])
def test_a_take_is_made_anew_where_its_skeleton_or_its_motion_changes(tmp_path: Path, changed: str) -> None:
    data = folder(tmp_path / "data", "01.asf", "01_01.amc", "02.asf", "02_01.amc")
    motionprep.build(data, tmp_path / "out")
    assert not motionprep.build(data, tmp_path / "out").changed

    text = (data / changed).read_bytes()
    (data / changed).write_bytes(text.replace(b"length 5", b"length 6") if changed == "01.asf" else amc(angles(8, 99)))
    os.utime(data / changed, (1.1e9, 1.1e9))
    assert motionprep.build(data, tmp_path / "out").changed
    motion = motionprep.open(tmp_path / "out")["train"]["01_01"]
    expected = read_amc(data / "01_01.amc", read_asf(data / "01.asf")).positions()
    np.testing.assert_allclose(motion["positions"], expected, atol=1e-5)


def test_a_damaged_skeleton_is_named_by_its_own_file_and_line(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", "01.asf", "01_01.amc", "02.asf", "02_01.amc")
    (data / "01.asf").write_text(ASF.replace("length 5", "length five"))
    motionprep.build(data, tmp_path / "out")
    rows = motionprep.open(tmp_path / "out").manifest.set_index("key")
    assert rows.status["02_01"] == "ok"
    assert rows.reason["01_01"].startswith("01.asf:20: found 'five'")
