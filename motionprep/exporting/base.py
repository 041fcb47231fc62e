"""What kinds of export share: their settings, what they take of a dataset, and the report of what they wrote."""

from __future__ import annotations

import math
import re
import unicodedata
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from motionprep.errors import ExportError, RecipeError
from motionprep.files.progress import OnProgress
from motionprep.motion import hashing

if TYPE_CHECKING:
    import numpy as np

    from motionprep.dataset.dataset import Dataset
    from motionprep.dataset.motion import StoredMotion
    from motionprep.dataset.split import Split

#: What a file's name cannot hold on some system, and the dot, at which WebDataset cuts a name.
_UNSAFE = re.compile(
    r"""[\x00-\x1f\x7f./\\%@:*?"<>|~]|[ ]\Z|\A(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\Z""",
    re.IGNORECASE,
)
#: Bytes of a key in a name, which leave room for the words around it: a name has at most 255.
_MOST_BYTES = 180
#: Of a digest.
_DIGITS = 12


@dataclass(frozen=True)
class Report:
    """What an export holds, as its README describes it.

    Parameters
    ----------
    files
        Names, or patterns of names, and what each is.
    features
        That are in it.
    reading
        Lines of Python that read it.
    details
        What else a reader of the files needs to know.
    columns
        Names of numbers, in order, by what they are the columns of.
    notes
        Sentences about this dataset, which are also printed.
    restored
        Whether the numbers are in the world, units and axes of the files again, and not as the dataset hands them out.
    """

    files: Mapping[str, str]
    features: tuple[str, ...]
    reading: str
    details: str = ""
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    restored: bool = False


@dataclass(frozen=True, kw_only=True)
class Export(ABC):
    """One kind of export, with its settings.

    Parameters
    ----------
    splits
        Which to export; all that have motions if empty.
    """

    #: What is counted while it is written.
    unit: ClassVar[str] = "motions"

    splits: tuple[str, ...] = ()

    @abstractmethod
    def write(self, dataset: Dataset, folder: Path, on_progress: OnProgress) -> Report:
        """Write a dataset into an empty folder.

        Raises
        ------
        RecipeError
            If a setting asks for what the dataset has not.
        ExportError
            If the dataset does not fit into this kind.
        """

    def chosen_splits(self, dataset: Dataset) -> dict[str, Split]:
        """Return the splits to export, by name.

        Raises
        ------
        RecipeError
            If there is none of a name.
        ExportError
            If one that is asked for, or all, have no motions.
        """
        found = {
            name: _split(dataset, name) if self.splits else dataset[name] for name in self.splits or dataset.splits
        }
        empty = [name for name, split in found.items() if not split]
        if empty and (self.splits or len(empty) == len(found)):
            raise ExportError(f"{dataset.path}: {', '.join(empty)} has no motions, so there is nothing to export")
        return {name: split for name, split in found.items() if name not in empty}


@dataclass(frozen=True, kw_only=True)
class ByMotion(Export):
    """A kind that takes features of whole motions.

    Parameters
    ----------
    features
        Which to export; all that are stored if empty.
    normalize
        Whether numbers that the recipe normalizes are exported so.
    """

    features: tuple[str, ...] = ()
    normalize: bool = True

    def chosen(self, motion: StoredMotion) -> tuple[str, ...]:
        """Return the names of the features to export.

        Raises
        ------
        RecipeError
            If one is not stored.
        """
        for name in self.features:
            if name not in motion:
                raise RecipeError(f"there is no feature {name!r}; stored are {', '.join(motion)}")
        return self.features or tuple(motion)

    def read(self, motion: StoredMotion, feature: str) -> np.ndarray[Any, Any]:
        """Return a feature (F, ...), normalized or not, as asked."""
        return motion[feature] if self.normalize else motion.unnormalized(feature)


def _split(dataset: Dataset, name: str) -> Split:
    try:
        return dataset[name]
    except KeyError as error:
        raise RecipeError(str(error.args[0])) from None


def file_stem(split: str) -> str:
    """Return the name of a split as files have it: a part, ``train/1``, has no folder of its own."""
    return split.replace("/", "-")


