"""The first block of a C3D file, and the numbers of the three processors that such files were written on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motionprep.errors import ReadError
from motionprep.files.reading import GIT_LFS, NOT_FETCHED
from motionprep.motion.arrays import Floats

BLOCK = 512
# A 16-bit counter that can count no further.
FULL = 0xFFFF

Words = NDArray[np.signedinteger[Any]]


class Processor(IntEnum):
    """The machine whose numbers a file holds, by the byte that names it."""

    INTEL = 84
    DEC = 85
    MIPS = 86

    def words(self, size: int) -> np.dtype[np.signedinteger[Any]]:
        """Return the type of integers of ``size`` bytes."""
        return np.dtype(f"{'>' if self is Processor.MIPS else '<'}i{size}")


@dataclass(frozen=True)
class Block:
    """The first block: counts, rate and places as the header has them; places are counted in bytes."""

    processor: Processor
    parameters: int
    points: int
    analogs: int
    first: int
    last: int
    scale: float
    start: int
    samples: int
    rate: float

    @property
    def frames(self) -> int:
        """How many there are by the first and the last one's number."""
        return self.last - self.first + 1


def read_block(data: bytes, name: str) -> Block:
    """Read the first block of the file ``data``, which errors call ``name``.

    Raises
    ------
    ReadError
        If it is cut short, contradicts itself or is that of no C3D file.
    """
    if not data:
        raise damage(name, "header", "the file is empty")
    if data.startswith(GIT_LFS):
        raise ReadError(NOT_FETCHED, path=name)
    if len(data) < BLOCK:
        raise damage(name, "header", f"the file has {len(data)} bytes; the header alone has {BLOCK}")
    if data[1] != 0x50:
        raise damage(name, "header", f"byte 2 is 0x{data[1]:02x}; in a C3D file it is 0x50")
    parameters = (data[0] - 1) * BLOCK
    if parameters < BLOCK:
        raise damage(name, "header", f"the parameter section starts in block {data[0]}; 2 or more would be right")
    if len(data) < parameters + 4:
        raise damage(name, "parameter section", f"it starts at byte {parameters}; the file has {len(data)} bytes")
    try:
        processor = Processor(data[parameters + 3])
    except ValueError:
        found = data[parameters + 3]
        raise damage(name, "parameter section", f"processor {found}; 84, 85 or 86 would be right") from None
    points, analogs, first, last, *_, start, samples = (
        int(word) & FULL for word in np.frombuffer(data, processor.words(2), 9, offset=2)
    )
    scale, _, rate = floats(np.frombuffer(data, processor.words(4), 3, offset=12), processor).tolist()
    return Block(processor, parameters, points, analogs, first, last, scale, (start - 1) * BLOCK, samples, rate)


def swapped(words: Words, processor: Processor) -> Words:
    """Return 32-bit words with the sign in front: a VAX has its upper half second."""
    if processor is not Processor.DEC:
        return words
    bits = words.view(np.dtype("<u4"))
    return ((bits << 16) | (bits >> 16)).view(np.int32)


def floats(words: Words, processor: Processor) -> Floats:
    """Return the numbers whose 32 bits stand in ``words``, in the shape of those."""
    words = swapped(words, processor)
    # The conversion would warn of signalling NaNs, which the caller looks for.
    with np.errstate(invalid="ignore"):
        values: Floats = words.view(words.dtype.str.replace("i", "f")).astype(np.float64)
    # The exponent of a VAX counts from 128 and its fraction from 0.5, that of IEEE 754 from 127 and 1.
    return values / 4 if processor is Processor.DEC else values


def damage(
    name: str,
    section: Literal["header", "parameter section", "point data"],
    message: str,
    advice: str = ". Copy or export the file again, or leave it out.",
) -> ReadError:
    """Return the error about a section of the file ``name``."""
    return ReadError(f"{message}{advice}", path=name, section=section)
