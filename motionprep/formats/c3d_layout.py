"""Where a C3D file has its frames, how many there are and what a sample means, decided before the first is touched.

A file states most of this twice: in the header and in the parameter section. Where the two differ, every combination
is a reading, and the file's own length decides: frames end where the next section starts or the file ends, less than a
block of 512 bytes before that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product

from motionprep.errors import RateError
from motionprep.formats.c3d_block import BLOCK, FULL, Block, Processor, damage, read_block
from motionprep.formats.c3d_parameters import Parameters, read_parameters
from motionprep.motion.rates import GIVEN_RATE, RATES, is_rate, near_rate

#: Two numbers of one file that differ by less are the same number in two precisions.
_ROUNDING = 1e-4


@dataclass(frozen=True)
class Reading:
    """One way to read a file's frames.

    Parameters
    ----------
    start
        Byte of the first frame.
    points, frames
        How many there are.
    floats
        How many of the points are stored as floats; the others are 16-bit integers.
    analogs
        Analog samples a frame.
    departs
        Number of respects in which this differs from the file's most trusted places.
    """

    start: int
    points: int
    floats: int
    analogs: int
    frames: int
    departs: int = 0

    @property
    def stride(self) -> int:
        """Bytes from frame to frame."""
        return 8 * (self.points + self.floats) + (4 if self.floats else 2) * self.analogs

    @property
    def end(self) -> int:
        """Byte behind the last frame."""
        return self.start + self.frames * self.stride

    @property
    def layout(self) -> tuple[int, int, int, int]:
        """What decides which numbers are read, but for how many frames there are."""
        return self.start, self.points, self.floats, self.stride

    def __str__(self) -> str:
        kind = "floats" if self.floats else "16-bit integers"
        return (
            f"{self.frames:,} frames of {self.points:,} points as {kind} and {self.analogs:,} analog samples, "
            f"from byte {self.start:,} to {self.end:,}"
        )


@dataclass(frozen=True)
class Layout:
    """All that is decided before the first frame is touched.

    Parameters
    ----------
    processor
        The machine whose numbers the file holds.
    parameters
        Its parameter section.
    reading
        Where the frames are.
    end
        Byte where the section of frames ends; what the file promises if it is not all there.
    first_frame
        Its number, counted from 1.
    rate
        Frames a second.
    scale
        Of 16-bit samples; negative where samples are floats.
    one_scale
        Whether it is that of all points.
    notes
        What the file contradicts itself in.
    """

    processor: Processor
    parameters: Parameters
    reading: Reading
    end: int
    first_frame: int
    rate: float
    scale: float
    one_scale: bool
    notes: tuple[str, ...]

    @property
    def points(self) -> int:
        """How many points a frame has."""
        return self.reading.points

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return self.reading.frames


def plan_layout(data: bytes, name: str, size: int, rate: float | None = None, *, lenient: bool = False) -> Layout:
    """Decide how a file is to be read.

    Parameters
    ----------
    data
        The whole file, or its beginning if its frames need not be looked at.
    name
        What errors call it.
    size
        Bytes of the whole file.
    rate
        Frames a second, in place of the file's, which then may have none.
    lenient
        Of a file that is cut short, take the frames that are there.

    Raises
    ------
    RateError
        If all but the rate can be read.
    ReadError
        If the header or the parameter section is damaged, the file has no points, several readings fit it and none is
        better than the others, none fits, or the frames have to be looked at and are not in ``data``.
    """
    block = read_block(data, name)
    parameters = read_parameters(data, name, block)
    notes = [*parameters.notes]
    stated, rate = _rates(block, parameters, name, rate, notes)
    used = parameters.count("POINT", "USED")
    if not used and not block.points:
        channels = parameters.count("ANALOG", "USED") or block.analogs
        there = f"{channels:,} analog channels and no points" if channels else "no points"
        raise damage(name, "parameter section", f"the file holds {there}, so there are no markers to read", advice="")
    points = [count for count in dict.fromkeys((used, block.points)) if 0 < count <= FULL]
    if not points:
        raise damage(name, "parameter section", f"POINT:USED is {used}; a file of markers has 1 to 65,535 points")

    values = (value for array in parameters.series("SCALE") for value in array.numbers().tolist())
    scales = list(islice(values, points[0])) or [block.scale]
    if not all(math.isfinite(scale) and scale for scale in scales):
        raise damage(name, "parameter section", f"POINT:SCALE has {min(scales, key=abs)}; a scale is finite and not 0")
    # ezc3d gives the points that a list of scales leaves out the first one.
    floats = sum(scale < 0 for scale in scales) + (points[0] - len(scales)) * (scales[0] < 0)
    one_scale = floats == points[0] or len(set(scales)) == 1

    starts = _starts(block, parameters)
    if not starts:
        raise damage(
            name, "header", f"frames start at byte {block.start:,}, in the parameter section or in front of it"
        )
    end = min((place for place in _other_sections(parameters) if starts[0] < place < size), default=size)
    analogs = _analogs(block, parameters, stated or rate)
    # Where one scale means floats and another integers; of points with scales of their own there is one account alone.
    kinds = [scales[0] < 0, *([block.scale < 0] if one_scale and math.isfinite(block.scale) and block.scale else [])]
    counts = _frames(block, parameters)
    if counts is None:
        counts = [_count_frames(data, name, size, end, Reading(starts[0], points[0], floats, analogs[0], 1))]
        notes.append(f"the frame counters are full; {counts[0]:,} frames were counted in the file")
        if len(analogs) > 1:
            analogs = analogs[:1]
            notes.append("the counts of analog samples disagree, and the file has no count of frames to decide by")
    elif max(counts) <= 0:
        raise damage(name, "header", f"frames {block.first} to {block.last}; a take has at least one frame")
    readings = [
        Reading(start, some, _floats(kind, some, floats, one_scale), words, frames, departs)
        for departs, (start, some, kind, words, frames) in _combined(
            starts, points, list(dict.fromkeys(kinds)), analogs, [count for count in counts if count > 0]
        )
    ]
    reading = _chosen(readings, data, name, size, end, lenient=lenient, notes=notes)
    scale = _scale(scales[0], block.scale, reading, notes) if one_scale else scales[0]
    if reading.points != block.points or reading.points != (used or reading.points):
        notes.append(f"the header says {block.points:,} points, POINT:USED {used:,}; {reading.points:,} were read")
    if reading.start != block.start:
        notes.append(f"the header has the first frame at byte {block.start:,}; it is at byte {reading.start:,}")
    if len(starts) > 1 and reading.start == block.start:
        notes.append(f"POINT:DATA_START is byte {starts[1]:,}; the header's byte {block.start:,} was taken")
    if len(analogs) > 1:
        others = " and ".join(f"{count:,}" for count in analogs if count != reading.analogs)
        notes.append(
            f"the counts of analog samples a frame disagree; {reading.analogs:,} fit the file's length, not {others}"
        )
    first = parameters.frame_number("ACTUAL_START_FIELD")
    first = max(1, first if first & FULL == block.first else block.first)
    if block.frames < 1:
        notes.append(f"the header says frames {block.first:,} to {block.last:,}; {reading.frames:,} frames were read")
    return Layout(block.processor, parameters, reading, end, first, rate, scale, one_scale, tuple(dict.fromkeys(notes)))


def _rates(
    block: Block, parameters: Parameters, name: str, rate: float | None, notes: list[str]
) -> tuple[float | None, float]:
    """Return the rate that the file states, if it can be one, and the rate to take."""
    by_parameter = parameters.number("POINT", "RATE")
    stated = by_parameter if by_parameter > 0 else block.rate
    if rate is None and not is_rate(stated):
        raise RateError(
            f"POINT:RATE and the header's rate are {stated:g}; expected {RATES}; {GIVEN_RATE}",
            path=name,
            section="parameter section",
        )
    if rate is None and is_rate(by_parameter) and is_rate(block.rate) and _differ(by_parameter, block.rate):
        notes.append(
            f"the header says {block.rate:g} frames a second, POINT:RATE {by_parameter:g}; the latter was taken"
        )
    return (stated if is_rate(stated) else None), (near_rate(stated) if rate is None else rate)


def _starts(block: Block, parameters: Parameters) -> list[int]:
    """Return the bytes where the first frame may be, behind the parameters, the header's first."""
    stated = (parameters.count("POINT", "DATA_START") - 1) * BLOCK
    return [start for start in dict.fromkeys((block.start, stated)) if start >= parameters.end]


