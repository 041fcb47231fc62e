"""Animations as BVH, of what is stored or of what a model predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from motionprep.dataset import inversion
from motionprep.dataset.invert import invert
from motionprep.errors import ExportError, PredictionError, RecipeError
from motionprep.exporting import animation
from motionprep.exporting.base import Export, Report, file_stem, sample_name
from motionprep.exporting.prediction import cut, read_prediction
from motionprep.files.progress import OnProgress
from motionprep.formats.bvh import read_bvh, write_bvh
from motionprep.maths.smoothing import METHODS, smooth
from motionprep.motion import rotations
from motionprep.motion.skeleton import POSITION_CHANNELS
from motionprep.stages.local_frame import LocalFrame

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset
    from motionprep.dataset.motion import StoredMotion
    from motionprep.motion.arrays import Floats
    from motionprep.motion.motion import Motion
    from motionprep.motion.skeleton import Skeleton

_TURNS = ("rotations", "quaternions", "rotations_6d", "global_rotations")
_USED = (*_TURNS, "root_rotation", "root_position", "positions")
_READING = """\
import motionprep

motionprep.read_bvh("{first}").positions()  # (F, N, 3)
"""


@dataclass(frozen=True, kw_only=True)
class Bvh(Export):
    """A file a motion, ``test/69_01.bvh``, in the world, units and axes of the files that the dataset was built from.

    Parameters
    ----------
    motion
        The key of the one motion to export; all if empty.
    prediction
        A ``.npy`` file of (F, K) in place of what is stored, the frames of these motions end to end, or of (S, T, K),
        the windows of the recipe's task if these lie end to end. What it does not predict is as stored, and so are
        frames that are in no window.
    fields
        What it predicts; if empty, the targets of the recipe's task if they have its numbers, or else the one feature
        that has its shape.
    normalize
        Whether the prediction is normalized where the recipe normalizes.
    smooth
        Method of :func:`motionprep.smooth` by which what is predicted is made steady, in the world of the files; none
        if empty.
    """

    motion: str = ""
    prediction: str = ""
    fields: tuple[str, ...] = ()
    normalize: bool = True
    smooth: str = ""

    def __post_init__(self) -> None:
        if self.fields and not self.prediction:
            raise RecipeError("`fields` are those of a prediction; give one by `prediction`")
        if not self.normalize and not self.prediction:
            raise RecipeError("`normalize` is about a prediction, and there is none: give one by `prediction`")
        if self.smooth and not self.prediction:
            raise RecipeError("`smooth` is about a prediction, and there is none: give one by `prediction`")
        if self.smooth not in ("", *METHODS):
            raise RecipeError(f"`smooth` is {self.smooth!r}; it is one of {', '.join(METHODS)}")

    def write(self, dataset: Dataset, folder: Path, on_progress: OnProgress) -> Report:
        """Write a dataset into an empty folder; errors as in :meth:`Export.write`."""
        chosen = self._chosen(dataset)
        motions = [motion for _, motion in chosen]
        numbers: Any = [{}] * len(motions)
        notes = []
        if self.prediction:
            task = dataset.recipe.task
            predicted = read_prediction(
                self.prediction,
                motions[0],
                self.fields,
                task.targets if task else (),
                cut(motions, task) if task else None,
            )
            numbers = predicted.deal(motions, normalize=self.normalize)
            total = sum(motion.frames for motion in motions)
            if predicted.frames is not None and len(predicted.values) < total:
                left = total - len(predicted.values)
                notes.append(f"{left:,} of {total:,} frames are in no window that is predicted, and are as stored")
            features = [field.feature for field in predicted.fields]
            unshown = [name for name in dict.fromkeys(features) if name not in _USED]
            if len(unshown) == len({*features}):
                raise PredictionError(
                    f"{self.prediction}: predicts {', '.join(unshown)}, which no animation shows; it shows "
                    f"{', '.join(_USED)}"
                )
            if unshown:
                notes.append(f"{', '.join(unshown)} are predicted too, which no animation shows")
        worst, where, unturned, unplaced = 0.0, "", 0, 0
        for done, ((split, motion), arrays) in enumerate(zip(chosen, numbers, strict=True), start=1):
            path = folder / file_stem(split) / f"{sample_name(dataset[split], motion)}.bvh"
            path.parent.mkdir(exist_ok=True)
            try:
                shown = {name: array for name, array in arrays.items() if name in _USED}
                made, expected = _animate(motion, shown, self.prediction, normalize=self.normalize, method=self.smooth)
                write_bvh(made, path)
            except ValueError as error:
                raise ExportError(f"{motion.key}: {error}") from None
            unturned += not any("rotation" in name for names in made.skeleton.channels for name in names)
            unplaced += "positions" not in motion
            away = _distance(path, made, expected)
            if away >= worst:
                worst, where = away, motion.key
            on_progress(done, len(chosen))
        notes.insert(
            0,
            f"animations: {len(chosen):,}; read back, no node is further than {worst:.2g} from where it should be (in "
            f"{where}), in units of the files",
        )
        if unplaced:
            notes.append(
                f"positions of {unplaced:,} are not stored: nodes should be where rotations and OFFSETs put them"
            )
        if unturned:
            notes.append(f"{unturned:,} are of positions alone: their joints move, and none turns")
        split, motion = chosen[0]
        first = f"{file_stem(split)}/{sample_name(dataset[split], motion)}.bvh"
        splits = dict.fromkeys(split for split, _ in chosen)
        return Report(
            files={f"{file_stem(split)}/*.bvh": "animations, named by keys" for split in splits},
            features=tuple(name for name in _USED if name in motions[0]),
            reading=_READING.format(first=first),
            notes=tuple(notes),
            restored=True,
        )

    def _chosen(self, dataset: Dataset) -> list[tuple[str, StoredMotion]]:
        """Return split and motion of each animation."""
        splits = self.chosen_splits(dataset)
        if self.prediction and not self.splits:
            if "test" not in splits:
                raise RecipeError(
                    f"{self.prediction}: name the split that it predicts by `splits`; there are {', '.join(splits)}"
                )
            splits = {"test": splits["test"]}
        found = [
            (name, motion)
            for name, split in splits.items()
            for motion in split.values()
            if self.motion in ("", motion.key, motion.row["motion"])
        ]
        if not found:
            raise RecipeError(f"there is no motion {self.motion!r} in {', '.join(splits)}")
        return found


def _animate(
    motion: StoredMotion, numbers: Mapping[str, NDArray[Any]], source: str, *, normalize: bool, method: str
) -> tuple[Motion, Floats]:
    """Return the animation of a motion and where its nodes should be (F, N, 3).

    Parameters
    ----------
    motion
        Of a dataset.
    numbers
        Features (F, ...) that take the place of what is stored.
    source
        The file that they are from, for errors.
    normalize
        Whether they are normalized where the recipe normalizes.
    method
        By which they are smoothed; none if empty.

    Raises
    ------
    ValueError
        If neither rotations nor positions are there, or the joints are bare points.
    PredictionError
        If what is predicted cannot be brought into the world of the files.
    """
    read = motion.__getitem__ if normalize else motion.unnormalized
    stored = {name: read(name) for name in _USED if name in motion}
    turns, turned = {*_TURNS} & {*stored}, {*_TURNS} & {*numbers}
    if not turns and "positions" not in stored:
        raise ValueError("neither rotations nor positions of its nodes are stored, one of which an animation needs")
    skeleton = _skeleton(motion)
    if skeleton.bare and len(skeleton.joints) > 1:
        raise ValueError(
            "nothing says which joint hangs from which; an animation needs that: put parents = [-1, ...] into "
            "arrays.toml, then build again"
        )
    if len(turned) > 1:
        raise PredictionError(
            f"{source}: predicts {' and '.join(sorted(turned))}, which are the same rotations; save one of them alone"
        )
    true = invert(motion, stored, normalize=normalize)
    # What is predicted may leave no other form of the same rotations behind.
    kept = {name: array for name, array in stored.items() if not (turned and name in turns)}
    try:
        world = invert(motion, {**kept, **numbers}, normalize=normalize) if numbers else true
        if method:
            world = {**world, **{name: _smoothed(name, world[name], method, motion.rate) for name in numbers}}
    except ValueError as error:
        raise PredictionError(f"{source}: {error}") from None
    matrices = animation.local_rotations(true, skeleton, motion.form("rotations_6d"))
    if not numbers:
        if matrices is None:
            return animation.moving(skeleton, motion.rate, true["positions"]), true["positions"]
        made, expected = animation.turning(skeleton, motion.rate, matrices, _places(skeleton, matrices, true))
        return made, true.get("positions", expected)
    turn, carries, leads = _turn(world, true, numbers), _follows_root(motion), _leads(numbers, stored)
    predicted = _predicted_rotations(world, matrices, skeleton, motion.form("rotations_6d")) if turned else matrices
    if predicted is not None and "root_rotation" in numbers:
        predicted = predicted.copy()
        predicted[:, 0] = turn @ predicted[:, 0] if carries else rotations.nearest(_root_rotation(world))
    positions = _predicted_positions(world, true, numbers, turn, leads=leads, carries=carries)
    if leads:
        if turned and predicted is not None:
            return animation.placed(skeleton, motion.rate, predicted, positions), positions
        if "root_rotation" in numbers:
            # Rotations as stored would not follow the positions; the root's alone is predicted.
            unturned = np.broadcast_to(np.eye(3), (len(positions), len(skeleton.joints), 3, 3)).copy()
            unturned[:, 0] = rotations.nearest(_root_rotation(world))
            return animation.placed(skeleton, motion.rate, unturned, positions), positions
    if matrices is None or predicted is None or leads:
        return animation.moving(skeleton, motion.rate, positions), positions
    places = _places(skeleton, matrices, true)
    places[:, 0] = positions[:, 0]
    return animation.turning(skeleton, motion.rate, predicted, places)


def _smoothed(name: str, array: Floats, method: str, rate: float) -> Floats:
    """Return a feature (F, ...) in the world, smoothed; rotations may be matrices or nine numbers."""
    form = {"quaternions": "quaternions", "rotations_6d": "rotations_6d"}.get(name, "points")
    if name in ("rotations", "global_rotations", "root_rotation"):
        matrices = array.reshape(len(array), -1, 3, 3)
        return smooth(matrices, method, rate, form="rotations").reshape(array.shape)
    return smooth(array, method, rate, form=form)


def _follows_root(motion: StoredMotion) -> bool:
    """Return whether joints are expressed in a frame that is made of the root's place and rotation."""
    return any(isinstance(stage, LocalFrame) and stage.method != "rigid" for stage in motion.stages)


