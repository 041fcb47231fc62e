"""What the fuzzing tests share: inputs changed with a meaning, and the property that only documented errors come out.

A change is a function of a random generator and a seed. A run is decided by its number alone, so a failure names the
number with which it comes back.
"""

from __future__ import annotations

import json
import re
import time
import traceback
import tracemalloc
import warnings
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from motionprep.errors import MotionPrepError, MotionPrepWarning

#: How many inputs a test tries in the default run, and in the long one.
ROUNDS = pytest.mark.parametrize("rounds", [40, pytest.param(2_000, marks=pytest.mark.slow)], ids=["short", "long"])

#: Words that stand where a number, a count or a name is expected.
EXTREMES = (
    *(
        "0",
        "-0",
        "-1",
        "1",
        "2",
        "3",
        "65535",
        "65536",
        "2147483648",
        "18446744073709551616",
        "1e308",
        "1e999",
        "-1e999",
    ),
    *("1e-320", "nan", "inf", "-inf", "1,5", "1.5.2", "1_0", "0x10", "1e", "+.5", ".", "--1", "9" * 400, "9" * 5000),
    *("", '"', "'", "{", "}", "\0", "\x1a", "\ufeff", "ä", "腰", "\u0661", "\ud800", "a" * 3000, "=1+1", "../x", "#"),
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32", "latin-1", "shift-jis", "cp1252")
#: Longer messages would hold a cell or a line of a stranger's text as a whole.
_LONGEST_MESSAGE = 2_000


def hunt(
    rounds: int,
    change: Callable[[Random], Any],
    read: Callable[[Any], Any],
    check: Callable[[Any, Any], None] | None = None,
    *,
    seconds: float = 4.0,
    memory: int = 64 << 20,
) -> tuple[int, int]:
    """Read changed inputs; fail if anything but a documented error comes out, late, or at the cost of much memory.

    Parameters
    ----------
    rounds
        How many inputs.
    change
        Makes an input.
    read
        Reads it.
    check
        Is given the input and what was read, where it was read.
    seconds, memory
        What one input may cost; the time is that of the processor.

    Returns
    -------
    tuple
        How many were read, and how many refused.
    """
    done, refused, faults = 0, 0, {}
    tracemalloc.start()
    try:
        for number in range(rounds):
            value = change(Random(number))
            try:
                result = _read_within(value, read, seconds, memory)
                if isinstance(result, MotionPrepError):
                    refused += 1
                    assert len(str(result)) <= _LONGEST_MESSAGE, f"a long message: {str(result)[:300]}"
                else:
                    done += 1
                    if check is not None:
                        check(value, result)
            except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
                last = traceback.extract_tb(error.__traceback__)[-1]
                kind = (type(error).__name__, f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno}", str(error)[:25])
                words = "".join(traceback.format_exception(error)[-4:])[-1500:]
                faults.setdefault(kind, (number, value, words))
    finally:
        tracemalloc.stop()
    if faults:
        lines = [
            f"round {number}, {kind}: {words}\n    input {repr(value)[:1500]}"
            for kind, (number, value, words) in faults.items()
        ]
        pytest.fail(f"{len(faults)} kinds of faults in {rounds} inputs\n" + "\n".join(lines), pytrace=False)
    return done, refused


def _read_within(value: Any, read: Callable[[Any], Any], seconds: float, memory: int) -> Any:
    """Return what was read, or the documented error that came out."""
    tracemalloc.reset_peak()
    before, began = tracemalloc.get_traced_memory()[0], time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", MotionPrepWarning)
        try:
            result = read(value)
        except MotionPrepError as error:
            result = error.with_traceback(None)
    took, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1] - before
    assert took < seconds, f"took {took:.1f} s"
    assert peak < memory, f"took {peak:,} bytes"
    return result


def changed_text(random: Random, seeds: Sequence[str], changes: Sequence[Callable[[Random, str], str]] = ()) -> bytes:
    """Return the bytes of a text after one to three changes, as a rule in UTF-8."""
    text = random.choice(seeds)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        text = random.choice((*TEXT_CHANGES, *changes, *changes))(random, text)
    if random.random() < 0.05:
        return splice(random, text, random.choice(seeds)).encode(errors="surrogatepass")
    encoding = random.choice(ENCODINGS) if random.random() < 0.08 else "utf-8"
    return text.encode(encoding, errors="replace" if encoding != "utf-8" else "surrogatepass")


def _lines(change: Callable[[Random, list[str]], None]) -> Callable[[Random, str], str]:
    def changed(random: Random, text: str) -> str:
        lines = text.splitlines(keepends=True) or [""]
        change(random, lines)
        return "".join(lines)

    return changed


