"""Charts as inline SVG, by Matplotlib; the only file that knows it (extra ``report``).

Colours are names of the page's own (``var(--ink)``), so that charts turn dark with it; text is text.
"""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from motionprep.errors import MotionPrepError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

#: Colours that stand for those of the page while Matplotlib draws.
_STANDS_FOR = {
    "ink": "#010101",
    "faint": "#010102",
    "line": "#010103",
    "accent": "#010104",
    "train": "#010105",
    "test": "#010106",
    "val": "#010107",
    "marker": "#010108",
}
_NARROW, _WIDE, _LOW = 360, 1080, 170
#: Points per inch in Matplotlib's SVG, whose units are then pixels of the page.
_PER_INCH = 72
_OTHERS = ("accent", "marker", "faint", "ink")
_BINS = 24


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
    """Return how values are spread: a filled outline for each group, as shares of the group.

    Parameters
    ----------
    name
        Of the chart; each on a page has its own.
    groups
        Values by group, at least one in all.
    unit
        What the axis counts.
    """
    values = {group: np.asarray(some, np.float64) for group, some in groups.items()}
    whole = np.concatenate([some[np.isfinite(some)] for some in values.values()])
    low, high = float(whole.min()), float(whole.max())
    if high <= low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, min(_BINS, max(6, len(whole))) + 1)
    with _drawn(name, _NARROW, _LOW) as (axes, done):
        titles = {}
        for place, (group, some) in enumerate(values.items()):
            counts = np.histogram(some, edges)[0]
            colour = _STANDS_FOR[colour_of(group, place)]
            shares = counts / max(1, counts.sum())
            # A line under each outline would hide where nothing is.
            axes.stairs(shares, edges, fill=True, color=colour, alpha=0.28)
            axes.stairs(shares, edges, color=colour, linewidth=1.4)
        counts = np.histogram(whole, edges)[0]
        top = axes.get_ylim()[1]
        for at, count in enumerate(counts.tolist()):
            bar = axes.bar(edges[at], top, edges[at + 1] - edges[at], align="edge", color=_STANDS_FOR["ink"], alpha=0, linewidth=0)
            titles[f"{name}-{at}"] = f"{edges[at]:.3g} to {edges[at + 1]:.3g} {unit}: {count:,} motions"
            bar[0].set_gid(f"{name}-{at}")
        axes.set_ylim(0, top)
        axes.set_xlabel(unit)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    return done(titles)


