"""Score predicted classes of windows: which of them were taken for which."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motionprep.errors import PredictionError
from motionprep.files.replacing import replacing
from motionprep.motion.arrays import read_only
from motionprep.scoring import error_prefix, metrics
from motionprep.scoring.csv_text import as_text

if TYPE_CHECKING:
    from motionprep.dataset.windows import Windows

_COLUMNS = ("motion", "subject", "window", "frame", "label", "predicted")


@dataclass(frozen=True, eq=False)
class ClassScores:
    """What came of predicted classes; made by :func:`score_classes`.

    Parameters
    ----------
    length
        Frames of a window.
    classes
        Names of the C classes, in order.
    predicted, target
        (S,), the class of each window.
    motions, subjects
        (S,), of which each window is; ``69_01#1`` and so on where a motion is there again with other frames.
    """

    length: int
    classes: tuple[str, ...]
    predicted: NDArray[np.int64] = field(repr=False)
    target: NDArray[np.int64] = field(repr=False)
    motions: tuple[str, ...] = field(repr=False)
    subjects: tuple[str, ...] = field(repr=False)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """How many windows (C, C) of each class, a row, were taken for each, a column."""
        return metrics.confusion_matrix(self.predicted, self.target, len(self.classes))

    def mean(self) -> dict[str, float]:
        """Return ``accuracy`` and ``macro_f1`` over all windows, each 0 to 1."""
        return {
            "accuracy": metrics.accuracy(self.predicted, self.target),
            "macro_f1": metrics.macro_f1(self.predicted, self.target, len(self.classes)),
        }

    def by(self, what: str) -> dict[str, dict[str, float]]:
        """Return numbers for each ``"class"`` that is there or predicted, or for each ``"subject"`` or ``"motion"``.

        Of a class how many ``windows`` it has and how many are ``predicted``, ``precision``, ``recall`` and ``f1``, NaN
        where nothing is known; of a subject or motion ``windows`` and ``accuracy``.

        Raises
        ------
        ValueError
            If it is anything else.
        """
        if what == "class":
            return self._by_class()
        if what not in ("subject", "motion"):
            raise ValueError(f"by is {what!r}; it is class, subject or motion")
        of_window = self.subjects if what == "subject" else self.motions
        names = {name: number for number, name in enumerate(dict.fromkeys(of_window))}
        group = np.array([names[name] for name in of_window])
        counts, right = np.bincount(group), np.bincount(group, self.predicted == self.target)
        return {
            name: {"windows": int(counts[number]), "accuracy": float(right[number] / counts[number])}
            for name, number in names.items()
        }

    def _by_class(self) -> dict[str, dict[str, float]]:
        confusion, count = self.confusion, len(self.classes)
        columns = {
            "windows": confusion.sum(axis=1),
            "predicted": confusion.sum(axis=0),
            **{
                measure.__name__: measure(self.predicted, self.target, count)
                for measure in (metrics.precision, metrics.recall, metrics.f1)
            },
        }
        return {
            name: {word: values[at].item() for word, values in columns.items()}
            for at, name in enumerate(self.classes)
            if confusion[at].any() or confusion[:, at].any()
        }


def score_classes(
    predictions: NDArray[Any], windows: Windows, *, windows_csv: str | os.PathLike[str] | None = None
) -> ClassScores:
    """Compare predicted classes with the labels of windows.

    Parameters
    ----------
    predictions
        (S,), the class of each of S windows, an index into ``Dataset.classes``; or (S, C), a number for each of the C
        classes, the largest of which counts, the first of equal ones.
    windows
        With labels; see ``Split.windows``.
    windows_csv
        A CSV file to write, with a row for each window.

    Raises
    ------
    PredictionError
        If the predictions have another shape, are no numbers, not finite, or no class, or the windows have no labels.
    """
    if not windows.label:
        raise PredictionError("the windows have no labels to compare classes with; ask for them (label=True)")
    classes = windows.split.files.classes
    predicted = _predicted(np.asanyarray(predictions), len(windows), classes)
    motions: list[str] = []
    subjects: list[str] = []
    there = [(motion, span) for motion, span in windows.motions if span.stop > span.start]
    for motion, span in there:
        motions += [motion.key] * (span.stop - span.start)
        subjects += [motion.row["subject"]] * (span.stop - span.start)
    scores = ClassScores(windows.length, classes, predicted, windows.labels, tuple(motions), tuple(subjects))
    if windows_csv is not None:
        _write(scores, windows, Path(windows_csv))
    return scores


def _predicted(predictions: NDArray[Any], count: int, classes: Sequence[str]) -> NDArray[np.int64]:
    """Return the predicted class of each window."""
    name = error_prefix(predictions)
    if predictions.shape not in ((count,), (count, len(classes))):
        raise PredictionError(
            f"{name}predictions have shape {predictions.shape}; expected ({count},), the class of each of {count:,} "
            f"windows, or ({count}, {len(classes)}), a number for each of {len(classes)} classes"
        )
    if predictions.dtype.kind not in "fiu":
        raise PredictionError(f"{name}predictions are {predictions.dtype}; expected numbers such as int64")
    if wrong := np.argwhere(~np.isfinite(predictions)).tolist():
        raise PredictionError(f"{name}window {wrong[0][0]}: the prediction is not finite; expected numbers")
    if predictions.ndim > 1:
        return read_only(np.asarray(np.argmax(predictions, axis=1)))
    known = (predictions >= 0) & (predictions < len(classes)) & (predictions == np.floor(predictions))
    if not known.all():
        row = int(np.argmin(known))
        raise PredictionError(
            f"{name}window {row}: the class is {predictions[row]}; expected 0 to {len(classes) - 1}, a place in "
            "dataset.classes"
        )
    return read_only(np.array(predictions, np.int64))


def _write(scores: ClassScores, windows: Windows, path: Path) -> None:
    with replacing(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for row, (motion, subject) in enumerate(zip(scores.motions, scores.subjects, strict=True)):
            names = (scores.classes[which[row]] for which in (scores.target, scores.predicted))
            writer.writerow([*map(as_text, (motion, subject)), row, windows.where(row)[1].start, *map(as_text, names)])
