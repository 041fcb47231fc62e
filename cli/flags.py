"""Names of the library's arguments in its messages, as flags of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

_ARGUMENT = re.compile(r"`([a-z_]+)`")
#: Names of the options of arguments that have another name on the command line.
OPTION_NAMES = {"prediction": "source", "file_bytes": "file_mb", "normalize": "no_normalize"}


def with_flags(message: str, root: click.Command | None = None) -> str:
    """Return a message in which arguments such as `` `min_frames` `` are flags, here ``--min-frames``.

    Parameters
    ----------
    message
        What the library says. An argument that is no flag of any verb stays as it is.
    root
        The command line; that which runs now if None.
    """
    if "`" not in message:
        return message
    if root is None:
        root = click.get_current_context().find_root().command
    flags = dict(_flags(root))

    def flag(found: re.Match[str]) -> str:
        name = found[1]
        return flags.get(name) or flags.get(OPTION_NAMES.get(name, "")) or found[0]

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
