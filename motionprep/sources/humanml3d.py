"""HumanML3D's folders: joints of clips, captions, and lists of what trains, validates and tests.

Clips are in ``new_joints``, captions in ``texts``, a file a clip with lines ``caption#words and tags#start#end`` in
seconds, both 0 if the caption is of the whole clip; a clip ``M012314`` is ``012314`` mirrored
(https://github.com/EricGuo5513/HumanML3D).
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from motionprep.errors import ReadError
from motionprep.files.reading import open_file, read_bounded, shown
from motionprep.formats.index import Label
from motionprep.naming.smpl import BODIES
from motionprep.sources.source import why

RATE = 20
JOINTS, TEXTS, VECTORS = "new_joints", "texts", "new_joint_vecs"
#: What is said of the arrays of joints, as a TOML beside them would; its name is what errors call it.
METADATA = (
    "HumanML3D",
    f'names = "smpl-22"\nrate = {RATE}\nunits = "m"\nparents = {list(BODIES[22][1])}\n'.encode(),
)
_SPLITS = ("train", "val", "test")
_MOST = 1 << 24
_CLIP = re.compile(r"M?(\d{6,})")


def is_humanml3d(names: Collection[str]) -> bool:
    """Return whether a folder with these files and folders is one of HumanML3D."""
    return JOINTS in names and TEXTS in names


def unmirrored(key: str) -> str:
    """Return the clip that a clip is, or is the mirrored copy of."""
    clip = _CLIP.fullmatch(key)
    return clip[1] if clip else key


def splits_beside(paths: Sequence[str | os.PathLike[str]], notes: list[str]) -> dict[str, str]:
    """Return the split of each clip by ``train.txt``, ``val.txt`` and ``test.txt``; ``notes`` takes what is odd."""
    found: dict[str, str] = {}
    for folder in _folders(paths):
        for split in _SPLITS:
            for key in _text(folder / f"{split}.txt", notes).split():
                if found.setdefault(key, split) != split:
                    notes.append(f"{split}.txt: {shown(key)} is in {found[key]}.txt too; it is in {found[key]}")
    return found


def captions_beside(
    paths: Sequence[str | os.PathLike[str]], keys: Collection[str], notes: list[str]
) -> dict[str, Label]:
    """Return the captions of clips: those of the whole clip, a line each, or else those of ranges of frames."""
    found: dict[str, Label] = {}
    for folder in _folders(paths):
        with os.scandir(folder / TEXTS) as entries:
            there = {entry.name for entry in entries}
        for key in keys:
            if f"{key}.txt" in there and (text := _text(folder / TEXTS / f"{key}.txt", notes)):
                try:
                    found[key] = parse_captions(text, f"{TEXTS}/{key}.txt")
                except ReadError as error:
                    notes.append(f"{error}; the clip has no caption")
    return found


def parse_captions(text: str, name: str) -> Label:
    """Return the captions of a clip from its file in ``texts``.

    Returns
    -------
    str or tuple
        The captions of the whole clip, a line each. If there are none, (first, last, captions) for each range of
        frames, counted from 1, both ends taken, without those that overlap one before them.

    Raises
    ------
    ReadError
        If a line has not four fields with ``#`` between them, or a range of seconds is none.
    """
    whole: list[str] = []
    ranges: dict[tuple[int, int], list[str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        fields = line.split("#")
        try:
            caption, start, stop = fields[0].strip(), float(fields[2]), float(fields[3])
        except (ValueError, IndexError):
            raise ReadError(f"found {shown(line)}; expected caption#tags#start#end", path=name, line=number) from None
        # Missing times are written as nan.
        if not (start > 0 or stop > 0):
            whole.append(caption)
            continue
        first, last = int(start * RATE) + 1, int(min(stop, 1e9) * RATE)
        if not 1 <= first <= last:
            raise ReadError(f"has seconds {start:g} to {stop:g}; expected a range", path=name, line=number)
        ranges.setdefault((first, last), []).append(caption)
    if whole or not ranges:
        return "\n".join(whole)
    apart: list[tuple[int, int, str]] = []
    for (first, last), captions in sorted(ranges.items()):
        if not apart or first > apart[-1][1]:
            apart.append((first, last, "\n".join(captions)))
    return tuple(apart)


def _folders(paths: Sequence[str | os.PathLike[str]]) -> Iterator[Path]:
    """Yield the folders of HumanML3D among some folders and those right below them."""
    for path in map(Path, paths):
        if not path.is_dir():
            continue
        for folder in (path, *sorted(one for one in path.iterdir() if one.is_dir())):
            if (folder / JOINTS).is_dir() and (folder / TEXTS).is_dir():
                yield folder


def _text(path: Path, notes: list[str]) -> str:
    """Return a file's text; empty, and noted unless it is missing, if it cannot be read."""
    try:
        with open_file(path) as file:
            return read_bounded(file, path.name, _MOST).decode("utf-8-sig", errors="backslashreplace")
    except FileNotFoundError:
        return ""
    except (OSError, ReadError) as error:
        notes.append(f"{path.name}: cannot be read: {why(error)}")
        return ""
