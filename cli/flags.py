"""Names of the library's arguments in its messages, as flags of the command line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import click

_ARGUMENT = re.compile(r"`([a-z_]+)`")
#: Names of the options of arguments that have another name on the command line.
OPTION_NAMES = {"prediction": "source", "file_bytes": "file_mb", "normalize": "no_normalize"}


def with_flags(message: str, root: click.Group | None = None) -> str:
    """Return a message in which arguments such as `` `min_frames` `` are flags, here ``--min-frames``.

    Parameters
    ----------
    message
        What the library says. An argument that is no flag of any verb stays as it is; those of the verb that runs go
        before others.
    root
        The command line; that which runs now if None.
    """
    if "`" not in message:
        return message
    if root is None:
        context = click.get_current_context()
        found, running = context.find_root().command, context.command
    else:
        found = running = root
        for word in sys.argv[1:]:
            if not isinstance(running, click.Group):
                break
            running = running.get_command(click.Context(running), word) or running
    tables = (dict(_flags(running)), dict(_flags(found)))

    def flag(argument: re.Match[str]) -> str:
        names = (argument[1], OPTION_NAMES.get(argument[1], ""))
        return next((flags[name] for flags in tables for name in names if name in flags), argument[0])

    return _ARGUMENT.sub(flag, message)


def _flags(command: click.Command) -> Iterator[tuple[str, str]]:
    """Yield each option's name and longest flag."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if (below := command.get_command(context, name)) is not None:
                yield from _flags(below)
    for option in command.params:
        if option.name and isinstance(option, click.Option):
            yield option.name, max(option.opts, key=len)
