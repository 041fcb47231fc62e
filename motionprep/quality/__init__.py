"""Checks that find faults in motions, and motions that share frames; see docs/quality.md.

``check`` reads takes, runs every check of a take on each and every check of the corpus on what is kept of all. A check
is a frozen value in a file of its own whose fields are its thresholds; it returns :class:`Finding`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motionprep.quality.checking import CHECKS, as_take, check, check_take
    from motionprep.quality.finding import SEVERITIES, Finding, has_error
    from motionprep.quality.leaks import groups
    from motionprep.quality.measures import measure

__all__ = ["CHECKS", "SEVERITIES", "Finding", "as_take", "check", "check_take", "groups", "has_error", "measure"]

_WHERE = {
    "SEVERITIES": "finding",
    "Finding": "finding",
    "has_error": "finding",
    "groups": "leaks",
    "measure": "measures",
}


def __getattr__(name: str) -> Any:
    # Names are found when they are first used: what reads findings alone imports no NumPy.
    if name not in __all__:
        raise AttributeError(f"module 'motionprep.quality' has no attribute {name!r}")
    return getattr(import_module(f"motionprep.quality.{_WHERE.get(name, 'checking')}"), name)