def _turn(world: Mapping[str, Floats], true: Mapping[str, Floats], numbers: Mapping[str, NDArray[Any]]) -> Floats:
    """Return the rotations (F, 3, 3) in the world from the root as recorded to the root as predicted."""
    if "root_rotation" not in numbers:
        return np.eye(3)[None]
    recorded = _root_rotation(true)
    return rotations.nearest(_root_rotation(world)) @ np.swapaxes(recorded, -1, -2)


def _root_rotation(arrays: Mapping[str, Floats]) -> Floats:
    return arrays["root_rotation"].reshape(-1, 3, 3)


def _predicted_rotations(world: Mapping[str, Floats], recorded: Floats | None, skeleton: Skeleton, six: str) -> Floats:
    """Return predicted local rotations (F, J, 3, 3); of the root those recorded where it is not among them.

    Raises
    ------
    ValueError
        If nothing says how the root is turned.
    """
    found = animation.local_rotations({name: world[name] for name in _TURNS if name in world}, skeleton, six)
    if found is None:
        if recorded is None:
            raise ValueError("rotations are predicted without the root's, which are not stored either")
        rest = world["rotations"].reshape(len(recorded), -1, 3, 3)
        found = np.concatenate([recorded[:, :1], rest], axis=1)
    # A network's matrices are no rotations to the last digit.
    return rotations.nearest(found)


