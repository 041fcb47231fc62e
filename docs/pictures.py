"""Draw the pictures of README, docs/augmentation.md and docs/report.md into docs/pictures.

Needs matplotlib, and for the report playwright, pillow and a Chromium on the path.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import motionprep
from motionprep.maths import spaces
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.naming import sides
from motionprep.stages import Bursts, Limbs, Mirror, Noise, Occlude, Shift, Speed, Swap, Translate, Yaw
from motionprep.stages.base import Augment

try:
    import matplotlib as mpl
    from matplotlib import pyplot as plt
except ImportError:
    raise SystemExit("pictures.py draws with matplotlib; pip install matplotlib") from None

FOLDER = Path(__file__).parent / "pictures"
#: How long a unit of CMU's BVH files is.
METRES_PER_UNIT = 0.056444
CLEAN, CORRUPT, LEFT, RIGHT = "#b0b0b0", "#d62728", "#1f77b4", "#ff7f0e"
LIMBS = {
    "left leg": ("LeftUpLeg", "LeftLeg*", "LeftFoot*", "LeftToeBase*"),
    "right arm": ("RightArm", "RightFore*", "RightHand*"),
}


def walk() -> Take:
    """Return a generated walk in metres; its joints and End Sites are its markers too."""
    with tempfile.TemporaryDirectory() as folder:
        motionprep.write_sample(Path(folder), subjects=1, motions=1, frames=480)
        motion = motionprep.read_bvh(next(Path(folder).rglob("*.bvh"))).at(range(1, 480))
    positions = motion.positions() * METRES_PER_UNIT
    markers = Markers(motion.skeleton.nodes, positions, np.ones(positions.shape[:2], dtype=bool), motion.rate, "m")
    take = Take("walk", motion, facts={"metres_per_unit": METRES_PER_UNIT})
    return replace(spaces.change(take, Step(scale=METRES_PER_UNIT, on=("joints", "root"))), markers=markers)


def made(stage: Augment, take: Take, seed: int = 2) -> Take:
    """Return the take as a stage makes it."""
    found = stage.apply(take, np.random.default_rng(seed))
    if not isinstance(found, Take):
        raise SystemExit(found.reason)
    return found


def body(
    axes: Any, take: Take, positions: np.ndarray[Any, Any], colour: str | Sequence[str], lines: bool = True
) -> None:
    """Draw a frame's nodes (N, 3) from the front, and the bones between them."""
    if lines:
        for node, parent in enumerate(take.motion.skeleton.node_parents):
            if parent >= 0:
                axes.plot(*positions[[node, parent], :2].T, color=CLEAN, linewidth=1, zorder=1)
    axes.scatter(*positions[:, :2].T, c=colour, s=12, zorder=2)
    axes.set_aspect("equal")
    axes.axis("off")


def worst_frame(take: Take, stage: Augment, axes: Any, title: str) -> None:
    """Draw the frame in which most was moved: clean in grey, what has become of it in red, and a line between them."""
    corrupted = made(stage, take).corrupt
    frame = int(np.argmax((corrupted.positions != take.markers.positions).any(axis=-1).sum(axis=-1)))
    before, after = take.markers.positions[frame], corrupted.positions[frame]
    moved = corrupted.visible[frame] & (before != after).any(axis=-1)
    body(axes, take, before, CLEAN)
    for one, other in zip(before[moved], after[moved], strict=True):
        axes.plot(*np.stack([one, other])[:, :2].T, color=CORRUPT, linewidth=0.8, zorder=3)
    axes.scatter(*after[moved][:, :2].T, color=CORRUPT, s=12, zorder=4)
    axes.set_title(title, fontsize=9)


def seen(take: Take, stage: Augment, axes: Any, title: str) -> None:
    """Draw which markers are visible when: a row a marker, hidden ones red."""
    visible = made(stage, take).corrupt.visible
    axes.imshow(
        visible.T,
        aspect="auto",
        cmap=mpl.colors.ListedColormap([CORRUPT, "#eeeeee"]),
        interpolation="nearest",
        extent=(0, len(visible) / take.rate, visible.shape[1], 0),
    )
    axes.set_xlabel("seconds")
    axes.set_ylabel("markers")
    axes.set_yticks([])
    axes.set_title(title, fontsize=9)


def from_above(take: Take, stage: Augment, axes: Any, title: str) -> None:
    """Draw the root's way over the floor, as recorded and in six copies."""
    for seed in range(6):
        copy = made(stage, take, seed).motion.translations[:, 0]
        axes.plot(copy[:, 0], copy[:, 2], color=CORRUPT, linewidth=0.9)
    way = take.markers.positions[:, 0]
    axes.plot(way[:, 0], way[:, 2], color="black", linewidth=1.6)
    axes.plot(0, 0, "k+")
    axes.set_aspect("equal")
    axes.set_xlabel("x, metres")
    axes.set_ylabel("z, metres")
    axes.set_title(title, fontsize=9)


