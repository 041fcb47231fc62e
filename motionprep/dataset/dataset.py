"""A built dataset: splits, motions, and their arrays, read from the shards when they are asked for."""

from __future__ import annotations

import math
import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from motionprep.errors import DatasetError
from motionprep.motion.feature_kinds import FEET, KINDS
from motionprep.naming.fields import Choice, Field, choose, named
from motionprep.naming.skeleton_tables import strays
from motionprep.recipe import labels
from motionprep.recipe.labels import ClassRow
from motionprep.recipe.recipe import Recipe, recipe_from_json
from motionprep.stages import Stage
from motionprep.stages.features import MASKS, Features
from motionprep.stages.represent import Represent
from motionprep.storage import manifest, shards, store
from motionprep.storage.chunks import MEND
from motionprep.storage.stats import Stats, kind_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import ArrayLike

    from motionprep.dataset.batches import Batches
    from motionprep.dataset.windows import Transform, Windows
    from motionprep.motion.skeleton import Skeleton
    from motionprep.storage.chunks import Chunked


def open_dataset(path: str | os.PathLike[str]) -> Dataset:
    """Open a dataset to read it.

    Parameters
    ----------
    path
        The folder that ``motionprep build`` wrote.

    Raises
    ------
    DatasetError
        If it is no dataset, of a newer format, or anything of it is missing or damaged.
    """
    out = Path(path)
    if not (out / store.DATASET).is_file():
        raise DatasetError(store.missing(out))
    value = store.load(out)
    if value is None:
        raise DatasetError(f"{out / store.DATASET}: is damaged; build again to mend it")
    for word in store.NAMED:
        store.read_named(out, value, word)
    signatures, touched = store.load_signatures(out), False
    for key, size in value["shards"].items():
        try:
            there, signature = shards.measure(out / store.SHARDS, key)
        except FileNotFoundError:
            raise DatasetError(f"{out}: shard {key} is missing; build again to mend it") from None
        if there != size:
            raise DatasetError(f"{out}: shard {key} has {there:,} bytes; expected {size:,}; build again to mend it")
        if key in signatures and signature != signatures[key]:
            shards.check(out / store.SHARDS, key)
            signatures[key], touched = signature, True
    if touched:
        with suppress(OSError):  # of a dataset that may only be read
            store.save_signatures(out, signatures)
    return Dataset(out, value)


