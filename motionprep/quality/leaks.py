"""What motions that share frames mean for splits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from motionprep.quality.finding import Finding
from motionprep.sources.pairing import natural

#: The code of every duplicate begins with it.
DUPLICATE = "duplicate"
_ADVICE = "; leave one of them out"


def groups(findings: Iterable[Finding]) -> list[frozenset[str]]:
    """Return the groups of motions that share frames, by their keys: what must go whole to one split."""
    group: dict[str, set[str]] = {}
    for finding in findings:
        if finding.code.startswith(DUPLICATE):
            both = group.get(finding.motion, {finding.motion}) | group.get(finding.other, {finding.other})
            group |= dict.fromkeys(both, both)
    return sorted({frozenset(one) for one in group.values()}, key=lambda one: natural(*sorted(one)))


def across_splits(finding: Finding, split: str, other: str) -> Finding:
    """Return a duplicate as the error that it is where its motion and the other one are in different splits."""
    if not (split and other and split != other):
        return finding
    what, advice, rest = finding.message.rpartition(_ADVICE)
    message = f"{what}, across the splits {split} and {other}{advice}{rest}"
    return replace(finding, severity="error", message=message)
