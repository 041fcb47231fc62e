"""Which numbers can be a rate, and which rate a frame time in a text means."""

from __future__ import annotations

import math
import re
import struct
from functools import lru_cache

#: What errors name as expected.
RATES = "a number from 1.2e-38 to 3.4e38, such as 120"
#: The way out that errors about a file's rate name.
GIVEN_RATE = "a rate that `rates` gives for this motion overrides it"
#: float32's smallest normal number and its largest one.
_SLOWEST, _FASTEST = 2.0**-126, 2.0**128 - 2.0**104
#: float32, in which C3D files have their rates, holds seven digits.
_SAME = 1e-5
#: Cameras, films and games run at multiples of these.
_COMMON = (24, 25, 30)
_DIGITS = re.compile(r"[+-]?\d*\.?(\d*)(?:[eE]([+-]?\d+))?", re.ASCII)


def is_rate(rate: float) -> bool:
    """Return whether there can be so many frames a second: a number above zero, and one that float32 holds."""
    return _SLOWEST <= rate <= _FASTEST


def near_rate(rate: float) -> float:
    """Return the whole rate, or the NTSC rate n x 1000/1001, that is within 1e-5 of a rate, or else the rate itself."""
    for number in (float(round(rate)), round(rate * 1.001) * 1000 / 1001):
        if number and abs(rate - number) <= _SAME * number:
            return number
    return rate


# The files of a corpus have few frame times.
@lru_cache(maxsize=1024)
def rate_of(frame_time: str) -> float:
    """Return how many frames a second are meant by a frame time as it is printed, in seconds.

    The printed digits decide. The first of these rates is meant whose frame time is printed so, and of several of one
    kind the one whose frame time is nearest:

    1. a whole rate whose frame time is exactly this (``0.008`` is 125);
    2. a multiple of 24, 25 or 30 (``0.0083`` is 120, ``0.033`` is 30, ``0.017`` is 60);
    3. such a multiple whose digits were cut off and not rounded (``0.016666`` is 60);
    4. any other whole rate (``0.0101`` is 99);
    5. an NTSC rate, a whole one times 1000/1001 (``0.0333667`` is 29.97), also where the rate was rounded to two or
       three decimals before its frame time was printed (1 / 29.97);
    6. any whole rate whose digits were cut off (``0.066`` is 15);
    7. an NTSC rate whose digits were cut off (``0.033366`` is 29.97).

    Otherwise it is the number as it stands. The digits may be those of the frame time as float32.

    Parameters
    ----------
    frame_time
        A decimal number above zero, with or without an exponent, whose rate is finite.
    """
    time = float(frame_time)
    rate = 1 / time
    whole = round(rate)
    if whole and time * whole == 1:
        return float(whole)
    match = _DIGITS.fullmatch(frame_time)
    decimals = len(match[1]) - int(match[2] or 0) if match else 0
    unit = 10.0 ** -max(-9, min(decimals, 40))

    def rounded(exact: float) -> bool:
        return any(abs(printed - time) <= unit / 2 + math.ulp(time) for printed in (exact, _float32(exact)))

    def cut(exact: float) -> bool:
        return any(time <= printed < time + unit for printed in (exact, _float32(exact)))

    common = [float(number) for multiple in _COMMON for number in _nearest(rate, multiple)]
    any_whole = [float(number) for number in _nearest(rate, 1)]
    ntsc = [number * 1000 / 1001 for number in _nearest(rate * 1001 / 1000, 1)]
    kinds = (
        [number for number in common if rounded(1 / number)],
        [number for number in common if cut(1 / number)],
        [number for number in any_whole if rounded(1 / number)],
        [number for number in ntsc if any(rounded(1 / said) for said in _said(number))],
        [number for number in any_whole if cut(1 / number)],
        [number for number in ntsc if any(cut(1 / said) for said in _said(number))],
    )
    meant = next(filter(None, kinds), [rate])
    return min(meant, key=lambda number: abs(1 / number - time))


def _nearest(rate: float, multiple: int) -> list[int]:
    """Return the two multiples, above zero, between which a rate is."""
    below = math.floor(rate / multiple) * multiple
    return [number for number in (below, below + multiple) if number]


def _said(ntsc: float) -> set[float]:
    """Return an NTSC rate and what people call it: 23.976 and 23.98."""
    return {number for number in (ntsc, round(ntsc, 3), round(ntsc, 2)) if number}


def _float32(number: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", number))[0])
