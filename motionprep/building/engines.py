"""How shards are run: by threads of this process, or by joblib on an engine; the only file that knows joblib."""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from motionprep.building.planned import Plan
from motionprep.errors import BuildError, EngineError
from motionprep.motion import hashing
from motionprep.recipe.recipe import Recipe
from motionprep.storage import shard_files

if TYPE_CHECKING:
    from motionprep.building.normalized import Fitted, NormalizedShard, Run
    from motionprep.building.shard_job import EnsuredShard
    from motionprep.storage.stats import Stats

#: Names of engines.
KINDS = ("threads", "processes", "dask", "ray")
_PATIENCE = 1.0
#: How often in a row workers may die without one shard being done in between.
_DEATHS = 4


class Engine(Protocol):
    """Runs shards: those of a plan, and those that are normalized."""

    #: Whether shards are made in this process alone.
    local: bool

    def make(
        self, todo: Plan, folder: Path, numbers: Sequence[int], count: Callable[[int], None]
    ) -> Generator[tuple[int, EnsuredShard], None, None]:
        """See to it that shards of a plan are there, and yield each with its number, in any order.

        Parameters
        ----------
        todo
            The plan.
        folder
            Where shards are.
        numbers
            Which of the plan's shards.
        count
            Called with how many more motions are done.

        Raises
        ------
        EngineError
            If the engine cannot be reached, is lost, or its workers die again and again.
        BuildError
            If its workers do not see the dataset, or have another version of motionprep.
        OSError
            If a shard cannot be written.
        """

    def normalizing(self, recipe: Recipe, out: Path, fitted: Fitted) -> Run:
        """Return what makes normalized shards of a dataset, with statistics of train."""


