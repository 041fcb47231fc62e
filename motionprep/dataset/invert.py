"""Bring motions and predictions back into the world of their files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from motionprep.dataset.motion import StoredMotion
from motionprep.dataset.representations import BACK
from motionprep.motion.feature_kinds import KINDS
from motionprep.stages.features import MASKS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike


def invert(
    motion: StoredMotion,
    features: Mapping[str, ArrayLike] | None = None,
    frames: slice = slice(None),
    *,
    normalize: bool = True,
) -> dict[str, np.ndarray[Any, Any]]:
    """Bring a motion of a dataset, or a prediction for it, back into the world of its files.

    Each feature comes back on its own: what is in a local frame by the recorded frame, whatever a prediction has
    of the root.

    Parameters
    ----------
    motion
        Whose frames these are.
    features
        Arrays (F, ...) by the names and in the shapes that the dataset has, or flat (F, K); of windows that lie end to
        end also (W, T, ...). What it stores of the motion if None.
    frames
        Which of the motion's frames these are, such as ``slice(10, 18)``.
    normalize
        Whether features that the recipe normalizes are handed in so, as windows hand them out.

    Returns
    -------
    dict
        The same features, float64, in the files' units and axes; markers in those of the C3D file. Rotations that the
        recipe stores in another form are matrices again. A representation of whole motions (``humanml3d``) is what it
        stands for, as docs/representations.md says: places of its joints (F, 22, 3).

    Raises
    ------
    ValueError
        If a feature cannot be brought back, has another shape or another number of frames, or is no numbers that
        float32 can hold; or if a rotation has no direction, as zeros have none.
    DatasetError
        If nothing of the motion's skeleton is stored, of whose joints a feature is.
    """
    from motionprep.dataset import inversion
    from motionprep.dataset.predicted import check_turns
    from motionprep.motion import rotations

    plain = msgspec.json.decode(motion.row["steps"] or "[]")
    steps = inversion.steps_from_json(
        plain, {name: motion[name][frames] for name in motion if name.startswith("frame_")}
    )
    if features is None:
        given = {name: motion.unnormalized(name)[frames] for name in motion if name in (*inversion.INVERTIBLE, *BACK)}
        leads = {name: array.shape[:1] for name, array in given.items()}
    else:
        given, leads = {}, {}
        for name, values in features.items():
            given[name], leads[name] = _handed_in(motion, name, values, normalize=normalize)
    whole = {name: given.pop(name) for name in BACK if name in given}
    nodes = motion.skeleton.nodes if motion.row["skeleton"] else ()
    for name in given:
        if form := motion.represented(name):
            rows = given[name].reshape(len(given[name]), *_frame(motion, name))
            names = motion.names(name)
            try:
                check_turns(rows if names else rows[:, None], form.form, names)
            except ValueError as error:
                raise ValueError(f"{motion.key}: {name}: {error}") from None
            given[name] = rotations.matrices_back(rows, form.form, form.order)
    form = motion.represented("rotations")
    without_root = ("rotations",) if form is not None and form.root != "with" else ()
    try:
        back = inversion.invert(
            given,
            steps,
            nodes=nodes,
            markers=motion.marker_names,
            without_root=without_root,
            forms={name: motion.form(name) for name in ("rotations_6d",)},
        )
    except ValueError as error:
        raise ValueError(f"{motion.key}: {error}") from None
    back |= {name: BACK[name](motion, rows, frames.start or 0, steps) for name, rows in whole.items()}
    return {name: back[name].reshape(*leads[name], *back[name].shape[1:]) for name in leads if name in back}


def _frame(motion: StoredMotion, feature: str) -> tuple[int, ...]:
    """Return the shape of a feature's frames, names apart, also if it is stored flat or not at all."""
    from motionprep.motion.rotations import FORMS

    form, kind = motion.represented(feature), KINDS[feature]
    if feature in BACK:
        return motion.frame_shape(feature)
    one = FORMS[form.rotations] if form is not None else kind.shape
    return one if kind.part == "root" else (len(motion.names(feature)), *one)


def _handed_in(
    motion: StoredMotion, name: str, values: ArrayLike, *, normalize: bool
) -> tuple[np.ndarray[Any, Any], tuple[int, ...]]:
    """Return a feature that was handed in as frames (F, ...), not normalized, and the axes that these had.

    Raises
    ------
    ValueError
        If it has another shape, or is no numbers that float32 can hold.
    """
    import numpy as np

    from motionprep.dataset import inversion
    from motionprep.dataset.predicted import to_floats

    array = np.asarray(values)
    if name not in inversion.INVERTIBLE and name not in BACK:
        return array, array.shape[:1]
    frame = _frame(motion, name)
    shapes = [*dict.fromkeys((frame, (math.prod(frame),)))]
    tails = [tail for tail in shapes if array.ndim - len(tail) in (1, 2) and array.shape[-len(tail) :] == tail]
    if not tails:
        asked = " or ".join(f"({', '.join(('frames', *map(str, tail)))})" for tail in shapes)
        raise ValueError(f"{motion.key}: {name} have shape {array.shape}; expected {asked}")
    lead = array.shape[: -len(tails[0])]
    rows = array.reshape(math.prod(lead), *tails[0])
    if name in MASKS and rows.dtype == bool:
        return rows, lead
    try:
        rows = to_floats(rows)
        if normalize and name in motion and motion.is_normalized(name):
            stats = motion.stats(name)
            rows = stats.restore(rows.reshape(len(rows), *stats.mean.shape)).reshape(rows.shape)
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{motion.key}: {name}: {error}") from None
    return rows, lead