def _other_sections(parameters: Parameters) -> Iterator[int]:
    """Yield the bytes where other data than points start, as of rotations; a group that uses none has none."""
    for group, title in parameters.arrays:
        if title == "DATA_START" and group not in ("POINT", "ANALOG"):
            if (group, "USED") in parameters.arrays and parameters.count(group, "USED") == 0:
                continue
            yield (parameters.count(group, title) - 1) * BLOCK


def _analogs(block: Block, parameters: Parameters, rate: float) -> list[int]:
    """Return the numbers of analog samples a frame that places in the file state, the most trusted first."""
    used = parameters.count("ANALOG", "USED")
    samples = parameters.number("ANALOG", "RATE") / rate
    ratio = max(0, round(samples)) if math.isfinite(samples) and samples <= FULL else 0
    stated = [block.analogs, used * ratio]
    if not block.analogs or (used and block.analogs % used):
        stated.reverse()
    if stated[0] == stated[1]:
        return stated[:1]
    # Some programs write channels where channels x samples belongs.
    counts = (*stated, block.analogs * ratio, block.analogs * block.samples, used * block.samples)
    return list(dict.fromkeys(count for count in counts if count <= FULL))


def _frames(block: Block, parameters: Parameters) -> list[int] | None:
    """Return the numbers of frames that places in the file state, the most trusted first.

    None if the file's 16-bit counters are full and no wider one is there.
    """
    counted = parameters.count("POINT", "FRAMES")
    full = (counted or block.last) == FULL
    # A header that can count no further is of no use.
    counts = [count for count in dict.fromkeys((counted, block.frames if block.last < FULL else 0)) if count]
    trial = parameters.frame_number("ACTUAL_END_FIELD") - parameters.frame_number("ACTUAL_START_FIELD") + 1
    for wide in (parameters.count("POINT", "LONG_FRAMES"), trial):
        # TRIAL may still be that of the take that this one was cut from.
        if wide >= FULL and (full or wide & FULL == (counted or block.frames)):
            return [wide]
    if full:
        return None
    return counts or [0]


