"""Tables of canonical skeletons, the one that ships and those of users, made into joints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from motionprep.files.reading import parse_toml, read_text
from motionprep.naming import shipped
from motionprep.naming.canonical import Joint, Nodes, several

Naming = Mapping[str, Nodes]
_TIP = "_Nub"


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A joint at places, which namings translate into nodes."""

    name: str
    parent: str = ""
    at: Nodes
    rotation: str = ""

    @property
    def places(self) -> tuple[str, ...]:
        return (*several(self.at), self.rotation) if self.rotation else several(self.at)


class _Skeleton(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    about: str = ""
    joints: tuple[_Row, ...]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    names: dict[str, dict[str, Nodes]] = {}
    skeletons: dict[str, _Skeleton] = {}


def load(name: str, table: str = "") -> tuple[Joint, ...]:
    """Return a canonical skeleton by name, with the nodes of each naming that has all of its places.

    Parameters
    ----------
    name
        Of one in the table, or of one that ships.
    table
        A TOML file of the user's, written like ``manifests/tables/skeletons.toml``. Its skeletons and namings come
        before those that ship.

    Raises
    ------
    ValueError
        If the table cannot be read or is none, or there is no such skeleton, or no naming has all of its places.
    """
    ours = msgspec.convert(shipped.skeleton_table(), _Table)
    own = _read(table) if table else _Table()
    skeletons = {**ours.skeletons, **own.skeletons}
    if name not in skeletons:
        raise ValueError(f"there is no skeleton {name!r}; there are {', '.join(skeletons)}")
    rows = skeletons[name].joints
    namings = own.names | {naming: names for naming, names in ours.names.items() if naming not in own.names}
    lacking = []
    columns: dict[tuple[tuple[Nodes, str], ...], None] = {}
    for naming in namings:
        names = _names(naming, namings)
        missing = [
            place for place in dict.fromkeys(place for row in rows for place in row.places) if place not in names
        ]
        lacking.append((len(missing), naming, missing))
        if not missing:
            # Namings that differ in other places alone are the same for this skeleton.
            columns.setdefault(tuple((_nodes(row, names), _turn(row, names)) for row in rows))
    if not columns:
        _, naming, missing = min(lacking)
        raise ValueError(f"skeleton {name!r} is at {', '.join(missing)}; no naming has it all, {naming} the most")
    return tuple(
        Joint(
            name=row.name,
            parent=row.parent,
            of=tuple(column[number][0] for column in columns),
            rotation=tuple(column[number][1] for column in columns) if row.rotation else (),
        )
        for number, row in enumerate(rows)
    )


def _read(path: str) -> _Table:
    try:
        return msgspec.convert(parse_toml(read_text(path).decode()), _Table)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise ValueError(f"table {path!r} cannot be read: {error}") from None


def _names(naming: str, namings: Mapping[str, Naming]) -> Naming:
    """Return what a naming calls each place, with that of the one that it is like."""
    names = dict(namings[naming])
    names.pop("about", None)
    like = names.pop("like", None)
    if like is None:
        return names
    if not isinstance(like, str) or like not in namings or "like" in namings[like]:
        raise ValueError(f"naming {naming} is like {like!r}; it can be like one that is like no other")
    return {**_names(like, namings), **names}


def _nodes(row: _Row, names: Naming) -> Nodes:
    nodes = tuple(node for place in several(row.at) for node in several(names[place]))
    return nodes[0] if len(nodes) == 1 else nodes


def _turn(row: _Row, names: Naming) -> str:
    return several(names[row.rotation])[0] if row.rotation else ""


def strays(names: Sequence[str], others: Sequence[str]) -> tuple[str, str] | None:
    """Return the first two names in one place of two lists that are not of one place on a body; None if all are.

    The same name is, and so are what two of the namings that ship call one place: ``LFingers`` and ``LeftHandIndex1``.
    """
    return next(
        ((name, other) for name, other in zip(names, others, strict=True) if not _same_place(name, other)), None
    )


def _same_place(name: str, other: str) -> bool:
    if name == other:
        return True
    if name.endswith(_TIP) and other.endswith(_TIP):
        name, other = name.removesuffix(_TIP), other.removesuffix(_TIP)
    places = _places()
    return bool(places.get(name, frozenset()) & places.get(other, frozenset()))


@cache
def _places() -> Mapping[str, frozenset[str]]:
    """Return the places on a body that each node is in some naming."""
    namings = msgspec.convert(shipped.skeleton_table(), _Table).names
    found: dict[str, set[str]] = {}
    for naming in namings:
        for place, nodes in _names(naming, namings).items():
            if isinstance(nodes, str):
                found.setdefault(nodes, set()).add(place)
    return {node: frozenset(places) for node, places in found.items()}
