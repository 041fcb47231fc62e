"""Measure motionprep against something else in the same run, and print the ratios: `make bench`.

python bench.py [--corpus DIR] [--work DIR] [--runs N] [ROW ...]

The corpus is `motionprep sample --like cmu`, made in the work folder if it is not given. All rows need about 30 GB
there; a row's name runs that row alone. Commands are timed whole, in turn with what they are compared with; figures are
medians.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = sys.executable
MOTIONPREP = str(Path(PYTHON).parent / "motionprep")
REAL_DATA = Path(os.environ.get("MOTIONPREP_REAL_DATA", HERE.parents[2] / "shared" / "data"))
SPLIT = ("--split", "90/10", "--workers", "2", "-q")


def run(*command: str) -> tuple[float, float]:
    """Return seconds and peak memory in MiB of a command, which must succeed."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def pairs(
    one: Sequence[str], other: Sequence[str], runs: int, before: Callable[[], None] = lambda: None
) -> tuple[float, float, float]:
    """Run two commands in turn; return the medians of their seconds, and the peak memory of the first."""
    ones, others, memory = [], [], 0.0
    for _ in range(runs):
        before()
        seconds, peak = run(*one)
        ones.append(seconds)
        memory = max(memory, peak)
        before()
        others.append(run(*other)[0])
    return statistics.median(ones), statistics.median(others), memory


