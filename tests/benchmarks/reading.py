"""Read shuffled windows of a built dataset, against what else a trainer might read them with; `bench.py` calls it.

python reading.py OUT WORK RUNS

OUT is a dataset whose train split stores positions; WORK is a folder for the same numbers in other forms. All are read
in this process, in turn, as batches of 256 windows of 8 frames in random order; figures are windows a second, medians.
WebDataset, Hugging Face datasets and zarr-python read a part of the windows, since they take long.
"""

from __future__ import annotations

import io
import os
import shutil
import statistics
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import motionprep

LENGTH, BATCH = 8, 256
#: Windows that the slow ones read.
PART = 64 * BATCH


def rate(read: Callable[[], Iterator[int]]) -> float:
    """Return windows a second."""
    began = time.perf_counter()
    count = sum(read())
    return count / (time.perf_counter() - began)


def memory_map(path: Path, starts: np.ndarray) -> Iterator[int]:
    """Yield sizes of batches, read from an array on the disk."""
    frames = np.load(path, mmap_mode="r")
    order = np.random.default_rng(0).permutation(starts)
    for at in range(0, len(order), BATCH):
        yield len(frames[order[at : at + BATCH, None] + np.arange(LENGTH)])


def ours(windows: object) -> Iterator[int]:
    """Yield sizes of batches, read by motionprep."""
    for batch in windows.batches(BATCH):  # type: ignore[attr-defined]
        yield len(batch["positions"])


def write_webdataset(path: Path, windows: object, numbers: np.ndarray) -> None:
    """Write windows as samples of a tar file, in the order in which they are to be read."""
    with tarfile.open(path, "w") as tar:
        for number in numbers.tolist():
            data = io.BytesIO()
            np.save(data, windows[number]["positions"])  # type: ignore[index]
            info = tarfile.TarInfo(f"{number:08d}.npy")
            info.size = data.tell()
            data.seek(0)
            tar.addfile(info, data)


def webdataset(path: Path) -> Iterator[int]:
    """Yield sizes of batches, read from a tar file with a shuffle buffer."""
    import webdataset as wds

    samples = wds.WebDataset(str(path), shardshuffle=False).shuffle(1000).decode().to_tuple("npy").batched(BATCH)
    for (batch,) in samples:
        yield len(np.asarray(batch))


def write_arrow(path: Path, windows: object, numbers: np.ndarray) -> None:
    """Write windows as rows of an Arrow table."""
    import datasets

    shape = (LENGTH, *windows[0]["positions"].shape[1:])  # type: ignore[index]
    features = datasets.Features({"positions": datasets.Array3D(shape, "float32")})
    rows = ({"positions": windows[number]["positions"]} for number in numbers.tolist())  # type: ignore[index]
    table = datasets.Dataset.from_dict({"positions": [row["positions"] for row in rows]}, features=features)
    table.save_to_disk(path)


def arrow(path: Path) -> Iterator[int]:
    """Yield sizes of batches, read by Hugging Face datasets."""
    import datasets

    table = datasets.load_from_disk(path).with_format("numpy").shuffle(seed=0)
    for batch in table.iter(BATCH):
        yield len(batch["positions"])


def per_item(windows: object, numbers: np.ndarray) -> Iterator[int]:
    """Yield sizes of batches, each window read from its shard by zarr-python."""
    import zarr

    out = windows.split.dataset.path  # type: ignore[attr-defined]
    arrays: dict[str, zarr.Array] = {}
    for at in range(0, len(numbers), BATCH):
        batch = []
        for number in numbers[at : at + BATCH].tolist():
            motion, frames = windows.where(number)  # type: ignore[attr-defined]
            shard = motion.row["shard"]
            if shard not in arrays:
                arrays[shard] = zarr.open_array(out / "shards" / shard / "positions", mode="r")
            start = motion.row["start"] + frames.start
            batch.append(arrays[shard][start : start + LENGTH])
        yield len(np.stack(batch))


