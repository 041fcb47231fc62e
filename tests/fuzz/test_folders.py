"""Changed files beside good ones: the good ones are always built, with the same numbers."""

from __future__ import annotations

import io
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from c3d_bytes import c3d, walk
from fuzzing import ROUNDS, changed_text, hunt, splice

import motionprep
from motionprep.errors import MotionPrepError

BVH = """\
HIERARCHY
ROOT Hips
{
	OFFSET 0 0 0
	CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
	JOINT Chest
	{
		OFFSET 0 5 0
		CHANNELS 3 Zrotation Xrotation Yrotation
		End Site
		{
			OFFSET 0 2 0
		}
	}
}
MOTION
Frames: 2
Frame Time: 0.1
1 2 3 0 0 0 90 0 0
4 5 6 0 0 0 0 0 0
"""
TOML = 'names = ["a", "b", "c"]\nrate = 10\n'
INDEX = "good_1\twalk\nx_1\tjump\n"
NAMES = (
    *(
        "x_1",
        "a/x_1",
        "../x_1",
        "/x_1",
        "C:\\x_1",
        "a\\x_1",
        "a/../x_1",
        "a//x_1",
        "index",
        "arrays",
        "CON",
        ".",
        "",
        " ",
    ),
    *("x" * 300, "9" * 5000, "ä_1", "\u202ex_1", "x\n1", "x_1/", "-rf", "é" * 120, "good_1", "good_2", "0" * 100),
)
SUFFIXES = (".bvh", ".bvh", ".c3d", ".npy", ".npz", ".txt", ".zip", ".toml", ".BVH", "")
FEATURES = {"stage": "features", "arrays": ["positions", "rotations"]}


def _bvh(random: Random) -> bytes:
    return changed_text(random, (BVH,))


def _npy(random: Random) -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(54.0).reshape(random.choice(((6, 3, 3), (2, 3, 3, 3), (18, 3), (6, 9)))))
    data = file.getvalue()
    place = random.randrange(len(data))
    return data[:place] + bytes([random.randrange(256)]) + data[place + random.choice((0, 1, 1, 1, 9)) :]


def _c3d(random: Random) -> bytes:
    data = bytearray(c3d(walk(), ["A", "B", "C"]))
    data[random.choice((*range(24), *range(512, 600)))] = random.randrange(256)
    return bytes(data)


def _archive(random: Random, depth: int = 0) -> bytes:
    """Return an archive with names that no program should write, and as a rule with a fault."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", random.choice((0, 8, 12, 14))) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(random.choice((0, 1, 2, 3))):
            name = random.choice(NAMES) + random.choice(SUFFIXES)
            content = random.choice((_bvh, _npy, _c3d, lambda _: BVH.encode(), lambda _: bytes(1 << 20)))(random)
            if depth == 0 and random.random() < 0.1:
                content = _archive(random, 1)
            entry = zipfile.ZipInfo(name or "x")
            entry.compress_type = archive.compression
            entry.external_attr = random.choice((0, 0, 0o120777 << 16, 0o010644 << 16))
            archive.writestr(entry, content)
    data = bytearray(file.getvalue())
    for _ in range(random.choice((0, 0, 1, 3))):
        place = random.choice((random.randrange(len(data)), len(data) - random.randrange(1, 60)))
        data[place % len(data)] = random.choice((0, 1, 8, 255, random.randrange(256)))
    match random.randrange(8):
        case 0:
            return bytes(data[: random.randrange(len(data))])
        case 1:
            return splice(random, bytes(data), bytes(data))
    return bytes(data)


#: Names of files that may stand beside motions, and what makes their content.
BESIDE: tuple[tuple[str, Callable[[Random], bytes]], ...] = (
    ("x_1.bvh", _bvh),
    ("x_1.bvh", _c3d),
    ("x_1.c3d", _c3d),
    ("good_1.c3d", _c3d),
    ("x_1.npy", _npy),
    ("x_1.npz", _archive),
    ("arrays.toml", lambda random: changed_text(random, (TOML,))),
    ("x_1.toml", lambda random: changed_text(random, (TOML,))),
    ("index.txt", lambda random: changed_text(random, (INDEX,))),
    ("x.zip", _archive),
    ("sub/x.zip", _archive),
    ("sub/good_1.bvh", _bvh),
)


class _Folder:
    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0
        (folder / "good").mkdir()
        (folder / "good" / "good_1.bvh").write_text(BVH)
        (folder / "good" / "good_2.bvh").write_text(BVH.replace("90", "45"))
        self.truth = self.build({})

    def build(self, files: dict[str, bytes]) -> dict[str, np.ndarray]:
        self.number += 1
        data, out = self.folder / f"D{self.number}", self.folder / f"O{self.number}"
        shutil.copytree(self.folder / "good", data)
        for name, content in files.items():
            (data / name).parent.mkdir(exist_ok=True)
            (data / name).write_bytes(content)
        try:
            motionprep.build(data, out, recipe={"split": {"percent": "100"}, "stages": [FEATURES]}, workers=1)
            train = motionprep.open(out)["train"]
            return {key: np.array(train[key]["positions"]) for key in train}
        except MotionPrepError as error:
            raise AssertionError(f"the good files were not built: {type(error).__name__}: {error}") from error
        finally:
            shutil.rmtree(data)
            shutil.rmtree(out, ignore_errors=True)


@pytest.fixture
def folder(tmp_path: Path) -> _Folder:
    return _Folder(tmp_path)


@ROUNDS
def test_a_changed_file_beside_good_ones_leaves_them_as_they_are(rounds, folder):
    def change(random: Random) -> dict[str, bytes]:
        return {name: make(random) for name, make in random.sample(BESIDE, random.choice((1, 1, 2)))}

    def check(files: dict[str, bytes], read: dict[str, np.ndarray]) -> None:
        # Of two files with one key neither is taken.
        twice = "sub/good_1.bvh" in files or any(
            b"good_" in data for name, data in files.items() if name.endswith("zip")
        )
        for key in ("good_2",) if twice else ("good_1", "good_2"):
            if not (twice and key not in read):
                np.testing.assert_array_equal(read[key], folder.truth[key])

    done, _ = hunt(rounds // 3, change, folder.build, check, seconds=8.0)
    assert done == rounds // 3
