"""What the verbs print: tables, sizes, reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_MOST_REASONS = 5


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
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
    """Return a line for each of the commonest reasons for which motions were left out."""
    lines = []
    for status, reasons in dataset["left_out"].items():
        lines += [f"{status}: {count:,} x {reason}" for reason, count in list(reasons.items())[:_MOST_REASONS]]
        if len(reasons) > _MOST_REASONS:
            more = sum(list(reasons.values())[_MOST_REASONS:])
            lines.append(f"{status}: {more:,} more, see the manifest")
    return lines
