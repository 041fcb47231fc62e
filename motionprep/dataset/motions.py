"""The motions of a split, or of a part of it, in natural order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from motionprep.dataset.files import DatasetFiles
from motionprep.dataset.motion import StoredMotion
from motionprep.stages.features import Features


class Motions:
    """What a split reads its motions, arrays and windows from.

    Parameters
    ----------
    files
        The files of the dataset.
    name
        The name of the split, or of a part of it, ``train/1``.
    """

    def __init__(self, files: DatasetFiles, name: str) -> None:
        self.files, self.name = files, name
        #: The name of the whole split.
        self.whole, _, part = name.partition("/")
        #: The rows of the manifest.
        self.rows = tuple(
            row
            for row in files.rows
            if row["split"] == self.whole and row["status"] == "ok" and part in ("", str(row["part"]))
        )

    @cached_property
    def frames(self) -> int:
        """Number of frames of all motions."""
        return sum(row["frames"] for row in self.rows)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features that are stored of each motion."""
        stage = self.files.recipe.stages_for(self.whole)[-1]
        return stage.arrays if isinstance(stage, Features) else ()

    def stored(self, row: Mapping[str, Any]) -> StoredMotion:
        """Return the motion of a row of the manifest."""
        return StoredMotion(self.files, row)
