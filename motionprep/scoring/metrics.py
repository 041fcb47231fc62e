"""How far predictions are from the truth, as papers on pose and motion measure it.

NumPy arrays in, leading axes broadcast, computed in float64. A mask is True where a joint counts; what is masked may
hold anything, NaN as well, and contributes nothing. NaN that counts makes the result NaN. Classes are whole numbers
from 0, one for each of N windows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motionprep.motion import rotations
from motionprep.motion.arrays import Floats

_MM = 1000.0


def euclidean_distance(predicted: ArrayLike, target: ArrayLike, *, mask: ArrayLike | None = None) -> Floats:
    """Return the distance (ED) of each joint in each frame.

    Parameters
    ----------
    predicted, target
        (..., J, D) points, in any unit; D is 3, or 2 for keypoints in a picture.
    mask
        (..., J), True where a joint counts; all do if None.

    Returns
    -------
    numpy.ndarray
        (..., J), in the points' unit; NaN where masked.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """
    return _distances(*_points(predicted, target, mask))


def pck(predicted: ArrayLike, target: ArrayLike, threshold: ArrayLike, *, mask: ArrayLike | None = None) -> float:
    """Return the share of joints, 0 to 1, that are at most a threshold off: percentage of correct keypoints (PCK).

    Yang and Ramanan 2013, "Articulated human detection with flexible mixtures of parts".

    Parameters
    ----------
    predicted, target, mask
        As in :func:`euclidean_distance`. A prediction that is NaN is not correct.
    threshold
        In the points' unit: a number, or an array that broadcasts to (..., J), such as a share of each body's size.

    Raises
    ------
    ValueError
        If the shapes do not fit each other, a threshold is below 0, or nothing counts.
    """
    distances, counts = _with_counts(predicted, target, mask)
    limits = np.asarray(threshold, dtype=np.float64)
    if not (limits >= 0).all():
        raise ValueError(f"threshold is {limits.min()}; it must be 0 or above")
    _fits("threshold", limits, distances.shape)
    return _mean(distances <= limits, counts)


def mpjpe(
    predicted: ArrayLike, target: ArrayLike, *, mask: ArrayLike | None = None, metres_per_unit: float = 1.0
) -> float:
    """Return the mean distance of joints in mm: mean per joint position error (MPJPE).

    Ionescu et al. 2014, "Human3.6M". Nothing is aligned: who wants poses relative to the root takes it off first.

    Parameters
    ----------
    predicted, target, mask
        As in :func:`euclidean_distance`.
    metres_per_unit
        How long the points' unit is: 1 if they are in metres, 0.001 in mm, 0.056444 in CMU's BVH files.

    Raises
    ------
    ValueError
        If the shapes do not fit each other, or nothing counts.
    """
    return _MM * metres_per_unit * _mean(*_with_counts(predicted, target, mask))


def pa_mpjpe(
    predicted: ArrayLike, target: ArrayLike, *, mask: ArrayLike | None = None, metres_per_unit: float = 1.0
) -> float:
    """Return the :func:`mpjpe` in mm that is left when each frame has been laid on its target by :func:`procrustes`.

    Raises
    ------
    ValueError
        If the shapes do not fit each other, or nothing counts.
    """
    return mpjpe(procrustes(predicted, target, mask=mask), target, mask=mask, metres_per_unit=metres_per_unit)


def procrustes(predicted: ArrayLike, target: ArrayLike, *, mask: ArrayLike | None = None, scale: bool = True) -> Floats:
    """Return predictions moved, turned and scaled, frame by frame, so that their squared distances are least.

    Gower 1975, "Generalized Procrustes analysis", of two shapes; solved by singular value decomposition, with the scale
    and the guard against mirror images of Umeyama 1991, "Least-squares estimation of transformation parameters between
    two point patterns".

    Parameters
    ----------
    predicted, target, mask
        As in :func:`euclidean_distance`; the J joints of a frame are moved as one.
    scale
        Whether they are scaled as well.

    Returns
    -------
    numpy.ndarray
        (..., J, D), in the target's unit and place; NaN where masked.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """
    moved, fixed, counts = _points(predicted, target, mask)
    counted = counts[..., None]
    number = np.maximum(counted.sum(axis=-2, keepdims=True), 1)
    moved, fixed = np.where(counted, moved, 0.0), np.where(counted, fixed, 0.0)
    place = fixed.sum(axis=-2, keepdims=True) / number
    moved = np.where(counted, moved - moved.sum(axis=-2, keepdims=True) / number, 0.0)
    products = np.swapaxes(moved, -1, -2) @ np.where(counted, fixed - place, 0.0)
    turn = rotations.nearest(products)
    if scale:
        squares = np.sum(moved**2, axis=(-2, -1), keepdims=True)
        factors = np.sum(turn * products, axis=(-2, -1), keepdims=True)
        # All joints of a prediction in one point stay one point, whatever they are multiplied by.
        moved = moved * np.divide(factors, squares, out=np.ones_like(factors), where=squares > 0)
    return np.where(counted, moved @ turn + place, np.nan)


