"""The two small text tables that come with motion files: a motion's text index, and corrected frame rates."""

from __future__ import annotations

import csv
import math
import re

from motionprep.errors import ReadError

_ENTRY = re.compile(r"\s*(?P<key>\S+)(?:\t\s*|\s{2,})(?P<label>\S.*?)\s*")


def parse_index(text: str) -> dict[str, str]:
    """Return labels by key from lines ``69_01<TAB>walk forward``; other lines, such as headings, are passed over."""
    labels: dict[str, str] = {}
    for line in text.removeprefix("\ufeff").splitlines():
        if match := _ENTRY.fullmatch(line):
            labels.setdefault(match["key"], match["label"])
    return labels


def parse_rates(text: str, name: str) -> dict[str, float]:
    """Return frames a second by key from a CSV with the columns ``key,fps``.

    Raises
    ------
    ReadError
        If a column or a key is missing, a key stands twice, or a rate is no number above zero.
    """
    reader = csv.DictReader(text.removeprefix("\ufeff").splitlines(), skipinitialspace=True)
    columns = reader.fieldnames or []
    if not {"key", "fps"} <= set(columns):
        raise ReadError(f"found columns {', '.join(columns) or 'none'}; expected key,fps", path=name, line=1)
    rates: dict[str, float] = {}
    for row in reader:
        key, value = row["key"], row["fps"] or ""
        if not key:
            raise ReadError(f"found no key beside fps {value!r}; expected key,fps", path=name, line=reader.line_num)
        if key in rates:
            raise ReadError(f"{key!r} stands twice", path=name, line=reader.line_num)
        try:
            rate = float(value)
        except ValueError:
            rate = math.nan
        if not 0 < rate < math.inf:
            raise ReadError(
                f"found {value!r} as fps of {key!r}; expected a number above zero", path=name, line=reader.line_num
            )
        rates[key] = rate
    return rates
