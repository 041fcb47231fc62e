"""Random numbers that are the same on every machine and in every version of Python."""

from __future__ import annotations

from collections.abc import Callable
from random import Random


def source(seed: int, *names: int | str) -> Callable[[], float]:
    """Return a source of numbers from 0 to 1 that depends on nothing but its names."""
    return Random("/".join(map(str, (seed, *names)))).random


def skewed(draw: Callable[[], float]) -> float:
    """Draw from near a lognormal distribution: a product of many factors, with a mean of 1."""
    value = 1.0
    for _ in range(10):
        value *= 0.5 + draw()
    return value