def _predicted_positions(
    world: Mapping[str, Floats],
    true: Mapping[str, Floats],
    numbers: Mapping[str, NDArray[Any]],
    turn: Floats,
    *,
    leads: bool,
    carries: bool,
) -> Floats:
    """Return where the nodes should be (F, N, 3), or the root alone (F, 1, 3) where no positions are stored.

    Positions that are predicted in a frame made of the root, and those as stored, are carried along with the root that
    is predicted: the recorded one must not show.
    """
    recorded = _root(true)
    root = world["root_position"] if "root_position" in numbers else recorded
    if "positions" not in world:
        return np.array(root[:, None])
    positions = np.array(world["positions"])
    if "positions" in numbers:
        if "root_position" in numbers and not carries:
            positions[:, 0] = root
        if not leads:
            positions[:, 1:] += (positions[:, 0] - true["positions"][:, 0])[:, None]
        if not carries:
            return positions
    carried: Floats = np.einsum("...ij,...nj->...ni", turn, positions - recorded[:, None])
    return root[:, None] + carried


def _leads(numbers: Mapping[str, NDArray[Any]], stored: Mapping[str, NDArray[Any]]) -> bool:
    """Return whether positions are predicted of more than the root, which rotations as stored would not follow."""
    return "positions" in numbers and not np.array_equal(numbers["positions"][:, 1:], stored["positions"][:, 1:])


