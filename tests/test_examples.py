"""The examples of docs/examples, run by the commands that each tells."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import motionprep

pytest.importorskip("torch")

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


def run(example: str, folder: Path) -> list[str]:
    """Run the commands of an example's docstring one after the other; return what they print."""
    story = ast.get_docstring(ast.parse((EXAMPLES / example).read_text(encoding="utf-8"))) or ""
    printed = []
    for line in re.findall(r"^    (\S.*)$", story, re.MULTILINE):
        program, *words = shlex.split(line)
        words = [str(EXAMPLES.parents[1] / word) if word.startswith("docs/") else word for word in words]
        begin = [sys.executable] if program == "python" else [str(Path(sys.executable).parent / program)]
        done = subprocess.run([*begin, *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    return printed


def test_the_hips_are_found_from_all_other_nodes_and_shown_as_an_animation(tmp_path: Path) -> None:
    *_, score, export = run("exp3.py", tmp_path)
    distance = float(re.search(r"positions\[Hips\]\s+([\d.]+)", score)[1])
    test = motionprep.open(tmp_path / "OUT")["test"]
    mean = np.asarray(motionprep.open(tmp_path / "OUT")["train"].array("positions"))[:, 0].mean(0)
    assert distance < 0.2 * np.linalg.norm(np.asarray(test["positions"])[:, 0] - mean, axis=-1).mean()
    assert "read back, no node is further than" in export
    predicted = motionprep.read_bvh(tmp_path / "ANIMATION" / "test" / "69_01.bvh")
    assert np.allclose(predicted.root_position(), np.load(tmp_path / "PRED.npy"), atol=1e-3)


def test_joints_are_found_from_corrupted_markers(tmp_path: Path) -> None:
    *_, score = run("denoise.py", tmp_path)
    assert float(re.search(r"positions\s+([\d.]+)", score)[1]) < 0.1  # metres
