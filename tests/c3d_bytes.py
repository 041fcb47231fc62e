"""C3D files byte by byte, for tests: every byte order and sample type, and counts that contradict each other."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

INTEL, DEC, MIPS = 84, 85, 86


def floats(values, processor):
    values = np.asarray(values, np.float32)
    if processor == DEC:
        bits = (values * np.float32(4)).view(np.uint32)
        return ((bits << 16) | (bits >> 16)).astype("<u4").tobytes()
    return values.astype(">f4" if processor == MIPS else "<f4").tobytes()


def words(values, processor):
    return (np.asarray(values, np.int64) & 0xFFFF).astype(">u2" if processor == MIPS else "<u2").tobytes()


def array(value, processor):
    """Return type, dimensions and values as a parameter has them; bytes are taken as they are."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, list) and value and isinstance(value[0], str | bytes):
        rows = [row if isinstance(row, bytes) else row.encode() for row in value]
        width = max(map(len, rows))
        return bytes([0xFF, 2, width, len(rows)]) + b"".join(row.ljust(width) for row in rows)
    numbers = np.asarray(value)
    head = bytes([4 if numbers.dtype.kind == "f" else 2, numbers.ndim, *numbers.shape])
    return head + (floats if numbers.dtype.kind == "f" else words)(numbers.ravel(order="F"), processor)


def record(title, group, body, processor):
    length = struct.pack(">H" if processor == MIPS else "<H", len(body) + 2)
    return bytes([len(title), group % 256]) + title.encode() + length + body


def c3d(
    positions, labels, *, processor=INTEL, scale=-0.1, rate=100.0, analogs=(0, 1), missing=(), header=(), parameters=()
) -> bytes:
    """Return a C3D file.

    ``analogs`` are channels and samples a frame; ``missing`` are (frame, point); ``header`` and ``parameters`` (by
    ``"GROUP:NAME"``) replace what would have been written, or with None leave it out.
    """
    positions = np.asarray(positions, np.float64)
    frames, points, _ = positions.shape
    channels, subframes = analogs
    values: dict[str, Any] = {
        "POINT:USED": points,
        "POINT:FRAMES": min(frames, 0xFFFF),
        "POINT:SCALE": float(np.ravel(scale)[0]),
        "POINT:RATE": rate,
        "POINT:UNITS": ["mm"],
        "POINT:LABELS": labels,
        "ANALOG:USED": channels,
        "ANALOG:RATE": rate * subframes,
        "ANALOG:GEN_SCALE": 1.0,
        "ANALOG:SCALE": [1.0] * channels,
        "ANALOG:OFFSET": np.zeros(channels, int),
        **dict(parameters),
    }
    groups = list(dict.fromkeys(name.partition(":")[0] for name in values))
    section = b"".join(record(group, -number, b"\0", processor) for number, group in enumerate(groups, start=1))
    for name, value in values.items():
        group, _, title = name.partition(":")
        if value is not None:
            section += record(title, groups.index(group) + 1, array(value, processor) + b"\0", processor)
    blocks = -(-(len(section) + 5) // 512)
    section = (bytes([1, 0x50, blocks % 256, processor]) + section).ljust(512 * blocks, b"\0")

    counts = {"points": points, "analogs": channels * subframes, "first": 1, "last": min(frames, 0xFFFF)}
    counts |= {"start": 2 + blocks, **dict(header)}
    head = bytes([2, 0x50])
    head += words([counts["points"], counts["analogs"], counts["first"], counts["last"], 0], processor)
    head += floats([np.ravel(scale)[0]], processor) + words([counts["start"], subframes], processor)
    head += floats([rate], processor)

    samples = np.zeros((frames, points, 4))
    samples[..., :3] = positions if np.ravel(scale)[0] < 0 else np.round(positions / np.asarray(scale)[..., None])
    for frame, point in missing:
        samples[frame, point] = (0, 0, 0, -1)
    noise = np.full((frames, channels * subframes), 77)
    rows = np.hstack([samples.reshape(frames, -1), noise])
    data = (floats if np.ravel(scale)[0] < 0 else words)(rows, processor)
    return head.ljust(512, b"\0") + section + data + b"\0" * (-len(data) % 512)


def walk(frames=5, points=3):
    """Return positions that 16-bit samples of 0.1 can say."""
    return np.round(np.random.default_rng(7).uniform(-900, 900, (frames, points, 3)), 1)
