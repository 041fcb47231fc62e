"""Changed tables of rates, labels and indices: read, or refused with a documented error, in linear time."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from fuzzing import ROUNDS, changed_text, hunt

from motionprep.errors import ReadError
from motionprep.formats.index import decode, parse_index, parse_labels, parse_rates

RATES = ("key,fps\n01_01,120\n01_02,29.97\n", 'fps,key\n60,"a, b"\n')
LABELS = (
    "key,label\n01_01,walk\n01_02,jump\n",
    'key,start,stop,label\n01_01,1,20,walk\n01_01,21,40,"run, fast"\n02,,,sit\n',
)
INDEX = ("Motions of subject 1\n01_01\twalk forward\n01_02\tjump, turn\n\n02_01 \t climb\n",)
PARSERS = {
    "rates": (RATES, parse_rates),
    "labels": (LABELS, parse_labels),
    "index": (INDEX, lambda text, name: parse_index(text)),
}


@ROUNDS
@pytest.mark.parametrize("kind", PARSERS)
def test_a_changed_table_is_refused_or_read(rounds, kind):
    seeds, parse = PARSERS[kind]

    def check(_, table):
        for key, value in table.items():
            assert key
            assert value if kind != "rates" else np.isfinite(value) and value > 0

    def read(data):
        return parse(decode(data, "table.csv"), "table.csv")

    done, refused = hunt(rounds * 2, lambda random: changed_text(random, seeds), read, check)
    assert done > rounds / 5
    assert refused > rounds / 50


@pytest.mark.parametrize("kind", PARSERS)
@pytest.mark.parametrize("filling", [" ", "\t", '"', "a", "1", ",", "\n", "\r", "\u3000", "a ", "\t ", "0 \t"])
def test_a_long_line_takes_time_that_grows_with_its_length(kind, filling):
    seeds, parse = PARSERS[kind]
    head, row = seeds[0].split("\n")[:2]

    long = filling * (60_000 // len(filling))
    texts = (f"{head}\n{row}{long}", f"{head}\n{row}{long}x\n", f"{long}\n{head}\n", f"01_01\tx{long}y\n")
    hunt(1, lambda _: texts, lambda _: [_read_or_refuse(parse, text) for text in texts])


def _read_or_refuse(parse, text):
    with contextlib.suppress(ReadError):
        parse(text, "table.csv")
