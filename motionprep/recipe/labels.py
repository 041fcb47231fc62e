"""What motions, and ranges of their frames, are called: whence it comes, and where it lies in what is stored."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from motionprep.errors import RecipeError
from motionprep.recipe.recipe import Label, LabelRange, Reading

#: Of a message that lists keys.
_MOST_KEYS = 5
_LONGEST_KEY = 60


class ClassRow(NamedTuple):
    """How much of a split has a label.

    Parameters
    ----------
    label
        None: what has no label.
    split
        Its name.
    motions
        How many have frames of it.
    frames, percent, hours
        How many frames, what part of the split's frames that is, and how long they last.
    """

    label: str | None
    split: str
    motions: int
    frames: int
    percent: float
    hours: float


def assign(reading: Reading, keys: Sequence[str], names: Sequence[str], beside: Mapping[str, Label]) -> list[Label]:
    """Return the label of each motion; empty if it has none.

    Parameters
    ----------
    reading
        Of the recipe: labels it names, then what its pattern finds.
    keys, names
        Of the motions, and their files' paths below the data folder.
    beside
        Labels by key from a text index or captions, for motions that neither of the two speaks of.
    """
    pattern = re.compile(reading.label_pattern) if reading.label_pattern else None
    found: list[Label] = []
    for key, name in zip(keys, names, strict=True):
        if key in reading.labels:
            found.append(reading.labels[key])
        elif pattern:
            match = pattern.search(name.rpartition(".")[0])
            found.append((match["label"] or "") if match else "")
        else:
            found.append(beside.get(key, ""))
    return found


def check(key: str, label: Label, frames: int) -> None:
    """Raise a :class:`RecipeError` if ranges name frames beyond the file's ``frames``."""
    for start, stop, text in label if isinstance(label, tuple) else ():
        if stop > frames:
            raise RecipeError(
                f"labels: frames {start}-{stop} of {key!r} ({text}) leave its file, which has {frames:,} frames"
            )


def strangers(reading: Reading, keys: Sequence[str]) -> list[str]:
    """Return a sentence for each of a recipe's tables that has keys which no motion has."""
    known = set(keys)
    notes = []
    for word, table in (("labels", reading.labels), ("rates", reading.rates)):
        if others := [key for key in table if key not in known]:
            notes.append(f"{word}: {len(others):,} of {len(table):,} keys match no motion: {_some(others)}")
    return notes


def unlabelled(reading: Reading, keys: Sequence[str], labels: Sequence[Label]) -> list[str]:
    """Return a sentence on the motions in which a recipe's pattern finds no label."""
    bare = [key for key, label in zip(keys, labels, strict=True) if not label]
    if not (reading.label_pattern and bare):
        return []
    return [f"label_pattern: finds nothing in {len(bare):,} of {len(keys):,} motions: {_some(bare)}"]


def lacking(labelled: Mapping[str, bool]) -> list[str]:
    """Say on which splits no motion has a label though a class is to be learnt; ``labelled`` has whether one has."""
    bare = [split for split, one in labelled.items() if not one]
    if not bare:
        return []
    where = f"of {' and '.join(map(repr, bare))} " if len(bare) < len(labelled) else ""
    return [
        f"task: label = true, but no motion {where}has a label; give `labels`, `index` or `label_pattern`, or put an "
        "index beside the data"
    ]


def too_few(motions: Mapping[str, int]) -> list[str]:
    """Say which labels have so few motions that not every split of a split has one."""
    if not motions:
        return []
    of_each = [f"{label or 'no label'} ({count:,})" for label, count in motions.items()]
    return [f"stratify: of {len(motions):,} labels not every split has a motion: {_some(of_each)}"]


def _some(keys: Sequence[str]) -> str:
    # What is no index may have a key of megabytes.
    shown = [key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}..." for key in keys[:_MOST_KEYS]]
    return ", ".join([*shown, *(["..."] if len(keys) > _MOST_KEYS else [])])


