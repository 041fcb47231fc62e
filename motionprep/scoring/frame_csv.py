"""A CSV file with a row for each frame of each window: how far off it is, and each joint of it."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from motionprep.files.replacing import replacing
from motionprep.scoring.csv_text import as_text

if TYPE_CHECKING:
    from motionprep.motion.arrays import Floats

_PLACE = ("motion", "subject", "window", "frame")


class FrameCsv:
    """Writes the file beside its place; a context that renames it at its end, and removes it if that is an error.

    Parameters
    ----------
    path
        Of the file; replaced if it is there.
    names
        By field, of all joints that any motion has. Each field is a column, the mean over its joints, and each of its
        joints one more, if it has several; empty where masked and in motions without it.
    """

    def __init__(self, path: str | os.PathLike[str], names: Mapping[str, Sequence[str]]) -> None:
        self._path = Path(path)
        self._names = names

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._file = self._stack.enter_context(replacing(self._path, "w", encoding="utf-8", newline=""))
        self._writer = csv.writer(self._file, lineterminator="\n")
        columns: dict[str, None] = {}
        for field, names in self._names.items():
            for column in (field, *_columns(field, names)):
                # Two fields may be about one joint.
                columns[column if column not in columns else f"{column} of {field}"] = None
        self._writer.writerow(map(as_text, (*_PLACE, *columns)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, at)

    def write(
        self, motion: str, subject: str, windows: range, frames: Any, errors: Mapping[str, tuple[Sequence[str], Floats]]
    ) -> None:
        """Write windows of one motion.

        Parameters
        ----------
        motion, subject
            That they are of.
        windows
            The numbers of S windows.
        frames
            (S, T), of the motion as stored, from 0.
        errors
            By field, the names of its joints and (S, T, P), NaN where masked.
        """
        columns: list[Floats] = []
        for field, (names, values) in errors.items():
            flat = values.reshape(-1, values.shape[-1])
            counts = np.count_nonzero(~np.isnan(flat), axis=1)
            mean = np.full(len(flat), np.nan)
            np.divide(np.nansum(flat, axis=1), counts, out=mean, where=counts > 0)
            wide = np.full((len(flat), len(self._names[field])), np.nan)
            wide[:, [self._names[field].index(name) for name in names]] = flat
            columns += [mean[:, None], wide] if _columns(field, self._names[field]) else [mean[:, None]]
        places = (
            (*map(as_text, (motion, subject)), windows[row], frame)
            for row, of_row in enumerate(frames.tolist())
            for frame in of_row
        )
        for place, row in zip(places, np.concatenate(columns, axis=1).tolist(), strict=True):
            self._writer.writerow([*place, *("" if math.isnan(value) else f"{value:.6g}" for value in row)])


def _columns(field: str, names: Sequence[str]) -> list[str]:
    """Return the heads of the columns of a field's joints: none if the field itself is all that there is."""
    feature = field.partition("[")[0].partition(".")[0]
    # What is neither point nor rotation has numbers that are named in full.
    return [name if name.startswith(feature) else f"{feature}[{name}]" for name in names] if len(names) > 1 else []
