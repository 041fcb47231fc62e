"""The one way a key is made: canonical JSON, then sha256."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> bytes:
    """Return ``value`` as JSON that is the same for equal values: sorted keys, no blanks, no NaN.

    Raises
    ------
    TypeError, ValueError
        If ``value`` holds something that JSON cannot express.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: bytes) -> str:
    """Return the sha256 of ``data``, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def key(value: Any, length: int = 32) -> str:
    """Return the first ``length`` hexadecimal digits of the sha256 of ``value``'s canonical JSON."""
    return digest(canonical(value))[:length]
