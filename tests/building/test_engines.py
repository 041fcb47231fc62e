from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import pytest
from joblib.externals.loky import get_reusable_executor

from motionprep import DatasetError, build
from motionprep.building import assign, plan, tasks
from motionprep.errors import BuildError, EngineError
from motionprep.recipe.recipe import Recipe, recipe_from_json
from motionprep.storage import shard_files, shard_writer, store

#: Source bytes that a shard has on average: the corpus makes several shards.
SMALL = (80_000,)
SPLIT: dict[str, Any] = {"split": "70/30"}
RECIPE: Recipe = recipe_from_json({"split": {"percent": "70/30"}})
NORMALIZED = {"split": {"percent": "70/30"}, "stages": [{"stage": "normalize", "stored": True}]}
#: Ends the process with its first shard written and not yet published, once.
DIES_ONCE = """
import os, signal
from motionprep.storage import shard_writer

publish = shard_writer.Sealed.publish

def die(sealed):
    try:
        os.close(os.open({flag!r}, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return publish(sealed)
    os.kill(os.getpid(), signal.SIGKILL)

shard_writer.Sealed.publish = die
"""
foreign_warnings = pytest.mark.filterwarnings("ignore")


def tree(out: Path) -> dict[str, str]:
    """Return the digest of each file of a dataset; caches are no part of it."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and path.relative_to(out).parts[0] != ".cache"
    }


@pytest.fixture(autouse=True, scope="module")
def _small_shards() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign.cut, "__defaults__", SMALL)
        yield


@pytest.fixture(scope="module")
def expected(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the files that one thread makes."""
    out = tmp_path_factory.mktemp("expected")
    assert build(corpus, out, workers=1, **SPLIT).made > 4
    return tree(out)


@pytest.fixture(scope="module")
def expected_normalized(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the files that one thread makes where normalized numbers are stored."""
    out = tmp_path_factory.mktemp("expected")
    build(corpus, out, workers=1, recipe=NORMALIZED)
    return tree(out)


@pytest.fixture
def dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the first of the processes that start from now on be killed in mid-shard; the path is there once it was."""
    flag, code = tmp_path / "killed", tmp_path / "code"
    code.mkdir()
    (code / "sitecustomize.py").write_text(DIES_ONCE.format(flag=str(flag)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(code), os.environ.get("PYTHONPATH", "")]))
    return flag


