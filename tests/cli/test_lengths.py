from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

import motionprep
from motionprep.maths.lengths import measure
from motionprep.motion.take import Take


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated corpus of two subjects with two takes each, with both halves."""
    folder = tmp_path_factory.mktemp("lengths")
    motionprep.write_sample(folder, subjects=2, motions=2, frames=60, markers=True)
    return folder


def test_there_is_a_line_for_each_subject(run: Any, data: Path) -> None:
    ended = run("lengths", data)
    head, *rows = [line.split() for line in ended.out.splitlines()]
    motion = motionprep.read_bvh(sorted(data.rglob("*.bvh"))[0])
    assert (ended.code, ended.err) == (0, "")
    assert head == ["subject", "takes", "thigh", "least", "most"]
    assert [row[:2] for row in rows] == [["02", "2"], ["07", "2"]]
    assert float(rows[0][2]) == pytest.approx(measure(Take("a", motion), "thigh"), rel=1e-4)


def test_markers_are_measured_take_by_take(run: Any, data: Path) -> None:
    row = run("lengths", data, "--markers", "--of", "height").out.splitlines()[1].split()
    found = sorted(
        measure(Take("a", None, motionprep.read_c3d(path)), "height") for path in sorted(data.rglob("02*.c3d"))
    )
    assert [float(word) for word in row[2:]] == pytest.approx([sum(found) / 2, *found], rel=1e-4)


def test_the_table_gives_all_takes_of_a_subject_one_factor(run: Any, data: Path, tmp_path: Path) -> None:
    table = run("lengths", data, "--markers", "--toml").out
    head = '[[stages]]\nstage = "scale"\nthigh = 1\n\n'
    stored = '\n[[stages]]\nstage = "features"\narrays = ["markers"]\n'
    (tmp_path / "recipe.toml").write_text(head + table + stored, encoding="utf-8")

    motionprep.build(data, tmp_path / "out", recipe=motionprep.load_recipe(tmp_path / "recipe.toml"))

    manifest = motionprep.open(tmp_path / "out").manifest
    assert list(manifest.status) == ["ok"] * 4
    assert list(manifest.groupby("subject").scale.nunique()) == [1, 1]
    lengths = tomllib.loads(table)["stages"]["lengths"]
    assert list(manifest.scale) == pytest.approx([1 / length for length in lengths.values() for _ in range(2)])


def test_what_cannot_be_measured_is_named(run: Any, data: Path, tmp_path: Path, make_take: Any) -> None:
    one, other = sorted(data.rglob("*.bvh"))[:2]
    shutil.copy(one, tmp_path)
    (tmp_path / other.name).write_bytes(other.read_bytes()[:500])
    motionprep.write_bvh(make_take().motion, tmp_path / "03_01.bvh")
    lines = run("lengths", tmp_path).out.splitlines()
    assert lines[1].split()[:2] == ["02", "1"]
    assert lines[2].startswith(f"failed: {other.stem}: {other.name}")
    assert lines[3] == "left out: 03_01: no thigh to measure"


def test_nothing_to_measure_exits_with_1(run: Any, tmp_path: Path, make_take: Any) -> None:
    motionprep.write_bvh(make_take().motion, tmp_path / "03_01.bvh")
    ended = run("lengths", tmp_path)
    assert (ended.code, "the thigh of no take can be measured" in ended.err) == (1, True)
