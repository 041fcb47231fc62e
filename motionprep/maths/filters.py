"""Low-pass filtering of takes, for rates that are to come down."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from motionprep.motion import rotations
from motionprep.motion.arrays import Floats
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.take import Take

_HALF_WIDTHS = 4


def lowpass(take: Take, factor: float) -> Take:
    """Return the take without what a rate that is ``factor`` times lower could not show.

    Translations, marker positions and the components of steady quaternions are each filtered along the frames by a
    Hamming-windowed sinc that cuts off at the new rate's half (Oppenheim and Schafer, "Discrete-time signal
    processing", 7.5); quaternions are then made unit again. The first and last frame are held beyond the ends. A
    marker's gaps are bridged by straight lines on the way through the filter and stay gaps.
    """
    kernel = _kernel(factor)
    motion, markers, corrupt = take.motion, take.markers, take.corrupt
    return replace(
        take,
        motion=None if motion is None else _motion(motion, kernel),
        markers=None if markers is None else _markers(markers, kernel),
        corrupt=None if corrupt is None else _markers(corrupt, kernel),
    )


def _kernel(factor: float) -> Floats:
    reach = math.ceil(_HALF_WIDTHS * factor)
    times = np.arange(-reach, reach + 1)
    kernel = np.sinc(times / factor) * np.hamming(times.size)
    unit: Floats = kernel / kernel.sum()
    return unit


def _along_frames(values: Floats, kernel: Floats) -> Floats:
    """Filter (F, ...) along its first axis; the ends are held."""
    flat = values.reshape(len(values), -1)
    reach = len(kernel) // 2
    held = np.pad(flat, ((reach, reach), (0, 0)), mode="edge")
    out = np.empty_like(flat)
    for column in range(flat.shape[1]):
        out[:, column] = np.convolve(held[:, column], kernel, mode="valid")
    return out.reshape(values.shape)


def _motion(motion: Motion | Poses, kernel: Floats) -> Poses:
    poses = motion.poses()
    quaternions = _along_frames(rotations.steady(rotations.to_quaternion(poses.rotations)), kernel)
    quaternions /= np.linalg.norm(quaternions, axis=-1, keepdims=True)
    translations = _along_frames(poses.translations, kernel)
    return Poses(poses.skeleton, translations, rotations.from_quaternion(quaternions), poses.rate)


def _markers(markers: Markers, kernel: Floats) -> Markers:
    bridged = np.zeros(markers.positions.shape)
    times = np.arange(markers.frames)
    for marker, visible in enumerate(markers.visible.T):
        for axis in range(3 if visible.any() else 0):
            bridged[:, marker, axis] = np.interp(times, times[visible], markers.positions[visible, marker, axis])
    positions = np.where(markers.visible[..., None], _along_frames(bridged, kernel), 0)
    return replace(markers, positions=positions)
