"""Names that motions get in exports may be taken by files on any system, each by one motion."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import motionprep
from motionprep import Dataset, exporting
from motionprep.dataset.split import Split
from motionprep.exporting.base import sample_name

RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    "conin$",
    "conout$",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
}


def names(dataset: Dataset, *keys: str) -> list[str]:
    """Return the names of motions of a split with these keys."""
    row = dataset["test"]["07_01"].row
    split = Split(dataset.files, "test")
    split.rows = tuple({**row, "motion": key, "key": key} for key in keys)
    return [sample_name(split, split.stored(row)) for row in split.rows]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("CON", "%43ON"),
        ("nul", "%6Eul"),
        ("com1", "%63om1"),
        ("LPT9", "%4CPT9"),
        ("console", "console"),
        ("walk ", "walk%20"),
        ("walk  ", "walk %20"),
        ("walk.", "walk%2E"),
    ],
)
def test_names_that_windows_forbids_are_escaped(dataset: Dataset, key: str, name: str) -> None:
    assert names(dataset, key) == [name]


def test_keys_that_differ_in_case_alone_get_names_that_do_not(dataset: Dataset) -> None:
    found = names(dataset, "Walk", "walk", "run", "caf\u00e9", "cafe\u0301")

    assert len({name.casefold() for name in found}) == 5
    assert found[0].startswith("Walk~")
    assert found[2] == "run"
    assert found[3].startswith("caf\u00e9~")


@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_any_key_gets_a_name_that_any_system_takes(built: Path, key: str) -> None:
    (name,) = names(motionprep.open(built), key)

    assert len(f"{name}@99.positions_velocity.npy".encode()) <= 255
    assert not set(name) & set('/\\:*?"<>|.\0')
    assert not name.endswith(" ")
    assert name.lower() not in RESERVED


@given(keys=st.lists(st.text("aA.~%Ii\u0130\u0131", min_size=1, max_size=90), min_size=2, max_size=6, unique=True))
def test_no_two_keys_share_a_name(built: Path, keys: list[str]) -> None:
    found = names(motionprep.open(built), *keys)

    assert len({name.lower() for name in found}) == len(keys)


@pytest.mark.parametrize("kind", ["bvh", "npz", "webdataset"])
def test_a_file_with_a_long_name_of_dots_is_exported(corpus: Path, tmp_path: Path, kind: str) -> None:
    (tmp_path / "data").mkdir()
    name = "a." * 102 + "b"
    (tmp_path / "data" / f"{name}.bvh").write_bytes((corpus / "07" / "07_01.bvh").read_bytes())
    motionprep.build(tmp_path / "data", tmp_path / "out")

    exporting.export(kind, tmp_path / "out", tmp_path / "dest")

    assert tuple(motionprep.open(tmp_path / "out")["train"]) == (name,)
