"""A motion of a dataset: its features by name, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from motionprep.dataset.files import DatasetFiles
from motionprep.errors import DatasetError
from motionprep.motion.feature_kinds import FEET, KINDS
from motionprep.naming.fields import Choice, Field, choose, named
from motionprep.stages import Stage
from motionprep.stages.features import MASKS, Features
from motionprep.stages.represent import Represent
from motionprep.storage.stats import Stats, kind_of

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.skeleton import Skeleton


class StoredMotion(Mapping[str, Any]):
    """A motion of a dataset: its features by name, each read when it is asked for.

    Parameters
    ----------
    files
        The files of its dataset.
    row
        Its row of the manifest.
    """

    def __init__(self, files: DatasetFiles, row: Mapping[str, Any]) -> None:
        self._files, self.row = files, row

    def __repr__(self) -> str:
        return f"StoredMotion({self.key!r}: {self.frames:,} frames at {self.rate:g} fps; {', '.join(self)})"

    @property
    def key(self) -> str:
        """Its key."""
        return str(self.row["key"])

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return int(self.row["frames"])

    @property
    def rate(self) -> float:
        """Frames a second."""
        return float(self.row["fps"])

    @property
    def label(self) -> str | None:
        """From the index."""
        label: str | None = self.row["label"]
        return label

    @property
    def skeleton(self) -> Skeleton:
        """Its skeleton, whose joints and nodes are those of the arrays.

        Raises
        ------
        DatasetError
            If nothing of it is stored.
        """
        if not self.row["skeleton"]:
            raise DatasetError(f"no skeleton of {self.key} is stored; the dataset holds its markers alone")
        return self._files.skeleton(self.row["skeleton"])

    @property
    def structure(self) -> str | None:
        """What its skeleton has in common with those that differ in lengths alone; None if none is stored."""
        return self._files.structures.get(self.row["skeleton"])

    @property
    def marker_names(self) -> tuple[str, ...]:
        """Its markers, in the order of the arrays; empty if none are stored."""
        return tuple(self.row["marker_names"] or ())

    @property
    def facts(self) -> dict[str, float | str]:
        """What stages have found and done, by name."""
        facts: dict[str, float | str] = msgspec.json.decode(self.row["facts"] or "{}")
        return facts

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What it went through."""
        return self._files.recipe.stages_for(self.row["split"])

    @cached_property
    def _features(self) -> tuple[str, ...]:
        return self._files.stored(self.row["shard"])

    def __getitem__(self, feature: str) -> np.ndarray[Any, Any]:
        """Return a feature (F, ...), float32 (masks are bool), read-only; normalized, once, if the recipe normalizes.

        Raises
        ------
        KeyError
            If it is not stored.
        DatasetError
            If it is damaged, or no statistics of train fit it.
        """
        values = self.stored(feature)
        if self.is_normalized(feature) and not self.is_stored_normalized(feature):
            values = self._stats(feature, values.shape[1:]).normalize(values)
            values.flags.writeable = False
        return values

    def frame_shape(self, feature: str) -> tuple[int, ...]:
        """Return the shape that a frame of a feature is stored in."""
        return self._files.array(self.row["shard"], feature).shape

    def names(self, feature: str) -> tuple[str, ...]:
        """Return what the first axis of a frame counts: nodes, joints or markers; empty if it counts nothing."""
        kind = KINDS.get(feature)
        if kind is None or kind.part in ("root", "body"):
            return ()
        if kind.part == "markers":
            return self.marker_names
        if kind.part == "feet":
            return FEET
        if kind.form in ("point", "vector"):
            return self.skeleton.nodes
        form = self.represented(feature)
        rootless = feature == "rotations" and form is not None and form.root != "with"
        return self.skeleton.joints[rootless:]

    def represented(self, feature: str) -> Represent | None:
        """Return the stage in whose form a feature is stored; None if that is the one of its kind."""
        form = next((stage for stage in self.stages if isinstance(stage, Represent)), None)
        applies = feature == "rotations" or (feature == "root_rotation" and form is not None and form.root == "apart")
        return form if applies else None

    def form(self, feature: str) -> str:
        """Return the form of a feature's numbers, as they are stored: ``"6d_rows"`` of two rows of a matrix."""
        represent, last = self.represented(feature), self.stages[-1]
        if represent is not None:
            return represent.form
        return last.form(feature) if isinstance(last, Features) else KINDS[feature].form

    def choice(self, field: Field) -> Choice:
        """Return which of its numbers a field means; what motions have in different orders, in that of the first.

        Raises
        ------
        ValueError
            If it has not what the field names.
        """
        names = self.names(field.feature)
        if names:
            mine = named(field, names)
            order = _order(self._files, field, mine)
            field = field if order == mine else Field(field.feature, order, field.axes)
        return choose(field, self.frame_shape(field.feature), names)

    def is_normalized(self, feature: str) -> bool:
        """Return whether the recipe hands out a feature normalized."""
        return self._files.recipe.normalizes(feature)

    def is_stored_normalized(self, feature: str) -> bool:
        """Return whether what is stored of a feature is normalized already."""
        return self._files.recipe.stored_normalized and self.is_normalized(feature)

    def stats(self, feature: str) -> Stats:
        """Return the statistics of train for a feature of motions with the joints or markers that this one has.

        Raises
        ------
        DatasetError
            If train has no such motion.
        """
        return self._stats(feature, self.frame_shape(feature))

    def _stats(self, feature: str, shape: tuple[int, ...]) -> Stats:
        there = self._files.stats.get(feature, [])
        if there:
            kind = kind_of(feature, self.skeleton if self.row["skeleton"] else None, self.marker_names)
            for stats in there:
                if stats.fits(kind, shape):
                    return stats
        raise DatasetError(
            f"{feature} of {self.key}: there are no statistics, since no motion of train has {feature} of the same "
            "names and shape; select joints or markers that all have, or put such a motion on train"
        )

    def unnormalized(self, feature: str) -> np.ndarray[Any, Any]:
        """Return a feature as it is without ``normalize``, to rounding; otherwise like ``motion[feature]``."""
        values = self.stored(feature)
        if self.is_stored_normalized(feature):
            values = self._stats(feature, values.shape[1:]).restore(values)
            values.flags.writeable = False
        return values

    def stored(self, feature: str) -> np.ndarray[Any, Any]:
        """Return a feature as it is stored; otherwise like ``motion[feature]``."""
        if feature not in self._features:
            raise KeyError(f"there is no feature {feature!r}; stored are {', '.join(self._features)}")
        values = self._files.array(self.row["shard"], feature).read(self.row["start"], self.row["stop"])
        if feature in MASKS:
            values = values.view(bool)
        values.flags.writeable = False
        return values

    def __iter__(self) -> Iterator[str]:
        """Return the names of the features."""
        return iter(self._features)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self._features)


def _order(files: DatasetFiles, field: Field, mine: tuple[str, ...]) -> tuple[str, ...]:
    """Return the nodes, joints or markers that a field names of a motion, in the order of all motions.

    Where motions have the same ones in different orders, that is the order of the first, whatever its split.
    """
    key = field, frozenset(mine)
    if key not in files.orders:
        files.orders[key] = next((order for order in _orders(files, field) if frozenset(order) == key[1]), mine)
    return files.orders[key]


def _orders(files: DatasetFiles, field: Field) -> Iterator[tuple[str, ...]]:
    """Yield what a field names in the first motion of each kind, of those that have it."""
    for row in files.first_rows:
        motion = StoredMotion(files, row)
        with suppress(ValueError):
            yield named(field, motion.names(field.feature))
