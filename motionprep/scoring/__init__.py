"""Score predictions against the targets of a dataset's windows, some thousand windows at a time."""

from __future__ import annotations

import math
import os
import tokenize
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from motionprep.dataset.predicted import NO_DIRECTION, to_floats
from motionprep.errors import PredictionError
from motionprep.files.reading import open_file
from motionprep.motion.arrays import Floats, read_only
from motionprep.scoring.comparison import Comparison, compare
from motionprep.scoring.frame_csv import FrameCsv
from motionprep.scoring.scores import FieldScore, MotionScore, Scores

if TYPE_CHECKING:
    from motionprep.dataset.motion import StoredMotion
    from motionprep.dataset.windows import Windows

#: What NumPy raises at a damaged file: its parser of headers does not say all that it raises itself.
_DAMAGED = (
    ValueError,
    EOFError,
    SyntaxError,
    tokenize.TokenError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    MemoryError,
    RecursionError,
)
_ZIP = b"PK\x03\x04"
#: How many numbers of predictions are looked at together.
_AT_ONCE = 1 << 20


def load_predictions(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Return the array of a ``.npy`` file as a memory map.

    Raises
    ------
    PredictionError
        If it cannot be read or is no such file.
    """
    name = os.fspath(path)
    try:
        with open_file(path) as file:
            if file.read(len(_ZIP)) == _ZIP:
                raise PredictionError(f"{name}: is an archive (.npz); save one array by numpy.save")
            file.seek(0)
            shape, fortran, dtype = _read_header(file)
            start, size = file.tell(), os.fstat(file.fileno()).st_size
        # NumPy multiplies sizes without a look at overflow.
        if dtype.hasobject or min(shape, default=0) < 0 or start + math.prod(shape) * dtype.itemsize > size:
            raise ValueError("its numbers are objects, or are not all there")
        return np.memmap(path, dtype, "r", start, shape, "F" if fortran else "C")
    except OSError as error:
        raise PredictionError(f"{name}: cannot be read: {error.strerror or error}") from None
    except _DAMAGED:
        raise PredictionError(
            f"{name}: is no whole .npy file of numbers; write one by numpy.save of an array of floats"
        ) from None


def _read_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order and type of the numbers of a ``.npy`` file, which follow."""
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with warnings.catch_warnings():
        # A header is parsed as Python, which warns of what it finds odd.
        warnings.simplefilter("ignore")
        return readers[np.lib.format.read_magic(file)](file)


def score(
    predictions: NDArray[Any],
    windows: Windows,
    *,
    threshold: float = 0.1,
    unit_mm: float | None = None,
    frames_csv: str | os.PathLike[str] | None = None,
) -> Scores:
    """Compare predictions with the targets of windows.

    Parameters
    ----------
    predictions
        (S, T, K) as ``windows[:]["targets"]``: S windows of T frames of K numbers, normalized where those are; (S, K)
        if T is 1. Of a single target also (S, T, J, 3), or whatever shape a frame of it has, without T if that is 1. A
        memory map is never in memory whole.
    windows
        With targets; see ``Split.windows``.
    threshold
        What is at most this far off is correct (PCK); in the stored unit.
    unit_mm
        How many mm a unit of the skeletons' files has, before it was scaled: 56.444 in CMU's BVH files. What the
        dataset knows of it if None.
    frames_csv
        A CSV file to write, with a row for each frame of each window.

    Raises
    ------
    PredictionError
        If the predictions have another shape, or are no numbers or not finite, or there is nothing to compare with.
    """
    if "targets" not in windows.outputs:
        raise PredictionError("the windows have no targets to compare predictions with; name them by `targets`")
    targets = windows.outputs["targets"].fields
    motions = [(motion, span) for motion, span in windows.motions if span.stop > span.start]
    if len({*targets}) < len(targets):
        twice = next(target for target in targets if targets.count(target) > 1)
        raise PredictionError(f"the target {twice} is named twice; predictions are of each once")
    if unit_mm is not None and not (math.isfinite(unit_mm) and unit_mm > 0):
        raise PredictionError(f"unit_mm is {unit_mm}; it must be above 0")
    if not threshold >= 0:
        raise PredictionError(f"threshold is {threshold}; it must be 0 or above")

    def comparisons(motion: StoredMotion) -> dict[str, Comparison]:
        return {
            str(target): compare(
                motion,
                target,
                step=windows.step,
                threshold=threshold,
                unit_mm=unit_mm,
                normalized=windows.is_normalized(target.feature, motion),
            )
            for target in targets
        }

    first = comparisons(motions[0][0])
    predictions = np.asanyarray(predictions)
    _check(predictions, windows, first)
    shape = (windows.length, sum(comparison.width for comparison in first.values()))
    found: dict[str, list[MotionScore]] = {text: [] for text in first}
    with ExitStack() as stack:
        csv = None if frames_csv is None else stack.enter_context(FrameCsv(frames_csv, _columns(motions, comparisons)))
        for motion, span in motions:
            subject = motion.row["subject"]
            tallies = {
                text: _Tally(comparison, motion.frames, error_prefix(predictions))
                for text, comparison in comparisons(motion).items()
            }
            for rows in _slices(span, max(1, _AT_ONCE // math.prod(shape))):
                rest = _finite(predictions[rows.start : rows.stop], rows).reshape(-1, *shape)
                frames = _frames(windows, rows)
                errors = {}
                for text, tally in tallies.items():
                    part, rest = np.split(rest, [tally.comparison.width], axis=-1)
                    errors[text] = (tally.comparison.names, tally.add(part, frames, rows))
                if csv is not None:
                    csv.write(motion.key, subject, rows, frames, errors)
            for text, tally in tallies.items():
                found[text].append(tally.score(motion.key, subject))
    fields = tuple(FieldScore(text, first[text].main, tuple(scores)) for text, scores in found.items())
    return Scores(len(windows), windows.length, threshold, fields)


class _Tally:
    """Sums up the metrics of one field in one motion of so many frames; ``error_prefix`` stands before errors."""

    def __init__(self, comparison: Comparison, frames: int, error_prefix: str) -> None:
        self.comparison, self._error_prefix = comparison, error_prefix
        self._sums: dict[str, Floats] = {}
        self._counts: dict[str, NDArray[np.int64]] = {}
        self._of_frames = np.zeros((2, frames))

    def add(self, predicted: Floats, frames: NDArray[np.int64], rows: range) -> Floats:
        """Take in windows (S, T, width) of these frames (S, T), and return their main metric (S, T, P)."""
        found = self.comparison.measure(predicted, frames)
        main = found[self.comparison.main]
        if self.comparison.kind == "rotations" and np.isnan(main).any():
            row = rows[int(np.argwhere(np.isnan(main))[0, 0])]
            raise PredictionError(f"{self._error_prefix}window {row}: {NO_DIRECTION}")
        for name, values in found.items():
            counted = ~np.isnan(values)
            self._sums[name] = self._sums.get(name, 0) + np.sum(values, axis=(0, 1), where=counted)
            self._counts[name] = self._counts.get(name, 0) + np.count_nonzero(counted, axis=(0, 1))
        of_frames = np.nansum(main, axis=2), np.count_nonzero(~np.isnan(main), axis=2)
        for row, of_joints in enumerate(of_frames):
            self._of_frames[row] += np.bincount(frames.ravel(), of_joints.ravel(), self._of_frames.shape[1])
        return main

    def score(self, motion: str, subject: str) -> MotionScore:
        """Return the sums."""
        total, count = self._of_frames
        mean = np.full(len(total), np.nan)
        np.divide(total, count, out=mean, where=count > 0)
        return MotionScore(motion, subject, self.comparison.names, self._sums, self._counts, read_only(mean))


def _check(predictions: NDArray[Any], windows: Windows, comparisons: Mapping[str, Comparison]) -> None:
    """Raise unless predictions have one of the shapes that the windows' targets may be given in."""
    numbers = sum(comparison.width for comparison in comparisons.values())
    frames = [(numbers,), *(comparison.shape for comparison in comparisons.values() if len(comparisons) == 1)]
    shapes = [(len(windows), windows.length, *frame) for frame in dict.fromkeys(frames)]
    if windows.length == 1:
        shapes += [(len(windows), *frame) for frame in dict.fromkeys(frames)]
    if predictions.shape not in shapes:
        asked = " or ".join(map(str, dict.fromkeys(shapes)))
        widths = ", ".join(f"{comparison.width} of {text}" for text, comparison in comparisons.items())
        raise PredictionError(
            f"{error_prefix(predictions)}predictions have shape {predictions.shape}; expected {asked}: "
            f"{len(windows):,} windows, of length {windows.length}, with {numbers} numbers a frame ({widths})"
        )


def error_prefix(predictions: NDArray[Any]) -> str:
    """Return the file that predictions are mapped from, to stand before an error; empty if they are in memory."""
    return f"{predictions.filename}: " if isinstance(predictions, np.memmap) and predictions.filename else ""


def _finite(part: NDArray[Any], rows: range) -> Floats:
    try:
        return to_floats(part, rows.start, "window")
    except ValueError as error:
        raise PredictionError(f"{error_prefix(part)}{error}") from None


def _frames(windows: Windows, rows: range) -> NDArray[np.int64]:
    """Return which frames (S, T) of their motion some windows of one motion are."""
    first = np.array([windows.where(row)[1].start for row in rows])
    frames: NDArray[np.int64] = first[:, None] + windows.step * np.arange(windows.length)
    return frames


def _slices(span: slice, most: int) -> Iterator[range]:
    return (range(first, min(first + most, span.stop)) for first in range(span.start, span.stop, most))


def _columns(
    motions: Sequence[tuple[StoredMotion, slice]], comparisons: Callable[[StoredMotion], Mapping[str, Comparison]]
) -> dict[str, list[str]]:
    """Return by field the names of all joints that any motion has."""
    kinds = {(motion.row["skeleton"], motion.marker_names): motion for motion, _ in motions}
    names: dict[str, dict[str, None]] = {}
    for motion in kinds.values():
        for text, comparison in comparisons(motion).items():
            names.setdefault(text, {}).update(dict.fromkeys(comparison.names))
    return {text: list(of_field) for text, of_field in names.items()}