@_lines
def _repeat_line(random: Random, lines: list[str]) -> None:
    place = random.randrange(len(lines))
    lines[place:place] = [random.choice(lines)] * random.choice((1, 1, 2, 50))


@_lines
def _drop_line(random: Random, lines: list[str]) -> None:
    del lines[random.randrange(len(lines))]


@_lines
def _swap_lines(random: Random, lines: list[str]) -> None:
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


@_lines
def _truncate(random: Random, lines: list[str]) -> None:
    del lines[random.randrange(len(lines) + 1) :]


@_lines
def _join_lines(random: Random, lines: list[str]) -> None:
    place = random.randrange(len(lines))
    lines[place] = lines[place].rstrip("\r\n")


def _word(change: Callable[[Random, str, list[str]], str]) -> Callable[[Random, str], str]:
    def changed(random: Random, text: str) -> str:
        words = list(re.finditer(r"[\w.+-]+", text))
        if not words:
            return text
        word = random.choice(words)
        new = change(random, word[0], [other[0] for other in random.sample(words, min(4, len(words)))])
        return text[: word.start()] + new + text[word.end() :]

    return changed


_extreme_word = _word(lambda random, word, words: random.choice(EXTREMES))
_drop_word = _word(lambda random, word, words: "")
_other_word = _word(lambda random, word, words: random.choice(words))
_double_word = _word(lambda random, word, words: f"{word} {word}")
_glue_word = _word(lambda random, word, words: word + random.choice(words))
_shift_number = _word(
    lambda random, word, words: (
        str(int(word) + random.choice((-1, 1, 2))) if re.fullmatch(r"-?[0-9]{1,9}", word) else word
    )
)
_case_of_word = _word(lambda random, word, words: random.choice((word.lower(), word.upper(), word.title())))


def _mark(random: Random, text: str) -> str:
    places = [match.start() for match in re.finditer(r"[{}\[\]=:,\t\"]", text)]
    if not places:
        return text
    place = random.choice(places)
    return text[:place] + random.choice(("", "", text[place] * 2, random.choice('{}[]=:,\t" '))) + text[place + 1 :]


def _line_ends(random: Random, text: str) -> str:
    return text.replace("\n", random.choice(("\r", "\r\n", "\n\n", "\x0b", "\u2028", " ")))


def _deep(random: Random, text: str) -> str:
    place, depth = random.randrange(len(text) + 1), random.choice((10, 10, 50, 2_000))
    opening, closing = random.choice((("[", "]"), ("{", "}"), ('{"a":', "}"), ("a.", ""), (" ", ""), ("(", ")")))
    return text[:place] + opening * depth + closing * depth + text[place:]


def _trailing(random: Random, text: str) -> str:
    return text + random.choice(("\0" * 64, "\x1a", "END\n", "\n" * 50, " " * 20_000 + "x", "\ud800", "0 " * 50))


def splice(random: Random, one: Any, other: Any) -> Any:
    """Return the beginning of one text, or of some bytes, and the end of another."""
    return one[: random.randrange(len(one) + 1)] + other[random.randrange(len(other) + 1) :]


TEXT_CHANGES = (
    *(_repeat_line, _drop_line, _swap_lines, _truncate, _join_lines, _line_ends, _mark, _mark, _deep, _trailing),
    *(_extreme_word, _extreme_word, _extreme_word, _drop_word, _other_word, _other_word, _double_word, _glue_word),
    *(_shift_number, _shift_number, _case_of_word),
)


def changed_tree(random: Random, value: Any) -> Any:
    """Return JSON of which one place is another: of another type, extreme, missing, doubled, or deep."""
    value = json.loads(json.dumps(value))
    for _ in range(random.choice((1, 1, 2))):
        places = list(_places(value))
        if not places:
            return value
        holder, key = random.choice(places)
        old = holder[key]
        match random.randrange(7):
            case 0:
                del holder[key]
            case 1:
                holder[key] = random.choice(
                    (None, True, [], {}, "", 0, -1, 0.5, 10**30, 1e308, [[]], {"": None}, "a" * 3000)
                )
            case 2:
                other = random.choice(places)
                holder[key] = json.loads(json.dumps(other[0][other[1]])) if _has(*other) else None
            case 3:
                holder[key] = [old, old]
            case 4:
                holder[key] = {"key": old}
            case 5 if isinstance(holder, dict):
                del holder[key]
                holder[random.choice((f"{key}s", "", "stage", "ä", "a" * 500, str(key).upper()))] = old
            case 5 | 6:
                holder[key] = (
                    old + random.choice((-1, 1, 10**9)) if isinstance(old, int | float) else random.choice(EXTREMES)
                )
    return value


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)
