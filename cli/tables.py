"""What the verbs print: tables, sizes, reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from .flags import with_flags

_MOST_REASONS = 5
#: The files that a reason begins with, and where in them: ``a/1_01.bvh:90:1: `` or ``1_01.c3d (point data): ``.
_FILE = re.compile(r"^[^:]*\.(?:bvh|c3d|npy|npz|zip)[^:]*(?::\d+)*: ", re.IGNORECASE)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"-?\d[\d,.]*(?:e[+-]?\d+)?")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a table: the first ``left`` columns to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column >= left else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *rows]
    )


def size(count: float) -> str:
    """Return a number of bytes in words."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}" if unit != "bytes" else f"{count:,} {unit}"
        count /= 1000
    return f"{count:,.2f} GB"


def left_out(dataset: Mapping[str, Any]) -> list[str]:
    """Return a line for each of the commonest kinds of reason for which motions of a dataset were left out."""
    return grouped(
        (status, reason, reason, count)
        for status, reasons in dataset["left_out"].items()
        for reason, count in reasons.items()
    )


def noted(dataset: Mapping[str, Any]) -> list[str]:
    """Return a line for each of the commonest kinds of note on motions that a dataset stores."""
    return grouped(
        ("noted", f"{some['example']}: {note}", note, some["motions"])
        for note, some in dataset.get("noted", {}).items()
    )


def findings(dataset: Mapping[str, Any]) -> list[str]:
    """Return a line for each severity of what the checks found in the sources of a dataset; none if none were made."""
    if "found" not in dataset:
        return []
    lines = [
        f"{severity}s: {', '.join(f'{code} {count:,}' for code, count in codes.items())}"
        for severity, codes in dataset["found"].items()
        if codes
    ]
    return lines or ["findings: none"]


def grouped(motions: Iterable[tuple[str, str, str, int]]) -> list[str]:
    """Return a line for each of the commonest kinds of reason, with how many motions it is of and one example.

    Parameters
    ----------
    motions
        Status, what is printed of a motion by itself, reason, and how many motions that is.
    """
    kinds: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for status, line, reason, count in motions:
        kinds.setdefault((status, _kind(reason)), []).append((line, count))
    lines: dict[str, list[tuple[int, str]]] = {}
    for (status, kind), some in kinds.items():
        count, first = sum(number for _, number in some), some[0][0]
        # Reasons that are equal but for names and numbers are printed once.
        text = first if len(some) == 1 else f"{kind}, for instance {first}"
        lines.setdefault(status, []).append((count, f"{status}: {count:,} x {text}"))
    printed: list[str] = []
    for status, of_status in lines.items():
        of_status.sort(key=lambda one: -one[0])
        printed += [with_flags(line) for _, line in of_status[:_MOST_REASONS]]
        if len(of_status) > _MOST_REASONS:
            more = sum(number for number, _ in of_status[_MOST_REASONS:])
            printed.append(f"{status}: {more:,} more, see the manifest")
    return printed


def _kind(reason: str) -> str:
    """Return what reasons have in common that differ in files, places, numbers and quoted words."""
    plain = _FILE.sub("", reason)
    return _NUMBER.sub("#", _QUOTED.sub("'...'", plain))


def print_json(value: Any) -> None:
    """Print a value as JSON on one line: dataclasses as objects, arrays as lists, numbers that are none as null."""
    import msgspec

    click.echo(msgspec.json.encode(value, enc_hook=lambda array: array.tolist()).decode())
