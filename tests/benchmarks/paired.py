"""Build takes with skeletons and markers by one thread, and print what share of the time each stage has.

python paired.py DATA DEST: a tree of BVH and C3D files.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Any

import motionprep
from motionprep.building import read, shard_job
from motionprep.building.extract import Extraction

RECIPE = "cmu-markers-denoise"


def main(data: str, dest: str) -> None:
    """Build, with a clock around every stage, the reading of the files, and what is done to store a take."""
    spent: Counter[str] = Counter()

    def timed(owner: Any, name: str, label: Any) -> None:
        call = getattr(owner, name)

        def with_clock(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                spent[label(*given)] += time.perf_counter() - began

        setattr(owner, name, with_clock)

    timed(shard_job._TakeProcessor, "_apply", lambda _taken, _item, _row, _number, stage, _take: stage.name)
    timed(read, "parse_motion", lambda *_: "read BVH")
    timed(read, "parse_markers", lambda *_: "read C3D")
    timed(Extraction, "fill", lambda *_: "features")
    began = time.perf_counter()
    motionprep.build(data, dest, recipe=RECIPE, workers=1)
    whole = time.perf_counter() - began
    spent["the rest"] = whole - sum(spent.values())
    for name, seconds in spent.most_common():
        sys.stdout.write(f"    {name:16s} {seconds:7.2f} s {seconds / whole:6.1%}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
