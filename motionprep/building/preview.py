"""What a plan comes to: motions, frames and bytes of each side, and which motions will be left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from motionprep.building.plan import Plan, none_built, reason_of
from motionprep.building.shard_job import frame_bytes
from motionprep.stages import Dropped
from motionprep.storage import shards, store


@dataclass(frozen=True)
class Side:
    """What a side would have.

    Parameters
    ----------
    name
        ``train``, ``val`` or ``test``.
    motions, frames
        Without those that are known to be left out.
    made, kept
        Shards that would be computed, and that are there.
    bytes
        That would be written.
    """

    name: str
    motions: int
    frames: int
    made: int
    kept: int
    bytes: int


@dataclass(frozen=True)
class Preview:
    """What a build would do.

    Parameters
    ----------
    sides
        In order.
    left_out
        Of each motion that would not be built, as far as it is known: ``"dropped"`` or ``"failed"``, key and reason.
    """

    sides: tuple[Side, ...]
    left_out: tuple[tuple[str, str, str], ...]


def preview(planned: Plan, out: Path) -> Preview:
    """Return what a plan comes to.

    Shards that are there say what became of their motions. Of those to be made, motions of each side are led through
    its stages until one comes out of them: what they leave of a frame is seen best that way.

    Parameters
    ----------
    planned
        With every digest and key known.
    out
        The dataset.

    Raises
    ------
    BuildError
        If every motion would be left out.
    DatasetError
        If a shard that was whole is so no more.
    """
    rows, home = planned.rows, store.home(out, stored_normalized=planned.recipe.stored_normalized)
    lost = {number: _lost(row.failed, row.reason) for number, row in enumerate(rows) if row.reason}
    a_frame = dict.fromkeys(planned.recipe.split.sides(), 0)
    frames: dict[int, int] = {}
    for shard in planned.shards:
        if shard.present:
            record = shards.read_record(home / store.SHARDS, shard.key or "")
            for item, motion in zip(shard.items, record["motions"], strict=True):
                if motion["status"] == "ok":
                    frames[item.row] = motion["frames"]
                else:
                    lost[item.row] = _lost(motion["status"] == "failed", reason_of(rows[item.row], motion))
            continue
        for number in (item.row for item in shard.items):
            row = rows[number]
            if row.foreseen:
                lost[number] = _lost(row.failed, row.foreseen)
                continue
            tried = a_frame[shard.split] or frame_bytes(planned.recipe, shard.split, row)
            if isinstance(tried, int):
                a_frame[shard.split], frames[number] = tried, row.expected
            else:
                said = tried.reason if isinstance(tried, Dropped) else str(tried)
                lost[number] = _lost(not isinstance(tried, Dropped), said)
    if not frames:
        raise none_built([lost[number][1] for number in range(len(rows))])
    sides = tuple(_side(name, planned, frames, size) for name, size in a_frame.items())
    told = ((status, rows[number].recording.key, reason) for number, (status, reason) in sorted(lost.items()))
    return Preview(sides, tuple(dict.fromkeys(told)))


def _lost(failed: bool, reason: str) -> tuple[str, str]:
    return "failed" if failed else "dropped", reason


def _side(name: str, planned: Plan, frames: Mapping[int, int], a_frame: int) -> Side:
    """Return what a side comes to; ``frames`` are those of each motion that is built, by its number."""
    motions = total = made = kept = fresh = 0
    for shard in (shard for shard in planned.shards if shard.split == name):
        built = [frames[item.row] for item in shard.items if item.row in frames]
        motions += len(built)
        total += sum(built)
        kept += shard.present
        made += not shard.present
        fresh += 0 if shard.present else sum(built)
    return Side(name, motions, total, made, kept, fresh * a_frame)
