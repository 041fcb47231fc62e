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
        self._total = self._motions = self._frames = 0
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
        self.tell(done - self._motions)

    def tell(self, motions: int, frames: int = 0) -> None:
        """Count motions, and frames if they are counted at all; called by several threads."""
        with self._lock:
            self._motions += motions
            self._frames += frames
            now = time.monotonic()
            speed = f"{self._frames / max(now - self._began, 1e-9):,.0f} frames/s" if self._frames else ""
            if self._bar is not None:
                self._bar.set_postfix_str(speed, refresh=False)
                self._bar.update(motions)
            elif not self._quiet and now - self._said >= _LINE_EVERY:
                self._said = now
                each = (now - self._began) / self._motions
                left = each * (self._total - self._motions)
                parts = [f"{self._motions:,} of {self._total:,} {self._unit}", f"{1 / each:,.0f} {self._unit}/s"]
                parts += [speed, f"{left:.0f} s left"] if speed else [f"{left:.0f} s left"]
                click.echo(", ".join(parts), err=True)
