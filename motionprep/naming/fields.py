"""Which numbers of a feature are meant: ``positions``, ``positions[*-Hips]``, ``positions[RFoot].xz``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from motionprep import naming
from motionprep.motion.feature_kinds import KINDS
from motionprep.naming import shipped

if TYPE_CHECKING:
    import numpy as np

_LETTERS = {"point": "xyz", "vector": "xyz", "seen": "xyzs", "quaternion": "wxyz"}
#: The letters of the last axis of a feature.
AXES = {name: _LETTERS[kind.form] for name, kind in KINDS.items() if kind.form in _LETTERS}
_FIELD = re.compile(r"(?P<feature>\w+)(?:\[(?P<picks>.*)\])?(?:\.(?P<axes>\w*))?")


@dataclass(frozen=True)
class Field:
    """Some of the numbers of a feature.

    Parameters
    ----------
    feature
        ``"positions"``.
    picks
        Nodes, joints or markers: names, patterns and named sets, ``!`` before what is left out; all if empty.
    axes
        Letters of the last axis, ``"xz"``; all if empty.
    """

    feature: str
    picks: tuple[str, ...] = ()
    axes: str = ""

    def __str__(self) -> str:
        picks = f"[{','.join(self.picks)}]" if self.picks else ""
        return f"{self.feature}{picks}{f'.{self.axes}' if self.axes else ''}"


def parse_field(text: str) -> Field:
    """Return the field that a text means.

    ``feature``, ``feature[picks]``, ``feature.axes`` or ``feature[picks].axes``. Picks have commas between; in
    ``a-b``, as in ``a,!b``, what ``b`` names is left out of what ``a`` does.

    Raises
    ------
    ValueError
        If it is no field, or has axes that the feature has not.
    """
    match = _FIELD.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no field; expected such as 'positions', 'positions[*-Hips]' or 'positions.xz'")
    feature, axes = match["feature"], match["axes"]
    picks = () if match["picks"] is None else tuple(part.strip() for part in match["picks"].split(","))
    if not all(pick.lstrip("!") for pick in picks):
        raise ValueError(f"{text!r} picks an empty name")
    if axes is not None:
        letters = AXES.get(feature, "")
        if not letters:
            raise ValueError(f"{text!r}: {feature} has no axes with letters; those of {', '.join(AXES)} have")
        if not axes or set(axes) - set(letters) or len(set(axes)) != len(axes):
            raise ValueError(f"{text!r}: .{axes} is not of the axes of {feature}, which are {letters}, each once")
    return Field(feature, picks, axes or "")


@dataclass(frozen=True, eq=False)
class Choice:
    """The numbers of a field in frames of one shape.

    Parameters
    ----------
    rows
        Which along the first axis of a frame, in order; all if None.
    columns
        Which along the last; all if None.
    frame
        The shape that a frame is seen in, before: names apart, also if it is stored flat.
    shape
        The shape that a frame has, after.
    names
        One for each number, ``positions[Hips].x``, in C order.
    of_what
        Which nodes, joints or markers, in order; empty if the feature counts none.
    """

    rows: Any
    columns: Any
    frame: tuple[int, ...]
    shape: tuple[int, ...]
    names: tuple[str, ...]
    of_what: tuple[str, ...]

    def of(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the numbers of frames (F, ...); a view where that can be."""
        if self.rows is None and self.columns is None:
            return values
        values = values.reshape(len(values), *self.frame)
        if self.rows is not None:
            values = values[:, self.rows]
        return values if self.columns is None else values[..., self.columns]


def named(field: Field, names: Sequence[str]) -> tuple[str, ...]:
    """Return which of the nodes, joints or markers of a feature a field means, in order.

    Raises
    ------
    ValueError
        If a name is not there, or nothing is picked.
    """
    return _picked(field, names) if field.picks else tuple(names)


def choose(field: Field, frame: Sequence[int], names: Sequence[str]) -> Choice:
    """Return which numbers of a frame a field means.

    Parameters
    ----------
    field
        Of some feature.
    frame
        The shape of the feature's frames.
    names
        Of what its first axis counts: nodes, joints or markers; empty if that has no names.

    Raises
    ------
    ValueError
        If a name is not there, or the feature has no names to pick from.
    """
    shape = tuple(frame)
    if names and len(shape) == 1 and shape[0] != len(names) and shape[0] % len(names) == 0:
        shape = (len(names), shape[0] // len(names))
    seen = shape
    rows = columns = None
    named = list(names)
    if field.picks:
        if not names:
            raise ValueError(f"{field}: {field.feature} has one place a frame, and nothing to pick from")
        rows = _index(_picked(field, names), names)
        named = [names[at] for at in _numbers(rows, len(names))]
        shape = (len(named), *shape[1:])
    letters = AXES.get(field.feature, "")
    if len(letters) != seen[-1]:
        letters = ""
    if field.axes:
        if not letters:
            raise ValueError(f"{field}: a frame has shape {tuple(frame)}, whose last axis is not {AXES[field.feature]}")
        columns = _index(field.axes, letters)
        letters = field.axes
        shape = (*shape[:-1], len(letters))
    if rows is None and columns is None:
        seen = shape = tuple(frame)
    return Choice(rows, columns, seen, shape, _names(field.feature, shape, named, letters), tuple(named))


def _picked(field: Field, names: Sequence[str]) -> tuple[str, ...]:
    sets = shipped.marker_sets() if field.feature.startswith("markers") else shipped.joint_sets()
    wanted = [word for pick in field.picks for word in _words(pick, names, sets)]
    chosen, missing = naming.choose(wanted, names)
    if missing:
        raise ValueError(f"{field}: {naming.absent(missing, names)}")
    if not chosen:
        raise ValueError(f"{field} picks nothing of {len(names)} names such as {', '.join(names[:3])}")
    return chosen


def _words(pick: str, names: Sequence[str], sets: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a pick as names and patterns, ``!`` before what is left out."""
    out = "!" * pick.startswith("!")
    parts = pick.removeprefix("!").split("-")
    words: list[str] = []
    while parts:
        # A hyphen may belong to a name: the longest that is there counts.
        known = (count for count in range(len(parts), 0, -1) if "-".join(parts[:count]) in {*names, *sets})
        count = next(known, len(parts) if out else 1)
        word, parts = "-".join(parts[:count]), parts[count:]
        found = naming.choose(sets[word], names)[0] if word in sets and word not in names else [word]
        words += [f"{out}{name}" for name in found if not out or name in names or word not in sets]
        out = "!"
    return words


def _index(chosen: Sequence[str], among: Sequence[str]) -> Any:
    """Return where names are: a slice if they come one after the other, since that needs no copy."""
    places = [among.index(name) for name in chosen]
    if places == list(range(places[0], places[0] + len(places))):
        return slice(places[0], places[0] + len(places))
    return places


def _numbers(rows: Any, count: int) -> list[int]:
    return list(range(count))[rows] if isinstance(rows, slice) else rows


def _names(feature: str, shape: tuple[int, ...], named: Sequence[str], letters: str) -> tuple[str, ...]:
    """Return a name for each number of a frame."""
    rest = 1
    for size in shape:
        rest *= size
    if named and rest % len(named) == 0:
        each = rest // len(named)
        tails = list(letters) if len(letters) == each else [str(at) for at in range(each)]
        return tuple(
            f"{feature}[{name}].{tail}" if each > 1 or letters else f"{feature}[{name}]"
            for name in named
            for tail in tails
        )
    tails = list(letters) if len(letters) == rest else [str(at) for at in range(rest)]
    return tuple(f"{feature}.{tail}" if rest > 1 or letters else feature for tail in tails)