def _skeleton(motion: StoredMotion) -> Skeleton:
    """Return a motion's skeleton in the units and axes of its file."""
    frames = {name: motion[name] for name in motion if name.startswith("frame_")}
    steps = inversion.steps_from_json(msgspec.json.decode(motion.row["steps"] or "[]"), frames)
    return inversion.skeleton_back(motion.skeleton, steps)


def _places(skeleton: Skeleton, matrices: Floats, arrays: Mapping[str, Floats]) -> Floats:
    """Return each joint's place in its parent's frame (F, J, 3): by the positions, or else its offset."""
    if "positions" in arrays:
        places = animation.translations(skeleton, matrices, arrays["positions"])
    else:
        moved = [
            joint
            for joint, own in zip(skeleton.joints[1:], skeleton.channels[1:], strict=True)
            if not {*own}.isdisjoint(POSITION_CHANNELS)
        ]
        if moved:
            raise ValueError(
                f"positions are not stored, and rotations do not say where {', '.join(moved[:3])}"
                f"{', ...' if len(moved) > 3 else ''} are: such joints move in their parents' frames; build with "
                "positions among the features"
            )
        offsets = skeleton.node_offsets[: len(skeleton.joints)]
        places = np.broadcast_to(offsets, (len(matrices), *offsets.shape)).copy()
    places[:, 0] = _root(arrays)
    return places


def _root(arrays: Mapping[str, Floats]) -> Floats:
    if "root_position" in arrays:
        return arrays["root_position"]
    if "positions" in arrays:
        return arrays["positions"][:, 0]
    raise ValueError("the root's place is not stored; build with root_position or positions among the features")


def _distance(path: Path, made: Motion, expected: Floats) -> float:
    """Return how far nodes of a file are at most from where they should be (F, N, 3)."""
    again = read_bvh(path)
    order = [again.skeleton.nodes.index(name) for name in made.skeleton.nodes[: expected.shape[1]]]
    return float(np.linalg.norm(again.positions()[:, order] - expected, axis=-1).max())
