"""Parquet with a row a frame, for pandas, polars, DuckDB and Hugging Face datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from motionprep.errors import RecipeError
from motionprep.exporting.base import ByMotion, Report, file_stem, other_names, packed, same_shapes
from motionprep.files.progress import OnProgress
from motionprep.recipe import labels

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset
    from motionprep.dataset.motion import StoredMotion

#: Frames in a row group: some megabytes, which is what readers take at once.
_ROWS = 16_384
_READING = """\
import datasets, polars

datasets.load_dataset("parquet", data_files={{{files}}})
polars.read_parquet("{first}")["{feature}"].to_numpy()
"""


@dataclass(frozen=True, kw_only=True)
class Parquet(ByMotion):
    """Files ``train-00000-of-00001.parquet`` with a row a frame; features are lists of fixed shape.

    Parameters
    ----------
    file_bytes
        About how large a file is before compression; motions are not cut.
    """

    file_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        if self.file_bytes < 1:
            raise RecipeError(f"file_bytes is {self.file_bytes}; expected a number above 0")

    def write(self, dataset: Dataset, folder: Path, on_progress: OnProgress) -> Report:
        """Write a dataset into an empty folder; errors as in :meth:`Export.write`."""
        splits = self.chosen_splits(dataset)
        features_of = {name: self.chosen(next(iter(split.values()))) for name, split in splits.items()}
        same_shapes(splits, features_of, "parquet")
        total, done = sum(len(split) for split in splits.values()), 0
        features: dict[str, None] = {}
        files, patterns = {}, []
        for name, split in splits.items():
            stem = file_stem(name)
            chosen = features_of[name]
            features.update(dict.fromkeys(chosen))
            groups = packed(split, dataset, chosen, self.file_bytes)
            for number, group in enumerate(groups):
                path = folder / f"{stem}-{number:05d}-of-{len(groups):05d}.parquet"
                self._write(path, name, chosen, group)
                done += len(group)
                on_progress(done, total)
            files[f"{stem}-*.parquet"] = f"{split.frames:,} frames; files: {len(groups):,}"
            patterns.append(f'"{stem}": "{stem}-*.parquet"')
        first = next(iter(next(iter(splits.values())).values()))
        return Report(
            files=files,
            features=tuple(features),
            reading=_READING.format(files=", ".join(patterns), first=next(iter(files)), feature=next(iter(features))),
            details=(
                "A row is a frame, in natural order: `key`, "
                "`frame` (from 0, as stored), `subject`, `label`, `split` and `rate` (frames a second), then the "
                "features as lists of fixed shape. pandas gives lists of more than one axis as arrays of arrays: "
                "`np.array(column.tolist())` has the numbers"
            ),
            columns={feature: first.names(feature) for feature in features if first.names(feature)},
            notes=other_names(splits),
        )

    def _write(self, path: Path, split: str, chosen: Sequence[str], group: Sequence[StoredMotion]) -> None:
        writer: pq.ParquetWriter | None = None
        try:
            for table in _gathered(self._table(motion, split, chosen) for motion in group):
                writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
                writer.write_table(table, row_group_size=_ROWS)
        finally:
            if writer is not None:
                writer.close()

    def _table(self, motion: StoredMotion, split: str, chosen: Sequence[str]) -> pa.Table:
        frames = motion.frames
        label = np.full(frames, None, object)
        for start, stop, name in labels.of_row(motion.row):
            label[start:stop] = name
        columns: dict[str, Any] = {
            "key": pa.repeat(motion.key, frames),
            "frame": pa.array(np.arange(frames)),
            "subject": pa.repeat(motion.row["subject"], frames),
            "label": pa.array(label, pa.string()),
            "split": pa.repeat(split, frames),
            "rate": pa.array(np.full(frames, motion.rate)),
        }
        return pa.table(columns | {feature: _lists(self.read(motion, feature)) for feature in chosen})


def _lists(values: np.ndarray[Any, Any]) -> pa.Array:
    """Return frames (F, ...) as Arrow's lists of fixed size, one in the other."""
    array = pa.array(values.reshape(-1))
    for size in reversed(values.shape[1:]):
        array = pa.FixedSizeListArray.from_arrays(array, size)
    return array


def _gathered(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield tables joined until they fill a row group: short motions would make as many small ones."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(len(one) for one in waiting) >= _ROWS:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
