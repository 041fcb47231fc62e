"""Pictures of scores, by Plotly; the only file that knows it (extra ``report``)."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

import numpy as np

from motionprep.errors import MotionPrepError
from motionprep.files import replacing

if TYPE_CHECKING:
    from motionprep.motion.arrays import Floats
    from motionprep.scoring.scores import FieldScore, Scores

#: More points than these cannot be distinguished on a screen.
_MOST_POINTS = 8000
#: More names than these cannot be read.
_MOST_NAMES = 40
_ROW_HEIGHT = 320
_AXES = {"ed": "ED (stored unit)", "angle_degrees": "angle (degrees)", "absolute_error": "absolute error"}


def need_plotly() -> None:
    """Raise unless Plotly is there.

    Raises
    ------
    MotionPrepError
        If it is not; the message has how to install it.
    """
    if importlib.util.find_spec("plotly") is None:
        raise MotionPrepError("a plot needs Plotly, which is not installed: pip install plotly")


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
        If Plotly is not installed.
    """
    need_plotly()
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    count = len(scores.fields)
    figure = make_subplots(count, 1, shared_xaxes=True, subplot_titles=[field.field for field in scores.fields])
    for row, field in enumerate(scores.fields, start=1):
        at, curve, words = _curve(field)
        figure.add_trace(
            go.Scatter(x=at, y=curve, text=words, name=field.field, hovertemplate="%{text}: %{y:.4g}"), row=row, col=1
        )
        figure.update_yaxes(title_text=_AXES[field.metric], rangemode="tozero", row=row, col=1)
    names = [motion.motion for motion in scores.fields[0].motions]
    starts = np.cumsum([0, *(len(motion.frames) for motion in scores.fields[0].motions)])[:-1]
    if len(names) <= _MOST_NAMES:
        for start, name in zip(starts.tolist(), names, strict=True):
            figure.add_vline(x=start, line_width=1, line_dash="dot", annotation_text=name, annotation_textangle=90)
    figure.update_xaxes(title_text="frame, motion after motion", row=count, col=1)
    figure.update_layout(showlegend=False, template="plotly_white", height=_ROW_HEIGHT * count + 120)
    replacing.write(path, figure.to_html(include_plotlyjs=True, div_id="frames").encode())


def _curve(field: FieldScore) -> tuple[Floats, Floats, list[str]]:
    """Return places along the axis, values there, and words for each; no point is of two motions."""
    total = sum(len(motion.frames) for motion in field.motions)
    step = max(1, -(-total // _MOST_POINTS))
    at: list[float] = []
    curve, words, start = [], [], 0
    for motion in field.motions:
        for first in range(0, len(motion.frames), step):
            few = motion.frames[first : first + step]
            known = few[~np.isnan(few)]
            at.append(start + first)
            curve.append(known.mean() if len(known) else np.nan)
            words.append(f"{motion.motion} frame {first}")
        # A gap, since no frame of one motion follows on another's.
        at.append(start + len(motion.frames) - 0.5)
        curve.append(np.nan)
        words.append("")
        start += len(motion.frames)
    return np.array(at, dtype=np.float64), np.array(curve), words
