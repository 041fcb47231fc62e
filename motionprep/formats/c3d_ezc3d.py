"""The points of a C3D file by ezc3d, for what the reader does not do itself: a scale of its own for each point."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motionprep.formats.c3d_block import damage
from motionprep.formats.c3d_layout import Layout
from motionprep.motion.arrays import Floats

# Run by an interpreter of its own: see points_by_ezc3d below.
_EZC3D = """
import sys
take, answer, memory = sys.argv[1], sys.argv[2], int(sys.argv[3])
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
except (ImportError, OSError, ValueError):
    pass
import ezc3d, numpy
data = ezc3d.c3d(take)["data"]
numpy.savez(answer, points=data["points"], residuals=data["meta_points"]["residuals"])
"""


def points_by_ezc3d(data: bytes, name: str, layout: Layout, columns: list[int]) -> tuple[Floats, NDArray[np.bool_]]:
    """Read a file whose points have different scales.

    Returns
    -------
    positions, visible
        (F, M, 3) and (F, M), of the points ``columns``.

    Raises
    ------
    ReadError
        If ezc3d fails, takes too long or finds other frames than were declared.
    """
    # ezc3d trusts the sizes that a file declares. On a damaged one it crashes, loops or allocates: a sample of c3d.org
    # of 338 kB has it fill 12 GB before it says no. So only files whose sections have been walked and whose frames
    # are there get to it, and it gets a process of its own, where memory and time are bounded and a crash is an error.
    with tempfile.TemporaryDirectory() as folder:
        take, answer = Path(folder, "take.c3d"), Path(folder, "answer.npz")
        take.write_bytes(data)
        memory = (1 << 30) + 64 * len(data)
        try:
            done = subprocess.run(
                [sys.executable, "-c", _EZC3D, str(take), str(answer), str(memory)],
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                capture_output=True,
                check=False,
                text=True,
                timeout=20 + len(data) / 1e6,
            )
        except subprocess.TimeoutExpired as error:
            raise damage(
                name, "point data", f"scales differ by point, and ezc3d took over {error.timeout:.0f} s"
            ) from None
        if done.returncode:
            said = done.stderr.strip().rpartition("\n")[2] or f"status {done.returncode}"
            raise damage(name, "point data", f"scales differ by point, and ezc3d failed: {said}")
        with np.load(answer) as arrays:
            points, residuals = arrays["points"], arrays["residuals"]
    shape = (layout.frames, layout.points)
    found = points.shape[2:0:-1]
    if found[0] < shape[0] or found[1] != shape[1]:
        raise damage(name, "point data", f"ezc3d found {found} frames and points; {shape} were declared")
    points = points[:3, columns, : shape[0]].transpose(2, 1, 0)
    return np.ascontiguousarray(points), residuals[0, columns, : shape[0]].T >= 0
