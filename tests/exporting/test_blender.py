"""Blender is another reader of BVH, with kinematics of its own: it finds joints where the files have them."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from motionprep import Dataset, exporting, read_bvh

pytestmark = pytest.mark.skipif(find_spec("bpy") is None, reason="Blender's module, bpy, is not installed")

#: Axes that leave numbers as they are; Blender's frames count from 1.
OPEN = """
import sys
import bpy
import numpy as np

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_anim.bvh(filepath=sys.argv[1], axis_forward="Y", axis_up="Z", rotate_mode="NATIVE")
body = bpy.context.object
places = []
for frame in range(1, int(body.animation_data.action.frame_range[1]) + 1):
    bpy.context.scene.frame_set(frame)
    places.append([body.matrix_world @ bone.head for bone in body.pose.bones])
np.savez(sys.argv[2], names=[bone.name for bone in body.pose.bones], places=np.array(places))
"""


@pytest.mark.parametrize(("kind", "step", "joints"), [("dataset", 1, 31), ("changed", 4, 30)])
def test_an_exported_animation_is_where_its_file_has_it(
    kind: str, step: int, joints: int, request: pytest.FixtureRequest, corpus: Path, tmp_path: Path
) -> None:
    dataset: Dataset = request.getfixturevalue(kind)
    exporting.export("bvh", dataset, tmp_path / "dest", splits=("test",))

    opened = [sys.executable, "-c", OPEN, str(tmp_path / "dest" / "test" / "07_01.bvh"), str(tmp_path / "seen.npz")]
    subprocess.run(opened, check=True, capture_output=True, timeout=120)

    with np.load(tmp_path / "seen.npz") as seen:
        names, places = seen["names"].tolist(), seen["places"]
    source = read_bvh(corpus / "07" / "07_01.bvh")
    nodes = [source.skeleton.nodes.index(name) for name in names]
    np.testing.assert_allclose(places, source.positions()[::step, nodes], atol=1e-4)
    assert len(names) == joints
