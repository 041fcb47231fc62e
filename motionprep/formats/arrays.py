"""Arrays of joint positions: NumPy's ``.npy`` and ``.npz`` files, whole motions or clips, in space or in a picture."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motionprep.errors import ReadError
from motionprep.formats.arrays_header import HEADER_BYTES, open_array, parse_header
from motionprep.formats.arrays_metadata import ArrayMetadata
from motionprep.motion.arrays import FLOAT32_MAX, Floats
from motionprep.motion.motion import Motion
from motionprep.motion.skeleton import POSITION_CHANNELS, Skeleton

#: Beyond any place in metres, so that a number from 0 to 1 beside it is none either.
_NO_METRES = 20.0
#: The peak of a network's heat map may be a little above 1.
_MOST_CONFIDENCE = 1.1


@dataclass(frozen=True, eq=False)
class Clips:
    """The numbers of a file, as they stand in it.

    Parameters
    ----------
    values
        (S, T, J, A) of the file's own type: S clips of T frames, with A of 2 or 3 axes; one if the file has no clips.
    apart
        Whether the file has clips.
    metadata
        Names, parents, rate and units of the file's joints.
    name
        What errors call it.
    """

    values: NDArray[Any]
    apart: bool
    metadata: ArrayMetadata
    name: str

    @property
    def planar(self) -> bool:
        """Whether these are keypoints in a picture: x and y, with or without a confidence."""
        return self.values.shape[3] == 2 or "confidence" in (self.metadata.third, self.found_third)

    @cached_property
    def found_third(self) -> Literal["", "z", "confidence"]:
        """What the third number of a joint was taken for, by its range; empty if the metadata decide it."""
        if self.values.shape[3] == 2 or self.metadata.third or self.metadata.units:
            return ""
        with np.errstate(invalid="ignore"):
            third = self.values[..., 2]
            shares = bool(((third >= 0) & (third <= _MOST_CONFIDENCE)).all() and third.any())
            pixels = bool((np.abs(self.values[..., :2]) > _NO_METRES).any())
        return "confidence" if shares and pixels else "z"

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found about the arrays that their metadata do not state."""
        if self.found_third != "confidence":
            return ()
        return (
            "the third number of each joint is from 0 to about 1 beside larger x and y; it was taken for a "
            "confidence and left out: say third = 'z' if it is a place",
        )

    def motion(self, clips: range, frames: range, rate: float) -> Motion:
        """Return some frames of some clips, laid end to end.

        Parameters
        ----------
        clips, frames
            Which clips, and which frames of each of them.
        rate
            Frames a second, of the file.

        Returns
        -------
        Motion
            Of joints that have position channels alone; keypoints in a picture have z = 0. If their parents are known
            these are in the parent's frame, otherwise in the world; no joint ever turns.

        Raises
        ------
        ReadError
            If a number is not finite, or so large that ``float32`` cannot hold it.
        """
        picked = self.values[clips.start : clips.stop, frames.start : frames.stop : frames.step]
        picked = picked[..., :2] if self.planar else picked
        points: Floats = np.zeros((*picked.shape[:3], 3))
        # The conversion would warn of signalling NaNs, which the next line looks for.
        with np.errstate(invalid="ignore"):
            points[..., : picked.shape[3]] = picked
        fits = np.abs(points) <= FLOAT32_MAX
        if not fits.all():
            clip, frame, joint, axis = map(int, np.unravel_index(np.argmin(fits), points.shape))
            number = (clips[clip] * self.values.shape[1] if self.apart else 0) + frames[frame] + 1
            raise ReadError(
                f"frame {number:,} has {points[clip, frame, joint, axis]} for joint {self.metadata.joints[joint]!r}, "
                f"axis {'xyz'[axis]}; expected finite numbers that float32 can hold",
                path=self.name,
            )
        points = points.reshape(-1, *points.shape[2:])
        parents = np.array(self.metadata.parents[1:], dtype=np.intp)
        if len(parents):
            points[:, 1:] -= points[:, parents]
        return Motion(_skeleton(self.metadata), points.reshape(len(points), -1), rate / frames.step)


def parse_arrays(data: bytes, name: str, metadata: ArrayMetadata) -> Clips:
    """Read joint positions from the bytes of an ``.npy`` or ``.npz`` file.

    Parameters
    ----------
    data
        The whole file.
    name
        What errors call it.
    metadata
        Names, parents, rate and units of its joints.

    Raises
    ------
    ReadError
        If it is empty, cut short, damaged, neither ``.npy`` nor ``.npz``, or holds no joint positions.
    """
    with open_array(io.BytesIO(data), len(data), name, metadata) as (file, size):
        head = file.read(HEADER_BYTES)
        header = parse_header(head, size, name, metadata)
        whole = data if isinstance(file, io.BytesIO) else head + file.read()
    if len(whole) != header.size:
        raise ReadError(f"unpacks to {len(whole):,} bytes; expected {header.size:,}", path=name)
    flat = np.frombuffer(whole, header.dtype, math.prod(header.shape), header.start)
    values = flat.reshape(header.shape, order="F" if header.fortran else "C")
    return Clips(values if header.clip else values[None], bool(header.clip), metadata, name)


def _skeleton(metadata: ArrayMetadata) -> Skeleton:
    count = len(metadata.joints)
    return Skeleton(
        metadata.joints,
        metadata.all_parents,
        ((0.0, 0.0, 0.0),) * count,
        (),
        (POSITION_CHANNELS,) * count,
    )
