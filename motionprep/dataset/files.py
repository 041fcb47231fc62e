"""The files of a dataset, read when they are asked for: tables, skeletons, statistics and arrays of shards."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from motionprep.errors import DatasetError
from motionprep.naming.fields import Field
from motionprep.quality.finding import Finding
from motionprep.recipe import labels
from motionprep.recipe.labels import ClassRow
from motionprep.recipe.recipe import Recipe, recipe_of_dataset
from motionprep.storage import manifest, shard_reader, store
from motionprep.storage.chunks import MEND
from motionprep.storage.stats import Stats

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from motionprep.motion.skeleton import Skeleton
    from motionprep.storage.chunks import Chunked


class DatasetFiles:
    """What lies in the folder of a dataset, each file and array read once.

    Parameters
    ----------
    path
        The folder.
    facts
        The contents of ``dataset.json``; see docs/format.md.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self.path, self.facts = path, facts
        self._stored: dict[str, tuple[str, ...]] = {}
        self._arrays: dict[tuple[str, str], Chunked] = {}
        self._skeletons: dict[str, Skeleton] = {}
        #: The order in which motions have what a field names; see ``StoredMotion.choice``.
        self.orders: dict[tuple[Field, frozenset[str]], tuple[str, ...]] = {}

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return tuple(self.facts["splits"])

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that it was built by."""
        return recipe_of_dataset(self.facts, store.DATASET)

    @cached_property
    def manifest(self) -> pd.DataFrame:
        """A row for every motion, kept, dropped or failed."""
        return manifest.to_pandas(self._table)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the manifest."""
        return manifest.to_rows(self._table, self.facts["motionprep"])

    @cached_property
    def class_table(self) -> tuple[ClassRow, ...]:
        """How much of each split has each label, the commonest first; ``pandas.DataFrame`` takes it as it is."""
        return tuple(labels.table(self.rows, self.splits))

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
        """Statistics of train, by feature: one for each skeleton or list of markers, which its ``names`` list."""
        values = msgspec.json.decode(store.read_named(self.path, self.facts, "stats"))
        return {feature: [Stats.from_json(part) for part in parts] for feature, parts in values.items()}

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks found in the sources; empty if they were not checked."""
        if "findings" not in self.facts:
            return ()
        found = msgspec.json.decode(store.read_named(self.path, self.facts, "findings"))
        return msgspec.convert(found["findings"], tuple[Finding, ...])

    def stored(self, shard: str) -> tuple[str, ...]:
        """Return the names of the features that a shard holds."""
        if shard not in self._stored:
            self._stored[shard] = shard_reader.read_features(self.path / store.SHARDS, shard)
        return self._stored[shard]

    def array(self, shard: str, feature: str) -> Chunked:
        """Return a feature of a shard, to read frames of."""
        if (shard, feature) not in self._arrays:
            array = shard_reader.open_array(self.path / store.SHARDS, shard, feature)
            if list(array.shape) not in self.facts["features"].get(feature, {"shapes": []})["shapes"]:
                raise DatasetError(f"{array.name}/zarr.json is damaged; {MEND}")
            self._arrays[shard, feature] = array
        return self._arrays[shard, feature]

    @cached_property
    def first_rows(self) -> list[dict[str, Any]]:
        """The first row of each split, skeleton structure and list of markers."""
        found: dict[Any, dict[str, Any]] = {}
        for row in self.rows:
            if row["status"] == "ok":
                kind = row["split"], self.structures.get(row["skeleton"]), *(row["marker_names"] or ())
                found.setdefault(kind, row)
        return list(found.values())
