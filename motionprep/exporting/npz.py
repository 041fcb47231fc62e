"""A NumPy archive a motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motionprep.exporting.base import ByMotion, Report, body, file_stem, sample_name
from motionprep.files.progress import OnProgress
from motionprep.recipe import labels

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset

_READING = """\
motion = np.load("{split}/{name}.npz")  # no pickle in it
motion["{feature}"], motion["rate"], motion["label"]
"""

#: A feature is called markers, so their names are not.
_WORDS = {"markers": "marker_names"}


@dataclass(frozen=True, kw_only=True)
class Npz(ByMotion):
    """A file a motion, ``train/69_01.npz``: its features, names, rate, label and key."""

    def write(self, dataset: Dataset, folder: Path, on_progress: OnProgress) -> Report:
        """Write a dataset into an empty folder; errors as in :meth:`Export.write`."""
        splits = self.chosen_splits(dataset)
        total, done = sum(len(split) for split in splits.values()), 0
        features: dict[str, None] = {}
        example = ""
        for split_name, split in splits.items():
            (folder / file_stem(split_name)).mkdir()
            for motion in split.values():
                chosen = self.chosen(motion)
                features.update(dict.fromkeys(chosen))
                name = sample_name(split, motion)
                example = example or _READING.format(split=file_stem(split_name), name=name, feature=chosen[0])
                named = labels.of_row(motion.row)
                np.savez(
                    folder / file_stem(split_name) / f"{name}.npz",
                    allow_pickle=False,
                    key=np.array(motion.key),
                    label=np.array(motion.label or ""),
                    labels=np.array([name for _, _, name in named], str),
                    label_frames=np.array([frames for *frames, _ in named], np.int64).reshape(-1, 2),
                    rate=np.array(motion.rate),
                    **{_WORDS.get(word, word): np.array(values) for word, values in body(motion).items()},
                    **{feature: self.read(motion, feature) for feature in chosen},
                )
                done += 1
                on_progress(done, total)
        return Report(
            files={
                f"{file_stem(split_name)}/*.npz": f"{len(split):,} motions, named by their keys"
                for split_name, split in splits.items()
            },
            features=tuple(features),
            reading=f"import numpy as np\n\n{example}",
            details=(
                "Beside the features (frames first) each file has `key`, `rate` (frames a second), `label` (empty if "
                "there is none), `labels` of ranges `label_frames` (first, end), and, of a skeleton, `joints`, "
                "`nodes`, `parents` and rest `offsets` of the nodes; `marker_names` has the names of markers"
            ),
        )
