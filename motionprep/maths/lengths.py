"""How long parts of a body are: along the bones of a skeleton, or between markers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise

import numpy as np

from motionprep.maths import rigid
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import POSITION_CHANNELS, Skeleton
from motionprep.motion.take import Take
from motionprep.naming import plain
from motionprep.naming.sides import pairs

Chain = tuple[str, ...]

#: Hip, knee and ankle of a left leg as skeletons name them, behind a prefix such as ``mixamorig:`` too: CMU's
#: motionbuilder, 3dsmax and daz releases, canonical skeletons, and others.
LEGS: tuple[Chain, ...] = (
    ("LeftUpLeg", "LeftLeg", "LeftFoot"),
    ("LeftHip", "LeftKnee", "LeftAnkle"),
    ("lThigh", "lShin", "lFoot"),
    ("LeftUpperLeg", "LeftLowerLeg", "LeftFoot"),
    ("UpperLeg_L", "LowerLeg_L", "Foot_L"),
    ("L Thigh", "L Calf", "L Foot"),
    ("L_Hip", "L_Knee", "L_Ankle"),
    ("left_hip", "left_knee", "left_ankle"),
    ("LHip", "LKnee", "LFoot"),
    ("LHip", "LKnee", "LAnkle"),
    ("lfemur", "ltibia", "lfoot"),
)
#: The same on markers. The front of the waist is nearest to the hip; a height is that of shin, thigh, trunk and neck.
MARKERS: Mapping[str, tuple[Chain, ...]] = {
    "thigh": (("LFWT", "LKNE"), ("RFWT", "RKNE")),
    "height": (("LANK", "LKNE", "LFWT", "C7", "LFHD"), ("RANK", "RKNE", "RFWT", "C7", "RFHD")),
}
#: The markers at the outside of the left and the right knee.
KNEES = ("LKNE", "RKNE")


def measure(take: Take, part: str, along: Sequence[Chain] = ()) -> float:
    """Return the length of a part of a take's body: the mean of its left and right, of those that can be measured.

    Parameters
    ----------
    take
        Is measured on its skeleton; on its markers if it has none.
    part
        ``"thigh"`` or ``"height"``.
    along
        What to measure instead: chains of nodes, or of markers.

    Raises
    ------
    ValueError
        If there is no such part, or it is never visible or has no length.
    """
    nodes = take.motion.skeleton.nodes if take.motion is not None else ()
    names = take.markers.names if take.markers is not None else ()
    if along:
        wanted = sorted({name for chain in along for name in chain})
        chains, on_bones = list(along), all(name in nodes for name in wanted)
        if not on_bones and not all(name in names for name in wanted):
            missing = [name for name in wanted if name not in nodes and name not in names]
            raise ValueError(f"no {', '.join(missing)}" if missing else "along names joints and markers in one")
    elif take.motion is not None:
        chains, on_bones = list(_on_skeleton(nodes, part)), True
    else:
        chains, on_bones = [chain for chain in MARKERS[part] if {*chain} <= {*names}], False
    if not chains:
        raise ValueError(f"no {part} to measure")
    if on_bones and take.motion is not None:
        if take.motion.skeleton.bare:
            raise ValueError(f"the bones along which to measure the {part} are not known; say the joints' parents")
        poses = take.motion.poses()
        lengths = [along_bones(poses, chain) for chain in chains]
    else:
        found = [between(take.markers, chain) for chain in chains] if take.markers is not None else []
        lengths = [length for length in found if length is not None]
    if not lengths:
        raise ValueError(f"the {part} is never visible")
    if not 0 < (length := sum(lengths) / len(lengths)) < np.inf:
        raise ValueError(f"the {part} has no length")
    return length


def to_knees(take: Take) -> dict[str, float]:
    """Return how far knee markers are from their knee joints, of :data:`KNEES` those that are there with both.

    The root of the mean square over the frames in which a marker is visible, in the take's unit; joints and markers are
    to be in one world. It is about as much as a knee is thick if they belong together.
    """
    if take.motion is None or take.markers is None:
        return {}
    nodes, names = take.motion.skeleton.nodes, take.markers.names
    legs = _of_both_sides(nodes, LEGS)
    found = {}
    for marker, (_, knee, _) in zip(KNEES, legs, strict=False):
        column = names.index(marker) if marker in names else -1
        seen = take.markers.visible[:, column] if column >= 0 else np.zeros(take.frames, dtype=np.bool_)
        if seen.any():
            joints = kinematics.features(take.motion, ("positions",))["positions"][:, nodes.index(knee)]
            apart = take.markers.positions[seen, column] - joints[seen]
            found[marker] = float(np.sqrt(np.mean(np.sum(apart**2, axis=1))))
    return found


def by_subject(measured: Mapping[str, tuple[str, float]]) -> dict[str, float]:
    """Return one length for all takes of a subject, the median of those that were measured.

    Parameters
    ----------
    measured
        The subject and the length of each take, by its key.

    Returns
    -------
    dict
        By pattern, ``69_*``, as far as a pattern means just these takes; otherwise by key.
    """
    takes: dict[str, list[str]] = {}
    for key, (subject, _) in measured.items():
        takes.setdefault(subject, []).append(key)
    table: dict[str, float] = {}
    for subject, keys in takes.items():
        median = float(np.median([measured[key][1] for key in keys]))
        pattern = f"{subject}_*"
        meant = [key for key in measured if fnmatchcase(key, pattern)]
        table |= dict.fromkeys([pattern] if meant == keys else keys, median)
    return table


def along_bones(poses: Poses, chain: Chain) -> float:
    """Return how long the way along the bones is from the first of a chain of nodes to the last, by all between.

    Bones are as long as in the rest pose. A joint that has position channels is moved by them and not by its offset:
    its bone is the median over the frames.

    Raises
    ------
    KeyError
        If the skeleton has no such node.
    """
    skeleton = poses.skeleton
    places = {node: place for place, node in enumerate(skeleton.nodes)}
    lines = [_up(skeleton, places[node]) for node in chain]
    total = 0.0
    for one, other in pairwise(lines):
        total += sum(_bone(poses, node) for node in {*one} ^ {*other})
    return total


def between(markers: Markers, chain: Chain) -> float | None:
    """Return the sum of the distances from each marker of a chain to the next; None if two are never visible at once.

    Each distance is its median over the frames in which both are visible.

    Raises
    ------
    KeyError
        If there is no such marker.
    """
    places = {name: place for place, name in enumerate(markers.names)}
    rows = [places[name] for name in chain]
    total = 0.0
    for one, other in pairwise(rows):
        both = markers.visible[:, one] & markers.visible[:, other]
        if not both.any():
            return None
        total += float(rigid.apart(markers.positions[:, [one]], markers.positions[:, [other]], both[:, None])[0])
    return total


@lru_cache(maxsize=64)
def _on_skeleton(nodes: Chain, part: str) -> tuple[Chain, ...]:
    """Return hip and knee, or ankle and tip of the head, of each leg; none if the names are not known."""
    if part == "thigh":
        return tuple(_of_both_sides(nodes, [leg[:2] for leg in LEGS]))
    heads = [node for node in nodes if plain(node).lower() in ("head", "head_nub")]
    return tuple((leg[-1], heads[-1]) for leg in _of_both_sides(nodes, LEGS)) if heads else ()


def _of_both_sides(nodes: Sequence[str], chains: Sequence[Chain]) -> list[Chain]:
    """Return the first of chains whose names are all there, and its counterpart on the right if that is there too."""
    right = dict(pairs(nodes))
    for names in chains:
        left = tuple(next((node for node in nodes if plain(node) == name), "") for name in names)
        if all(left):
            return [left, tuple(right[node] for node in left)] if all(node in right for node in left) else [left]
    return []


def _up(skeleton: Skeleton, node: int) -> list[int]:
    """Return a node and all above it but the root, which no bone leads to."""
    line = []
    while skeleton.node_parents[node] >= 0:
        line.append(node)
        node = skeleton.node_parents[node]
    return line


def _bone(poses: Poses, node: int) -> float:
    skeleton = poses.skeleton
    moved = node < len(skeleton.joints) and any(name in POSITION_CHANNELS for name in skeleton.channels[node])
    if not moved:
        x, y, z = skeleton.node_offsets[node].tolist()
        return math.sqrt(x * x + y * y + z * z)
    vectors = poses.translations[:, [node]]
    return float(rigid.apart(vectors, np.zeros_like(vectors))[0])
