"""A page about scores: how far off predictions are, frame by frame."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from motionprep.files import replacing
from motionprep.reporting import charts
from motionprep.reporting.page import FOOTER, Section, figure, page

if TYPE_CHECKING:
    from motionprep.motion.arrays import Floats
    from motionprep.scoring.scores import FieldScore, MotionScore, Scores

#: More points than these cannot be distinguished on a screen.
_MOST_POINTS = 4000
_AXES = {"ed": "ED (stored unit)", "angle_degrees": "angle (degrees)", "absolute_error": "absolute error"}


def plot_frames(scores: Scores, path: str | os.PathLike[str]) -> None:
    """Write a page with a curve for each field: how far off each frame is, motion after motion.

    Of many frames each point is the mean of a few; frames without a prediction leave a gap. The page needs no network.

    Parameters
    ----------
    scores
        From :func:`motionprep.scoring.score`.
    path
        An HTML file; replaced if it is there.

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
    replacing.write(
        path,
        page(
            kind="Scores",
            title="Errors frame by frame",
            lead=f"{scores.windows:,} windows of length {scores.length}; a frame that several hold has their mean.",
            footer=FOOTER,
            after=[Section("errors", "Over the frames", f'<div class="charts wide">{"".join(figures)}</div>')],
        ),
    )


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
