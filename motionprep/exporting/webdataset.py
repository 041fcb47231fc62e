"""Tar files of samples, a motion each, as WebDataset streams them."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from motionprep.errors import RecipeError
from motionprep.exporting.base import ByMotion, Report, body, file_stem, packed, sample_name
from motionprep.files.progress import OnProgress
from motionprep.recipe import labels

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset
    from motionprep.dataset.motion import StoredMotion
    from motionprep.dataset.split import Split

_READING = """\
import webdataset

samples = webdataset.WebDataset("{first}", shardshuffle=False).decode()
for sample in samples:
    sample["__key__"], sample["json"]["rate"], sample["{feature}.npy"]
"""


@dataclass(frozen=True, kw_only=True)
class WebDataset(ByMotion):
    """Shards ``train-000000.tar`` whose samples are motions in order; the same bytes for the same dataset.

    Parameters
    ----------
    file_bytes
        About how large a shard is; motions are not cut.
    """

    file_bytes: int = 256 << 20

    def __post_init__(self) -> None:
        if self.file_bytes < 1:
            raise RecipeError(f"file_bytes is {self.file_bytes}; expected a number above 0")

    def write(self, dataset: Dataset, folder: Path, on_progress: OnProgress) -> Report:
        """Write a dataset into an empty folder; errors as in :meth:`Export.write`."""
        splits = self.chosen_splits(dataset)
        total, done = sum(len(split) for split in splits.values()), 0
        features: dict[str, None] = {}
        files = {}
        for name, split in splits.items():
            stem = file_stem(name)
            chosen = self.chosen(next(iter(split.values())))
            features.update(dict.fromkeys(chosen))
            groups = packed(split, dataset, chosen, self.file_bytes)
            for number, group in enumerate(groups):
                with tarfile.open(folder / f"{stem}-{number:06d}.tar", "w") as tar:
                    for motion in group:
                        self._add(tar, split, motion)
                        done += 1
                        on_progress(done, total)
            files[f"{stem}-{{000000..{len(groups) - 1:06d}}}.tar"] = f"{len(split):,} motions in order"
        return Report(
            files=files,
            features=tuple(features),
            reading=_READING.format(first=next(iter(files)), feature=next(iter(features))),
            details=(
                "A sample is a motion: `<key>.<feature>.npy` with frames first, and `<key>.json` with key, "
                "split, subject, label, labels (first frame, end and name of each), rate, frames and the names of "
                "joints, nodes and markers"
            ),
        )

    def _add(self, tar: tarfile.TarFile, split: Split, motion: StoredMotion) -> None:
        name = sample_name(split, motion)
        facts: dict[str, Any] = {
            "key": motion.key,
            "split": split.name,
            "subject": motion.row["subject"],
            "label": motion.label,
            "labels": labels.of_row(motion.row),
            "rate": motion.rate,
            "frames": motion.frames,
            **body(motion),
        }
        _put(tar, f"{name}.json", msgspec.json.encode(facts))
        for feature in self.chosen(motion):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, self.read(motion, feature), allow_pickle=False)
            _put(tar, f"{name}.{feature}.npy", buffer.getvalue())


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    # A new TarInfo has no owner and no time, so that the same motions give the same bytes.
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
