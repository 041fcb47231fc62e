"""Progress of long functions: what a caller may pass to see it."""

from __future__ import annotations

from collections.abc import Callable

#: Called with how many of how many are done, from any thread.
OnProgress = Callable[[int, int], None]


def silent(_done: int, _total: int) -> None:
    """Show no progress."""
