"""What a model says, put in place of what is stored."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motionprep import fields
from motionprep.errors import ExportError, RecipeError

if TYPE_CHECKING:
    from motionprep.dataset import StoredMotion


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
    """

    name: str
    values: NDArray[Any]
    fields: tuple[fields.Field, ...]

    def deal(self, motions: Sequence[StoredMotion]) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield for each motion the features (F, ...) that it predicts some numbers of; the others are as handed out.

        Raises
        ------
        ExportError
            If the prediction has another number of frames, or another width, than the motions.
        """
        frames = sum(motion.frames for motion in motions)
        if len(self.values) != frames:
            raise ExportError(
                f"{self.name}: has {len(self.values):,} frames; expected {frames:,}, those of "
                f"{', '.join(motion.key for motion in motions[:3])}{', ...' if len(motions) > 3 else ''} end to end; "
                "--motion and --splits choose others"
            )
        start = 0
        for motion in motions:
            yield self._put(motion, np.asarray(self.values[start : start + motion.frames]))
            start += motion.frames

    def _put(self, motion: StoredMotion, values: NDArray[Any]) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = {}
        column = 0
        for field in self.fields:
            places = _places(field, motion)
            if field.feature not in found:
                found[field.feature] = np.array(motion[field.feature])
            flat = found[field.feature].reshape(len(values), -1)
            flat[:, places] = values[:, column : column + len(places)]
            column += len(places)
        return found


def read_prediction(path: str | os.PathLike[str], motion: StoredMotion, wanted: Sequence[str]) -> Prediction:
    """Read a prediction.

    Parameters
    ----------
    path
        A ``.npy`` file of (F, K), or of (F, ...) in the shape of one feature.
    motion
        One of those that it is for.
    wanted
        Fields that it predicts, in order; if empty, the feature whose frames have its shape, or its numbers.

    Raises
    ------
    ExportError
        If it is no such file, has numbers that are not finite, or its width is not that of the fields.
    RecipeError
        If a field is not stored.
    """
    name = os.fspath(path)
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ExportError(f"{name}: cannot be read as a .npy file: {error}") from None
    if not isinstance(values, np.ndarray) or values.ndim < 2 or values.dtype.kind != "f":
        raise ExportError(f"{name}: expected a .npy file of frames, (F, K), as floats")
    for start in range(0, len(values), 1 << 16):
        good = np.isfinite(values[start : start + (1 << 16)]).reshape(-1, int(np.prod(values.shape[1:]))).all(axis=1)
        if not good.all():
            raise ExportError(f"{name}: frame {start + int(np.argmin(good)):,} has a number that is not finite")
    width = int(np.prod(values.shape[1:]))
    widths = {field: len(_places(fields.parse_field(field), motion)) for field in wanted or _stored(motion)}
    chosen = tuple(wanted)
    if not wanted:
        shapes = {name: motion.frame_shape(name) for name in widths}
        chosen = tuple(name for name in widths if shapes[name] == values.shape[1:])
        chosen = chosen or tuple(name for name in widths if widths[name] == width)
    told = ", ".join(f"{field} {size}" for field, size in widths.items())
    if not chosen or (not wanted and len(chosen) > 1):
        raise ExportError(f"{name}: has {width} numbers a frame; --fields says what they are, of {told}")
    if sum(widths[field] for field in chosen) != width:
        raise ExportError(f"{name}: has {width} numbers a frame; expected {sum(widths.values())}: {told}")
    return Prediction(name, values.reshape(len(values), width), tuple(map(fields.parse_field, chosen)))


def _stored(motion: StoredMotion) -> list[str]:
    return [name for name in motion if not name.startswith("frame_")]


def _places(field: fields.Field, motion: StoredMotion) -> NDArray[np.intp]:
    """Return which numbers of a flat frame a field means."""
    if field.feature not in motion:
        raise RecipeError(f"there is no feature {field.feature!r}; stored are {', '.join(_stored(motion))}")
    shape = motion.frame_shape(field.feature)
    try:
        choice = fields.choose(field, shape, motion.names(field.feature))
    except ValueError as error:
        raise RecipeError(f"{motion.key}: {error}") from None
    return choice.of(np.arange(int(np.prod(shape))).reshape(1, *shape)).reshape(-1)
