"""How far a build is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any, Self

import click

_LINE_EVERY = 5.0


class Progress:
    """Shows how many motions, or other things, are done; a context.

    Parameters
    ----------
    quiet
        Show nothing.
    unit
        What is counted.
    """

    def __init__(self, *, quiet: bool, unit: str = "motions") -> None:
        self._quiet, self._unit = quiet, unit
        self._bar: Any = None
        self._total = self._done = self._first = 0
        self._counted = 0.0
        self._began = self._shown = time.monotonic()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def start(self, total: int) -> None:
        """Begin to count up to a total."""
        self._total = total
        self._began = self._shown = time.monotonic()
        if not self._quiet and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit=f" {self._unit}", leave=False, dynamic_ncols=True)

    def reach(self, done: int, total: int) -> None:
        """Show how many are done, of how many."""
        if not self._total:
            self.start(total)
        self.advance(done - self._done)

    def advance(self, more: int) -> None:
        """Count some more; called by several threads."""
        with self._lock:
            self._done += more
            now = time.monotonic()
            if not self._first:
                self._first, self._counted = self._done, now
            if self._bar is not None:
                self._bar.update(more)
            elif not self._quiet and now - self._shown >= _LINE_EVERY:
                self._shown = now
                parts = [f"{self._done:,} of {self._total:,} {self._unit}"]
                # The first ones wait for loops to be compiled, which says nothing of those that follow.
                since = now - self._counted
                if self._done > self._first and since > 0:
                    each = since / (self._done - self._first)
                    parts += [f"{1 / each:,.0f} {self._unit}/s", f"{each * (self._total - self._done):.0f} s left"]
                click.echo(", ".join(parts), err=True)
