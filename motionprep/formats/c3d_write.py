"""Write labelled points as a C3D file, by ezc3d: 32-bit floats in the order of Intel's bytes."""

from __future__ import annotations

import errno
import os
import warnings
from pathlib import Path

import numpy as np

from motionprep.errors import ReadError
from motionprep.files import replacing
from motionprep.formats.c3d_layout import plan_layout
from motionprep.motion.markers import Markers

with warnings.catch_warnings():
    # Its bindings warn of themselves on newer versions of Python.
    warnings.simplefilter("ignore")
    import ezc3d


def write_c3d(path: str | os.PathLike[str], markers: Markers) -> None:
    """Write a C3D file that :func:`~motionprep.formats.c3d.read_c3d` reads as ``markers``, rounded to float32.

    Points are labelled by ``raw_names``; what is not visible has the residual -1. The same markers and version of
    ezc3d give the same bytes.

    Parameters
    ----------
    path
        Of the file.
    markers
        F frames of M points.

    Raises
    ------
    OSError
        If the file cannot be written; it is replaced whole or not at all.
    """
    path = Path(path)
    frames, count = markers.visible.shape
    points = np.ones((4, count, frames))
    points[:3] = markers.positions.transpose(2, 1, 0)
    take = ezc3d.c3d()
    take["header"]["points"]["first_frame"] = markers.first_frame - 1
    parameters = take["parameters"]["POINT"]
    parameters["RATE"]["value"] = [markers.rate]
    parameters["UNITS"]["value"] = [markers.units]
    parameters["LABELS"]["value"] = list(markers.raw_names)
    take["data"]["points"] = points
    take["data"]["meta_points"] = {
        "residuals": np.where(markers.visible.T, 0.0, -1.0)[None],
        "camera_masks": np.zeros((7, count, frames), dtype=bool),
    }
    # ezc3d appends the ending where it does not find it.
    with replacing.beside(path, ".c3d") as part:
        take.write(str(part))
        _check(part, path)


def _check(aside: Path, path: Path) -> None:
    """Raise if a file was not written to its end, of which ezc3d says nothing."""
    try:
        data = aside.read_bytes()
        plan_layout(data, str(path), len(data))
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "ezc3d could not make the file; is there such a folder", path) from None
    except ReadError:
        raise OSError(errno.EIO, "ezc3d could not write the file to its end; is the disk full", path) from None