class Dataset:
    """A built dataset; made by :func:`open_dataset`."""

    def __init__(self, path: Path, value: Mapping[str, Any]) -> None:
        self.path = path
        #: What ``dataset.json`` says; see docs/format.md.
        self.facts = value
        self._stored: dict[str, tuple[str, ...]] = {}
        self._arrays: dict[tuple[str, str], Chunked] = {}
        self._skeletons: dict[str, Skeleton] = {}
        self._orders: dict[tuple[Field, frozenset[str]], tuple[str, ...]] = {}

    def __repr__(self) -> str:
        sides = ", ".join(
            f"{name}: {side['motions']:,} motions, {side['frames']:,} frames"
            for name, side in self.facts["splits"].items()
        )
        return f"Dataset({os.fspath(self.path)!r}: {sides})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: splits and features."""
        from html import escape

        sides = "".join(
            f"<tr><td>{escape(name)}</td><td>{side['motions']:,}</td><td>{side['subjects']:,}</td>"
            f"<td>{side['frames']:,}</td><td>{side['seconds'] / 3600:.2f}</td></tr>"
            for name, side in self.facts["splits"].items()
        )
        features = "".join(
            f"<tr><td>{escape(name)}</td><td>{feature['dtype']}</td>"
            f"<td>{' or '.join(' x '.join(map(str, shape)) for shape in feature['shapes'])}</td></tr>"
            for name, feature in self.facts["features"].items()
        )
        return (
            f"<b>Dataset</b> {escape(os.fspath(self.path))}<p>{escape(self.recipe.description)}</p>"
            "<table><tr><th>split</th><th>motions</th><th>subjects</th><th>frames</th><th>hours</th></tr>"
            f"{sides}</table>"
            f"<table><tr><th>feature</th><th>type</th><th>numbers a frame</th></tr>{features}</table>"
        )

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return tuple(self.facts["splits"])

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that it was built by."""
        return recipe_from_json(self.facts["recipe"], store.DATASET)

    @cached_property
    def manifest(self) -> pd.DataFrame:
        """A row for every motion, kept, dropped or failed."""
        return manifest.to_pandas(self._table)

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._table.to_pylist()
        return rows

    @cached_property
    def class_table(self) -> tuple[ClassRow, ...]:
        """How much of each split has each label, the commonest first; ``pandas.DataFrame`` takes it as it is."""
        return tuple(labels.table(self._rows, self.splits))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """All labels of motions, and of ranges of frames, that are in a split, sorted."""
        return tuple(sorted({row.label for row in self.class_table if row.label}))

    @cached_property
    def _table(self) -> pa.Table:
        return manifest.decode(store.read_named(self.path, self.facts, "manifest"))

    @cached_property
    def skeletons(self) -> dict[str, Skeleton]:
        """Skeletons by the manifest's ``skeleton``."""
        return {key: self.skeleton(key) for key in self._plain_skeletons}

    def skeleton(self, key: str) -> Skeleton:
        """Return one of the :attr:`skeletons`; a corpus has many, of which a reader may need one."""
        from motionprep.motion.skeleton import Skeleton

        if key not in self._skeletons:
            self._skeletons[key] = Skeleton.from_json(self._plain_skeletons[key])
        return self._skeletons[key]

    @cached_property
    def structures(self) -> dict[str, str]:
        """What skeletons have in common that differ in lengths alone, by the manifest's ``skeleton``."""
        return {
            key: msgspec.json.encode(
                [skeleton["joints"], skeleton["parents"], [site["joint"] for site in skeleton["end_sites"]]]
            ).decode()
            for key, skeleton in self._plain_skeletons.items()
        }

    @cached_property
    def _plain_skeletons(self) -> dict[str, Any]:
        plain: dict[str, Any] = msgspec.json.decode(store.read_named(self.path, self.facts, "skeletons"))
        return plain

    @cached_property
    def stats(self) -> dict[str, list[Stats]]:
        """Statistics of train, by feature: one for each skeleton or list of markers, which its ``names`` tell."""
        values = msgspec.json.decode(store.read_named(self.path, self.facts, "stats"))
        return {feature: [Stats.from_json(part) for part in parts] for feature, parts in values.items()}

    def stored(self, shard: str) -> tuple[str, ...]:
        """Return the names of the features that a shard holds."""
        if shard not in self._stored:
            self._stored[shard] = shards.read_features(self.path / store.SHARDS, shard)
        return self._stored[shard]

    def array(self, shard: str, feature: str) -> Chunked:
        """Return a feature of a shard, to read frames of."""
        if (shard, feature) not in self._arrays:
            array = shards.open_array(self.path / store.SHARDS, shard, feature)
            if list(array.shape) not in self.facts["features"].get(feature, {"shapes": []})["shapes"]:
                raise DatasetError(f"{array.name}/zarr.json is damaged; {MEND}")
            self._arrays[shard, feature] = array
        return self._arrays[shard, feature]

    def order(self, field: Field, mine: tuple[str, ...]) -> tuple[str, ...]:
        """Return the nodes, joints or markers that a field means of a motion in the order of all motions.

        Where motions have the same ones in different orders, that is the order of the first, whatever its split.
        """
        key = field, frozenset(mine)
        if key not in self._orders:
            self._orders[key] = next((order for order in self._ways(field) if frozenset(order) == key[1]), mine)
        return self._orders[key]

    def _ways(self, field: Field) -> Iterator[tuple[str, ...]]:
        """Yield what a field means in the first motion of each kind, of those that have it."""
        for motion in self._first_of_kind:
            with suppress(ValueError):
                yield named(field, motion.names(field.feature))

    @cached_property
    def _first_of_kind(self) -> list[StoredMotion]:
        found: dict[Any, StoredMotion] = {}
        for row in self._rows:
            if row["status"] == "ok":
                motion = StoredMotion(self, row)
                found.setdefault((row["split"], motion.structure, motion.marker_names), motion)
        return list(found.values())

    def __iter__(self) -> Iterator[str]:
        """Return the names of the splits."""
        return iter(self.splits)

    def __contains__(self, split: object) -> bool:
        """Return whether there is a split of a name."""
        return split in self.splits

    def __getitem__(self, split: str) -> Split:
        """Return a split by name, or a part of it, ``train/1``.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        parts = [f"{name}/{part + 1}" for name in self.splits for part in range(len(self._parts(name)))]
        if split not in (*self.splits, *parts):
            raise KeyError(f"there is no split {split!r}; there are {', '.join((*self.splits, *parts))}")
        return Split(self, split)

    def _parts(self, split: str) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = self.facts["splits"][split].get("parts", [])
        return parts


class Split:
    """The motions of one side of a dataset, or of a part of it, in natural order."""

    def __init__(self, dataset: Dataset, name: str) -> None:
        self.dataset, self.name = dataset, name
        #: The side that it is, or is a part of.
        self.side, _, part = name.partition("/")
        #: Their rows of the manifest.
        self.rows = tuple(
            row
            for row in dataset._rows
            if row["split"] == self.side and row["status"] == "ok" and part in ("", str(row["part"]))
        )

    def __repr__(self) -> str:
        return f"Split({self.name!r}: {len(self.rows):,} motions, {len(self):,} frames)"

    def __len__(self) -> int:
        """Return the number of frames."""
        return sum(row["frames"] for row in self.rows)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features that are stored of each motion."""
        stage = self.dataset.recipe.stages_for(self.side)[-1]
        return stage.arrays if isinstance(stage, Features) else ()

    def __contains__(self, feature: object) -> bool:
        """Return whether a feature is stored."""
        return feature in self.features

    def __getitem__(self, feature: str) -> FrameArray:
        """Return a feature over all frames, motion after motion; nothing is read before frames are asked for.

        Raises
        ------
        KeyError
            If it is not stored.
        DatasetError
            If its frames have other shapes in some motions.
        """
        if feature not in self.features:
            raise KeyError(f"there is no feature {feature!r} in {self.name}; there are {', '.join(self.features)}")
        return FrameArray(self, feature)

    def windows(
        self,
        length: int | None = None,
        stride: int | None = None,
        step: int | None = None,
        *,
        features: Sequence[str] | None = None,
        inputs: Sequence[str] | None = None,
        targets: Sequence[str] | None = None,
        normalize: bool | Sequence[str] = True,
        label: bool | None = None,
        transform: Transform | None = None,
        memory: int | None = None,
    ) -> Windows:
        """Return the windows of the motions: so many frames each, never across the end of a motion.

        Parameters
        ----------
        length
            Frames in a window; what the recipe's task says if None.
        stride
            Frames from the beginning of a window to that of the next: 1, unless the task says otherwise.
        step
            Every how many frames one is taken: 1, unless the task says otherwise.
        features
            Fields (``"positions"``, ``"positions[*-Hips]"``, ``"positions[RFoot].xz"``), each an array (length, ...) of
            its own under its text.
        inputs, targets
            Fields that together are one array (length, K) each, ``"inputs"`` and ``"targets"``. If none of the three is
            given: those of the task, or all features.
        normalize
            True: numbers that the recipe's stage ``normalize`` names come normalized. False: none are. Or features to
            normalize, whatever the recipe says. What is stored normalized is brought back where it is not asked for.
        label
            Add ``"label"``, an index into :attr:`Dataset.classes`; only windows that have one label throughout are in.
        transform
            Called with what is handed out, a dict of arrays of one window or of several; returns it changed, as
            :func:`motionprep.augment` does.
        memory
            How many bytes of frames may be held, 1 GiB if None; one shard is held whatever its size.

        Raises
        ------
        DatasetError
            If there is no such field, a number cannot be, a frame has not the same shape in all motions, or there is
            no window.
        """
        from motionprep.dataset.windows import MEMORY, Windows

        return Windows(
            self,
            length,
            stride,
            step,
            features=features,
            inputs=inputs,
            targets=targets,
            normalize=normalize,
            label=label,
            transform=transform,
            memory=MEMORY if memory is None else memory,
        )

    def batches(
        self,
        batch_size: int,
        length: int | None = None,
        stride: int | None = None,
        step: int | None = None,
        *,
        shuffle: bool = True,
        seed: int = 0,
        epoch: int = 0,
        rank: int = 0,
        world_size: int = 1,
        drop_last: bool = False,
        **options: Any,
    ) -> Batches:
        """Return batches of windows: :meth:`windows` and :class:`motionprep.dataset.batches.Batches` in one call."""
        return self.windows(length, stride, step, **options).batches(
            batch_size,
            shuffle=shuffle,
            seed=seed,
            epoch=epoch,
            rank=rank,
            world_size=world_size,
            drop_last=drop_last,
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the motions, in order; a motion that is there with several ranges or copies is named as often."""
        return tuple(row["key"] for row in self.rows)

    def motion(self, key: str, index: int = 0) -> StoredMotion:
        """Return a motion.

        Parameters
        ----------
        key
            ``69_01``.
        index
            Which one, where a motion is there with several ranges of frames or copies.

        Raises
        ------
        KeyError
            If there is none.
        """
        found = [row for row in self.rows if row["key"] == key]
        if not found:
            raise KeyError(f"there is no motion {key!r} in {self.name}; it has {len(self.rows)}, see .keys")
        if not 0 <= index < len(found):
            raise KeyError(f"there is no part {index} of motion {key!r} in {self.name}; it has {len(found)}, from 0")
        return StoredMotion(self.dataset, found[index])

    def __iter__(self) -> Iterator[StoredMotion]:
        """Return the motions one after the other."""
        return map(self.stored, self.rows)

    def stored(self, row: Mapping[str, Any]) -> StoredMotion:
        """Return the motion of a row of the manifest."""
        return StoredMotion(self.dataset, row)


class FrameArray:
    """A feature over all frames of a split, read when frames are asked for; made by ``split["positions"]``.

    Parameters
    ----------
    split, feature
        Of which.

    Raises
    ------
    DatasetError
        If its frames have other shapes in some motions, or the same nodes or markers in another order.
    """

    def __init__(self, split: Split, feature: str) -> None:
        import numpy as np

        self._split, self.feature = split, feature
        orders: dict[tuple[str, ...], str] = {}
        for row in {(row["skeleton"], *(row["marker_names"] or ())): row for row in reversed(split.rows)}.values():
            orders.setdefault(split.stored(row).names(feature), row["key"])
        (first, of_first), *others = orders.items() if orders else [((), "")]
        for names, key in others:
            if len(names) == len(first) and {*names} != {*first} and (pair := strays(names, first)):
                raise DatasetError(
                    f"{split.name}: {feature} of {key} has {pair[0]!r} where {of_first} has {pair[1]!r}; read motion "
                    "by motion, or name those that all have in a field of windows"
                )
        if len({frozenset(names) for names in orders}) < len(orders):
            raise DatasetError(
                f"{split.name}: {feature} are in another order in {' than in '.join(list(orders.values())[:2])}; read "
                "motion by motion, or name them in a field of windows"
            )
        shapes = {split.stored(row).frame_shape(feature): row["key"] for row in reversed(split.rows)}
        if len(shapes) > 1:
            found = ", ".join(f"{shape} in {key}" for shape, key in shapes.items())
            raise DatasetError(f"{split.name}: frames of {feature} have shapes {found}; read motion by motion")
        (frame,) = shapes or ((),)
        #: Frames, then the shape of one.
        self.shape: tuple[int, ...] = (len(split), *frame)
        self.dtype = np.dtype(bool if feature in MASKS else np.float32)
        self._ends = list(accumulate(row["frames"] for row in split.rows))

    def __repr__(self) -> str:
        return f"FrameArray({self.feature!r} of {self._split.name!r}: {self.shape}, {self.dtype})"

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        """Return the number of frames."""
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray[Any, Any]:
        """Return frames as an array: one by number, a slice, or a list of numbers; further axes as in NumPy.

        Raises
        ------
        IndexError
            If there is no such frame.
        """
        import numpy as np

        first, *rest = index if isinstance(index, tuple) else (index,)
        if first is Ellipsis:
            first, rest = slice(None), [Ellipsis, *rest]
        if isinstance(first, slice):
            frames = range(len(self))[first]
            low, high = (min(frames[0], frames[-1]), max(frames[0], frames[-1]) + 1) if frames else (0, 0)
            found = self._read(low, high)
            if frames.step != 1:
                found = found[np.asarray(frames, np.int64) - low]
            return found[(slice(None), *rest)]
        chosen = np.arange(len(self))[first]
        if not np.ndim(chosen):
            one: np.ndarray[Any, Any] = self._read(int(chosen), int(chosen) + 1)[0][tuple(rest)]
            return one
        values = np.empty((chosen.size, *self.shape[1:]), self.dtype)
        order = np.argsort(chosen, axis=None, kind="stable")
        motions = np.searchsorted(self._ends, chosen.ravel()[order], side="right")
        for motion in np.unique(motions).tolist():
            places = order[motions == motion]
            wanted = chosen.ravel()[places]
            low = int(wanted[0])
            values[places] = self._read(low, int(wanted[-1]) + 1)[wanted - low]
        several: np.ndarray[Any, Any] = values[(np.arange(chosen.size).reshape(chosen.shape), *rest)]
        return several

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return all frames.

        Raises
        ------
        ValueError
            If they must not be copied: they are on the disk.
        """
        if copy is False:
            raise ValueError(f"{self.feature} of {self._split.name} cannot be had without a copy: it is on the disk")
        values = self._read(0, len(self))
        return values if dtype is None else values.astype(dtype)

    def _read(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Return frames ``start`` to ``stop``."""
        import numpy as np

        out = np.empty((stop - start, *self.shape[1:]), self.dtype)
        for number in range(bisect_right(self._ends, start), len(self._ends)):
            row = self._split.rows[number]
            begin = self._ends[number] - row["frames"]
            if begin >= stop:
                break
            low, high = max(start, begin), min(stop, self._ends[number])
            part = {**row, "start": row["start"] + low - begin, "stop": row["start"] + high - begin}
            out[low - start : high - start] = self._split.stored(part)[self.feature]
        return out


class StoredMotion(Mapping[str, Any]):
    """A motion of a dataset: its features by name, each read when it is asked for.

    Parameters
    ----------
    dataset
        That it is of.
    row
        Of the manifest.
    """

    def __init__(self, dataset: Dataset, row: Mapping[str, Any]) -> None:
        self._dataset, self.row = dataset, row

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
        return self._dataset.skeleton(self.row["skeleton"])

    @property
    def structure(self) -> str | None:
        """What its skeleton has in common with those that differ in lengths alone; None if none is stored."""
        return self._dataset.structures.get(self.row["skeleton"])

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
        return self._dataset.recipe.stages_for(self.row["split"])

    @cached_property
    def _features(self) -> tuple[str, ...]:
        return self._dataset.stored(self.row["shard"])

    def __getitem__(self, feature: str) -> np.ndarray[Any, Any]:
        """Return a feature (F, ...), float32 (masks are bool), read-only; normalized, once, if the recipe says so.

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
        return self._dataset.array(self.row["shard"], feature).shape

    def names(self, feature: str) -> tuple[str, ...]:
        """Return what the first axis of a frame counts: nodes, joints or markers; empty if it counts nothing."""
        kind = KINDS.get(feature)
        if kind is None or kind.part == "root":
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
        told = feature == "rotations" or (feature == "root_rotation" and form is not None and form.root == "apart")
        return form if told else None

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
            order = self._dataset.order(field, mine)
            field = field if order == mine else Field(field.feature, order, field.axes)
        return choose(field, self.frame_shape(field.feature), names)

    def is_normalized(self, feature: str) -> bool:
        """Return whether the recipe hands out a feature normalized."""
        return self._dataset.recipe.normalizes(feature)

    def is_stored_normalized(self, feature: str) -> bool:
        """Return whether what is stored of a feature is normalized already."""
        return self._dataset.recipe.stored_normalized and self.is_normalized(feature)

    def stats(self, feature: str) -> Stats:
        """Return the statistics of train for a feature of motions with the joints or markers that this one has.

        Raises
        ------
        DatasetError
            If train has no such motion.
        """
        return self._stats(feature, self.frame_shape(feature))

    def _stats(self, feature: str, shape: tuple[int, ...]) -> Stats:
        there = self._dataset.stats.get(feature, [])
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
        values = self._dataset.array(self.row["shard"], feature).read(self.row["start"], self.row["stop"])
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


def invert(
    motion: StoredMotion,
    features: Mapping[str, ArrayLike] | None = None,
    frames: slice = slice(None),
    *,
    normalize: bool = True,
) -> dict[str, np.ndarray[Any, Any]]:
    """Bring a motion of a dataset, or a prediction for it, back into the world of its files.

    Each feature comes back on its own: what is told in a local frame by the recorded frame, whatever a prediction says
    of the root.

    Parameters
    ----------
    motion
        Whose frames these are.
    features
        Arrays (F, ...) by the names and in the shapes that the dataset has, or flat (F, K); of windows that lie end to
        end also (W, T, ...). What it stores of the motion if None.
    frames
        Which of the motion's frames these are, such as ``slice(10, 18)``.
    normalize
        Whether features that the recipe normalizes are handed in so, as windows hand them out.

    Returns
    -------
    dict
        The same features, float64, in the files' units and axes; markers in those of the C3D file. Rotations that the
        recipe stores in another form are matrices again.

    Raises
    ------
    ValueError
        If a feature cannot be brought back, has another shape or another number of frames, or is no numbers that
        float32 can hold; or if a rotation has no direction, as zeros have none.
    DatasetError
        If nothing of the motion's skeleton is stored, of whose joints a feature is.
    """
    from motionprep.dataset import inversion
    from motionprep.dataset.predicted import check_turns
    from motionprep.motion import rotations

    plain = msgspec.json.decode(motion.row["steps"] or "[]")
    steps = inversion.steps_from_json(
        plain, {name: motion[name][frames] for name in motion if name.startswith("frame_")}
    )
    if features is None:
        given = {name: motion.unnormalized(name)[frames] for name in motion if name in inversion.INVERTIBLE}
        leads = {name: array.shape[:1] for name, array in given.items()}
    else:
        given, leads = {}, {}
        for name, values in features.items():
            given[name], leads[name] = _handed_in(motion, name, values, normalize=normalize)
    nodes = motion.skeleton.nodes if motion.row["skeleton"] else ()
    for name in given:
        if form := motion.represented(name):
            rows = given[name].reshape(len(given[name]), *_frame(motion, name))
            names = motion.names(name)
            try:
                check_turns(rows if names else rows[:, None], form.rotations, names)
            except ValueError as error:
                raise ValueError(f"{motion.key}: {name}: {error}") from None
            given[name] = rotations.matrices_back(rows, form.rotations, form.order)
    form = motion.represented("rotations")
    without_root = ("rotations",) if form is not None and form.root != "with" else ()
    try:
        back = inversion.invert(given, steps, nodes=nodes, markers=motion.marker_names, without_root=without_root)
    except ValueError as error:
        raise ValueError(f"{motion.key}: {error}") from None
    return {name: array.reshape(*leads[name], *array.shape[1:]) for name, array in back.items()}


def _frame(motion: StoredMotion, feature: str) -> tuple[int, ...]:
    """Return the shape of a feature's frames, names apart, also if it is stored flat or not at all."""
    from motionprep.motion.rotations import FORMS

    form, kind = motion.represented(feature), KINDS[feature]
    one = FORMS[form.rotations] if form is not None else kind.shape
    return one if kind.part == "root" else (len(motion.names(feature)), *one)


def _handed_in(
    motion: StoredMotion, name: str, values: ArrayLike, *, normalize: bool
) -> tuple[np.ndarray[Any, Any], tuple[int, ...]]:
    """Return a feature that was handed in as frames (F, ...), not normalized, and the axes that these had.

    Raises
    ------
    ValueError
        If it has another shape, or is no numbers that float32 can hold.
    """
    import numpy as np

    from motionprep.dataset import inversion
    from motionprep.dataset.predicted import to_floats

    array = np.asarray(values)
    if name not in inversion.INVERTIBLE:
        return array, array.shape[:1]
    frame = _frame(motion, name)
    shapes = [*dict.fromkeys((frame, (math.prod(frame),)))]
    tails = [tail for tail in shapes if array.ndim - len(tail) in (1, 2) and array.shape[-len(tail) :] == tail]
    if not tails:
        asked = " or ".join(f"({', '.join(('frames', *map(str, tail)))})" for tail in shapes)
        raise ValueError(f"{motion.key}: {name} have shape {array.shape}; expected {asked}")
    lead = array.shape[: -len(tails[0])]
    rows = array.reshape(math.prod(lead), *tails[0])
    if name in MASKS and rows.dtype == bool:
        return rows, lead
    try:
        rows = to_floats(rows)
        if normalize and name in motion and motion.is_normalized(name):
            stats = motion.stats(name)
            rows = stats.restore(rows.reshape(len(rows), *stats.mean.shape)).reshape(rows.shape)
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{motion.key}: {name}: {error}") from None
    return rows, lead
