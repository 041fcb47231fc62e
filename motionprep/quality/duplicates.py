"""Duplicates: motions that share frames, within a split and across splits.

No two motions are compared unless they have a moment in common. A moment is an extremum of the summed angles between
limbs; what the limbs do around it, one second long, is a point in few dimensions, and equal points are found by a k-d
tree. Moments that agree on the lag between two motions then lead to a comparison sample by sample.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motionprep.quality import kernels
from motionprep.quality.finding import Finding
from motionprep.quality.leaks import across_splits
from motionprep.quality.take import BodySummary, TakeSummary
from motionprep.quality.tracks import RATE, Tracks
from motionprep.sources.pairing import natural

_Floats = NDArray[np.float64]
#: Samples around a moment that describe it.
_AROUND = (-12, -7, -3, 0, 3, 7, 12)
#: Dimensions of the points among which neighbours are looked for.
_DIMENSIONS = 10
#: Points that are projected at once.
_PART = 8192
#: So many samples in a row that differ more belong to a run of equal ones.
_GAP = 3
#: Width of the filter, in samples, after which extrema are looked for.
_WIDTH = 2.0
#: Frames below which two motions may be equal by chance, such as rest poses.
_FEWEST = 10


class _Moments(NamedTuple):
    """Moments of several motions: which motion, when in samples, and the description of each."""

    motion: NDArray[np.intp]
    time: _Floats
    points: NDArray[np.float32]


class _Match(NamedTuple):
    """Two runs of samples that are the same movement."""

    first: int
    last: int
    lag: float
    error: float


@dataclass(frozen=True)
class Duplicates:
    """Find motions that share frames.

    Parameters
    ----------
    near
        Root mean square difference of the descriptions of two moments, as cosines, up to which they may be one moment;
        those of a copy differ by less than 0.005.
    same
        The same of two samples, up to which they are one: 0.02 is about a degree.
    whole
        The same of all samples that two motions share, averaged over a quarter of a second. Recorded motions that were
        cropped or resampled have up to 0.0054, from noise; generated gaits that are alike have 0.008 and more.
    share
        How large the difference may be, as a share of the movement.
    shortest
        Seconds that two motions must share.
    movement
        Root mean square deviation from the mean pose, as cosines, from which a stretch counts as movement.
    neighbours
        How many moments are compared with each.
    """

    near: float = 0.01
    same: float = 0.02
    whole: float = 0.0065
    share: float = 0.1
    shortest: float = 1.0
    movement: float = 0.02
    neighbours: int = 12

    def of_corpus(self, takes: list[TakeSummary]) -> list[Finding]:
        """Return the pairs of motions that share frames."""
        found, known = _of_bytes(takes)
        found += _of_frames(takes, known)
        for modality in ("skeleton", "markers"):
            bodies = [(take, body) for take in takes for body in take.bodies if body.modality == modality]
            groups: dict[str, list[tuple[TakeSummary, BodySummary, Tracks]]] = defaultdict(list)
            for take, body in bodies:
                if body.tracks is not None:
                    groups[body.tracks.group].append((take, body, body.tracks))
            for group in groups.values():
                found += self._of_group(group, known)
        return found

    def _of_group(
        self, group: Sequence[tuple[TakeSummary, BodySummary, Tracks]], known: set[frozenset[str]]
    ) -> Iterator[Finding]:
        tracks = [one for _, _, one in group]
        candidates = self._candidates(tracks)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for mirrored in (False, True):
                wanted = [
                    (one, other, lags)
                    for (one, other, turned), lags in candidates.items()
                    if turned == mirrored and frozenset((group[one][0].key, group[other][0].key)) not in known
                ]
                compare = partial(self._matches, tracks, mirrored=mirrored)
                for (one, other, _), matches in zip(wanted, pool.map(compare, wanted), strict=True):
                    if matches and not mirrored:
                        known.add(frozenset((group[one][0].key, group[other][0].key)))
                    for match in _apart(matches):
                        yield _finding(group[one][:2], group[other][:2], match, self.whole, mirrored=mirrored)

    def _matches(self, tracks: Sequence[Tracks], pair: tuple[int, int, list[float]], *, mirrored: bool) -> list[_Match]:
        """Return the runs in which two motions are one at any of some lags."""
        one, other, lags = pair
        found: list[_Match] = []
        for lag in lags:
            if all(abs(match.lag - lag) >= 2 for match in found):
                found += self._compare(tracks[one], tracks[other], lag, mirrored=mirrored)
        return found

    def _candidates(self, tracks: Sequence[Tracks]) -> dict[tuple[int, int, bool], list[float]]:
        """Return the lags, in samples, at which two motions may be one, by the two and whether one is mirrored."""
        votes: dict[tuple[int, int, bool], list[float]] = defaultdict(list)
        for moments in (_moments(tracks), _wholes(tracks)):
            for pair, lag in self._neighbours(moments, tracks[0].mirrored):
                votes[pair].append(lag)
        return {pair: _agreed(lags) for pair, lags in sorted(votes.items(), key=lambda one: (one[0][2], one[0]))}

    def _neighbours(self, moments: _Moments, mirror: tuple[int, ...]) -> Iterator[tuple[tuple[int, int, bool], float]]:
        """Yield two motions, whether one is mirrored, and a lag, for each two moments that are near each other."""
        from scipy.spatial import cKDTree

        if len(moments.time) < 2:
            return
        points, motion = moments.points, moments.motion
        mean, axes = _principal(points)
        low = _projected(points, mean, axes)
        tree = cKDTree(low)
        reach = self.near * np.sqrt(points.shape[1])
        straight = np.arange(points.shape[1])
        turned = straight.reshape(-1, len(mirror))[:, list(mirror)].ravel()
        # What is asked for one after the other is near each other, and so in the processor's cache.
        nearby = tree.indices
        near = np.empty((len(low), min(self.neighbours + 1, len(low))), np.int64)
        for order in (straight, turned) if (turned != straight).any() else (straight,):
            asked = low if order is straight else _projected(points, mean[order], axes[order])
            _, near[nearby] = tree.query(asked[nearby], near.shape[1], distance_upper_bound=reach, workers=-1)
            found = kernels.near_pairs(points, motion, near, order, self.near**2)
            lags = moments.time[found[:, 1]] - moments.time[found[:, 0]]
            for (one, other), lag in zip(motion[found].tolist(), lags.tolist(), strict=True):
                yield (one, other, order is turned), lag

    def _compare(self, one: Tracks, other: Tracks, lag: float, *, mirrored: bool) -> list[_Match]:
        """Return the runs in which two motions are one at a lag, in samples of the first."""
        least = min(self.shortest * RATE, 0.9 * max(len(one.values), len(other.values)))
        order = np.array(one.mirrored if mirrored else range(len(one.mirrored)), np.int64)
        _, squares = _squares(one, other, lag, order)
        # Moments say the lag to a third of a sample; most pairs of moments are like each other and no more.
        if not len(kernels.low_runs(squares, (1.5 * self.same) ** 2, _GAP, least)):
            return []
        lag = kernels.best_lag(one.values.T, other.values.T, order, lag, self.same**2)
        first, squares = _squares(one, other, lag, order)
        found = []
        for start, stop in kernels.low_runs(squares, self.same**2, _GAP, least).tolist():
            error = float(np.sqrt(squares[start : stop + 1].mean()))
            if error > self.whole:
                continue
            movement = kernels.movement(one.values.T, first + start, first + stop + 1)
            if movement >= self.movement and error <= self.share * movement:
                found.append(_Match(first + start, first + stop, lag, error))
        return found


def _squares(one: Tracks, other: Tracks, lag: float, order: NDArray[np.int64]) -> tuple[int, _Floats]:
    """Return the first sample of one that both have at a lag, and their mean square differences from there on."""
    first, stop = kernels.shared(len(one.values), len(other.values), lag)
    if stop <= first:
        return 0, np.zeros(0)
    return first, kernels.mismatch(one.values.T, other.values.T, order, first, stop, lag)


def _moments(tracks: Sequence[Tracks]) -> _Moments:
    """Return the moments of all motions; left and right count alike, so a mirrored one has them at the same times."""
    weights = np.exp(-0.5 * (np.arange(-6, 7) / _WIDTH) ** 2)
    weights /= weights.sum()
    around = np.array(_AROUND)
    found = [kernels.moments(track.values.T, weights, around) for track in tracks]
    return _Moments(
        np.repeat(np.arange(len(tracks)), [len(times) for times, _ in found]),
        np.concatenate([times for times, _ in found]),
        np.concatenate([points for _, points in found]),
    )


def _wholes(tracks: Sequence[Tracks]) -> _Moments:
    """Return a description of each motion from start to end, by which short ones are found that have no moment."""
    points = [
        track.values[np.linspace(0, len(track.values) - 1, len(_AROUND)).round().astype(np.intp)].ravel()
        for track in tracks
    ]
    return _Moments(np.arange(len(tracks)), np.zeros(len(tracks)), np.stack(points))


def _principal(points: NDArray[np.float32]) -> tuple[_Floats, _Floats]:
    """Return the mean of points and the directions, as columns, in which they differ most."""
    some = points[:: max(1, len(points) // 20_000)].astype(np.float64)
    mean = some.mean(axis=0)
    _, axes = np.linalg.eigh((some - mean).T @ (some - mean))
    return mean, axes[:, -_DIMENSIONS:]


def _projected(points: NDArray[np.float32], mean: _Floats, axes: _Floats) -> _Floats:
    """Return points in few dimensions (M, D), some at a time: a copy of all in float64 would be the largest array."""
    parts = np.array_split(points, range(_PART, len(points), _PART))
    return np.concatenate([(part - mean) @ axes for part in parts])


def _agreed(lags: Sequence[float]) -> list[float]:
    """Return lags that several moments agree on, those of the most moments first, at most four."""
    groups: list[list[float]] = []
    for lag in sorted(lags):
        if groups and lag - groups[-1][-1] <= 1.0:
            groups[-1].append(lag)
        else:
            groups.append([lag])
    groups.sort(key=len, reverse=True)
    return [median(group) for group in groups[:4]]


def _apart(matches: Sequence[_Match]) -> list[_Match]:
    """Return the longest matches that do not overlap, in order."""
    kept: list[_Match] = []
    for match in sorted(matches, key=lambda one: one.first - one.last):
        if all(match.first > one.last or match.last < one.first for one in kept):
            kept.append(match)
    return sorted(kept)


def _of_bytes(takes: Sequence[TakeSummary]) -> tuple[list[Finding], set[frozenset[str]]]:
    """Return findings of files that are equal byte for byte, and the pairs of motions."""
    found, known = [], set()
    first: dict[str, TakeSummary] = {}
    for take in takes:
        for digest in take.digests:
            other = first.setdefault(digest, take)
            pair = frozenset((take.key, other.key))
            if other is take or pair in known:
                continue
            known.add(pair)
            message = f"Its file is equal to that of {other.key} byte for byte; leave one of them out."
            finding = Finding("duplicate-bytes", "warning", take.key, message, other=other.key)
            found.append(across_splits(finding, take.split, other.split))
    return found, known


def _of_frames(takes: Sequence[TakeSummary], known: set[frozenset[str]]) -> list[Finding]:
    """Return the motions whose frames are those of another one at another rate, and add the pairs to those known."""
    found = []
    first: dict[str, tuple[TakeSummary, BodySummary]] = {}
    for take in takes:
        for body in take.bodies:
            other, its = first.setdefault(body.content, (take, body))
            pair = frozenset((take.key, other.key))
            if other is take or body.rate == its.rate or pair in known or body.frames < _FEWEST:
                continue
            known.add(pair)
            whole = (1, body.frames)
            finding = Finding(
                "duplicate-frames",
                "warning",
                take.key,
                f"Its frames are those of {other.key}, at {body.rate:.6g} instead of {its.rate:.6g} per second, one of "
                "which is wrong; leave one of them out.",
                other=other.key,
                frames=whole,
                value=body.rate / its.rate,
                limit=1.0,
                other_frames=whole,
            )
            found.append(across_splits(finding, take.split, other.split))
    return found


def _finding(
    one: tuple[TakeSummary, BodySummary],
    other: tuple[TakeSummary, BodySummary],
    match: _Match,
    limit: float,
    *,
    mirrored: bool,
) -> Finding:
    first, last = match.first, match.last
    sides = [(one, first, last), (other, first + match.lag, last + match.lag)]
    # The later of two motions is the copy; across splits the one that is not in train.
    sides.sort(key=lambda side: (side[0][0].split != "train", natural(side[0][0].key)), reverse=True)
    numbered = []
    for (_, body), start, stop in sides:
        frames = [round(at * body.rate / RATE) for at in (start, stop)]
        numbered.append((max(1, frames[0] + 1), min(body.frames, frames[1] + 1)))
    (take, body), (kept, there) = sides[0][0], sides[1][0]
    covered = [
        (frames[1] - frames[0] + 1 + 2 * part.rate / RATE) / part.frames
        for frames, part in zip(numbered, (body, there), strict=True)
    ]
    whole = min(covered) >= 0.97
    resampled = abs(body.rate / there.rate - 1) > 0.01
    differences = [
        *(["mirrored"] if mirrored else []),
        *([f"at {body.rate:.6g} instead of {there.rate:.6g} frames per second"] if resampled else []),
        *(["of another size"] if there.height and abs(body.height / there.height - 1) > 0.02 else []),
    ]
    code = "mirrored" if mirrored else "resampled" if resampled else "motion" if whole else "part"
    finding = Finding(
        f"duplicate-{code}",
        "warning",
        take.key,
        f"{'All' if whole else 'A part'} of it is frames {numbered[1][0]}-{numbered[1][1]} of {kept.key}"
        f"{', ' + ', '.join(differences) if differences else ''}; leave one of them out, or keep both in one split.",
        other=kept.key,
        frames=numbered[0],
        value=match.error,
        limit=limit,
        other_frames=numbered[1],
    )
    return across_splits(finding, take.split, kept.split)
