"""Windows of a split: so many frames of one motion, as arrays that a network takes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motionprep.dataset.frame_pool import Block, Cache, Pool, bounds
from motionprep.dataset.motion import StoredMotion
from motionprep.dataset.motions import Motions
from motionprep.errors import DatasetError
from motionprep.motion.arrays import read_only
from motionprep.naming import fields
from motionprep.naming.skeleton_tables import strays
from motionprep.recipe import labels
from motionprep.stages.features import MASKS

if TYPE_CHECKING:
    from motionprep.recipe.recipe import Task

#: Bytes of frames that are held in memory unless more or less is asked for.
MEMORY = 1 << 30
Arrays = dict[str, NDArray[Any]]
Transform = Callable[[Arrays], Arrays]


@dataclass(frozen=True)
class Output:
    """One array of a window.

    Parameters
    ----------
    fields
        What it is made of.
    joined
        Whether a frame of it is one row of numbers, field after field.
    """

    fields: tuple[fields.Field, ...]
    joined: bool


class WindowReader:
    """Cuts the motions of a split into windows, and reads blocks of frames and windows of them."""

    def __init__(
        self,
        split: Motions,
        length: int | None = None,
        stride: int | None = None,
        step: int | None = None,
        *,
        features: Sequence[str] | None = None,
        inputs: Sequence[str] | None = None,
        targets: Sequence[str] | None = None,
        normalize: bool | Sequence[str] = True,
        label: bool | None = None,
        transform: Transform | None = None,
        memory: int = MEMORY,
    ) -> None:
        task = split.files.recipe.task
        self.split, self.transform, self.memory = split, transform, memory
        self.length = _count("length", length, task.length if task else None)
        self.stride = _count("stride", stride, task.stride if task else 1)
        self.step = _count("step", step, task.step if task else 1)
        self.label = label if label is not None else bool(task and task.label)
        self._normalize = normalize if isinstance(normalize, bool) else _features(split, normalize)
        self.outputs = _outputs(split, task, features, inputs, targets)
        self._blocks, self._bases = _blocks(split.rows)
        self._choices: dict[Any, fields.Choice] = {}
        self._kinds = self._check()
        self._first, self._ends, self._labels = self._cut()
        self._cache = Cache(memory)

    @property
    def total(self) -> int:
        """Number of windows."""
        return len(self._first)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each array of one window."""
        shapes = {name: (self.length, *shape) for name, (_, shape) in self._kinds.items()}
        return shapes | ({"label": ()} if self.label else {})

    def _runs(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
        """Yield the motions of a shard that lie end to end and are of one kind."""
        run: list[Mapping[str, Any]] = []
        of_run: tuple[Any, ...] = ()
        for row in rows:
            kind = self._kind(row)
            if run and (run[-1]["stop"] != row["start"] or of_run != kind):
                yield run
                run = []
            run.append(row)
            of_run = kind
        if run:
            yield run

    def _kind(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what motions have in common whose frames have the same numbers in the same places."""
        motion = self.split.stored(row)
        return row["shard"], motion.structure, motion.marker_names

    def is_normalized(self, feature: str, motion: StoredMotion) -> bool:
        """Return whether a feature of a motion is handed out normalized."""
        if isinstance(self._normalize, bool):
            return self._normalize and motion.is_normalized(feature)
        return feature in self._normalize

    @property
    def normalized(self) -> tuple[str, ...]:
        """The features of its arrays that are handed out normalized."""
        features = sorted({field.feature for output in self.outputs.values() for field in output.fields})
        motion = self.split.stored(self.split.rows[0])
        return tuple(feature for feature in features if self.is_normalized(feature, motion))

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each window (S,), an index into ``Dataset.classes``; empty where labels are not asked for."""
        return read_only(self._labels)

    def take(self, windows: NDArray[np.int64]) -> Arrays:
        """Return windows by number, which must be from 0 to below their count, without the transform."""
        if self.fits:
            if not self.pool.whole:
                self.pool.fill(np.unique(self.block_of(windows)).tolist())
            item = self.pool.take(self._first[windows], self.length, self.step)
        else:
            blocks = self.block_of(windows)
            item = {
                name: np.empty((len(windows), self.length, *shape), dtype)
                for name, (dtype, shape) in self._kinds.items()
            }
            for block in np.unique(blocks).tolist():
                of_block = blocks == block
                pool = self._cache.get(block, lambda block=block: self.pool_of([block]))  # type: ignore[misc]
                for name, array in self.take_from(pool, windows[of_block], self.bounds[block]).items():
                    item[name][of_block] = array
        return self.labelled(item, windows)

    def labelled(self, item: Arrays, windows: NDArray[np.int64]) -> Arrays:
        """Add the labels of windows, if they are asked for."""
        return item | ({"label": self._labels[windows]} if self.label else {})

    @cached_property
    def bounds(self) -> NDArray[np.int64]:
        """First frame of each block, all laid end to end, and the end of the last."""
        return bounds(self._blocks)

    @cached_property
    def fits(self) -> bool:
        """Whether all frames can be held in memory at once."""
        return sum(self.block_bytes) <= self.memory

    @cached_property
    def block_bytes(self) -> list[int]:
        """How much memory each block takes."""
        frame = sum(dtype.itemsize * math.prod(shape) for dtype, shape in self._kinds.values())
        return [frame * block.frames for block in self._blocks]

    @cached_property
    def pool(self) -> Pool:
        """All blocks, in one pool."""
        return self.pool_of(range(len(self._blocks)))

    @property
    def dtypes(self) -> dict[str, np.dtype[Any]]:
        """Dtype of each array."""
        dtypes = {name: dtype for name, (dtype, _) in self._kinds.items()}
        return dtypes | ({"label": np.dtype(np.int64)} if self.label else {})

    def pieces(self, block: int, first: int, last: int) -> Iterator[Block]:
        """Yield frames ``first`` to ``last`` of a block as blocks, end to end, none of which crosses a chunk's end.

        A piece fits a processor's cache, and no chunk is read twice but where motions of two skeletons share one.
        """
        whole = self._blocks[block]
        for piece in self._pieces(whole.rows, first, last):
            yield Block(whole.shard, (piece,))

    def _pieces(self, rows: Sequence[Mapping[str, Any]], first: int, last: int) -> Iterator[Mapping[str, Any]]:
        """Yield frames ``first`` to ``last`` of motions of a shard, each run of one kind and chunk as a row."""
        feature = next(iter(self.outputs.values())).fields[0].feature
        end = 0
        for run in self._runs(rows):
            chunk = self.split.files.array(run[0]["shard"], feature).chunk
            begin, end = end, end + run[-1]["stop"] - run[0]["start"]
            shift = run[0]["start"] - begin
            start, stop = max(first, begin) + shift, min(last, end) + shift
            if start < stop:
                for low, high in pairwise([start, *range((start // chunk + 1) * chunk, stop, chunk), stop]):
                    yield {**run[0], "start": low, "stop": high, "frames": high - low}

    def pool_of(self, blocks: Sequence[int]) -> Pool:
        """Return some blocks in a pool of their own."""
        return Pool([self._blocks[number] for number in blocks], self._kinds, self.load)

    def block_of(self, windows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return in which block each window is."""
        return np.searchsorted(self.bounds, self._first[windows], side="right") - 1

    def by_block(self) -> Iterator[tuple[int, int, int]]:
        """Yield runs of windows that are of one block, in order: the block, the first window, and their end."""
        blocks = np.searchsorted(self.bounds, self._bases, side="right") - 1
        ends = [0, *self._ends.tolist()]
        for first, last in pairwise([0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(blocks)]):
            if ends[first] < ends[last]:
                yield int(blocks[first]), ends[first], ends[last]

    def first_frames(self, windows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first frame of each window, in all blocks laid end to end."""
        return self._first[windows]

    def take_from(self, pool: Pool, windows: NDArray[np.int64], begins: Any) -> Arrays:
        """Return windows from a pool in which frame ``begins`` of all blocks is the first, of each window or of all."""
        return pool.take(self._first[windows] - begins, self.length, self.step)

    def __getstate__(self) -> dict[str, Any]:
        # Another process reads for itself.
        return {**self.__dict__, "_cache": None, "pool": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        del self.__dict__["pool"]
        self._cache = Cache(self.memory)

    @property
    def _span(self) -> int:
        return (self.length - 1) * self.step + 1

    def _output(self, name: str) -> Output:
        if name not in self.outputs:
            raise KeyError(f"windows have no {name!r}; they have {', '.join(self.outputs)}")
        return self.outputs[name]

    def _key(self, field: fields.Field, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what decides which numbers a field is of: names, and the shape of a frame."""
        _, *names = self._kind(row)
        return field, *names, self.split.files.array(row["shard"], field.feature).shape

    def _choice(self, field: fields.Field, row: Mapping[str, Any]) -> fields.Choice:
        key = self._key(field, row)
        if key not in self._choices:
            motion = self.split.stored(row)
            try:
                self._choices[key] = motion.choice(field)
            except ValueError as error:
                raise DatasetError(f"{self.split.name}: {motion.key}: {error}") from None
        return self._choices[key]

    def _check(self) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
        """Return dtype and shape of a frame of each array, which must be the same for all motions."""
        kinds: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {}
        first: dict[str, str] = {}
        columns: dict[fields.Field, tuple[str, tuple[str, ...]]] = {}
        of_kind: dict[Any, Mapping[str, Any]] = {}
        for motion in self.split.rows:
            of_kind.setdefault(self._kind(motion), motion)
        for row in of_kind.values():
            for name, output in self.outputs.items():
                shapes = [self._choice(field, row).shape for field in output.fields]
                shape = (sum(math.prod(one) for one in shapes),) if output.joined else shapes[0]
                mask = not output.joined and output.fields[0].feature in MASKS
                kind = np.dtype(bool if mask else np.float32), shape
                if kinds.setdefault(name, kind) != kind:
                    raise DatasetError(
                        f"{self.split.name}: a frame of {name} has shape {kinds[name][1]} in {first[name]} and {shape} "
                        f"in {row['key']}; pick by names that all have, or build with select_joints or select_markers"
                    )
                first.setdefault(name, row["key"])
                for field in output.fields:
                    self._check_names(field, row, columns)
        return kinds

    def _check_names(
        self, field: fields.Field, row: Mapping[str, Any], columns: dict[fields.Field, tuple[str, tuple[str, ...]]]
    ) -> None:
        """Refuse numbers of other places on a body side by side, except where picks by name pair them."""
        if field.picks and not any("*" in pick for pick in field.picks):
            return
        names = self._choice(field, row).of_what
        key, known = columns.setdefault(field, (row["key"], names))
        if len(names) == len(known) and (pair := strays(names, known)):
            raise DatasetError(
                f"{self.split.name}: {field} of {row['key']} has {pair[0]!r} where {key} has {pair[1]!r}; pick by "
                "names that all have, or build with select_joints or select_markers, which bring all to one skeleton"
            )

    def _cut(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the first frame of each window, the number of windows up to each motion's last, and their labels."""
        classes = {name: number for number, name in enumerate(self.split.files.classes)} if self.label else {}
        runs = np.array(
            [
                (number, start, stop, classes.get(label, 0))
                for number, row in enumerate(self.split.rows)
                for start, stop, label in segments(row, labelled=self.label, stride=self.stride)
            ],
            np.int64,
        ).reshape(-1, 4)
        motion, start, stop, label = runs.T
        windows = np.maximum((stop - start - self._span) // self.stride + 1, 0)
        # Windows lie a stride apart, so only where a segment's first would be, counted back to window 0, is repeated.
        origin = self._bases[motion] + start - (np.cumsum(windows) - windows) * self.stride
        first = np.repeat(origin, windows) + np.arange(windows.sum()) * self.stride
        ends = np.cumsum(np.bincount(motion, windows, len(self.split.rows)).astype(np.int64))
        if not len(first):
            motions = f"its {len(self.split.rows):,} motions"
            if self.label and self.split.rows and not len(runs):
                raise DatasetError(
                    f"{self.split.name} has no window: none of {motions} has a label; build with `labels`, `index` or "
                    "`label_pattern`, or read windows without classes, label=False"
                )
            longest = max(stop - start, default=0)
            what = f"run of frames with one label in {motions}" if self.label else f"of {motions}"
            raise DatasetError(
                f"{self.split.name} has no window: one of {self.length:,} frames, every {self.step}., spans "
                f"{self._span:,}, the longest {what} has {longest:,}"
            )
        return first, ends, np.repeat(label, windows) if self.label else np.zeros(0, np.int64)

    def load(self, block: Block, out: Mapping[str, NDArray[Any]], room: dict[str, NDArray[Any]] | None = None) -> None:
        """Fill arrays (F, ...), one an output, with the frames of a block.

        ``room`` keeps memory from one call to the next.
        """
        at, room = 0, {} if room is None else room
        for run in self._pieces(block.rows, 0, block.frames):
            raw: dict[str, NDArray[Any]] = {}
            for name, output in self.outputs.items():
                part = out[name][at : at + run["frames"]]
                if not output.joined:
                    self._fill(part, output.fields[0], run, raw, room)
                    continue
                column = 0
                for field in output.fields:
                    width = math.prod(self._choice(field, run).shape)
                    self._fill(part[:, column : column + width], field, run, raw, room)
                    column += width
            at += run["frames"]

    def _fill(
        self,
        part: NDArray[Any],
        field: fields.Field,
        run: Mapping[str, Any],
        raw: dict[str, NDArray[Any]],
        room: dict[str, NDArray[Any]],
    ) -> None:
        """Fill a part of an array with a field of a run of frames, reading each feature once."""
        choice, feature = self._choice(field, run), field.feature
        motion = self.split.stored(run)
        normalized = self.is_normalized(feature, motion)
        changed = normalized != motion.is_stored_normalized(feature)
        array = self.split.files.array(run["shard"], feature)
        whole = choice.rows is None and choice.columns is None and not changed
        like = part.flags.c_contiguous and part.itemsize == np.dtype(array.dtype).itemsize
        if whole and like and feature not in raw:
            array.read_into(run["start"], part.view(array.dtype).reshape(len(part), *array.shape))
            return
        if feature not in raw:
            if feature not in room or len(room[feature]) < len(part) or room[feature].shape[1:] != array.shape:
                room[feature] = np.empty((len(part), *array.shape), array.dtype)
            raw[feature] = room[feature][: len(part)]
            array.read_into(run["start"], raw[feature])
            if changed:
                stats = motion.stats(feature)
                raw[feature] = (stats.normalize if normalized else stats.restore)(raw[feature])
        # An axis that is split stays a view; to join those of the choice would be a copy more.
        part.reshape(len(part), *choice.shape)[...] = choice.of(raw[feature])


def _count(name: str, given: int | None, of_task: int | None) -> int:
    if given is None and of_task is None:
        raise DatasetError(f"give a {name}: the recipe of the dataset has no task that says it")
    count = operator.index(given if given is not None else of_task)  # type: ignore[arg-type]
    if count < 1:
        raise DatasetError(f"{name} is {count}; it must be at least 1")
    return count


def _features(split: Motions, given: Sequence[str]) -> tuple[str, ...]:
    """Return features that are to be normalized."""
    if isinstance(given, str):
        raise DatasetError(f"normalize is {given!r}; give a list of features, [{given!r}]")
    known = [feature for feature in split.features if feature not in MASKS]
    for feature in given:
        if feature not in known:
            raise DatasetError(
                f"normalize: there are no numbers {feature!r} in {split.name}; there are {', '.join(known)}"
            )
    return tuple(given)


def _outputs(
    split: Motions,
    task: Task | None,
    features: Sequence[str] | None,
    inputs: Sequence[str] | None,
    targets: Sequence[str] | None,
) -> dict[str, Output]:
    """Return the arrays that windows are to have, by name."""
    if features is None and inputs is None and targets is None:
        if task is not None:
            inputs, targets = task.inputs, task.targets
        else:
            features = split.features
    given = {"features": features, "inputs": inputs, "targets": targets}
    parsed: dict[str, list[fields.Field]] = {}
    for name, texts in given.items():
        if isinstance(texts, str):
            raise DatasetError(f"{name} is {texts!r}; give a list of fields, [{texts!r}]")
        try:
            parsed[name] = [fields.parse_field(text) for text in texts or ()]
        except ValueError as error:
            raise DatasetError(f"{name}: {error}") from None
    for field in (field for some in parsed.values() for field in some):
        if field.feature not in split.features:
            raise DatasetError(
                f"there is no feature {field.feature!r} in {split.name}; there are {', '.join(split.features)}"
            )
    outputs = {str(field): Output((field,), joined=False) for field in parsed["features"]}
    outputs |= {name: Output(tuple(parsed[name]), joined=True) for name in ("inputs", "targets") if parsed[name]}
    if not outputs:
        raise DatasetError("no fields are asked for; give features, or inputs and targets")
    return outputs


def _blocks(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[Block, ...], NDArray[np.int64]]:
    """Return the blocks of a split and, for each of its motions, its first frame in all blocks laid end to end."""
    by_shard: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        by_shard.setdefault(row["shard"], []).append(number)
    bases, at, blocks = np.zeros(len(rows), np.int64), 0, []
    for shard, numbers in by_shard.items():
        numbers.sort(key=lambda number: rows[number]["start"])
        blocks.append(Block(shard, tuple(rows[number] for number in numbers)))
        for number in numbers:
            bases[number] = at
            at += rows[number]["frames"]
    return tuple(blocks), bases


def segments(row: Mapping[str, Any], *, labelled: bool, stride: int = 1) -> Iterator[tuple[int, int, str]]:
    """Yield the runs of a motion's frames that windows may not leave: the first's first frame, the end, the label.

    Windows begin a stride apart from the first frame of the motion, or of its clip, on, wherever labels change; so
    those with labels are some of those without.
    """
    clip = row.get("clip") or row["frames"]
    for start, stop, label in labels.of_row(row) if labelled else [(0, row["frames"], "")]:
        for first in range(start // clip * clip, stop, clip):
            begin = first + -(-(max(first, start) - first) // stride) * stride
            if begin < min(first + clip, stop):
                yield begin, min(first + clip, stop), label
