"""Words for units of length, as files and recipes have them."""

from __future__ import annotations

from collections.abc import Mapping

#: Metres that a unit is long, by what a recipe calls it.
METRES: Mapping[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_WORDS: Mapping[str, float] = {
    **METRES,
    "dm": 0.1,
    "um": 1e-6,
    "in": 0.0254,
    "ft": 0.3048,
    "yd": 0.9144,
    **dict.fromkeys(("meter", "meters", "metre", "metres"), 1.0),
    **dict.fromkeys(("decimeter", "decimeters", "decimetre", "decimetres"), 0.1),
    **dict.fromkeys(("centimeter", "centimeters", "centimetre", "centimetres"), 0.01),
    **dict.fromkeys(("millimeter", "millimeters", "millimetre", "millimetres", "milimeters"), 0.001),
    **dict.fromkeys(("inch", "inches"), 0.0254),
    **dict.fromkeys(("foot", "feet"), 0.3048),
    **dict.fromkeys(("yard", "yards"), 0.9144),
}
#: Programs give a unit four characters and cut the others off.
_CUT = 4


def metres_of(word: str) -> float | None:
    """Return how many metres a unit is long, by a file's word for it; None if the word is not known.

    Case, brackets and dots do not matter, and a word may be cut off after four letters: ``mete``, ``[MM]``, ``Inches``.
    """
    plain = word.strip(" \t.[](){}'\"").lower()
    if plain in _WORDS:
        return _WORDS[plain]
    if len(plain) < _CUT:
        return None
    lengths = {length for known, length in _WORDS.items() if known.startswith(plain)}
    return lengths.pop() if len(lengths) == 1 else None
