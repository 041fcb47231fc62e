"""A built dataset: its splits by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motionprep.dataset.files import DatasetFiles
from motionprep.dataset.split import Split
from motionprep.errors import DatasetError
from motionprep.recipe.labels import ClassRow
from motionprep.recipe.recipe import Recipe
from motionprep.storage import shard_files, shard_reader, store
from motionprep.storage.stats import Stats

if TYPE_CHECKING:
    import pandas as pd

    from motionprep.motion.skeleton import Skeleton
    from motionprep.quality.finding import Finding


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
    for word in store.named_in(value):
        store.read_named(out, value, word)
    signatures, touched = store.load_signatures(out), False
    for key, size in value["shards"].items():
        try:
            there, signature = shard_files.measure(out / store.SHARDS, key)
        except FileNotFoundError:
            raise DatasetError(f"{out}: shard {key} is missing; build again to mend it") from None
        if there != size:
            raise DatasetError(f"{out}: shard {key} has {there:,} bytes; expected {size:,}; build again to mend it")
        if key in signatures and signature != signatures[key]:
            shard_reader.check(out / store.SHARDS, key)
            signatures[key], touched = signature, True
    if touched:
        with suppress(OSError):  # of a dataset that may only be read
            store.save_signatures(out, signatures)
    return Dataset(DatasetFiles(out, value))


class Dataset(Mapping[str, Split]):
    """A built dataset: its splits by name; made by :func:`open_dataset`.

    ``dataset["train"]`` is a split and ``dataset["train/1"]`` a part of one, where it was built in parts.
    """

    def __init__(self, files: DatasetFiles) -> None:
        self.files = files

    @property
    def path(self) -> Path:
        """The folder that it is in."""
        return self.files.path

    @property
    def facts(self) -> Mapping[str, Any]:
        """The contents of ``dataset.json``; see docs/format.md."""
        return self.files.facts

    @property
    def recipe(self) -> Recipe:
        """The recipe that it was built by."""
        return self.files.recipe

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return self.files.splits

    @property
    def manifest(self) -> pd.DataFrame:
        """A row for every motion, kept, dropped or failed."""
        return self.files.manifest

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks found in the sources, by motion; empty if it was built without ``check``."""
        return self.files.findings

    @property
    def classes(self) -> tuple[str, ...]:
        """All labels of motions, and of ranges of frames, that are in a split, sorted."""
        return self.files.classes

    @property
    def class_table(self) -> tuple[ClassRow, ...]:
        """How much of each split has each label, the commonest first; ``pandas.DataFrame`` takes it as it is."""
        return self.files.class_table

    @property
    def skeletons(self) -> Mapping[str, Skeleton]:
        """Skeletons by the manifest's ``skeleton``."""
        return self.files.skeletons

    @property
    def stats(self) -> Mapping[str, list[Stats]]:
        """Statistics of train, by feature: one for each skeleton or list of markers, which its ``names`` list."""
        return self.files.stats

    def __len__(self) -> int:
        """Return the number of splits."""
        return len(self.splits)

    def __iter__(self) -> Iterator[str]:
        """Return the names of the splits."""
        return iter(self.splits)

    def __getitem__(self, split: str) -> Split:
        """Return a split by name, or a part of it, ``train/1``.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        parts = [
            f"{name}/{number}"
            for name, split_facts in self.facts["splits"].items()
            for number, _ in enumerate(split_facts.get("parts", []), start=1)
        ]
        if split not in (known := (*self.splits, *parts)):
            raise KeyError(f"there is no split {split!r}; there are {', '.join(known)}")
        return Split(self.files, split)

    def __repr__(self) -> str:
        splits = ", ".join(
            f"{name}: {split['motions']:,} motions, {split['frames']:,} frames"
            for name, split in self.facts["splits"].items()
        )
        return f"Dataset({os.fspath(self.path)!r}: {splits})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: splits and features."""
        from html import escape

        splits = "".join(
            f"<tr><td>{escape(name)}</td><td>{split['motions']:,}</td><td>{split['subjects']:,}</td>"
            f"<td>{split['frames']:,}</td><td>{split['seconds'] / 3600:.2f}</td></tr>"
            for name, split in self.facts["splits"].items()
        )
        features = "".join(
            f"<tr><td>{escape(name)}</td><td>{feature['dtype']}</td>"
            f"<td>{' or '.join(' x '.join(map(str, shape)) for shape in feature['shapes'])}</td></tr>"
            for name, feature in self.facts["features"].items()
        )
        return (
            f"<b>Dataset</b> {escape(os.fspath(self.path))}<p>{escape(self.recipe.description)}</p>"
            "<table><tr><th>split</th><th>motions</th><th>subjects</th><th>frames</th><th>hours</th></tr>"
            f"{splits}</table>"
            f"<table><tr><th>feature</th><th>type</th><th>numbers a frame</th></tr>{features}</table>"
        )
