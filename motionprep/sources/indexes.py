"""Labels from text indexes that lie beside the data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from motionprep.files.reading import read_text
from motionprep.formats.zipped import UNREADABLE
from motionprep.sources import archives
from motionprep.sources.source import why


def labels_beside(paths: Sequence[str | os.PathLike[str]], notes: list[str] | None = None) -> dict[str, str]:
    """Return labels from every ``*index*.txt`` in the given folders and archives, and beside the given files.

    An index that cannot be read is left out, and of two labels of a key the first stands; ``notes`` takes a sentence
    that says so.
    """
    from motionprep.formats.index import parse_index

    given = {Path(path) for path in paths}
    labels: dict[str, str] = {}
    notes = [] if notes is None else notes
    for folder in dict.fromkeys(path if path.is_dir() else path.parent for path in map(Path, paths)):
        for file in sorted(folder.iterdir()):
            archive = file.suffix.lower() == archives.SUFFIX and (folder in given or file in given)
            if not (archive or _is_index(file.name)):
                continue
            try:
                texts = archives.entry_texts(file, _is_index) if archive else [read_text(file)]
            except UNREADABLE as error:
                notes.append(f"{file.name}: the index cannot be read, so its labels are missing: {why(error)}")
                continue
            for text in texts:
                labels = parse_index(text.decode("utf-8", errors="backslashreplace"), file.name, notes) | labels
    return labels


def _is_index(name: str) -> bool:
    return name.lower().endswith(".txt") and "index" in name.lower() and not name.startswith(".")
