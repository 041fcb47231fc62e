"""Where a C3D file has its frames, how many there are and what a sample means, decided before the first is touched."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice

from motionprep.errors import RateError
from motionprep.formats.c3d_block import BLOCK, FULL, Block, Processor, damage, read_block
from motionprep.formats.c3d_parameters import Parameters, read_parameters
from motionprep.rates import GIVEN_RATE, RATES, is_rate


@dataclass(frozen=True)
class Layout:
    """All that is decided before the first frame is touched.

    Parameters
    ----------
    processor
        Whose numbers the file holds.
    parameters
        Its parameter section.
    start
        Byte of the first frame.
    points, frames
        How many there are.
    first_frame
        Its number, counted from 1.
    rate
        Frames a second.
    scale
        Of 16-bit samples; negative where samples are floats.
    one_scale
        Whether it is that of all points.
    strides
        Bytes from frame to frame by each count of analog samples that the file gives, the most trusted one first.
    notes
        What the file contradicts itself in.
    """

    processor: Processor
    parameters: Parameters
    start: int
    points: int
    frames: int
    first_frame: int
    rate: float
    scale: float
    one_scale: bool
    strides: tuple[int, ...]
    notes: tuple[str, ...]


def plan_layout(data: bytes, name: str, rate: float | None = None) -> Layout:
    """Decide how a file is to be read.

    Parameters
    ----------
    data
        The whole file, or its beginning if its frames need not be counted.
    name
        What errors call it.
    rate
        Frames a second, in place of the file's, which then may have none.

    Raises
    ------
    RateError
        If all but the rate can be read.
    ReadError
        If the header or the parameter section is damaged, or the frames have to be counted and are not there.
    """
    block = read_block(data, name)
    parameters = read_parameters(data, name, block)
    notes = [*parameters.notes]

    points = parameters.count("POINT", "USED") or block.points
    if not 0 < points <= FULL:
        raise damage(name, "parameter section", f"POINT:USED is {points}; a file of markers has 1 to 65,535 points")
    if points != block.points:
        notes.append(f"the header says {block.points:,} points, POINT:USED {points:,}; the latter was taken")
    said = parameters.number("POINT", "RATE")
    said = said if said > 0 else block.rate
    if rate is None and not is_rate(said):
        raise RateError(
            f"POINT:RATE and the header's rate are {said:g}; expected {RATES}; {GIVEN_RATE}",
            path=name,
            section="parameter section",
        )
    rate = said if rate is None else rate

    values = (value for array in parameters.series("SCALE") for value in array.numbers().tolist())
    scales = list(islice(values, points)) or [block.scale]
    if not all(math.isfinite(scale) and scale for scale in scales):
        raise damage(name, "parameter section", f"POINT:SCALE has {min(scales, key=abs)}; a scale is finite and not 0")
    # ezc3d gives the points that a list of scales leaves out the first one.
    floats = sum(scale < 0 for scale in scales) + (points - len(scales)) * (scales[0] < 0)
    one_scale = floats == points or len(set(scales)) == 1
    analogs = _analogs(block, parameters, said if is_rate(said) else rate)
    strides = tuple(dict.fromkeys(8 * (points + floats) + (4 if scales[0] < 0 else 2) * count for count in analogs))

    frames = _frames(block, parameters)
    if frames is None:
        frames = _count_frames(data, name, block.start, strides[0])
        notes.append(f"the frame counters are full; {frames:,} frames were counted in the file")
    elif frames <= 0:
        raise damage(name, "header", f"frames {block.first} to {block.last}; a take has at least one frame")
    elif frames < FULL and frames != block.frames:
        notes.append(f"the header says {block.frames:,} frames, POINT:FRAMES {frames:,}; the latter was taken")
    first = parameters.frame_number("ACTUAL_START_FIELD")
    first = max(1, first if first & FULL == block.first else block.first)
    return Layout(
        block.processor,
        parameters,
        block.start,
        points,
        frames,
        first,
        rate,
        scales[0],
        one_scale,
        strides,
        tuple(notes),
    )


def find_stride(data: bytes, name: str, layout: Layout) -> int:
    """Return the bytes from frame to frame, and so make sure that the frames are there."""
    for stride in layout.strides:
        if layout.start + layout.frames * stride <= len(data):
            return stride
    stride = layout.strides[0]
    raise damage(
        name,
        "point data",
        f"{layout.frames:,} frames of {stride:,} bytes from byte {layout.start:,} on end at byte "
        f"{layout.start + layout.frames * stride:,}; the file has {len(data):,} bytes",
    )


def _analogs(block: Block, parameters: Parameters, rate: float) -> tuple[int, int]:
    """Return the number of analog samples a frame as both places have it, the more trusted first."""
    used = parameters.count("ANALOG", "USED")
    declared = max(0, used * int(parameters.number("ANALOG", "RATE") / rate))
    if block.analogs and (not used or block.analogs % used == 0):
        return block.analogs, declared
    return declared, block.analogs


def _frames(block: Block, parameters: Parameters) -> int | None:
    """Return the number of frames, or None if the file's 16-bit counters are full and no wider one is there."""
    counted = parameters.count("POINT", "FRAMES")
    full = (counted or block.last) == FULL
    counted = counted or block.frames
    trial = parameters.frame_number("ACTUAL_END_FIELD") - parameters.frame_number("ACTUAL_START_FIELD") + 1
    for wide in (parameters.count("POINT", "LONG_FRAMES"), trial):
        # TRIAL may still tell of the take that this one was cut from.
        if wide >= FULL and (full or wide & FULL == counted):
            return wide
    return None if full else counted


def _count_frames(data: bytes, name: str, start: int, stride: int) -> int:
    frames = max(0, len(data) - start) // stride
    padding = BLOCK
    while padding >= stride and not any(data[start + (frames - 1) * stride : start + frames * stride]):
        frames, padding = frames - 1, padding - stride
    if frames < FULL:
        raise damage(name, "point data", f"the counters say 65,535 frames or more; there are bytes for {frames:,}")
    return frames
