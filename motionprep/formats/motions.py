"""Motions of any format by the suffix of their file."""

from __future__ import annotations

from collections.abc import Callable

from motionprep.formats import bvh
from motionprep.motion.motion import Motion


def parse_motion(
    data: bytes,
    name: str,
    *,
    pick: Callable[[int, float], range] | None = None,
    rate: float | None = None,
    positions: bvh.Positions = "replace",
    lenient: bool = False,
    notes: list[str] | None = None,
) -> tuple[Motion, float | None]:
    """Read a motion from the bytes of a source.

    Parameters
    ----------
    data
        The whole file; of an AMC file with its skeleton, as :func:`motionprep.formats.amc.join` returns them.
    name
        Its name, whose suffix decides the format; stands in errors.
    pick, rate, positions, lenient, notes
        As in :func:`motionprep.formats.bvh.parse_bvh`.

    Returns
    -------
    motion, metres
        The motion, and how many metres its unit has; None if the format does not state it.

    Raises
    ------
    ReadError
        If the file is damaged.
    """
    if name.lower().endswith(".amc"):
        from motionprep.formats import amc

        return amc.parse_joined(data, name, pick=pick, rate=rate, notes=notes)
    motion = bvh.parse_bvh(data, name, pick=pick, rate=rate, positions=positions, lenient=lenient, notes=notes)
    return motion, None
