"""What the checks find in the sources of a dataset, as it is kept beside it."""

from __future__ import annotations

import msgspec

from motionprep.quality.finding import Finding


class SourceFindings(msgspec.Struct, frozen=True):
    """What the checks of :mod:`motionprep.quality` find in the sources of a dataset, whatever its splits are.

    Parameters
    ----------
    key
        A key of all that decides it.
    takes
        Keys of the motions that were checked.
    findings
        In the order of :func:`motionprep.quality.finding.in_order`.
    measures
        Numbers about a motion, by its key and their name.
    """

    key: str
    takes: tuple[str, ...]
    findings: tuple[Finding, ...]
    measures: dict[str, dict[str, float]]
