"""Predictions of a model, validated before use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.motion import rotations
from motionprep.motion.arrays import FLOAT32_MAX, Floats

#: What is wrong with rotations that :func:`motionprep.motion.rotations.undirected` finds.
NO_DIRECTION = "a rotation of zeros, or of numbers as near to many rotations; it has no direction"


def to_floats(values: NDArray[Any], first: int = 0, row: str = "frame") -> Floats:
    """Return numbers (R, ...) in float64.

    Parameters
    ----------
    values
        (R, ...), of any type of numbers.
    first, row
        The number of the first row, and what a row is, for errors.

    Raises
    ------
    ValueError
        If they are no numbers, or one is not finite, or so large that float32 cannot hold it.
    """
    if values.dtype.kind not in "fiu":
        raise ValueError(f"predictions are {values.dtype}; expected numbers such as float32")
    # The conversion would warn of signalling NaNs and of too large long doubles, which are looked for below.
    with np.errstate(invalid="ignore", over="ignore"):
        floats = values.astype(np.float64)
    # Of larger ones neither lengths nor metrics could take squares.
    good = np.abs(floats) <= FLOAT32_MAX
    if not good.all():
        at, *place = np.argwhere(~good)[0].tolist()
        raise ValueError(
            f"{row} {first + at}: predictions have {floats[at, *place]} at {place}; expected numbers that float32 can "
            "hold"
        )
    return floats


def check_turns(values: Floats, form: str, names: Sequence[str] = ()) -> None:
    """Raise unless all rotations have a direction.

    Parameters
    ----------
    values
        (F, K, *form), finite.
    form
        Of :data:`motionprep.motion.rotations.FORMS`.
    names
        Of the K joints and maybe of further nodes, for errors; none of the root alone.

    Raises
    ------
    ValueError
        If one has none.
    """
    lost = rotations.undirected(values, form)
    if lost.any():
        frame, joint = np.argwhere(lost)[0].tolist()
        where = f", {names[joint]}" if joint < len(names) else f", joint {joint}" if lost.shape[1] > 1 else ""
        raise ValueError(f"frame {frame}{where}: {NO_DIRECTION}")
