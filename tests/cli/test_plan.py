from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

import motionprep


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]}


def cells(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


@pytest.fixture
def data(corpus: Path, tmp_path: Path) -> Path:
    """Return a copy of the corpus that may be changed."""
    return Path(shutil.copytree(corpus, tmp_path / "data"))


def test_a_plan_of_a_new_dataset_is_what_the_build_then_makes(run: Any, corpus: Path, out: Path) -> None:
    flags = ("--split", "75/25", "--downsample", "train=8")
    ended = run("plan", corpus, *flags, "-o", out)
    run("build", corpus, *flags, "-o", out)
    sides = motionprep.open(out).facts["splits"]
    head, train, test, subjects, last = ended.out.splitlines()
    assert subjects.startswith("subjects: 4, from names")
    assert ended.code == 0
    assert head.split() == ["split", "motions", "frames", "shards", "to", "make", "to", "keep", "to", "write"]
    assert train.split()[:5] == ["train", "12", str(sides["train"]["frames"]), str(len(sides["train"]["shards"])), "0"]
    assert test.split()[:5] == ["test", "4", str(sides["test"]["frames"]), str(len(sides["test"]["shards"])), "0"]
    assert last == f"motionprep build would bring {out} up to date"


def test_the_bytes_to_write_are_about_those_of_the_shards(run: Any, corpus: Path, out: Path) -> None:
    ended = run("plan", corpus, "-o", out)
    run("build", corpus, "-o", out)
    total = sum(motionprep.open(out).facts["shards"].values())
    number, unit = cells(ended.out)[1][5:7]
    assert unit == "MB"
    assert float(number) * 1e6 == pytest.approx(total, rel=0.1)


def test_a_plan_makes_no_folder(run: Any, corpus: Path, out: Path) -> None:
    run("plan", corpus, "-o", out)
    assert not out.exists()


def test_a_plan_changes_nothing_in_a_dataset(run: Any, data: Path, out: Path) -> None:
    motionprep.build(data, out)
    (data / "02" / "02_01.bvh").unlink()
    before = times(out)
    assert run("plan", data, "-o", out).code == 0
    assert times(out) == before


def test_a_plan_of_what_is_there_has_nothing_to_do(run: Any, corpus: Path, out: Path) -> None:
    motionprep.build(corpus, out)
    assert run("plan", corpus, "-o", out).out.endswith("nothing to do\n")


def test_a_plan_separates_shards_to_keep_from_shards_to_make(run: Any, data: Path, out: Path) -> None:
    motionprep.build(data, out)
    text = (data / "02" / "02_01.bvh").read_text()
    (data / "02" / "02_01.bvh").write_text(text.rstrip().rpartition("\n")[0].replace("Frames: 71", "Frames: 70") + "\n")
    assert cells(run("plan", data, "-o", out).out)[1][3:5] == ["1", "1"]


@pytest.mark.parametrize("stored_normalized", [None, False, True])
def test_a_plan_makes_and_keeps_as_many_shards_as_the_build_says(
    run: Any, data: Path, out: Path, tmp_path: Path, stored_normalized: bool | None
) -> None:
    stage = (
        ""
        if stored_normalized is None
        else f'[[stages]]\nstage = "normalize"\nstored = {str(stored_normalized).lower()}\n'
    )
    (tmp_path / "recipe.toml").write_text(f'[split]\npercent = "75/25"\n{stage}')
    arguments = (data, "--recipe", tmp_path / "recipe.toml", "-o", out)

    def planned_and_said() -> list[str]:
        lines = run("plan", *arguments).out.splitlines()
        sides = [line.split()[3:5] for line in lines if line.startswith(("train", "test"))]
        made, kept = (sum(map(int, column)) for column in zip(*sides, strict=True))
        nothing = lines[-1] == "nothing to do"
        planned = "nothing changed" if nothing else f"shards: {made} made, {kept} kept"
        assert planned in run("build", *arguments).out
        return [planned, str(kept)]

    total = planned_and_said()[0].split()[1]
    assert planned_and_said() == ["nothing changed", total]
    for key in ("02_01", "16_01"):  # of train and of test
        path = data / key[:2] / f"{key}.bvh"
        frames = motionprep.read_bvh(path).frames
        text = path.read_text().rstrip().rpartition("\n")[0]
        path.write_text(text.replace(f"Frames: {frames}", f"Frames: {frames - 1}") + "\n")
        assert planned_and_said()[0] == f"shards: 1 made, {int(total) - 1} kept"


def test_shards_that_a_killed_build_left_are_to_be_kept(run: Any, corpus: Path, out: Path) -> None:
    motionprep.build(corpus, out)
    (out / "dataset.json").unlink()
    shutil.rmtree(out / ".cache" / "shards.json", ignore_errors=True)
    (out / ".cache" / "shards.json").unlink(missing_ok=True)
    assert cells(run("plan", corpus, "-o", out).out)[1][3:5] == ["0", "2"]


def test_a_damaged_shard_is_to_be_made(run: Any, corpus: Path, out: Path) -> None:
    motionprep.build(corpus, out)
    (next((out / "shards").iterdir()) / "positions" / "c.0.0.0").unlink()
    assert cells(run("plan", corpus, "-o", out).out)[1][3:5] == ["1", "1"]


def test_motions_that_will_not_be_built_are_named_with_the_reason(run: Any, data: Path, out: Path) -> None:
    (data / "02" / "02_02.bvh").write_text("nothing")
    ended = run("plan", data, "-o", out)
    assert ended.code == 0
    assert "\nfailed: 1 x 02_02: 02/02_02.bvh:1:1: found 'nothing'; expected HIERARCHY\n" in ended.out


@pytest.mark.parametrize("flags", [("--fps", "7"), ("--min-frames", "100000"), ("--joints", "Foo")])
def test_a_plan_of_which_nothing_could_be_built_ends_as_the_build_does(
    run: Any, corpus: Path, out: Path, flags: tuple[str, str]
) -> None:
    planned, built = (run(verb, corpus, *flags, "-o", out) for verb in ("plan", "build"))
    assert (planned.code, planned.out) == (1, "")
    assert planned.err.startswith("motionprep: none of 16 motions could be built; the first: ")
    assert planned.err.splitlines()[-1] == built.err.splitlines()[-1]


def test_a_split_that_comes_to_nothing_is_reported_by_plan_and_build(
    run: Any, corpus: Path, out: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text(
        "[split]\ntrain = ['02_01']\ntest = [{ motions = '02_02', frames = '400-99999' }]"
    )
    planned, built = (run(verb, corpus, "--recipe", tmp_path / "mine.toml", "-o", out) for verb in ("plan", "build"))
    assert (planned.code, built.code) == (0, 0)
    assert planned.err == "warning: split 'test' is empty: all of its motions are dropped or fail\n"
    assert built.err == "warning: split 'test' is empty: all of its motions were dropped or failed\n"
    assert "\nfailed: 1 x 02_02: 02/02_02.bvh: has " in planned.out


def test_a_damaged_entry_of_an_archive_stops_no_plan(run: Any, corpus: Path, out: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for path in (corpus / "02").iterdir():
            archive.write(path, path.name)
    packed = bytearray((tmp_path / "data.zip").read_bytes())
    packed[2000] ^= 1
    (tmp_path / "data.zip").write_bytes(packed)
    assert run("plan", tmp_path / "data.zip", "-o", out).code == 0


def test_a_plan_refuses_what_a_build_would(run: Any, corpus: Path, out: Path) -> None:
    out.mkdir()
    (out / "thesis.txt").touch()
    ended = run("plan", corpus, "-o", out)
    assert (ended.code, ended.out) == (1, "")
    assert "is no motionprep dataset; it holds thesis.txt" in ended.err


def test_a_file_in_the_place_of_the_dataset_is_refused(run: Any, corpus: Path, out: Path) -> None:
    out.touch()
    ended = run("plan", corpus, "-o", out)
    assert (ended.code, ended.err) == (1, f"motionprep: {out}: is a file; expected a folder for the dataset\n")


def test_wrong_usage_exits_with_2(run: Any, corpus: Path, out: Path) -> None:
    assert run("plan", corpus, "--split", "90", "-o", out).code == 2


def test_the_help_says_that_nothing_is_written(run: Any) -> None:
    ended = run("plan", "--help")
    assert (ended.code, "write nothing" in ended.out) == (0, True)


@pytest.mark.parametrize("which", ["pairs", "markers"])
def test_a_plan_of_markers_is_what_the_build_then_makes(
    run: Any, request: pytest.FixtureRequest, out: Path, which: str
) -> None:
    data = request.getfixturevalue(which)
    planned = cells(run("plan", data, "-o", out).out)
    run("build", data, "-o", out)
    dataset = motionprep.open(out)
    shards = str(len(dataset.facts["shards"]))
    # What the stage `align` leaves out is not known before it has been at it.
    assert planned[1][:5] == ["train", "3", str(dataset["train"].frames + (which == "pairs") * 3), shards, "0"]
    number, unit = planned[1][5:7]
    total = sum(dataset.facts["shards"].values())
    assert float(number) * {"kB": 1e3, "MB": 1e6}[unit] == pytest.approx(total, rel=0.2)
    assert run("plan", data, "-o", out).out.endswith("nothing to do\n")


def test_a_modality_that_few_takes_have_is_noted(run: Any, corpus: Path, markers: Path, out: Path) -> None:
    ended = run("plan", corpus, next(markers.iterdir()), "-o", out)
    (note,) = [line for line in ended.err.splitlines() if line.startswith("note: ")]
    assert "takes have skeleton and markers, so the markers of 1 are left aside" in note
    built = run("build", corpus, next(markers.iterdir()), "-o", out)
    assert note in built.err.splitlines()
    assert "note" not in run("build", "-q", corpus, next(markers.iterdir()), "-o", out).err


def test_flags_that_store_both_modalities_align_them(run: Any, pairs: Path, out: Path) -> None:
    ended = run("build", pairs, "--features", "positions,markers", "-o", out)
    assert (ended.code, [stage.name for stage in motionprep.open(out).recipe.stages]) == (0, ["align", "features"])
