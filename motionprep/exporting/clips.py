"""One array of clips a split, with their classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec

from motionprep.exporting.base import Export, Report, file_stem, other_names
from motionprep.exporting.stream import check_alike, describe, write_arrays
from motionprep.files.progress import OnProgress

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset
    from motionprep.dataset.windows import Windows

_READING = """\
import numpy as np

clips = np.load("{first}", mmap_mode="r")  # {shape}
"""


@dataclass(frozen=True, kw_only=True)
class Clips(Export):
    """``train.npy``, (S, T, J, 3) for S clips of T frames of positions, to be mapped into memory.

    Parameters
    ----------
    feature
        A field, ``positions`` or ``positions[*-Hips]``.
    length, stride, step
        Of clips, in frames; as in the recipe's task. Where motions are stored as clips, their length if neither does.
    label
        Whether ``train_labels.npy``, int64 (S,), is written beside; as in the task if None.
    normalize
        Whether numbers that the recipe normalizes are exported so.
    """

    unit: ClassVar[str] = "clips"

    feature: str = "positions"
    length: int | None = None
    stride: int | None = None
    step: int | None = None
    label: bool | None = None
    normalize: bool = True

    def write(self, dataset: Dataset, folder: Path, on_progress: OnProgress) -> Report:
        """Write a dataset into an empty folder; errors as in :meth:`Export.write`."""
        splits = self.chosen_splits(dataset)
        length = self.length
        if length is None and dataset.recipe.task is None:
            stored = {row.get("clip") for split in splits.values() for row in split.rows}
            length = stored.pop() if len(stored) == 1 else None
        windows: dict[str, Windows] = {
            split_name: split.windows(
                length, self.stride, self.step, features=[self.feature], normalize=self.normalize, label=self.label
            )
            for split_name, split in splits.items()
        }
        check_alike(windows)
        files: dict[str, str] = {}
        paths: dict[str, dict[str, Path]] = {}
        for split_name, some in windows.items():
            (name,) = some.outputs
            paths[split_name] = {name: folder / f"{file_stem(split_name)}.npy"}
            if some.label:
                paths[split_name]["label"] = folder / f"{file_stem(split_name)}_labels.npy"
            files |= {
                path.name: f"{what} of {split_name}, {(len(some), *some.shapes[what])}"
                for what, path in paths[split_name].items()
            }
        write_arrays(windows, paths, on_progress)
        first = next(iter(windows.values()))
        if first.label:
            (folder / "classes.json").write_bytes(msgspec.json.encode(dataset.classes))
            files["classes.json"] = "names of the classes, by number"
        (name,) = first.outputs
        return Report(
            files=files,
            features=(first.outputs[name].fields[0].feature,),
            reading=_READING.format(first=next(iter(files)), shape=(len(first), *first.shapes[name])),
            details=describe(first),
            columns={"a frame": first.columns(name)},
            notes=other_names(splits),
        )
