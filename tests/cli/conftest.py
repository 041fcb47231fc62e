"""What the tests of the verbs share: a way to run them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import motionprep_cli
import pytest


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


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return where a dataset may be built."""
    return tmp_path / "out"
