"""Paths as arguments and options."""

from __future__ import annotations

from typing import Any

import click

from motionprep.files.reading import no_address


class LocalPath(click.Path):
    """A path on this machine; an address such as ``s3://bucket`` is refused as what it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if wrong := no_address(value):
            self.fail(wrong, param, ctx)
        return super().convert(value, param, ctx)
