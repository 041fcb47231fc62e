"""A split as an xarray dataset: named axes, names of joints and markers, seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motionprep.dataset.frame_array import FrameArray
from motionprep.dataset.motions import Motions
from motionprep.motion.feature_kinds import KINDS, dimensions

if TYPE_CHECKING:
    import xarray


def as_xarray(motions: Motions) -> xarray.Dataset:
    """Return all frames of a split; see ``Split.to_xarray``.

    Raises
    ------
    ImportError
        If xarray is not installed.
    DatasetError
        If frames of a feature have other shapes in some motions.
    """
    try:
        import xarray
    except ImportError as error:
        raise ImportError("a split as an xarray dataset needs xarray: pip install xarray") from error
    arrays = {feature: FrameArray(motions, feature) for feature in motions.features}
    names = dimensions({feature: array.shape[1:] for feature, array in arrays.items()})
    counts = [row["frames"] for row in motions.rows]
    seconds = [np.arange(row["frames"]) / row["fps"] for row in motions.rows]
    coordinates = {
        "key": ("frame", np.repeat([row["key"] for row in motions.rows], counts)),
        "seconds": ("frame", np.concatenate(seconds) if seconds else np.empty(0)),
    }
    for feature, axes in names.items():
        if motions.rows and len(axes) > 1 and axes[1] not in coordinates and feature in KINDS:
            of_axis = motions.stored(motions.rows[0]).names(feature)
            if len(of_axis) == arrays[feature].shape[1]:
                coordinates[axes[1]] = (axes[1], np.array(of_axis))
    variables = {feature: (names[feature], np.asarray(array)) for feature, array in arrays.items()}
    return xarray.Dataset(variables, coordinates)
