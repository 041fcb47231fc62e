"""A dataset of format 1 opens and verifies, and the next build of it makes it anew and says why."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep import read_bvh


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two BVH files, ``data``, and the dataset of format 1 that was built of them, ``out``."""
    with zipfile.ZipFile(Path(__file__).parent / "data" / "format_1.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_it_opens_with_the_numbers_that_it_was_built_of(folder: Path) -> None:
    dataset = motionprep.open(folder / "out")

    assert dataset.facts["motionprep"] == 1
    assert dataset.recipe.normalize.stored
    found = dataset["train"]["01_01"].unnormalized("positions")
    np.testing.assert_allclose(found, read_bvh(folder / "data" / "01_01.bvh").positions(), atol=1e-5)


def test_it_verifies(folder: Path) -> None:
    assert motionprep.verify(folder / "out") == []


@pytest.mark.parametrize("replace", [False, True])
def test_the_next_build_makes_it_anew_and_says_why(folder: Path, replace: bool) -> None:
    before = motionprep.open(folder / "out")["train"]["01_01"]["positions"]
    summary = motionprep.build(folder / "data", folder / "out", recipe=folder / "out" / "dataset.json", replace=replace)

    assert any("has format 1, and this motionprep writes format 2" in note for note in summary.notes)
    assert (summary.made, summary.kept) == (2, 0)
    assert np.array_equal(motionprep.open(folder / "out")["train"]["01_01"]["positions"], before)
