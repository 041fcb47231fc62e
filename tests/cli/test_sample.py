from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from motionprep import read_bvh, write_sample


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}


def test_a_sample_is_what_the_library_writes(run: Any, tmp_path: Path) -> None:
    run("sample", "-o", tmp_path / "one", "--subjects", "2", "--motions", "1", "--frames", "20", "--seed", "5")
    write_sample(tmp_path / "other", subjects=2, motions=1, frames=20, seed=5)
    assert content(tmp_path / "one") == content(tmp_path / "other")


def test_a_sample_ends_with_what_was_written(run: Any, tmp_path: Path) -> None:
    dest = tmp_path / "data"
    ended = run("sample", "-o", dest, "--subjects", "2", "--motions", "1", "--frames", "20")
    frames = sum(read_bvh(path).frames for path in dest.rglob("*.bvh"))
    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(rf"2 motions, {frames} frames, [\d.]+ kB in {dest}\n", ended.out)


def test_markers_are_written_if_asked_for(run: Any, tmp_path: Path) -> None:
    sizes = ["--subjects", "2", "--motions", "1", "--frames", "20"]
    run("sample", "-o", tmp_path / "one", *sizes, "--markers")
    run("sample", "-o", tmp_path / "none", *sizes)
    write_sample(tmp_path / "other", subjects=2, motions=1, frames=20, markers=True)
    assert content(tmp_path / "one") == content(tmp_path / "other")
    assert set(content(tmp_path / "one")) - set(content(tmp_path / "none")) == {"02/02_01.c3d", "07/07_01.c3d"}


def test_a_terminal_shows_how_far_a_sample_is(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    ended = run("sample", "-o", tmp_path / "data", "--subjects", "1", "--motions", "3", "--frames", "9")
    assert "| 0/3 [" in ended.err
    assert "frames/s" not in ended.err


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_a_quiet_sample_says_nothing(run: Any, tmp_path: Path, option: str) -> None:
    ended = run("sample", "-o", tmp_path / "data", option, "--subjects", "1", "--motions", "1", "--frames", "9")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_a_folder_with_anything_else_in_it_exits_with_1(run: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    ended = run("sample", "-o", tmp_path)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith(f"motionprep: {tmp_path} is not empty")


def test_sizes_beside_a_likeness_exit_with_1(run: Any, tmp_path: Path) -> None:
    ended = run("sample", "-o", tmp_path / "data", "--like", "cmu", "--frames", "9")
    assert (ended.code, "leave out frames" in ended.err) == (1, True)


@pytest.mark.parametrize("flags", [["--subjects", "0"], ["--frames", "1"], ["--like", "lafan"], ["--motion", "1"]])
def test_wrong_usage_exits_with_2(run: Any, tmp_path: Path, flags: list[str]) -> None:
    assert run("sample", "-o", tmp_path / "data", *flags).code == 2


def test_a_missing_folder_is_wrong_usage(run: Any) -> None:
    assert run("sample").code == 2


def test_the_help_promises_the_same_bytes_everywhere(run: Any) -> None:
    ended = run("sample", "--help")
    assert (ended.code, "same bytes on any machine" in ended.out) == (0, True)
