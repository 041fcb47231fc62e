"""One stage, one file; here, their names.

To add a stage, write its file and enter it in :data:`STAGES`.
"""

from __future__ import annotations

from motionprep.stages.base import Dropped, Stage
from motionprep.stages.downsample import Downsample
from motionprep.stages.drop_short import DropShort
from motionprep.stages.features import Features
from motionprep.stages.select_joints import SelectJoints
from motionprep.stages.trim import Trim

#: Every stage by the name that recipes use, in the order in which flags put them.
STAGES: dict[str, type[Stage]] = {stage.name: stage for stage in (Trim, DropShort, Downsample, SelectJoints, Features)}

__all__ = ["STAGES", "Downsample", "DropShort", "Dropped", "Features", "SelectJoints", "Stage", "Trim"]