def _combined(*choices: Sequence[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield all combinations of choices, and how many of each are not the first."""
    for picks in product(*(range(len(some)) for some in choices)):
        yield sum(pick > 0 for pick in picks), tuple(some[pick] for some, pick in zip(choices, picks, strict=True))


def _floats(kind: int, points: int, floats: int, one_scale: bool) -> int:
    if one_scale:
        return points if kind else 0
    return floats


def _chosen(
    readings: Sequence[Reading], data: bytes, name: str, size: int, end: int, *, lenient: bool, notes: list[str]
) -> Reading:
    """Return the reading that the file's length decides for.

    Those fit whose frames end less than a block before the section does (ezc3d fills a whole one where nothing is to be
    filled). Of several, the one behind which nothing but padding is left, then the one that departs least from what the
    file's most trusted places state.
    """
    exact = [one for one in readings if 0 <= end - one.end <= BLOCK]
    fits: Sequence[Reading] = exact or [one for one in readings if one.end <= end]
    if not fits:
        return _cut(readings, name, end, lenient=lenient, notes=notes)
    if exact:
        fits = _by_padding(exact, data, name, end)
        least = min(one.departs for one in fits)
        best = [one for one in fits if one.departs == least]
    else:
        best = list(fits)
    if len({one.layout for one in best}) > 1:
        both: dict[tuple[int, int, int, int], Reading] = {}
        for one in sorted(best, key=lambda one: one.departs):
            both.setdefault(one.layout, one)
        ways = "; or ".join(map(str, both.values()))
        raise damage(name, "point data", f"the file contradicts itself and its {size:,} bytes do not decide: {ways}")
    chosen = min(best, key=lambda one: one.departs)
    if exact:
        chosen = _without_padding(chosen, fits, data)
    counts = dict.fromkeys(one.frames for one in readings)
    if len(counts) > 1:
        other = next(count for count in counts if count != chosen.frames)
        fit = any(one.layout == chosen.layout and one.frames == other for one in exact)
        both_fit, alone = (
            ", and both fit its length; the latter was taken",
            "; the latter was taken, which fits its length",
        )
        notes.append(f"the file says {other:,} frames as well as {chosen.frames:,}{both_fit if fit else alone}")
    if end - chosen.end > BLOCK:
        notes.append(f"{end - chosen.end:,} bytes stand behind the last frame")
    return chosen


def _by_padding(fits: Sequence[Reading], data: bytes, name: str, end: int) -> Sequence[Reading]:
    """Return those of several readings of a short file that leave zeros behind their frames and take none for frames.

    Readings that depart in more places than need be do not take part. Where padding is no zeros, all others are
    returned as if they departed alike, for nothing decides between them.
    """
    least = min(one.departs for one in fits)
    near = [one for one in fits if one.departs <= least + 1]
    if len({one.layout for one in near}) == 1 and len({one.frames for one in near}) == 1:
        return near
    if len(data) < end:
        message = f"the file contradicts itself, and only {len(data):,} of the {end:,} bytes that decide are at hand"
        raise damage(name, "point data", message)
    if len({one.layout for one in near}) == 1:
        return near
    padded = [one for one in near if not any(data[one.end : end])]
    if not padded:
        return [replace(one, departs=least) for one in near]
    first = min(one.end for one in padded)
    return [one for one in padded if one.end == first]


def _without_padding(chosen: Reading, fits: Sequence[Reading], data: bytes) -> Reading:
    """Return the reading of the fewest frames that the file states if the others hold zeros alone, or ``chosen``."""
    fewer = [one for one in fits if one.layout == chosen.layout and one.end < chosen.end]
    for one in sorted(fewer, key=lambda one: one.frames):
        if not any(data[one.end : chosen.end]):
            return one
    return chosen


def _cut(readings: Sequence[Reading], name: str, end: int, *, lenient: bool, notes: list[str]) -> Reading:
    """Return the reading of a file that has fewer frames than it states."""
    stated = readings[0]
    there = max(0, end - stated.start) // stated.stride
    strides = {one.layout for one in readings}
    if lenient and there and len(strides) == 1:
        notes.append(f"{stated.frames:,} frames are stated to be there; the file has {there:,}, which were read")
        return Reading(stated.start, stated.points, stated.floats, stated.analogs, there)
    message = (
        f"{stated.frames:,} frames of {stated.stride:,} bytes from byte {stated.start:,} end at byte {stated.end:,}; "
        f"the file has {end:,} bytes"
    )
    if len(strides) > 1:
        message += (
            f", and no other count that it says of points or analog samples fits either ({len(strides)} were tried)"
        )
    elif there:
        message += f"; lenient reading keeps the {there:,} frames that are there"
    raise damage(name, "point data", message)


def _scale(by_parameter: float, by_header: float, reading: Reading, notes: list[str]) -> float:
    """Return the scale of the samples, negative where they are floats."""
    known = math.isfinite(by_header) and by_header != 0
    if known and (by_parameter < 0) != (by_header < 0):
        kind = "floats" if reading.floats else "16-bit integers"
        notes.append(
            f"the header's scale is {by_header:g}, POINT:SCALE {by_parameter:g}; the file's length says that samples "
            f"are {kind}"
        )
    elif known and not reading.floats and _differ(by_parameter, by_header):
        notes.append(
            f"the header's scale is {by_header:g}, POINT:SCALE {by_parameter:g}, and nothing else decides; the latter "
            f"was taken, so positions may be {by_header / by_parameter:.3g} times as large"
        )
    if bool(reading.floats) == (by_parameter < 0):
        return by_parameter
    return by_header if known and bool(reading.floats) == (by_header < 0) else -by_parameter


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > _ROUNDING * max(abs(one), abs(other))


def _count_frames(data: bytes, name: str, size: int, end: int, one: Reading) -> int:
    """Return how many frames there are bytes for, without the zeros that fill the last block."""
    if len(data) < size:
        raise damage(name, "point data", f"the counters say 65,535 frames or more; {len(data):,} bytes are at hand")
    frames = max(0, end - one.start) // one.stride
    padding = BLOCK
    while padding >= one.stride and not any(
        data[one.start + (frames - 1) * one.stride : one.start + frames * one.stride]
    ):
        frames, padding = frames - 1, padding - one.stride
    if frames < FULL:
        raise damage(name, "point data", f"the counters say 65,535 frames or more; there are bytes for {frames:,}")
    return frames
