"""Measure motionprep against something else in the same run, and print the ratios: `make bench`.

python bench.py [--corpus DIR] [--work DIR] [--runs N] [--json] [ROW ...]

The corpus is `motionprep sample --like cmu`, made in the work folder if it is not given. All rows need about 30 GB
there; a row's name runs that row alone. Commands are timed whole, in turn with what they are compared with, each at
least three times; figures are medians, with the least and the most of the runs behind them. The first line says on
which processor.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PYTHON = sys.executable
MOTIONPREP = str(Path(PYTHON).parent / "motionprep")
REAL_DATA = Path(os.environ.get("MOTIONPREP_REAL_DATA", HERE.parents[2] / "shared" / "data"))
SPLIT = ("--split", "90/10", "--workers", "2", "-q")
#: As users have it: where nothing is kept of what was compiled, imports take twice as long.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
#: How often each side of a row runs at least.
LEAST_RUNS = 3


def run(*command: str) -> tuple[float, float]:
    """Return seconds and peak memory in MiB of a command, which must succeed."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


class Pair(NamedTuple):
    """Seconds of two commands that ran in turn, run by run, and the peak memory of the first in MiB."""

    ours: list[float]
    theirs: list[float]
    memory: float

    @property
    def ratios(self) -> list[float]:
        """How many times as long the first took, run by run."""
        return [one / other for one, other in zip(self.ours, self.theirs, strict=True)]

    @property
    def seconds(self) -> tuple[float, float]:
        """The medians of both."""
        return statistics.median(self.ours), statistics.median(self.theirs)


def pairs(one: Sequence[str], other: Sequence[str], runs: int, before: Callable[[], None] = lambda: None) -> Pair:
    """Run two commands in turn."""
    ones, others, memory = [], [], 0.0
    for _ in range(max(runs, LEAST_RUNS)):
        before()
        seconds, peak = run(*one)
        ones.append(seconds)
        memory = max(memory, peak)
        before()
        others.append(run(*other)[0])
    return Pair(ones, others, memory)


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
        pair = pairs(self._build(self.corpus, *options), bare, runs, self.clean)
        self.clean()
        ours, theirs = pair.seconds
        say(name, pair.ratios, 2.0, f"{ours:.1f} s, the bare loop {theirs:.1f} s; peak {pair.memory:,.0f} MiB")

    def cold(self) -> None:
        """Build with train at every 8th frame."""
        self._against_bare("cold build, train=8 / bare loop", 8, self.runs)

    def every(self) -> None:
        """Build with every frame."""
        self._against_bare("cold build, every frame / bare loop", 1, self.runs)

    def again(self) -> None:
        """Build with nothing changed, and with one motion changed."""
        self.clean()
        command = self._build(self.corpus, "--downsample", "train=8")
        run(*command)
        run(*command)
        click = [PYTHON, "-c", "import click"]
        pair = pairs(command, click, 3 * self.runs)
        ours, theirs = pair.seconds
        say("nothing changed / import click", pair.ratios, 4.0, f"{ours:.3f} s, import {theirs:.3f} s")
        changed = sorted(self.corpus.rglob("*.bvh"))[1000]
        text = changed.read_bytes()

        def touch() -> None:
            lines = changed.read_bytes().splitlines(keepends=True)
            changed.write_bytes(b"".join([*lines[:-1], lines[-2]]) if lines[-1] != lines[-2] else text)

        imports = [PYTHON, "-c", "import numba, zarr, pyarrow"]
        try:
            pair = pairs(command, imports, 3 * self.runs, touch)
        finally:
            changed.write_bytes(text)
        ours, theirs = pair.seconds
        apart = [one - other for one, other in zip(pair.ours, pair.theirs, strict=True)]
        say("one motion changed - imports, s", apart, 1.5, f"{ours:.2f} s, imports {theirs:.2f} s")
        self.clean()

    def help(self) -> None:
        """Print the help."""
        pair = pairs([MOTIONPREP, "--help"], [PYTHON, "-c", "import click"], 3 * self.runs)
        ours, theirs = pair.seconds
        say("--help / import click", pair.ratios, 2.0, f"{ours:.3f} s, import {theirs:.3f} s")

    def parse(self) -> None:
        """Parse and solve 01_01.bvh, against pybvh."""
        path = REAL_DATA / "cmu-bvh" / "01_01.bvh"
        ours = "kinematics.features(motionprep.read_bvh(path), ('positions', 'rotations', 'quaternions'))"
        self._in_process(
            "parse and solve 01_01 / pybvh", "pybvh", path, ours, "pybvh.read_bvh_file(path).node_positions()", 1 / 12
        )

    def c3d(self) -> None:
        """Read 01_01.c3d, against ezc3d."""
        path = REAL_DATA / "cmu-c3d" / "01_01.c3d"
        self._in_process(
            "read 01_01.c3d / ezc3d", "ezc3d", path, "motionprep.read_c3d(path)", "ezc3d.c3d(path)", 1 / 12
        )

    def _in_process(self, name: str, library: str, path: Path, ours: str, theirs: str, most: float) -> None:
        """Time two calls in turn in one process."""
        code = (
            "import json, sys, time\n"
            f"import {library}, motionprep\n"
            "from motionprep.motion import kinematics\n"
            "path, runs = sys.argv[1], int(sys.argv[2])\n"
            f"def ours(): {ours}\n"
            f"def theirs(): {theirs}\n"
            "def timed(call):\n"
            "    began = time.perf_counter(); call(); return time.perf_counter() - began\n"
            "ours(); theirs()\n"
            "print(json.dumps([(timed(ours), timed(theirs)) for _ in range(runs)]))\n"
        )
        if not path.is_file() or find_spec(library) is None:
            sys.stderr.write(f"{name}: skipped, {path} (set MOTIONPREP_REAL_DATA) or {library} is not there\n")
            return
        command = [PYTHON, "-W", "ignore", "-c", code, str(path), str(5 * max(self.runs, LEAST_RUNS))]
        times = json.loads(subprocess.check_output(command, text=True, env=ENVIRONMENT).splitlines()[-1])
        one, other = (statistics.median(side) * 1e3 for side in zip(*times, strict=True))
        say(name, [a / b for a, b in times], most, f"{one:.1f} ms, {library} {other:.1f} ms")

    def verify(self) -> None:
        """Compare a dataset with its checksums, against reading its bytes."""
        self.clean()
        run(*self._build(self.corpus, "--downsample", "train=8"))
        out = str(self.work / "out")
        read = "import pathlib, sys; [p.read_bytes() for p in pathlib.Path(sys.argv[1]).rglob('*') if p.is_file()]"
        pair = pairs([MOTIONPREP, "verify", out, "-q"], [PYTHON, "-c", read, out], self.runs)
        ours, theirs = pair.seconds
        say("verify / reading its bytes", pair.ratios, 3.0, f"{ours:.2f} s, reading {theirs:.2f} s")
        self.clean()

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
            for _ in range(max(self.runs, LEAST_RUNS)):
                self.clean()
                seconds, peak = run(*self._build(part, "--downsample", "train=8"))
                times.append(seconds)
                peaks.append(peak)
            seconds = statistics.median(times)
            note = f"{seconds:.1f} s, {size / 1e6 / seconds:,.0f} MB/s"
            say(f"peak memory of 1/{share} of the corpus, MiB", peaks, 1024, note)
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
        pair = pairs(both, alone, self.runs, self.clean)
        bytes_alone = statistics.median(run(*reading)[0] for _ in range(max(self.runs, LEAST_RUNS)))
        ours, theirs = pair.seconds
        note = f"{ours:.1f} s, skeletons {theirs:.1f} s, bytes {bytes_alone:.2f} s; peak {pair.memory:,.0f} MiB"
        ratios = [one / (other + bytes_alone) for one, other in zip(pair.ours, pair.theirs, strict=True)]
        say("pairs / skeletons + bytes of markers", ratios, 1.5, note)
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
        seconds = [run(PYTHON, "-c", first)[0] for _ in range(3 * max(self.runs, LEAST_RUNS))]
        say("open to the first batch, s", seconds, 0.5, "in a fresh process, interpreter and imports counted")
        subprocess.run([PYTHON, str(HERE / "reading.py"), out, str(work), str(self.runs)], check=True)
        shutil.rmtree(work)
        self.clean()


