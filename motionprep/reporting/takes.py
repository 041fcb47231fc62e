"""The motions that a page's player holds, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from motionprep.errors import MotionPrepError
from motionprep.quality.finding import Finding
from motionprep.quality.take import CheckedTake
from motionprep.reporting import frames

#: Bytes that all motions of a page take together, of the 3 MB that a page may have.
BUDGET = 2_000_000
#: Findings in the table of a page; a page with more would open slowly.
_MOST_FINDINGS = 2000


@dataclass(frozen=True)
class Words:
    """What is said of a motion beside its key.

    Parameters
    ----------
    split, subject, label
        Empty if it has none.
    """

    split: str = ""
    subject: str = ""
    label: str = ""


def as_takes(
    takes: Sequence[CheckedTake], words: Mapping[str, Words], findings: Sequence[Finding], budget: int = BUDGET
) -> list[dict[str, Any]]:
    """Return motions for the player, each with as many of its frames as fit; see docs/report.md.

    Parameters
    ----------
    takes
        Those that have something to show come out, in their order.
    words
        By key.
    findings
        Short ranges of frames that they name are kept at the take's own rate.
    budget
        Bytes of all of them in the page.
    """
    views = [(take, pane) for take in takes for pane in frames.panes(take)]
    costs = [frames.frame_bytes(pane) for _, pane in views]
    needs = [cost * pane[0].frames for cost, (_, pane) in zip(costs, views, strict=True)]
    found: dict[int, dict[str, Any]] = {}
    for (take, pane), cost, share in zip(views, costs, frames.shares(needs, budget), strict=True):
        own = words.get(take.key, Words())
        plain = found.setdefault(
            id(take),
            {"key": take.key, "split": take.split, "subject": own.subject, "label": own.label, "panes": []},
        )
        named = [one.frames for one in findings if one.motion == take.key and one.frames]
        named += [one.other_frames for one in findings if one.other == take.key and one.other_frames]
        plain["panes"].append(frames.as_pane(pane, max(2, share // cost), named))
    return list(found.values())


def as_findings(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return findings for the table without what is empty; the gravest where there are too many for a page."""
    kept = sorted(findings, key=lambda one: ("error", "warning", "note").index(one.severity))[:_MOST_FINDINGS]
    plain = [
        {
            **{name: value for name, value in finding.to_json().items() if name != "limit"},
            "value": finding.value if finding.value is not None and isfinite(finding.value) else None,
            "other_frames": finding.other_frames,
        }
        for finding in kept
    ]
    return [{name: value for name, value in one.items() if value not in (None, "")} for one in plain]


def read(
    unread: Mapping[str, Callable[[], CheckedTake]], keys: Sequence[str], on_progress: Callable[[int], None]
) -> list[CheckedTake]:
    """Return the takes of some keys; what cannot be read has a finding that says so, and is left out.

    ``on_progress`` is called with how many are done.
    """
    found = []
    for done, key in enumerate(keys):
        on_progress(done)
        try:
            take = unread[key]()
        except MotionPrepError:
            continue
        if any(body.frames and body.names for body in take.bodies):
            found.append(take)
    return found
