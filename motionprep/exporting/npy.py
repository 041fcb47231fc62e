"""Four plain arrays, as the scripts of many an experiment load them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from motionprep.errors import RecipeError
from motionprep.exporting.base import Export, Report, file_stem, other_names
from motionprep.exporting.stream import check_alike, describe, write_arrays
from motionprep.files.progress import OnProgress

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset
    from motionprep.dataset.windows import Windows
    from motionprep.naming.fields import Field

_READING = """\
import numpy as np

np.load("input_batch.npy", mmap_mode="r")
"""


@dataclass(frozen=True, kw_only=True)
class Npy(Export):
    """``input_batch.npy`` and ``label_batch.npy`` of train, and the same of other splits with ``test_`` before.

    Inputs are float32 (S, T, K), or (S, K) for windows of one frame; labels the same, or int64 (S,) of classes.

    Parameters
    ----------
    inputs, targets
        Fields that are joined into one row a frame; those of the recipe's task if empty.
    length, stride, step
        Of windows, in frames; as in the task, or 1.
    label
        Whether the labels are classes, in place of targets; as in the task if None.
    normalize
        Whether numbers that the recipe normalizes are exported so.
    """

    unit: ClassVar[str] = "windows"

    inputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    length: int | None = None
    stride: int | None = None
    step: int | None = None
    label: bool | None = None
    normalize: bool = True

    def __post_init__(self) -> None:
        if self.targets and self.label:
            raise RecipeError("label_batch.npy holds targets or classes; give `targets` or `label`")

    def write(self, dataset: Dataset, folder: Path, on_progress: OnProgress) -> Report:
        """Write a dataset into an empty folder; errors as in :meth:`Export.write`."""
        splits = self.chosen_splits(dataset)
        options = self._options(dataset)
        windows: dict[str, Windows] = {split_name: split.windows(**options) for split_name, split in splits.items()}
        check_alike(windows)
        files, paths = {}, {}
        names = {"inputs": "input_batch", "targets": "label_batch", "label": "label_batch"}
        for split_name, some in windows.items():
            stem = "" if split_name == "train" else f"{file_stem(split_name)}_"
            paths[split_name] = {name: folder / f"{stem}{names[name]}.npy" for name in some.shapes}
            for name, path in paths[split_name].items():
                shape = some.shapes[name][1:] if some.length == 1 else some.shapes[name]
                files[path.name] = f"{name} of {split_name}, {(len(some), *shape)}"
        write_arrays(windows, paths, on_progress, squeeze=True)
        if options["label"]:
            (folder / "classes.json").write_bytes(msgspec.json.encode(dataset.classes))
            files["classes.json"] = "names of the classes, by number"
        first = next(iter(windows.values()))
        fields: list[Field] = [field for output in first.outputs.values() for field in output.fields]
        return Report(
            files=files,
            features=tuple(dict.fromkeys(field.feature for field in fields)),
            reading=_READING if "train" in windows else _READING.replace("input_batch", next(iter(files))[:-4]),
            details=describe(first),
            columns={name: first.columns(name) for name in first.outputs},
            notes=other_names(splits),
        )

    def _options(self, dataset: Dataset) -> dict[str, Any]:
        """Return what windows are asked for."""
        task = dataset.recipe.task
        inputs = self.inputs or (task.inputs if task else ())
        label = bool(task and task.label and not self.targets) if self.label is None else self.label
        targets = self.targets or (task.targets if task and not self.label else ())
        if not inputs or not (targets or label):
            says = "a task that says not all of what to export" if task else "no task that says what to export"
            raise RecipeError(
                f"{dataset.path}: its recipe has {says}; give `inputs`, such as "
                "positions[*-Hips], and `targets`, such as positions[Hips], or `label`"
            )
        if targets and label:
            raise RecipeError(
                f"{dataset.path}: its task has targets and classes, and label_batch.npy holds one of them; give "
                "`targets` or `label`"
            )
        describe = {name: getattr(self, name) for name in ("length", "stride", "step")}
        if task is None and self.length is None:
            describe["length"] = 1
        return describe | {"inputs": inputs, "targets": targets, "label": label, "normalize": self.normalize}