def choose_engine(kind: str | None, address: str | None, workers: int | None) -> Engine:
    """Return the engine of a name, or where that is None the one that ``joblib.parallel_config`` has set, or threads.

    Raises
    ------
    ValueError
        If there is no such engine, it has no address, or ``workers`` is below 1.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(f"engine is {kind!r}; it must be one of {', '.join(KINDS)}")
    if address is not None and kind not in ("dask", "ray"):
        raise ValueError(f"an address is given, but engine is {kind!r}; only 'dask' and 'ray' have one")
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}; it must be at least 1, or None for one a processor")
    if kind == "threads" or (kind is None and not _is_configured()):
        return Threads(workers or os.cpu_count() or 1)
    return Workers(kind, address, workers)


def _is_configured() -> bool:
    """Return whether joblib is told to run on something else than threads."""
    if "joblib" not in sys.modules:
        return False
    from joblib.parallel import get_active_backend

    # What is preferred here counts only where nobody has chosen.
    return not getattr(get_active_backend(prefer="threads")[0], "uses_threads", False)


class Threads:
    """Threads of this process.

    Parameters
    ----------
    workers
        How many compute at once.
    """

    local = True

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def make(
        self, todo: Plan, folder: Path, numbers: Sequence[int], count: Callable[[int], None]
    ) -> Generator[tuple[int, EnsuredShard], None, None]:
        """See to it that shards of a plan are there; see :meth:`Engine.make`."""
        import joblib

        from motionprep.building.shard_job import ensure, keep_memory

        keep_memory()
        stop, fresh = threading.Event(), not shard_files.keys(folder)
        # One thread more than may compute: waiting for the disk keeps no processor busy.
        computing = threading.BoundedSemaphore(self._workers)
        running = threading.BoundedSemaphore(self._workers + 1)

        def run(number: int) -> EnsuredShard:
            with running:
                return ensure(
                    todo.recipe,
                    todo.shards[number],
                    todo.rows,
                    folder,
                    fresh=fresh,
                    stop=stop,
                    count=count,
                    computing=computing,
                )

        results: Any = None
        try:
            work = joblib.Parallel(self._workers + 1, backend="threading", return_as="generator", batch_size=1)
            results = work(joblib.delayed(run)(number) for number in numbers)
            yield from zip(numbers, results, strict=True)
        finally:
            stop.set()
            if results is not None:
                _close(results)
            # Threads that are asked to stop get time to do so: they write into a folder that is about to be let go.
            until = time.monotonic() + _PATIENCE
            ended = [running.acquire(timeout=max(0.0, until - time.monotonic())) for _ in range(self._workers + 1)]
            for _ in filter(None, ended):
                running.release()

    def normalizing(self, recipe: Recipe, out: Path, fitted: Fitted) -> Run:
        """Return what makes normalized shards of a dataset."""
        from motionprep.building.normalized import ensure_normalized

        def run(
            shards: Sequence[NormalizedShard],
            records: Sequence[Mapping[str, Any]],
            chosen: Sequence[Mapping[str, Stats]],
        ) -> None:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(self._workers) as pool:
                list(pool.map(ensure_normalized, [out] * len(shards), shards, records, chosen))

        return run


class Workers:
    """Other processes, of this machine or of many, which joblib reaches by one of its backends.

    Parameters
    ----------
    kind
        One of :data:`KINDS`; None for what ``joblib.parallel_config`` has set.
    address
        Where the scheduler or the cluster is; None for the one that this process is connected to.
    workers
        The most shards that are made at once; what the engine has if None.
    """

    local = False

    def __init__(self, kind: str | None, address: str | None, workers: int | None) -> None:
        self._kind, self._address, self._workers = kind, address, workers

    def make(
        self, todo: Plan, folder: Path, numbers: Sequence[int], count: Callable[[int], None]
    ) -> Generator[tuple[int, EnsuredShard], None, None]:
        """See to it that shards of a plan are there; see :meth:`Engine.make`."""
        from motionprep.building import tasks

        recipe, fresh = tasks.recipe_text(todo.recipe), not shard_files.keys(folder)

        def task(number: int) -> bytes:
            return tasks.shard_task(recipe, folder, todo.shards[number], todo.rows, fresh=fresh)

        with closing(self._run(numbers, task)) as outcomes:
            for number, outcome in outcomes:
                if outcome.shard is None:
                    raise TypeError(f"a worker gave back no shard for task {number}")
                count(len(todo.shards[number].members))
                yield number, outcome.shard

    def normalizing(self, recipe: Recipe, out: Path, fitted: Fitted) -> Run:
        """Return what makes normalized shards of a dataset."""
        from motionprep.building import tasks

        text, statistics = tasks.recipe_text(recipe), hashing.canonical(fitted).decode()

        def run(shards: Sequence[NormalizedShard], _records: object, _chosen: object) -> None:
            def task(number: int) -> bytes:
                return tasks.normalize_task(text, out, shards[number], statistics)

            with closing(self._run(range(len(shards)), task)) as outcomes:
                for _ in outcomes:
                    pass

        return run

    def _run(self, numbers: Sequence[int], task: Callable[[int], bytes]) -> Generator[tuple[int, Any], None, None]:
        """Do tasks, and yield the outcome of each with its number; those of workers that die are done again."""
        from motionprep.building.tasks import Outcome

        left, deaths = dict.fromkeys(numbers), 0
        with self._connected():
            while left:
                try:
                    with closing(self._results(list(left), task)) as results:
                        for number, text in results:
                            outcome = msgspec.json.decode(text, type=Outcome)
                            outcome.check()
                            del left[number]
                            deaths = 0
                            yield number, outcome
                except BuildError:
                    raise
                except Exception as error:
                    if not _is_of_engine(error):
                        raise
                    deaths += 1
                    if deaths == _DEATHS or not _is_death(error):
                        raise EngineError(
                            f"the engine {self._name} failed with {len(left):,} shards left: {_words(error)}; finished "
                            "shards are kept, and the next build goes on from them"
                        ) from error

    def _results(
        self, numbers: Sequence[int], task: Callable[[int], bytes]
    ) -> Generator[tuple[int, bytes], None, None]:
        """Run tasks by joblib's backend that is active now."""
        import joblib
        from joblib.parallel import get_active_backend

        from motionprep.building.tasks import run

        backend, _ = get_active_backend()
        streams = getattr(backend, "supports_return_generator", False)
        work = joblib.Parallel(
            self._workers if self._kind is None else (self._workers or -1),
            return_as="generator_unordered" if streams else "list",
            batch_size=1,
            # Also of an engine that runs whatever it gets.
            pre_dispatch=self._workers or "2 * n_jobs",
        )
        results = work(joblib.delayed(run)(number, task(number)) for number in numbers)
        try:
            yield from results
        finally:
            if streams:
                _close(results)

    @property
    def _name(self) -> str:
        return f"{self._kind or 'of joblib'}{f' at {self._address}' if self._address else ''}"

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Make the engine joblib's while this lasts."""
        import joblib

        if self._kind == "processes":
            with joblib.parallel_config(backend="loky"):
                yield
        elif self._kind == "dask":
            with _dask_client(self._address) as client, joblib.parallel_config(backend="dask", client=client):
                _mend_dask()
                yield
        elif self._kind == "ray":
            with _ray_backend(self._address) as backend, joblib.parallel_config(backend=backend):
                yield
        else:
            _mend_dask()
            yield


