"""Metadata that files of arrays lack: names of joints, rate, units; from a TOML file beside them, or a recipe."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, Literal

import msgspec

from motionprep.errors import ReadError
from motionprep.files.reading import parse_toml, shown
from motionprep.motion import hashing
from motionprep.motion.rates import is_rate
from motionprep.naming.shipped import skeletons
from motionprep.naming.units import METRES

#: The name of a TOML that speaks of all files in its folder and below.
OF_FOLDER = "arrays.toml"
_CHOICES = {"units": tuple(METRES), "third": ("z", "confidence")}


class ArrayMetadata(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, dict=True
):
    """Metadata of files of joint positions.

    Parameters
    ----------
    names
        Of the joints, in the order of the arrays; or the name of a canonical skeleton whose joints these are.
    rate
        Frames a second.
    subject
        Who moves; from the file's name if empty.
    parents
        Index of each joint's parent, -1 for the first joint alone. If it is empty, joints are bare points.
    units
        In which lengths are.
    array
        The entry of an ``.npz`` file; it may have one alone if this is empty.
    third
        What the third number of a joint is: ``"z"``, or ``"confidence"`` of a keypoint in a picture, which is left out.
        If it is empty and units are not stated, numbers from 0 to 1.1 beside x and y that go beyond 20 are taken for
        confidences, and it is noted.

    Raises
    ------
    ValueError
        If there is no such skeleton, a name stands twice or is empty, the rate is not above zero, or parents do not
        come before their children.
    """

    names: tuple[str, ...] | str = ()
    rate: float | None = None
    subject: str = ""
    parents: tuple[int, ...] = ()
    units: Literal["", "m", "cm", "mm"] = ""
    array: str = ""
    third: Literal["", "z", "confidence"] = ""

    def __post_init__(self) -> None:
        if isinstance(self.names, str):
            known = skeletons()
            if self.names not in known:
                raise ValueError(
                    f"names is {self.names!r}, which is no canonical skeleton; there are {', '.join(known)}, or list "
                    "the names"
                )
            # The names themselves are stored, as a later version may change the skeleton.
            msgspec.structs.force_setattr(self, "names", tuple(known[self.names]))
        if not all(self.names):
            raise ValueError("names holds an empty name")
        if twice := sorted({name for name in self.joints if self.joints.count(name) > 1}):
            raise ValueError(f"names has {twice[0]!r} twice")
        if self.rate is not None and not is_rate(self.rate):
            raise ValueError(f"rate is {self.rate:g}; expected frames a second, above 0, that float32 can hold")
        for joint, parent in enumerate(self.parents):
            if not (0 <= parent < joint if joint else parent == -1):
                raise ValueError(
                    f"parents has {parent} for joint {joint}; expected -1 for the first joint, and for each other the "
                    "index of one before it; leave parents out where the order is another"
                )
        if self.parents and self.names and len(self.parents) != len(self.names):
            raise ValueError(f"there are {len(self.parents)} parents of {len(self.names)} names")

    @property
    def joints(self) -> tuple[str, ...]:
        """The names, one a joint."""
        return tuple(self.names)

    @cached_property
    def all_parents(self) -> tuple[int, ...]:
        """Index of each joint's parent, -1 for the first and for bare points."""
        return self.parents or (-1,) * len(self.names)

    @cached_property
    def structure(self) -> str:
        """That of the skeleton which these joints make, :attr:`motionprep.motion.skeleton.Skeleton.structure`."""
        return hashing.key([self.joints, self.all_parents])

    @property
    def metres(self) -> float | None:
        """How many metres a unit is long; None if no unit is stated."""
        return METRES.get(self.units)


@lru_cache(maxsize=4096)
def describe(
    texts: tuple[tuple[str, bytes | ReadError], ...], otherwise: ArrayMetadata | None
) -> tuple[ArrayMetadata, str]:
    """Return the metadata of a file without the subject, and the subject.

    Parameters
    ----------
    texts
        Name and content of each TOML about it, those that go before others first; in place of the content the error of
        one that cannot be read.
    otherwise
        Metadata of the recipe, for what no file states.

    Raises
    ------
    ReadError
        If one cannot be read, or names or rate are missing in all.
    """
    stated: dict[str, Any] = {}
    for name, data in texts:
        stated = {**_fields(name, data), **stated}
    stated = {**(msgspec.to_builtins(otherwise) if otherwise else {}), **stated}
    name = texts[0][0] if texts else "recipe"
    if missing := [field for field in ("names", "rate") if field not in stated]:
        raise ReadError(f"does not say {' and '.join(missing)} of the arrays", path=name)
    subject = str(stated.pop("subject", ""))
    return _about(stated, name), subject


def _fields(name: str, data: bytes | ReadError) -> dict[str, Any]:
    if isinstance(data, ReadError):
        raise data
    try:
        value = parse_toml(data.decode("utf-8-sig"))
    except ValueError as error:
        raise ReadError(f"is no TOML: {error}", path=name) from None
    for field in value:
        if field not in ArrayMetadata.__struct_fields__:
            raise ReadError(
                f"there is no {shown(field)}; there are {', '.join(ArrayMetadata.__struct_fields__)}", path=name
            )
    _about(value, name)
    return value


def _about(value: dict[str, Any], name: str) -> ArrayMetadata:
    try:
        return msgspec.convert(value, ArrayMetadata)
    except msgspec.ValidationError as error:
        what, _, where = str(error).replace("array`", "list`").partition(" - at `$.")
        if what.startswith("Invalid enum value"):
            what += f"; expected {', '.join(_CHOICES.get(where.rstrip('`'), ()))}"
        raise ReadError(f"{where.rstrip('`')}: {what}" if where else what, path=name) from None
