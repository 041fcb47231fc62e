"""Charts as inline SVG, by Matplotlib; the only file that knows it (extra ``report``).

Colours are those of the page (``var(--ink)``), so that charts turn dark with it; text is text. What is pointed at says
its numbers: a transparent rectangle over it has a title.
"""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from motionprep.errors import MotionPrepError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

#: Colours that stand for those of the page while Matplotlib draws.
_STANDS_FOR = {
    name: f"#0101{number:02x}"
    for number, name in enumerate(("ink", "faint", "line", "accent", "train", "test", "val", "marker"), start=1)
}
#: Width of a chart that stands beside others, of one that does not, and height, in pixels of the page.
_NARROW, _WIDE, _LOW = 360, 1080, 170
#: Points in an inch, which are pixels in Matplotlib's SVG.
_PER_INCH = 72
_OTHERS = ("accent", "marker", "faint", "ink")
_BINS = 24
_ROW = 15
#: More names than these along a curve cannot be read.
_MOST_NAMES = 40


class _Words(NamedTuple):
    """What a part of the chart says when it is pointed at; None stands for an end of the axis."""

    words: str
    x: tuple[float, float] | None = None
    y: tuple[float, float] | None = None


class _Drawing:
    """A chart while it is drawn: its axes, and what its parts say."""

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        self.words: list[_Words] = []
        self.svg = ""


def need_matplotlib() -> None:
    """Raise unless Matplotlib is there.

    Raises
    ------
    MotionPrepError
        If it is not; it says how to get it.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MotionPrepError("charts need Matplotlib, which is not installed: pip install matplotlib")


def colour_of(group: str, place: int = 0) -> str:
    """Return the page's colour of a split, or of the ``place``-th of other groups."""
    return group if group in ("train", "test", "val") else _OTHERS[place % len(_OTHERS)]


def histogram(name: str, groups: Mapping[str, ArrayLike], unit: str) -> str:
    """Return how values are spread: an outline for each group, as shares of the group.

    Parameters
    ----------
    name
        Of the chart; each on a page has its own.
    groups
        Values by group, one finite value at least in all.
    unit
        What the axis counts.
    """
    values = {group: np.asarray(some, np.float64) for group, some in groups.items()}
    whole = np.concatenate([some[np.isfinite(some)] for some in values.values()])
    least, most = float(whole.min()), float(whole.max())
    if most <= least:
        least, most = least - 0.5, most + 0.5
    edges = np.linspace(least, most, min(_BINS, max(6, len(whole))) + 1)
    with _drawn(name, _NARROW, _LOW) as drawing:
        for place, (group, some) in enumerate(values.items()):
            counts = np.histogram(some, edges)[0]
            shares = counts / max(1, counts.sum())
            colour = _STANDS_FOR[colour_of(group, place)]
            drawing.axes.stairs(shares, edges, fill=True, color=colour, alpha=0.28)
            drawing.axes.stairs(shares, edges, color=colour, linewidth=1.4)
        counts = np.histogram(whole, edges)[0].tolist()
        for (low, high), count in zip(pairwise(edges.tolist()), counts, strict=True):
            words = f"{low:.3g} to {high:.3g} {unit}: {count:,} motions"
            drawing.words.append(_Words(words, x=(low, high)))
        drawing.axes.set_xlabel(unit)
        drawing.axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    return drawing.svg


