"""Augmenting batches in memory, by the stages that do it to takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from motionprep.dataset import batch_shapes
from motionprep.maths import coordinates, retiming
from motionprep.maths.corruption import Points
from motionprep.motion.feature_kinds import KINDS, SIX_BY, TURNS, Kind
from motionprep.stages.base import Bodies, Corruption, Dropped, Moves, Stage
from motionprep.stages.speed import Speed

Array = NDArray[Any]


class _Known(NamedTuple):
    """Facts about a batch that its arrays do not hold."""

    markers: tuple[str, ...]
    nodes: tuple[str, ...]
    rate: float
    metres: float | None
    by: str


def augment(
    batch: Mapping[str, Array],
    stages: Stage | Sequence[Stage],
    rng: np.random.Generator,
    *,
    names: Sequence[str] = (),
    nodes: Sequence[str] = (),
    rate: float = 0.0,
    metres_per_unit: float | None = None,
    by: str = "columns",
) -> dict[str, Array]:
    """Return a batch as stages make it, one after the other; the arrays that are given are not changed.

    A batch of one window comes out as that window does as a take, if the generator is in the same state. ``speed`` is
    the exception: its windows all come out with as many frames as there are at any speed, ``(F - 1) // most + 1`` of F
    and never more than F, and each number of ``positions`` goes along a line and each rotation along an arc, where a
    build plays local rotations and lets the others follow from them.

    Parameters
    ----------
    batch
        Features by name, as they are stored and not normalized. Leading axes are those of the batch, and each window
        draws for itself: ``markers`` (..., F, M, 3) and ``markers_visible`` (..., F, M) for what corrupts markers;
        ``markers_corrupt``, if it is there, is corrupted further, and so is ``markers_seen`` (..., F, M, 4) where it is
        there alone. What changes whole takes changes all features, which are then in the world and not in a frame
        that goes along with the body; ``label`` stays as it is.
    stages
        One or several of ``noise``, ``occlude``, ``shift``, ``bursts``, ``limbs``, ``swap``, ``mirror``, ``yaw``,
        ``translate``, ``speed``. Their ``splits`` and ``copies`` are for builds, and not looked at.
    rng
        Decides everything that is drawn.
    names
        Of the M markers, as ``marker_names`` of a motion has them; for ``limbs`` and ``mirror``.
    nodes
        Of the N nodes, as ``skeleton.nodes`` of a motion has them; for ``mirror``.
    rate
        Frames a second; for those that last for a while.
    metres_per_unit
        How many metres a unit of the batch is; for lengths that are not in ``unit = "take"``.

    by
        Whether ``rotations_6d`` are the first two ``"columns"`` or ``"rows"`` of matrices.

    Returns
    -------
    dict
        The batch, if markers were corrupted with ``markers_corrupt`` and ``markers_corrupt_visible`` beside the clean
        ones. Arrays have the dtypes that they had; ``markers_corrupt`` that of ``markers``. What is not visible is 0.

    Raises
    ------
    ValueError
        If a stage cannot be done to a batch, or not to this one; the message has what is missing.
    """
    listed = [stages] if isinstance(stages, Stage) else list(stages)
    others = [stage for stage in listed if not isinstance(stage, Corruption | Moves | Speed)]
    if others:
        name = others[0].name if isinstance(others[0], Stage) else repr(others[0])
        raise ValueError(f"{name} cannot be done to a batch; put it into a recipe")
    if by not in SIX_BY:
        raise ValueError(f"by is {by!r}; it is one of {', '.join(SIX_BY)}")
    known = _Known(tuple(names), tuple(nodes), rate, metres_per_unit, by)
    whole = next((stage.name for stage in listed if not isinstance(stage, Corruption)), "")
    batch_shapes.check(batch, known.markers, known.nodes, whole)
    out = dict(batch)
    for stage in listed:
        if isinstance(stage, Corruption):
            out = _corrupted(out, stage, rng, known)
        elif isinstance(stage, Moves):
            out = _moved(out, stage, rng, known)
        elif isinstance(stage, Speed):
            out = _played(out, stage, rng, known)
    return out


def _refusal(dropped: Dropped) -> ValueError:
    hint = "augment takes names, nodes, rate and metres_per_unit for what a batch does not hold"
    return ValueError(f"{dropped.reason}; {hint}")


def _corrupted(batch: dict[str, Array], stage: Corruption, rng: np.random.Generator, known: _Known) -> dict[str, Array]:
    which = next((name for name in (*batch_shapes.MASKED, "markers_seen") if name in batch), "")
    if not which:
        raise ValueError(f"the batch has no 'markers'; there are {', '.join(batch) or 'no arrays'}")
    visible = batch_shapes.seen(batch, which)
    positions = np.where(visible[..., None], batch[which][..., :3], 0.0).astype(np.float64)
    corrupted = stage.corrupt(Points(positions, visible, known.markers, known.rate, known.metres), rng)
    if isinstance(corrupted, Dropped):
        raise _refusal(corrupted)
    out = dict(batch)
    if "markers" in batch:
        out["markers_corrupt"] = corrupted.positions.astype(batch["markers"].dtype)
        out["markers_corrupt_visible"] = corrupted.visible
    if "markers_seen" in batch:
        both = np.concatenate([corrupted.positions, corrupted.visible[..., None]], axis=-1)
        out["markers_seen"] = both.astype(batch["markers_seen"].dtype)
    return out


def _moved(batch: dict[str, Array], stage: Moves, rng: np.random.Generator, known: _Known) -> dict[str, Array]:
    """Return a batch in other coordinates, those of each window."""
    count = math.prod(_lead(batch)[:-1])
    modalities = {KINDS[name].modality for name in batch if name in KINDS}
    nodes, markers = (
        (known.nodes if "motion" in modalities else None),
        (known.markers if "markers" in modalities else None),
    )
    drawn = stage.draw(rng, Bodies(count, known.metres, nodes, markers))
    if isinstance(drawn, Dropped):
        raise _refusal(drawn)
    chosen = np.ones(count, dtype=np.bool_) if drawn.chosen is None else drawn.chosen
    step = drawn.step
    if step.axes is not None and step.axes.ndim == 3:
        step = replace(step, axes=step.axes[chosen])
    if step.origin is not None:
        step = replace(step, origin=step.origin[chosen])

    def move(name: str, kind: Kind, windows: Array) -> Array:
        if not coordinates.reaches(step, kind) or not chosen.any():
            return windows
        names = known.nodes if kind.part == "joints" else known.markers
        # Of local rotations most stay as they are, and turning them into matrices and back would take the longest.
        reached = slice(1 if kind.local and not step.conjugate else None)
        changed = coordinates.to_matrices(windows[chosen][:, :, reached].astype(np.float64, copy=False), kind.form)
        changed = coordinates.change(changed, kind, step, names)
        moved = windows.copy()
        moved[chosen, :, reached] = coordinates.from_matrices(changed, kind.form, frames=1)
        return moved

    return _by_windows(batch, move, known.by)


def _played(batch: dict[str, Array], stage: Speed, rng: np.random.Generator, known: _Known) -> dict[str, Array]:
    """Return a batch each window of which goes at a speed of its own."""
    # What is hidden may be no number, and counts nothing beside a frame that a time falls on.
    batch = _hidden(batch)
    lead = _lead(batch)
    times = stage.times(rng, math.prod(lead[:-1]), lead[-1])

    def play(name: str, kind: Kind, windows: Array) -> Array:
        if kind.form == "mask":
            return retiming.both(windows.astype(np.bool_), times)
        if kind.form == "vector":
            raise ValueError(f"speed does not know the new {name}; leave it out, or put speed into a recipe")
        values = windows.astype(np.float64)
        if kind.form in TURNS:
            turned = retiming.arcs(coordinates.to_matrices(values, kind.form), times)
            return coordinates.from_matrices(turned, kind.form, frames=1)
        played = retiming.lines(values, times)
        if kind.form == "seen":
            played[..., 3] = retiming.both(values[..., 3] > 0.5, times)
        return played

    return _by_windows(batch, play, known.by)


def _lead(batch: Mapping[str, Array]) -> tuple[int, ...]:
    """Return the leading axes and the frames that all features of a batch have."""
    return next(batch_shapes.lead(name, array) for name, array in batch.items() if name in KINDS)


def _by_windows(batch: dict[str, Array], change: Callable[[str, Kind, Array], Array], by: str) -> dict[str, Array]:
    """Return a batch changed by a function of name, kind and windows (W, F, K, *shape) of each feature."""
    out = dict(batch)
    for name, array in batch.items():
        if name not in KINDS:
            continue
        lead = batch_shapes.lead(name, array)
        windows = array.reshape(math.prod(lead[:-1]), lead[-1], *batch_shapes.frame(name, array))
        kind = KINDS[name]
        kind = kind._replace(form="6d_rows") if kind.form == "6d" and by == "rows" else kind
        changed = change(name, kind, windows)
        if changed is not windows:
            shape = (*lead[:-1], changed.shape[1], *array.shape[len(lead) :])
            out[name] = changed.reshape(shape).astype(array.dtype, copy=False)
    return _hidden(out)


def _hidden(batch: Mapping[str, Array]) -> dict[str, Array]:
    """Return a batch with 0 for what is not visible."""
    out = dict(batch)
    for name in (*batch_shapes.MASKED, "markers_seen"):
        if name in out and not (visible := batch_shapes.seen(out, name)).all():
            out[name] = out[name].copy()
            out[name][..., :3][~visible] = 0
    return out
