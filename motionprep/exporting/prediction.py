"""Predictions of a model in place of what is stored."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motionprep.dataset.predicted import to_floats
from motionprep.dataset.window_reader import segments
from motionprep.errors import PredictionError, RecipeError
from motionprep.naming import fields
from motionprep.scoring import load_predictions

if TYPE_CHECKING:
    from motionprep.dataset.motion import StoredMotion
    from motionprep.recipe.recipe import Task

#: How many numbers are looked at together.
_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class Cuts:
    """How motions are cut into the windows of a task.

    Parameters
    ----------
    length, stride, step
        Of the windows, in frames.
    count
        How many there are.
    frames
        Of each motion, which of its frames they have, window after window.
    """

    length: int
    stride: int
    step: int
    count: int
    frames: tuple[NDArray[np.intp], ...]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Frames that a model predicts, those of several motions end to end.

    Parameters
    ----------
    name
        The file, for errors.
    values
        (F, K): each field flattened, one beside the other, as ``targets`` of windows are.
    fields
        What it predicts.
    frames
        Of each motion, which of its frames these are; all if None.
    """

    name: str
    values: NDArray[Any]
    fields: tuple[fields.Field, ...]
    frames: tuple[NDArray[np.intp], ...] | None = None

    def deal(self, motions: Sequence[StoredMotion], *, normalize: bool = True) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield for each motion the features (F, ...) that it predicts some numbers of.

        Parameters
        ----------
        motions
            Whose frames these are, in order.
        normalize
            Whether the other numbers of these features are normalized as in the recipe, as those predicted are.

        Raises
        ------
        PredictionError
            If the prediction has another number of frames, or another width, than the motions.
        """
        which = self.frames or tuple(np.arange(motion.frames) for motion in motions)
        frames = sum(map(len, which))
        if len(self.values) != frames:
            raise PredictionError(
                f"{self.name}: has {len(self.values):,} frames; expected {frames:,}, those of "
                f"{', '.join(motion.key for motion in motions[:3])}{', ...' if len(motions) > 3 else ''} end to end; "
                "`motion` and `splits` choose others, and windows of the task are given as (S, T, K)"
            )
        start = 0
        for motion, rows in zip(motions, which, strict=True):
            yield self._put(motion, rows, np.asarray(self.values[start : start + len(rows)]), normalize)
            start += len(rows)

    def _put(
        self, motion: StoredMotion, rows: NDArray[np.intp], values: NDArray[Any], normalize: bool
    ) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = {}
        column = 0
        for field in self.fields:
            places = _places(field, motion)
            if field.feature not in found:
                stored = motion[field.feature] if normalize else motion.unnormalized(field.feature)
                found[field.feature] = np.array(stored)
            flat = found[field.feature].reshape(motion.frames, -1)
            flat[rows[:, None], places] = values[:, column : column + len(places)]
            column += len(places)
        return found


def cut(motions: Sequence[StoredMotion], task: Task) -> Cuts:
    """Return how motions are cut into the windows of a task, as ``Split.windows`` does."""
    span = (task.length - 1) * task.step + 1
    steps = task.step * np.arange(task.length)
    firsts = [
        [
            first
            for start, stop, _ in segments(motion.row, labelled=task.label, stride=task.stride)
            for first in range(start, stop - span + 1, task.stride)
        ]
        for motion in motions
    ]
    frames = tuple((np.array(some, np.intp)[:, None] + steps).reshape(-1) for some in firsts)
    return Cuts(task.length, task.stride, task.step, sum(map(len, firsts)), frames)


def read_prediction(
    path: str | os.PathLike[str],
    motion: StoredMotion,
    wanted: Sequence[str] = (),
    usual: Sequence[str] = (),
    cuts: Cuts | None = None,
) -> Prediction:
    """Read a prediction.

    Parameters
    ----------
    path
        A ``.npy`` file of (F, K), or of (F, ...) in the shape of one feature; or of windows, (S, T, K) or (S, T, ...),
        without T if that is 1.
    motion
        One of those that it is for.
    wanted
        Fields that it predicts, in order; if empty, the usual ones if they have its numbers, or else the one feature
        whose frames have its shape or, if none has, its numbers.
    usual
        Fields that predictions are mostly of.
    cuts
        Windows that it may be of. Where they lie end to end so do its frames.

    Raises
    ------
    PredictionError
        If it is no such file, has numbers that float32 cannot hold, or its width is not that of the fields; or if it is
        of windows that share frames or pass over some.
    RecipeError
        If a field is not stored.
    """
    name = os.fspath(path)
    values = load_predictions(path)
    if values.ndim < 2 or values.dtype.kind not in "fiu":
        raise PredictionError(
            f"{name}: expected frames (F, K) of numbers such as float32, found shape {values.shape} of {values.dtype}"
        )
    hint, frames = "", None
    if (
        cuts is not None
        and cuts.length == 1
        and len(values) == cuts.count
        and (values.ndim < 3 or values.shape[1] != 1)
    ):
        # Windows of one frame may be given without an axis for it.
        values = values[:, None]
    if values.ndim > 2 and cuts is not None and values.shape[:2] == (cuts.count, cuts.length):
        if cuts.stride != cuts.length or (cuts.step != 1 and cuts.length > 1):
            raise PredictionError(
                f"{name}: has windows of length {cuts.length} with stride {cuts.stride} and step {cuts.step}, which do "
                f"not lie end to end; expected stride {cuts.length} and step 1, or frames (F, K), each of them once"
            )
        values, frames = values.reshape(-1, *values.shape[2:]), cuts.frames
    elif values.ndim > 2:
        asked = f", or the task's windows, ({cuts.count}, {cuts.length}, K)" if cuts is not None else ""
        hint = f"; its shape is {values.shape}: expected (frames, K){asked}"
    rows, row = values, "frame"
    if cuts is not None and frames is not None:
        rows, row = values.reshape(cuts.count, cuts.length, *values.shape[1:]), "window"
    at_once = max(1, _AT_ONCE // max(1, math.prod(rows.shape[1:])))
    for start in range(0, len(rows), at_once):
        try:
            to_floats(rows[start : start + at_once], start, row)
        except ValueError as error:
            raise PredictionError(f"{name}: {error}") from None
    width = math.prod(values.shape[1:])
    found = [wanted] if wanted else _guessed(values.shape[1:], motion, usual)
    if len(found) != 1:
        there = _told({name: _width([name], motion) for name in _stored(motion)})
        raise PredictionError(f"{name}: has {width} numbers a frame; name what they are by `fields`, of {there}{hint}")
    if _width(found[0], motion) != width:
        there = _told({field: _width([field], motion) for field in found[0]})
        raise PredictionError(
            f"{name}: has {width} numbers a frame; expected {_width(found[0], motion)}: {there}{hint}"
        )
    return Prediction(name, values.reshape(len(values), width), tuple(map(fields.parse_field, found[0])), frames)


def _guessed(shape: tuple[int, ...], motion: StoredMotion, usual: Sequence[str]) -> list[Sequence[str]]:
    """Return what a prediction may be of, whose frames have a shape."""
    width = math.prod(shape)
    if usual and _width(usual, motion) == width:
        return [usual]
    alike = [[name] for name in _stored(motion) if motion.frame_shape(name) == shape]
    return [*alike] or [[name] for name in _stored(motion) if _width([name], motion) == width]


def _width(texts: Sequence[str], motion: StoredMotion) -> int:
    try:
        return sum(len(_places(fields.parse_field(text), motion)) for text in texts)
    except ValueError as error:
        raise RecipeError(str(error)) from None


def _told(widths: Mapping[str, int]) -> str:
    return ", ".join(f"{field} {width}" for field, width in widths.items())


def _stored(motion: StoredMotion) -> list[str]:
    return [name for name in motion if not name.startswith("frame_")]


def _places(field: fields.Field, motion: StoredMotion) -> NDArray[np.intp]:
    """Return which numbers of a flat frame a field means."""
    if field.feature not in motion:
        raise RecipeError(f"there is no feature {field.feature!r}; stored are {', '.join(_stored(motion))}")
    shape = motion.frame_shape(field.feature)
    try:
        choice = motion.choice(field)
    except ValueError as error:
        raise RecipeError(f"{motion.key}: {error}") from None
    return choice.of(np.arange(int(np.prod(shape))).reshape(1, *shape)).reshape(-1)
