"""The measure of the build: parse, run the kinematics and write raw bytes, with no pipeline at all.

python bare_loop.py CORPUS DEST STEP: the first nine tenths of the files at every STEP-th frame, the rest at every
frame.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from motionprep.formats import bvh
from motionprep.motion import kinematics
from motionprep.sources.find import find
from motionprep.stages.features import DEFAULT

THREADS = 2


def main(corpus: str, dest: str, step: int) -> None:
    """Run the loop over all files."""
    found = find([corpus])
    train = len(found) * 9 // 10
    folder = Path(dest)
    folder.mkdir(parents=True)

    def one(number: int) -> None:
        path = Path(found[number].file)
        every = step if number < train else 1
        motion = bvh.parse_bvh(
            path.read_bytes(), path.name, pick=lambda count, _: range(0, count // every * every, every)
        )
        with (folder / str(number)).open("wb") as file:
            for array in kinematics.features(motion, DEFAULT, np.float32).values():
                array.tofile(file)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, range(len(found))))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