def mirrored(take: Take, axes: Any) -> None:
    """Draw a frame and its mirror image, left blue and right orange."""
    names = take.markers.names
    left, right = zip(*sides.pairs(names), strict=True)
    colours = [LEFT if name in left else RIGHT if name in right else CLEAN for name in names]
    after = made(Mirror(chance=1), take).markers.positions[60]
    before = take.markers.positions[60]
    body(axes, take, before - [before[0, 0] + 0.6, 0, 0], colours)
    body(axes, take, after - [after[0, 0] - 0.6, 0, 0], colours)
    axes.set_title("as recorded, and mirrored (blue: left)", fontsize=9)


def played(take: Take, axes: Any) -> None:
    """Draw the height of a foot over time at three speeds."""
    foot = take.markers.names.index("LeftFoot")
    for least, most, colour in ((0.999, 1.001, "black"), (0.699, 0.701, LEFT), (1.399, 1.401, CORRUPT)):
        copy = made(Speed(least=least, most=most), take)
        times = np.arange(copy.frames) / copy.rate
        axes.plot(
            times[:240:2], copy.markers.positions[:240:2, foot, 1], color=colour, label=f"{copy.facts['speed']:.1f}"
        )
    axes.set_xlabel("seconds")
    axes.set_ylabel("height of the left foot, metres")
    axes.legend(title="speed", fontsize=8)


def readme(take: Take) -> None:
    """Draw frames of a walk as skeletons, and below them how a corpus is split."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(7.2, 2.6), height_ratios=(5, 1), layout="constrained")
    positions = kinematics.features(take.motion, ["positions"])["positions"]
    parents = take.motion.skeleton.node_parents
    for frame in range(30, take.frames - 30, 60):
        for node, parent in enumerate(parents):
            if parent >= 0:
                line = positions[frame, [parent, node]]
                colour = LEFT if take.motion.skeleton.nodes[node].startswith("L") else "#444444"
                above.plot(line[:, 2], line[:, 1], color=colour, lw=1.5)
    above.set_aspect("equal")
    above.axis("off")
    with tempfile.TemporaryDirectory() as folder:
        motionprep.write_sample(Path(folder, "data"), motions=5, frames=60)
        motionprep.build(Path(folder, "data"), Path(folder, "out"), split="80/10/10")
        splits = motionprep.open(Path(folder, "out"))
        at = 0
        for (name, split), colour in zip(splits.items(), (LEFT, RIGHT, "#2ca02c"), strict=True):
            below.barh(0, len(split), left=at, color=colour, height=0.8)
            below.text(at + len(split) / 2, 0, f"{len(split)} {name}", ha="center", va="center", color="white")
            at += len(split)
    below.axis("off")
    figure.savefig(FOLDER / "readme.svg", metadata={"Date": None})
    plt.close(figure)


def report() -> None:
    """Take a picture of the report on the sample corpus, as far down as the player's controls."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        motionprep.write_sample(Path(folder, "data"))
        motionprep.build(Path(folder, "data"), Path(folder, "OUT"), split="80/20")
        page = motionprep.report(Path(folder, "OUT"), Path(folder, "report.html")).path
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1180, "height": 1000})
        tab.goto(f"{page.as_uri()}#motion=07_01&frame=138")
        high = tab.evaluate("document.querySelector('.controls').getBoundingClientRect().bottom + scrollY + 14")
        clip: Any = {"x": 0, "y": 0, "width": 1180, "height": high}
        tab.screenshot(path=Path(folder, "report.png"), full_page=True, clip=clip)
        browser.close()
        with Image.open(Path(folder, "report.png")) as picture:
            few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(FOLDER / "report.png", optimize=True)


def main() -> None:
    """Draw all of them."""
    report()
    mpl.rcParams.update({"svg.hashsalt": "motionprep", "svg.fonttype": "none", "font.size": 8})
    take = walk()
    FOLDER.mkdir(exist_ok=True)
    readme(take)
    pictures = {
        "noise": lambda axes: worst_frame(take, Noise(sigma=0.03), axes, "sigma = 3 cm"),
        "occlude": lambda axes: seen(take, Occlude(), axes, "sigma = 0.1: 7.8 % hidden, each frame anew"),
        "shift": lambda axes: worst_frame(take, Shift(), axes, "sigma = 0.1, reach = 0.5 m"),
        "bursts": lambda axes: seen(take, Bursts(), axes, "share = 0.1, length = 0.25 s"),
        "limbs": lambda axes: seen(take, Limbs(chance=0.2, limbs=LIMBS), axes, "two limbs, chance = 0.2"),
        "swap": lambda axes: worst_frame(take, Swap(chance=0.5, near=False), axes, "two labels exchanged"),
        "yaw": lambda axes: from_above(take, Yaw(), axes, "black: as recorded; red: six copies"),
        "translate": lambda axes: from_above(take, Translate(reach=2), axes, "reach = 2 m"),
        "mirror": lambda axes: mirrored(take, axes),
        "speed": lambda axes: played(take, axes),
    }
    for name, draw in pictures.items():
        figure, axes = plt.subplots(figsize=(3.6, 2.6), layout="constrained")
        draw(axes)
        figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
