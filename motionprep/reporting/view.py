"""A page with one motion in the player."""

from __future__ import annotations

import os
from pathlib import Path

from motionprep.errors import DatasetError, SourceError
from motionprep.files import replacing
from motionprep.naming.nearest import did_you_mean
from motionprep.quality import CHECKS, check_take, reading
from motionprep.quality.take import TakeCheck
from motionprep.recipe.recipe import Reading
from motionprep.reporting.page import FOOTER, page
from motionprep.reporting.takes import as_findings, as_takes


def view(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    key: str | None = None,
    *,
    how: Reading | None = None,
) -> Path:
    """Write a page with one motion in the player, and what the checks of a take find in it.

    Parameters
    ----------
    source
        A file of a take, a folder or archive of files, or the folder of a dataset.
    out
        The HTML file; replaced if it is there.
    key
        Of the motion; it may be left out where there is one alone.
    how
        How files are found and read.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    ValueError
        If there is no motion of that key, or there are several and no key is given.
    MotionPrepError
        If there are no data, they cannot be read, or nothing of the motion is stored that can be shown.
    """
    stored = reading.is_dataset(source)
    takes, findings = reading.of_dataset(source) if stored else reading.of_files([source], how or Reading())
    unread = dict(reversed(takes))
    if not unread:
        raise SourceError(findings[0].message if findings else f"{source}: holds no motion")
    if key is None and len(unread) > 1:
        some = ", ".join(list(unread)[::-1][:3])
        raise ValueError(f"{source} holds {len(unread):,} motions, such as {some}; choose one by its key")
    if key is not None and key not in unread:
        raise ValueError(f"there is no motion {key!r} in {source}{did_you_mean(key, unread)}")
    key = key or next(iter(unread))
    take = unread[key]()
    found = check_take(take, [one for one in CHECKS if isinstance(one, TakeCheck)])
    shown = as_takes([take], {}, found)
    if not shown:
        raise DatasetError(f"{source}: has no frame of {key} that could be shown")
    pane = shown[0]["panes"][0]
    facts = f"{pane['frames']:,} frames at {pane['rate']:g} frames per second, {pane['frames'] / pane['rate']:.1f} s"
    replacing.write(
        out,
        page(
            kind="Motion",
            title=key,
            lead=f"{Path(source).name}: {facts}.",
            footer=FOOTER,
            data={"takes": shown, "findings": as_findings(found)},
        ),
    )
    return Path(out)
