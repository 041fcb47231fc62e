"""Duplicates: motions that share frames, within a split and across splits.

No two motions are compared unless they have a moment in common. A moment is an extremum of the summed angles between
limbs; what the limbs do around it, one second long, is a point in few dimensions, and equal points are found by a k-d
tree. Moments that agree on the lag between two motions then lead to a comparison sample by sample.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motionprep.quality import kernels
from motionprep.quality.body import runs
from motionprep.quality.finding import Finding
from motionprep.quality.take import BodySummary, TakeSummary
from motionprep.quality.tracks import RATE, Tracks
from motionprep.sources.pairing import natural

_Floats = NDArray[np.float64]
#: Samples around a moment that describe it, and how far the outermost is.
_AROUND = (-12, -7, -3, 0, 3, 7, 12)
_REACH = 12
#: Dimensions of the points among which neighbours are looked for.
_DIMENSIONS = 10
#: Samples before and after each over which differences are averaged.
_NOISE = 3
#: Width of the filter, in samples, after which extrema are looked for.
_WIDTH = 2.0


class _Moments(NamedTuple):
    """Moments of several motions: which motion, when in samples, and the description of each."""

    motion: NDArray[np.intp]
    time: _Floats
    points: _Floats


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
        for (one, other, mirrored), lags in self._candidates(tracks).items():
            takes = group[one][0], group[other][0]
            pair = frozenset((takes[0].key, takes[1].key))
            if pair in known:
                continue
            matches: list[_Match] = []
            for lag in lags:
                if any(abs(match.lag - lag) < 2 for match in matches):
                    continue
                matches += self._compare(tracks[one], tracks[other], lag, mirrored=mirrored)
            if not matches:
                continue
            if not mirrored:
                known.add(pair)
            for match in _apart(matches):
                yield _finding(group[one][:2], group[other][:2], match, self.whole, mirrored=mirrored)

    def _candidates(self, tracks: Sequence[Tracks]) -> dict[tuple[int, int, bool], list[float]]:
        """Return the lags, in samples, at which two motions may be one, by the two and whether one is mirrored."""
        votes: dict[tuple[int, int, bool], list[float]] = defaultdict(list)
        for moments in (_moments(tracks), _wholes(tracks)):
            for pair, lag in self._neighbours(moments, tracks[0].mirrored):
                votes[pair].append(lag)
        return {pair: _agreed(lags) for pair, lags in sorted(votes.items(), key=lambda one: one[0][2])}

    def _neighbours(self, moments: _Moments, mirror: tuple[int, ...]) -> Iterator[tuple[tuple[int, int, bool], float]]:
        """Yield two motions, whether one is mirrored, and a lag, for each two moments that are near each other."""
        from scipy.spatial import cKDTree

        if len(moments.time) < 2:
            return
        mean, axes = _principal(moments.points)
        low = (moments.points - mean) @ axes
        tree = cKDTree(low)
        reach = self.near * np.sqrt(moments.points.shape[1])
        turned = moments.points.reshape(len(low), -1, len(mirror))[:, :, list(mirror)].reshape(len(low), -1)
        images = [(False, moments.points)]
        if mirror != tuple(range(len(mirror))):
            images.append((True, turned))
        for mirrored, points in images:
            count = min(self.neighbours + 1, len(low))
            far, near = tree.query((points - mean) @ axes, k=count, distance_upper_bound=reach)
            row, column = np.nonzero(np.isfinite(far))
            there = near[row, column]
            # A pair is found from both of its motions, and kept once.
            once = moments.motion[row] < moments.motion[there]
            row, there = row[once], there[once]
            close = np.sqrt(((points[row] - moments.points[there]) ** 2).mean(axis=1)) <= self.near
            for at, to in zip(row[close], there[close], strict=True):
                pair = int(moments.motion[at]), int(moments.motion[to]), mirrored
                yield pair, float(moments.time[to] - moments.time[at])

    def _compare(self, one: Tracks, other: Tracks, lag: float, *, mirrored: bool) -> list[_Match]:
        """Return the runs in which two motions are one at a lag, in samples of the first."""
        least = min(self.shortest * RATE, 0.9 * max(len(one.values), len(other.values)))
        _, squares = _squares(one, other, lag, mirrored=mirrored)
        # Moments say the lag to a third of a sample; most pairs of moments are like each other and no more.
        if not any(stop - start + 1 >= least for start, stop in runs(squares <= (1.5 * self.same) ** 2, 3)):
            return []
        for reach in (0.5, 0.08):
            lag = min(
                (lag + float(step) for step in np.linspace(-reach, reach, 9)),
                key=lambda tried: self._error(one, other, tried, mirrored=mirrored),
            )
        first, squares = _squares(one, other, lag, mirrored=mirrored)
        found = []
        for start, stop in runs(squares <= self.same**2, 3):
            if stop - start + 1 < least:
                continue
            part = one.values[first + start : first + stop + 1]
            movement = float(np.sqrt(((part - part.mean(axis=0)) ** 2).mean()))
            error = float(np.sqrt(squares[start : stop + 1].mean()))
            if movement >= self.movement and error <= min(self.whole, self.share * movement):
                found.append(_Match(first + start, first + stop, lag, error))
        return found

    def _error(self, one: Tracks, other: Tracks, lag: float, *, mirrored: bool) -> float:
        _, squares = _squares(one, other, lag, mirrored=mirrored)
        # Where one is a part of the other only that part says which lag is right.
        return float(np.minimum(squares, self.same**2).mean()) if len(squares) else np.inf


def _squares(one: Tracks, other: Tracks, lag: float, *, mirrored: bool) -> tuple[int, _Floats]:
    """Return the first sample of one that both have at a lag, and their mean square differences from there on."""
    whole = int(np.floor(lag))
    first, stop = max(0, -whole), min(len(one.values), len(other.values) - whole - 1)
    if stop <= first:
        return 0, np.zeros(0)
    order = np.array(one.mirrored if mirrored else range(len(one.mirrored)), np.int64)
    return first, kernels.mismatch(one.values, other.values, order, first, stop, lag, _NOISE)


def _moments(tracks: Sequence[Tracks]) -> _Moments:
    """Return the moments of all motions."""
    motions, times, points = [], [], []
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / _WIDTH) ** 2)
    kernel /= kernel.sum()
    for index, track in enumerate(tracks):
        values = track.values.astype(np.float64)
        if len(values) < 2 * _REACH + 3:
            continue
        padded = np.pad(values, ((6, 6), (0, 0)), "edge")
        values = np.stack([np.convolve(column, kernel, "valid") for column in padded.T], axis=1)
        # Left and right count alike, so a mirrored motion has its moments at the same times.
        signal = values.sum(axis=1)
        slope = np.diff(signal)
        at = np.flatnonzero((slope[:-1] > 0) != (slope[1:] > 0)) + 1
        at = at[(at >= _REACH + 1) & (at < len(values) - _REACH - 2)]
        bend = signal[at - 1] - 2 * signal[at] + signal[at + 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            time = at + np.clip((signal[at - 1] - signal[at + 1]) / (2 * bend), -0.5, 0.5)
        time = time[np.isfinite(time)]
        around = time[:, None] + np.array(_AROUND)
        before = np.floor(around).astype(np.intp)
        part = (around - before)[..., None]
        described = values[before] * (1 - part) + values[before + 1] * part
        described = described.reshape(len(time), len(_AROUND) * values.shape[1])
        good = np.isfinite(described).all(axis=1)
        motions.append(np.full(int(good.sum()), index))
        times.append(time[good])
        points.append(described[good].astype(np.float32))
    if not motions:
        return _Moments(np.zeros(0, np.intp), np.zeros(0), np.zeros((0, 1)))
    return _Moments(np.concatenate(motions), np.concatenate(times), np.concatenate(points))


def _wholes(tracks: Sequence[Tracks]) -> _Moments:
    """Return a description of each motion from start to end, by which short ones are found that have no moment."""
    points = [
        track.values[np.linspace(0, len(track.values) - 1, len(_AROUND)).round().astype(np.intp)].ravel()
        for track in tracks
    ]
    return _Moments(np.arange(len(tracks)), np.zeros(len(tracks)), np.stack(points))


def _principal(points: _Floats) -> tuple[_Floats, _Floats]:
    """Return the mean of points and the directions, as columns, in which they differ most."""
    some = points[:: max(1, len(points) // 20_000)].astype(np.float64)
    mean = some.mean(axis=0)
    _, axes = np.linalg.eigh((some - mean).T @ (some - mean))
    return mean, axes[:, -_DIMENSIONS:]


def _agreed(lags: Sequence[float]) -> list[float]:
    """Return lags that several moments agree on, those of the most moments first, at most four."""
    ordered = np.sort(lags)
    groups = np.split(ordered, np.flatnonzero(np.diff(ordered) > 1.0) + 1)
    groups.sort(key=len, reverse=True)
    return [float(np.median(group)) for group in groups[:4]]


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
            leak = bool(take.split and other.split and take.split != other.split)
            found.append(
                Finding(
                    "duplicate-bytes",
                    "error" if leak else "warning",
                    take.key,
                    f"Its file is equal to that of {other.key} byte for byte; leave one of them out.",
                    other=other.key,
                )
            )
    return found, known


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
    leak = bool(take.split and kept.split and take.split != kept.split)
    splits = f", across the splits {take.split} and {kept.split}" if leak else ""
    return Finding(
        f"duplicate-{code}",
        "error" if leak else "warning",
        take.key,
        f"{'All' if whole else 'A part'} of it is frames {numbered[1][0]}-{numbered[1][1]} of {kept.key}"
        f"{', ' + ', '.join(differences) if differences else ''}{splits}; leave one of them out, or keep both in one "
        "split.",
        other=kept.key,
        frames=numbered[0],
        value=match.error,
        limit=limit,
        other_frames=numbered[1],
    )


def groups(findings: Iterable[Finding]) -> list[frozenset[str]]:
    """Return the groups of motions that share frames, by their keys: what must go whole to one split."""
    group: dict[str, set[str]] = {}
    for finding in findings:
        if finding.code.startswith("duplicate"):
            both = group.get(finding.motion, {finding.motion}) | group.get(finding.other, {finding.other})
            group |= dict.fromkeys(both, both)
    return sorted({frozenset(one) for one in group.values()}, key=lambda one: natural(*sorted(one)))
