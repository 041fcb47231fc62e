"""Changed C3D files: they are refused with a documented error, or give the numbers that a plain reading gives."""

from __future__ import annotations

import struct
from random import Random

import numpy as np
from c3d_bytes import INTEL, array, c3d, record, walk
from fuzzing import ROUNDS, hunt, splice

from motionprep.formats.c3d import parse_c3d, read_c3d_header
from motionprep.motion.markers import Markers

POINTS, FRAMES = 3, 24
LABELS = ["walker:LKNE", "*2", "RKNE"]
NAMES = (
    *("POINT:USED", "POINT:FRAMES", "POINT:SCALE", "POINT:RATE", "POINT:UNITS", "POINT:LABELS", "POINT:DATA_START"),
    *("POINT:LONG_FRAMES", "POINT:LABELS2", "POINT:ANGLES", "POINT:FORCES", "POINT:DESCRIPTIONS", "ANALOG:USED"),
    *("ANALOG:RATE", "ANALOG:SCALE", "ANALOG:GEN_SCALE", "TRIAL:ACTUAL_START_FIELD", "TRIAL:ACTUAL_END_FIELD"),
    *("TRIAL:CAMERA_RATE", "ROTATION:USED", "ROTATION:DATA_START", "ROTATION:RATE"),
)
VALUES = (
    *(0, 1, 2, 3, 4, 5, 24, 25, 100, 255, 32767, 65535, -1, 0.0, -0.0, -1.0, 1.0, 0.1, 100.0, 1e-39, 7e37),
    *(float("nan"), float("inf"), [24, 0], [0, 1], [65535, 65535], [1.0] * 4, [], ["mm"], ["m"], [""], ["LKNE"] * 3),
    *(["LKNE", "*2", "U_12"], ["\0\0", "a\0b", "é"], [b"\xe9a", b"\xff", b"x" * 120], ["A:X", "B:X", "X"], None),
    *(b"\4\7\xff\xff\xff\xff\xff\xff\xff", b"\2\1\xff", b"\xff\2\xff\xff", b"\7\0", b"", b"\xff\3\2\2\2abcdefgh"),
)
HEADER = ("points", "analogs", "first", "last", "start")


def made(random: Random) -> bytes:
    """Return a file of which some counts or parameters are others, as the parts of a program that disagree write it."""
    header = {
        name: random.choice((0, 1, 2, 3, 4, 6, 7, 24, 25, 100, 65535))
        for name in random.sample(HEADER, random.choice((0, 0, 1, 2)))
    }
    parameters = {name: random.choice(VALUES) for name in random.sample(NAMES, random.choice((0, 1, 1, 2)))}
    return c3d(
        walk(FRAMES, POINTS),
        LABELS,
        processor=random.choice((84, 85, 86)),
        scale=random.choice((-0.1, 0.1)),
        rate=random.choice((100.0, 119.88, 0.0)) if random.random() < 0.1 else 100.0,
        analogs=random.choice(((0, 1), (2, 2), (6, 7))),
        missing=((3, 1), (4, 0)),
        header=header,
        parameters=parameters,
    )