def export(out: Path, work: Path, runs: int) -> tuple[float, float]:
    """Return median seconds of `export npy`, and of np.save of the same arrays, in turn, each into a new folder."""
    import motionprep.exporting

    dest, saved = work / "exported", work / "saved"
    motionprep.exporting.export("npy", out, dest)
    arrays = {path.name: np.load(path) for path in sorted(dest.glob("*.npy"))}

    def ours() -> None:
        motionprep.exporting.export("npy", out, dest)

    def theirs() -> None:
        saved.mkdir()
        for name, array in arrays.items():
            np.save(saved / name, array)

    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _run in range(runs):
        for name, write in (("ours", ours), ("theirs", theirs)):
            shutil.rmtree(dest, ignore_errors=True)
            shutil.rmtree(saved, ignore_errors=True)
            os.sync()
            began = time.perf_counter()
            write()
            seconds[name].append(time.perf_counter() - began)
    return statistics.median(seconds["ours"]), statistics.median(seconds["theirs"])


def say(name: str, value: float, least: float, note: str) -> None:
    """Print a row."""
    verdict = "met" if value >= least else "MISSED"
    sys.stdout.write(f"{name:42s} {value:8.3f}  at least {least:8.3f}  {verdict:6s} {note}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure."""
    out, work, runs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    written, saved = export(out, work, 3 * runs)
    say("export npy / np.save, speed", saved / written, 0.5, f"{written:.2f} s, np.save {saved:.2f} s")
    train = motionprep.open(out)["train"]
    whole = train.windows(LENGTH, features=["positions"])
    size = sum(whole.block_bytes)
    bounded = train.windows(LENGTH, features=["positions"], memory=size // 4)
    flat = work / "positions.npy"
    np.save(flat, np.asarray(train["positions"]))
    ends = np.cumsum([motion.frames for motion in train])
    starts = np.concatenate(
        [
            np.arange(end - motion.frames, end - LENGTH + 1) if motion.frames >= LENGTH else np.zeros(0, int)
            for motion, end in zip(train, ends.tolist(), strict=True)
        ]
    )
    readers: dict[str, Callable[[], Iterator[int]]] = {
        "memory map": lambda: memory_map(flat, starts),
        "in memory": lambda: ours(whole),
        "bounded": lambda: ours(bounded),
    }
    numbers = np.random.default_rng(0).permutation(len(whole))[:PART]
    slow: dict[str, Callable[[], Iterator[int]]] = {"zarr-python, a window at a time": lambda: per_item(whole, numbers)}
    try:
        write_webdataset(work / "windows.tar", whole, numbers)
        import webdataset as _  # noqa: F401

        slow["WebDataset"] = lambda: webdataset(work / "windows.tar")
    except ImportError:
        sys.stdout.write("WebDataset is not installed\n")
    try:
        write_arrow(work / "arrow", whole, numbers)
        slow["Hugging Face datasets"] = lambda: arrow(work / "arrow")
    except ImportError:
        sys.stdout.write("Hugging Face datasets is not installed\n")
    for read in readers.values():
        rate(read)
    rates: dict[str, list[float]] = {name: [] for name in readers}
    for _run in range(runs):
        for name, read in readers.items():
            rates[name].append(rate(read))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    for name, least in (("in memory", 0.8), ("bounded", 0.5)):
        note = f"{medians[name]:,.0f} windows a second, the memory map {medians['memory map']:,.0f}"
        say(f"shuffled windows, {name} / memory map", medians[name] / medians["memory map"], least, note)
    for name, read in slow.items():
        theirs = statistics.median(rate(read) for _run in range(max(1, runs // 2)))
        say(f"shuffled windows / {name}", medians["in memory"] / theirs, 5.0, f"{theirs:,.0f} windows a second")


if __name__ == "__main__":
    main()
