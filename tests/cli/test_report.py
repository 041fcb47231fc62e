from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_report_says_what_it_wrote(run: Any, pairs: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    ended = run("report", pairs, "--takes", 2)

    assert ended.code == 0
    assert ended.out.startswith("motions: 3, 2 of them in the player; 0 errors, ")
    assert (tmp_path / "report.html").is_file()


def test_report_of_nothing_that_can_be_read_exits_with_1(run: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "cut.bvh").write_text("HIERARCHY\n")
    ended = run("report", tmp_path / "cut.bvh", "-o", "page.html")

    assert (ended.code, ended.out.partition(";")[0]) == (1, "motions: 0, 0 of them in the player")


def test_report_shows_a_motion_that_is_asked_for(run: Any, pairs: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    ended = run("report", pairs, "-o", "page.html", "--takes", 0, "--motion", "07_01")

    assert (ended.code, ended.out.partition(";")[0]) == (0, "motions: 3, 1 of them in the player")


def test_report_of_an_unknown_motion_is_wrong_use(run: Any, pairs: Path) -> None:
    pytest.importorskip("matplotlib")
    ended = run("report", pairs, "--motion", "nobody")

    assert (ended.code, "there is no motion 'nobody' to show" in ended.err) == (2, True)


def test_report_without_matplotlib_says_how_to_get_it(run: Any, pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    ended = run("report", pairs)

    assert (ended.code, ended.err) == (
        1,
        "motionprep: charts need Matplotlib, which is not installed: pip install matplotlib\n",
    )


def test_view_prints_the_path_of_the_page(run: Any, pairs: Path, tmp_path: Path) -> None:
    ended = run("view", pairs, "02_01", "-o", "walk.html", "--no-open")

    assert (ended.code, ended.out) == (0, "walk.html\n")
    assert (tmp_path / "walk.html").is_file()


def test_view_opens_the_browser(run: Any, pairs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: not opened.append(address))
    ended = run("view", pairs, "02_01", "-o", "walk.html")

    assert (ended.code, ended.out) == (0, "")
    assert opened == [(tmp_path / "walk.html").as_uri()]


def test_view_prints_the_path_where_no_browser_opens(run: Any, pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda address: False)

    assert run("view", pairs, "02_01", "-o", "walk.html").out == "walk.html\n"


def test_view_of_a_folder_without_a_key_is_wrong_use(run: Any, pairs: Path) -> None:
    ended = run("view", pairs, "--no-open")

    assert (ended.code, "holds 3 motions" in ended.err) == (2, True)
