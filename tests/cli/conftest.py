"""What the tests of the verbs share: a way to run them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import motionprep_cli
import pytest

from motionprep import write_sample


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs ``motionprep`` with its arguments."""

    def run_with(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["motionprep", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            motionprep_cli.main()
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return run_with


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated corpus of three takes, each with a skeleton and markers."""
    folder = tmp_path_factory.mktemp("pairs")
    write_sample(folder, subjects=3, motions=1, frames=120, markers=True)
    return folder


@pytest.fixture(scope="session")
def markers(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of the markers alone."""
    folder = tmp_path_factory.mktemp("markers")
    for path in pairs.rglob("*.c3d"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return where a dataset may be built."""
    return tmp_path / "out"
