"""The codes of findings, and the words that choose some of them; docs/quality.md explains each code."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from motionprep.naming.nearest import did_you_mean

#: In the order of docs/quality.md.
CODES = (
    "unreadable",
    *("rate-slow", "rate-fast", "rate-speed", "rate-pair", "rate-ntsc", "rate-differs"),
    *("size-implausible", "size-differs"),
    *("axes-unsure", "axes-mirrored", "axes-up-differs", "axes-rest-differs"),
    *("jump-root", "jump-joint", "jump-marker", "jump-rotation", "jump-wrap", "jump-frozen", "jump-dropped"),
    *("skeleton-length", "skeleton-differs", "skeleton-sides"),
    *("skeleton-dead-joint", "skeleton-still-joint", "skeleton-still-differs"),
    *("feet-skate", "feet-treadmill", "feet-below-floor", "feet-floating", "feet-floor", "feet-slope"),
    *("markers-missing", "markers-gap", "markers-swap", "markers-together", "markers-moved"),
    *("markers-zero", "markers-ghost", "markers-never"),
    *("range-not-finite", "range-angle", "range-t-pose"),
    *("duplicate-bytes", "duplicate-motion", "duplicate-part", "duplicate-resampled", "duplicate-mirrored"),
    "duplicate-frames",
    "unchecked",
)


def chooses(word: str, code: str) -> bool:
    """Return whether a word chooses a code: the code, its beginning up to a dash, or a pattern such as ``jump-*``."""
    return fnmatchcase(code, word) or code.startswith(f"{word}-")


def check(words: Sequence[str]) -> None:
    """Raise unless each word chooses a code.

    Raises
    ------
    ValueError
        If one chooses none; it names those that are near.
    """
    for word in words:
        if not any(chooses(word, code) for code in CODES):
            known = dict.fromkeys((*CODES, *(code.partition("-")[0] for code in CODES)))
            raise ValueError(f"no finding has the code {word!r}{did_you_mean(word, known)}")