def bands(
    name: str, groups: Mapping[str, tuple[ArrayLike, ArrayLike]], labels: Sequence[str], blocks: Mapping[str, int]
) -> str:
    """Return a mean as a line and a standard deviation as a band around it, over the numbers of a frame.

    Parameters
    ----------
    name
        Of the chart; each on a page has its own.
    groups
        Mean and standard deviation (K,) by group.
    labels
        Of the K numbers.
    blocks
        How many of the numbers, one after the other, are of what: ``{"x": 38, "y": 38, "z": 38}``. Nothing is drawn
        from one block to the next.
    """
    stops = np.cumsum(list(blocks.values()))
    with _drawn(name, _WIDE, _LOW, below=22) as drawing:
        for place, (group, (mean, std)) in enumerate(groups.items()):
            middle, apart = np.asarray(mean, np.float64), np.asarray(std, np.float64)
            colour = _STANDS_FOR[colour_of(group, place)]
            for start, stop in zip(np.r_[0, stops[:-1]], stops, strict=True):
                edges = np.arange(start, stop + 1) - 0.5
                low, high = (middle - apart)[start:stop], (middle + apart)[start:stop]
                # As steps: what lies between two numbers of a frame is nothing.
                drawing.axes.stairs(high, edges, baseline=low, fill=True, color=colour, alpha=0.2, linewidth=0)
                drawing.axes.stairs(middle[start:stop], edges, baseline=None, color=colour, linewidth=1.3)
        for at, label in enumerate(labels):
            each = "; ".join(
                f"{group} {np.asarray(mean)[at]:.4g} ± {np.asarray(std)[at]:.4g}"
                for group, (mean, std) in groups.items()
            )
            drawing.words.append(_Words(f"{label}: {each}", x=(at - 0.5, at + 0.5)))
        for stop in stops[:-1]:
            drawing.axes.axvline(stop - 0.5, color=_STANDS_FOR["line"], linewidth=0.8)
        drawing.axes.set_xlim(-0.5, len(labels) - 0.5)
        drawing.axes.set_xticks(stops - np.array(list(blocks.values())) / 2 - 0.5, list(blocks))
        drawing.axes.tick_params("x", length=0)
        drawing.axes.use_sticky_edges = False
        drawing.axes.autoscale(axis="y")
    return drawing.svg


def bars(name: str, labels: Sequence[str], values: Sequence[float], unit: str) -> str:
    """Return a bar for each label, from the top down; values are shares."""
    with _drawn(name, _NARROW, 44 + _ROW * len(labels), _beside(labels)) as drawing:
        drawing.axes.barh(range(len(labels)), values, color=_STANDS_FOR["marker"], height=0.7)
        for at, (label, value) in enumerate(zip(labels, values, strict=True)):
            drawing.words.append(_Words(f"{label}: {value:.1%}", y=(at - 0.5, at + 0.5)))
        _name_rows(drawing.axes, labels, unit)
    return drawing.svg


def heat(name: str, labels: Sequence[str], rows: NDArray[np.float64], unit: str) -> str:
    """Return a row for each label, darker where its values (R, K), shares from 0 to 1, are larger."""
    with _drawn(name, _NARROW, 44 + _ROW * len(labels), _beside(labels)) as drawing:
        for at, (label, row) in enumerate(zip(labels, rows, strict=True)):
            # A bar for each run of like values, and none where nothing is missing.
            starts = np.flatnonzero(np.r_[True, np.abs(np.diff(row)) > 0.02])
            for start, stop in zip(starts, np.r_[starts[1:], len(row)], strict=True):
                value = float(row[start:stop].mean())
                if value > 0.002:
                    place, wide, dark = start / len(row), (stop - start) / len(row), 0.2 + 0.8 * min(1.0, value)
                    drawing.axes.barh(at, wide, 0.8, place, color=_STANDS_FOR["marker"], alpha=dark, linewidth=0)
            words = f"{label}: {row.mean():.1%}, at most {row.max():.0%} at once"
            drawing.words.append(_Words(words, y=(at - 0.5, at + 0.5)))
        drawing.axes.set_xlim(0, 1)
        _name_rows(drawing.axes, labels, unit)
    return drawing.svg


