"""What is done in a corpus: gaits, and the acts that they make up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gait:
    """One cycle of a movement, its angles as Fourier series: a mean, then cosine and sine of each harmonic, in degrees.

    Walking and running follow the course of normal gait, roughly (compare Winter, "Biomechanics and Motor Control of
    Human Movement"). A cycle starts where the left heel strikes, that of a jump at its height.

    Parameters
    ----------
    name
        For the index.
    period
        Seconds.
    hip, knee, ankle
        The thigh's angle to the vertical, forward positive; the knee's flexion; the ankle's dorsiflexion.
    arm, elbow
        The upper arm's swing forward; the elbow's flexion.
    lean
        The pelvis's pitch forward.
    paired
        Whether left and right move together and not half a cycle apart.
    stride
        Way in a cycle, in lengths of the leg.
    hold
        How far the pelvis follows the foot on the floor (1) and not an even speed (0).
    passage
        How near both feet are to the floor when the body passes from one to the other, in units.
    lift
        Height of the flight, in units.
    flight
        The middle of the first flight, in cycles, and the cosine to that middle below which there is none.
    sway, roll, twist
        Of the pelvis from side to side: way in units, degrees about the line of travel and about the vertical.
    """

    name: str
    period: float
    hip: tuple[float, ...]
    knee: tuple[float, ...]
    ankle: tuple[float, ...]
    arm: tuple[float, ...]
    elbow: tuple[float, ...]
    lean: tuple[float, ...]
    paired: bool
    stride: float
    hold: float
    passage: float
    lift: float
    flight: tuple[float, float]
    sway: float
    roll: float
    twist: float


WALK = Gait(
    name="walk",
    period=1.1,
    hip=(13.4, 20.1, -4.5, -3.2, -2.3, -0.1, 1.1, 0.0, -0.2),
    knee=(22.6, -3.0, -20.3, -13.0, 7.5, -0.7, 3.4, -0.8, 0.5),
    ankle=(0.0, -1.1, 5.2, 0.7, -6.3, -2.2, 1.0, 1.9, -0.8),
    arm=(2.0, -18.0, 4.0, 1.0, 0.5),
    elbow=(24.0, -8.0, 3.0),
    lean=(3.0, 0.0, 0.0, 0.8, 0.4),
    paired=False,
    stride=1.5,
    hold=0.25,
    passage=1.0,
    lift=0.0,
    flight=(0.0, 0.9),
    sway=0.45,
    roll=2.0,
    twist=4.0,
)
RUN = Gait(
    name="run",
    period=0.72,
    hip=(22.8, 17.3, -16.4, -3.2, 4.1, -1.2, -0.3, -0.2, 0.1),
    knee=(46.9, -15.6, -26.4, -11.9, 16.9, -3.8, 1.2, 0.2, 0.7),
    ankle=(1.0, 12.1, 2.2, -4.4, 8.6, -3.6, -2.7, 0.5, -0.3),
    arm=(-8.0, -30.0, 10.0, 2.0, 1.0),
    elbow=(82.0, -14.0, 6.0),
    lean=(10.0, 0.0, 0.0, 1.2, 0.6),
    paired=False,
    stride=2.6,
    hold=0.15,
    passage=2.0,
    lift=0.5,
    flight=(0.47, -0.2),
    sway=0.25,
    roll=2.5,
    twist=6.0,
)
JUMP = Gait(
    name="jump",
    period=1.6,
    hip=(35.0, 0.0, 0.0, -35.0, 0.0),
    knee=(45.0, 0.0, 0.0, -40.0, 0.0),
    ankle=(-0.9, -17.5, 0.0, -13.8, 0.0, -2.5, 0.0, -0.3, 0.0),
    arm=(10.0, 28.0, 22.0, 12.0, 0.0),
    elbow=(34.0, 0.0, 10.0),
    lean=(12.0, 0.0, 0.0, -9.0, 0.0),
    paired=True,
    stride=0.0,
    hold=0.8,
    passage=0.4,
    lift=3.0,
    flight=(0.0, 0.75),
    sway=0.0,
    roll=0.0,
    twist=0.0,
)


@dataclass(frozen=True)
class Act:
    """A gait and where it leads: ``turn`` in degrees to the left, ``leap`` in units a second while in the air."""

    label: str
    gait: Gait
    turn: float = 0.0
    leap: float = 0.0


# In the words of CMU's index.
ACTS = (
    Act("walk forward", WALK),
    Act("walk, 90-degree left turn", WALK, turn=90.0),
    Act("run", RUN),
    Act("jump", JUMP),
    Act("walk, turn around", WALK, turn=-180.0),
    Act("run, veer right", RUN, turn=-45.0),
    Act("forward jump", JUMP, leap=70.0),
    Act("walk, veer left", WALK, turn=45.0),
)
