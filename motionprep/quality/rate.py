"""Rate: frames per second that do not fit the movement, the other file of the take, or the corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from motionprep.quality import kernels
from motionprep.quality.body import Body
from motionprep.quality.finding import Finding
from motionprep.quality.take import CheckedTake, TakeSummary

_LIMBS = tuple(f"{side}_{part}" for part in ("wrist", "elbow", "knee", "ankle") for side in ("left", "right"))
_NTSC = 1001 / 1000
#: The share of the speeds and accelerations of each limb that are no jumps.
_KEPT = 0.98


@dataclass(frozen=True)
class Rate:
    """Find rates that are probably wrong.

    Parameters
    ----------
    fast, slow
        Limits in seconds of the limbs' time scale: their root mean square speed relative to the pelvis divided by their
        root mean square acceleration, both smoothed and at about 30 frames per second. Recorded movement of any kind
        has 0.065 to 0.16 s; a rate that is stated k times too low makes it k times as long.
    root_speed
        Speed of the pelvis in body heights per second that nobody reaches for a twentieth of a motion: 12 m/s.
    least_speed
        Speed of the limbs, in body heights per second at the stated rate, below which nothing is measured.
    shortest
        Seconds of movement below which nothing is measured.
    pair
        Relative difference between the rates, or the durations, of the two files of a take.
    """

    fast: float = 0.0375
    slow: float = 0.21
    root_speed: float = 7.0
    least_speed: float = 0.02
    shortest: float = 0.7
    pair: float = 0.02

    def of_take(self, take: CheckedTake) -> list[Finding]:
        """Return what is wrong with the rates of a take's files."""
        found = [finding for body in take.bodies for finding in self._of_body(take.key, body)]
        if len(take.bodies) == 2:
            found += self._of_pair(take.key, *take.bodies)
        return found

    def _of_body(self, key: str, body: Body) -> Iterator[Finding]:
        limbs = [limb for limb in _LIMBS if body.has(limb)]
        if not limbs or not body.has("pelvis") or not body.height or body.clip or body.planar:
            return
        coarse = body.coarse
        root = coarse.at("pelvis")[:, 0]
        if len(root) < max(5.0, self.shortest * coarse.rate):
            return
        root_speed = np.linalg.norm(np.diff(root, axis=0), axis=1) * coarse.rate
        root_speed = root_speed[np.isfinite(root_speed)]
        fastest = float(np.percentile(root_speed, 95)) if len(root_speed) else 0.0
        if fastest > self.root_speed:
            yield self._finding(
                key, "rate-speed", body, fastest, self.root_speed, "the body travels {:.1f} body heights per second"
            )
        bends, slides = kernels.changes(coarse.at(*limbs), root, coarse.rate)
        # The largest are jumps, which say nothing about the rate.
        accelerations, speeds = (kernels.trimmed_mean(squares, _KEPT) for squares in (bends, slides))
        if not accelerations or np.sqrt(speeds) < self.least_speed:
            return
        scale = float(np.sqrt(speeds / accelerations))
        if not self.fast <= scale <= self.slow:
            limit = self.fast if scale < self.fast else self.slow
            word = "fast" if scale < self.fast else "slow"
            text = f"it moves too {word} for a body (time scale {{:.3f}} s)"
            yield self._finding(key, f"rate-{word}", body, scale, limit, text)

    def _finding(self, key: str, code: str, body: Body, value: float, limit: float, text: str) -> Finding:
        return Finding(
            code,
            "warning",
            key,
            f"At {body.rate:g} frames per second {text.format(value)}; state the true rate.",
            value=value,
            limit=limit,
        )

    def _of_pair(self, key: str, one: Body, other: Body) -> Iterator[Finding]:
        rates = max(one.rate, other.rate) / min(one.rate, other.rate) - 1
        durations = max(one.frames / one.rate, other.frames / other.rate) / max(
            1e-9, min(one.frames / one.rate, other.frames / other.rate)
        )
        if rates > self.pair and durations - 1 > self.pair:
            yield Finding(
                "rate-pair",
                "error",
                key,
                f"The {one.modality} have {one.frames:,} frames at {one.rate:g} per second, the {other.modality} "
                f"{other.frames:,} at {other.rate:g}; one of the rates is wrong: find which and state the true one.",
                value=one.rate / other.rate,
                limit=self.pair,
            )

    def of_corpus(self, takes: list[TakeSummary]) -> list[Finding]:
        """Return the takes whose rate differs from that of most takes."""
        found = []
        for modality in ("skeleton", "markers"):
            rates = {take.key: body.rate for take in takes for body in take.bodies if body.modality == modality}
            if len(set(rates.values())) < 2:
                continue
            common, count = Counter(rates.values()).most_common(1)[0]
            first = next(key for key, rate in rates.items() if rate == common)
            others = (
                f"{count:,} of {len(rates):,} motions have {common:.6g}"
                if 2 * count > len(rates)
                else f"{first} has {common:.6g}, and no rate is that of most motions"
            )
            for key, rate in rates.items():
                if rate == common:
                    continue
                ntsc = any(abs(one * _NTSC / other - 1) < 1e-5 for one, other in ((rate, common), (common, rate)))
                found.append(
                    Finding(
                        "rate-ntsc" if ntsc else "rate-differs",
                        "warning",
                        key,
                        f"It has {rate:.6g} frames per second, {others}; "
                        + ("state the same rate for all." if ntsc else "check the rate, or resample all to one."),
                        value=rate,
                        limit=common,
                    )
                )
        return found
