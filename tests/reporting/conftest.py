"""What the tests of pages share: a headless browser, and pages that are opened in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from motionprep import read_bvh, read_c3d, write_sample
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion

#: Where a browser may be; the first that is there.
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated corpus of two motions of each of two subjects, with markers."""
    folder = tmp_path_factory.mktemp("takes")
    write_sample(folder, subjects=2, motions=2, frames=240, markers=True)
    return folder


@pytest.fixture(scope="session")
def walk_file(takes: Path) -> Path:
    """Return the file of a generated walk."""
    return sorted(takes.rglob("*.bvh"))[0]


@pytest.fixture(scope="session")
def walk(walk_file: Path) -> Motion:
    """Return that walk without its T-pose."""
    motion = read_bvh(walk_file)
    return motion.at(range(1, motion.frames))


@pytest.fixture(scope="session")
def walk_markers(walk_file: Path) -> Markers:
    """Return the markers of that walk, which have no T-pose."""
    return read_c3d(walk_file.with_suffix(".c3d"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a headless Chromium, or skip."""
    found = os.environ.get("MOTIONPREP_BROWSER") or next(filter(None, map(shutil.which, _NAMES)), None)
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    if not found:
        pytest.skip("there is no Chromium: apt-get install chromium, or name one in MOTIONPREP_BROWSER")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


class Tab:
    """A page in the browser, with what it requested and what it complained about."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.requests: list[str] = []
        self.complaints: list[str] = []
        tab.on("request", lambda request: self.requests.append(request.url))
        tab.on("console", lambda message: self.complaints.append(message.text))
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))

    def ask(self, script: str) -> Any:
        """Return what a script returns, ``motionprepPlayer`` being the player."""
        return self.tab.evaluate(script)

    @property
    def frame(self) -> int:
        """The frame that is shown."""
        return int(self.ask("motionprepPlayer.frame"))

    @property
    def text(self) -> str:
        """All text that is to be seen."""
        return str(self.tab.inner_text("body"))


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Tab]]:
    """Return a function that opens a file in a tab of its own, with options of the browser's context."""
    contexts = []

    def open_in_tab(path: Path, address: str = "", **options: Any) -> Tab:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        contexts.append(context)
        tab = Tab(context.new_page())
        tab.tab.goto(f"{path.resolve().as_uri()}{address}")
        return tab

    yield open_in_tab
    for context in contexts:
        context.close()
