"""A file a motion, as AMASS has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from motionprep.errors import ExportError, RecipeError
from motionprep.exporting.base import Export, Report, file_stem, sample_name
from motionprep.files.progress import OnProgress

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset

_READING = """\
import numpy as np

motion = np.load("{split}/{name}.npz")  # no pickle in it
motion["poses"], motion["trans"], motion["betas"], str(motion["gender"]), float(motion["mocap_framerate"])
"""
#: Numbers of the body's 22 joints, and of all 52 that SMPL-H has with fingers.
_BODY, _WHOLE = 66, 156
_BETAS = 16
_GENDERS = ("neutral", "female", "male")


@dataclass(frozen=True, kw_only=True)
class Amass(Export):
    """A file a motion, ``train/69_01.npz``, with AMASS's arrays ``poses, trans, betas, gender, mocap_framerate``.

    Of a dataset that stores ``smpl``, in the world and axes of the files that it was built from, and in metres.

    Parameters
    ----------
    gender
        Of the body, ``"neutral"``, ``"female"`` or ``"male"``; its shape is the mean one.
    """

    gender: Literal["neutral", "female", "male"] = "neutral"

    def __post_init__(self) -> None:
        if self.gender not in _GENDERS:
            raise RecipeError(f"gender is {self.gender!r}; it is one of {', '.join(_GENDERS)}")

    def write(self, dataset: Dataset, folder: Path, on_progress: OnProgress) -> Report:
        """Write a dataset into an empty folder; errors as in :meth:`Export.write`."""
        from motionprep.dataset.invert import invert

        splits = self.chosen_splits(dataset)
        total, done = sum(len(split) for split in splits.values()), 0
        example = ""
        for split_name, split in splits.items():
            (folder / file_stem(split_name)).mkdir()
            for motion in split.values():
                if "smpl" not in motion:
                    raise ExportError(
                        f"{dataset.path}: {motion.key} has no smpl, of which AMASS's files are made; build it with "
                        "smpl among the features"
                    )
                rows = invert(motion, {"smpl": motion["smpl"]})["smpl"]
                poses = np.zeros((len(rows), _WHOLE))
                poses[:, :_BODY] = rows[:, :_BODY]
                name = sample_name(split, motion)
                example = example or _READING.format(split=file_stem(split_name), name=name)
                np.savez(
                    folder / file_stem(split_name) / f"{name}.npz",
                    allow_pickle=False,
                    poses=poses,
                    trans=rows[:, 72:] * motion.row["scale"],
                    betas=np.zeros(_BETAS),
                    gender=np.array(self.gender),
                    mocap_framerate=np.array(motion.rate),
                )
                done += 1
                on_progress(done, total)
        return Report(
            files={
                f"{file_stem(split_name)}/*.npz": f"{len(split):,} motions, named by their keys"
                for split_name, split in splits.items()
            },
            features=("smpl",),
            reading=example,
            details=(
                "`poses` (F, 156) are axis-angle in radians, of SMPL-H's 22 body joints; fingers are 0. `trans` (F, 3) "
                "is where the pelvis is, in metres; `betas` are 0. Axes are those of the files that were built, where "
                "AMASS has z up"
            ),
            restored=True,
        )
