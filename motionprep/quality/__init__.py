"""Checks that find faults in motions, and motions that share frames; see docs/quality.md.

``check`` reads takes, runs every check of a take on each and every check of the corpus on what is kept of all. A check
is a frozen value in a file of its own whose fields are its thresholds; it returns :class:`Finding`.
"""

from __future__ import annotations

from motionprep.quality.checking import CHECKS, as_take, check, check_take
from motionprep.quality.duplicates import groups
from motionprep.quality.finding import SEVERITIES, Finding, has_error
from motionprep.quality.measures import measure

__all__ = ["CHECKS", "SEVERITIES", "Finding", "as_take", "check", "check_take", "groups", "has_error", "measure"]
