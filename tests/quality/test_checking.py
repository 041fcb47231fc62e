"""Files and datasets are read, checked and reported as a whole."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import faults
import numpy as np
import pytest

import motionprep
from motionprep import quality, read_bvh, read_c3d
from motionprep.formats.bvh import write_bvh
from motionprep.formats.c3d_write import write_c3d

GRAVE = ("error", "warning")


def grave(*data: Path) -> list[quality.Finding]:
    return [finding for finding in quality.check(data) if finding.severity in GRAVE]


def test_each_recorded_file_is_clean_by_itself(real_data: Path) -> None:
    files = [*(real_data / "cmu-bvh").iterdir(), *(real_data / "cmu-c3d").iterdir()]
    files.append(real_data / "other-bvh" / "cmu-daz_05_20.bvh")

    assert {path.name: grave(path) for path in files} == {path.name: [] for path in files}


@pytest.mark.parametrize("folders", [("cmu-bvh",), ("cmu-bvh", "cmu-c3d")])
def test_recorded_files_are_clean_together(real_data: Path, folders: tuple[str, ...]) -> None:
    assert grave(*(real_data / folder for folder in folders)) == []


def test_a_generated_corpus_is_clean(corpus: Path) -> None:
    assert grave(corpus) == []


def test_a_file_that_cannot_be_read_is_an_error(corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus, tmp_path / "data")
    path = sorted((tmp_path / "data").rglob("*.bvh"))[0]
    path.write_bytes(path.read_bytes().replace(b"\nMOTION", b"\nnan"))
    found = grave(tmp_path / "data")

    assert [(one.code, one.severity, one.motion) for one in found] == [("unreadable", "error", path.stem)]
    assert path.name in found[0].message


def test_faults_of_several_files_are_found_each_in_its_own(clean: Path, tmp_path: Path) -> None:
    shutil.copytree(clean, tmp_path / "data")
    one, two, three, four, five, six = sorted((tmp_path / "data").rglob("*.bvh"))
    for path, plant in (
        (one, lambda motion: faults.moved_root(motion, (200, 230), (8.0, 0.0, 0.0))),
        (two, lambda motion: faults.frozen(motion, (120, 134))),
        (three, lambda motion: faults.dropped(motion, 200, 3)),
        (four, lambda motion: faults.flipped(motion, "LeftArm", "X", 150)),
    ):
        write_bvh(plant(read_bvh(path)), path)
    for path, spoil in (
        (five, lambda markers: replace(markers, rate=60.0)),
        (six, lambda markers: faults.zeroed(markers, (200, 210))),
    ):
        (beside,) = (tmp_path / "data").rglob(f"{path.stem}.c3d")
        write_c3d(beside, spoil(read_c3d(beside)))
    found = quality.check(tmp_path / "data")

    def frames(path: Path, code: str) -> set[tuple[int, int] | None]:
        return {one.frames for one in found if (one.motion, one.code) == (path.stem, code)}

    assert frames(one, "jump-root")
    assert frames(two, "jump-frozen") == {(120, 134)}
    assert frames(three, "jump-dropped") == {(200, 200)}
    assert (150, 150) in frames(four, "jump-rotation")
    assert frames(six, "markers-zero") == {(200, 210)}
    assert {(one.motion, one.code) for one in found if one.severity == "error"} == {
        (five.stem, "rate-pair"),
        (six.stem, "markers-zero"),
    }


def test_motions_in_one_folder_are_compared(clean: Path, tmp_path: Path) -> None:
    shutil.copytree(clean, tmp_path / "data")
    motion = read_bvh(sorted(clean.rglob("*.bvh"))[0])
    write_bvh(faults.scaled(motion, 2.54), tmp_path / "data" / "99_01.bvh")
    found = [one for one in grave(tmp_path / "data") if one.motion == "99_01"]

    assert {one.code for one in found} == {"size-differs", "duplicate-motion"}


def test_a_dataset_is_checked_and_leaks_between_its_splits_are_errors(clean: Path, tmp_path: Path) -> None:
    shutil.copytree(clean, tmp_path / "data", ignore=shutil.ignore_patterns("*.c3d"))
    files = sorted((tmp_path / "data").rglob("*.bvh"))
    motion = read_bvh(files[0])
    write_bvh(motion.at(range(50, motion.frames, 4)), tmp_path / "data" / "99_01.bvh")
    motionprep.build(tmp_path / "data", tmp_path / "out", recipe={"split": {"percent": "85/15"}})
    found = [one for one in quality.check(tmp_path / "out") if one.severity == "error"]

    assert [(one.code, one.motion, one.other) for one in found] == [("duplicate-resampled", "99_01", files[0].stem)]


def test_findings_do_not_depend_on_the_number_of_threads(clean: Path) -> None:
    assert quality.check(clean, workers=1) == quality.check(clean, workers=3)


def test_checks_can_be_chosen_and_have_other_limits(clean: Path) -> None:
    from motionprep.quality.size import Size

    found = quality.check(clean, checks=[Size(tallest=0.1, shortest=0.05, unstated=1.0)])

    assert {one.code for one in found} == {"size-implausible"}


def test_progress_reaches_the_number_of_takes(clean: Path) -> None:
    steps: list[tuple[int, int]] = []
    quality.check(clean, on_progress=lambda done, total: steps.append((done, total)))

    assert steps[-1] == (6, 6)


@pytest.mark.parametrize("path", ["nowhere"])
def test_a_path_that_is_not_there_is_an_error(path: str) -> None:
    with pytest.raises(motionprep.SourceError):
        quality.check(path)


def test_a_number_that_is_none_is_an_error_at_its_frame(clean: Path, tmp_path: Path) -> None:
    lines = sorted(clean.rglob("*.bvh"))[0].read_bytes().splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith(b"Frame Time")) + 1
    lines[first + 41] = b"nan" + lines[first + 41][lines[first + 41].index(b" ") :]
    (tmp_path / "69_01.bvh").write_bytes(b"\n".join(lines) + b"\n")
    (found,) = grave(tmp_path)

    assert (found.code, found.severity, found.frames) == ("unreadable", "error", (42, 42))


def test_arrays_of_clips_have_no_jump_between_clips(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    starts = rng.normal(0, 1, (40, 1, 17, 3))
    np.save(tmp_path / "S1.npy", starts + np.cumsum(rng.normal(0, 0.001, (40, 8, 17, 3)), axis=1))
    (tmp_path / "arrays.toml").write_text('names = "h36m-17"\nrate = 50.0\nunits = "m"\n')

    assert [one for one in grave(tmp_path) if one.code.startswith("jump")] == []


def test_a_number_that_is_none_in_an_array_is_found_at_its_frames(tmp_path: Path) -> None:
    values = np.cumsum(np.random.default_rng(0).normal(0, 0.001, (100, 17, 3)), axis=0)
    values[30:33, 4] = np.nan
    np.save(tmp_path / "S1.npy", values)
    (tmp_path / "arrays.toml").write_text('names = "h36m-17"\nrate = 50.0\nunits = "m"\n')
    found = [one for one in grave(tmp_path) if one.code == "range-not-finite"]

    assert [(one.severity, one.frames) for one in found] == [("error", (31, 33))]
