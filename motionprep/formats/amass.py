"""AMASS: poses of the bodies SMPL, SMPL-H and SMPL-X as arrays in an ``.npz`` file (https://amass.is.tue.mpg.de).

``poses`` (F, 3 J) turn each joint against its parent, as axis times angle; ``trans`` (F, 3) moves the body, in metres.
Bone lengths follow from ``betas`` and a body model, which is a file of its own; without one, every bone has length 0
and the root is at ``trans``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np

from motionprep.errors import RateError
from motionprep.files.reading import shown
from motionprep.formats.body_models import BodyModel
from motionprep.formats.npz import Npz, open_npz
from motionprep.motion import rotations
from motionprep.motion.arrays import Floats
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.rates import GIVEN_RATE, RATES, is_rate, near_rate
from motionprep.motion.skeleton import Skeleton
from motionprep.naming.smpl import BODIES, NAMES
from motionprep.naming.unique import unique

#: Names of the rate, the older first.
_RATES = ("mocap_framerate", "mocap_frame_rate")
#: Names of the root's rotation where ``poses`` lack it.
_ROOTS = ("root_orient", "global_orient")


@dataclass(frozen=True)
class AmassHeader:
    """Header of an AMASS file.

    Parameters
    ----------
    frames, joints
        How many there are.
    rate
        Frames a second.
    root
        The array that has the root's rotation; empty if ``poses`` do.
    """

    frames: int
    joints: int
    rate: float
    root: str

    @property
    def skeleton(self) -> Skeleton:
        """The body's joints, without lengths."""
        return _skeleton(self.joints, np.zeros((self.joints, 3)))


def read_amass_header(file: IO[bytes], name: str, *, rate: float | None = None) -> AmassHeader:
    """Read the header of a motion from an open AMASS file; errors as :func:`parse_amass`."""
    with open_npz(file, name) as arrays:
        return _header(arrays, rate)


def parse_amass(
    data: bytes,
    name: str,
    *,
    pick: Callable[[int, float], range] | None = None,
    rate: float | None = None,
    model: BodyModel | None = None,
    notes: list[str] | None = None,
) -> Motion:
    """Read a motion from the bytes of an AMASS file.

    Parameters
    ----------
    data
        The whole file.
    name
        Stands in errors.
    pick
        From the number of frames and their rate to the frames to keep.
    rate
        Frames a second, in place of the file's.
    model
        From which ``betas`` make bone lengths; bones have length 0 if None.
    notes
        Takes a sentence for each thing that was odd and was let pass.

    Raises
    ------
    RateError
        If all but the rate can be read.
    ReadError
        If it is cut or damaged, or an array is missing, of objects, of a wrong shape or not finite.
    """
    notes = [] if notes is None else notes
    with open_npz(io.BytesIO(data), name) as arrays:
        header = _header(arrays, rate)
        picked = pick(header.frames, header.rate) if pick else range(header.frames)
        poses = _numbers(arrays, "poses")
        if header.root:
            poses = np.concatenate([_numbers(arrays, header.root), poses], axis=1)
        trans = _numbers(arrays, "trans")
        rest = np.zeros((header.joints, 3))
        if model is not None:
            betas = _numbers(arrays, "betas")
            if betas.ndim == 2 and len(betas) and (betas == betas[0]).all():
                betas = betas[0]
            if betas.ndim != 1:
                raise arrays.fail("betas", f"has shape {betas.shape}; expected one list of numbers for all frames")
            rest = model.rest(betas, header.joints, name)
            notes += _of_gender(arrays, model)
    some = slice(picked.start, picked.stop, picked.step)
    turns = rotations.from_axis_angle(poses[some].reshape(-1, header.joints, 3))
    return Motion.turning(_skeleton(header.joints, rest), trans[some] + rest[0], turns, header.rate / picked.step)


def parse_amass_markers(data: bytes, name: str, *, rate: float | None = None) -> Markers:
    """Read the markers of an AMASS file, in metres; errors as :func:`parse_amass`.

    A marker is not visible in frames in which a number of it is NaN, or all three are 0.
    """
    with open_npz(io.BytesIO(data), name) as arrays:
        labels = _marker_shape(arrays)[1]
        frame_rate = _rate(arrays, rate)
        positions = np.array(arrays.read("marker_data"), np.float64)
        if np.isinf(positions).any():
            frame = int(np.argwhere(np.isinf(positions))[0, 0])
            raise arrays.fail("marker_data", f"frame {frame + 1:,} is not finite; expected numbers, or NaN for missing")
    visible = np.isfinite(positions).all(axis=2) & (positions != 0).any(axis=2)
    positions[~visible] = 0.0
    names, renamed = _marker_names(labels)
    notes = (f"labels that stood twice: {', '.join(names[at] for at in renamed)}",) if renamed else ()
    return Markers(names, positions, visible, frame_rate, "m", 1, tuple(labels), notes)


