"""One file a format; here, which suffix is read by which, and which modality of a take it holds."""

from __future__ import annotations

from collections.abc import Mapping

#: ``"motion"``, a skeleton that moves, or ``"markers"``, by suffix.
MODALITIES: Mapping[str, str] = {
    ".bvh": "motion",
    ".amc": "motion",
    ".mvnx": "motion",
    ".c3d": "markers",
    ".trc": "markers",
}
#: Suffix of the file beside, without which a file of a suffix has no skeleton.
BESIDE: Mapping[str, str] = {".amc": ".asf"}
#: Suffixes of arrays of joint positions, which are motions where metadata name their joints.
ARRAYS = (".npy", ".npz")
#: Suffixes of motions whose formats have z up; others state nothing, and nearly all have y up.
Z_UP = (".npz", ".mvnx")
#: Raised when a reader makes other numbers of the same bytes, so that shards of the older numbers are made anew.
VERSION = 2