class Bench:
    """The rows of the table; each method prints its own.

    Parameters
    ----------
    corpus
        The scale corpus.
    work
        A folder for what is written.
    runs
        How often each command runs; the short ones run three times as often.
    """

    def __init__(self, corpus: Path, work: Path, runs: int) -> None:
        self.corpus, self.work, self.runs = corpus, work, runs

    def clean(self) -> None:
        """Remove what was written, wait for the disk, and read the corpus, so that each run finds all alike."""
        for name in ("out", "bare"):
            shutil.rmtree(self.work / name, ignore_errors=True)
        os.sync()
        for file in self.corpus.rglob("*.bvh"):
            file.read_bytes()

    def _build(self, corpus: Path, *options: str) -> list[str]:
        return [MOTIONPREP, "build", str(corpus), *SPLIT, *options, "-o", str(self.work / "out")]

    def _against_bare(self, name: str, step: int, runs: int) -> None:
        options = ("--downsample", f"train={step}") if step > 1 else ()
        bare = [PYTHON, str(HERE / "bare_loop.py"), str(self.corpus), str(self.work / "bare"), str(step)]
        ours, theirs, memory = pairs(self._build(self.corpus, *options), bare, runs, self.clean)
        self.clean()
        say(name, ours / theirs, 2.0, f"{ours:.1f} s, the bare loop {theirs:.1f} s; peak {memory:,.0f} MiB")

    def cold(self) -> None:
        """Build with train at every 8th frame."""
        self._against_bare("cold build, train=8 / bare loop", 8, self.runs)

    def every(self) -> None:
        """Build with every frame."""
        self._against_bare("cold build, every frame / bare loop", 1, max(1, self.runs // 3))

    def again(self) -> None:
        """Build with nothing changed, and with one motion changed."""
        self.clean()
        command = self._build(self.corpus, "--downsample", "train=8")
        run(*command)
        run(*command)
        click = [PYTHON, "-c", "import click"]
        ours, theirs, _ = pairs(command, click, 3 * self.runs)
        say("nothing changed / import click", ours / theirs, 4.0, f"{ours:.3f} s, import {theirs:.3f} s")
        changed = sorted(self.corpus.rglob("*.bvh"))[1000]
        text = changed.read_bytes()

        def touch() -> None:
            lines = changed.read_bytes().splitlines(keepends=True)
            changed.write_bytes(b"".join([*lines[:-1], lines[-2]]) if lines[-1] != lines[-2] else text)

        imports = [PYTHON, "-c", "import numba, zarr, pyarrow"]
        try:
            ours, theirs, _ = pairs(command, imports, 3 * self.runs, touch)
        finally:
            changed.write_bytes(text)
        say("one motion changed - imports, s", ours - theirs, 1.5, f"{ours:.2f} s, imports {theirs:.2f} s")
        self.clean()

    def help(self) -> None:
        """Print the help."""
        ours, theirs, _ = pairs([MOTIONPREP, "--help"], [PYTHON, "-c", "import click"], 3 * self.runs)
        say("--help / import click", ours / theirs, 2.0, f"{ours:.3f} s, import {theirs:.3f} s")

    def parse(self) -> None:
        """Parse and solve 01_01.bvh, against pybvh."""
        code = (
            "import sys, time, statistics\n"
            "import numpy as np, pybvh, motionprep\n"
            "from motionprep import kinematics\n"
            "path, runs = sys.argv[1], int(sys.argv[2])\n"
            "wanted = ('positions', 'rotations', 'quaternions')\n"
            "def ours(): kinematics.features(motionprep.read_bvh(path), wanted)\n"
            "def theirs(): pybvh.read_bvh_file(path).node_positions()\n"
            "def timed(call):\n"
            "    began = time.perf_counter(); call(); return time.perf_counter() - began\n"
            "ours(); theirs()\n"
            "ratios, times = [], []\n"
            "for _ in range(runs):\n"
            "    a, b = timed(ours), timed(theirs); ratios.append(a / b); times.append((a, b))\n"
            "print(statistics.median(ratios), *map(statistics.median, zip(*times)))\n"
        )
        path = REAL_DATA / "cmu-bvh" / "01_01.bvh"
        if not path.is_file():
            sys.stdout.write(f"parse: skipped, {path} is not there (set MOTIONPREP_REAL_DATA)\n")
            return
        printed = subprocess.check_output(
            [PYTHON, "-W", "ignore", "-c", code, str(path), str(5 * self.runs)], text=True
        )
        ratio, ours, theirs = map(float, printed.split()[-3:])
        say("parse and solve 01_01 / pybvh", ratio, 1 / 12, f"{ours * 1e3:.1f} ms, pybvh {theirs * 1e3:.1f} ms")

    def growth(self) -> None:
        """Build an eighth, a quarter, half and all of the corpus."""
        files = sorted(self.corpus.rglob("*.bvh"))
        for share in (8, 4, 2, 1):
            part = self.work / "part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for file in files[::share]:
                os.link(file, part / file.name)
            size = sum(file.stat().st_size for file in files[::share])
            times, peaks = [], []
            for _ in range(max(1, self.runs - 1)):
                self.clean()
                seconds, peak = run(*self._build(part, "--downsample", "train=8"))
                times.append(seconds)
                peaks.append(peak)
            seconds = statistics.median(times)
            note = f"{seconds:.1f} s, {size / 1e6 / seconds:,.0f} MB/s"
            say(f"peak memory of 1/{share} of the corpus, MiB", max(peaks), 1024, note)
        shutil.rmtree(part)
        self.clean()

    def pairs(self) -> None:
        """Build 500 takes with their markers, against their skeletons alone and the bytes of the markers."""
        data = self.work / "takes"
        if not data.exists():
            run(MOTIONPREP, "sample", "-o", str(data), "--subjects", "50", "--motions", "10", "--markers", "-q")
        both = self._build(data, "--recipe", "cmu-markers")
        arrays = "positions,rotations,quaternions,root_position"
        alone = self._build(data, "--recipe", "cmu", "--features", arrays)
        read = "import pathlib, sys; [path.read_bytes() for path in pathlib.Path(sys.argv[1]).rglob('*.c3d')]"
        reading = [PYTHON, "-c", read, str(data)]
        ours, theirs, memory = pairs(both, alone, self.runs, self.clean)
        bytes_alone = statistics.median(run(*reading)[0] for _ in range(self.runs))
        note = f"{ours:.1f} s, skeletons {theirs:.1f} s, bytes {bytes_alone:.2f} s; peak {memory:,.0f} MiB"
        say("pairs / skeletons + bytes of markers", ours / (theirs + bytes_alone), 1.5, note)
        self.clean()
        subprocess.run([PYTHON, str(HERE / "paired.py"), str(data), str(self.work / "out")], check=True)

    def read(self) -> None:
        """Read windows of train at every 8th frame, shuffled, and the first batch in a process of its own."""
        self.clean()
        run(*self._build(self.corpus, "--recipe", "cmu-exp5", "--features", "positions"))
        out, work = str(self.work / "out"), self.work / "reading"
        work.mkdir(exist_ok=True)
        first = (
            "import motionprep\n"
            f"split = motionprep.open({out!r})['train']\n"
            f"next(iter(split.batches(256, 8, features=['positions'])))"
        )
        seconds = statistics.median(run(PYTHON, "-c", first)[0] for _ in range(3 * self.runs))
        say("open to the first batch, s", seconds, 0.5, "in a fresh process, interpreter and imports counted")
        subprocess.run([PYTHON, str(HERE / "reading.py"), out, str(work), str(self.runs)], check=True)
        shutil.rmtree(work)
        self.clean()


ROWS = ("help", "parse", "again", "cold", "every", "growth", "pairs", "read")


def say(name: str, value: float, most: float, note: str) -> None:
    """Print a row."""
    verdict = "met" if value <= most else "MISSED"
    sys.stdout.write(f"{name:42s} {value:8.3f}   at most {most:8.3f}  {verdict:6s} {note}\n")
    sys.stdout.flush()


def main() -> None:
    """Parse the command line and run the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.work) as folder:
        work = Path(folder)
        corpus = given.corpus or work / "corpus"
        if not corpus.exists():
            run(MOTIONPREP, "sample", "-o", str(corpus), "--like", "cmu", "-q")
        bench = Bench(corpus, work, given.runs)
        for row in given.rows or ROWS:
            getattr(bench, row)()


if __name__ == "__main__":
    main()
