"""What a batch in memory has to be: the shapes, masks and numbers of its features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.feature_kinds import FEET, KINDS

Array = NDArray[Any]

#: Markers, each with its mask, in the order in which those that are to be corrupted are looked for.
MASKED = {"markers_corrupt": "markers_corrupt_visible", "markers": "markers_visible"}
#: What windows have beside features, and keep.
BESIDE = ("label",)

_AXES = {"feet": ", feet", "joints": ", nodes", "markers": ", markers", "root": "", "body": ""}


def check(batch: Mapping[str, Array], markers: Sequence[str], nodes: Sequence[str], whole: str) -> None:
    """Check what stages are to work on.

    Parameters
    ----------
    batch
        Features by name.
    markers, nodes
        Names of markers and of nodes, as far as they are known.
    whole
        The name of a stage that changes all features; if empty, only markers are looked at.

    Raises
    ------
    ValueError
        If a feature has another shape than it should, or is not known; if markers have no mask; or if what is not
        hidden by a mask is not finite.
    """
    if whole:
        for name in batch:
            if (name not in KINDS or KINDS[name].part == "body" or KINDS[name].form == "spin") and name not in BESIDE:
                raise ValueError(
                    f"{whole} does not know how to change {name!r}; leave it out, or put {whole} into a recipe"
                )
        features = [name for name in batch if name in KINDS]
        if not features:
            raise ValueError(f"{whole} finds nothing to change; the batch has {', '.join(batch) or 'no arrays'}")
    else:
        features = [name for name in batch if name in (*MASKED, *MASKED.values(), "markers_seen")]
    leads = {}
    for name in features:
        leads[lead(name, batch[name])] = name
        kind = KINDS[name]
        names, what = {"markers": (markers, "markers"), "feet": (FEET, "feet")}.get(kind.part, (nodes, "nodes"))
        count = frame(name, batch[name])[0]
        # Rotations are of joints, which are the first of the nodes.
        fewer = kind.part == "joints" and kind.form not in ("point", "vector") and count < len(names)
        if kind.part != "root" and names and count != len(names) and not fewer:
            raise ValueError(f"there are {len(names)} names for the {count} {what} of {name}")
    for name, mask in MASKED.items():
        if name in batch and mask not in batch:
            raise ValueError(f"the batch has {name!r} without {mask!r}")
        if name in batch and batch[mask].shape != batch[name].shape[:-1]:
            raise ValueError(
                f"{name} has shape {batch[name].shape} and {mask} {batch[mask].shape}; "
                "expected (..., frames, markers, 3) and the same without the 3"
            )
    if len(leads) > 1:
        found = ", ".join(f"{list(axes)} of {name}" for axes, name in leads.items())
        raise ValueError(f"the leading axes and the frames of a batch must be the same; there are {found}")
    for name in features:
        _check_numbers(name, batch)


def lead(name: str, array: Array) -> tuple[int, ...]:
    """Return the leading axes of a feature and its frames.

    Raises
    ------
    ValueError
        If it has another shape than its kind's.
    """
    kind = KINDS[name]
    own = array.ndim - len(kind.shape)
    axes = own - (kind.part not in ("root", "body"))
    if axes < 1 or array.shape[own:] != kind.shape:
        tail = "".join(f", {size}" for size in kind.shape)
        raise ValueError(f"{name} has shape {array.shape}; expected (..., frames{_AXES[kind.part]}{tail})")
    return array.shape[:axes]


def frame(name: str, array: Array) -> tuple[int, ...]:
    """Return the shape of a frame of a feature, the root's as that of a single joint."""
    shape = array.shape[len(lead(name, array)) :]
    return (1, *shape) if KINDS[name].part == "root" else shape


def seen(batch: Mapping[str, Array], name: str) -> NDArray[np.bool_]:
    """Return which markers (...) of a feature (..., 3) or (..., 4) are visible."""
    if name == "markers_seen":
        visible: NDArray[np.bool_] = batch[name][..., 3] > 0.5
        return visible
    return batch[MASKED[name]].astype(np.bool_)


def _check_numbers(name: str, batch: Mapping[str, Array]) -> None:
    good = np.isfinite(batch[name])
    if good.all():
        return
    if name in (*MASKED, "markers_seen"):
        good[..., :3] |= ~seen(batch, name)[..., None]
    if not good.all():
        place = tuple(int(at) for at in np.argwhere(~good)[0])
        raise ValueError(f"{name} has {batch[name][place]} at {place}; only what is not visible may be no number")
