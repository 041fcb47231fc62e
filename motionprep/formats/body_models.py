"""Body models SMPL, SMPL-H and SMPL-X (``.npz``): where the joints of a body are that ``betas`` describe.

Joints are at ``J_regressor @ (v_template + shapedirs @ betas)`` (Loper et al. 2015, "SMPL: A Skinned Multi-Person
Linear Model", equations 8 and 10); skinning moves no joint.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from motionprep.errors import ReadError
from motionprep.files.reading import open_file
from motionprep.formats.npz import Npz, open_npz
from motionprep.motion import hashing
from motionprep.naming.smpl import BODIES, NAMES

if TYPE_CHECKING:
    from motionprep.motion.arrays import Floats

#: As many shapes as SMPL-X has; expressions of the face follow them.
_MOST_BETAS = 300
_WITHOUT_HANDS = 22
_GENDERS = ("female", "neutral", "male")


@dataclass(frozen=True, eq=False)
class BodyModel:
    """What a body model says of its joints.

    Parameters
    ----------
    name
        The file, for errors.
    template
        (J, 3) places of the joints of the mean body, in metres.
    shapes
        (J, 3, B) how far each of ``betas`` moves them.
    gender
        By the name of the file and its folder; empty if they do not say.
    """

    name: str
    template: Floats
    shapes: Floats
    gender: str

    def rest(self, betas: Floats, joints: int, name: str) -> Floats:
        """Return the places (J, 3) of the first ``joints`` joints of a body, in metres.

        Parameters
        ----------
        betas
            (B,) of the body; of more than the model has, or fewer, those that both have are used.
        joints
            How many the motion has.
        name
            The motion, for errors.

        Raises
        ------
        ReadError
            If the motion is of another body than the model.
        """
        if joints not in (len(self.template), _WITHOUT_HANDS):
            raise ReadError(
                f"has poses of {NAMES[joints]}, {joints} joints; the body model {self.name} is of "
                f"{NAMES[len(self.template)]}, {len(self.template)} joints",
                path=name,
            )
        both = min(len(betas), self.shapes.shape[2])
        rest: Floats = self.template + self.shapes[:, :, :both] @ betas[:both]
        return rest[:joints]


def load(path: str | os.PathLike[str]) -> BodyModel:
    """Read a body model; the one that was read last is kept.

    Raises
    ------
    ReadError
        If it cannot be read, lacks an array, or is of other joints.
    """
    return _load(os.fspath(path), *_state(path))


def digest(path: str | os.PathLike[str]) -> str:
    """Return the digest of a body model's bytes; ``ReadError`` if it cannot be read."""
    return _digest(os.fspath(path), *_state(path))


def _state(path: str | os.PathLike[str]) -> tuple[int, int]:
    try:
        stat = os.stat(path)
    except OSError as error:
        raise ReadError(f"the body model cannot be read: {error.strerror}", path=os.fspath(path)) from None
    return stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=4)
def _digest(path: str, size: int, time: int) -> str:
    with open_file(path) as file:
        return hashing.digest(file.read())


@lru_cache(maxsize=4)
def _load(path: str, size: int, time: int) -> BodyModel:
    import numpy as np

    with open_file(path) as file, open_npz(file, path) as arrays:
        regressor, vertices = _floats(arrays, "J_regressor", 2), _floats(arrays, "v_template", 2)
        shapes = _floats(arrays, "shapedirs", 3)[:, :, :_MOST_BETAS]
        joints, count = regressor.shape
        if joints not in BODIES or joints == _WITHOUT_HANDS:
            raise arrays.fail("J_regressor", f"has {joints} joints; expected 24 (SMPL), 52 (SMPL-H) or 55 (SMPL-X)")
        for array, shape in (("v_template", vertices.shape), ("shapedirs", shapes.shape[:2])):
            if shape != (count, 3):
                raise arrays.fail(
                    array, f"has shape {shape}; expected ({count}, 3), as J_regressor has {count} vertices"
                )
        if "kintree_table" in arrays.names:
            parents = arrays.read("kintree_table")[0]
            if tuple(map(int, parents[1:])) != BODIES[joints][1][1:]:
                raise arrays.fail("kintree_table", f"has other parents than the {joints} joints of {NAMES[joints]}")
    moved = np.einsum("jv,vab->jab", regressor, shapes)
    word = os.path.join(os.path.basename(os.path.dirname(path)), os.path.basename(path)).lower()
    gender = next((gender for gender in _GENDERS if gender in word), "")
    return BodyModel(path, regressor @ vertices, moved, gender)


def _floats(arrays: Npz, array: str, axes: int) -> Floats:
    import numpy as np

    values = arrays.read(array)
    if values.ndim != axes or values.dtype.kind not in "iuf":
        raise arrays.fail(array, f"has shape {values.shape} of {values.dtype}; expected numbers along {axes} axes")
    numbers = np.array(values, np.float64)
    if not np.isfinite(numbers).all():
        raise arrays.fail(array, "has a number that is not finite")
    return numbers
