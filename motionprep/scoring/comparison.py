"""What predictions of one field of one motion are compared by, and with what."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from motionprep.errors import PredictionError
from motionprep.motion import rotations
from motionprep.motion.arrays import Floats
from motionprep.motion.feature_kinds import KINDS, TURNS
from motionprep.naming import fields
from motionprep.scoring import metrics
from motionprep.stages.scale import Scale

if TYPE_CHECKING:
    from motionprep.dataset.motion import StoredMotion
    from motionprep.storage.stats import Stats

#: Features that are points, and the part of a take whose unit they are in.
_POINTS = {
    name: "markers" if kind.modality == "markers" else "joints" for name, kind in KINDS.items() if kind.form == "point"
}
_MM = {"m": 1000.0, "cm": 10.0, "mm": 1.0}
#: Fewer points than these can be laid on each other whatever they are.
_LEAST_ALIGNED = 3
_BETWEEN_BRACKETS = re.compile(r"\[(.*)\]")


@dataclass(frozen=True, eq=False)
class Comparison:
    """How predictions of a field are compared with what a motion holds.

    Parameters
    ----------
    names
        Of the P joints, markers or numbers that are distinguished.
    shape
        Of a frame of the field, as the windows have it.
    target
        (F, P, D) points, (F, P, 3, 3) rotations or (F, P) numbers, as stored.
    kind
        ``"points"``, ``"rotations"`` or ``"numbers"``.
    visible
        (F, P), where a point counts; None if all do.
    stats
        What predictions are normalized by; None if they are not.
    rotation
        Form and order of Euler angles, if they are rotations.
    rate
        Of a prediction's frames, a second.
    threshold
        Of PCK, in the stored unit.
    mm
        That a stored unit has; None if it is not known.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]
    target: Floats
    kind: str
    visible: NDArray[np.bool_] | None
    stats: Stats | None
    rotation: tuple[str, str]
    rate: float
    threshold: float
    mm: float | None

    @property
    def width(self) -> int:
        """How many numbers of a prediction are this field's in a frame."""
        return math.prod(self.shape)

    @property
    def main(self) -> str:
        """The metric that is reported frame by frame."""
        return {"points": "ed", "rotations": "angle_degrees", "numbers": "absolute_error"}[self.kind]

    def measure(self, predicted: Floats, frames: NDArray[np.int64]) -> dict[str, Floats]:
        """Return metrics by name, each (S, T or less, P), NaN where masked.

        Parameters
        ----------
        predicted
            (S, T, width), as the windows hand out the target.
        frames
            (S, T), which of the motion's frames these are.
        """
        if self.stats is not None:
            try:
                restored = self.stats.restore(predicted.reshape(*frames.shape, *self.shape))
            except OverflowError as error:
                raise PredictionError(f"predictions: {error}") from None
            predicted = restored.astype(np.float64)
        target = self.target[frames]
        if self.kind == "points":
            return self._measure_points(predicted.reshape(target.shape), target, frames)
        if self.kind == "rotations":
            turns = _matrices(predicted.reshape(*frames.shape, self.width), self.rotation, len(self.names))
            return {"angle_degrees": np.rad2deg(metrics.rotation_geodesic(turns, target))}
        return {"absolute_error": np.abs(predicted.reshape(target.shape) - target)}

    def _measure_points(self, predicted: Floats, target: Floats, frames: NDArray[np.int64]) -> dict[str, Floats]:
        mask = np.ones(target.shape[:-1], dtype=bool) if self.visible is None else self.visible[frames]
        distances = metrics.euclidean_distance(predicted, target, mask=mask)
        found = {"ed": distances}
        if self.mm is not None:
            found["mpjpe_mm"] = distances * self.mm
            if len(self.names) >= _LEAST_ALIGNED:
                aligned = metrics.procrustes(predicted, target, mask=mask)
                enough = mask & (np.count_nonzero(mask, axis=-1, keepdims=True) >= _LEAST_ALIGNED)
                found["pa_mpjpe_mm"] = metrics.euclidean_distance(aligned, target, mask=enough) * self.mm
        found["pck"] = np.where(mask, distances <= self.threshold, np.nan)
        for order, name in ((1, "velocity_error"), (2, "acceleration_error")):
            if target.shape[1] > order:
                found[name] = metrics.euclidean_distance(
                    metrics.derivatives(predicted, self.rate, order),
                    metrics.derivatives(target, self.rate, order),
                    mask=metrics.in_a_row(mask, order),
                )
        return found


