"""Which numbers can be a rate: those with which durations and speeds can be computed."""

from __future__ import annotations

#: What errors say that they expect.
RATES = "a number from 1.2e-38 to 3.4e38"
#: float32's smallest normal number and its largest one.
_SLOWEST, _FASTEST = 2.0**-126, 2.0**128 - 2.0**104


def is_rate(rate: float) -> bool:
    """Return whether there can be so many frames a second: a number above zero, and one that float32 holds."""
    return _SLOWEST <= rate <= _FASTEST