def main(label: Label) -> str:
    """Return the label that a motion as a whole counts for: of ranges, that of the most frames."""
    if isinstance(label, str):
        return label
    frames: dict[str, int] = {}
    for start, stop, text in label:
        frames[text] = frames.get(text, 0) + stop - start + 1
    return max(frames, key=lambda text: frames[text])


def columns(label: Label, stored: Mapping[str, Any] | None) -> dict[str, str | None]:
    """Return the columns ``label`` and ``labels`` of a motion's row in the manifest.

    Parameters
    ----------
    label
        Its label, or those of ranges of the file's frames.
    stored
        What its shard says of it: ``frames``, and ``in_file``, ``clip`` and ``clip_in_file`` as they are of a
        :class:`~motionprep.motion.take.Take`; None if it is not stored.
    """
    if isinstance(label, str):
        return {"label": label or None, "labels": None}
    ranges = list(_joined(_stored(label, stored))) if stored else []
    if stored and len(ranges) == 1 and ranges[0][:2] == (0, stored["frames"]):
        return {"label": ranges[0][2], "labels": None}
    text = json.dumps(ranges, ensure_ascii=False, separators=(",", ":")) if ranges else None
    return {"label": None, "labels": text}


def _stored(ranges: Iterable[LabelRange], stored: Mapping[str, Any]) -> Iterator[tuple[int, int, str]]:
    """Yield ranges of stored frames, counted from 0, stop not taken, in order."""
    first, step = stored["in_file"]
    clip, apart = stored.get("clip") or stored["frames"], stored.get("clip_in_file")
    last = stored["frames"] // max(clip, 1) - 1
    for start, stop, label in sorted(ranges):
        low, high = (min(max(int((at - first) // apart), 0), last) if apart else 0 for at in (start - 1, stop - 1))
        for number in range(low, high + 1):
            # Stored frame i of a clip was frame begin + i * step of the file; the file's are counted from 1.
            begin = first + number * (apart or 0)
            one, other = (min(max(math.ceil((at - begin) / step), 0), clip) for at in (start - 1, stop))
            if one != other:
                yield number * clip + one, number * clip + other, label


def _joined(ranges: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Yield ranges, neighbours of one label as one."""
    last: tuple[int, int, str] | None = None
    for start, stop, label in ranges:
        if last is not None and last[1:] == (start, label):
            last = (last[0], stop, label)
            continue
        if last is not None:
            yield last
        last = (start, stop, label)
    if last is not None:
        yield last


def of_row(row: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    """Return the labels of a row of the manifest, as ranges of its stored frames."""
    if row["labels"]:
        return [(start, stop, label) for start, stop, label in json.loads(row["labels"])]
    return [(0, row["frames"], row["label"])] if row["label"] else []


def table(rows: Iterable[Mapping[str, Any]], splits: Sequence[str]) -> list[ClassRow]:
    """Return how much of each split has each label, and how much has none; the commonest label first.

    Parameters
    ----------
    rows
        Of the manifest; those that are kept count.
    splits
        In the order in which a label's rows come.
    """
    counts: dict[tuple[str | None, str], list[float]] = {}  # motions, frames, hours
    of_split = dict.fromkeys(splits, 0)
    of_label: dict[str | None, int] = {}
    for row in rows:
        if row["status"] != "ok":
            continue
        here: dict[str | None, int] = {}
        for start, stop, label in of_row(row):
            here[label] = here.get(label, 0) + stop - start
        if bare := row["frames"] - sum(here.values()):
            here[None] = bare
        of_split[row["split"]] += row["frames"]
        for name, frames in here.items():
            of_label[name] = of_label.get(name, 0) + frames
            count = counts.setdefault((name, row["split"]), [0, 0, 0.0])
            count[:] = count[0] + 1, count[1] + frames, count[2] + frames / row["fps"] / 3600
    order = sorted(of_label, key=lambda label: (label is None, -of_label[label], label or ""))
    return [
        ClassRow(label, split, int(motions), int(frames), 100 * frames / max(of_split[split], 1), hours)
        for label in order
        for split in splits
        for motions, frames, hours in [counts.get((label, split), (0, 0, 0.0))]
        if motions
    ]
