"""The README beside an export: where each number comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from motionprep.storage import store

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset
    from motionprep.exporting.base import Report

#: What features are, and their units.
_WHAT = {
    "positions": ("places of the nodes (joints, then End Sites where the skeleton has any): x, y, z", "lengths"),
    "rotations": ("local rotations of the joints, to the parent's frame", "none; of angles, radians"),
    "quaternions": ("local rotations of the joints: w, x, y, z", "none"),
    "rotations_6d": ("local rotations of the joints: two columns, or rows (`by`), of their matrices", "none"),
    "global_rotations": ("rotations of the joints to the frame in which places are expressed", "none"),
    "root_position": ("place of the root: x, y, z", "lengths"),
    "root_rotation": ("rotation of the root", "none; of angles, radians"),
    "positions_velocity": ("velocities of the nodes: x, y, z", "lengths a second"),
    "root_velocity": ("velocity of the root: x, y, z", "lengths a second"),
    "positions_acceleration": ("accelerations of the nodes: x, y, z", "lengths a second a second"),
    "root_acceleration": ("acceleration of the root: x, y, z", "lengths a second a second"),
    "angular_velocity": ("vectors about which the joints turn, in their parents' frames", "radians a second"),
    "humanml3d": ("HumanML3D's numbers: root, places, rotations, velocities, contacts", "metres, frames"),
    "rep272": ("root, places, velocities and rotations, two rows of each", "metres, frames"),
    "root_motion": ("heading, velocity, height and trajectory of the root", "lengths, radians, seconds"),
    "phase": ("cosine and sine of where in its gait the body is", "none"),
    "smpl": ("SMPL's pose, vectors along axes, and place of the pelvis", "radians, lengths"),
    "markers": ("places of the markers: x, y, z", "lengths"),
    "markers_visible": ("whether a marker is visible", "true or false"),
    "markers_corrupt": ("places of the markers as a network is to see them: x, y, z", "lengths"),
    "markers_corrupt_visible": ("whether a marker is visible to the network", "true or false"),
    "markers_seen": ("markers as a network is to see them: x, y, z, 1 if visible", "lengths"),
    "markers_velocity": ("velocities of the markers: x, y, z", "lengths a second"),
    "frame_axes": ("axes of the frame's local coordinates, as columns", "none"),
    "frame_origin": ("origin of the frame's local coordinates", "lengths"),
}


def write_readme(kind: str, dataset: Dataset, folder: Path, report: Report, settings: Mapping[str, object]) -> None:
    """Write ``README.md`` and ``recipe.json`` into an export, and ``stats.json`` if anything in it is normalized.

    Parameters
    ----------
    kind
        Of the export.
    dataset
        That was exported.
    folder
        The export.
    report
        What it holds.
    settings
        Of the kind, where they are not as they are by default.
    """
    recipe = {"recipe": dataset.facts["recipe"]}
    (folder / "recipe.json").write_bytes(msgspec.json.format(msgspec.json.encode(recipe), indent=2) + b"\n")
    as_handed_out = settings.get("normalize", True) and not report.restored
    normalized = _normalized(dataset, report) if as_handed_out else {}
    if normalized:
        stats = store.read_named(dataset.path, dataset.facts, "stats")
        (folder / "stats.json").write_bytes(stats)
    lines = [f"# motionprep export {kind}", ""]
    if dataset.recipe.description:
        lines += [dataset.recipe.description.rstrip(), ""]
    lines += [
        f"Made by motionprep {version('motionprep')} from the dataset `{dataset.path.name}` with sha256",
        f"`{dataset.facts['sha256']}`. `recipe.json` is its recipe:",
        "`motionprep build DATA --recipe recipe.json -o OUT` builds it again from the same data.",
    ]
    if settings:
        lines += ["", "Settings: " + ", ".join(f"`{name} = {value!r}`" for name, value in settings.items()) + "."]
    lines += ["", "```python", *report.reading.rstrip().splitlines(), "```", ""]
    lines += _table(("file", "what"), [(f"`{name}`", what) for name, what in report.files.items()])
    lines += [line for text in (report.details, *report.notes) if text for line in ("", f"{text}.")]
    lines += ["", "## Splits", "", *_splits(dataset)]
    lines += ["", "## Where the numbers come from", "", *_features(dataset, report, normalized)]
    for name, columns in report.columns.items():
        lines += ["", f"## Columns of {name}", ""]
        lines += _table(("column", "what"), [(str(number), f"`{column}`") for number, column in enumerate(columns)])
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _splits(dataset: Dataset) -> list[str]:
    splits = dataset.facts["splits"].items()
    rows = [(name, *(f"{split[word]:,}" for word in ("motions", "subjects", "frames"))) for name, split in splits]
    return _table(("split of the dataset", "motions", "subjects", "frames"), rows)


def _features(dataset: Dataset, report: Report, normalized: Mapping[str, list[str]]) -> list[str]:
    known = dataset.facts["features"]
    rows, units = [], set()
    for name in report.features:
        what, unit = _WHAT.get(name.rstrip("_0123456789"), _WHAT.get(name, ("", "")))
        shapes = [" x ".join(map(str, shape)) for shape in known[name]["shapes"]] if name in known else []
        rows.append((f"`{name}`", " or ".join(shapes), what, unit))
        units.add(unit.split(" ")[0])
    if report.restored:
        lines = _table(("made of", "numbers a frame", "what"), [row[:3] for row in rows])
        lines += [
            "",
            "Places are in the world, units and axes of the files, and angles in degrees: what stages did to "
            "coordinates is undone, and no number is normalized.",
        ]
    else:
        lines = _table(("feature", "numbers a frame", "what", "unit"), rows)
        if "lengths" in units:
            lines += [
                "",
                "Lengths are in the units of the files, multiplied by `scale` of the manifest where a stage "
                "scales them.",
            ]
        local = [split for split in dataset.splits if _is_local(dataset, split)]
        if local:
            lines += [
                "",
                f"Joints and markers of {', '.join(local)} are in a frame that goes along with the body (stage "
                "local_frame), and not in the world; features of the root alone are not.",
            ]
    for name in dataset.splits:
        stages = [
            f"{stage.name}({', '.join(f'{key}={_short(value)}' for key, value in stage.settings().items())})"
            for stage in dataset.recipe.stages_for(name)
            if stage.name != "features"
        ]
        lines += ["", f"Stages of {name}: {', '.join(stages) or 'none'}."]
    for name, splits in normalized.items():
        lines += [
            "",
            f"`{name}` of {', '.join(splits)} is normalized: the mean over train, of motions with the same joints or "
            "markers, was taken off, and the rest divided by the standard deviation (by 1 where that is of rounding "
            "alone); `stats.json` has both.",
        ]
    return lines


def _normalized(dataset: Dataset, report: Report) -> dict[str, list[str]]:
    """Return the splits in which the recipe normalizes a feature, by feature."""
    found: dict[str, list[str]] = {}
    for name in dataset.splits:
        motion = next(iter(dataset[name].values()), None)
        for feature in report.features:
            if motion is not None and feature in motion and motion.is_normalized(feature):
                found.setdefault(feature, []).append(name)
    return found


def _is_local(dataset: Dataset, split: str) -> bool:
    return any(stage.name == "local_frame" for stage in dataset.recipe.stages_for(split))


def _short(value: object) -> object:
    return f"{len(value)} names" if isinstance(value, list | tuple) and len(value) > 6 else value
