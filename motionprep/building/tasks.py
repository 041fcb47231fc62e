"""What travels to a worker of an engine and what comes back: JSON, whose types this file holds."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from motionprep.building.normalized import Fitted, NormalizedShard, choose, ensure_normalized, entries_of
from motionprep.building.planned import PlannedMotion, Shard
from motionprep.building.shard_job import EnsuredShard, ensure, keep_memory
from motionprep.errors import BuildError, MotionPrepError
from motionprep.formats import VERSION
from motionprep.recipe.recipe import Recipe, recipe_from_json
from motionprep.storage import shard_reader, store
from motionprep.storage.stats import Stats


class RecipeText(msgspec.Struct, frozen=True):
    """A recipe, and what tells that a worker understands the same by it.

    Parameters
    ----------
    recipe
        As :meth:`Recipe.to_json` gives it, encoded.
    identity
        The recipe's identity, which contains the versions of its stages.
    formats
        Version of the readers of files.
    """

    recipe: str
    identity: str
    formats: int


class ShardTask(msgspec.Struct, frozen=True, tag="shard"):
    """A shard to make.

    Parameters
    ----------
    recipe
        How it is made.
    folder
        Absolute path of the folder of shards.
    shard
        What is in it; its members count the rows from 0.
    rows
        The rows of its members.
    fresh
        Whether there was no shard when the build began.
    """

    recipe: RecipeText
    folder: str
    shard: Shard
    rows: tuple[PlannedMotion, ...]
    fresh: bool


class NormalizeTask(msgspec.Struct, frozen=True, tag="normalize"):
    """A normalized shard to make.

    Parameters
    ----------
    recipe
        Says which features are normalized.
    out
        Absolute path of the dataset.
    shard
        What to make.
    fitted
        Statistics of train, encoded.
    """

    recipe: RecipeText
    out: str
    shard: NormalizedShard
    fitted: str


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a task.

    Parameters
    ----------
    shard
        The shard that is there, for a :class:`ShardTask`.
    error
        Why it is not; empty if it is.
    of_system
        Whether the error is one of the system, such as a full disk.
    errno, path
        Number and path of an error of the system, where it has them.
    """

    shard: EnsuredShard | None = None
    error: str = ""
    of_system: bool = False
    errno: int | None = None
    path: str | None = None

    def check(self) -> None:
        """Raise the error that the task ended with.

        Raises
        ------
        OSError, BuildError
            If there was one.
        """
        if self.of_system:
            raise OSError(self.error) if self.errno is None else OSError(self.errno, self.error, self.path)
        if self.error:
            raise BuildError(self.error)


def recipe_text(recipe: Recipe) -> RecipeText:
    """Return a recipe as it travels."""
    return RecipeText(msgspec.json.encode(recipe.to_json()).decode(), recipe.identity(), VERSION)


def shard_task(recipe: RecipeText, folder: Path, shard: Shard, rows: Sequence[PlannedMotion], *, fresh: bool) -> bytes:
    """Return a task to make a shard of a plan with these rows."""
    own = tuple(rows[member.row] for member in shard.members)
    members = tuple(msgspec.structs.replace(member, row=number) for number, member in enumerate(shard.members))
    shard = msgspec.structs.replace(shard, members=members)
    return msgspec.json.encode(ShardTask(recipe, str(folder.absolute()), shard, own, fresh))


def normalize_task(recipe: RecipeText, out: Path, shard: NormalizedShard, fitted: str) -> bytes:
    """Return a task to make a normalized shard."""
    return msgspec.json.encode(NormalizeTask(recipe, str(out.absolute()), shard, fitted))


def run(number: int, text: bytes) -> tuple[int, bytes]:
    """Do a task, wherever this is called, and return its number and encoded :class:`Outcome`."""
    _keep_memory_once()
    task = msgspec.json.decode(text, type=ShardTask | NormalizeTask)
    try:
        recipe = _recipe(task.recipe)
        if isinstance(task, NormalizeTask):
            _normalize(task, recipe)
            outcome = Outcome()
        else:
            folder = Path(task.folder)
            if not folder.is_dir():
                raise BuildError(f"{folder}: a worker does not see it; data and dataset must lie on a shared disk")
            stop = threading.Event()
            made = ensure(
                recipe,
                task.shard,
                task.rows,
                folder,
                fresh=task.fresh,
                stop=stop,
                count=lambda _: None,
                computing=nullcontext(),
            )
            outcome = Outcome(made)
    except OSError as error:
        path = None if error.filename is None else str(error.filename)
        outcome = Outcome(error=error.strerror or str(error), of_system=True, errno=error.errno, path=path)
    except MotionPrepError as error:
        outcome = Outcome(error=str(error))
    return number, msgspec.json.encode(outcome)


def _normalize(task: NormalizeTask, recipe: Recipe) -> None:
    out = Path(task.out)
    record = shard_reader.read_record(store.root(out, stored_normalized=True) / store.SHARDS, task.shard.key)
    ensure_normalized(out, task.shard, record, choose(recipe, record, _entries(task.fitted)) or {})


@lru_cache(maxsize=4)
def _recipe(text: RecipeText) -> Recipe:
    recipe = recipe_from_json(msgspec.json.decode(text.recipe))
    if (recipe.identity(), VERSION) != (text.identity, text.formats):
        raise BuildError("a worker has another version of motionprep than the build; install the same everywhere")
    return recipe


@lru_cache(maxsize=4)
def _entries(fitted: str) -> Mapping[str, Sequence[Stats]]:
    known: Fitted = msgspec.json.decode(fitted, type=dict[str, list[dict[str, Any]]])
    return entries_of(known)


@lru_cache(maxsize=1)
def _keep_memory_once() -> None:
    keep_memory()
