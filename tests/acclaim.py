"""Acclaim files for tests: a small skeleton with bones that are turned about axes of their own, and motions of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from motionprep.motion.arrays import Floats

ASF = """# made for a test
:version 1.10
:name TEST
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
   two legs and a trunk
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name trunk
     direction 0 1 0
     length 5
     axis 10 20 30 XYZ
    dof rx ry rz
    limits (-180 180)
           (-180 180)
           (-180 180)
  end
  begin
     id 2
     name lleg
     direction 0.6 -0.8 0
     length 4
     axis -15 0 40 ZYX
    dof rz rx
  end
  begin
     id 3
     name lfoot
     direction 0 0 1
     length 1.5
     axis 0 0 0 XYZ
    dof ry
  end
:hierarchy
  begin
    root trunk lleg
    lleg lfoot
  end
"""
#: Angles of each bone in the order of its degrees of freedom, after the root's place and angles.
DOF = {"root": 6, "trunk": 3, "lleg": 2, "lfoot": 1}


def amc(values: Mapping[str, Floats], *, first: int = 1, order: Sequence[str] = tuple(DOF), head: str = "") -> bytes:
    """Return the text of a motion: for each bone (F, K) numbers."""
    lines = ["#!OML:ASF made for a test", ":FULLY-SPECIFIED", head or ":DEGREES"]
    for frame in range(len(next(iter(values.values())))):
        lines.append(str(first + frame))
        lines += [" ".join([bone, *map(repr, map(float, values[bone][frame]))]) for bone in order]
    return ("\n".join(lines) + "\n").encode()


def angles(frames: int = 5, seed: int = 0) -> dict[str, Floats]:
    """Return random numbers of a motion."""
    random = np.random.default_rng(seed)
    return {bone: random.uniform(-80, 80, (frames, count)) for bone, count in DOF.items()}
