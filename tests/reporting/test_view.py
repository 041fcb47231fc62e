from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motionprep
from motionprep import MotionPrepError, view
from motionprep.recipe.recipe import recipe_from_json


def data_of(path: Path) -> dict[str, Any]:
    """Return what the player of a page is given."""
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text)[1])


def test_a_bvh_file_is_shown_with_all_its_frames(walk_file: Path, tmp_path: Path) -> None:
    (take,) = data_of(view(walk_file, tmp_path / "page.html"))["takes"]

    (pane,) = take["panes"]
    assert pane["frames"] == motionprep.read_bvh(walk_file).frames
    assert (take["key"], pane["modality"], pane["rate"]) == (walk_file.stem, "skeleton", 120)


def test_a_c3d_file_is_shown_as_markers(walk_file: Path, tmp_path: Path) -> None:
    (take,) = data_of(view(walk_file.with_suffix(".c3d"), tmp_path / "page.html"))["takes"]

    assert [cloud["modality"] for cloud in take["panes"][0]["clouds"]] == ["markers"]


def test_a_motion_of_a_folder_or_a_dataset_is_chosen_by_its_key(takes: Path, tmp_path: Path) -> None:
    motionprep.build(takes, tmp_path / "out")

    for source in (takes, tmp_path / "out"):
        assert data_of(view(source, tmp_path / "page.html", "07_02"))["takes"][0]["key"] == "07_02"


def test_what_the_checks_find_in_it_is_listed(walk_file: Path, tmp_path: Path) -> None:
    codes = {one["code"] for one in data_of(view(walk_file, tmp_path / "page.html"))["findings"]}

    assert "range-t-pose" in codes


def test_of_several_motions_one_has_to_be_chosen(takes: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds 4 motions, such as 02_01, 02_02, 07_01; choose one by its key"):
        view(takes, tmp_path / "page.html")


def test_an_unknown_key_is_refused_with_the_nearest_one(takes: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no motion '07_3'.*did you mean"):
        view(takes, tmp_path / "page.html", "07_3")


def test_a_file_that_cannot_be_read_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "broken.bvh").write_text("HIERARCHY\n")

    with pytest.raises(MotionPrepError, match=r"broken\.bvh:2:1: the file ends"):
        view(tmp_path / "broken.bvh", tmp_path / "page.html")


def test_a_motion_of_which_no_positions_are_stored_is_refused(takes: Path, tmp_path: Path) -> None:
    motionprep.build(takes, tmp_path / "out", features="quaternions")

    with pytest.raises(MotionPrepError, match="stores neither positions nor markers"):
        view(tmp_path / "out", tmp_path / "page.html", "07_02")


def shown_of(path: Path) -> dict[str, Any]:
    """Return what a page of two motions shows side by side at first, and the frames that are shown together."""
    return data_of(path)["open"]


def test_a_raw_file_stands_beside_what_a_dataset_stores_of_it_at_the_same_moment(takes: Path, tmp_path: Path) -> None:
    motionprep.build(takes / "02", tmp_path / "out", trim=30, downsample=4)

    opened = shown_of(view(tmp_path / "out", tmp_path / "page.html", "02_01", beside=takes / "02"))

    assert (opened["motion"], opened["beside"]) == ("02_01", "02_01 (02)")
    assert opened["start"] == pytest.approx(31 + 4 * (opened["frame"] - 1), abs=2)


def test_a_copy_by_augmentation_stands_beside_the_take_that_it_is_of(takes: Path, tmp_path: Path) -> None:
    recipe = {"stages": [{"stage": "mirror", "chance": 1.0, "copies": 2}]}
    motionprep.build(takes / "02", tmp_path / "out", recipe=recipe_from_json(recipe))

    opened = shown_of(view(tmp_path / "out", tmp_path / "page.html", "02_01@2", beside=takes / "02"))

    assert (opened["motion"], opened["beside"]) == ("02_01@2", "02_01@2 (02)")
    assert opened["start"] == pytest.approx(opened["frame"], abs=2)


def test_corrupted_markers_stand_beside_those_that_were_recorded(takes: Path, tmp_path: Path) -> None:
    stages = [{"stage": "occlude", "sigma": 0.5}, {"stage": "features", "arrays": ["markers", "markers_corrupt"]}]
    motionprep.build(takes, tmp_path / "out", recipe=recipe_from_json({"stages": stages}), split="50/50")
    train, test = (next(iter(motionprep.open(tmp_path / "out")[split])) for split in ("train", "test"))

    recorded, corrupted = data_of(view(tmp_path / "out", tmp_path / "page.html", train))["takes"]
    alone = data_of(view(tmp_path / "out", tmp_path / "page.html", test))["takes"]

    assert corrupted["key"] == f"{train} (corrupted)"
    assert recorded["panes"][0]["clouds"][0]["points"] != corrupted["panes"][0]["clouds"][0]["points"]
    assert [take["key"] for take in alone] == [test]


def test_two_files_of_other_names_stand_beside_each_other(takes: Path, tmp_path: Path) -> None:
    one, other = sorted((takes / "02").glob("*.bvh"))[:2]

    page = view(one, tmp_path / "page.html", beside=other)

    assert [take["key"] for take in data_of(page)["takes"]] == [one.stem, f"{one.stem} ({other.name})"]


def test_a_prediction_stands_beside_its_target_frame_by_frame(takes: Path, tmp_path: Path) -> None:
    motionprep.build(takes / "02", tmp_path / "out", split="50/50")
    (motion,) = motionprep.open(tmp_path / "out")["test"].values()
    np.save(tmp_path / "pred.npy", motion["positions"] + np.float32(1))

    page = view(tmp_path / "out", tmp_path / "page.html", motion.key, prediction=tmp_path / "pred.npy")

    assert shown_of(page) == {"motion": motion.key, "frame": 1, "beside": f"{motion.key} (prediction)", "start": 1}
    target, predicted = (take["panes"][0]["clouds"][0] for take in data_of(page)["takes"])
    origins = [np.frombuffer(base64.b64decode(one["origins"]), "<f4").reshape(-1, 3) for one in (target, predicted)]
    assert origins[1] - origins[0] == pytest.approx(np.ones((motion.frames, 3)), abs=1e-3)


def test_a_prediction_needs_the_key_of_a_motion(takes: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="beside the motion of a key"):
        view(takes, tmp_path / "page.html", prediction=tmp_path / "pred.npy")


def test_the_browser_shows_both_in_step(takes: Path, tmp_path: Path, open_page: Any) -> None:
    one, other = sorted((takes / "02").glob("*.bvh"))[:2]

    page = open_page(view(one, tmp_path / "page.html", beside=other))

    assert page.ask("motionprepPlayer.beside") == f"{one.stem} ({other.name})"
    assert len(page.ask("motionprepPlayer.projected(1)")) == 38
    assert (page.complaints, len(page.requests)) == ([], 1)
