"""What a published corpus has, so that it can be said what of it is not there."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import msgspec


class Corpus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A published corpus that a recipe is for.

    Entries of the recipe's splits may name what is not there then, since few people have all of a large corpus.

    Parameters
    ----------
    name
        Of the corpus.
    motions
        How many it has; 0 if that is not known.
    parts
        Patterns of keys, each with motions of the corpus; several with ``|`` between them, where a part has gone by
        several names.
    """

    name: str
    motions: int = 0
    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a corpus has no name")
        if self.motions < 0:
            raise ValueError(f"motions is {self.motions}; expected how many the corpus has")
        if not all(all(part.split("|")) for part in self.parts):
            raise ValueError("parts holds an empty pattern")

    def missing(self, keys: Sequence[str]) -> str:
        """Return in a sentence what of the corpus is not among motions of these keys; empty if all is there."""
        absent = [part for part in self.parts if not any(_is_of(key, part) for key in keys)]
        few = len(keys) < self.motions
        if not absent and not few:
            return ""
        lacks = f"nothing is named {', '.join(part.replace('|', ' or ') for part in absent)}" if absent else ""
        if not self.motions:
            return f"of {self.name} not all is here: {lacks}"
        here = (
            f"{self.name} has {self.motions:,} motions, of which {len(keys):,} {'is' if len(keys) == 1 else 'are'} here"
        )
        return f"{here}; {lacks}" if lacks else here


def _is_of(key: str, part: str) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in part.split("|"))
