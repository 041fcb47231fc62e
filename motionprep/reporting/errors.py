"""A page about scores: how far off predictions are, frame by frame."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motionprep.dataset.dataset import Dataset
from motionprep.errors import MotionPrepError
from motionprep.files import replacing
from motionprep.reporting import charts
from motionprep.reporting.page import FOOTER, Section, figure, page
from motionprep.reporting.takes import as_takes
from motionprep.reporting.view import predicted_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from motionprep.dataset.windows import Windows
    from motionprep.motion.arrays import Floats
    from motionprep.scoring.scores import FieldScore, MotionScore, Scores

#: More points than these cannot be distinguished on a screen.
_MOST_POINTS = 4000
_AXES = {"ed": "ED (stored unit)", "angle_degrees": "angle (degrees)", "absolute_error": "absolute error"}


def plot_frames(
    scores: Scores,
    path: str | os.PathLike[str],
    predictions: NDArray[Any] | None = None,
    windows: Windows | None = None,
) -> None:
    """Write a page with a curve for each field: how far off each frame is, motion after motion.

    Of many frames each point is the mean of a few; frames without a prediction leave a gap. The page needs no network.
    The motion that is worst in the first field moves beside its prediction in the player, if predictions and windows
    are given, the windows lie end to end, and an animation can show what is predicted.

    Parameters
    ----------
    scores
        From :func:`motionprep.scoring.score`.
    path
        An HTML file; replaced if it is there.
    predictions, windows
        What was scored.

    Raises
    ------
    MotionPrepError
        If Matplotlib is not installed.
    """
    figures = []
    for number, field in enumerate(scores.fields):
        at, curve = curve_of(field)
        starts = np.cumsum([0, *(len(motion.frames) for motion in field.motions)])
        parts = [
            (float(start), float(stop), motion.motion, _words(motion))
            for start, stop, motion in zip(starts[:-1], starts[1:], field.motions, strict=True)
        ]
        svg = charts.curve(f"errors-{number}", at, curve, _AXES[field.metric], parts)
        known = np.concatenate([motion.frames for motion in field.motions])
        figures.append(figure(field.field, svg, f"mean {np.nanmean(known):.4g}, largest {np.nanmax(known):.4g}"))
    lead = f"{scores.windows:,} windows of length {scores.length}; a frame that several hold has their mean."
    data = None
    if predictions is not None and windows is not None:
        data, words = _worst(scores, predictions, windows)
        lead = f"{lead} {words}"
    section = Section("errors", "Over the frames", f'<div class="charts wide">{"".join(figures)}</div>')
    text = page(kind="Scores", title="Errors frame by frame", lead=lead, footer=FOOTER, before=[section], data=data)
    replacing.write(path, text)


def _worst(scores: Scores, predictions: NDArray[Any], windows: Windows) -> tuple[dict[str, Any] | None, str]:
    """Return what the player shows of the worst motion, None if it cannot, and a sentence about it."""
    means = {
        motion.motion: float(np.nanmean(motion.frames))
        for motion in scores.fields[0].motions
        if not np.isnan(motion.frames).all()
    }
    key = max(means, key=lambda one: means[one])
    span = next(span for motion, span in windows.motions if motion.key == key)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "prediction.npy")
        np.save(place, predictions[span])
        try:
            target, predicted = predicted_pair(
                Dataset(windows.split.files),
                key,
                place,
                motion=key,
                splits=(windows.split.name,),
                fields=tuple(map(str, windows.outputs["targets"].fields)),
                normalize=bool(windows.normalized),
            )
        except MotionPrepError as error:
            return None, f"The player does not show them: {str(error).replace(f'{place}: ', '')}."
    predicted = replace(predicted, key=f"{key} (prediction)")
    opened = {"motion": key, "frame": 1, "beside": predicted.key, "start": 1}
    takes = as_takes([target, predicted], {}, [])
    return {"takes": takes, "findings": [], "open": opened}, f"{key}, the worst on average, is in the player."


def _words(motion: MotionScore) -> str:
    if np.isnan(motion.frames).all():
        return f"{motion.motion}: no prediction"
    worst = int(np.nanargmax(motion.frames))
    return (
        f"{motion.motion}: mean {np.nanmean(motion.frames):.4g}, largest {motion.frames[worst]:.4g} at frame {worst} "
        f"of {len(motion.frames):,}"
    )


def curve_of(field: FieldScore, most: int = _MOST_POINTS) -> tuple[Floats, Floats]:
    """Return places along the axis, and values there; no point is of two motions.

    Parameters
    ----------
    field
        With the errors of each motion, frame by frame.
    most
        How many points about there are; of more frames each is the mean of a few.
    """
    total = sum(len(motion.frames) for motion in field.motions)
    step = max(1, -(-total // most))
    at: list[float] = []
    curve: list[float] = []
    start = 0
    for motion in field.motions:
        for first in range(0, len(motion.frames), step):
            few = motion.frames[first : first + step]
            known = few[~np.isnan(few)]
            at.append(start + first)
            curve.append(float(known.mean()) if len(known) else np.nan)
        # A gap, since no frame of one motion follows on another's.
        at.append(start + len(motion.frames) - 0.5)
        curve.append(np.nan)
        start += len(motion.frames)
    return np.array(at, dtype=np.float64), np.array(curve)
