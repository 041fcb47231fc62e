"""Words for axes of coordinates: ``"yzx"`` makes the old y, z and x the new x, y and z; a minus turns one round."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import permutations, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motionprep.motion.arrays import Floats

#: The 48 ways to exchange axes and turn some round.
AXES = tuple(
    "".join(sign + axis for sign, axis in zip(signs, order, strict=True))
    for signs in product(("", "-"), repeat=3)
    for order in permutations("xyz")
)


def mirrors(axes: str) -> bool:
    """Return whether axes are a mirror image of the old ones."""
    (first, a), (second, b), (_, c) = _signed(axes)
    return a * b * c * (1 if (second - first) % 3 == 1 else -1) < 0


@lru_cache(maxsize=len(AXES))
def matrix(axes: str) -> Floats:
    """Return the new axes (3, 3) in old coordinates, as columns; read-only."""
    import numpy as np

    turned = np.zeros((3, 3))
    for column, (row, sign) in enumerate(_signed(axes)):
        turned[row, column] = sign
    turned.flags.writeable = False
    return turned


def _signed(axes: str) -> list[tuple[int, int]]:
    """Return the place of each new axis among the old ones, and its sign."""
    return [("xyz".index(word[-1]), -1 if word[0] == "-" else 1) for word in re.findall("[+-]?[xyz]", axes)]
