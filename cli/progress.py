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
    """Counts motions and frames; a context.

    Parameters
    ----------
    quiet
        Say nothing.
    unit
        What is counted.
    """

    def __init__(self, *, quiet: bool, unit: str = "motions") -> None:
        self._quiet, self._unit = quiet, unit
        self._bar: Any = None
        self._total = self._motions = self._frames = self._first = 0
        self._counted = 0.0
        self._began = self._said = time.monotonic()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def start(self, total: int) -> None:
        """Begin to count up to so many motions."""
        self._total = total
        self._began = self._said = time.monotonic()
        if not self._quiet and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit=f" {self._unit}", leave=False, dynamic_ncols=True)

    def reach(self, done: int, total: int) -> None:
        """Count one more, of a total that is known only now."""
        if not self._total:
            self.start(total)
        self.advance(done - self._motions)

    def advance(self, motions: int, frames: int = 0) -> None:
        """Count motions, and frames if they are counted at all; called by several threads."""
        with self._lock:
            self._motions += motions
            self._frames += frames
            now = time.monotonic()
            if not self._first:
                self._first, self._counted = self._motions, now
            speed = f"{self._frames / max(now - self._began, 1e-9):,.0f} frames/s" if self._frames else ""
            if self._bar is not None:
                self._bar.set_postfix_str(speed, refresh=False)
                self._bar.update(motions)
            elif not self._quiet and now - self._said >= _LINE_EVERY:
                self._said = now
                parts = [f"{self._motions:,} of {self._total:,} {self._unit}"]
                # The first ones wait for loops to be compiled, which says nothing of those that follow.
                since = now - self._counted
                if self._motions > self._first and since > 0:
                    each = since / (self._motions - self._first)
                    parts += [f"{1 / each:,.0f} {self._unit}/s", *([speed] if speed else [])]
                    parts.append(f"{each * (self._total - self._motions):.0f} s left")
                click.echo(", ".join(parts), err=True)
