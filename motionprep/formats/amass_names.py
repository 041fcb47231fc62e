"""What an ``.npz`` file is by the names of its arrays; without NumPy, as every file is asked."""

from __future__ import annotations

from collections.abc import Collection

#: The end of names of files that AMASS has beside its motions: bodies of subjects, and what was fitted to make them.
_BODIES = ("shape.npz", "_stagei.npz")


def is_npz(name: str) -> bool:
    """Return whether a file is an ``.npz`` file by its suffix."""
    return name.lower().endswith(".npz")


def is_amass(names: Collection[str]) -> bool:
    """Return whether a file with arrays of these names is a motion of AMASS."""
    return {"poses", "trans"} <= {*names}


def has_markers(names: Collection[str]) -> bool:
    """Return whether a motion of AMASS with arrays of these names has markers too."""
    return {"marker_data", "marker_labels"} <= {*names}


def is_body(name: str, names: Collection[str]) -> bool:
    """Return whether a file is what AMASS has beside its motions, or a body model: no motion."""
    of_body = "betas" in names or {"v_template", "J_regressor"} <= {*names}
    return name.lower().endswith(_BODIES) or (of_body and not is_amass(names))