def sample_name(split: Split, motion: StoredMotion) -> str:
    """Return a name for a motion of a split that files may have, ``69_01`` or ``69_01@2``.

    What some system forbids is escaped. A name that would be too long is cut, and some of the key's digest ends it; so
    ends one that some systems take for that of another motion, as where they differ in case alone.
    """
    key = str(motion.row["motion"])
    name = _UNSAFE.sub(_escaped, key)
    cut = name.encode()[:_MOST_BYTES].decode(errors="ignore")
    if cut != name or _alike(tuple(row["motion"] for row in split.rows))[_folded(key)] > 1:
        name = f"{cut}~{hashing.digest(key.encode())[:_DIGITS]}"
    return name + motion.key.removeprefix(key)


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0][:1].encode()) + match[0][1:]


def _folded(key: str) -> str:
    """Return what two keys share if some system takes them for one name."""
    return unicodedata.normalize("NFKC", key).casefold()


@lru_cache(maxsize=8)
def _alike(keys: tuple[str, ...]) -> Counter[str]:
    """Return how many different keys share a name."""
    return Counter(map(_folded, dict.fromkeys(keys)))


def packed(split: Split, dataset: Dataset, features: Sequence[str], most: int) -> list[list[StoredMotion]]:
    """Return the motions of a split in groups of about ``most`` bytes, none of them cut."""
    known = dataset.facts["features"]
    frame = sum(
        max(math.prod(shape) for shape in known[name]["shapes"]) * (1 if known[name]["dtype"] == "uint8" else 4)
        for name in features
        if name in known
    )
    groups: list[list[StoredMotion]] = []
    room = 0
    for motion in split.values():
        if not groups or room <= 0:
            groups.append([])
            room = most
        groups[-1].append(motion)
        room -= motion.frames * frame
    return groups


def body(motion: StoredMotion) -> dict[str, Any]:
    """Return names, parents and places that identify each number, as plain lists.

    Of a skeleton ``joints``, ``nodes`` (the joints, then the End Sites), ``parents`` of the nodes, -1 for the root, and
    their rest ``offsets`` as they are stored; of markers ``markers``.
    """
    found: dict[str, Any] = {}
    if motion.row["skeleton"]:
        skeleton = motion.skeleton
        found = {
            "joints": list(skeleton.joints),
            "nodes": list(skeleton.nodes),
            "parents": list(skeleton.node_parents),
            "offsets": skeleton.node_offsets.tolist(),
        }
    if motion.marker_names:
        found["markers"] = list(motion.marker_names)
    return found


def same_shapes(splits: Mapping[str, Split], features: Mapping[str, Sequence[str]], kind: str) -> None:
    """Raise unless a frame of each of some features, which are given by split, has one shape in all motions.

    Raises
    ------
    ExportError
        If it has not, so that there is no column for each number.
    """
    first: dict[str, StoredMotion] = {}
    for split_name, split in splits.items():
        for motion in split.values():
            for name in features[split_name]:
                one, other = (each.frame_shape(name) for each in (first.setdefault(name, motion), motion))
                if one != other:
                    raise ExportError(
                        f"a frame of {name} has shape {one} in {first[name].key} and {other} in {motion.key}; {kind} "
                        "gives each number a column: keep what all have by a stage select_joints or select_markers, or "
                        "choose features, splits or npz"
                    )


def other_names(splits: Mapping[str, Split]) -> tuple[str, ...]:
    """Return a note if motions call their nodes or markers differently."""
    motions = [motion for split in splits.values() for motion in split.values()]
    kinds = [(motion.structure, motion.marker_names) for motion in motions]
    one_of = dict(zip(reversed(kinds), reversed(motions), strict=True))
    examples: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for kind, count in Counter(kinds).items():
        for what, one, other in zip(("nodes", "markers"), _names(motions[0]), _names(one_of[kind]), strict=True):
            if one != other:
                counts[what] += count
                mine, its = next(pair for pair in zip_longest(one, other, fillvalue="missing") if pair[0] != pair[1])
                examples.setdefault(what, f"{mine} of {motions[0].key} is {its} in {one_of[kind].key}")
    return tuple(
        f"{counts[what]:,} motions call {what} otherwise than the first does: {example}"
        for what, example in examples.items()
    )


def _names(motion: StoredMotion) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return motion.skeleton.nodes if motion.row["skeleton"] else (), motion.marker_names
