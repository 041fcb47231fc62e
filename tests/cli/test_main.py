from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_help_names_every_verb_and_the_first_steps(run: Any, option: str) -> None:
    ended = run(option)
    assert ended.code == 0
    assert [word in ended.out for word in ("build", "plan", "info", "verify", "sample", "score")] == [True] * 6
    assert "\n  motionprep sample -o DATA                    make a small corpus to try things on\n" in ended.out


def test_the_help_shows_whole_summaries(run: Any) -> None:
    words = " ".join(run("--help").out.split())
    assert "Compare everything in the dataset OUT with its checksums; exit with 1 if anything is wrong." in words


def test_the_version_is_that_of_the_package(run: Any) -> None:
    ended = run("--version")
    assert (ended.code, ended.out.split()[-1]) == (0, version("motionprep"))


def test_no_verb_at_all_is_wrong_usage_and_shows_the_help(run: Any) -> None:
    ended = run()
    assert (ended.code, "make a small corpus to try things on" in ended.err) == (2, True)


def test_an_unknown_verb_is_wrong_usage(run: Any) -> None:
    ended = run("bulid")
    assert (ended.code, "there is no command 'bulid'; did you mean 'build'?" in ended.err) == (2, True)


def test_the_help_imports_nothing_slow() -> None:
    code = (
        "import sys\nfrom motionprep_cli import main\nsys.argv = ['motionprep', '--help']\n"
        "try: main()\nfinally: print({'numpy', 'numba', 'pandas', 'zarr', 'pyarrow', 'tqdm'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.endswith("set()\n")


def test_the_interpreter_looks_for_no_cycles_when_it_ends() -> None:
    code = (
        "import atexit, gc, sys\natexit.register(lambda: print('frozen:', gc.get_freeze_count() > 0))\n"
        "from motionprep_cli import main\nsys.argv = ['motionprep', '--help']\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.endswith("frozen: True\n")


def test_the_recipes_that_ship_are_listed_and_printed(run: Any) -> None:
    listed, printed, wrong = run("recipes"), run("recipes", "cmu-exp5"), run("recipes", "cmu-exp9")
    assert any(line.startswith("cmu-exp5 ") for line in listed.out.splitlines())
    assert "factor = 8" in printed.out
    assert (wrong.code, "did you mean" in wrong.err) == (2, True)


@pytest.mark.parametrize("verb", ["check", "lengths", "plan"])
def test_a_key_pattern_that_is_no_regular_expression_is_wrong_use_in_every_verb(
    run: Any, corpus: Path, verb: str
) -> None:
    ended = run(verb, corpus, "--key-pattern", "(")
    assert ended.code == 2
    assert "key_pattern '(' is no regular expression" in ended.err


def test_an_empty_split_is_refused(run: Any, corpus: Path, tmp_path: Path) -> None:
    ended = run("build", corpus, "--split", "", "-o", tmp_path / "out")
    assert (ended.code, "split is empty" in ended.err) == (2, True)
