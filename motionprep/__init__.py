"""From raw motion capture to training-ready Zarr shards.

>>> import motionprep
>>> motionprep.build("DATA", "OUT", recipe="cmu-exp5")      # doctest: +SKIP
>>> motionprep.open("OUT")["train"]["69_01"]["positions"]   # doctest: +SKIP

The pipeline is a straight line:

    raw files -> sources -> read -> stages -> shards -> manifest -> dataset -> trainer

``sources`` finds files and gives them keys, ``formats`` reads them, ``stages`` change them, ``layout`` says which
motions share a shard, ``shards`` and ``manifest`` write, ``builder`` leads through all of it, and ``dataset`` reads
what was built.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motionprep.building.build import build
    from motionprep.dataset.augmentation import augment
    from motionprep.dataset.dataset import Dataset
    from motionprep.dataset.dataset import open_dataset as open
    from motionprep.dataset.invert import invert
    from motionprep.errors import BuildError, DatasetError, MotionPrepError, ReadError, RecipeError, SourceError
    from motionprep.formats.bvh import read_bvh, write_bvh
    from motionprep.formats.c3d import read_c3d
    from motionprep.motion.motion import Motion
    from motionprep.motion.skeleton import Skeleton
    from motionprep.recipe.recipe import Recipe, load_recipe
    from motionprep.sample import write_sample
    from motionprep.storage.verify import verify

_WHERE = {
    "BuildError": "errors",
    "Dataset": "dataset.dataset",
    "DatasetError": "errors",
    "Motion": "motion.motion",
    "MotionPrepError": "errors",
    "ReadError": "errors",
    "Recipe": "recipe.recipe",
    "RecipeError": "errors",
    "Skeleton": "motion.skeleton",
    "SourceError": "errors",
    "augment": "dataset.augmentation",
    "build": "building.build",
    "invert": "dataset.invert",
    "load_recipe": "recipe.recipe",
    "open": "dataset.dataset",
    "read_bvh": "formats.bvh",
    "read_c3d": "formats.c3d",
    "verify": "storage.verify",
    "write_bvh": "formats.bvh",
    "write_sample": "sample",
}

__all__ = [
    "BuildError",
    "Dataset",
    "DatasetError",
    "Motion",
    "MotionPrepError",
    "ReadError",
    "Recipe",
    "RecipeError",
    "Skeleton",
    "SourceError",
    "augment",
    "build",
    "invert",
    "load_recipe",
    "open",
    "read_bvh",
    "read_c3d",
    "verify",
    "write_bvh",
    "write_sample",
]


def __getattr__(name: str) -> Any:
    # Names are found when they are first used: a run with nothing to do imports neither NumPy nor Numba.
    if name not in _WHERE:
        raise AttributeError(f"module 'motionprep' has no attribute {name!r}")
    module = import_module(f"motionprep.{_WHERE[name]}")
    value = getattr(module, "open_dataset" if name == "open" else name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
