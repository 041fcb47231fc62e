"""From raw motion capture to training-ready Zarr shards.

>>> import motionprep
>>> motionprep.build("DATA", "OUT", split="90/10", downsample={"train": 8})      # doctest: +SKIP
>>> motionprep.open("OUT")["train"]["69_01"]["positions"]   # doctest: +SKIP

The pipeline is a straight line, each part a folder of the package:

    raw files -> sources -> formats -> stages -> building -> storage -> dataset -> trainer
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motionprep.building.build import build
    from motionprep.building.preview import plan
    from motionprep.dataset.augmentation import augment
    from motionprep.dataset.dataset import Dataset
    from motionprep.dataset.dataset import open_dataset as open
    from motionprep.dataset.invert import invert
    from motionprep.dataset.split import Split
    from motionprep.errors import (
        BuildError,
        DatasetError,
        ExportError,
        MotionPrepError,
        MotionPrepWarning,
        PredictionError,
        ReadError,
        RecipeError,
        SourceError,
    )
    from motionprep.exporting import export
    from motionprep.formats.bvh import read_bvh, write_bvh
    from motionprep.formats.c3d import read_c3d
    from motionprep.maths.smoothing import smooth
    from motionprep.motion.markers import Markers
    from motionprep.motion.motion import Motion
    from motionprep.motion.skeleton import Skeleton
    from motionprep.motion.take import Take
    from motionprep.quality.checking import check
    from motionprep.recipe.recipe import Recipe, load_recipe
    from motionprep.reporting.report import report
    from motionprep.reporting.view import view
    from motionprep.sample import write_sample
    from motionprep.scoring import load_predictions, score
    from motionprep.storage.verify import verify

    __version__: str

#: The module of each public name, and its name there if it is another.
_WHERE = {
    "BuildError": "errors",
    "Dataset": "dataset.dataset",
    "DatasetError": "errors",
    "ExportError": "errors",
    "Markers": "motion.markers",
    "Motion": "motion.motion",
    "MotionPrepError": "errors",
    "MotionPrepWarning": "errors",
    "PredictionError": "errors",
    "ReadError": "errors",
    "Recipe": "recipe.recipe",
    "RecipeError": "errors",
    "Skeleton": "motion.skeleton",
    "SourceError": "errors",
    "Split": "dataset.split",
    "Take": "motion.take",
    "augment": "dataset.augmentation",
    "build": "building.build",
    "check": "quality.checking",
    "export": "exporting",
    "invert": "dataset.invert",
    "load_predictions": "scoring",
    "load_recipe": "recipe.recipe",
    "open": "dataset.dataset:open_dataset",
    "plan": "building.preview",
    "read_bvh": "formats.bvh",
    "read_c3d": "formats.c3d",
    "report": "reporting.report",
    "score": "scoring",
    "smooth": "maths.smoothing",
    "verify": "storage.verify",
    "view": "reporting.view",
    "write_bvh": "formats.bvh",
    "write_sample": "sample",
}

__all__ = [
    "BuildError",
    "Dataset",
    "DatasetError",
    "ExportError",
    "Markers",
    "Motion",
    "MotionPrepError",
    "MotionPrepWarning",
    "PredictionError",
    "ReadError",
    "Recipe",
    "RecipeError",
    "Skeleton",
    "SourceError",
    "Split",
    "Take",
    "__version__",
    "augment",
    "build",
    "check",
    "export",
    "invert",
    "load_predictions",
    "load_recipe",
    "open",
    "plan",
    "read_bvh",
    "read_c3d",
    "report",
    "score",
    "smooth",
    "verify",
    "view",
    "write_bvh",
    "write_sample",
]


def __getattr__(name: str) -> Any:
    # Names are found when they are first used: a run with nothing to do imports neither NumPy nor Numba.
    if name == "__version__":
        from importlib.metadata import version

        return version("motionprep")
    if name not in _WHERE:
        raise AttributeError(f"module 'motionprep' has no attribute {name!r}")
    module, _, inner = _WHERE[name].partition(":")
    value = getattr(import_module(f"motionprep.{module}"), inner or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
