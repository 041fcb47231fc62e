"""Changed BVH files: they are refused with a documented error, or give the numbers that a plain reading gives."""

from __future__ import annotations

import re
from random import Random

import numpy as np
import pytest
from fuzzing import EXTREMES, ROUNDS, changed_text, hunt

from motionprep.formats.bvh import parse_bvh, parse_bvh_header
from motionprep.motion.motion import Motion
from motionprep.motion.rates import is_rate

BRANCHED = """\
HIERARCHY
ROOT Hips
{
	OFFSET 0 40.5 0
	CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
	JOINT Left Leg
	{
		OFFSET 4 -2 0
		CHANNELS 3 Zrotation Xrotation Yrotation
		End Site
		{
			OFFSET 0 -20 1
		}
	}
	JOINT Spine
	{
		OFFSET 0 10 0
		CHANNELS 4 Zrotation Xrotation Yrotation Yposition
		JOINT Head
		{
			OFFSET 0 5 0
			CHANNELS 3 Zrotation Xrotation Yrotation
			End Site
			{
				OFFSET 0 4 0
			}
		}
	}
}
MOTION
Frames: 3
Frame Time: 0.0083333
1 42.5 3 0 0 0 90 0 0 1.5 2.5 3.5 11 4 5 6
4 41.25 6 0.5 0 0 10 0 0 -1.5 2.5 3e1 12 4 5 6
7 40 9 1 -2 0 20 0 0 1.5 -2.5 3.5 13 4 5 6.125
"""
CHAIN = """\
HIERARCHY
ROOT a
{
OFFSET 0 0 0
CHANNELS 3 Xrotation Yrotation Zrotation
End Site
{
OFFSET 1 2 3
}
}
MOTION
Frames: 2
Frame Time: 0.04
1 2 3
4 5 6
"""


def _nest(random: Random, text: str) -> str:
    depth = random.choice((2, 5, 50, 50, 1_000))
    opening = "".join(f"JOINT n{n}\n{{\nOFFSET 0 1 0\n" for n in range(depth))
    place = text.find("End Site")
    return text[: max(0, place)] + opening + "}" * depth + text[max(0, place) :]


def _count(random: Random, text: str) -> str:
    counts = list(re.finditer(r"(CHANNELS|Frames:|Frame Time:) (\S+)", text))
    if not counts:
        return text
    match = random.choice(counts)
    return text[: match.start(2)] + random.choice(EXTREMES) + text[match.end(2) :]


def _channel(random: Random, text: str) -> str:
    names = list(re.finditer(r"[XYZ](position|rotation)", text))
    if not names:
        return text
    match = random.choice(names)
    new = random.choice(("X", "Y", "Z", "W")) + random.choice(("position", "rotation", "scale"))
    return text[: match.start()] + new + text[match.end() :]


def _cut_rows(random: Random, text: str) -> str:
    """Drop one column from each row, or one word from one."""
    head, mark, rows = text.partition("Frame Time")
    lines = rows.split("\n")
    column = random.randrange(6)
    for number, line in enumerate(lines[1:], start=1):
        words = line.split()
        if len(words) > column:
            del words[column]
            lines[number] = " ".join(words)
    return head + mark + "\n".join(lines)


def changed(random: Random) -> bytes:
    return changed_text(random, (BRANCHED, CHAIN), (_nest, _count, _count, _channel, _channel, _cut_rows))


def plainly(data: bytes) -> tuple[list[str], list[tuple[float, ...]], list[list[str]], list[list[float]], float]:
    """Return names, offsets, channels, rows and frame time as the header says, by the simplest reading there is."""
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", _decoded(data))]
    names: list[str] = []
    offsets: list[tuple[float, ...]] = []
    channels: list[list[str]] = []
    # Words that open or close something may share a line with others.
    text, _, motion = re.split(r"(?im)(?:^|(?<=\}))[ \t]*(motion)\b", "\n".join(lines), maxsplit=1)
    chain: list[int | None] = []
    opening: int | None = None
    text = re.sub(r"(?i)(?<!root)(?<!joint)[ \t]+((?:offset|channels|joint|end)[ \t])", r"\n\1", text)
    for line in re.sub(r"([{}])", r"\n\1\n", text).split("\n"):
        words = line.split()
        match words[0].lower() if words else "":
            case "root" | "joint":
                names.append(line.split(None, 1)[1].strip())
                offsets.append(())
                channels.append([])
                opening = len(names) - 1
            case "end":
                opening = None
            case "{":
                chain.append(opening)
            case "}":
                chain.pop()
            case "offset" if chain[-1] is not None:
                offsets[chain[-1]] = tuple(map(float, words[1:]))
            case "channels" if chain[-1] is not None:
                assert int(words[1]) == len(words) - 2
                channels[chain[-1]] = [word.capitalize() for word in words[2:]]
    head = re.match(r"\s*frames\s*:\s*(\d+)\s+frame\s+time\s*:\s*(\S+)[^\n]*\n?", motion, re.IGNORECASE)
    assert head is not None
    rows = [[float(word) for word in line.split()] for line in motion[head.end() :].split("\n") if line.strip()]
    assert len(rows) == int(head[1])
    return names, offsets, channels, rows, float(head[2])


def _decoded(data: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe\0\0", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding)
    if b"\0" in data[:4]:
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le" if data[2:3] != b"\0" else "utf-32-le")
    return data.decode("utf-8-sig")


def assert_plain(data: bytes, read: tuple[Motion, list[str]]) -> None:
    motion, notes = read
    assert np.isfinite(motion.channels).all()
    assert is_rate(motion.rate)
    if notes:
        return
    names, offsets, channels, rows, time = plainly(data)
    assert list(motion.skeleton.joints) == names
    assert list(motion.skeleton.offsets) == offsets
    assert [list(own) for own in motion.skeleton.channels] == channels
    np.testing.assert_array_equal(motion.channels, np.array(rows).reshape(motion.channels.shape))
    assert motion.rate == pytest.approx(1 / time, rel=0.02)


def parse(data: bytes, **options: bool) -> tuple[Motion, list[str]]:
    notes: list[str] = []
    return parse_bvh(data, "take.bvh", notes=notes, **options), notes


@ROUNDS
def test_a_changed_file_is_refused_or_read_as_a_plain_reader_reads_it(rounds):
    for seed in (BRANCHED, CHAIN):
        assert_plain(seed.encode(), parse(seed.encode()))
    read, refused = hunt(rounds * 8, changed, parse, assert_plain)
    assert read > rounds / 5
    assert refused > rounds


@ROUNDS
def test_a_changed_file_that_is_read_leniently_is_refused_or_read_with_finite_numbers(rounds):
    parse(CHAIN.encode(), lenient=True)

    def check(data, read):
        assert np.isfinite(read[0].channels).all()

    hunt(rounds * 3, changed, lambda data: parse(data, lenient=True), check)


@ROUNDS
def test_a_header_alone_is_refused_or_says_what_the_whole_file_says(rounds):
    def check(data, header):
        try:
            motion, _ = parse(data)
        except Exception:  # noqa: BLE001 - of whole files another test speaks
            return
        assert (header.skeleton, header.rate) == (motion.skeleton, motion.rate)
        assert header.frames == motion.frames

    hunt(rounds * 3, changed, lambda data: parse_bvh_header(data, "take.bvh"), check)
