"""A split of a dataset: its motions by key, its features over all frames, and windows of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from motionprep.dataset.motion import StoredMotion
from motionprep.dataset.motions import Motions
from motionprep.naming.nearest import did_you_mean

if TYPE_CHECKING:
    import xarray

    from motionprep.dataset.batches import Batches
    from motionprep.dataset.frame_array import FrameArray
    from motionprep.dataset.window_reader import Transform
    from motionprep.dataset.windows import Windows


class Split(Motions, Mapping[str, StoredMotion]):
    """The motions of a split, or of a part of it, by key, in natural order.

    ``split["69_01"]`` is a motion and ``len(split)`` counts motions. The second motion that was made of a take, another
    range of its frames or a copy by augmentation, has the key ``69_01@2``.
    """

    def __repr__(self) -> str:
        return f"Split({self.name!r}: {len(self):,} motions, {self.frames:,} frames)"

    def __len__(self) -> int:
        """Return the number of motions."""
        return len(self.rows)

    def __iter__(self) -> Iterator[str]:
        """Return the keys of the motions."""
        return iter(self._by_key)

    @cached_property
    def _by_key(self) -> dict[str, dict[str, Any]]:
        return {row["key"]: row for row in self.rows}

    def __getitem__(self, key: str) -> StoredMotion:
        """Return a motion.

        Raises
        ------
        KeyError
            If there is none of that key.
        """
        if key not in self._by_key:
            raise KeyError(f"there is no motion {key!r} in {self.name}{did_you_mean(key, self._by_key)}")
        return self.stored(self._by_key[key])

    def array(self, feature: str) -> FrameArray:
        """Return a feature over all frames, motion after motion; nothing is read before frames are asked for.

        Raises
        ------
        KeyError
            If it is not stored.
        DatasetError
            If its frames have other shapes in some motions.
        """
        from motionprep.dataset.frame_array import FrameArray

        if feature not in self.features:
            raise KeyError(f"there is no feature {feature!r} in {self.name}{did_you_mean(feature, self.features)}")
        return FrameArray(self, feature)

    def to_xarray(self) -> xarray.Dataset:
        """Return all frames as an xarray dataset (``pip install xarray``): axes ``frame, node, joint, axis``, ...

        ``seconds`` and ``key`` of each frame, and the names of nodes, joints and markers, are coordinates.

        Raises
        ------
        ImportError
            If xarray is not installed.
        DatasetError
            If frames of a feature have other shapes in some motions.
        """
        from motionprep.dataset.as_xarray import as_xarray

        return as_xarray(self)

    def windows(
        self,
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
        memory: int | None = None,
    ) -> Windows:
        """Return the windows of the motions: so many frames each, never across the end of a motion.

        Parameters
        ----------
        length
            Frames in a window; the recipe's task decides if None.
        stride
            Frames from the beginning of a window to that of the next: 1, unless the task has another.
        step
            Every how many frames one is taken: 1, unless the task has another.
        features
            Fields (``"positions"``, ``"positions[*-Hips]"``, ``"positions[RFoot].xz"``), each an array (length, ...) of
            its own under its text.
        inputs, targets
            Fields that together are one array (length, K) each, ``"inputs"`` and ``"targets"``. If none of the three is
            given: those of the task, or all features.
        normalize
            True: numbers that the recipe's stage ``normalize`` names come normalized. False: none are. Or features to
            normalize, whatever the recipe asks. What is stored normalized is brought back where it is not asked for.
        label
            Add ``"label"``, an index into :attr:`Dataset.classes`; only windows that have one label throughout are in.
        transform
            Called with what is handed out, a dict of arrays of one window or of several; returns it changed, as
            :func:`motionprep.augment` does.
        memory
            How many bytes of frames may be held, 1 GiB if None; one shard is held whatever its size.

        Raises
        ------
        DatasetError
            If there is no such field, a number cannot be, a frame has not the same shape in all motions, or there is
            no window.
        """
        from motionprep.dataset.window_reader import MEMORY
        from motionprep.dataset.windows import Windows

        return Windows(
            self,
            length,
            stride,
            step,
            features=features,
            inputs=inputs,
            targets=targets,
            normalize=normalize,
            label=label,
            transform=transform,
            memory=MEMORY if memory is None else memory,
        )

    def batches(
        self,
        batch_size: int,
        length: int | None = None,
        stride: int | None = None,
        step: int | None = None,
        **options: Any,
    ) -> Batches:
        """Return batches of windows: :meth:`windows` and :class:`motionprep.dataset.batches.Batches` in one call."""
        from motionprep.dataset.batches import BatchOptions

        of_batches: Any = {name: options.pop(name) for name in BatchOptions.__annotations__ if name in options}
        return self.windows(length, stride, step, **options).batches(batch_size, **of_batches)
