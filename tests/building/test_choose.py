"""Findings and reviewed lists decide which motions a dataset has, and on which splits."""

from __future__ import annotations

import shutil
from pathlib import Path

import faults
import numpy as np
import pytest

import motionprep
from motionprep import read_bvh, write_bvh, write_sample
from motionprep.errors import BuildError, MotionPrepWarning, ReadError


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated corpus of 8 motions and two copies: of the first, and of a part of the second."""
    folder = tmp_path_factory.mktemp("twins")
    write_sample(folder, subjects=4, motions=2, frames=360)
    first, second = keys(folder)[:2]
    shutil.copy(file(folder, first), folder / "98_01.bvh")
    motion = read_bvh(file(folder, second))
    write_bvh(motion.at(range(50, motion.frames)), folder / "99_01.bvh")
    return folder


def keys(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.rglob("*.bvh"))


def file(folder: Path, key: str) -> Path:
    return next(folder.rglob(f"{key}.bvh"))


def splits_of(out: Path) -> dict[str, str]:
    manifest = motionprep.open(out).manifest
    kept = manifest[manifest["status"] == "ok"]
    return dict(zip(kept["motion"], kept["split"], strict=True))


def reasons_of(out: Path) -> dict[str, str]:
    manifest = motionprep.open(out).manifest
    left = manifest[manifest["status"] != "ok"]
    return dict(zip(left["motion"], left["reason"], strict=True))


def files(out: Path) -> dict[str, bytes]:
    named = [path for path in out.rglob("*") if path.is_file() and ".cache" not in path.parts]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in named}


class TestSplitByDuplicates:
    def test_motions_that_share_frames_are_in_one_split(self, twins: Path, tmp_path: Path) -> None:
        motionprep.build(twins, tmp_path / "plain", split="50/50")
        motionprep.build(twins, tmp_path / "out", split="50/50", split_by="duplicates")
        first, second = keys(twins)[:2]
        plain, split = splits_of(tmp_path / "plain"), splits_of(tmp_path / "out")

        assert (plain[first], plain["98_01"]) == ("train", "test")
        assert split[first] == split["98_01"]
        assert split[second] == split["99_01"]
        assert sorted(split.values()) == ["test"] * 5 + ["train"] * 5
        assert motionprep.open(tmp_path / "out").facts["found"]["error"] == {}

    def test_subjects_go_with_those_who_share_frames_with_them(self, twins: Path, tmp_path: Path) -> None:
        motionprep.build(twins, tmp_path / "out", split="50/50", split_by="subject,duplicates")
        split = splits_of(tmp_path / "out")
        first, second = keys(twins)[:2]

        assert split[first] == split[second] == split["98_01"] == split["99_01"]
        for one in split:
            assert split[one] == split[f"{one[:3]}01"]

    @pytest.mark.parametrize("order", ["natural", "hash"])
    def test_an_incremental_build_is_as_a_fresh_one(self, twins: Path, tmp_path: Path, order: str) -> None:
        shutil.copytree(twins, tmp_path / "data")
        options = {"split": "50/50", "split_by": "duplicates", "split_order": order}
        moved = file(tmp_path / "data", "98_01").rename(tmp_path / "98_01.bvh")
        motionprep.build(tmp_path / "data", tmp_path / "out", **options)
        shutil.copy(moved, tmp_path / "data")
        motionprep.build(tmp_path / "data", tmp_path / "out", **options)
        motionprep.build(tmp_path / "data", tmp_path / "out", **options)
        motionprep.build(tmp_path / "data", tmp_path / "fresh", **options)
        out, fresh = files(tmp_path / "out"), files(tmp_path / "fresh")

        assert {name: out[name] for name in fresh} == fresh

    def test_a_plan_says_what_the_build_does(self, twins: Path, tmp_path: Path) -> None:
        options = {"split": "50/50", "split_by": "duplicates", "drop_if": "duplicate-bytes"}
        plan = motionprep.plan(twins, **options)
        motionprep.build(twins, tmp_path / "out", **options)
        built = motionprep.open(tmp_path / "out")

        assert {one.name: one.motions for one in plan.splits} == {name: len(split) for name, split in built.items()}
        assert [one.key for one in plan.left_out] == ["98_01"]


class TestDropIf:
    def test_motions_with_a_finding_are_dropped_with_it_as_the_reason(self, twins: Path, tmp_path: Path) -> None:
        motionprep.build(twins, tmp_path / "out", split="50/50", drop_if=["duplicate"])
        reasons = reasons_of(tmp_path / "out")
        first, second = keys(twins)[:2]

        assert list(reasons) == ["98_01", "99_01"]
        assert reasons["98_01"] == f"duplicate-bytes: Its file is equal to that of {first} byte for byte"
        assert reasons["99_01"].startswith("duplicate-part: A part of it is frames ")
        assert reasons["99_01"].endswith(f" of {second}")
        assert sorted(splits_of(tmp_path / "out").values()) == ["test"] * 4 + ["train"] * 4

    def test_a_planted_fault_is_dropped_unless_its_frames_are_left_out(self, twins: Path, tmp_path: Path) -> None:
        shutil.copytree(twins, tmp_path / "data")
        key = keys(twins)[3]
        path = file(tmp_path / "data", key)
        write_bvh(faults.moved_root(read_bvh(path), (100, 140), (30.0, 0.0, 0.0)), path)
        findings = [one for one in motionprep.check(path) if one.code == "jump-root"]
        motionprep.build(tmp_path / "data", tmp_path / "out", drop_if="jump-*")
        ranges = [(max(1, first - 1), last + 1) for first, last in (one.frames for one in findings)]
        motionprep.build(tmp_path / "data", tmp_path / "cut", drop_if="jump-root", leave_out={key: ranges})

        assert findings
        assert reasons_of(tmp_path / "out")[key].startswith("jump-")
        assert key in splits_of(tmp_path / "cut")

    def test_motions_that_are_in_no_split_drop_none(self, twins: Path, tmp_path: Path) -> None:
        lists = {"train": ["98_01"], "test": [keys(twins)[3]]}
        motionprep.build(twins, tmp_path / "out", split=lists, drop_if="duplicate")

        assert splits_of(tmp_path / "out") == {"98_01": "train", keys(twins)[3]: "test"}

    def test_a_corpus_of_which_all_is_dropped_is_refused_with_a_reason(self, twins: Path, tmp_path: Path) -> None:
        with pytest.raises(BuildError, match="none of 10 motions could be built; the first: range-t-pose: "):
            motionprep.build(twins, tmp_path / "out", drop_if="range-t-pose,duplicate")


class TestLists:
    def test_motions_of_a_list_alone_are_used(self, twins: Path, tmp_path: Path) -> None:
        wanted = keys(twins)[2:6]
        motionprep.build(twins, tmp_path / "out", split="50/50", keep_only={key: [] for key in wanted})

        assert splits_of(tmp_path / "out") == dict(zip(wanted, ["train", "train", "test", "test"], strict=True))
        assert set(reasons_of(tmp_path / "out").values()) == {"keep_only does not name it"}

    def test_ranges_of_frames_are_motions_of_their_own(self, twins: Path, tmp_path: Path) -> None:
        key = keys(twins)[0]
        motionprep.build(twins, tmp_path / "whole", keep_only={key: []})
        motionprep.build(
            twins, tmp_path / "out", keep_only={key: [[11, 60], [101, 300]]}, leave_out={key: [[201, 400]]}
        )
        whole = motionprep.open(tmp_path / "whole")["train"][key]["positions"][:]
        split = motionprep.open(tmp_path / "out")["train"]

        assert list(split) == [key, f"{key}@2"]
        np.testing.assert_array_equal(split[key]["positions"][:], whole[10:60])
        np.testing.assert_array_equal(split[f"{key}@2"]["positions"][:], whole[100:200])

    def test_the_same_bytes_come_of_the_recipe_without_the_list(self, twins: Path, tmp_path: Path) -> None:
        (tmp_path / "list.csv").write_text(f"key,first,last\n{keys(twins)[0]},5,90\n98_01,,\n")
        motionprep.build(twins, tmp_path / "out", leave_out=tmp_path / "list.csv", split="50/50")
        (tmp_path / "list.csv").unlink()
        motionprep.build(twins, tmp_path / "again", recipe=tmp_path / "out" / "dataset.json")

        assert files(tmp_path / "again") == files(tmp_path / "out")

    def test_splits_by_lists_lose_what_is_left_out(self, twins: Path, tmp_path: Path) -> None:
        one, other = keys(twins)[:2]
        split = {"train": [{"motions": one, "frames": "1-100"}, other], "test": [{"motions": one, "frames": "101-200"}]}
        motionprep.build(twins, tmp_path / "out", split=split, leave_out={other: [], one: [[51, 150]]})
        manifest = motionprep.open(tmp_path / "out").manifest
        kept = manifest[manifest["status"] == "ok"]

        assert list(zip(kept["split"], kept["frames"], strict=True)) == [("train", 50), ("test", 50)]
        assert reasons_of(tmp_path / "out")[other] == "leave_out names it"

    def test_keys_that_no_motion_has_are_warned_of(self, twins: Path, tmp_path: Path) -> None:
        with pytest.warns(
            MotionPrepWarning, match="leave_out: 1 of 1 keys match no motion: 98_02; did you mean '98_01'"
        ):
            motionprep.build(twins, tmp_path / "out", leave_out={"98_02": []})

    def test_a_list_that_is_no_table_is_refused(self, twins: Path, tmp_path: Path) -> None:
        (tmp_path / "list.csv").write_text("98_01\n")
        with pytest.raises(ReadError, match=r"list\.csv:1: found columns 98_01; expected key or key,first,last"):
            motionprep.build(twins, tmp_path / "out", keep_only=tmp_path / "list.csv")
