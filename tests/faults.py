"""Plant faults: each function returns a motion or markers with one fault, of frames counted from 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motionprep.maths import spaces
from motionprep.maths.axes import matrix
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.quality.body import Body, of_points
from motionprep.quality.take import CheckedTake

Frames = tuple[int, int]


def with_channels(motion: Motion, channels: np.ndarray) -> Motion:
    return Motion(motion.skeleton, channels, motion.rate)


def columns(motion: Motion, joint: str, kind: str) -> list[int]:
    names = motion.skeleton.channel_names
    return [at for at, name in enumerate(names) if name.startswith(f"{joint}_") and name.endswith(kind)]


def moved_root(motion: Motion, frames: Frames, by: tuple[float, float, float]) -> Motion:
    """Displace the root in some frames."""
    channels = motion.channels.copy()
    channels[frames[0] - 1 : frames[1], columns(motion, motion.skeleton.joints[0], "position")] += by
    return with_channels(motion, channels)


def slid_root(motion: Motion, frames: Frames, speed: float) -> Motion:
    """Slide the whole body along x in some frames, at a speed in units per second, and leave it where it comes to."""
    channels = motion.channels.copy()
    way = np.zeros(motion.frames)
    way[frames[0] - 1 : frames[1]] = speed / motion.rate
    channels[:, columns(motion, motion.skeleton.joints[0], "Xposition")] += np.cumsum(way)[:, None]
    return with_channels(motion, channels)


def raised_root(motion: Motion, frames: Frames, by: float) -> Motion:
    """Raise the body in some frames, up and down again within a quarter of a second each."""
    channels = motion.channels.copy()
    ramp = np.zeros(motion.frames)
    ramp[frames[0] - 1 : frames[1]] = 1
    width = round(motion.rate / 4)
    kernel = np.hanning(2 * width + 1)
    ramp = np.convolve(np.pad(ramp, width, "edge"), kernel / kernel.sum(), "valid")
    channels[:, columns(motion, motion.skeleton.joints[0], "Yposition")] += by * ramp[:, None]
    return with_channels(motion, channels)


def turned_joint(motion: Motion, joint: str, frames: Frames, degrees: float) -> Motion:
    """Add degrees to all rotation channels of a joint in some frames."""
    channels = motion.channels.copy()
    channels[frames[0] - 1 : frames[1], columns(motion, joint, "rotation")] += degrees
    return with_channels(motion, channels)


def flipped(motion: Motion, joint: str, axis: str, frame: int) -> Motion:
    """Turn a joint by half a turn about one of its axes in one frame."""
    channels = motion.channels.copy()
    channels[frame - 1, columns(motion, joint, f"{axis}rotation")] += 180
    return with_channels(motion, channels)


def on_treadmill(motion: Motion) -> Motion:
    """Take the steady part of its way from the root, so that the body stays where it is."""
    channels = motion.channels.copy()
    for axis in ("Xposition", "Zposition"):
        (column,) = columns(motion, motion.skeleton.joints[0], axis)
        channels[:, column] -= np.linspace(0, channels[-1, column] - channels[0, column], motion.frames)
    return with_channels(motion, channels)


def frozen(motion: Motion, frames: Frames) -> Motion:
    """Repeat the frame before the first of some frames in all of them."""
    channels = motion.channels.copy()
    channels[frames[0] - 1 : frames[1]] = channels[frames[0] - 2]
    return with_channels(motion, channels)


def dropped(motion: Motion, frame: int, count: int) -> Motion:
    """Leave out so many frames before a frame of what is left."""
    return with_channels(motion, np.delete(motion.channels, np.arange(frame - 1, frame - 1 + count), axis=0))


def still(motion: Motion, joint: str) -> Motion:
    """Keep the channels of a joint at their first values."""
    channels = motion.channels.copy()
    own = columns(motion, joint, "rotation")
    channels[:, own] = channels[1, own]
    return with_channels(motion, channels)


def at_rate(motion: Motion, rate: float) -> Motion:
    """State another rate."""
    return Motion(motion.skeleton, motion.channels, rate)


def scaled(motion: Motion, scale: float) -> Motion:
    """Multiply all lengths."""
    changed = spaces.change(Take("", motion), Step(scale=scale)).motion
    assert changed is not None
    return as_motion(motion, changed.skeleton, scale)


def as_motion(motion: Motion, skeleton: Skeleton, scale: float) -> Motion:
    channels = motion.channels.copy()
    moves = [at for at, name in enumerate(skeleton.channel_names) if name.endswith("position")]
    channels[:, moves] *= scale
    return Motion(replace(skeleton, channels=motion.skeleton.channels), channels, motion.rate)


def with_other_bones(motion: Motion, seed: int = 0) -> Motion:
    """Give each bone another length, as another subject's."""
    factors = np.random.default_rng(seed).uniform(0.8, 1.2, len(motion.skeleton.joints))
    offsets = tuple(
        tuple(float(part * factor) for part in offset)
        for offset, factor in zip(motion.skeleton.offsets, factors, strict=True)
    )
    return Motion(replace(motion.skeleton, offsets=offsets), motion.channels, motion.rate)


