"""A damaged file of predictions is named as one, whatever is wrong with it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motionprep
from motionprep import exporting
from motionprep.dataset.windows import Windows
from motionprep.errors import MotionPrepError, PredictionError
from motionprep.scoring import load_predictions, score


def npy(header: bytes, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header


WHOLE = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3, }\n"),
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': ((4, 3), \n"),
        npy(b"(" * 3000),
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"9" * 5000 + b",)}"),
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 4000000000, 4000000000)}"),
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-4, 3)}") + bytes(48),
        npy(b"{'descr': 'O', 'fortran_order': False, 'shape': (4, 3)}") + bytes(96),
        npy(b"{'descr': [('a', '<f4', (-1,))], 'fortran_order': False, 'shape': (4, 3)}") + bytes(48),
        npy(b"{'descr': {1: 2}, 'fortran_order': False, 'shape': (4, 3)}") + bytes(48),
        npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3)}", b"\x09\x00") + bytes(48),
        npy(b"\xff\xfe{'descr': '<f4'}"),
        b"\x80\x04cos\nsystem\n.",
    ],
)
def test_a_damaged_file_is_no_whole_file_of_numbers(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.npy").write_bytes(content)

    with pytest.raises(PredictionError, match=r"bad\.npy: (is no whole \.npy file of numbers|cannot be read)"):
        load_predictions(tmp_path / "bad.npy")


def test_an_archive_is_named_as_one_whole_or_not(tmp_path: Path) -> None:
    for number, content in enumerate((b"PK\x03\x04" + bytes(40), whole("npz", np.zeros((4, 3))))):
        (tmp_path / f"{number}.npy").write_bytes(content)
        with pytest.raises(PredictionError, match=r"is an archive \(\.npz\)"):
            load_predictions(tmp_path / f"{number}.npy")


def whole(kind: str, values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values) if kind == "npy" else np.savez(buffer, values)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def dataset(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> motionprep.Dataset:
    out = tmp_path_factory.mktemp("damaged") / "out"
    motionprep.build(corpus, out)
    return motionprep.open(out)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["npy", "npz"]),
    changes=st.lists(
        st.tuples(st.integers(0, 260), st.one_of(st.integers(0, 255), st.sampled_from(list(b"()[]{}',:0919<f")))),
        min_size=1,
        max_size=6,
    ),
    cut=st.one_of(st.none(), st.integers(0, 300)),
)
def test_mutated_predictions_are_scored_and_shown_or_refused(
    dataset: motionprep.Dataset,
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    changes: list[tuple[int, int]],
    cut: int | None,
) -> None:
    motion = next(iter(dataset["train"].values()))
    windows = dataset["train"].windows(1, targets=["root_position"])
    content = bytearray(whole(kind, motion["root_position"]))
    for place, byte in changes:
        content[place % len(content)] = byte
    path = tmp_path_factory.mktemp("mutated") / "pred.npy"
    path.write_bytes(content[:cut])

    refused = [
        error for error in (said_of_scores(path, windows), said_of_animations(path, dataset, motion.key)) if error
    ]

    assert all("pred.npy" in error for error in refused), refused


def said_of_scores(path: Path, windows: Windows) -> str:
    """Return why predictions are not scored; nothing if they are."""
    try:
        score(load_predictions(path), windows)
    except MotionPrepError as error:
        return str(error)
    return ""


def said_of_animations(path: Path, dataset: motionprep.Dataset, key: str) -> str:
    """Return why predictions are not shown; nothing if they are."""
    settings = {"prediction": str(path), "fields": ("root_position",), "motion": key, "splits": ("train",)}
    try:
        exporting.export("bvh", dataset, path.parent / "dest", **settings)
    except MotionPrepError as error:
        return str(error)
    return ""
