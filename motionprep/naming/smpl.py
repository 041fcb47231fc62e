"""Joints of the bodies SMPL, SMPL-H and SMPL-X, named and ordered as in their poses (https://smpl.is.tue.mpg.de)."""

from __future__ import annotations

_BODY = (
    *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle"),
    *("spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder"),
    *("right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
)
_BODY_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
_HEAD, _WRISTS = _BODY.index("head"), (_BODY.index("left_wrist"), _BODY.index("right_wrist"))
_HANDS = tuple(
    f"{side}_{finger}{place}"
    for side in ("left", "right")
    for finger in ("index", "middle", "pinky", "ring", "thumb")
    for place in (1, 2, 3)
)


def _hand_parents(first: int) -> tuple[int, ...]:
    return tuple(_WRISTS[at // 15] if at % 3 == 0 else first + at - 1 for at in range(len(_HANDS)))


#: Names and parents of a body's joints by how many there are.
BODIES: dict[int, tuple[tuple[str, ...], tuple[int, ...]]] = {
    22: (_BODY, _BODY_PARENTS),
    24: ((*_BODY, "left_hand", "right_hand"), (*_BODY_PARENTS, *_WRISTS)),
    52: ((*_BODY, *_HANDS), (*_BODY_PARENTS, *_hand_parents(22))),
    55: (
        (*_BODY, "jaw", "left_eye_smplhf", "right_eye_smplhf", *_HANDS),
        (*_BODY_PARENTS, _HEAD, _HEAD, _HEAD, *_hand_parents(25)),
    ),
}
#: What a body of so many joints is called.
NAMES = {22: "SMPL without hands", 24: "SMPL", 52: "SMPL-H", 55: "SMPL-X"}