def velocity_error(
    predicted: ArrayLike, target: ArrayLike, rate: float = 1.0, *, mask: ArrayLike | None = None
) -> float:
    """Return the mean distance of joints' velocities (MPJVE), in the points' unit a second.

    Pavllo et al. 2019, "3D human pose estimation in video with temporal convolutions and semi-supervised training".

    Parameters
    ----------
    predicted, target, mask
        (..., F, J, D) and (..., F, J), as in :func:`euclidean_distance`; a step counts if both its frames do.
    rate
        Frames a second; with 1 the unit of time is a frame.

    Raises
    ------
    ValueError
        If the shapes do not fit each other, there are fewer than 2 frames, or nothing counts.
    """
    return _mean(*_of_derivatives(predicted, target, mask, rate, 1))


def acceleration_error(
    predicted: ArrayLike, target: ArrayLike, rate: float = 1.0, *, mask: ArrayLike | None = None
) -> float:
    """Return the mean distance of joints' accelerations, in the points' unit a second squared.

    Kanazawa et al. 2019, "Learning 3D human dynamics from video"; second differences of three frames in a row.

    Parameters
    ----------
    predicted, target, rate, mask
        As in :func:`velocity_error`.

    Raises
    ------
    ValueError
        If the shapes do not fit each other, there are fewer than 3 frames, or nothing counts.
    """
    return _mean(*_of_derivatives(predicted, target, mask, rate, 2))


def smoothness(points: ArrayLike, rate: float = 1.0, *, mask: ArrayLike | None = None) -> float:
    """Return the mean size of joints' jerk, in the points' unit a second cubed: 0 is smoothest, noise makes it large.

    Jerk is what natural movements keep small (Flash and Hogan 1985, "The coordination of arm movements"); compare a
    prediction's with its target's.

    Parameters
    ----------
    points, rate, mask
        (..., F, J, D) and the rest as in :func:`velocity_error`.

    Raises
    ------
    ValueError
        If the shapes do not fit each other, there are fewer than 4 frames, or nothing counts.
    """
    return _mean(*_of_derivatives(points, np.zeros(np.shape(points)[-1:]), mask, rate, 3))


def rotation_geodesic(predicted: ArrayLike, target: ArrayLike, *, mask: ArrayLike | None = None) -> Floats:
    """Return the angle of the one turn that takes each prediction to its target, 0 to pi radians.

    Huynh 2009, "Metrics for 3D rotations: comparison and analysis". Read off sine and cosine, so that neither small
    angles nor half turns lose digits, as they do with the cosine alone.

    Parameters
    ----------
    predicted, target
        (..., 3, 3), rotation matrices. :func:`~motionprep.motion.rotations.from_quaternion` makes them of unit
        quaternions,
        :func:`motionprep.motion.rotations.matrices_back` of whatever a network predicts, and
        :func:`motionprep.motion.rotations.nearest` of nine numbers that are no rotation yet.
    mask
        (...), True where a rotation counts; all do if None.

    Returns
    -------
    numpy.ndarray
        (...), radians; NaN where masked.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """
    one, other = np.asarray(predicted, dtype=np.float64), np.asarray(target, dtype=np.float64)
    shape = _common(one, other)
    if shape[-2:] != (3, 3):
        raise ValueError(f"predicted has shape {one.shape} and target {other.shape}; expected (..., 3, 3)")
    counts = _counts(mask, shape[:-2])
    counted = counts[..., None, None]
    turn = np.swapaxes(np.where(counted, one, 0.0), -1, -2) @ np.where(counted, other, 0.0)
    sines = [turn[..., k, j] - turn[..., j, k] for j, k in ((1, 2), (2, 0), (0, 1))]
    cosine = np.trace(turn, axis1=-2, axis2=-1) - 1
    return np.where(counts, np.arctan2(np.linalg.norm(np.stack(sines, axis=-1), axis=-1), cosine), np.nan)