ROWS = ("help", "parse", "c3d", "again", "cold", "every", "growth", "pairs", "read", "verify")
#: What was printed, for ``--json``.
PRINTED: list[dict[str, object]] = []


def say(name: str, values: Sequence[float], most: float, note: str) -> None:
    """Print a row: the median of some values, the least and the most of them, and whether it is what it should be."""
    value = statistics.median(values)
    PRINTED.append(
        {"row": name, "median": value, "least": min(values), "most": max(values), "limit": most, "runs": len(values)}
        | {"met": value <= most, "note": note}
    )
    verdict = "met" if value <= most else "MISSED"
    spread = f"({min(values):.3f} to {max(values):.3f}, n {len(values)})"
    sys.stderr.write(f"{name:42s} {value:8.3f} {spread:28s} at most {most:8.3f}  {verdict:6s} {note}\n")
    sys.stderr.flush()


def processor() -> str:
    """Return what this machine computes with."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor()
    return f"{name}, {os.cpu_count()} processors, Python {platform.python_version()}"


def main() -> None:
    """Parse the command line and run the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []])
    given = parser.parse_args()
    sys.stderr.write(f"{processor()}\n")
    with tempfile.TemporaryDirectory(dir=given.work) as folder:
        work = Path(folder)
        corpus = given.corpus or work / "corpus"
        if not corpus.exists():
            run(MOTIONPREP, "sample", "-o", str(corpus), "--like", "cmu", "-q")
        bench = Bench(corpus, work, given.runs)
        for row in given.rows or ROWS:
            getattr(bench, row)()
    if given.json:
        json.dump({"processor": processor(), "rows": PRINTED}, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
