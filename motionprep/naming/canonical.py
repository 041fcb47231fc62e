"""Canonical skeletons: their joints, and of which nodes of a file's skeleton each of them is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import msgspec

from motionprep import naming

#: A node by its name, or several, in the middle of which a joint is.
Nodes = str | tuple[str, ...]
Entry = TypeVar("Entry")


class Joint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A joint of a canonical skeleton.

    What is given for one naming of joints stands in the same place of all lists; an entry that is alone is for all.

    Parameters
    ----------
    name
        Of the joint.
    parent
        Name of a joint before it; empty for the root, which comes first.
    of
        ``from`` in a recipe: for each naming, the joint or End Site that it is at, or those it is in the middle of.
    rotation
        For each naming, the node whose rotation it takes; the first of ``from`` if empty. An End Site turns with the
        joint that it ends.
    """

    name: str
    parent: str = ""
    of: tuple[Nodes, ...] = msgspec.field(name="from")
    rotation: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a joint has no name")
        if not self.of or not all(nodes and all(nodes) for nodes in map(several, self.of)) or not all(self.rotation):
            raise ValueError(f"joint {self.name} is from nothing, or holds an empty name; name joints or End Sites")


class Part(NamedTuple):
    """A joint by the numbers of a skeleton's nodes: those that it is in the middle of, and the one it turns with.

    ``parent`` is the number of its parent among the parts, -1 for the root.
    """

    name: str
    parent: int
    nodes: tuple[int, ...]
    turn: int


def several(nodes: Nodes) -> tuple[str, ...]:
    """Return one name or several as several."""
    return (nodes,) if isinstance(nodes, str) else nodes


def check(joints: Sequence[Joint]) -> None:
    """Raise a ``ValueError`` unless joints are a tree, the root first, and their lists are as long as each other."""
    counts = {len(entries) for joint in joints for entries in (joint.of, joint.rotation) if len(entries) > 1}
    if len(counts) > 1:
        raise ValueError(
            f"skeleton has lists of {' and of '.join(map(str, sorted(counts)))}; what stands in the same place of each "
            "is of the same naming: give one entry, or one for each naming"
        )
    before: list[str] = []
    for joint in joints:
        if joint.name in before:
            raise ValueError(f"skeleton has joint {joint.name} twice")
        if joint.parent not in (before or [""]):
            raise ValueError(
                f"joint {joint.name} of the skeleton has the parent {joint.parent!r}; the first joint has none, and "
                "the others one that comes before them"
            )
        before.append(joint.name)


def without(joints: Sequence[Joint], words: Sequence[str]) -> tuple[Joint, ...]:
    """Return the joints without some; what hung from one hangs from the next one up, and the root stays.

    Parameters
    ----------
    joints
        Of a canonical skeleton.
    words
        Names and patterns, each behind ``!``.

    Raises
    ------
    ValueError
        If one is not behind ``!``, or is the name of no joint.
    """
    for word in words:
        if not word.startswith("!"):
            raise ValueError(
                f"joints has {word!r}, but a canonical skeleton has its joints; leave some out, as '!{word}'"
            )
    names = [joint.name for joint in joints]
    chosen, missing = naming.choose(("*", *words), names)
    if missing:
        raise ValueError(f"joints leaves out what the skeleton has not: {naming.absent(missing, names)}")
    kept = {names[0], *chosen}
    above: dict[str, str] = {}
    for joint in joints:
        above[joint.name] = joint.parent if joint.parent in kept else above.get(joint.parent, "")
    return tuple(msgspec.structs.replace(joint, parent=above[joint.name]) for joint in joints if joint.name in kept)


def parts(joints: Sequence[Joint], nodes: Sequence[str]) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Return the joints by the numbers of the nodes that they are made of, or no joints and the names that are missing.

    The first naming counts whose names are all there, be it behind a prefix such as ``mixamorig:``; after all of them,
    the names of the joints themselves. If there is none, the missing names are of the naming that lacks the fewest.
    """
    places = {node: place for place, node in enumerate(nodes)}
    for place, node in enumerate(nodes):
        places.setdefault(naming.plain(node), place)
    rows = {joint.name: row for row, joint in enumerate(joints)}
    lacking: list[tuple[str, ...]] = []
    for number in range(max(len(entries) for joint in joints for entries in (joint.of, joint.rotation))):
        made = [several(_entry(joint.of, number)) for joint in joints]
        turns = [
            _entry(joint.rotation, number) if joint.rotation else of[0] for joint, of in zip(joints, made, strict=True)
        ]
        needed = dict.fromkeys(node for of, turn in zip(made, turns, strict=True) for node in (*of, turn))
        missing = tuple(node for node in needed if node not in places)
        if not missing:
            found = zip(joints, made, turns, strict=True)
            return tuple(
                Part(joint.name, rows.get(joint.parent, -1), tuple(places[node] for node in of), places[turn])
                for joint, of, turn in found
            ), ()
        lacking.append(missing)
    if all(joint.name in places for joint in joints):
        own = ((joint, places[joint.name]) for joint in joints)
        return tuple(Part(joint.name, rows.get(joint.parent, -1), (at,), at) for joint, at in own), ()
    return (), min(lacking, key=len)


def _entry(entries: Sequence[Entry], number: int) -> Entry:
    return entries[number if len(entries) > 1 else 0]