def compare(
    motion: StoredMotion, field: fields.Field, *, step: int, threshold: float, unit_mm: float | None, normalized: bool
) -> Comparison:
    """Return how predictions of a field of a motion are compared.

    Parameters
    ----------
    motion
        Of the dataset.
    field
        Of a target.
    step
        How many of the motion's frames a prediction's next frame is on.
    threshold
        Of PCK, in the stored unit.
    unit_mm
        That a unit of the motion's file has; what the dataset knows of it if None.
    normalized
        Whether predictions are of the feature as it is handed out normalized.

    Raises
    ------
    ValueError
        If the motion has not what the field names.
    """
    stored = motion.unnormalized(field.feature)
    choice = motion.choice(field)
    target = choice.of(stored).astype(np.float64)
    kind, rotation, visible = "numbers", _form(motion, field), None
    names: Sequence[str] = choice.names
    if field.feature in _POINTS:
        kind, target = "points", target.reshape(len(target), -1, target.shape[-1])
        if f"{field.feature}_visible" in motion:
            visible = motion.stored(f"{field.feature}_visible")
            visible = visible if choice.rows is None else visible[:, choice.rows]
    elif rotation[0]:
        kind, count = "rotations", target[0].size // math.prod(rotations.FORMS[rotation[0]])
        target = _matrices(target.reshape(len(target), -1), rotation, count)
    else:
        target = target.reshape(len(target), -1)
    if kind != "numbers":
        names = [_place(name, field.feature) for name in choice.names[:: len(choice.names) // target.shape[1]]]
    stats = motion.stats(field.feature) if normalized else None
    return Comparison(
        names=tuple(names),
        shape=choice.shape,
        target=target,
        kind=kind,
        visible=visible,
        stats=None if stats is None else _picked(stats, choice),
        rotation=rotation,
        rate=motion.rate / step,
        threshold=threshold,
        mm=millimetres(motion, _POINTS.get(field.feature, "joints"), unit_mm),
    )


def millimetres(motion: StoredMotion, part: str = "joints", unit_mm: float | None = None) -> float | None:
    """Return how many mm a unit of a motion's stored coordinates has; None if unknown.

    A BVH file does not say. What is known comes from ``unit`` or ``metres_per_unit`` of the stage ``scale``, or from
    markers that the skeleton was aligned with: their files have a unit.

    Parameters
    ----------
    motion
        Of the dataset.
    part
        ``"joints"`` or ``"markers"``.
    unit_mm
        That a unit of its file has, before it was scaled; goes before what the dataset knows.
    """
    scale = float(motion.row["scale"] or 1.0)
    if unit_mm is not None:
        return unit_mm / scale
    units = [stage.unit for stage in motion.stages if isinstance(stage, Scale)]
    if units and units[-1]:
        return _MM[units[-1]]
    known = motion.facts.get("metres_per_unit")
    if known is None or (part == "markers" and "align_scale" not in motion.facts):
        return None
    return _MM["m"] * float(known) / scale


def _picked(stats: Stats, choice: fields.Choice) -> Stats:
    """Return the statistics of the numbers of a field."""
    return replace(stats, mean=choice.of(stats.mean[None])[0], std=choice.of(stats.std[None])[0])


def _matrices(values: Floats, rotation: tuple[str, str], joints: int) -> Floats:
    """Return rotations (..., joints, 3, 3) of flat values, the nearest ones to nine numbers that are none.

    What has no direction becomes NaN.
    """
    form, order = rotation
    rows = values.reshape(*values.shape[:-1], joints, *rotations.FORMS[form])
    with np.errstate(divide="ignore", invalid="ignore"):  # of zeros, which are NaN in any case
        matrices = rotations.matrices_back(rows, form, order)
    matrices = rotations.nearest(matrices) if form == "matrix" else matrices
    return np.where(rotations.undirected(rows, form)[..., None, None], np.nan, matrices)


def _form(motion: StoredMotion, field: fields.Field) -> tuple[str, str]:
    """Return the form of a feature that is rotations, and the order of its angles; empty if it is none."""
    if field.axes:
        return "", ""
    if represent := motion.represented(field.feature):
        return represent.form, represent.order
    form = motion.form(field.feature) if field.feature in KINDS else ""
    return (form if form in TURNS else ""), ""


def _place(name: str, feature: str) -> str:
    found = _BETWEEN_BRACKETS.search(name)
    return found[1] if found else feature
