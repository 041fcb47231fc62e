"""One row a motion: kept, dropped or failed; the only file that knows Parquet."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from motionprep.errors import DatasetError

if TYPE_CHECKING:
    import pandas as pd

#: Bytes of rows that are parsed together, as many as Arrow can; longer than any row.
_MOST_AT_ONCE = 1 << 30
#: The columns and what they hold; see docs/format.md.
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("subject", pa.string()),
        ("motion", pa.string()),
        ("ordinal", pa.int64()),
        ("source", pa.string()),
        ("source_bytes", pa.int64()),
        ("source_sha256", pa.string()),
        ("markers_source", pa.string()),
        ("markers_source_bytes", pa.int64()),
        ("markers_source_sha256", pa.string()),
        ("label", pa.string()),
        ("labels", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("split", pa.string()),
        ("part", pa.int32()),
        ("copy", pa.int32()),
        ("frames_in", pa.int64()),
        ("fps_in", pa.float64()),
        ("frames", pa.int64()),
        ("fps", pa.float64()),
        ("clip", pa.int64()),
        ("shard", pa.string()),
        ("start", pa.int64()),
        ("stop", pa.int64()),
        ("skeleton", pa.string()),
        ("marker_names", pa.list_(pa.string())),
        ("scale", pa.float64()),
        ("facts", pa.string()),
        ("steps", pa.string()),
    ]
)
#: The columns of a dataset whose sources were checked.
CHECKED = (
    ("findings", pa.string()),
    ("source_height", pa.float64()),
    ("source_root_speed", pa.float64()),
    ("source_jerk", pa.float64()),
    ("source_contact_share", pa.float64()),
    ("source_skate", pa.float64()),
    ("source_missing_share", pa.float64()),
)


def encode(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as the bytes of a Parquet file, the same for the same rows."""
    rows = list(rows)
    facts = [msgspec.json.decode(row.get("facts") or "{}") for row in rows]
    schema, rows = _with_facts(rows, facts)
    lines = msgspec.json.Encoder().encode_lines(rows)
    # By way of JSON, since Table.from_pylist imports pandas.
    table = (
        pj.read_json(
            pa.BufferReader(lines),
            pj.ReadOptions(use_threads=False, block_size=min(len(lines), _MOST_AT_ONCE)),
            pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        ).combine_chunks()
        if lines
        else schema.empty_table()
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _with_facts(
    rows: Sequence[Mapping[str, Any]], facts: Sequence[Mapping[str, Any]]
) -> tuple[pa.Schema, list[dict[str, Any]]]:
    """Return the schema and rows with a column for each fact of stages, numbers or text."""
    checked = [pa.field(*column) for column in CHECKED if any("findings" in row for row in rows)]
    names = sorted({name for of_row in facts for name in of_row} - {*SCHEMA.names, *(name for name, _ in CHECKED)})
    numbers = {name: all(isinstance(of_row.get(name, 0), int | float) for of_row in facts) for name in names}
    schema = pa.schema([*SCHEMA, *checked])
    for name in names:
        schema = schema.append(pa.field(name, pa.float64() if numbers[name] else pa.string()))
    columns = [
        {name: value if numbers[name] else str(value) for name, value in of_row.items() if name in numbers}
        for of_row in facts
    ]
    return schema, [{**row, **extra} for row, extra in zip(rows, columns, strict=True)]


def decode(data: bytes) -> pa.Table:
    """Return the bytes of a manifest as an Arrow table.

    Raises
    ------
    DatasetError
        If they are no Parquet file.
    """
    try:
        # Not read_table, which imports pandas.
        return pq.ParquetFile(pa.BufferReader(data)).read()
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"the manifest cannot be read: {error}") from None


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return a manifest as a pandas table."""
    frame: pd.DataFrame = table.to_pandas()
    return frame


def to_rows(table: pa.Table, written_in: int) -> list[dict[str, Any]]:
    """Return the rows of a manifest of a format; those of format 1 get the keys that later ones are written with."""
    rows: list[dict[str, Any]] = table.to_pylist()
    if written_in == 1:
        number_keys(rows)
    return rows


def number_keys(rows: Sequence[dict[str, Any]]) -> None:
    """Give motions that were made of one take, for one split, keys of their own: ``69_01``, ``69_01@2`` and so on."""
    seen: Counter[tuple[str | None, str]] = Counter()
    taken = {(row["split"], row["motion"]) for row in rows}
    for row in rows:
        split, take = row["split"], row["motion"]
        row["key"] = take
        while seen[split, take] and (split, row["key"]) in taken:
            seen[split, take] += 1
            row["key"] = f"{take}@{seen[split, take]}"
        seen[split, take] = seen[split, take] or 1
        taken.add((split, row["key"]))