def curve(
    name: str, at: ArrayLike, values: ArrayLike, unit: str, parts: Sequence[tuple[float, float, str, str]]
) -> str:
    """Return a curve with gaps where values are NaN, and stretches of it that have names.

    Parameters
    ----------
    name
        Of the chart; each on a page has its own.
    at, values
        Places along the axis, and values (K,).
    unit
        What the values are.
    parts
        Start, stop, name and words of each stretch; no names are drawn where there are too many to be read.
    """
    with _drawn(name, _WIDE, 220, left=62) as drawing:
        drawing.axes.plot(at, values, color=_STANDS_FOR["accent"], linewidth=1.1)
        top = drawing.axes.get_ylim()[1]
        drawing.axes.set_ylim(0, top)
        for place, (start, stop, label, words) in enumerate(parts):
            drawing.words.append(_Words(words, x=(start, stop)))
            if place:
                drawing.axes.axvline(start, color=_STANDS_FOR["line"], linewidth=0.8)
            if len(parts) <= _MOST_NAMES:
                turn, colour = (90 if len(parts) > 8 else 0), _STANDS_FOR["faint"]
                drawing.axes.annotate(
                    _short(label),
                    (start, top),
                    (3, -3),
                    textcoords="offset points",
                    rotation=turn,
                    va="top",
                    color=colour,
                )
        drawing.axes.set_xmargin(0)
        drawing.axes.set_ylabel(unit)
        drawing.axes.set_xlabel("frame, motion after motion")
    return drawing.svg


def _name_rows(axes: Axes, labels: Sequence[str], unit: str) -> None:
    axes.set_yticks(range(len(labels)), [_short(label) for label in labels])
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlabel(unit)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")


def _short(text: str, most: int = 22) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _beside(labels: Sequence[str]) -> int:
    """Return how many pixels names of rows need beside the axis."""
    return 14 + int(6.2 * max((len(_short(label)) for label in labels), default=0))


@contextmanager
def _drawn(name: str, wide: int, high: int, left: int = 46, below: int = 36) -> Iterator[_Drawing]:
    """Yield what to draw on; it has its SVG when the context ends.

    Parameters
    ----------
    name
        Of the chart; each on a page has its own.
    wide, high
        In pixels.
    left, below
        Pixels for the numbers and names beside the axes. A layout that finds them by itself draws all twice.
    """
    need_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        # Names of files hold dollar signs.
        "text.parse_math": False,
        "font.size": 10.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": _STANDS_FOR["line"],
        "axes.labelcolor": _STANDS_FOR["faint"],
        "xtick.color": _STANDS_FOR["line"],
        "ytick.color": _STANDS_FOR["line"],
        "xtick.labelcolor": _STANDS_FOR["faint"],
        "ytick.labelcolor": _STANDS_FOR["faint"],
    }
    with matplotlib.rc_context(settings):
        figure = Figure((wide / _PER_INCH, high / _PER_INCH), dpi=_PER_INCH)
        box = (left / wide, below / high, (wide - left - 12) / wide, (high - below - 8) / high)
        drawing = _Drawing(figure.add_axes(box))
        yield drawing
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    drawing.svg = _inline(buffer.getvalue()).replace("</svg>", f"{_areas(drawing, figure)}</svg>")


def _areas(drawing: _Drawing, figure: Figure) -> str:
    """Return a rectangle for each part of the chart that says something."""
    high = figure.get_figheight() * _PER_INCH
    axes, found = drawing.axes, []
    x, y = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    for part in drawing.words:
        (left, right), (bottom, top) = part.x or x, part.y or y
        (x0, y0), (x1, y1) = axes.transData.transform([(left, bottom), (right, top)])
        found.append(
            f'<rect x="{min(x0, x1):.1f}" y="{high - max(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" '
            f'height="{abs(y1 - y0):.1f}" fill="transparent"><title>{escape(part.words)}</title></rect>'
        )
    return "\n".join(found)


def _inline(svg: str) -> str:
    """Return what Matplotlib wrote as a part of a page: no head, no size of its own, the page's colours and font."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    head, _, rest = svg.partition(">")
    head = re.sub(r' (?:width|height)="[^"]*"', "", head).replace("<svg", '<svg aria-hidden="true"')
    svg = f"{head}>{rest}"
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 system-ui, sans-serif", svg)
    for colour, stands in _STANDS_FOR.items():
        svg = svg.replace(stands, f"var(--{colour})")
    return re.sub(r"\n\s*", "\n", svg).strip()
