"""A motion as the text of a BVH file: 4 decimals looked up in tables, so that every machine writes the same bytes.

Looking up and packing takes about 15 ns a number, as long as a compiled loop does, and there is nothing to compile.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.arrays import Floats, Vector
from motionprep.motion.motion import Motion
from motionprep.motion.skeleton import Skeleton

_FRAME_TIME = ".0083333"
_SCALE = 10_000
_BLANK, _MINUS, _POINT, _ZERO, _NEWLINE = b" -.0\n"
# Small enough for the processor's cache.
_BLOCK = 128


def head(motion: Motion) -> bytes:
    r"""Return the text of a motion up to its first row, that row included, with ``\n`` at each line's end.

    The first row has its angles in whole degrees, as a converter adds a T-pose.
    """
    row = [rows(motion.channels[:1, :3]).decode().strip(), *(str(round(value)) for value in motion.channels[0, 3:])]
    lines = ["HIERARCHY", *_hierarchy(motion.skeleton, 0), "MOTION", f"Frames: {motion.frames}"]
    return "\n".join([*lines, f"Frame Time: {_FRAME_TIME}", " ".join(row), ""]).encode("ascii")


def rows(channels: Floats) -> bytes:
    """Return the text of ``channels`` (F, C), a line a frame: 4 decimals, single blanks between the values.

    A value has at most 4 digits before its point.
    """
    blocks = [_block(channels[start : start + _BLOCK]) for start in range(0, len(channels), _BLOCK)]
    return b"".join(blocks)


def _hierarchy(skeleton: Skeleton, joint: int, indent: str = "") -> list[str]:
    """Return the lines of one joint and of all below it."""
    inner = indent + "\t"
    channels = skeleton.channels[joint]
    lines = [f"{indent}{'JOINT' if joint else 'ROOT'} {skeleton.joints[joint]}", f"{indent}{{"]
    lines += [f"{inner}{_offset(skeleton.offsets[joint])}", f"{inner}CHANNELS {len(channels)} {' '.join(channels)}"]
    for child, parent in enumerate(skeleton.parents):
        if parent == joint:
            lines += _hierarchy(skeleton, child, inner)
    for site in skeleton.end_sites:
        if site.joint == joint:
            lines += [f"{inner}End Site", f"{inner}{{", f"{inner}\t{_offset(site.offset)}", f"{inner}}}"]
    return [*lines, f"{indent}}}"]


def _offset(offset: Vector) -> str:
    return "OFFSET " + (" ".join(f"{value:.5f}" for value in offset) if any(offset) else "0 0 0")


def _tables() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the text of what is before and behind a point, in words of 4 bytes; bytes not needed are 0.

    Returns
    -------
    whole
        (20000, 2): row 2 k is for k, row 2 k + 1 for -k, with a blank before and the point behind.
    decimals
        (10000,): 4 digits.
    """
    number = np.arange(_SCALE)
    digits = np.stack([_ZERO + number // 10**power % 10 for power in (3, 2, 1, 0)], axis=1).astype(np.uint8)
    size = 1 + np.searchsorted([10, 100, 1000], number, side="right")
    whole = np.zeros((_SCALE, 2, 8), dtype=np.uint8)
    whole[:, :, 3:7] = np.where(np.arange(4) >= 4 - size[:, None], digits, 0)[:, None]
    whole[:, :, 7] = _POINT
    whole[number, 1, 6 - size] = _MINUS
    whole[number, 0, 6 - size] = _BLANK
    whole[number, 1, 5 - size] = _BLANK
    return whole.reshape(-1, 8).view(np.uint32), digits.view(np.uint32)[:, 0]


_WHOLE, _DECIMALS = _tables()


def _block(channels: Floats) -> bytes:
    scaled = np.rint(channels * _SCALE).astype(np.int32)
    decimals = abs(scaled)
    whole = decimals // _SCALE
    decimals -= whole * _SCALE
    words = np.empty((*scaled.shape, 3), dtype=np.uint32)
    words[..., :2] = _WHOLE.take(2 * whole + (scaled < 0), axis=0)
    words[..., 2] = _DECIMALS.take(decimals)
    text = words.view(np.uint8).reshape(len(words), -1)
    first = text[:, :8]
    first[first == _BLANK] = _NEWLINE
    return text.tobytes().translate(None, b"\0")[1:] + b"\n"
