"""Each feature's mean and standard deviation in train beside those of the other splits."""

from __future__ import annotations

from itertools import product

import numpy as np

from motionprep.dataset.dataset import Dataset
from motionprep.motion.feature_kinds import FEET, KINDS
from motionprep.reporting import charts
from motionprep.reporting.page import Section, figure
from motionprep.storage import shard_reader, stats, store
from motionprep.storage.stats import Stats

#: More charts than these nobody looks at; a number of more than this many is drawn in no more detail.
_MOST_CHARTS, _MOST_NUMBERS = 12, 300
_AXES = {(3,): "xyz", (4,): "wxyz"}


def section(dataset: Dataset) -> Section | None:
    """Return a chart for each feature, from the sums that the shards keep; None if nothing has any."""
    shown: list[str] = []
    by_split = {
        name: stats.combine(shard_reader.read_record(dataset.path / store.SHARDS, shard) for shard in facts["shards"])
        for name, facts in dataset.facts["splits"].items()
        if facts["shards"]
    }
    for feature in dict.fromkeys(feature for found in by_split.values() for feature in found):
        kinds: dict[tuple[object, ...], dict[str, Stats]] = {}
        for split, found in by_split.items():
            for plain in found.get(feature, []):
                one = Stats.from_json(plain)
                kinds.setdefault((one.names, one.parents, one.mean.shape), {})[split] = one
        # What one split has alone cannot be compared.
        compared = [of_split for of_split in kinds.values() if len(of_split) > 1] or list(kinds.values())[:1]
        for number, of_split in enumerate(compared, start=1):
            if len(shown) < _MOST_CHARTS:
                name = feature if len(compared) == 1 else f"{feature}, skeleton {number} of {len(compared)}"
                shown.append(_chart(f"feature-{len(shown)}", name, feature, of_split))
    if not shown:
        return None
    key = "".join(
        f'<span><i class="dots" style="color:var(--{charts.colour_of(split, place)})">■</i>{split}</span> '
        for place, split in enumerate(by_split)
    )
    return Section(
        "features",
        "Features by split",
        f'<p class="who">{key} The line is the mean of each number of a frame, the band one standard deviation.</p>'
        f'<div class="charts wide">{"".join(shown)}</div>',
    )


def _chart(place: str, title: str, feature: str, by_split: dict[str, Stats]) -> str:
    first = next(iter(by_split.values()))
    heads, tails = _labels(feature, first)
    # All first components, then all second ones: a curve over joints is smooth, one over x, y, z, x, y, z is not.
    order = np.arange(len(heads) * len(tails)).reshape(len(heads), len(tails)).T
    step = max(1, -(-order.size // _MOST_NUMBERS))
    order = order[:, ::step]
    groups = {
        split: (one.mean.reshape(-1)[order].reshape(-1), one.std.reshape(-1)[order].reshape(-1))
        for split, one in by_split.items()
    }
    labels = [f"{head} {tail}".strip() or feature for head in heads for tail in tails]
    svg = charts.bands(place, groups, [labels[at] for at in order.reshape(-1)], dict.fromkeys(tails, order.shape[1]))
    return figure(title, svg, _shift(by_split, labels))


def _shift(by_split: dict[str, Stats], labels: list[str]) -> str:
    """Return in words how far another split's mean is from train's at most, in train's standard deviations."""
    train = by_split.get("train")
    words = []
    for split, one in by_split.items():
        if train is None or split == "train":
            continue
        spread = np.where(train.std > 1e-6 * np.maximum(1, np.abs(train.mean)), train.std, np.inf)
        shifts = np.abs((one.mean - train.mean) / spread).reshape(-1)
        at = int(shifts.argmax())
        words.append(f"{split} differs from train by up to {shifts[at]:.2g} standard deviations, in {labels[at]}")
    return "; ".join(words)


def _labels(feature: str, one: Stats) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a frame counts first, such as joints, and a name for each number of one: ``x``, ``0 2``."""
    shape = one.mean.shape
    kind = KINDS.get(feature)
    names: tuple[str, ...] = ()
    if kind is not None and kind.part != "root" and shape:
        counted = FEET if kind.part == "feet" else one.names
        names = counted[: shape[0]] if len(counted) >= shape[0] else ()
    rest = shape[1:] if names else shape
    axes = _AXES.get(rest)
    tails = tuple(axes) if axes else tuple(" ".join(map(str, place)) for place in product(*map(range, rest)))
    return names or ("",), tails
