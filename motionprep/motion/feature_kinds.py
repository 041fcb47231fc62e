"""What each feature is: of which modality of a take, of which part of it, and in which form its numbers are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: The shape of one point, vector, rotation or mask in each form.
SHAPES: Mapping[str, tuple[int, ...]] = {
    "point": (3,),
    "vector": (3,),
    "seen": (4,),
    "matrix": (3, 3),
    "quaternion": (4,),
    "6d": (6,),
    "6d_rows": (6,),
    "mask": (),
    "spin": (3,),
    "humanml3d": (263,),
    "rep272": (272,),
    "root_motion": (),
    "phase": (2,),
    "smpl": (75,),
}
#: How many numbers each block of a representation has, in order.
BLOCKS: Mapping[str, tuple[int, ...]] = {
    "humanml3d": (1, 2, 1, 63, 126, 66, 4),
    "rep272": (2, 6, 66, 66, 132),
    "smpl": (72, 3),
}
#: Representations of whole motions, each made by the stage of its name.
WHOLE = ("humanml3d", "rep272", "root_motion", "smpl")
#: Frames a second that representations are made of.
RATES: Mapping[str, float] = {"humanml3d": 20.0, "rep272": 30.0}
#: Names of the axes of each form.
_AXES: Mapping[str, tuple[str, ...]] = {
    "point": ("axis",),
    "vector": ("axis",),
    "seen": ("axis_and_seen",),
    "matrix": ("row", "column"),
    "quaternion": ("wxyz",),
    "6d": ("component",),
    "6d_rows": ("component",),
    "mask": (),
    "spin": ("axis",),
    "humanml3d": ("number",),
    "rep272": ("number",),
    "root_motion": ("number",),
    "phase": ("number",),
    "smpl": ("number",),
}
#: What a feature of feet counts along its first axis.
FEET = ("left_ankle", "left_toe", "right_ankle", "right_toe")
#: The forms of rotations.
TURNS = ("matrix", "quaternion", "6d", "6d_rows")
#: Which two lines of a matrix six numbers are: its first two columns, or its first two rows.
SIX_BY = ("columns", "rows")


class Kind(NamedTuple):
    """What a feature is.

    Parameters
    ----------
    modality
        Which modality of a take it is of, ``"motion"`` or ``"markers"``.
    part
        Which of :data:`motionprep.motion.step.PARTS` it belongs to, or ``"feet"``, or the whole ``"body"``, whose
        numbers are one row a frame and do not follow a change of coordinates. Of joints and of markers a frame has
        several; they stand along the axis before the form's own.
    form
        Of :data:`SHAPES`: a point has a place, a vector none; a spin is a vector about which a joint turns; the
        fourth number of a marker is whether it is seen.
    local
        Whether a rotation is to the parent's frame: a change of the world's axes reaches no other than the root's.
    """

    modality: str
    part: str
    form: str
    local: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one of them."""
        return SHAPES[self.form]


def blocks(feature: str, count: int) -> tuple[int, ...]:
    """Return how many of a feature's ``count`` numbers are in each block that may have one deviation."""
    if feature == "root_motion":
        # Heading, its velocity, velocity, height, and at each time of the trajectory a place and a direction.
        return (2, 1, 2, 1, *[2] * ((count - 6) // 2))
    return BLOCKS.get(feature, (count,))


#: Every feature that can be stored, in the order in which they are listed.
KINDS: Mapping[str, Kind] = {
    "positions": Kind("motion", "joints", "point"),
    "rotations": Kind("motion", "joints", "matrix", local=True),
    "quaternions": Kind("motion", "joints", "quaternion", local=True),
    "root_position": Kind("motion", "root", "point"),
    "root_rotation": Kind("motion", "root", "matrix"),
    "global_rotations": Kind("motion", "joints", "matrix"),
    "rotations_6d": Kind("motion", "joints", "6d", local=True),
    "positions_velocity": Kind("motion", "joints", "vector"),
    "root_velocity": Kind("motion", "root", "vector"),
    "positions_acceleration": Kind("motion", "joints", "vector"),
    "root_acceleration": Kind("motion", "root", "vector"),
    "angular_velocity": Kind("motion", "joints", "spin", local=True),
    "humanml3d": Kind("motion", "body", "humanml3d"),
    "rep272": Kind("motion", "body", "rep272"),
    "root_motion": Kind("motion", "body", "root_motion"),
    "phase": Kind("motion", "body", "phase"),
    "smpl": Kind("motion", "body", "smpl"),
    "contacts": Kind("motion", "feet", "mask"),
    "markers": Kind("markers", "markers", "point"),
    "markers_visible": Kind("markers", "markers", "mask"),
    "markers_corrupt": Kind("markers", "markers", "point"),
    "markers_corrupt_visible": Kind("markers", "markers", "mask"),
    "markers_seen": Kind("markers", "markers", "seen"),
    "markers_velocity": Kind("markers", "markers", "vector"),
}


def dimensions(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the name of each axis of arrays, by feature, of which ``shapes`` has the shape of a frame.

    ``positions`` has ``frame, node, axis``. One name has one size: where ``rotations`` lack the root and
    ``global_rotations`` have it, the axis of the second is ``global_rotations_joint``.
    """
    sizes: dict[str, int] = {}
    found = {}
    for feature, shape in shapes.items():
        kind = KINDS.get(feature)
        names: tuple[str, ...] = {"frame_axes": ("row", "column"), "frame_origin": ("axis",)}.get(feature, ())
        if kind is not None:
            points = kind.form in ("point", "vector")
            of_part = {
                "root": (),
                "body": (),
                "feet": ("foot",),
                "markers": ("marker",),
                "joints": ("node" if points else "joint",),
            }
            names = (*of_part[kind.part], *_AXES[kind.form])
        if len(names) != len(shape):
            # What a stage stores in another form.
            names = tuple(f"{feature}_{axis}" for axis in range(1, 1 + len(shape)))
        unique = (
            name if sizes.setdefault(name, size) == size else f"{feature}_{name}"
            for name, size in zip(names, shape, strict=True)
        )
        found[feature] = ("frame", *unique)
    return found
