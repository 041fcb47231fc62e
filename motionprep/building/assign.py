"""Which motions share a shard, and what a shard's key is made of.

A motion ends its shard with a chance of its size over :data:`TARGET`, drawn by the hash of its key. So where a shard
ends is decided by the motion at its end alone: adding, changing or removing a motion touches the shard that it is in,
and one more if a boundary comes or goes with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from motionprep.formats.arrays_metadata import ArrayMetadata
from motionprep.motion import hashing
from motionprep.recipe.recipe import FORMAT

#: Source bytes that a shard has on average.
TARGET = 32 << 20
_CHANCES = 1 << 64


class ShardMember(msgspec.Struct, frozen=True):
    """A part of a motion that goes into a shard.

    Parameters
    ----------
    row
        Its place in the manifest.
    key
        Key of the motion.
    size
        Bytes of its source.
    frames
        First and last frame of the source, counted from 1; all if None.
    rate
        Rate in frames per second that overrides the file's; None to keep it.
    copy
        Which of several copies of the motion, from 0.
    metadata
        What a file beside its arrays or the recipe says about them; None if it holds none.
    """

    row: int
    key: str
    size: int
    frames: tuple[int, int] | None = None
    rate: float | None = None
    copy: int = 0
    metadata: ArrayMetadata | None = None


def beyond(frames: tuple[int, int] | None, count: int) -> str:
    """Return what is wrong with a range of frames in a file of ``count`` frames; empty if nothing is."""
    if frames is None or frames[1] <= count:
        return ""
    return f"has {count:,} frames; the split asks for frames {frames[0]}-{frames[1]}"


def cut(members: Sequence[ShardMember], target: int = TARGET) -> list[tuple[ShardMember, ...]]:
    """Cut a run of members, in natural order, into shards."""
    runs: list[tuple[ShardMember, ...]] = []
    start = 0
    for end, member in enumerate(members, start=1):
        if end == len(members) or _hash(member) < member.size * _CHANCES // target:
            runs.append(tuple(members[start:end]))
            start = end
    return runs


def shard_key(
    stages: Sequence[dict[str, Any]],
    reading: dict[str, Any],
    seed: int | None,
    members: Sequence[ShardMember],
    digests: Sequence[Sequence[str]],
) -> str:
    """Return the name of a shard: a hash of all that decides its content.

    Parameters
    ----------
    stages
        Identities of the split's stages, in order.
    reading
        How files are read.
    seed
        The recipe's, if a stage draws.
    members, digests
        What is in it, and the sha256 of each of its files.
    """
    motions = [
        [member.key, *files, member.frames, member.rate, member.copy]
        + ([] if member.metadata is None else [msgspec.to_builtins(member.metadata)])
        for member, files in zip(members, digests, strict=True)
    ]
    return hashing.key([FORMAT, stages, reading, seed, motions])


def _hash(member: ShardMember) -> int:
    return int.from_bytes(hashlib.sha256(f"{member.key}/{member.copy}".encode()).digest()[:8])
