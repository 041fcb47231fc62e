from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motionprep
from motionprep import exporting
from motionprep.recipe.recipe import recipe_from_json


@pytest.fixture(scope="module")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "out"
    motionprep.build(corpus, out, recipe=recipe_from_json({"split": {"train": ["02_*"], "test": ["07_*"]}}))
    return out


def test_options_become_settings(run: Any, built: Path, tmp_path: Path) -> None:
    fields = ["--inputs", "positions[Hips,Head].xz,quaternions", "--targets", "root_position"]
    ended = run(
        "export", "npy", built, "-o", tmp_path / "dest", *fields, "--length", 4, "--stride", 2, "--splits", "test"
    )

    assert (ended.code, ended.err) == (0, "")
    count = sum(len(range(0, motion.frames - 3, 2)) for motion in motionprep.open(built)["test"].values())
    assert np.load(tmp_path / "dest" / "test_input_batch.npy").shape == (count, 4, 4 + 31 * 4)
    assert ended.out.splitlines()[:2] == [
        f"test_input_batch.npy: inputs of test, ({count}, 4, 128)",
        f"test_label_batch.npy: targets of test, ({count}, 4, 3)",
    ]


def test_a_prediction_is_written_as_bvh_and_its_error_is_printed(run: Any, built: Path, tmp_path: Path) -> None:
    motion = motionprep.open(built)["test"]["07_02"]
    np.save(tmp_path / "pred.npy", motion["rotations"])
    ended = run("export", "bvh", built, "-o", tmp_path / "dest", "--from", tmp_path / "pred.npy", "--motion", "07_02")

    assert (ended.code, ended.err) == (0, "")
    assert "animations: 1; read back, no node is further than" in ended.out
    made = motionprep.read_bvh(tmp_path / "dest" / "test" / "07_02.bvh")
    np.testing.assert_allclose(made.positions(), motion["positions"], atol=1e-4)


def test_quiet_says_nothing(run: Any, built: Path, tmp_path: Path) -> None:
    ended = run(
        "export", "npz", built, "-o", tmp_path / "dest", "-q", "--features", "root_position,positions", "--no-normalize"
    )
    assert (ended.code, ended.out, ended.err) == (0, "", "")


@pytest.mark.parametrize(("kind", "has", "lacks"), [("npz", "--features", "--length"), ("npy", "--length", "--from")])
def test_the_help_of_a_kind_has_its_options_alone(run: Any, kind: str, has: str, lacks: str) -> None:
    ended = run("export", kind, "--help")
    assert (ended.code, has in ended.out, lacks in ended.out) == (0, True, False)


def test_the_help_names_every_kind(run: Any) -> None:
    ended = run("export", "--help")
    assert all(f"  {kind} " in ended.out for kind in exporting.KINDS)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["npx"], 2, "there is no export 'npx'; did you mean 'np"),
        (["npz", "--length", "8"], 2, "No such option '--length'"),
        (["bvh", "--no-normalize"], 2, "--no-normalize is about a prediction, and there is none: give one by --from"),
        (["npy"], 2, "has no task that says what to export; give --inputs, such as"),
        (["npz", "--splits", "val"], 2, "there is no split 'val'; there are train, test"),
        (["clips", "--length", "100000"], 1, "has no window"),
        (["bvh", "--from", "nothing.npy"], 2, "nothing.npy: cannot be read: No such file"),
    ],
)
def test_what_is_wrong_is_reported(
    run: Any, built: Path, tmp_path: Path, words: list[str], code: int, message: str
) -> None:
    kind, *options = words
    ended = run("export", kind, built, "-o", tmp_path / "dest", *options)

    assert (ended.code, message in ended.err) == (code, True), ended.err
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_overwritten_on_request_alone(run: Any, built: Path, tmp_path: Path) -> None:
    codes = [
        run("export", "npz", built, "-o", tmp_path / "dest", "-q", *more).code for more in ([], [], ["--overwrite"])
    ]
    assert codes == [0, 1, 0]


def test_an_interrupt_leaves_nothing(run: Any, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupt)
    ended = run("export", "npz", built, "-o", tmp_path / "dest")

    assert (ended.code, ended.err) == (130, f"motionprep: interrupted; {tmp_path / 'dest'} is as it was\n")
    assert list(tmp_path.iterdir()) == []
