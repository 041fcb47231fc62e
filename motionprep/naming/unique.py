"""Labels that stand twice."""

from __future__ import annotations

from collections.abc import Sequence


def unique(labels: Sequence[str]) -> tuple[tuple[str, ...], list[int]]:
    """Return ``labels`` with a number after each that stood before, and the places of those."""
    taken, seen = set(labels), dict.fromkeys(labels, 0)
    names, renamed = [], []
    for place, label in enumerate(labels):
        name = label
        seen[label] += 1
        if seen[label] > 1:
            while (name := f"{label}_{seen[label]}") in taken:
                seen[label] += 1
            taken.add(name)
            renamed.append(place)
        names.append(name)
    return tuple(names), renamed
