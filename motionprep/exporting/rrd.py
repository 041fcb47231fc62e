"""A recording a motion for the viewer Rerun."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motionprep.errors import ExportError
from motionprep.exporting.base import Export, Report, file_stem, sample_name
from motionprep.files.progress import OnProgress
from motionprep.motion.feature_kinds import FEET

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset
    from motionprep.dataset.motion import StoredMotion

_READING = """\
rerun {example}  # pip install rerun-sdk
"""
#: Colours that people with any colour vision can tell apart (Okabe and Ito 2008).
_BONES, _JOINTS, _MARKERS = (0, 114, 178), (86, 180, 233), (230, 159, 0)


@dataclass(frozen=True, kw_only=True)
class Rrd(Export):
    """A file a motion, ``train/69_01.rrd``: bones, joints, markers and contacts over frames and seconds.

    Numbers are those that are stored, not normalized. An invisible marker is left out of its frame.
    """

    def write(self, dataset: Dataset, folder: Path, on_progress: OnProgress) -> Report:
        """Write a dataset into an empty folder; errors as in :meth:`Export.write`."""
        if importlib.util.find_spec("rerun") is None:
            raise ExportError("an export for Rerun needs its package, which is not installed: pip install rerun-sdk")
        splits = self.chosen_splits(dataset)
        total, done = sum(len(split) for split in splits.values()), 0
        features: dict[str, None] = {}
        example = ""
        for split_name, split in splits.items():
            (folder / file_stem(split_name)).mkdir()
            for motion in split.values():
                place = f"{file_stem(split_name)}/{sample_name(split, motion)}.rrd"
                example = example or place
                features.update(dict.fromkeys(_log(motion, folder / place)))
                done += 1
                on_progress(done, total)
        return Report(
            files={
                f"{file_stem(split_name)}/*.rrd": f"{len(split):,} motions, named by their keys"
                for split_name, split in splits.items()
            },
            features=tuple(features),
            reading=_READING.format(example=example),
            details=(
                "Each recording has the timelines `frame` (of the stored frames, from 1) and `time` (seconds), and the "
                "entities `skeleton/bones`, `skeleton/joints`, `markers` and `contacts/...`, as far as the dataset "
                "stores them"
            ),
        )


def _log(motion: StoredMotion, path: Path) -> list[str]:
    """Write the recording of a motion, and return the features that are in it."""
    import rerun as rr

    shown = [name for name in ("positions", "markers", "contacts") if name in motion]
    if not {"positions", "markers"} & {*shown}:
        raise ExportError(f"{motion.key}: neither positions nor markers of it are stored, so there is nothing to show")
    frames = np.arange(motion.frames)
    times = [
        rr.TimeColumn("frame", sequence=frames + 1),
        rr.TimeColumn("time", duration=frames / motion.rate),
    ]
    stream = rr.RecordingStream("motionprep", recording_id=motion.key, send_properties=False)
    stream.save(path)

    def points(entity: str, values: np.ndarray[Any, Any], counts: Any, color: tuple[int, int, int]) -> None:
        stream.log(entity, rr.Points3D.from_fields(colors=[color], radii=[-4.0]), static=True)
        stream.send_columns(entity, times, rr.Points3D.columns(positions=values).partition(counts))

    if "positions" in shown:
        positions = motion.unnormalized("positions")
        names = motion.names("positions")
        points("skeleton/joints", positions.reshape(-1, 3), np.full(motion.frames, positions.shape[1]), _JOINTS)
        stream.log("skeleton/joints", rr.Points3D.from_fields(labels=list(names), show_labels=False), static=True)
        bones = [(parent, node) for node, parent in enumerate(_parents(motion, names)) if parent >= 0]
        if bones:
            strips = positions[:, np.array(bones)].reshape(-1, 2, 3)
            stream.log("skeleton/bones", rr.LineStrips3D.from_fields(colors=[_BONES], radii=[-2.0]), static=True)
            stream.send_columns(
                "skeleton/bones",
                times,
                rr.LineStrips3D.columns(strips=strips).partition(np.full(motion.frames, len(bones))),
            )
    if "markers" in shown:
        markers = motion.unnormalized("markers")[..., :3]
        seen = (
            motion["markers_visible"].astype(bool) if "markers_visible" in motion else np.ones(markers.shape[:2], bool)
        )
        points("markers", markers[seen], seen.sum(axis=1), _MARKERS)
    if "contacts" in shown:
        for foot, values in zip(FEET, motion["contacts"].T, strict=True):
            stream.send_columns(f"contacts/{foot}", times, rr.Scalars.columns(scalars=values.astype(float)))
    stream.flush()
    stream.disconnect()
    return shown


def _parents(motion: StoredMotion, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the parent of each node that is stored, -1 for none."""
    return motion.skeleton.node_parents[: len(names)]
