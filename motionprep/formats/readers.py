"""Motions and markers of any format, by the suffix of their file."""

from __future__ import annotations

from collections.abc import Callable

from motionprep.formats import bvh
from motionprep.formats.amass_names import is_npz
from motionprep.motion.markers import Markers
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
    body_model: str = "",
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
    body_model
        The file of a body model, from which poses of bodies get bone lengths; they have none if it is empty.

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

        return amc.parse_joined(data, name, pick=pick, rate=rate, lenient=lenient, notes=notes)
    if name.lower().endswith(".mvnx"):
        from motionprep.formats import mvnx

        return mvnx.parse_mvnx(data, name, pick=pick, rate=rate, notes=notes), 1.0
    if is_npz(name):
        from motionprep.formats import amass, body_models

        model = body_models.load(body_model) if body_model else None
        return amass.parse_amass(data, name, pick=pick, rate=rate, model=model, notes=notes), 1.0
    motion = bvh.parse_bvh(data, name, pick=pick, rate=rate, positions=positions, lenient=lenient, notes=notes)
    return motion, None


def parse_markers(data: bytes, name: str, *, rate: float | None = None, lenient: bool = False) -> Markers:
    """Read markers from the bytes of a source.

    Parameters
    ----------
    data
        The whole file.
    name
        Its name, whose suffix decides the format; stands in errors.
    rate, lenient
        As in :func:`motionprep.formats.c3d.parse_c3d`.

    Raises
    ------
    ReadError
        If the file is damaged.
    """
    if name.lower().endswith(".trc"):
        from motionprep.formats import trc

        return trc.parse_trc(data, name, rate=rate, lenient=lenient)
    if is_npz(name):
        from motionprep.formats import amass

        return amass.parse_amass_markers(data, name, rate=rate)
    from motionprep.formats import c3d

    return c3d.parse_c3d(data, name, rate=rate, lenient=lenient)