def read_amass_markers_header(
    file: IO[bytes], name: str, *, rate: float | None = None
) -> tuple[int, float, tuple[str, ...]]:
    """Return frames, rate and names of the markers of an open AMASS file; errors as :func:`parse_amass`."""
    with open_npz(file, name) as arrays:
        frames, labels = _marker_shape(arrays)
        return frames, _rate(arrays, rate), _marker_names(labels)[0]


def _marker_shape(arrays: Npz) -> tuple[int, list[str]]:
    """Return how many frames of markers there are, and the labels of these."""
    header, labels = arrays.header("marker_data"), _words(arrays, "marker_labels")
    shape = header.shape
    if len(shape) != 3 or shape[2] != 3 or "f" not in header.dtype or not shape[0]:
        raise arrays.fail("marker_data", f"has shape {shape} of {header.dtype}; expected floats (frames, markers, 3)")
    if len(labels) != shape[1]:
        raise arrays.fail("marker_labels", f"has {len(labels)} names; marker_data has {shape[1]} markers")
    return shape[0], labels


def _marker_names(labels: Sequence[str]) -> tuple[tuple[str, ...], list[int]]:
    """Return names of markers without prefixes, each once, and which of them were renamed for that."""
    names, renamed = unique(
        [label.rpartition(":")[2].strip() or label or f"marker{at + 1}" for at, label in enumerate(labels)]
    )
    return names, list(renamed)


def _header(arrays: Npz, rate: float | None) -> AmassHeader:
    shape, trans = arrays.header("poses").shape, arrays.header("trans").shape
    widths = {3 * joints: joints for joints in BODIES}
    root = ""
    if len(shape) == 2 and shape[1] == 69:
        root = next((array for array in _ROOTS if array in arrays.names), "")
        if not root:
            raise arrays.fail(
                "poses", f"has shape {shape}, SMPL's joints without the root, and there is no {' or '.join(_ROOTS)}"
            )
        if arrays.header(root).shape != (shape[0], 3):
            raise arrays.fail(root, f"has shape {arrays.header(root).shape}; expected ({shape[0]}, 3)")
        shape = (shape[0], 72)
    if len(shape) != 2 or shape[1] not in widths:
        known = ", ".join(f"{width} ({NAMES[joints]})" for width, joints in widths.items())
        raise arrays.fail("poses", f"has shape {shape}; expected (frames, numbers) with {known} numbers")
    if not shape[0]:
        raise arrays.fail("poses", "has no frames")
    if trans != (shape[0], 3):
        raise arrays.fail("trans", f"has shape {trans}; expected ({shape[0]}, 3), as poses has {shape[0]} frames")
    return AmassHeader(shape[0], widths[shape[1]], _rate(arrays, rate), root)


def _rate(arrays: Npz, rate: float | None) -> float:
    if rate is not None:
        return rate
    array = next((word for word in _RATES if word in arrays.names), "")
    if not array:
        raise RateError(f"has neither {' nor '.join(_RATES)}; {GIVEN_RATE}", path=arrays.name)
    stated = arrays.read(array)
    if stated.size != 1 or stated.dtype.kind not in "iuf" or not is_rate(float(stated.reshape(()))):
        found = shown(str(stated.reshape(-1)[:3].tolist()))
        raise RateError(f"is {found}; expected {RATES}; {GIVEN_RATE}", path=arrays.name, section=f"array {array!r}")
    return near_rate(float(stated.reshape(())))


def _numbers(arrays: Npz, array: str) -> Floats:
    """Return an array as finite float64."""
    values = arrays.read(array)
    if values.dtype.kind not in "iuf":
        raise arrays.fail(array, f"has type {values.dtype}; expected numbers")
    numbers = np.array(values, np.float64)
    if not np.isfinite(numbers).all():
        place = np.argwhere(~np.isfinite(numbers))[0]
        raise arrays.fail(
            array,
            f"frame {place[0] + 1:,} has {numbers[tuple(place)]} at place {place[-1] + 1}; expected finite numbers",
        )
    return numbers


def _words(arrays: Npz, array: str) -> list[str]:
    values = arrays.read(array)
    if values.dtype.kind not in "US":
        raise arrays.fail(array, f"has type {values.dtype}; expected words")
    words = values.reshape(-1).tolist()
    return [word.decode("utf-8", "replace") if isinstance(word, bytes) else word for word in words]


def _of_gender(arrays: Npz, model: BodyModel) -> list[str]:
    """Return a note if the body model is of another gender than the file."""
    if "gender" not in arrays.names or not model.gender:
        return []
    gender = "".join(_words(arrays, "gender")[:1]).lower()
    if gender in ("", model.gender):
        return []
    return [f"its gender is {shown(gender)}, the body model's is {model.gender!r}; bone lengths differ a little"]


def _skeleton(joints: int, rest: Floats) -> Skeleton:
    """Return a body's skeleton with its joints at places (J, 3)."""
    names, parents = BODIES[joints]
    offsets = [rest[joint] - rest[parent] if joint else rest[0] for joint, parent in enumerate(parents)]
    return Skeleton.turning(names, parents, offsets)