def confusion_matrix(predicted: ArrayLike, target: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return how many windows of each class were taken for each class.

    Stehman 1997, "Selecting and interpreting measures of thematic classification accuracy".

    Parameters
    ----------
    predicted, target
        (N,) whole numbers, classes from 0.
    classes
        C, how many there are.

    Returns
    -------
    numpy.ndarray
        (C, C), int64: a row for each true class, a column for each predicted one. A row's sum is how many windows are
        of a class, a column's how many are predicted to be.

    Raises
    ------
    ValueError
        If the shapes differ, something is no whole number from 0 to C - 1, or there is no window.
    """
    if classes < 1:
        raise ValueError(f"classes is {classes}; expected how many there are, 1 or more")
    one, other = _classes(predicted, target, classes)
    return np.bincount(other * classes + one, minlength=classes**2).reshape(classes, classes)


def accuracy(predicted: ArrayLike, target: ArrayLike) -> float:
    """Return the share of windows, 0 to 1, whose class is predicted.

    Sokolova and Lapalme 2009, "A systematic analysis of performance measures for classification tasks", of several
    classes with as much weight on each window.

    Parameters
    ----------
    predicted, target
        As in :func:`confusion_matrix`.

    Raises
    ------
    ValueError
        As in :func:`confusion_matrix`.
    """
    one, other = _classes(predicted, target)
    return float(np.mean(one == other))


def precision(predicted: ArrayLike, target: ArrayLike, classes: int) -> Floats:
    """Return of each class (C,) the share of windows predicted to be of it that are; NaN if none is.

    Sokolova and Lapalme 2009, as :func:`accuracy`; parameters and errors are those of :func:`confusion_matrix`.
    """
    confusion = confusion_matrix(predicted, target, classes)
    return _shares(np.diag(confusion), confusion.sum(axis=0))


def recall(predicted: ArrayLike, target: ArrayLike, classes: int) -> Floats:
    """Return of each class (C,) the share of its windows that are predicted to be of it; NaN if it has none.

    Sokolova and Lapalme 2009, as :func:`accuracy`; parameters and errors are those of :func:`confusion_matrix`.
    """
    confusion = confusion_matrix(predicted, target, classes)
    return _shares(np.diag(confusion), confusion.sum(axis=1))


def f1(predicted: ArrayLike, target: ArrayLike, classes: int) -> Floats:
    """Return of each class (C,) the harmonic mean of precision and recall; NaN if it is neither there nor predicted.

    Van Rijsbergen 1979, "Information Retrieval", whose effectiveness it is from 1, with as much weight on either.
    Parameters and errors are those of :func:`confusion_matrix`.
    """
    confusion = confusion_matrix(predicted, target, classes)
    return _shares(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def macro_f1(predicted: ArrayLike, target: ArrayLike, classes: int) -> float:
    """Return the mean of :func:`f1` over the classes that are there or predicted, each with as much weight.

    Opitz and Burst 2019, "Macro F1 and Macro F1": the mean of F1 scores, not the F1 of means. Parameters and errors are
    those of :func:`confusion_matrix`.
    """
    return float(np.nanmean(f1(predicted, target, classes)))


def derivatives(points: ArrayLike, rate: float, order: int) -> Floats:
    """Return finite differences (..., F - order, J, D) of points (..., F, J, D), times the rate for each order.

    Raises
    ------
    ValueError
        If there are not more frames than ``order``.
    """
    array = np.asarray(points, dtype=np.float64)
    if array.ndim < 3 or array.shape[-3] <= order:
        raise ValueError(f"points have shape {array.shape}; expected (..., F, J, D) with at least {order + 1} frames")
    return np.diff(array, n=order, axis=-3) * rate**order


def in_a_row(mask: ArrayLike, order: int) -> NDArray[np.bool_]:
    """Return where (..., F - order, J) a mask (..., F, J) is True in ``order + 1`` frames in a row."""
    array = np.asarray(mask, dtype=bool)
    frames = array.shape[-2] - order
    together: NDArray[np.bool_] = np.logical_and.reduce(
        [array[..., first : first + frames, :] for first in range(order + 1)]
    )
    return together


def _of_derivatives(
    predicted: ArrayLike, target: ArrayLike, mask: ArrayLike | None, rate: float, order: int
) -> tuple[Floats, NDArray[np.bool_]]:
    one, other, counts = _points(predicted, target, mask)
    # The derivative of a difference is the difference of derivatives.
    apart = derivatives(_apart(one, other, counts), rate, order)
    return np.linalg.norm(apart, axis=-1), in_a_row(counts, order)


def _with_counts(predicted: ArrayLike, target: ArrayLike, mask: ArrayLike | None) -> tuple[Floats, NDArray[np.bool_]]:
    one, other, counts = _points(predicted, target, mask)
    return _distances(one, other, counts), counts


def _distances(predicted: Floats, target: Floats, counts: NDArray[np.bool_]) -> Floats:
    distances: Floats = np.linalg.norm(_apart(predicted, target, counts), axis=-1)
    return distances


def _apart(predicted: Floats, target: Floats, counts: NDArray[np.bool_]) -> Floats:
    """Return the differences (..., J, D), NaN where masked."""
    apart: Floats = np.full(predicted.shape, np.nan)
    return np.subtract(predicted, target, out=apart, where=counts[..., None])


def _points(
    predicted: ArrayLike, target: ArrayLike, mask: ArrayLike | None
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return points (..., J, D) of one shape, and where (..., J) they count."""
    one, other = np.asarray(predicted, dtype=np.float64), np.asarray(target, dtype=np.float64)
    shape = _common(one, other)
    if len(shape) < 2:
        raise ValueError(f"predicted has shape {one.shape}; expected (..., J, D), joints and axes")
    return np.broadcast_to(one, shape), np.broadcast_to(other, shape), _counts(mask, shape[:-1])


def _common(predicted: Floats, target: Floats) -> tuple[int, ...]:
    try:
        if predicted.shape[-1:] == target.shape[-1:]:
            return np.broadcast_shapes(predicted.shape, target.shape)
    except ValueError:
        pass
    raise ValueError(f"predicted has shape {predicted.shape} and target {target.shape}; they must broadcast")


def _counts(mask: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if mask is None:
        return np.ones(shape, dtype=bool)
    array = np.asarray(mask, dtype=bool)
    _fits("mask", array, shape)
    return np.broadcast_to(array, shape)


def _fits(name: str, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    try:
        fits = np.broadcast_shapes(array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name} has shape {array.shape}; it must broadcast to {shape}")


def _mean(values: NDArray[np.generic], counts: NDArray[np.bool_]) -> float:
    number = np.count_nonzero(counts)
    if not number:
        raise ValueError("nothing counts: the points are empty, or the mask leaves out all of them")
    return float(np.sum(values, where=counts, dtype=np.float64) / number)


def _classes(
    predicted: ArrayLike, target: ArrayLike, classes: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return classes (N,) of windows, all below ``classes`` if that is given."""
    one, other = np.asarray(predicted), np.asarray(target)
    for name, array in (("predicted", one), ("target", other)):
        if array.ndim != 1 or not array.size or array.dtype.kind not in "iu":
            raise ValueError(
                f"{name} is {array.dtype} of shape {array.shape}; expected (N,) whole numbers, one a window"
            )
        if array.min() < 0 or (classes is not None and array.max() >= classes):
            allowed = "0 or above" if classes is None else f"0 to {classes - 1}"
            raise ValueError(f"{name} has classes {array.min()} to {array.max()}; expected {allowed}")
    if one.shape != other.shape:
        raise ValueError(f"predicted has shape {one.shape} and target {other.shape}; they must be alike")
    return one.astype(np.int64), other.astype(np.int64)


def _shares(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Floats:
    shares: Floats = np.full(len(whole), np.nan)
    return np.divide(part, whole, out=shares, where=whole > 0)
