"""Express a body in a frame of reference of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from motionprep.maths.local_frames import Frames
    from motionprep.motion.take import Take

#: What moves as one in the trunk, of CMU's 41 markers: neck, collarbone, breastbone, back and waist. Those of the
#: shoulders are not among them, since they go up with the arms.
TORSO = ("C7", "CLAV", "STRN", "T10", "RBAC", "LBWT", "RBWT", "LFWT", "RFWT")


class LocalFrame(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Express joints and markers in a frame that moves with the body; the root's path in the world stays apart.

    Parameters
    ----------
    method
        ``"root"``: the root joint's position is the origin and its rotation the axes. ``"heading"``: the origin is the
        point of the floor below the root, and the axes are turned about ``up`` as the root is, and not tilted: of all
        rotations about ``up`` it is the one nearest to the root's. ``"rigid"``: the frame is aligned, in each frame,
        with the mean shape that ``markers`` have over the take, as in Holden 2018, "Robust solving of optical motion
        capture data by denoising"; this needs no joints.
    up
        Which axis points up. The one that follows it, in the order x y z x, then points forward in the local frame, and
        the third one to the left: forward is z if up is y, as in BVH files, and x if up is z, as in C3D files. For
        ``heading`` this supposes a root that looks forward when it is not turned. ``root`` does not ask for ``up``.
    markers
        The markers of ``rigid``, at least three, of a part of the body that hardly bends. Those that a take has not are
        never visible in it. Frames in which fewer than three are visible keep the last frame's place; how many these
        are, and how many of the markers there are, is put down as ``local_frame_held`` and ``local_frame_markers``.
    """

    name: ClassVar[str] = "local_frame"
    version: ClassVar[int] = 2
    alters: ClassVar[bool] = True
    of_lengths: ClassVar[tuple[str, ...]] = ("local_frame",)

    method: Literal["root", "heading", "rigid"] = "root"
    up: Literal["x", "y", "z"] = "y"
    markers: tuple[str, ...] = TORSO

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        """Which modality of a take it cannot work without."""
        return ("markers",) if self.method == "rigid" else ("motion",)

    @property
    def of_rotations(self) -> tuple[str, ...]:  # type: ignore[override]
        """What of it cannot be without rotations of joints."""
        return () if self.method == "rigid" else (f"local_frame ({self.method})",)

    def __post_init__(self) -> None:
        if self.method not in ("root", "heading", "rigid"):
            raise ValueError(f"method is {self.method!r}; it is 'root', 'heading' or 'rigid'")
        if self.up not in ("x", "y", "z"):
            raise ValueError(f"up is {self.up!r}; it is 'x', 'y' or 'z'")
        if len(set(self.markers)) != len(self.markers):
            raise ValueError("markers names one twice")
        if len(self.markers) < 3:
            raise ValueError(f"markers names {len(self.markers)}; a rigid frame needs at least three")

    def lacks(self, markers: Sequence[str], *, alone: bool = False) -> str:
        """Return that a rigid frame has too few of these markers, if it has."""
        few = self.method == "rigid" and len({*self.markers} & {*markers}) < 3
        return "fewer than three of its markers" if few else ""

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take in its local frame, or why it has none."""
        from motionprep.maths import spaces
        from motionprep.motion.step import Step

        if take.motion is not None:
            take = replace(take, motion=take.motion.poses())
        found = self._rigid(take) if self.method == "rigid" else self._of_joints(take)
        if isinstance(found, Dropped):
            return found
        frames, facts = found
        step = Step(axes=frames.axes, origin=frames.origin, on=("joints", "markers"))
        return spaces.change(replace(take, facts={**take.facts, **facts}), step)

    def _of_joints(self, take: Take) -> tuple[Frames, dict[str, float]] | Dropped:
        from motionprep.maths import local_frames

        if take.motion is None:
            return Dropped("local_frame: no skeleton")
        poses = take.motion.poses()
        if self.method == "root":
            return local_frames.of_root(poses), {}
        frames = local_frames.of_heading(poses, "xyz".index(self.up))
        if frames is None:
            return Dropped("local_frame: the root is upside down throughout")
        return frames, {"local_frame_held": frames.held}

    def _rigid(self, take: Take) -> tuple[Frames, dict[str, float]] | Dropped:
        from motionprep.maths import local_frames

        if take.markers is None:
            return Dropped("local_frame: no markers")
        names = take.markers.names
        if lacking := self.lacks(names):
            return Dropped(f"local_frame: {lacking}")
        rows = [names.index(name) for name in self.markers if name in names]
        frames = local_frames.of_markers(
            [names[row] for row in rows],
            take.markers.positions[:, rows],
            take.markers.visible[:, rows],
            "xyz".index(self.up),
        )
        if frames is None:
            return Dropped("local_frame: never three of its markers at once")
        return frames, {"local_frame_held": frames.held, "local_frame_markers": len(rows)}