def without_joint(motion: Motion, joint: str) -> Motion:
    """Leave out a joint at the end of a chain."""
    skeleton = motion.skeleton
    at = skeleton.joints.index(joint)
    kept = [row for row in range(len(skeleton.joints)) if row != at]
    rows = {row: new for new, row in enumerate(kept)}
    own = columns(motion, joint, "")
    smaller = Skeleton(
        tuple(skeleton.joints[row] for row in kept),
        tuple(rows.get(skeleton.parents[row], -1) for row in kept),
        tuple(skeleton.offsets[row] for row in kept),
        tuple(EndSite(rows[site.joint], site.offset) for site in skeleton.end_sites if site.joint in rows),
        tuple(skeleton.channels[row] for row in kept),
    )
    return Motion(smaller, np.delete(motion.channels, own, axis=1), motion.rate)


def renamed(motion: Motion, names: dict[str, str]) -> Motion:
    """Give joints other names."""
    joints = tuple(names.get(name, name) for name in motion.skeleton.joints)
    return Motion(replace(motion.skeleton, joints=joints), motion.channels, motion.rate)


def exchanged(names: tuple[str, ...], only: tuple[str, ...] = ("",)) -> dict[str, str]:
    """Return other names: left for right, of joints whose names contain one of some words."""
    swap = {}
    for name in names:
        if any(word in name for word in only):
            for one, other in (("Left", "Right"), ("Right", "Left")):
                if name.startswith(one):
                    swap[name] = other + name.removeprefix(one)
    return swap


def in_axes(body: Body, axes: str) -> Body:
    """Turn or mirror the world: ``"zxy"`` makes the old z, x and y the new x, y and z."""
    return replace(body, positions=np.ascontiguousarray(body.positions @ matrix(axes), np.float32))


def tilted(body: Body, degrees: float) -> Body:
    """Tilt the world about x."""
    angle = np.radians(degrees)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    return replace(body, positions=np.ascontiguousarray(body.positions @ turn.T, np.float32))


def headed(body: Body, degrees: float) -> Body:
    """Turn the body about y."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return replace(body, positions=np.ascontiguousarray(body.positions @ turn.T, np.float32))


def mirrored(body: Body) -> Body:
    """Mirror the movement as data augmentation does: x is negated, left and right exchange places."""
    from motionprep.naming.sides import pairs

    order = list(range(len(body.names)))
    for left, right in pairs(body.names):
        one, other = body.names.index(left), body.names.index(right)
        order[one], order[other] = other, one
    positions = body.positions[:, order] * np.array([-1, 1, 1], np.float32)
    return replace(body, positions=positions, motion=None, quaternions=None)


def as_points(body: Body, positions: np.ndarray | None = None) -> Body:
    """Return a body as joint positions alone, as a dataset stores them."""
    points = body.positions if positions is None else positions
    return of_points(body.names, body.parents, points, body.rate)


def take_of(key: str, *bodies: Body, split: str = "") -> CheckedTake:
    return CheckedTake(key, bodies, split)


def hidden(markers: Markers, name: str, frames: Frames) -> Markers:
    """Lose a marker in some frames."""
    visible = markers.visible.copy()
    visible[frames[0] - 1 : frames[1], markers.names.index(name)] = False
    return replace(markers, visible=visible, positions=np.where(visible[..., None], markers.positions, 0))


def placed(markers: Markers, name: str, frames: Frames, where: str | float) -> Markers:
    """Put a marker where another one is, or to a number on all axes, in some frames."""
    positions = markers.positions.copy()
    visible = markers.visible.copy()
    at = slice(frames[0] - 1, frames[1])
    place = positions[at, markers.names.index(where)] if isinstance(where, str) else where
    positions[at, markers.names.index(name)] = place
    visible[at, markers.names.index(name)] = True
    return replace(markers, positions=positions, visible=visible)


def swapped(markers: Markers, one: str, other: str, frames: Frames) -> Markers:
    """Exchange two labels in some frames."""
    positions, at = markers.positions.copy(), slice(frames[0] - 1, frames[1])
    rows = [markers.names.index(one), markers.names.index(other)]
    positions[at, rows] = positions[at, rows[::-1]]
    return replace(markers, positions=positions)


def zeroed(markers: Markers, frames: Frames) -> Markers:
    """Put all markers at the origin in some frames, and call them visible."""
    positions, visible = markers.positions.copy(), markers.visible.copy()
    positions[frames[0] - 1 : frames[1]] = 0
    visible[frames[0] - 1 : frames[1]] = True
    return replace(markers, positions=positions, visible=visible)
