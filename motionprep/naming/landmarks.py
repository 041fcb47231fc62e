"""Landmarks of a body: which nodes or markers are its hips, knees, ankles, toes, shoulders, elbows, wrists and head."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from motionprep.naming import plain
from motionprep.naming.shipped import skeleton_table

#: The landmarks that the checks use, without ``left_`` and ``right_``.
PAIRED = ("hip", "knee", "ankle", "toe", "shoulder", "elbow", "wrist")
SINGLE = ("pelvis", "neck", "head", "head_top")
NAMES = (*(f"{side}_{part}" for part in PAIRED for side in ("left", "right")), *SINGLE)
#: Hips, knees and ankles, leg by leg.
LEGS = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle"))

#: Left-hand markers of the Vicon marker sets that stand nearest to each landmark; the first that are all there count.
_MARKERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "hip": (("LFWT",), ("LASI",)),
    "knee": (("LKNE",),),
    "ankle": (("LANK",),),
    "toe": (("LTOE",), ("LMT5",)),
    "shoulder": (("LSHO",),),
    "elbow": (("LELB",),),
    "wrist": (("LWRA", "LWRB"), ("LWRA",), ("LWRB",)),
}
_SINGLE_MARKERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "pelvis": (("LFWT", "RFWT", "LBWT", "RBWT"), ("LASI", "RASI", "LPSI", "RPSI"), ("LASI", "RASI")),
    "neck": (("C7",),),
    "head": (("LFHD", "RFHD", "LBHD", "RBHD"), ("LFHD", "RFHD")),
}

Landmarks = Mapping[str, tuple[int, ...]]


@lru_cache(maxsize=512)
def of_nodes(nodes: tuple[str, ...]) -> Landmarks:
    """Return the indices of the nodes of each landmark, by the shipped naming that knows the most of them.

    A landmark that the naming does not know, or whose nodes are not all there, is absent.
    """
    places: dict[str, int] = {}
    for place, node in enumerate(nodes):
        places.setdefault(node, place)
        places.setdefault(plain(node), place)
    found = [_by_naming(names, places) for names in _namings()]
    return max(found, key=len)


@lru_cache(maxsize=512)
def of_markers(names: tuple[str, ...]) -> Landmarks:
    """Return the indices of the markers of each landmark, by the names of the Vicon marker sets."""
    places = {plain(name): place for place, name in reversed(list(enumerate(names)))}
    wanted = dict(_SINGLE_MARKERS)
    for part, choices in _MARKERS.items():
        wanted[f"left_{part}"] = choices
        wanted[f"right_{part}"] = tuple(tuple(f"R{name[1:]}" for name in choice) for choice in choices)
    found = {}
    for landmark, choices in wanted.items():
        there = next((choice for choice in choices if all(name in places for name in choice)), None)
        if there is not None:
            found[landmark] = tuple(places[name] for name in there)
    return found


def _by_naming(names: Mapping[str, tuple[str, ...]], places: Mapping[str, int]) -> Landmarks:
    return {
        landmark: tuple(places[node] for node in wanted)
        for landmark, wanted in names.items()
        if all(node in places for node in wanted)
    }


@lru_cache(maxsize=1)
def _namings() -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """Return the nodes of each landmark in each shipped naming, and in the canonical skeletons' own names."""
    table = skeleton_table()
    namings = []
    for names in table["names"].values():
        whole = {**table["names"].get(names.get("like", ""), {}), **names}
        namings.append({name: _several(whole[name]) for name in NAMES if name in whole})
    for skeleton in table["skeletons"].values():
        own: dict[str, tuple[str, ...]] = {}
        for joint in skeleton["joints"]:
            at = joint["at"]
            if isinstance(at, str) and at in NAMES:
                own.setdefault(at, (joint["name"],))
        namings.append(own)
    return tuple(namings)


def _several(nodes: str | list[str]) -> tuple[str, ...]:
    return (nodes,) if isinstance(nodes, str) else tuple(nodes)
