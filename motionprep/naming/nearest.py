"""What somebody may have meant who wrote a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_THERE = 40


def did_you_mean(word: str, known: Iterable[str], *, listed: bool = True) -> str:
    """Return the end of an error about an unknown word: the one that it is nearest to, or else those that are known.

    ``listed = False`` leaves out those that are known, where there are many.
    """
    from difflib import get_close_matches

    words = list(known)
    if near := get_close_matches(word, words, n=1):
        return f"; did you mean {near[0]!r}?"
    if not listed:
        return ""
    there = ", ".join(words[:_MOST_THERE]) + (", ..." if len(words) > _MOST_THERE else "")
    return f"; there are {there}" if words else "; there are none"
