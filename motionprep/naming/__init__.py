"""Which of the names that are there are meant: names, patterns and exclusions, as the stages that select take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

#: How many missing names an error gives, and how many near ones for each.
_MOST_MISSING = 5
_MOST_NEAR = 3
#: How many it gives of those that are there, where none is near.
_MOST_THERE = 5


def is_pattern(word: str) -> bool:
    """Return whether a word stands for any number of names, and not for one."""
    return any(sign in word for sign in "*?[")


def plain(name: str) -> str:
    """Return a joint's name without a character's: ``Hips`` of ``mixamorig:Hips``, ``Head`` of ``Bip01 Head``."""
    return name.rpartition(":")[2].removeprefix("Bip01 ")


def choose(wanted: Sequence[str], names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names that are chosen, in the order in which they are asked for, and those that are missing.

    Parameters
    ----------
    wanted
        Names or patterns (``Left*``), taken one after the other; one that begins with ``!`` leaves out what it names.
        If the first leaves out, all is chosen before it. What one pattern finds is in the order of ``names``; what is
        chosen twice stays in its first place. A pattern may find nothing.
    names
        That are there, each once.

    Returns
    -------
    tuple
        The chosen names, among them those that are asked for by name and are not there, and the names (without ``!``)
        that are not there.
    """
    chosen = dict.fromkeys(names if wanted and wanted[0].startswith("!") else ())
    missing: dict[str, None] = {}
    for item in wanted:
        pattern = item.removeprefix("!")
        # What is left out may have been asked for without being there.
        among = {**dict.fromkeys(names), **chosen} if item.startswith("!") else names
        if is_pattern(pattern):
            found = [name for name in among if name == pattern or fnmatchcase(name, pattern)]
        else:
            found = [pattern] if pattern in among else []
        if not found and not is_pattern(pattern):
            missing.setdefault(pattern)
            found = [pattern]
        for name in found:
            if item.startswith("!"):
                chosen.pop(name, None)
            else:
                chosen.setdefault(name)
    return tuple(chosen), tuple(missing)


def looked_up(table: Mapping[str, float], key: str) -> float | None:
    """Return what a table of keys and patterns has for a key, its own entry before any pattern's; None if nothing."""
    found = (value for pattern, value in table.items() if is_pattern(pattern) and fnmatchcase(key, pattern))
    return table[key] if key in table else next(found, None)


def absent(missing: Sequence[str], names: Sequence[str]) -> str:
    """Return words for names that are missing, with a few of those that are there: if any look like them, these."""
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in reversed(names)}
    shown = missing[:_MOST_MISSING]
    near = [folded[other] for name in shown for other in get_close_matches(name.casefold(), folded, _MOST_NEAR)]
    words = f"no {', '.join(shown)}{' and others' if len(missing) > len(shown) else ''}"
    if near:
        return f"{words}; near are {', '.join(dict.fromkeys(near))}"
    there = f"{', '.join(names[:_MOST_THERE])}{', ...' if len(names) > _MOST_THERE else ''}"
    return f"{words}; there are {there}" if there else words