def bands(name: str, groups: Mapping[str, tuple[ArrayLike, ArrayLike]], labels: Sequence[str]) -> str:
    """Return a mean as a line and a standard deviation as a band around it, over the numbers of a frame.

    Parameters
    ----------
    name
        Of the chart; each on a page has its own.
    groups
        Mean and standard deviation (K,) by group.
    labels
        Of the K numbers.
    """
    with _drawn(name, _WIDE, 190) as (axes, done):
        for place, (group, (mean, std)) in enumerate(groups.items()):
            middle, apart = np.asarray(mean, np.float64), np.asarray(std, np.float64)
            colour = _STANDS_FOR[colour_of(group, place)]
            at = np.arange(len(middle))
            axes.fill_between(at, middle - apart, middle + apart, color=colour, alpha=0.18, linewidth=0)
            axes.plot(at, middle, color=colour, linewidth=1.3)
        top, bottom = axes.get_ylim()[::-1]
        titles = {}
        for at, label in enumerate(labels):
            words = "; ".join(
                f"{group} {np.asarray(mean)[at]:.4g} ± {np.asarray(std)[at]:.4g}"
                for group, (mean, std) in groups.items()
            )
            titles[f"{name}-{at}"] = f"{label}: {words}"
            axes.bar(at, top - bottom, 1, bottom, color=_STANDS_FOR["ink"], alpha=0, linewidth=0)[0].set_gid(f"{name}-{at}")
        axes.set_ylim(bottom, top)
        axes.set_xlim(-0.5, len(labels) - 0.5)
        step = max(1, -(-len(labels) // 24))
        axes.set_xticks(range(0, len(labels), step), [_short(label) for label in labels[::step]], rotation=45, ha="right")
    return done(titles)


def bars(name: str, labels: Sequence[str], values: Sequence[float], unit: str) -> str:
    """Return a bar for each label, from the top down; values are shares."""
    with _drawn(name, _NARROW, 30 + 15 * len(labels)) as (axes, done):
        drawn = axes.barh(range(len(labels)), values, color=_STANDS_FOR["marker"], height=0.7)
        titles = {}
        for at, (label, value) in enumerate(zip(labels, values, strict=True)):
            drawn[at].set_gid(f"{name}-{at}")
            titles[f"{name}-{at}"] = f"{label}: {value:.1%}"
        axes.set_yticks(range(len(labels)), [_short(label) for label in labels])
        axes.invert_yaxis()
        axes.margins(y=0.02)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}" if value > 1 else f"{value:.0%}")
    return done(titles)


def heat(name: str, labels: Sequence[str], rows: NDArray[np.float64], unit: str) -> str:
    """Return a row for each label, darker where its values (R, K), from 0 to 1, are larger."""
    with _drawn(name, _NARROW, 44 + 15 * len(labels)) as (axes, done):
        titles = {}
        for at, (label, row) in enumerate(zip(labels, rows, strict=True)):
            # One bar for each run of equal values: what is complete takes no bar at all.
            starts = np.flatnonzero(np.r_[True, np.abs(np.diff(row)) > 0.02])
            for start, stop in zip(starts, np.r_[starts[1:], len(row)], strict=True):
                value = float(row[start:stop].mean())
                if value > 0.002:
                    axes.barh(
                        at, (stop - start) / len(row), 0.8, start / len(row), color=_STANDS_FOR["marker"],
                        alpha=0.2 + 0.8 * min(1.0, value), linewidth=0,
                    )  # fmt: skip
            axes.barh(at, 1, 1, color=_STANDS_FOR["ink"], alpha=0, linewidth=0)[0].set_gid(f"{name}-{at}")
            titles[f"{name}-{at}"] = f"{label}: {row.mean():.1%} missing, at most {row.max():.0%} at once"
        axes.set_yticks(range(len(labels)), [_short(label) for label in labels])
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.margins(y=0.02)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    return done(titles)


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
        Start, stop, name and words of each stretch; names are left out where there are too many to be read.
    """
    with _drawn(name, _WIDE, 240) as (axes, done):
        axes.plot(at, values, color=_STANDS_FOR["accent"], linewidth=1.1)
        top = axes.get_ylim()[1]
        axes.set_ylim(0, top)
        titles = {}
        for place, (start, stop, label, words) in enumerate(parts):
            titles[f"{name}-{place}"] = words
            axes.bar(start, top, stop - start, align="edge", color=_STANDS_FOR["ink"], alpha=0, linewidth=0)[0].set_gid(f"{name}-{place}")
            if place:
                axes.axvline(start, color=_STANDS_FOR["line"], linewidth=0.8)
            if len(parts) <= 40:
                axes.annotate(
                    _short(label), (start, top), (3, -3), textcoords="offset points", rotation=90 if len(parts) > 8 else 0,
                    va="top", fontsize=9, color=_STANDS_FOR["faint"],
                )  # fmt: skip
        axes.set_xmargin(0)
        axes.set_ylabel(unit)
        axes.set_xlabel("frame, motion after motion")
    return done(titles)


def _short(text: str, most: int = 22) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


@contextmanager
def _drawn(name: str, wide: int, high: int) -> Iterator[tuple[Axes, Any]]:
    """Yield axes to draw on, and a function that returns the SVG once that is done, with words to show on hovering."""
    need_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
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
        "text.color": _STANDS_FOR["ink"],
    }
    with matplotlib.rc_context(settings):
        figure = Figure((wide / _PER_INCH, high / _PER_INCH), dpi=_PER_INCH, layout="constrained")
        axes = figure.subplots()
        found: list[str] = []

        def done(titles: Mapping[str, str]) -> str:
            return _with_titles(found[0], titles)

        yield axes, done
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        found.append(_inline(buffer.getvalue()))


def _inline(svg: str) -> str:
    """Return what Matplotlib wrote as a part of a page: no head, no size of its own, the page's colours and font."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1), count=1)
    svg = svg.replace("<svg ", '<svg role="img" aria-hidden="true" ', 1)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 system-ui, sans-serif", svg)
    for colour, stands in _STANDS_FOR.items():
        svg = svg.replace(stands, f"var(--{colour})")
    return re.sub(r"\n\s*", "\n", svg).strip()


def _with_titles(svg: str, titles: Mapping[str, str]) -> str:
    for place, words in titles.items():
        svg = svg.replace(f'<g id="{place}">', f"<g><title>{escape(words)}</title>", 1)
    return svg
