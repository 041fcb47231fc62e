"""What can go wrong, as few kinds as a caller needs to distinguish."""

from __future__ import annotations

import errno
import re

#: A quoted word of which errors show the beginning alone.
_LONG_WORD = re.compile(r"'([^'\s/\\]{80})[^'\s/\\]+'")


class MotionPrepError(Exception):
    """Base of every error that motionprep raises on purpose.

    Parameters
    ----------
    message
        What was found and what was expected; of a long word that it quotes, the beginning is kept.
    """

    def __init__(self, message: str) -> None:
        super().__init__(_LONG_WORD.sub(r"'\1...'", message))


class ReadError(MotionPrepError):
    """A source file does not follow its format.

    Parameters
    ----------
    message
        What was found and what was expected.
    path
        The file, as the user named it.
    line, column
        Where in a text file, counted from 1.
    section
        Where in a binary file, for instance ``"parameter section"``.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str = "<bytes>",
        line: int | None = None,
        column: int | None = None,
        section: str | None = None,
    ) -> None:
        self.message, self.path, self.line, self.column, self.section = message, path, line, column, section
        place = path
        if line is not None:
            place += f":{line}"
            if column is not None:
                place += f":{column}"
        if section is not None:
            place += f" ({section})"
        super().__init__(f"{place}: {message}")


class RateError(ReadError):
    """A file states no rate that can be right; all else in it may be well."""


class RecipeError(MotionPrepError):
    """A recipe, a split or a flag asks for something that cannot be."""


class SourceError(MotionPrepError):
    """The raw data cannot be found, distinguished or read."""


class DatasetError(MotionPrepError):
    """A built dataset is damaged, busy, of another format, or no dataset at all."""


class ReplaceError(DatasetError):
    """A build would leave nothing of the dataset that is there; it is done where replacing it is asked for."""


class MotionPrepWarning(UserWarning):
    """Something in a file was not as it should be and was read all the same."""


class BuildError(MotionPrepError):
    """A build ended without changing the dataset: no motion could be built, or one failed and it was strict."""


class EngineError(BuildError):
    """The engine that makes shards cannot be reached, is lost, or loses its workers; finished shards are kept."""


class ExportError(MotionPrepError):
    """An export cannot be written, or the dataset does not fit into it."""


class PredictionError(MotionPrepError):
    """Predictions do not fit the dataset that they are for, or are no numbers that can be compared."""


def is_full(error: OSError) -> bool:
    """Return whether an error of the system says that a disk is full, or as full as one may make it."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
