"""Courses of angles over the frames of a motion, by arithmetic and square roots only.

Those are rounded in the same way on every machine; the C library's sine and arc tangent are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motionprep.motion.arrays import Floats

_DEGREES = 57.29577951308232
# Of x to the power of 15, 13 and so on down to 1 in sin(2 pi x).
_SINE = (
    -0.7181223017785001,
    3.8199525848482803,
    -15.094642576822984,
    42.058693944897634,
    -76.70585975306136,
    81.60524927607504,
    -41.341702240399755,
    6.283185307179586,
)


def swing(angle: Floats, cos_tilt: float, sin_tilt: float) -> tuple[Floats, Floats, Floats]:
    """Return Z, Y and X angles of a turn by -tilt about z and then by ``angle`` about x, in degrees.

    The product has its elements (2, 0), (1, 0), (0, 0), (2, 1) and (2, 2) equal to -sin(angle) sin(tilt),
    -cos(angle) sin(tilt), cos(tilt), sin(angle) cos(tilt) and cos(angle); a Z-Y-X product has there -sin(Y), and with a
    common factor cos(Y) sin(Z), cos(Z), sin(X) and cos(X).
    """
    along, across = cosine(angle / 360.0), sine(angle / 360.0)
    sine_y = across * sin_tilt
    z = -arctangent(along * (sin_tilt / cos_tilt))
    y = arctangent(sine_y / root(1.0 - sine_y * sine_y))
    # The difference to the angle itself stays within a right angle, so that nothing has to be unwrapped.
    x = angle - arctangent((1.0 - cos_tilt) * across * along / (along * along + cos_tilt * across * across))
    return z, y, x


def turn(angle: Floats, y: float, z: float) -> tuple[Floats, Floats]:
    """Return where a turn by ``angle`` degrees about x takes a point."""
    along, across = cosine(angle / 360.0), sine(angle / 360.0)
    return y * along - z * across, y * across + z * along


def harmonics(turns: Floats) -> list[Floats]:
    """Return cosine and sine of once, twice and up to four times an angle."""
    once_cosine, once_sine = cosine(turns), sine(turns)
    waves = [once_cosine, once_sine]
    for _ in range(3):
        along, across = waves[-2:]
        waves += [along * once_cosine - across * once_sine, across * once_cosine + along * once_sine]
    return waves


def wave(series: Sequence[float], waves: Sequence[Floats]) -> Floats:
    """Return a Fourier series; what it does not have of :func:`harmonics` is zero."""
    total = series[0] + series[1] * waves[0]
    for factor, course in zip(series[2:], waves[1:], strict=False):
        total = total + factor * course
    return total


def positive(values: Floats, soft: float) -> Floats:
    """Return what is above zero of ``values``, and something above zero where there is nothing."""
    return 0.5 * (values + root(values * values + soft * soft))


def greater(a: Floats, b: Floats, soft: float) -> tuple[Floats, Floats]:
    """Return the greater one, with a soft passage from one to the other, and the share of ``a`` in it."""
    over = a - b
    apart = root(over * over + soft * soft)
    return 0.5 * (a + b + apart), 0.5 + 0.5 * over / apart


def sine(turns: Floats) -> Floats:
    """Return the sine of whole turns; see :func:`cosine`."""
    return cosine(turns - 0.25)


def cosine(turns: Floats) -> Floats:
    """Return the cosine of whole turns, by the Taylor series of the sine up to a quarter turn; good to 1e-11."""
    import numpy as np

    angle = 0.25 - abs(turns - np.rint(turns))
    square = angle * angle
    total = _SINE[0] * square + _SINE[1]
    for factor in _SINE[2:]:
        total = total * square + factor
    return total * angle


def arctangent(ratio: Floats) -> Floats:
    """Return the arc tangent in degrees, by its Taylor series for a quarter of the angle; good to 1e-6."""
    for _ in range(2):
        ratio = ratio / (1.0 + root(1.0 + ratio * ratio))
    square = ratio * ratio
    total = square / 13.0 - 1.0 / 11.0
    for factor in (1.0 / 9.0, -1.0 / 7.0, 1.0 / 5.0, -1.0 / 3.0, 1.0):
        total = total * square + factor
    return 4.0 * _DEGREES * total * ratio


def root(values: Floats) -> Floats:
    """Return the square root, rounded as IEEE 754 has it."""
    import numpy as np

    return np.sqrt(values)
