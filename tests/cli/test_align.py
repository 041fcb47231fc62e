from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import motionprep
from motionprep.formats.c3d_write import write_c3d


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated corpus of two takes with both halves."""
    folder = tmp_path_factory.mktemp("align")
    motionprep.write_sample(folder, subjects=1, motions=2, frames=240, markers=True)
    return folder


def modalities(data: Path) -> tuple[list[Path], list[Path]]:
    return sorted(data.rglob("*.bvh")), sorted(data.rglob("*.c3d"))


def test_of_one_pair_the_finding_is_reported_line_by_line(run: Any, data: Path) -> None:
    (bvh, _), (c3d, _) = modalities(data)
    ended = run("align", bvh, c3d)
    lines = dict(line.split(maxsplit=1) for line in ended.out.splitlines())
    assert (ended.code, ended.err) == (0, "")
    assert list(lines) == ["lag", "axes", "scale", "residual", "knees", "frames"]
    assert lines["lag"] == "1: frame 2 of the skeleton is frame 1 of the markers"
    assert lines["axes"] == "yzx"
    assert lines["scale"].startswith("0.0177")
    assert "units a mm, a unit is 56.4" in lines["scale"]
    assert lines["frames"] == f"{motionprep.read_bvh(bvh).frames - 1} in common"


def test_the_files_may_come_in_any_order_and_have_any_names(run: Any, data: Path, tmp_path: Path) -> None:
    (bvh, _), (c3d, _) = modalities(data)
    other = Path(shutil.copy(c3d, tmp_path / "Trial 7.c3d"))
    assert run("align", other, bvh).out == run("align", bvh, c3d).out


def test_how_far_knee_markers_are_from_the_knees_is_reported(run: Any, data: Path) -> None:
    (bvh, _), (c3d, _) = modalities(data)
    (line,) = [line for line in run("align", bvh, c3d).out.splitlines() if line.startswith("knees")]
    left, right = line.removeprefix("knees").removesuffix(" mm from marker to joint, left and right").split("/")
    assert 40 < int(left) < 70
    assert 40 < int(right) < 70


def test_of_rates_that_do_not_go_together_the_modality_that_was_resampled_is_reported(
    run: Any, data: Path, tmp_path: Path
) -> None:
    (bvh, _), (c3d, _) = modalities(data)
    markers = motionprep.read_c3d(c3d)
    write_c3d(tmp_path / "slow.c3d", replace(markers.at(range(0, markers.frames, 2)), rate=50.0))
    motion = motionprep.read_bvh(bvh)
    motionprep.write_bvh(replace(motion, rate=100.0), tmp_path / "slow.bvh")
    motionprep.write_bvh(motion, tmp_path / "other.bvh")
    same, other = (
        run("align", tmp_path / name, tmp_path / "slow.c3d", "--method", "cmu").out
        for name in ("slow.bvh", "other.bvh")
    )
    assert "resampled" not in same
    assert other.splitlines()[-1].endswith("in common; the skeleton resampled from 120 to 50 a second")


def test_two_files_that_do_not_belong_together_exit_with_1(run: Any, data: Path) -> None:
    (bvh, _), (_, c3d) = modalities(data)
    ended = run("align", bvh, c3d, "--method", "cmu")
    assert ended.code == 1
    assert "residual" in ended.out
    assert ended.err == f"motionprep: {bvh.name} and {c3d.name}: the markers do not move with the skeleton\n"


def test_of_a_folder_there_is_a_table(run: Any, data: Path) -> None:
    ended = run("align", data)
    head, *rows = [line.split() for line in ended.out.splitlines()]
    assert (ended.code, ended.err) == (0, "")
    assert head[:4] == ["take", "lag", "axes", "scale"]
    assert [row[:3] for row in rows] == [[bvh.stem, "1", "yzx"] for bvh in modalities(data)[0]]


def test_the_modalities_may_be_in_two_folders(run: Any, data: Path, tmp_path: Path) -> None:
    for path in (*modalities(data)[0], *modalities(data)[1]):
        folder = tmp_path / path.suffix[1:]
        folder.mkdir(exist_ok=True)
        shutil.copy(path, folder)
    assert run("align", tmp_path / "bvh", tmp_path / "c3d").out == run("align", data).out


def test_takes_of_a_folder_that_cannot_be_aligned_are_named_below(run: Any, data: Path, tmp_path: Path) -> None:
    (one, other), (markers, broken) = (list(map(Path, paths)) for paths in modalities(data))
    shutil.copy(one, tmp_path / "a.bvh")
    shutil.copy(markers, tmp_path / "a.c3d")
    shutil.copy(other, tmp_path / "b.bvh")
    (tmp_path / "b.c3d").write_bytes(broken.read_bytes()[:100])
    shutil.copy(other, tmp_path / "c.bvh")
    shutil.copy(markers, tmp_path / "c.c3d")
    ended = run("align", tmp_path, "--method", "cmu")
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert [line.split()[0] for line in lines[:3]] == ["take", "a", "c"]
    assert lines[3].startswith("failed: b: b.c3d")
    assert lines[4] == "dropped: c: the markers do not move with the skeleton"


def test_what_is_known_can_be_said(run: Any, data: Path) -> None:
    (bvh, _), (c3d, _) = modalities(data)
    ended = run("align", bvh, c3d, "--lag", "2", "--axes", "yzx", "--scale", "0.0177")
    assert ended.out.splitlines()[0] == "lag       2: frame 3 of the skeleton is frame 1 of the markers"


def test_axes_that_cannot_be_are_wrong_usage(run: Any, data: Path) -> None:
    ended = run("align", data, "--axes", "xxz")
    assert (ended.code, "axes is 'xxz'" in ended.err) == (2, True)


def test_two_files_of_one_kind_are_no_pair(run: Any, data: Path) -> None:
    ended = run("align", *modalities(data)[0])
    assert (ended.code, "are not a BVH and a C3D file" in ended.err) == (1, True)


def test_a_folder_without_pairs_says_so(run: Any, corpus: Path) -> None:
    ended = run("align", corpus)
    assert (ended.code, "no take has a BVH and a C3D file" in ended.err) == (1, True)


def test_cmu_01_01_is_reported_as_it_was_measured(run: Any, real_data: Path) -> None:
    ended = run("align", real_data / "cmu-bvh" / "01_01.bvh", real_data / "cmu-c3d" / "01_01.c3d")
    assert ended.code == 0
    assert "frames    2,751 in common" in ended.out
    assert "\naxes      yzx\nscale     0.0177" in ended.out
    assert "\nknees     84 / 74 mm from marker to joint, left and right\n" in ended.out


def test_two_archives_are_two_folders(run: Any, data: Path, tmp_path: Path) -> None:
    for number, paths in enumerate(modalities(data)):
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            for path in paths:
                archive.write(path, path.name)
    assert run("align", tmp_path / "0.zip", tmp_path / "1.zip").out == run("align", data).out
