"""A take as the 22 joints of ``smpl-22``, which the representations of text-to-motion are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from motionprep import naming
from motionprep.maths import assembly, spaces
from motionprep.motion import kinematics, rotations
from motionprep.motion.arrays import Floats
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.naming import skeleton_tables
from motionprep.naming.canonical import Joint, parts

#: Hip, knee and ankle of the left and of the right leg.
_LEGS = (1, 4, 7, 2, 5, 8)
#: How long legs from hip to ankle are in metres where nothing states the unit.
_LEAST, _MOST = 0.3, 1.5
#: How long they are of the body to which HumanML3D brings all others.
_PUBLISHED = 0.826
#: Axes with y up, as columns in axes with z up.
_Y_OF_Z = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
#: A rate or a unit is right to this share.
_SAME = 0.01


class NoBody(ValueError):
    """A take is no such body; the message says why."""


@dataclass(frozen=True, eq=False)
class Body:
    """A take as 22 joints.

    Parameters
    ----------
    positions
        (F, 22, 3), in metres, in the take's axes; with y up where a rate was asked for.
    rotations
        (F, 22, 3, 3), local rotations, the root's in the world; None if the take has none, or none were asked for.
    scale
        From the take's lengths to metres. Where nothing states the unit and legs are too long or too short for metres,
        it makes legs as long as those of the published body.
    axes
        (3, 3), the axes that positions are in, as columns in those of the take.
    """

    positions: Floats
    rotations: Floats | None
    scale: float
    axes: Floats

    def step(self, axes: Floats, origin: Floats) -> Step:
        """Return the change of a take's coordinates to metres in ``axes`` about ``origin``, both as positions are."""
        return Step(scale=self.scale, axes=self.axes @ axes, origin=self.axes @ origin / self.scale)


def of_take(take: Take, rate: float | None, *, rotations: bool) -> Body:
    """Return a take as 22 joints.

    Parameters
    ----------
    take
        In the world.
    rate
        Frames a second that it must have; any if None.
    rotations
        Whether its rotations are asked for.

    Raises
    ------
    NoBody
        If it has no skeleton or lacks joints, is not at this rate, or is clips.
    """
    if take.motion is None:
        raise NoBody("no skeleton")
    if rate is not None and take.clip is not None:
        raise NoBody("these are clips, each of which would begin anew; build them from whole motions")
    if rate is not None and abs(take.rate / rate - 1) > _SAME:
        raise NoBody(
            f"{take.rate:g} frames a second; it is made of {rate:g}: put downsample with rate = {rate:g} before"
        )
    skeleton = take.motion.skeleton
    made, missing = parts(_joints(), skeleton.nodes)
    if missing:
        raise NoBody(naming.absent(missing, skeleton.nodes))
    nodes = [part.nodes[0] for part in made]
    alike = [skeleton.node_parents[part.turn] for part in made] == [
        nodes[part.parent] if part.parent >= 0 else -1 for part in made
    ]
    if all(part.nodes == (part.turn,) for part in made) and (alike or not rotations or skeleton.bare):
        # What a file has as these joints, in this tree, needs no assembly.
        wanted = ("positions", "rotations") if rotations and not skeleton.bare else ("positions",)
        found = kinematics.features(take.motion, wanted)
        positions = found["positions"][:, nodes]
        turns = found["rotations"][:, nodes] if "rotations" in found else None
    elif rotations and not skeleton.bare:
        poses = assembly.assemble(take.motion, made)
        positions, turns = kinematics.features(poses, ("positions",))["positions"], poses.rotations
    else:
        places = kinematics.features(take.motion, ("positions",))["positions"]
        positions = np.stack([places[:, list(part.nodes)].mean(axis=1) for part in made], axis=1)
        turns = None
    legs = np.linalg.norm(np.diff(positions[:1, list(_LEGS)].reshape(-1, 3, 3), axis=1), axis=-1).sum(axis=1)
    length = float(legs.mean()) if len(legs) else 0.0
    if rate is not None and len(legs) and not length > 0:
        raise NoBody("its bones have no length, which AMASS's files take from a body model")
    scale = _to_metres(spaces.metres(take, "joints"), length)
    positions = positions * scale if scale != 1.0 else positions
    # A step that permutes axes has made of z whatever was asked for.
    if rate is None or take.facts.get("up") != "z" or any(step.conjugate for step in take.steps):
        return Body(positions, turns, scale, np.eye(3))
    if turns is not None:
        turns = turns.copy()
        turns[:, 0] = _Y_OF_Z.T @ turns[:, 0]
    return Body(positions @ _Y_OF_Z, turns, scale, _Y_OF_Z)


def standing(positions: Floats, turn: Floats) -> tuple[Floats, Floats]:
    """Return origin (3,) and axes (3, 3) in which a body begins above the origin, on the floor, and faces z.

    Parameters
    ----------
    positions
        (F, 22, 3), F at least 1, y up.
    turn
        (1,), by how much about y it is to be turned to face z, in radians.
    """
    origin = np.array([positions[0, 0, 0], positions[..., 1].min(), positions[0, 0, 2]])
    # Columns are the new axes; the body is turned, so the axes are turned the other way.
    return origin, rotations.from_euler(-turn, [1])


def _to_metres(metres: float | None, legs: float) -> float:
    """Return the factor from lengths, of which legs have one, to metres."""
    if metres is not None:
        return 1.0 if abs(metres - 1) < _SAME else metres
    return 1.0 if _LEAST <= legs <= _MOST or not legs > 0 else _PUBLISHED / legs


@cache
def _joints() -> tuple[Joint, ...]:
    return skeleton_tables.load("smpl-22")
