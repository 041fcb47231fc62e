from __future__ import annotations

import fcntl
import hashlib
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import click
import pytest
from motionprep_cli import build as build_verb
from motionprep_cli.tables import left_out

import motionprep
from motionprep.building import assign
from motionprep.naming import shipped
from motionprep.storage import shard_files, shard_writer, store

SMALL = (40_000,)


def tree(out: Path) -> dict[str, str]:
    """Return the digest of each file of a dataset; caches are no part of it."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and path.relative_to(out).parts[0] != ".cache"
    }


def recipe_of(out: Path) -> dict[str, Any]:
    value = motionprep.open(out).facts["recipe"]
    return {name: part for name, part in value.items() if part and name != "description"}


@pytest.fixture
def broken(corpus: Path, tmp_path: Path) -> Path:
    """Return a copy of the corpus of which one motion is broken."""
    data = Path(shutil.copytree(corpus, tmp_path / "data"))
    path = data / "02" / "02_02.bvh"
    path.write_text(path.read_text().replace("ROOT", "TRUNK"))
    return data


# What it prints


def test_a_build_ends_with_a_table_and_a_summary(run: Any, corpus: Path, out: Path) -> None:
    ended = run("build", corpus, "--split", "75/25", "-o", out)
    sides = motionprep.open(out).facts["splits"]
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert lines[0].split() == ["split", "motions", "subjects", "frames", "hours"]
    assert lines[1].split() == ["train", "12", "3", str(sides["train"]["frames"]), "0.00"]
    assert lines[2].split() == ["test", "4", "1", str(sides["test"]["frames"]), "0.00"]
    assert lines[3].startswith("subjects: 4, from names (CMU)")
    assert re.fullmatch(r"shards: 3 made, 0 kept; [\d.]+ kB in, [\d.]+ MB out, \d+\.\d s", lines[4])
    assert lines[5] == f"the dataset is in {out}"


def test_a_build_with_nothing_to_do_says_so(run: Any, corpus: Path, out: Path) -> None:
    run("build", corpus, "-o", out)
    assert "\nnothing changed, nothing written; " in run("build", corpus, "-o", out).out


def test_parts_are_made_one_by_one_and_then_committed(run: Any, corpus: Path, out: Path) -> None:
    made = [run("build", corpus, "--part", f"{number}/2", "-o", out) for number in (1, 2)]
    assert [one.code for one in made] == [0, 0]
    assert "part 2 of 2, shards: 1 made, 0 kept" in made[1].out
    assert not (out / "dataset.json").exists()

    assert "shards: 0 made, 2 kept" in run("build", corpus, "-o", out).out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--part", "3/2"], "'3/2' is not I/N with I from 1 to N, such as 1/8"),
        (["--part", "first"], "'first' is not I/N"),
        (["--engine", "dask"], "--engine dask needs the address of a scheduler"),
        (["--scheduler", "tcp://a:1"], "--scheduler goes with --engine dask"),
        (["--engine", "dask", "--scheduler", "tcp://a:1", "--address", "auto"], "--address goes with --engine ray"),
    ],
)
def test_engines_and_parts_that_cannot_be_are_wrong_use(
    run: Any, corpus: Path, out: Path, options: list[str], words: str
) -> None:
    done = run("build", corpus, *options, "-o", out)

    assert done.code == 2
    assert words in done.err
    assert not out.exists()


def test_a_build_that_mends_says_what_it_made(run: Any, corpus: Path, out: Path) -> None:
    run("build", corpus, "-o", out)
    shutil.rmtree(next((out / "shards").iterdir()))
    assert "\nshards: 1 made, 1 kept; " in run("build", corpus, "-o", out).out


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_a_quiet_build_says_nothing(run: Any, corpus: Path, out: Path, option: str) -> None:
    ended = run("build", corpus, option, "-o", out)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_a_failed_motion_is_counted_with_its_reason(run: Any, broken: Path, out: Path) -> None:
    ended = run("build", broken, "-o", out)
    assert ended.code == 0
    assert "\nfailed: 1 x 02/02_02.bvh:2:1: found 'TRUNK'; expected ROOT\n" in ended.out


def test_a_build_whose_train_is_empty_says_why_before_it_fails(run: Any, corpus: Path, out: Path) -> None:
    ended = run("build", corpus, "--split", "75/25", "--min-frames", "train=99999", "-o", out)
    assert ended.code == 1
    assert ended.err.endswith("warning: split 'train' is empty: all of its motions were dropped or failed\n")
    assert ended.out.splitlines()[1].split()[:2] == ["train", "0"]
    assert "\ndropped: " in ended.out


def test_notes_on_motions_that_are_stored_are_counted_by_kind(
    run: Any, corpus: Path, tmp_path: Path, out: Path
) -> None:
    data = Path(shutil.copytree(corpus, tmp_path / "data"))
    for number, name in enumerate(("07/07_01.bvh", "02/02_01.bvh"), start=1):
        with (data / name).open("ab") as file:
            file.write(b"\0" * 100 * number)
    ended = run("build", data, "--lenient", "-o", out)
    assert re.search(r"\nnoted: 2 x .*, for instance 0[27]_01: bytes ", ended.out), ended.out
    assert sum(note["motions"] for note in motionprep.open(out).facts["noted"].values()) == 2
    assert "\nnoted: 2 x " in run("info", out).out


def test_only_the_commonest_kinds_of_reason_are_listed() -> None:
    words = ["ash", "birch", "cedar", "elm", "fir", "oak", "yew"]
    reasons = {f"no {word}": count for count, word in enumerate(words, start=1)}
    listed = left_out({"left_out": {"dropped": reasons}})
    assert listed[:2] == ["dropped: 7 x no yew", "dropped: 6 x no oak"]
    assert listed[5:] == ["dropped: 3 more, see the manifest"]


def test_reasons_that_differ_in_numbers_alone_are_one_line_with_an_example(run: Any, corpus: Path, out: Path) -> None:
    least = max(motionprep.read_bvh(path).frames for path in corpus.rglob("*.bvh"))
    ended = run("build", corpus, "--min-frames", least, "-o", out)
    listed = [line for line in ended.out.splitlines() if line.startswith("dropped: ")]
    assert len(listed) == 1
    assert re.fullmatch(
        r"dropped: \d+ x drop_short: # frames, fewer than #, for instance drop_short: \d+ .*", listed[0]
    )


def test_progress_is_reported_in_lines_where_there_is_no_terminal(
    run: Any, corpus: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motionprep_cli.progress._LINE_EVERY", 0.0)
    first, *lines = run("build", corpus, "-o", out).err.splitlines()
    assert re.fullmatch(r"\d+ of 16 motions", first)
    assert len(lines) == 15
    assert all(re.fullmatch(r"\d+ of 16 motions, [\d,]+ motions/s, \d+ s left", line) for line in lines)


def test_progress_is_a_bar_on_a_terminal(corpus: Path, out: Path) -> None:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("4H", 24, 120, 0, 0))
    code = "from motionprep_cli import main; main()"
    command = [sys.executable, "-c", code, "build", corpus, "-o", out]
    at_once = os.environ | {"TQDM_MININTERVAL": "0"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=follower, env=at_once) as child:
        os.close(follower)
        shown = b""
        try:
            while part := os.read(leader, 1 << 16):
                shown += part
        except OSError:  # which is how the end is told on Linux
            pass
        assert child.wait() == 0
    os.close(leader)
    assert re.search(rb"16/16 .*motions/s\]", shown)


# Recipes and flags


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--split", "80/10/10"], {"split": {"percent": "80/10/10"}}),
        (["--split", "75/25", "--split-by", "subject"], {"split": {"percent": "75/25", "by": "subject"}}),
        (["--split", "75/25", "--split-order", "hash"], {"split": {"percent": "75/25", "order": "hash"}}),
        (["--split", "75/25", "--stratify"], {"split": {"percent": "75/25", "stratify": True}}),
        (["--parts", "4"], {"split": {"parts": 4}}),
        (["--label-pattern", r"_(?P<label>\d+)$"], {"reading": {"label_pattern": r"_(?P<label>\d+)$"}}),
        (["--trim", "1"], {"stages": [{"stage": "trim", "t_pose": 1}]}),
        (["--min-frames", "9"], {"stages": [{"stage": "drop_short", "frames": 9}]}),
        (["--downsample", "8"], {"stages": [{"stage": "downsample", "factor": 8}]}),
        (
            ["--downsample", "train=8"],
            {"stages": [{"stage": "downsample", "factor": 8}]},
        ),
        (["--fps", "30"], {"stages": [{"stage": "downsample", "rate": 30.0}]}),
        (["--joints", "Head,Left*"], {"stages": [{"stage": "select_joints", "joints": ["Head", "Left*"]}]}),
        (["--features", "positions"], {"stages": [{"stage": "features", "arrays": ["positions"]}]}),
        (["--seed", "7"], {"seed": 7}),
        (["--positions", "add"], {"reading": {"positions": "add"}}),
        (["--lenient"], {"reading": {"lenient": True}}),
        (
            ["--key-pattern", r"(?P<motion>(?P<subject>\d+)_\d+)$"],
            {"reading": {"key_pattern": r"(?P<motion>(?P<subject>\d+)_\d+)$"}},
        ),
        (
            ["--array-names", "Hip,Head", "--array-rate", "29.97"],
            {"reading": {"arrays": {"names": ["Hip", "Head"], "rate": 29.97}}},
        ),
        (["--array-names", "h36m-17"], {"reading": {"arrays": {"names": shipped.skeletons()["h36m-17"]}}}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_flag_is_a_field_of_the_recipe(
    run: Any, corpus: Path, out: Path, flags: list[str], expected: dict[str, Any]
) -> None:
    assert run("build", corpus, *flags, "-o", out).code == 0
    assert recipe_of(out) == expected


def test_flags_stand_in_the_order_of_the_pipeline(run: Any, corpus: Path, out: Path) -> None:
    run("build", corpus, "--features", "positions", "--downsample", "2", "--trim", "1", "-o", out)
    assert [stage["stage"] for stage in recipe_of(out)["stages"]] == ["trim", "downsample", "features"]


def test_a_set_of_joints_is_named_with_an_at_sign(run: Any, corpus: Path, out: Path) -> None:
    name, joints = next(iter(shipped.joint_sets().items()))
    run("build", corpus, "--joints", f"@{name}", "-o", out)
    assert recipe_of(out)["stages"] == [{"stage": "select_joints", "joints": joints}]


def test_a_canonical_skeleton_is_named_like_a_set(run: Any, corpus: Path, out: Path) -> None:
    run("build", corpus, "--joints", "@smpl-22,!neck,!head", "-o", out)
    (stage,) = recipe_of(out)["stages"]
    assert [joint["name"] for joint in stage["skeleton"]] == [
        name for name in shipped.skeletons()["smpl-22"] if name not in ("neck", "head")
    ]


def test_rates_come_from_a_table(run: Any, corpus: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("key,fps\n02_01,60\n")
    run("build", corpus, "--rates", tmp_path / "rates.csv", "-o", out)
    assert motionprep.open(out)["train"]["02_01"].rate == 60


def test_labels_come_from_a_named_index(run: Any, corpus: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("02_01\tfalls over\n")
    run("build", corpus, "--index", tmp_path / "mine.txt", "-o", out)
    assert motionprep.open(out)["train"]["02_01"].label == "falls over"


def test_labels_of_motions_and_of_frames_come_from_a_table(run: Any, corpus: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("key,start,stop,label\n02_01,,,walk\n02_02,1,10,run\n02_02,11,20,jump\n")
    run("build", corpus, "--labels", tmp_path / "mine.csv", "-o", out)
    assert recipe_of(out) == {"reading": {"labels": {"02_01": "walk", "02_02": [[1, 10, "run"], [11, 20, "jump"]]}}}
    assert motionprep.open(out)["train"]["02_02"].row["labels"] == '[[0,10,"run"],[10,20,"jump"]]'


def test_a_table_of_labels_says_more_than_an_index(run: Any, corpus: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("02_01\tfalls over\n02_02\tstands up\n")
    (tmp_path / "mine.csv").write_text("key,label\n02_01,falls\n")
    run("build", corpus, "--index", tmp_path / "mine.txt", "--labels", tmp_path / "mine.csv", "-o", out)
    assert motionprep.open(out).classes == ("falls", "stands up")


@pytest.mark.parametrize("option", ["--labels", "--rates", "--index"])
def test_a_table_that_is_no_utf_8_is_refused_with_its_line(
    run: Any, corpus: Path, out: Path, tmp_path: Path, option: str
) -> None:
    (tmp_path / "mine.csv").write_bytes("key,label,fps\n02_01,schläft,60\n".encode("latin-1"))

    ended = run("build", corpus, option, tmp_path / "mine.csv", "-o", out)

    assert ended.code == 1
    assert ended.err.endswith("mine.csv:2: found byte 0xe4; expected UTF-8: save the file as that\n")


@pytest.mark.parametrize("option", ["--labels", "--rates"])
@pytest.mark.parametrize("verb", ["build", "plan"])
def test_keys_of_a_table_that_no_motion_has_are_reported(
    run: Any, corpus: Path, out: Path, tmp_path: Path, option: str, verb: str
) -> None:
    column, value = {"--labels": ("label", "walk"), "--rates": ("fps", "60")}[option]
    (tmp_path / "mine.csv").write_text(f"key,{column}\n02_01,{value}\n99_01,{value}\n")
    ended = run(verb, corpus, option, tmp_path / "mine.csv", "-o", out)
    assert (ended.code, ended.err) == (
        0,
        f"warning: {option.removeprefix('--')}: 1 of 2 keys match no motion: 99_01\n",
    )


def test_a_quiet_build_keeps_its_notes_to_itself_but_no_warning(
    run: Any, corpus: Path, out: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text("key,label\n99_01,walk\n")
    ended = run("build", corpus, "--labels", tmp_path / "mine.csv", "--label-pattern", "(?P<label>x)", "-q", "-o", out)
    assert ended.err == "warning: labels: 1 of 1 keys match no motion: 99_01\n"


def test_a_table_of_labels_that_cannot_be_is_reported_by_line(
    run: Any, corpus: Path, out: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text("key,label\n02_01,walk\n02_01,run\n")
    ended = run("build", corpus, "--labels", tmp_path / "mine.csv", "-o", out)
    assert ended.code == 1
    assert f"{tmp_path / 'mine.csv'}:3: '02_01' has a label for all of it already" in ended.err


def test_a_table_of_no_labels_is_wrong_usage(run: Any, corpus: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("key,label\n")
    ended = run("build", corpus, "--labels", tmp_path / "mine.csv", "-o", out)
    assert (ended.code, "has no row but the first" in ended.err) == (2, True)


def test_a_split_of_other_percentages_keeps_what_the_recipe_says_beside_them(
    run: Any, corpus: Path, out: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text('[split]\npercent = "75/25"\nstratify = true\nparts = 2\n')
    run("build", corpus, "--recipe", tmp_path / "mine.toml", "--split", "50/50", "-o", out)
    assert recipe_of(out) == {"split": {"percent": "50/50", "stratify": True, "parts": 2}}


def test_a_flag_takes_the_place_of_the_field_of_a_shipped_recipe(run: Any, corpus: Path, out: Path) -> None:
    run("build", corpus, "--recipe", "cmu-exp5", "--downsample", "train=4", "-o", out)
    assert recipe_of(out) == {
        "split": {"percent": "90/10"},
        "stages": [{"stage": "downsample", "splits": ["train"], "factor": 4}],
        "task": {"inputs": ["positions[*-Hips]"], "targets": ["positions[Hips]"]},
    }


def test_a_recipe_may_be_a_file(run: Any, corpus: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[split]\npercent = "75/25"\n')
    run("build", corpus, "--recipe", tmp_path / "mine.toml", "-o", out)
    assert recipe_of(out) == {"split": {"percent": "75/25"}}


def test_the_recipe_of_a_dataset_builds_the_same_again(run: Any, corpus: Path, out: Path, tmp_path: Path) -> None:
    flags = ("--split", "75/25", "--downsample", "train=8", "--joints", "Head,*Foot", "--seed", "3")
    run("build", corpus, *flags, "-o", out)
    run("build", corpus, "--recipe", out / "dataset.json", "-o", tmp_path / "again")
    assert tree(tmp_path / "again") == tree(out)


def test_several_sources_make_one_dataset(run: Any, corpus: Path, out: Path) -> None:
    run("build", corpus / "02", corpus / "07" / "07_01.bvh", "-o", out)
    assert tuple(motionprep.open(out)["train"]) == ("02_01", "02_02", "02_03", "02_04", "07_01")


def test_the_help_says_how_to_begin(run: Any) -> None:
    ended = run("build", "--help")
    assert ended.code == 0
    assert (
        "  motionprep build DATA --split 90/10 -o OUT\n  motionprep build DATA --split 90/10 --downsample" in ended.out
    )


def test_every_option_has_a_help_text() -> None:
    options = [parameter for parameter in build_verb.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


# How it ends


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'DATA...'"),
        (["DATA"], "Missing option '-o' / '--out'"),
        (["nowhere", "-o", "OUT"], "Path 'nowhere' does not exist"),
        (["DATA", "-o", "OUT", "--splt", "90/10"], "No such option"),
        (["DATA", "-o", "OUT", "--split", "90/20"], "percent is '90/20', which adds up to 110; expected 100"),
        (["DATA", "-o", "OUT", "--split-by", "joint"], "'joint' is not one of"),
        (["DATA", "-o", "OUT", "--split-by", "subject"], "need a split by percentages, such as 90/10"),
        (["DATA", "-o", "OUT", "--stratify"], "need a split by percentages, such as 90/10"),
        (["DATA", "-o", "OUT", "--parts", "0"], "0 is not in the range x>=1"),
        (["DATA", "-o", "OUT", "--parts", "17"], "parts is 17, but train has 16 motions"),
        (["DATA", "-o", "OUT", "--label-pattern", "x"], "label_pattern 'x' has no group label"),
        (["DATA", "-o", "OUT", "--split", "98/1/1"], "'val' is empty"),
        (["DATA", "-o", "OUT", "--downsample", "many"], "'many': expected a number, or SPLIT=NUMBER"),
        (["DATA", "-o", "OUT", "--downsample", "0"], "factor is 0; it must be at least 1"),
        (["DATA", "-o", "OUT", "--fps", "0"], "fps is 0.0; expected a rate in frames a second, above 0"),
        (["DATA", "-o", "OUT", "--fps", "train=nan"], "fps is nan; expected a rate in frames a second, above 0"),
        (["DATA", "-o", "OUT", "--downsample", "test=8"], "there is no split 'test'; there are train"),
        (["DATA", "-o", "OUT", "--joints", "@nobody"], "there is no set 'nobody'"),
        (["DATA", "-o", "OUT", "--joints", "@a,@b"], "name one @SET at most"),
        (["DATA", "-o", "OUT", "--features", "colour"], "there is no feature 'colour'"),
        (
            ["DATA", "-o", "OUT", "--recipe", "cmu-exp9"],
            "cmu-exp9: no such recipe file or shipped recipe; did you mean 'cmu-exp6'?",
        ),
        (["DATA", "-o", "OUT", "--key-pattern", "(.*)"], "has no group motion, subject"),
        (["DATA", "-o", "OUT", "--array-names", "a,a"], "options: reading: arrays: names has 'a' twice"),
        (["DATA", "-o", "OUT", "--array-rate", "0"], "rate is 0; expected frames a second, above 0"),
        (["DATA", "-o", "OUT", "--workers", "0"], "0 is not in the range x>=1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_exits_with_2_and_says_what_would_be_right(
    run: Any, corpus: Path, out: Path, arguments: list[str], said: str
) -> None:
    ended = run("build", *({"DATA": corpus, "OUT": out}.get(word, word) for word in arguments))
    assert ended.code == 2
    assert said in ended.err


def test_no_motions_exit_with_1_and_one_line(run: Any, tmp_path: Path, out: Path) -> None:
    (tmp_path / "empty").mkdir()
    ended = run("build", tmp_path / "empty", "-o", out)
    assert (ended.code, ended.out) == (1, "")
    assert re.fullmatch(r"motionprep: .*empty: no motion files .*\n", ended.err)


def test_a_foreign_folder_exits_with_1_and_one_line(run: Any, corpus: Path, out: Path) -> None:
    out.mkdir()
    (out / "thesis.txt").touch()
    ended = run("build", corpus, "-o", out)
    assert (ended.code, ended.out) == (1, "")
    assert re.fullmatch(r"motionprep: .*out: is no motionprep dataset; it holds thesis.txt: .*\n", ended.err)


def test_a_strict_build_with_a_broken_motion_exits_with_1_and_names_it(run: Any, broken: Path, out: Path) -> None:
    ended = run("build", broken, "--strict", "-o", out)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "motionprep: 1 of 16 motions failed, so nothing was changed; "
        "the first: 02/02_02.bvh:2:1: found 'TRUNK'; expected ROOT\n"
    )


def test_a_dataset_that_is_being_built_exits_with_1_and_names_the_process(run: Any, corpus: Path, out: Path) -> None:
    store.prepare(out)
    with store.lock(out):
        ended = run("build", corpus, "-o", out)
    assert (ended.code, ended.out) == (1, "")
    assert re.fullmatch(rf"motionprep: .*out: is being built by process {os.getpid()} since .*\n", ended.err)


def test_an_error_of_the_system_exits_with_1_and_names_the_file(
    run: Any, corpus: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path, **options: bool) -> None:
        raise PermissionError(13, "Permission denied", os.fspath(path))

    monkeypatch.setattr(store, "prepare", denied)
    ended = run("build", corpus, "-o", out)
    assert (ended.code, ended.out, ended.err) == (1, "", f"motionprep: {out}: Permission denied\n")


def test_a_full_disk_exits_with_1_and_says_what_to_do(
    run: Any, corpus: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", os.fspath(out))

    monkeypatch.setattr(shard_writer.ShardWriter, "append", full)
    ended = run("build", corpus, "-o", out)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[-2:] == [
        "motionprep: finished shards are kept, the same command goes on from them",
        f"motionprep: {out}: No space left on device; make room, then run the same command again",
    ]


def test_a_table_of_rates_that_is_no_text_is_an_error_of_one_line(
    run: Any, corpus: Path, out: Path, tmp_path: Path
) -> None:
    (tmp_path / "rates.csv").write_bytes(b"\xff\xfe\x00rates")
    ended = run("build", corpus, "--rates", tmp_path / "rates.csv", "-o", out)
    assert ended.code != 0
    assert ended.err.count("\n") == 1


@pytest.fixture(scope="module")
def interrupted(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float, int, str]:
    """Return what Ctrl-C in the middle of a build leaves: the dataset, the seconds it took, exit status and words."""
    out = tmp_path_factory.mktemp("interrupted") / "out"
    code = (
        "from motionprep.building import assign; from motionprep.storage.shard_writer import Sealed\n"
        f"assign.cut.__defaults__ = {SMALL}; publish = Sealed.publish\n"
        "def tell(sealed): publish(sealed); print('published', flush=True); import time; time.sleep(0.2)\n"
        "Sealed.publish = tell\n"
        "from motionprep_cli import main; main()"
    )
    command = [sys.executable, "-c", code, "build", corpus, "-o", out]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
        return out, time.monotonic() - began, child.returncode, said


def test_ctrl_c_exits_with_130_and_says_that_the_work_is_kept(interrupted: tuple[Path, float, int, str]) -> None:
    _, _, code, said = interrupted
    # A slow machine has said how far it was before.
    assert (code, [line for line in said.splitlines() if line][-2:]) == (
        130,
        ["motionprep: finished shards are kept, the same command goes on from them", "motionprep: interrupted"],
    )


def test_ctrl_c_ends_a_build_within_two_seconds(interrupted: tuple[Path, float, int, str]) -> None:
    assert interrupted[1] < 2


def test_a_build_goes_on_after_ctrl_c(
    interrupted: tuple[Path, float, int, str], corpus: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assign.cut, "__defaults__", SMALL)
    kept = shard_files.keys(interrupted[0] / "shards")
    summary = motionprep.build(corpus, interrupted[0])
    motionprep.build(corpus, out)
    assert 0 < len(kept) == summary.kept
    assert tree(interrupted[0]) == tree(out)


def frames_of(out: Path) -> dict[str, int]:
    return {name: side["frames"] for name, side in motionprep.open(out).facts["splits"].items()}


def test_a_flag_can_be_for_the_test_split_alone(run: Any, corpus: Path, out: Path, tmp_path: Path) -> None:
    assert run("build", corpus, "--split", "50/50", "-o", tmp_path / "all", "-q").code == 0
    assert run("build", corpus, "--split", "50/50", "--downsample", "test=8", "-o", out, "-q").code == 0

    whole, some = frames_of(tmp_path / "all"), frames_of(out)
    assert (some["train"], some["test"] < whole["test"] / 7) == (whole["train"], True)


def test_a_flag_for_one_split_takes_the_place_of_that_for_all(
    run: Any, corpus: Path, out: Path, tmp_path: Path
) -> None:
    run("build", corpus, "--split", "50/50", "--downsample", "test=2", "-o", tmp_path / "two", "-q")
    run("build", corpus, "--split", "50/50", "--downsample", "8", "--downsample", "test=2", "-o", out, "-q")

    assert frames_of(out)["test"] == frames_of(tmp_path / "two")["test"]


def test_a_flag_given_twice_for_one_split_is_wrong_usage(run: Any, corpus: Path, out: Path) -> None:
    ended = run("build", corpus, "--trim", "1", "--trim", "2", "-o", out)

    assert ended.code == 2
    assert "twice" in ended.err


def test_labels_of_an_index_are_part_of_the_recipe(run: Any, corpus: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("02_01\thello\n")
    run("build", corpus, "--index", tmp_path / "mine.txt", "-o", out, "-q")
    run("build", corpus, "--recipe", out / "dataset.json", "-o", tmp_path / "again", "-q")

    assert (out / "dataset.json").read_bytes() == (tmp_path / "again" / "dataset.json").read_bytes()


def test_motions_that_fail_for_one_kind_of_reason_are_one_line_with_an_example(
    run: Any, corpus: Path, out: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(corpus, data)
    for number, path in enumerate(sorted(data.rglob("*_0[12].bvh"))):
        text = path.read_text()
        path.write_text(text.replace("Frame Time", f"Frame Tyme{number}"))
    ended = run("build", data, "-o", out)
    lines = [line for line in ended.out.splitlines() if line.startswith("failed")]
    assert len(lines) == 1
    assert lines[0].startswith("failed: 8 x found ")
    assert ", for instance 02/02_01.bvh:" in lines[0]


@pytest.mark.parametrize(
    ("error", "says"),
    [(MemoryError(), "memory is short"), (RuntimeError("can't start new thread"), "gives no more threads")],
)
def test_a_machine_that_has_no_more_is_one_line(
    run: Any, corpus: Path, out: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(motionprep, "build", fail)
    ended = run("build", corpus, "-o", out)
    assert ended.code == 1
    assert says in ended.err
    assert ended.err.count("\n") == 1


def test_build_with_checks_prints_what_they_find(run, corpus, out):
    ended = run("build", corpus, "-o", out, "--check")
    codes = motionprep.open(out).manifest["findings"]

    assert ended.code == 0
    assert "notes: range-t-pose 16" in ended.out
    assert codes.str.contains("range-t-pose").all()


def test_build_takes_reviewed_lists_and_drops_by_findings(run, corpus, out, tmp_path):
    one, other, third = sorted(path.stem for path in corpus.rglob("*.bvh"))[:3]
    (tmp_path / "keep.csv").write_text(f"key,first,last\n{one},2,40\n{other},,\n{third},2,30\n98_01,,\n")
    (tmp_path / "leave.csv").write_text(f"key\n{third}\n")
    lists = ("--keep-only", tmp_path / "keep.csv", "--leave-out", tmp_path / "leave.csv")
    ended = run("build", corpus, "-o", out, *lists, "--drop-if", "range-t-pose", "--drop-if", "duplicate")
    manifest = motionprep.open(out).manifest.set_index("motion")

    assert ended.code == 0
    assert manifest.index[manifest["status"] == "ok"].tolist() == [one]
    assert manifest.loc[one, "frames"] == 39
    assert manifest.loc[other, "reason"].startswith("range-t-pose: ")
    assert "warning: keep_only: 1 of 4 keys match no motion: 98_01" in ended.err


def test_build_refuses_a_code_that_no_finding_has(run, corpus, out):
    ended = run("build", corpus, "-o", out, "--drop-if", "duplicates")

    assert ended.code == 2
    assert "no finding has the code 'duplicates'; did you mean 'duplicate'?" in ended.err
    assert not out.exists()


def test_build_splits_by_subjects_and_duplicates(run, corpus, out):
    ended = run("build", corpus, "-o", out, "--split", "50/50", "--split-by", "subject,duplicates")

    assert ended.code == 0
    assert motionprep.open(out).recipe.split.by == "subject,duplicates"
