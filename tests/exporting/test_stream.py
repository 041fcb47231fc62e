from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from motionprep.exporting import stream


def test_an_error_in_one_split_stops_the_others_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: Counter[str] = Counter()
    train_runs = Event()

    def written(side: str, paths: object, *, squeeze: bool) -> Iterator[int]:
        if side == "test":
            assert train_runs.wait(10)
            raise OSError(28, "No space left on device")
        for part in range(1000):
            parts[side] += 1
            yield part
            train_runs.set()
            time.sleep(0.001)

    monkeypatch.setattr(stream, "_written", written)
    windows: Any = {side: side for side in ("train", "test", "val")}
    with pytest.raises(OSError, match="No space left"):
        stream.write_arrays(windows, {side: {} for side in windows}, lambda *_: None)

    assert parts["train"] < 900
    assert parts["val"] < 900
