"""Acclaim's skeletons (ASF): bones with a direction, a length, axes of their own and degrees of freedom.

A bone becomes a joint at the place where the bone begins, so that forward kinematics and everything else is as for
BVH. The angles of its degrees of freedom are in an AMC file beside it; see :mod:`motionprep.formats.amc`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motionprep.errors import ReadError
from motionprep.files.reading import GIT_LFS, NOT_FETCHED, open_file, read_bounded, shown
from motionprep.motion import rotations
from motionprep.motion.arrays import Floats
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.naming.encoding import decode

_INCH = 0.0254
_MOST_ASF = 16 << 20
AXES = "xyz"
_SECTIONS = ("version", "name", "units", "documentation", "root", "bonedata", "hierarchy", "skin")


@dataclass
class _Bone:
    """A bone of an ASF file as far as it has been read; lengths in the file's unit, axes as a matrix."""

    name: str
    line: int
    direction: tuple[float, ...] = (0.0, 0.0, 0.0)
    length: float = 0.0
    axis: tuple[tuple[float, ...], str] = ((0.0, 0.0, 0.0), "xyz")
    dof: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Rig:
    """Contents of an ASF file.

    Parameters
    ----------
    skeleton
        A joint for each bone, where the bone begins, after the root; End Sites where bones end that have no children.
    axes
        (J, 3, 3) float64: the axes C of each joint.
    dof
        Degrees of freedom of each joint, in the order of an AMC file's numbers: ``"tx"`` to ``"rz"``.
    position
        Where the root is when its translation is 0.
    degrees
        Whether angles are degrees; radians if not.
    metres
        Metres per unit.
    """

    skeleton: Skeleton
    axes: Floats
    dof: tuple[tuple[str, ...], ...]
    position: tuple[float, float, float]
    degrees: bool
    metres: float


def read_asf(path: str | os.PathLike[str]) -> Rig:
    """Read an ASF file.

    Raises
    ------
    ReadError
        If it is damaged, or has what is not read, such as a bone that changes its length; it names the line.
    OSError
        If it cannot be opened.
    """
    with open_file(path) as file:
        return parse_asf(read_bounded(file, os.fspath(path), _MOST_ASF), os.fspath(path))


def parse_asf(data: bytes, name: str) -> Rig:
    """Read the bytes of an ASF file; ``name`` stands in errors. Errors are those of :func:`read_asf`."""
    if not data.strip():
        raise ReadError("the file is empty; expected :version", path=name, line=1)
    if data.startswith(GIT_LFS):
        raise ReadError(NOT_FETCHED, path=name, line=1)
    return _Asf(decode(data)[0], name).rig()