def changed(random: Random) -> bytes:
    data = bytearray(made(random))
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        match random.randrange(7):
            case 0:
                place = random.choice((2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22))
                data[place : place + 2] = struct.pack("<H", random.choice((0, 1, 2, 3, 512, 0x7FFF, 0x8000, 0xFFFF)))
            case 1:
                # The head of the parameter section, or of a record in it.
                place = 512 + random.choice((0, 1, 2, 3, 4, 5, *range(6, 600)))
                data[min(place, len(data) - 1)] = random.choice((0, 1, 2, 4, 127, 128, 254, 255, random.randrange(256)))
            case 2:
                del data[random.choice((1, 511, 512, 516, 1024, len(data) - 512, len(data) - 1, len(data) // 2)) :]
            case 3:
                data += bytes(random.choice((1, 16, 511, 512, 5120)))
            case 4:
                data = bytearray(splice(random, bytes(data), made(random)) or b"\2")
            case 5:
                place = random.randrange(0, len(data) + 1, 512) if data else 0
                data[place:place] = data[place : place + 512] if random.random() < 0.5 else bytes(512)
            case 6:
                block = record(
                    random.choice(("X", "POINT", "")), random.choice((-1, 1, 9)), array(7, INTEL) + b"\0", INTEL
                )
                data[516:516] = block
                if random.random() < 0.5:
                    del data[1024 : 1024 + len(block)]
    return bytes(data)


@np.errstate(invalid="ignore")
def plainly(data: bytes, counted: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Return positions (F, M, 3) and visible (F, M) as the header says; ``counted`` frames where its counter is full.

    None if its scale is no number, so that it does not say of what type samples are.
    """
    processor = data[512 * (data[0] - 1) + 3] if data[0] else INTEL
    order = ">" if processor == 86 else "<"

    def word(place: int) -> int:
        return int(struct.unpack_from(order + "H", data, place)[0])

    def floats(raw: bytes) -> np.ndarray:
        if processor == 85:
            words = np.frombuffer(raw, "<u2").reshape(-1, 2).astype(np.uint32)
            return ((words[:, 0] << 16) | words[:, 1]).view(np.float32) / np.float32(4)
        return np.frombuffer(raw, order + "f4").astype(np.float32)

    points, analogs, first, last, start = word(2), word(4), word(6), word(8), word(16)
    scale = float(floats(data[12:16])[0])
    if not (np.isfinite(scale) and scale):
        return None
    frames, width = counted if last == 65535 else last - first + 1, 4 if scale < 0 else 2
    place, count = 512 * (start - 1), frames * (4 * points + analogs)
    raw = data[place : place + count * width]
    numbers = floats(raw) if scale < 0 else np.frombuffer(raw, order + "i2").astype(np.float64)
    samples = numbers.reshape(frames, -1)[:, : 4 * points].reshape(frames, points, 4).astype(np.float64)
    visible = (samples[..., 3] >= 0) & np.isfinite(samples[..., :3]).all(axis=-1)
    positions = samples[..., :3] * (1.0 if scale < 0 else abs(scale))
    return np.where(visible[..., None], positions, 0.0), visible


def assert_plain(data: bytes, markers: Markers) -> None:
    assert np.isfinite(markers.positions).all()
    assert not markers.positions[~markers.visible].any()
    assert len(set(markers.names)) == len(markers.names) == markers.positions.shape[1]
    assert np.isfinite(markers.rate)
    assert markers.rate > 0
    if markers.notes:
        return
    plain = plainly(data, len(markers.positions))
    if plain is None:
        return
    positions, visible = plain
    assert markers.positions.shape == positions.shape
    np.testing.assert_array_equal(markers.visible, visible)
    np.testing.assert_allclose(markers.positions, positions, rtol=1e-6, atol=1e-30)


def parse(data: bytes) -> Markers:
    return parse_c3d(data, "take.c3d", unlabelled=True)


@ROUNDS
def test_a_changed_file_is_refused_or_read_as_a_plain_reader_reads_it(rounds):
    parse(c3d(walk(), ["A", "B", "C"]))
    read, refused = hunt(rounds * 4, changed, parse, assert_plain)
    assert read > rounds / 3
    assert refused > rounds / 2


@ROUNDS
def test_a_header_alone_is_refused_or_says_what_the_whole_file_says(rounds):
    def check(data, header):
        try:
            markers = parse_c3d(data, "take.c3d")
        except Exception:  # noqa: BLE001 - of whole files another test speaks
            return
        assert header.names == markers.names
        assert header.rate == markers.rate

    hunt(rounds * 2, changed, lambda data: read_c3d_header(data, "take.c3d"), check)


@ROUNDS
def test_a_changed_file_that_is_read_leniently_is_refused_or_read_with_finite_numbers(rounds):
    def check(data, markers):
        assert np.isfinite(markers.positions).all()

    hunt(rounds * 2, changed, lambda data: parse_c3d(data, "take.c3d", lenient=True), check)
