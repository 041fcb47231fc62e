"""What a plan foretells is what the build then does."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

import motionprep
from motionprep import BuildError, build
from motionprep.building.preview import LeftOut, Preview
from motionprep.errors import MotionPrepWarning


def foretold(data: Path, out: Path, recipe: dict[str, Any]) -> Preview:
    return motionprep.plan(data, out, recipe=recipe)


def stage(name: str, **settings: Any) -> dict[str, Any]:
    return {"stages": [{"stage": name, **settings}]}


@pytest.mark.parametrize(
    "recipe",
    [
        stage("downsample", rate=7),
        stage("drop_short", frames=100_000),
        stage("select_joints", joints=["Foo"]),
        {"stages": [{"stage": "downsample", "rate": 7, "lowpass": True}]},
        {"stages": [*stage("yaw", copies=2)["stages"], *stage("drop_short", frames=100_000)["stages"]]},
        {"split": {"train": [{"motions": "02_01", "frames": "1-9000"}, {"motions": "02_02", "frames": "900-9000"}]}},
        {"reading": {"lenient": True}, **stage("drop_short", frames=100_000)},
    ],
    ids=["rate", "short", "joint", "lowpass", "copies", "range", "lenient"],
)
def test_where_nothing_is_left_the_word_of_the_build_is_said(
    corpus: Path, tmp_path: Path, recipe: dict[str, Any]
) -> None:
    with pytest.raises(BuildError, match=r"none of .* motions could be built; the first: ") as said:
        foretold(corpus, tmp_path / "out", recipe)
    with pytest.raises(BuildError) as then:
        build(corpus, tmp_path / "out", recipe=recipe)
    with pytest.raises(BuildError) as again:
        foretold(corpus, tmp_path / "out", recipe)

    assert str(said.value) == str(then.value) == str(again.value)


def test_shards_that_are_there_say_what_became_of_their_motions(corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus, tmp_path / "data")
    broken = tmp_path / "data" / "07" / "07_02.bvh"
    broken.write_text(broken.read_text().replace("RightHand", "RightHnad"))
    other = tmp_path / "data" / "09" / "09_03.bvh"
    other.write_text(other.read_text()[:-50])
    recipe = stage("select_joints", joints=["Hips", "RightHand"])

    table = _manifest(tmp_path / "data", tmp_path / "out", recipe)
    would = foretold(tmp_path / "data", tmp_path / "out", recipe)

    left = table[table.status != "ok"]
    assert [(one.status, one.key) for one in would.left_out] == [("dropped", "07_02"), ("failed", "09_03")]
    assert would.left_out == tuple(map(LeftOut, left.status, left.key, left.reason))
    (split,) = would.splits
    assert (split.motions, split.frames, split.shards_to_make) == (14, int(table.frames.sum()), 0)


def test_motions_whose_headers_say_that_they_are_dropped_are_reported_and_not_counted(
    corpus: Path, tmp_path: Path
) -> None:
    lengths = sorted({row.frames_in for row in _manifest(corpus, tmp_path / "all", {}).itertuples()})
    recipe = {"split": {"percent": "75/25"}, **stage("drop_short", frames=int(lengths[len(lengths) // 2]))}

    would = foretold(corpus, tmp_path / "out", recipe)
    table = _manifest(corpus, tmp_path / "out", recipe)

    left = table[table.status != "ok"]
    assert would.left_out == tuple(map(LeftOut, left.status, left.key, left.reason))
    assert 0 < len(left) < len(table)
    facts = motionprep.open(tmp_path / "out").facts["splits"]
    assert [(split.motions, split.frames) for split in would.splits] == [
        (facts[split.name]["motions"], facts[split.name]["frames"]) for split in would.splits
    ]


def test_a_range_that_leaves_its_file_leaves_a_split_empty(corpus: Path, tmp_path: Path) -> None:
    split = {"train": ["02_01"], "test": [{"motions": "02_02", "frames": "400-99999"}]}

    would = foretold(corpus, tmp_path / "out", {"split": split})
    table = _manifest(corpus, tmp_path / "out", {"split": split})

    assert [split.motions for split in would.splits] == [1, 0]
    lost = table[table.key == "02_02"].iloc[0]
    assert LeftOut("failed", lost.key, lost.reason) in would.left_out


def test_a_header_that_may_be_wrong_foretells_nothing(corpus: Path, tmp_path: Path) -> None:
    lines = (corpus / "02" / "02_01.bvh").read_text().splitlines(keepends=True)
    lines = ["Frames: 5\n" if line.startswith("Frames:") else line for line in lines]
    (tmp_path / "02_01.bvh").write_text("".join(lines))
    recipe = {"reading": {"lenient": True}, **stage("drop_short", frames=10)}

    assert foretold(tmp_path / "02_01.bvh", tmp_path / "out", recipe).left_out == ()
    assert list(_manifest(tmp_path / "02_01.bvh", tmp_path / "out", recipe).status) == ["ok"]


def _manifest(data: Path, out: Path, recipe: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MotionPrepWarning)
        build(data, out, recipe=recipe)
    return motionprep.open(out).manifest
