from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import motionprep
from motionprep import DatasetError, build, read_bvh
from motionprep.motion.hashing import digest
from motionprep.recipe.recipe import recipe_from_json
from motionprep.storage import manifest

COLUMNS = [
    *("key", "subject", "motion", "ordinal", "source", "source_bytes", "source_sha256"),
    *("markers_source", "markers_source_bytes", "markers_source_sha256", "label", "labels", "status", "reason"),
    *(
        "split",
        "part",
        "copy",
        "frames_in",
        "fps_in",
        "frames",
        "fps",
        "clip",
        "shard",
        "start",
        "stop",
        "skeleton",
        "marker_names",
    ),
    *("scale", "facts", "steps"),
]
ROWS = [{"key": "02_01", "ordinal": 1, "fps": 120.0}, {"key": "02_02", "ordinal": 2, "reason": "short"}]


@pytest.fixture(scope="module")
def data(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus with a broken row in 02_02 and a broken header in 02_03."""
    data = Path(shutil.copytree(corpus, tmp_path_factory.mktemp("manifest") / "data"))
    head, time, rows = (data / "02" / "02_02.bvh").read_text().partition("Frame Time: .0083333\n")
    (data / "02" / "02_02.bvh").write_text(f"{head}{time}0.5 {rows}")
    (data / "02" / "02_03.bvh").write_text("HIERARCHY\nnothing\n")
    return data


@pytest.fixture(scope="module")
def table(data: Path) -> pd.DataFrame:
    """Return the manifest of subjects 02 (train) and 07 (test), of which one motion is short."""
    least = sorted(read_bvh(path).frames for path in (data / "07").iterdir())[1]
    value = {
        "stages": [
            {"stage": "drop_short", "frames": least, "splits": ["test"]},
            {"stage": "downsample", "factor": 2},
        ],
        "split": {"train": ["02_*"], "test": ["07_*"]},
    }
    build(data, data.parent / "out", recipe=recipe_from_json(value))
    return motionprep.open(data.parent / "out").manifest


def test_the_columns_stand_in_the_order_of_the_format(table: pd.DataFrame) -> None:
    assert list(table.columns) == COLUMNS


def test_every_motion_has_a_row_in_natural_order(table: pd.DataFrame, data: Path) -> None:
    assert list(table.key) == sorted(path.stem for path in data.rglob("*.bvh"))


def test_ordinals_count_from_one(table: pd.DataFrame) -> None:
    assert list(table.ordinal) == list(range(1, 17))


def test_every_status_is_there_as_often_as_it_should_be(table: pd.DataFrame) -> None:
    assert table.status.value_counts().to_dict() == {"dropped": 9, "ok": 5, "failed": 2}


def test_only_what_is_not_kept_has_a_reason(table: pd.DataFrame) -> None:
    assert ((table.status == "ok") == table.reason.isna()).all()


def test_reasons_say_why(table: pd.DataFrame) -> None:
    reasons = table.set_index("key").reason
    assert reasons["02_02"].startswith("02/02_02.bvh:")
    assert reasons["02_02"].endswith("goes on after 96 numbers with '0'; expected the end of the line")
    assert reasons["02_03"] == "02/02_03.bvh:2:1: found 'nothing'; expected ROOT"
    assert reasons["09_01"] == "in no split"
    assert table[table.split == "test"].reason.str.startswith("drop_short: ").sum() == 1


def test_sources_are_reported_by_name_size_and_digest(table: pd.DataFrame, data: Path) -> None:
    row = table.set_index("key").loc["07_01"]
    content = (data / "07" / "07_01.bvh").read_bytes()
    kept = table[table.status == "ok"]
    assert (row.source, row.source_bytes) == ("07/07_01.bvh", len(content))
    assert {key: digest((data / name).read_bytes()) for key, name in zip(kept.key, kept.source, strict=True)} == dict(
        zip(kept.key, kept.source_sha256, strict=True)
    )


def test_subject_and_motion_come_from_the_name(table: pd.DataFrame) -> None:
    assert (table.key == table.motion).all()
    assert (table.key.str.partition("_")[0] == table.subject).all()


def test_frames_and_rates_stand_before_and_after_the_stages(table: pd.DataFrame, data: Path) -> None:
    row = table.set_index("key").loc["02_01"]
    frames = read_bvh(data / "02" / "02_01.bvh").frames
    assert (row.frames_in, row.fps_in, row.frames, row.fps) == (frames, 120, frames // 2, 60)


def test_rows_of_a_shard_lie_one_after_the_other(table: pd.DataFrame) -> None:
    for _, rows in table[table.shard.notna()].groupby("shard"):
        assert list(rows.start) == [0, *rows.stop[:-1]]
    kept = table[table.status == "ok"]
    assert (kept.stop - kept.start == kept.frames).all()


def test_what_is_in_no_shard_has_no_place_in_one(table: pd.DataFrame) -> None:
    outside = table[table.shard.isna()]
    assert set(outside.key) == {"02_03", *(f"{subject}_0{n}" for subject in ("09", "16") for n in range(1, 5))}
    assert outside[["frames", "fps", "start", "stop", "skeleton", "scale"]].isna().all(axis=None)


def test_skeletons_are_named_as_in_the_skeletons_of_the_dataset(table: pd.DataFrame, data: Path) -> None:
    skeletons = motionprep.open(data.parent / "out").skeletons
    assert set(table.skeleton.dropna()) == set(skeletons)


def test_another_parquet_reader_knows_the_types(table: pd.DataFrame, data: Path) -> None:
    (path,) = (data.parent / "out").glob("manifest-*.parquet")
    assert pq.read_schema(path).equals(manifest.SCHEMA)


def test_rows_come_back_as_they_were() -> None:
    rows = manifest.decode(manifest.encode(ROWS)).to_pylist()
    assert rows == [dict.fromkeys(COLUMNS) | row for row in ROWS]


def test_the_same_rows_are_the_same_bytes() -> None:
    assert manifest.encode(ROWS) == manifest.encode(iter(ROWS))


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(pa.ArrowException):
        manifest.encode([{"key": "02_01", "ordinal": "first"}])


def test_what_is_no_parquet_file_cannot_be_read() -> None:
    with pytest.raises(DatasetError, match="the manifest cannot be read"):
        manifest.decode(b"not a manifest")


def test_rows_are_what_arrow_makes_of_them_by_itself() -> None:
    rows = [
        {"key": 'ä_😀\u2028\n"', "ordinal": 2**63 - 1, "part": -(2**31), "fps": 59.94, "marker_names": ["C7", ""]},
        {"key": "", "ordinal": -(2**63), "scale": 1e-308, "fps": 120.0, "marker_names": [], "facts": "{}"},
        {"key": None, "scale": 0.1 + 0.2, "frames": 0, "marker_names": None, "beside": "no column"},
        {"key": "x" * 2_000_000},
    ]

    assert manifest.decode(manifest.encode(rows)) == pa.Table.from_pylist(rows, schema=manifest.SCHEMA)
    assert manifest.decode(manifest.encode([])) == manifest.SCHEMA.empty_table()
