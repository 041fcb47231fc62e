"""Messages of the library name arguments; the command line names flags."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motionprep_cli import cli
from motionprep_cli.flags import with_flags

import motionprep


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("give `markers`, or name `features`", "give --markers, or name --features"),
        ("give `label_pattern`", "give --label-pattern"),
        ("choose `splits`", "choose --splits"),
        ("`normalize` is about a prediction", "--no-normalize is about a prediction"),
        ("a name that is no argument: `nothing_of_ours`", "a name that is no argument: `nothing_of_ours`"),
    ],
)
def test_arguments_are_shown_as_flags(message: str, shown: str) -> None:
    assert with_flags(message, cli) == shown


def test_the_flag_is_that_of_the_verb_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for verb, flag in ((["export", "bvh"], "--from"), (["view"], "--prediction")):
        monkeypatch.setattr("sys.argv", ["motionprep", *verb, "OUT"])
        assert with_flags("give one by `prediction`", cli) == f"give one by {flag}"


def test_an_error_names_the_argument_in_python_and_the_flag_on_the_command_line(
    run: Any, corpus: Path, tmp_path: Path
) -> None:
    motionprep.build(corpus, tmp_path / "out")
    np.save(tmp_path / "predicted.npy", np.zeros((3, 2)))
    dataset = motionprep.open(tmp_path / "out")
    with pytest.raises(motionprep.PredictionError, match="`targets`"):
        motionprep.score(motionprep.load_predictions(tmp_path / "predicted.npy"), dataset["train"].windows(8))

    ended = run("score", tmp_path / "predicted.npy", tmp_path / "out", "--split", "train", "--length", "8")
    assert ended.code == 2
    assert "--targets" in ended.err


def test_no_message_of_the_library_names_a_flag() -> None:
    named = [
        f"{path.name}: {line.strip()}"
        for path in Path(motionprep.__file__).parent.rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"[ '\"(]--[a-z]", line) and "motionprep build" not in line and "var(--" not in line
    ]
    assert named == []
