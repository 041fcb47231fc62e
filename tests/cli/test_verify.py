from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import motionprep


@pytest.fixture
def built(corpus: Path, out: Path) -> Path:
    motionprep.build(corpus / "02", out)
    return out


@pytest.fixture
def damaged(built: Path) -> Path:
    (path,) = built.glob("shards/*/positions/c.0.0.0")
    path.unlink()
    return built


def test_a_good_dataset_is_whole(run: Any, built: Path) -> None:
    ended = run("verify", built)
    assert (ended.code, ended.out, ended.err) == (0, f"{built} is whole\n", "")


def test_quiet_says_nothing_of_a_good_dataset(run: Any, built: Path) -> None:
    ended = run("verify", "-q", built)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


@pytest.mark.parametrize("options", [[], ["-q"]])
def test_damage_is_named_and_exits_with_1(run: Any, damaged: Path, options: list[str]) -> None:
    (shard,) = (damaged / "shards").iterdir()
    ended = run("verify", *options, damaged)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"shard {shard.name}: positions/c.0.0.0 is missing; build again to mend it\nmotionprep: {damaged}: 1 damaged\n"
    )


def test_what_is_no_dataset_exits_with_1(run: Any, tmp_path: Path) -> None:
    ended = run("verify", tmp_path)
    assert (ended.code, ended.err) == (
        1,
        f"motionprep: {tmp_path}: is no motionprep dataset: it has no dataset.json\n",
    )


def test_a_path_that_does_not_exist_is_wrong_usage(run: Any) -> None:
    assert run("verify", "nowhere").code == 2


def test_the_help_says_how_it_exits(run: Any) -> None:
    ended = run("verify", "--help")
    assert (ended.code, "exit with 1 if anything is wrong" in " ".join(ended.out.split())) == (0, True)


@pytest.mark.parametrize("which", ["pairs", "markers"])
def test_damaged_markers_are_named(run: Any, request: pytest.FixtureRequest, out: Path, which: str) -> None:
    motionprep.build(request.getfixturevalue(which), out)
    assert run("verify", out).out == f"{out} is whole\n"
    path = min(out.glob("shards/*/markers_visible/c.0.0"))
    path.write_bytes(path.read_bytes()[:-1])
    ended = run("verify", out)
    assert (ended.code, "markers_visible/c.0.0 is damaged" in ended.err) == (1, True)