class _Asf:
    """Reads an ASF text section by section."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._lines = [
            (number, line.split())
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip() and not line.lstrip().startswith("#")
        ]
        self._last = text.count("\n") + 1

    def rig(self) -> Rig:
        sections = self._sections()
        for needed in ("root", "bonedata", "hierarchy"):
            if needed not in sections:
                raise ReadError(f"the file has no :{needed}", path=self._name, line=self._last)
        length, degrees = self._units(sections.get("units", []))
        root, position = self._root(sections["root"])
        bones = self._bones(sections["bonedata"])
        parents = self._hierarchy(sections["hierarchy"], bones)
        order = _depth_first(parents)
        if len(order) != len(bones) + 1:
            lost = next(one for one in bones if one not in order)
            raise ReadError(
                f"bone {shown(lost)} does not hang from the root in :hierarchy", path=self._name, line=bones[lost].line
            )
        joints = [root, *(bones[one] for one in order[1:])]
        index = {one.name: number for number, one in enumerate(joints)}
        ends = [np.multiply(one.direction, one.length) for one in joints]
        above = [-1, *(index[parents[one.name]] for one in joints[1:])]
        bare = sorted(set(range(len(joints))) - set(above))
        skeleton = Skeleton.turning(
            [one.name for one in joints],
            above,
            [ends[parent] if parent >= 0 else (0.0, 0.0, 0.0) for parent in above],
            [EndSite(joint, _triple(ends[joint])) for joint in bare],
        )
        axes = np.stack([_matrix(np.array(one.axis[0]), one.axis[1], degrees) for one in joints])
        return Rig(skeleton, axes, tuple(one.dof for one in joints), position, degrees, _INCH / length)

    def _fail(self, message: str, line: int) -> ReadError:
        return ReadError(message, path=self._name, line=line)

    def _sections(self) -> dict[str, list[tuple[int, list[str]]]]:
        """Return the lines of each section, the words behind its name first."""
        sections: dict[str, list[tuple[int, list[str]]]] = {}
        current: list[tuple[int, list[str]]] | None = None
        for number, words in self._lines:
            if words[0].startswith(":"):
                title = words[0][1:].lower()
                if title not in _SECTIONS:
                    raise self._fail(
                        f"found {shown(words[0])}; expected one of {', '.join(':' + one for one in _SECTIONS)}", number
                    )
                if title in sections:
                    raise self._fail(f":{title} stands twice; expected it once", number)
                current = sections[title] = [(number, words[1:])] if words[1:] else []
            elif current is None:
                raise self._fail(f"found {shown(words[0])}; expected :version", number)
            else:
                current.append((number, words))
        return sections

    def _units(self, lines: Sequence[tuple[int, list[str]]]) -> tuple[float, bool]:
        length, degrees = 1.0, True
        for number, (word, *rest) in lines:
            if word.lower() == "length":
                (length,) = self._numbers(rest, 1, "a length", number)
                if not length > 0:
                    raise self._fail(f"found the length {length:g}; expected a number above 0", number)
            if word.lower() == "angle":
                if not rest or rest[0].lower()[:3] not in ("deg", "rad"):
                    raise self._fail(f"found the angle {shown(' '.join(rest))}; expected deg or rad", number)
                degrees = rest[0].lower().startswith("deg")
        return length, degrees

    def _root(self, lines: Sequence[tuple[int, list[str]]]) -> tuple[_Bone, tuple[float, float, float]]:
        root, position, order = _Bone("root", self._last), (0.0, 0.0, 0.0), "xyz"
        turned: tuple[float, ...] = (0.0, 0.0, 0.0)
        for number, (word, *rest) in lines:
            if word.lower() == "order":
                root.dof = self._dof(rest, number)
            elif word.lower() == "axis":
                order = self._order(rest[0] if rest else "", number)
            elif word.lower() == "position":
                position = _triple(self._numbers(rest, 3, "a position", number))
            elif word.lower() == "orientation":
                turned = self._numbers(rest, 3, "an orientation", number)
            else:
                raise self._fail(f"found {shown(word)} in :root; expected order, axis, position or orientation", number)
        root.axis = (turned, order)
        return root, position

    def _bones(self, lines: Sequence[tuple[int, list[str]]]) -> dict[str, _Bone]:
        bones: dict[str, _Bone] = {}
        bone: _Bone | None = None
        for number, (word, *rest) in lines:
            key = word.lower()
            if key == "begin":
                bone = _Bone("", number)
            elif bone is None:
                raise self._fail(f"found {shown(word)} in :bonedata; expected begin", number)
            elif key == "end":
                if not bone.name:
                    raise self._fail("a bone ends without a name", number)
                if bone.name in bones or bone.name == "root":
                    raise self._fail(f"bone {shown(bone.name)} stands twice; expected a name of its own", number)
                bones[bone.name], bone = bone, None
            elif (
                not self._set(bone, key, rest, number)
                and key not in ("id", "limits", "bodymass", "cofmass")
                and not word.startswith("(")
            ):
                raise self._fail(
                    f"found {shown(word)} in a bone; expected name, direction, length, axis or dof", number
                )
        if bone is not None:
            raise self._fail("the file ends within a bone; expected end", self._last)
        return bones

    def _set(self, bone: _Bone, key: str, words: Sequence[str], line: int) -> bool:
        """Set what a line states of a bone, and return whether it states anything that is used."""
        if key == "name":
            bone.name = " ".join(words)
        elif key == "direction":
            bone.direction = self._numbers(words, 3, "a direction", line)
        elif key == "length":
            (bone.length,) = self._numbers(words, 1, "a length", line)
        elif key == "axis":
            bone.axis = (self._numbers(words[:3], 3, "an axis", line), self._order("".join(words[3:]), line))
        elif key == "dof":
            bone.dof = self._dof(words, line)
        else:
            return False
        return True

    def _hierarchy(self, lines: Sequence[tuple[int, list[str]]], bones: dict[str, _Bone]) -> dict[str, str]:
        """Return the parent of each bone."""
        parents: dict[str, str] = {}
        for number, words in lines:
            if words in (["begin"], ["end"]):
                continue
            for one in words:
                if one != "root" and one not in bones:
                    raise self._fail(f"found {shown(one)} in :hierarchy; expected a bone of :bonedata", number)
            for child in words[1:]:
                if child == "root" or child in parents:
                    raise self._fail(f"bone {shown(child)} has two parents; expected one", number)
                parents[child] = words[0]
        return parents

    def _numbers(self, words: Sequence[str], count: int, what: str, line: int) -> tuple[float, ...]:
        try:
            found = tuple(map(float, words))
        except ValueError:
            found = ()
        if len(found) != count or not np.isfinite(found).all():
            raise self._fail(f"found {shown(' '.join(words))}; expected {what} of {count} finite numbers", line)
        return found

    def _order(self, word: str, line: int) -> str:
        if sorted(word.lower()) != ["x", "y", "z"]:
            raise self._fail(f"found {shown(word)}; expected an order of axes such as XYZ", line)
        return word.lower()

    def _dof(self, words: Sequence[str], line: int) -> tuple[str, ...]:
        found = tuple(word.lower() for word in words)
        known = [kind + axis for kind in "tr" for axis in AXES]
        for one in found:
            if one not in known:
                hint = "; bones that change their length are not read" if one == "l" else ""
                raise self._fail(f"found the degree of freedom {shown(one)}; expected {', '.join(known)}{hint}", line)
            if found.count(one) > 1:
                raise self._fail(f"the degree of freedom {one!r} stands twice", line)
        return found


def _triple(values: Sequence[float] | Floats) -> tuple[float, float, float]:
    x, y, z = map(float, values)
    return x, y, z


def _depth_first(parents: dict[str, str]) -> list[str]:
    children: dict[str, list[str]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    order, stack = [], ["root"]
    while stack:
        order.append(stack.pop())
        stack += reversed(children.get(order[-1], []))
    return order


def _matrix(angles: Floats, order: str, degrees: bool) -> Floats:
    """Return the matrices (..., 3, 3) of angles (..., 3) about axes of which the first turns first."""
    radians = np.radians(angles) if degrees else angles
    return rotations.from_euler(radians[..., ::-1], [AXES.index(axis) for axis in reversed(order)])
