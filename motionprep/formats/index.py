"""The small tables that come with motion files: a motion's text index, labels, and corrected frame rates."""

from __future__ import annotations

import csv
import io
import math
import re
from bisect import bisect
from collections.abc import Iterator, Sequence

from motionprep.errors import ReadError
from motionprep.files.reading import shown
from motionprep.motion.rates import RATES, is_rate

#: As in :class:`motionprep.recipe.recipe.Reading`.
Label = str | tuple[tuple[int, int, str], ...]


def decode(data: bytes, name: str) -> str:
    """Return the text of a table; what is not known for UTF-8 is refused, since two labels could become one.

    Raises
    ------
    ReadError
        If it is no UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        found, line = data[error.start], data.count(b"\n", 0, error.start) + 1
        raise ReadError(
            f"found byte {found:#04x}; expected UTF-8: save the file as that", path=name, line=line
        ) from None


def parse_index(text: str, name: str = "index", notes: list[str] | None = None) -> dict[str, str]:
    """Return labels by key from lines ``69_01<TAB>walk forward``; other lines, such as headings, are passed over.

    Where a key has two labels the first one stands and a sentence on it is added to ``notes``.

    Raises
    ------
    ReadError
        If a key has two labels and there are no ``notes``.
    """
    labels: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        key, *rest = line.split(None, 1) or [""]
        if not rest:
            continue
        gap, label = line.strip()[len(key) :].removesuffix(rest[0].rstrip()), rest[0].rstrip()
        if not (gap.startswith("\t") or len(gap) > 1):
            continue
        if labels.setdefault(key, label) == label:
            continue
        twice = f"{shown(key)} has the label {shown(label)} and, before that, {shown(labels[key])}"
        if notes is None:
            raise ReadError(f"{twice}; expected one label", path=name, line=number)
        notes.append(f"{name}:{number}: {twice}; the first was taken")
    return labels


def parse_labels(text: str, name: str) -> dict[str, Label]:
    """Return labels by key from a CSV with the columns ``key,label`` or ``key,start,stop,label``.

    Returns
    -------
    dict
        A label, or tuples of first and last frame (counted from 1, both taken) and label, by frame; a row whose start
        and stop are empty is of the whole motion.

    Raises
    ------
    ReadError
        If a column, a key or a label is missing, a column stands twice, a range is none, or a frame of a motion
        has two labels.
    """
    whole: dict[str, str] = {}
    ranges: dict[str, list[tuple[int, int, str]]] = {}
    for line, row in _rows(text, name, ("key", "label"), ("key", "start", "stop", "label")):
        key, label, ends = row["key"], row["label"], (row.get("start", ""), row.get("stop", ""))
        if not label:
            raise ReadError(f"found no label of {shown(key)}", path=name, line=line)
        if key in whole or (key in ranges and not any(ends)):
            raise ReadError(
                f"{shown(key)} has a label for all of it already; expected one label a frame"
                if key in whole
                else f"{shown(key)} has labels for some of its frames already; expected one label a frame",
                path=name,
                line=line,
            )
        if not any(ends):
            whole[key] = label
            continue
        start, stop = _range(ends, key, name, line)
        parts = ranges.setdefault(key, [])
        at = bisect(parts, (start, stop, label))
        for first, last, other in parts[max(at - 1, 0) : at + 1]:
            if start <= last and first <= stop:
                raise ReadError(
                    f"frames {start}-{stop} of {shown(key)} ({label[:40]}) overlap frames {first}-{last} "
                    f"({other[:40]})",
                    path=name,
                    line=line,
                )
        parts.insert(at, (start, stop, label))
    return {**whole, **{key: tuple(parts) for key, parts in ranges.items()}}


def parse_rates(text: str, name: str) -> dict[str, float]:
    """Return frames a second by key from a CSV with the columns ``key,fps``.

    Raises
    ------
    ReadError
        If a column or a key is missing, a column or a key stands twice, or a rate is no number above zero.
    """
    rates: dict[str, float] = {}
    for line, row in _rows(text, name, ("key", "fps")):
        key, value = row["key"], row["fps"]
        if key in rates:
            raise ReadError(f"{shown(key)} stands twice", path=name, line=line)
        try:
            rate = float(value)
        except ValueError:
            rate = math.nan
        if not is_rate(rate):
            raise ReadError(f"found {shown(value)} as fps of {shown(key)}; expected {RATES}", path=name, line=line)
        rates[key] = rate
    return rates


def parse_frames(text: str, name: str) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return ranges of frames by key from a CSV with the column ``key`` or the columns ``key,first,last``.

    Returns
    -------
    dict
        Tuples of first and last frame, counted from 1, both taken; none for a whole motion, which has no column or
        empty cells for them.

    Raises
    ------
    ReadError
        If a column or a key is missing, a column stands twice, a range is none, or a whole motion has ranges as well.
    """
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for line, row in _rows(text, name, ("key",), ("key", "first", "last")):
        key, ends = row["key"], (row.get("first", ""), row.get("last", ""))
        if key in found and (not any(ends) or not found[key]):
            raise ReadError(
                f"{shown(key)} stands twice, once as a whole; expected a row, or a row a range", path=name, line=line
            )
        found[key] = (*found.get(key, ()), *([_range(ends, key, name, line)] if any(ends) else []))
    return found


def _range(ends: Sequence[str], key: str, name: str, line: int) -> tuple[int, int]:
    """Return the first and the last frame of a row."""
    first, last = (int(end) if re.fullmatch(r"[0-9]{1,15}", end) else 0 for end in ends)
    if not 1 <= first <= last:
        raise ReadError(
            f"found frames {shown(ends[0])} to {shown(ends[1])} of {shown(key)}; expected the first and the last "
            "one, counted from 1",
            path=name,
            line=line,
        )
    return first, last


def _rows(text: str, name: str, *heads: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line and cells by column of each row of a CSV that has the columns of one of ``heads``."""
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    reader = csv.DictReader(lines, restval="", skipinitialspace=True, strict=True)
    began = 1
    try:
        columns = [column.strip() for column in reader.fieldnames or []]
        reader.fieldnames = columns
        began = reader.line_num + 1
        asked = {column for head in heads for column in head}
        if twice := [column for column in columns if column in asked and columns.count(column) > 1]:
            raise ReadError(f"found the column {twice[0]} twice; expected it once", path=name, line=1)
        # A column that only a longer head has makes that head the one that is meant.
        if not any(set(head) <= set(columns) and asked & set(columns) <= set(head) for head in heads):
            expected = " or ".join(",".join(head) for head in heads)
            raise ReadError(
                f"found columns {', '.join(columns)[:200] or 'none'}; expected {expected}", path=name, line=1
            )
        for row in reader:
            line = reader.line_num
            if None in row:
                raise ReadError(
                    f"found {len(columns) + len(row[None])} cells; expected {len(columns)}: a cell that holds a comma "
                    "stands in quotation marks",
                    path=name,
                    line=line,
                )
            began = line + 1
            cells = {column: cell.strip() for column, cell in row.items()}
            if not any(cells.values()):
                continue
            if not cells["key"]:
                column = heads[0][-1]
                raise ReadError(
                    f"found no key beside {column} {shown(cells[column])}; expected {','.join(heads[0])}",
                    path=name,
                    line=line,
                )
            yield line, cells
    except csv.Error as error:
        raise ReadError(f"is no CSV: {error} in the row that begins here", path=name, line=began) from None