def _close(results: Any) -> None:
    with warnings.catch_warnings():
        # Of results that an interrupted build has no use for.
        warnings.simplefilter("ignore", UserWarning)
        results.close()


@contextmanager
def _dask_client(address: str | None) -> Iterator[Any]:
    """Yield a client of a Dask scheduler; the one that is open if there is no address."""
    try:
        import distributed
    except ImportError:
        raise EngineError("the engine dask needs Dask: pip install dask distributed") from None
    if address is None:
        try:
            client = distributed.get_client()
        except ValueError:
            raise ValueError(
                "engine is 'dask', and no client is open: give the address of a scheduler, such as 'tcp://host:8786'"
            ) from None
        yield client
        return
    try:
        client = distributed.Client(address, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EngineError(f"no Dask scheduler can be reached at {address}: {_words(error)}") from None
    try:
        yield client
    finally:
        client.close()


@contextmanager
def _ray_backend(address: str | None) -> Iterator[Any]:
    """Yield joblib's backend for a Ray cluster; for the one that is connected, or a local new one, if None."""
    try:
        import ray
        from ray.util.joblib.ray_backend import RayBackend
    except ImportError:
        raise EngineError("the engine ray needs Ray: pip install ray") from None

    class Streaming(RayBackend):  # type: ignore[misc]
        # Its pool calls back for each result, so nothing keeps them from being used one by one.
        supports_return_generator = True

    connected = ray.is_initialized()
    if not connected:
        try:
            ray.init(address, log_to_driver=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise EngineError(f"no Ray cluster can be reached at {address}: {_words(error)}") from None
    try:
        # An actor whose process dies is started again, and so is what it did.
        yield Streaming(ray_remote_args={"max_restarts": -1, "max_task_retries": _DEATHS})
    finally:
        if not connected:
            ray.shutdown()


def _mend_dask() -> None:
    """Have joblib's Dask backend report a task that Dask gives up, and use Dask also where it has one thread.

    As they are, joblib would wait for ever for the first, and do the second in this process.
    """
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    if type(backend).__name__ != "DaskDistributedBackend":
        return
    submit, effective = backend.submit, backend.effective_n_jobs

    def submit_and_report(func: Any, callback: Any = None) -> Any:
        future = submit(func, callback)

        def report(done: Any) -> None:
            if callback is not None and (error := done.exception()) is not None:
                callback(error)

        future.add_done_callback(report)
        return future

    backend.submit = submit_and_report
    backend.effective_n_jobs = lambda n_jobs: max(2, effective(n_jobs))


def _is_of_engine(error: Exception) -> bool:
    """Return whether an error is one of an engine, not of what it ran."""
    module = type(error).__module__.partition(".")[0]
    from concurrent.futures import BrokenExecutor, CancelledError

    return isinstance(error, (BrokenExecutor, CancelledError, TimeoutError)) or module in ("distributed", "ray")


def _is_death(error: Exception) -> bool:
    """Return whether an error says that a worker died whose tasks nobody does again."""
    from concurrent.futures import BrokenExecutor

    return isinstance(error, BrokenExecutor) or type(error).__name__ in ("ActorDiedError", "WorkerCrashedError")


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
