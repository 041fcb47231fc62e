"""A finding: one thing that a check found in a motion, with its place, the measured value and the limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from motionprep.sources.pairing import natural

Severity = Literal["error", "warning", "note"]
#: From the gravest on.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
#: Of all checks and measures together; raise it whenever one of them finds something else in the same takes.
VERSION = 2


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Parameters
    ----------
    code
        Name of what was found; begins with the word of its check: ``"jump-root"``, ``"duplicate-bytes"``.
    severity
        ``"error"``: the data are wrong. ``"warning"``: probably wrong. ``"note"``: worth knowing.
    motion
        Key of the motion.
    message
        One sentence that ends in what to do.
    other
        Key of the other motion where two are compared; empty if there is none.
    frames
        First and last frame, counted from 1; None for the whole motion.
    joint
        Joint or marker; empty if the finding is about the whole body.
    value, limit
        What was measured and the limit that it exceeds, in the unit that docs/quality.md names for the code.
    other_frames
        First and last frame of the other motion that are those of ``frames``, counted from 1; None if there are none.
    """

    code: str
    severity: Severity
    motion: str
    message: str
    other: str = ""
    frames: tuple[int, int] | None = None
    joint: str = ""
    value: float | None = None
    limit: float | None = None
    other_frames: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        # NumPy's numbers are no JSON.
        for field in ("value", "limit"):
            number = getattr(self, field)
            if number is not None:
                object.__setattr__(self, field, float(number))
        if self.frames is not None:
            object.__setattr__(self, "frames", (int(self.frames[0]), int(self.frames[1])))

    def to_json(self) -> Mapping[str, Any]:
        """Return the finding as plain values, keys in the order that docs/quality.md gives."""
        plain = asdict(self)
        keys = ("code", "severity", "motion", "other", "frames", "joint", "value", "limit", "message")
        return {key: plain[key] for key in keys}


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in natural order of motions, the gravest of each first."""
    return sorted(findings, key=_order)


def _order(finding: Finding) -> tuple[object, ...]:
    return (
        natural(finding.motion),
        SEVERITIES.index(finding.severity),
        finding.code,
        finding.frames or (0, 0),
        finding.joint,
        finding.other,
    )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is 1."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def has_error(findings: Iterable[Finding]) -> bool:
    """Return whether any finding is an error."""
    return any(finding.severity == "error" for finding in findings)
