"""motionprep check prints findings, and exits with 1 if there is an error."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

KEYS = {"code", "severity", "motion", "other", "frames", "joint", "value", "limit", "message"}


def test_check_prints_what_it_finds(run: Any, corpus: Path) -> None:
    ended = run("check", corpus, "-q")

    assert ended.code == 0
    assert "note: range-t-pose: 16" in ended.out


def test_check_prints_findings_as_json(run: Any, corpus: Path) -> None:
    ended = run("check", corpus, "-q", "--json")
    findings = json.loads(ended.out)["findings"]

    assert ended.code == 0
    assert {key for finding in findings for key in finding} == KEYS
    assert {tuple(finding["frames"]) for finding in findings if finding["code"] == "range-t-pose"} == {(1, 1)}


def test_an_error_is_an_exit_code_of_1(run: Any, corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus, tmp_path / "data")
    path = sorted((tmp_path / "data").rglob("*.bvh"))[0]
    path.write_bytes(path.read_bytes()[:-200] + b"nan\n")
    ended = run("check", tmp_path / "data", "-q", "--json")

    assert ended.code == 1
    assert "error" in {finding["severity"] for finding in json.loads(ended.out)["findings"]}


def test_findings_about_markers_are_json(run: Any, markers: Path) -> None:
    ended = run("check", markers, "-q", "--json")
    codes = {finding["code"] for finding in json.loads(ended.out)["findings"]}

    assert codes & {"markers-missing", "markers-gap"}


def test_each_recorded_file_is_json_without_errors_and_warnings(run: Any, real_data: Path) -> None:
    files = [*(real_data / "cmu-bvh").iterdir(), *(real_data / "cmu-c3d").iterdir()]
    ended = {path.name: run("check", path, "-q", "--json") for path in files}

    assert {name: one.code for name, one in ended.items()} == dict.fromkeys(ended, 0)
    for one in ended.values():
        assert {finding["severity"] for finding in json.loads(one.out)["findings"]} == {"note"}
