"""One stage, one file; here, their names.

To add a stage, write its file and enter it in :data:`_CLASSES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from motionprep.stages.base import Dropped, Stage
from motionprep.stages.features import Features

if TYPE_CHECKING:
    from motionprep.stages.acceleration import Acceleration
    from motionprep.stages.align import Align
    from motionprep.stages.angular_velocity import AngularVelocity
    from motionprep.stages.bursts import Bursts
    from motionprep.stages.clean import Clean
    from motionprep.stages.contacts import Contacts
    from motionprep.stages.downsample import Downsample
    from motionprep.stages.drop_short import DropShort
    from motionprep.stages.face import Face
    from motionprep.stages.fill_gaps import FillGaps
    from motionprep.stages.humanml3d import HumanML3D
    from motionprep.stages.limbs import Limbs
    from motionprep.stages.local_frame import LocalFrame
    from motionprep.stages.mirror import Mirror
    from motionprep.stages.noise import Noise
    from motionprep.stages.normalize import Normalize
    from motionprep.stages.occlude import Occlude
    from motionprep.stages.permute_axes import PermuteAxes
    from motionprep.stages.phase import Phase
    from motionprep.stages.put_on_floor import PutOnFloor
    from motionprep.stages.rep272 import Rep272
    from motionprep.stages.represent import Represent
    from motionprep.stages.resample import Resample
    from motionprep.stages.root_motion import RootMotion
    from motionprep.stages.scale import Scale
    from motionprep.stages.select_joints import SelectJoints
    from motionprep.stages.select_markers import SelectMarkers
    from motionprep.stages.shift import Shift
    from motionprep.stages.smpl import Smpl
    from motionprep.stages.speed import Speed
    from motionprep.stages.swap import Swap
    from motionprep.stages.translate import Translate
    from motionprep.stages.trim import Trim
    from motionprep.stages.velocity import Velocity
    from motionprep.stages.yaw import Yaw

# By the name that recipes use, which is that of the file, in the order in which flags put them.
_CLASSES = {
    "align": "Align",
    "trim": "Trim",
    "drop_short": "DropShort",
    "downsample": "Downsample",
    "select_joints": "SelectJoints",
    "select_markers": "SelectMarkers",
    "resample": "Resample",
    "clean": "Clean",
    "fill_gaps": "FillGaps",
    "put_on_floor": "PutOnFloor",
    "face": "Face",
    "speed": "Speed",
    "mirror": "Mirror",
    "yaw": "Yaw",
    "translate": "Translate",
    "local_frame": "LocalFrame",
    "scale": "Scale",
    "permute_axes": "PermuteAxes",
    "noise": "Noise",
    "shift": "Shift",
    "swap": "Swap",
    "occlude": "Occlude",
    "bursts": "Bursts",
    "limbs": "Limbs",
    "humanml3d": "HumanML3D",
    "rep272": "Rep272",
    "smpl": "Smpl",
    "root_motion": "RootMotion",
    "represent": "Represent",
    "velocity": "Velocity",
    "acceleration": "Acceleration",
    "angular_velocity": "AngularVelocity",
    "contacts": "Contacts",
    "phase": "Phase",
    "normalize": "Normalize",
    "features": "Features",
}


class _Stages(Mapping[str, type[Stage]]):
    """Stages by name, each imported when it is asked for: a run with nothing to do needs few of them."""

    def __getitem__(self, name: str) -> type[Stage]:
        kind = _CLASSES[name]
        stage: type[Stage] = getattr(import_module(f"motionprep.stages.{name}"), kind)
        return stage

    def __contains__(self, name: object) -> bool:
        return name in _CLASSES

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


#: Every stage by the name that recipes use.
STAGES: Mapping[str, type[Stage]] = _Stages()

__all__ = [
    "STAGES",
    "Acceleration",
    "Align",
    "AngularVelocity",
    "Bursts",
    "Clean",
    "Contacts",
    "Downsample",
    "DropShort",
    "Dropped",
    "Face",
    "Features",
    "FillGaps",
    "HumanML3D",
    "Limbs",
    "LocalFrame",
    "Mirror",
    "Noise",
    "Normalize",
    "Occlude",
    "PermuteAxes",
    "Phase",
    "PutOnFloor",
    "Rep272",
    "Represent",
    "Resample",
    "RootMotion",
    "Scale",
    "SelectJoints",
    "SelectMarkers",
    "Shift",
    "Smpl",
    "Speed",
    "Stage",
    "Swap",
    "Translate",
    "Trim",
    "Velocity",
    "Yaw",
]


def __getattr__(name: str) -> Any:
    for stage, kind in _CLASSES.items():
        if kind == name:
            return STAGES[stage]
    raise AttributeError(f"module 'motionprep.stages' has no attribute {name!r}")
