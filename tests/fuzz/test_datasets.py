"""Changed files of a dataset: a DatasetError says which, and what is opened all the same has the numbers built."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pytest
from fuzzing import ROUNDS, changed_text, changed_tree, hunt, splice

import motionprep
from motionprep.errors import DatasetError
from motionprep.sample import write_sample
from motionprep.storage import store


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    write_sample(folder / "DATA", subjects=1, motions=2, frames=20)
    motionprep.build(folder / "DATA", folder / "OUT", recipe={"split": {"percent": "50/50", "parts": 1}})
    return folder / "OUT"


def numbers(out: Path) -> dict[str, np.ndarray]:
    """Return the positions of all motions, and read what else there is to read."""
    dataset = motionprep.open(out)
    assert dataset.manifest is not None
    assert dataset.stats is not None
    found = {}
    for split in dataset.splits:
        assert len(dataset[split].windows(4, inputs=["positions"])) >= 0
        for key in tuple(dataset[split]):
            motion = dataset[split][key]
            assert motion.skeleton is not None
            found[key] = np.array(motion["positions"])
    return found


class _Changed:
    """Puts one changed file into a copy of a dataset, and takes it back."""

    def __init__(self, built: Path, folder: Path) -> None:
        self.out = folder / "COPY"
        shutil.copytree(built, self.out)
        self.truth = numbers(built)
        self.files = sorted(
            path for path in self.out.rglob("*") if path.is_file() and path.name not in ("lock", "holder")
        )

    def read(self, change: tuple[Path, bytes]) -> dict[str, np.ndarray]:
        path, data = change
        kept = path.read_bytes()
        path.write_bytes(data)
        try:
            with contextlib.suppress(DatasetError):
                motionprep.verify(self.out)
            return numbers(self.out)
        finally:
            path.write_bytes(kept)

    def check(self, _: object, read: dict[str, np.ndarray]) -> None:
        for key, positions in read.items():
            np.testing.assert_array_equal(positions, self.truth[key])


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Iterator[_Changed]:
    return _Changed(built, tmp_path)


@ROUNDS
def test_a_changed_file_of_a_dataset_is_refused_or_changes_no_number(rounds, copy):
    def change(random: Random) -> tuple[Path, bytes]:
        path = random.choice(copy.files)
        data = path.read_bytes()
        match random.randrange(5):
            case 0 if path.suffix == ".json":
                data = changed_text(random, (data.decode(),))
            case 0 | 1:
                data = data[: random.choice((0, 1, 8, len(data) // 2, max(0, len(data) - 1)))]
            case 2:
                place = random.randrange(max(1, len(data)))
                data = data[:place] + bytes([random.randrange(256)]) + data[place + 1 :]
            case 3:
                data = splice(random, data, random.choice(copy.files).read_bytes())
            case _:
                data = random.choice(copy.files).read_bytes()
        return path, data

    done, refused = hunt(rounds // 3, change, copy.read, copy.check)
    assert refused > rounds / 20
    assert done > 0


@ROUNDS
def test_a_changed_dataset_json_whose_seal_fits_is_refused_or_changes_no_number(rounds, copy):
    whole = json.loads((copy.out / store.DATASET).read_bytes())

    def change(random: Random) -> tuple[Path, bytes]:
        value = changed_tree(random, whole)
        try:
            value["sha256"] = store._seal(value)
            return copy.out / store.DATASET, msgspec.json.encode(value)
        except Exception:  # noqa: BLE001 - no seal can be made of what is too large for JSON
            return copy.out / store.DATASET, json.dumps(value).encode()

    hunt(rounds // 3, change, copy.read, copy.check)
