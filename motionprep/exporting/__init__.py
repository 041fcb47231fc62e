"""A built dataset in the form that an experiment asks for: one file a kind.

Nothing of a kind is imported before it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motionprep.errors import ExportError, RecipeError
from motionprep.exporting.base import Export, Report
from motionprep.files.progress import OnProgress, silent
from motionprep.naming.nearest import did_you_mean

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset

#: The class of each kind, in the file of its name, and what it writes.
KINDS: Mapping[str, tuple[str, str]] = {
    "npy": ("Npy", "input_batch.npy and label_batch.npy, of any size"),
    "clips": ("Clips", "an array (S, T, J, 3) a split, to be mapped into memory"),
    "npz": ("Npz", "a NumPy archive a motion"),
    "parquet": ("Parquet", "a row a frame, for polars, pandas and Hugging Face datasets"),
    "webdataset": ("WebDataset", "tar shards whose samples are motions"),
    "bvh": ("Bvh", "an animation a motion, of what is stored or of a prediction"),
    "amass": ("Amass", "a file a motion as AMASS has them, of the feature smpl"),
    "rrd": ("Rrd", "a recording a motion for the viewer Rerun"),
}


def kind(name: str) -> type[Export]:
    """Return a kind of export.

    Raises
    ------
    RecipeError
        If there is none of that name.
    """
    if name not in KINDS:
        raise RecipeError(f"there is no export {name!r}{did_you_mean(name, KINDS)}")
    found: type[Export] = getattr(import_module(f"motionprep.exporting.{name}"), KINDS[name][0])
    return found


def make(name: str, **settings: Any) -> Export:
    """Return an export with its settings.

    Raises
    ------
    RecipeError
        If there is none of that name, it has no such setting, or a setting is wrong.
    """
    made = kind(name)
    known = [field.name for field in fields(made)]
    for setting in settings:
        if setting not in known:
            raise RecipeError(f"export {name} has no setting {setting!r}{did_you_mean(setting, known)}")
    return made(**settings)


def export(
    name: str,
    out: str | os.PathLike[str] | Dataset,
    dest: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    on_progress: OnProgress = silent,
    **settings: Any,
) -> Report:
    """Export a dataset.

    The export is written beside its place and takes it when it is whole, with a ``README.md`` that explains where its
    numbers come from and an ``export.json`` that lists its files.

    Parameters
    ----------
    name
        One of :data:`KINDS`.
    out
        A dataset, or its folder.
    dest
        A new or empty folder.
    overwrite
        Whether an export that is there already is replaced, if nothing else was put into its folder. It stays until
        the new one is whole.
    on_progress
        Called with how much is done, of how much.
    **settings
        Of the kind.

    Returns
    -------
    Report
        What was written.

    Raises
    ------
    RecipeError
        If a setting asks for what is not there.
    ExportError
        If ``dest`` may not be taken, the dataset does not fit into the kind, or the disk is full.
    DatasetError
        If there is no dataset, or it is damaged.
    """
    from motionprep.dataset.dataset import Dataset, open_dataset
    from motionprep.exporting.aside import aside
    from motionprep.exporting.readme import write_readme

    made = make(name, **settings)
    dataset = out if isinstance(out, Dataset) else open_dataset(out)
    if Path(os.path.realpath(dest)).is_relative_to(os.path.realpath(dataset.path)):
        raise ExportError(f"{os.fspath(dest)}: is in the dataset; choose a folder outside of {dataset.path}")
    for taken in filter(None, (dataset.path, settings.get("prediction"))):
        if Path(os.path.realpath(taken)).is_relative_to(os.path.realpath(dest)):
            raise ExportError(f"{os.fspath(dest)}: has {os.fspath(taken)}, which is read; choose another folder")
    with aside(dest, overwrite=overwrite) as folder:
        report = made.write(dataset, folder, on_progress)
        write_readme(name, dataset, folder, report, _given(made))
    return report


def _given(export: Export) -> dict[str, object]:
    """Return the settings that are not as they are by default."""
    found = {}
    for field in fields(export):
        value = getattr(export, field.name)
        default = field.default if field.default is not MISSING else None
        if value != default:
            found[field.name] = value
    return found