@pytest.fixture
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process make no shard."""

    def refused(_: shard_writer.Sealed) -> None:
        raise AssertionError("a shard was made in the process of the build")

    monkeypatch.setattr(shard_writer.Sealed, "publish", refused)


# The same bytes


@pytest.mark.parametrize("workers", [2, 3])
def test_threads_make_what_one_thread_makes(
    corpus: Path, tmp_path: Path, expected: dict[str, str], workers: int
) -> None:
    build(corpus, tmp_path / "out", workers=workers, engine="threads", **SPLIT)

    assert tree(tmp_path / "out") == expected


@pytest.mark.usefixtures("_elsewhere")
def test_processes_make_what_one_thread_makes_and_show_how_far_they_are(
    corpus: Path, tmp_path: Path, expected: dict[str, str]
) -> None:
    seen: list[tuple[int, int]] = []
    summary = build(
        corpus,
        tmp_path / "out",
        engine="processes",
        workers=2,
        on_progress=lambda done, total: seen.append((done, total)),
        **SPLIT,
    )

    assert tree(tmp_path / "out") == expected
    assert len(seen) == summary.made
    assert seen[-1] == (16, 16)


@pytest.mark.usefixtures("_elsewhere")
def test_processes_normalize_as_one_thread_does(
    corpus: Path, tmp_path: Path, expected_normalized: dict[str, str]
) -> None:
    build(corpus, tmp_path / "out", engine="processes", workers=2, recipe=NORMALIZED)

    assert tree(tmp_path / "out") == expected_normalized


@pytest.mark.usefixtures("_elsewhere")
def test_what_joblib_is_told_to_run_on_runs_the_shards(corpus: Path, tmp_path: Path, expected: dict[str, str]) -> None:
    with joblib.parallel_config(backend="loky", n_jobs=2):
        build(corpus, tmp_path / "out", **SPLIT)

    assert tree(tmp_path / "out") == expected


def test_a_process_that_is_killed_in_mid_shard_loses_nothing(
    corpus: Path, tmp_path: Path, expected: dict[str, str], dying: Path
) -> None:
    get_reusable_executor().shutdown(wait=True)

    build(corpus, tmp_path / "out", engine="processes", workers=2, **SPLIT)

    assert dying.exists()
    assert tree(tmp_path / "out") == expected


# Dask and Ray


@pytest.fixture
def scheduler() -> Iterator[str]:
    """Yield the address of a Dask scheduler with two processes."""
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


@foreign_warnings
@pytest.mark.usefixtures("_elsewhere")
def test_dask_makes_what_one_thread_makes_and_normalizes_it(
    corpus: Path, tmp_path: Path, expected: dict[str, str], expected_normalized: dict[str, str], scheduler: str
) -> None:
    build(corpus, tmp_path / "out", engine="dask", address=scheduler, **SPLIT)
    build(corpus, tmp_path / "normalized", engine="dask", address=scheduler, workers=1, recipe=NORMALIZED)

    assert tree(tmp_path / "out") == expected
    assert tree(tmp_path / "normalized") == expected_normalized


@foreign_warnings
def test_a_worker_of_dask_that_is_killed_in_mid_shard_loses_nothing(
    corpus: Path, tmp_path: Path, expected: dict[str, str], dying: Path, scheduler: str
) -> None:
    build(corpus, tmp_path / "out", engine="dask", address=scheduler, **SPLIT)

    assert dying.exists()
    assert tree(tmp_path / "out") == expected


@foreign_warnings
def test_a_scheduler_that_does_not_answer_is_named_and_nothing_is_left(corpus: Path, tmp_path: Path) -> None:
    dask = pytest.importorskip("dask", reason="the extra dask is not installed")
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "200ms"}),
        pytest.raises(EngineError, match=r"no Dask scheduler can be reached at tcp://127\.0\.0\.1:9: "),
    ):
        build(corpus, tmp_path / "out", engine="dask", address="tcp://127.0.0.1:9", **SPLIT)

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("engine", "library", "words"),
    [
        ("dask", "distributed", "the engine dask needs Dask: pip install dask distributed"),
        ("ray", "ray", "the engine ray needs Ray: pip install ray"),
    ],
)
def test_an_engine_that_is_not_installed_is_named_with_what_to_install(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, library: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(EngineError, match=words):
        build(corpus, tmp_path / "out", engine=engine, address="tcp://a:1", **SPLIT)
    assert not (tmp_path / "out").exists()


@foreign_warnings
@pytest.mark.slow
def test_ray_makes_what_one_thread_makes_even_if_a_worker_is_killed(
    corpus: Path, tmp_path: Path, expected: dict[str, str], dying: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    # Where Ray keeps the key that its processes share.
    monkeypatch.setenv("HOME", str(tmp_path))
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        build(corpus, tmp_path / "out", engine="ray", **SPLIT)
    finally:
        ray.shutdown()

    assert dying.exists()
    assert tree(tmp_path / "out") == expected


# Parts


def test_parts_that_are_made_at_once_are_found_by_the_build(
    corpus: Path, tmp_path: Path, expected: dict[str, str]
) -> None:
    out = tmp_path / "out"

    def make(number: int) -> int:
        return build(corpus, out, part=(number, 4), workers=1, **SPLIT).made

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(1, 5)))
    assert not (out / "dataset.json").exists()
    summary = build(corpus, out, **SPLIT)

    assert all(made)
    assert (summary.made, summary.kept) == (0, sum(made))
    assert tree(out) == expected


def test_a_build_neither_waits_for_a_part_nor_removes_what_it_is_writing(
    corpus: Path, tmp_path: Path, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, publish = tmp_path / "out", shard_writer.Sealed.publish
    written, proceed = threading.Event(), threading.Event()

    def wait(sealed: shard_writer.Sealed) -> None:
        if threading.current_thread() is not threading.main_thread() and not written.is_set():
            written.set()
            assert proceed.wait(60)
        publish(sealed)

    monkeypatch.setattr(shard_writer.Sealed, "publish", wait)
    with ThreadPoolExecutor(1) as pool:
        part = pool.submit(build, corpus, out, part=(1, 2), workers=1, **SPLIT)
        assert written.wait(60)
        build(corpus, out, **SPLIT)
        unfinished = shard_files.unfinished(out / store.SHARDS)
        proceed.set()
        part.result()

    assert len(unfinished) == 1
    assert tree(out) == expected


def test_a_part_is_made_by_one_process_at_a_time(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_PATIENCE", 0.0)

    with store.lock_part(tmp_path, (1, 2)), pytest.raises(DatasetError, match="part 1 of 2 is being made by another"):
        build(corpus, tmp_path, part=(1, 2), **SPLIT)


def test_a_part_that_is_made_again_has_nothing_to_do(corpus: Path, tmp_path: Path) -> None:
    first = build(corpus, tmp_path, part=(2, 3), **SPLIT)
    second = build(corpus, tmp_path, part=(2, 3), **SPLIT)

    assert (second.made, second.kept) == (0, first.made)
    assert second.dataset == {}


def test_what_a_killed_part_left_is_swept_by_the_build(corpus: Path, tmp_path: Path) -> None:
    with store.lock_part(tmp_path, (1, 2)):
        (tmp_path / store.SHARDS / ".part-x").mkdir()
        store.sweep(tmp_path, tmp_path)
        assert (tmp_path / store.SHARDS / ".part-x").exists()

    build(corpus, tmp_path, **SPLIT)

    assert not (tmp_path / store.SHARDS / ".part-x").exists()


def test_parts_make_what_normalized_shards_are_made_of(
    corpus: Path, tmp_path: Path, expected_normalized: dict[str, str]
) -> None:
    for number in (1, 2):
        build(corpus, tmp_path, part=(number, 2), recipe=NORMALIZED)

    assert build(corpus, tmp_path, recipe=NORMALIZED).made == 0
    assert tree(tmp_path) == expected_normalized


# What travels


@pytest.fixture
def task(corpus: Path, tmp_path: Path) -> bytes:
    """Return a task to make the second shard of the corpus."""
    todo = plan.make_plan([corpus], None, RECIPE)
    (tmp_path / "shards").mkdir()
    recipe = tasks.recipe_text(todo.recipe)
    return tasks.shard_task(recipe, tmp_path / "shards", todo.shards[1], todo.rows, fresh=True)


def outcome(text: bytes) -> Any:
    return json.loads(tasks.run(7, text)[1])


def test_a_worker_gives_back_key_and_digests_of_its_shard_alone(task: bytes, tmp_path: Path) -> None:
    number, text = tasks.run(7, task)
    shard = json.loads(text)["shard"]

    assert number == 7
    assert shard_files.keys(tmp_path / "shards") == {shard["key"]}
    assert len(shard["digests"]) == len(json.loads(task)["shard"]["members"])
    assert len(text) < 1000


def test_a_task_that_is_done_again_finds_its_shard(task: bytes) -> None:
    again = {**json.loads(task), "fresh": False}

    assert outcome(task)["shard"]["made"]
    assert not outcome(json.dumps(again).encode())["shard"]["made"]


def test_a_worker_that_does_not_see_the_dataset_says_so(task: bytes, tmp_path: Path) -> None:
    (tmp_path / "shards").rmdir()

    assert "a worker does not see it" in outcome(task)["error"]


def test_a_worker_that_understands_something_else_by_a_recipe_makes_nothing(task: bytes) -> None:
    other = json.loads(task)
    other["recipe"]["identity"] = "0123"

    assert "a worker has another version of motionprep" in outcome(json.dumps(other).encode())["error"]


def test_a_full_disk_of_a_worker_is_an_error_of_the_system(task: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: shard_writer.Sealed) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data")

    monkeypatch.setattr(shard_writer.Sealed, "publish", full)
    result = tasks.Outcome(**json.loads(tasks.run(7, task)[1]))

    with pytest.raises(OSError, match="No space left on device: '/data'") as caught:
        result.check()
    assert caught.value.errno == errno.ENOSPC


def test_another_error_of_a_worker_ends_the_build_with_its_words() -> None:
    with pytest.raises(BuildError, match="float32 cannot hold"):
        tasks.Outcome(error="float32 cannot hold it").check()


# Wrong arguments


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"engine": "spark"}, "engine is 'spark'; it must be one of threads, processes, dask, ray"),
        ({"address": "tcp://a:1"}, "engine is None; only 'dask' and 'ray' have one"),
        ({"engine": "threads", "address": "tcp://a:1"}, "engine is 'threads'; only 'dask' and 'ray' have one"),
        ({"engine": "processes", "workers": 0}, "workers is 0; it must be at least 1"),
        ({"part": (0, 2)}, r"part is \(0, 2\); it must be \(I, N\) with I from 1 to N"),
        ({"part": (3, 2)}, r"part is \(3, 2\); it must be \(I, N\) with I from 1 to N"),
    ],
)
def test_wrong_arguments_are_refused(corpus: Path, tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build(corpus, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
