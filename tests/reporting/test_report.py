"""The report: what it says about data with planted faults, read from the page and in a real browser."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faults
import numpy as np
import pytest

import motionprep
from motionprep import Motion, check, read_bvh, report, write_bvh, write_sample

pytest.importorskip("matplotlib", reason="pip install matplotlib")


def data_of(path: Path) -> dict[str, Any]:
    """Return what the player of a page is given."""
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text)[1])


def text_of(path: Path) -> str:
    """Return the text of a page's body, without its scripts."""
    body = path.read_text(encoding="utf-8").partition("<body>")[2].partition("<script")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus in which a root jumps, a file is in centimetres, one cannot be read, and two are alike."""
    folder = tmp_path_factory.mktemp("faulty")
    write_sample(folder, subjects=3, motions=3, frames=300)
    files = sorted(folder.rglob("*.bvh"))
    jumping = faults.moved_root(read_bvh(files[0]), (150, 300), (15.0, 0, 0))
    write_bvh(jumping, files[0])
    write_bvh(faults.scaled(read_bvh(files[1]), 5.6444), files[1])
    files[2].write_text("HIERARCHY\nROOT Hips\n")
    motion = read_bvh(files[3])
    write_bvh(motion.at(range(50, motion.frames)), files[4])
    return folder


@pytest.fixture(scope="module")
def faulty_page(faulty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report on that corpus."""
    return report(faulty, tmp_path_factory.mktemp("page") / "report.html").path


@pytest.fixture(scope="module")
def built(takes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset with markers in two splits."""
    out = tmp_path_factory.mktemp("built") / "out"
    motionprep.build(takes / "02", out, split="50/50")
    return out


@pytest.fixture(scope="module")
def built_page(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report on that dataset."""
    return report(built, tmp_path_factory.mktemp("page") / "report.html").path


def test_findings_are_those_of_the_checks(faulty: Path, tmp_path: Path) -> None:
    done = report(faulty, tmp_path / "page.html", takes=0)

    assert list(done.findings) == check(faulty)
    shown = data_of(done.path)["findings"]
    assert sorted((one["code"], one["motion"]) for one in shown) == sorted(
        (one.code, one.motion) for one in done.findings
    )


def test_the_first_sentence_says_what_is_wrong_and_what_is_mixed(faulty_page: Path) -> None:
    text = text_of(faulty_page)

    assert re.search(r"1 error and \d+ warnings in 8 motions\. Mixed: unit\.", text)
    assert "mixed mostly CMU unit (guessed) cm (guessed): 02_02" in text


def test_every_motion_with_a_warning_is_in_the_player_before_any_other(faulty_page: Path) -> None:
    data = data_of(faulty_page)
    grave = {one["motion"] for one in data["findings"] if one["severity"] in ("error", "warning")}
    order = [
        take["key"] in grave
        for take in data["takes"]
        if take["key"] not in {one.get("other") for one in data["findings"]}
    ]

    assert order == sorted(order, reverse=True)
    assert {"02_01", "02_02", "07_01", "07_02"} <= {take["key"] for take in data["takes"]}


def test_a_motion_that_is_asked_for_is_in_the_player(faulty: Path, tmp_path: Path) -> None:
    done = report(faulty, tmp_path / "page.html", takes=1, motions=["09_03"])

    assert [take["key"] for take in data_of(done.path)["takes"]] == ["09_03"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"takes": -1}, "`takes` is -1; expected 0 or more"),
        ({"motions": ["09_3"]}, "there is no motion '09_3' to show"),
    ],
)
def test_wrong_arguments_are_refused(faulty: Path, tmp_path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        report(faulty, tmp_path / "page.html", **options)
    assert not (tmp_path / "page.html").exists()


def test_no_page_is_written_over_what_is_no_page(faulty: Path, tmp_path: Path) -> None:
    source = next(faulty.rglob("*.bvh"))
    before = source.read_bytes()
    with pytest.raises(ValueError, match="is a file already, and no page; choose another place"):
        report(faulty, source)
    assert source.read_bytes() == before
    for _ in range(2):  # a page may be replaced
        report(faulty, tmp_path / "page.html")


def test_no_page_is_written_into_a_dataset(built: Path) -> None:
    with pytest.raises(ValueError, match="choose another place"):
        report(built, built / "report.html")
    assert not (built / "report.html").exists()


def test_a_page_of_twenty_long_motions_is_smaller_than_3_mb(tmp_path: Path) -> None:
    write_sample(tmp_path / "data", subjects=4, motions=5, frames=1200)

    done = report(tmp_path / "data", tmp_path / "page.html")

    assert done.shown == 20
    assert done.path.stat().st_size < 3_000_000


def test_progress_runs_up_to_all_motions_that_are_checked_and_shown(takes: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report(takes, tmp_path / "page.html", takes=3, on_progress=lambda done, total: seen.append((done, total)))

    assert {total for _, total in seen} == {4 + 3}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (7, 7)


def test_the_same_data_give_the_same_page(faulty: Path, faulty_page: Path, tmp_path: Path) -> None:
    assert report(faulty, tmp_path / "again.html", workers=1).path.read_bytes() == faulty_page.read_bytes()


def test_a_dataset_shows_its_splits_labels_and_features(built: Path, built_page: Path) -> None:
    text = text_of(built_page)
    dataset = motionprep.open(built)

    for name, split in dataset.facts["splits"].items():
        assert f"{name} {split['motions']:,} {split['subjects']:,} {split['frames']:,}" in text
    assert all(name in text for name in dataset.classes)
    assert re.search(r"positions test differs from train by up to [\d.]+ standard deviations, in \w+ [xyz]", text)


def test_the_mean_of_a_number_in_each_split_is_that_of_its_frames(built: Path, built_page: Path) -> None:
    means = {}
    for name, split in motionprep.open(built).items():
        means[name] = np.concatenate([motion["root_position"] for motion in split.values()]).astype(float).mean(axis=0)
    found = re.search(r"<title>y: train (\S+) ± \S+; test (\S+) ±", built_page.read_text(encoding="utf-8"))

    assert [float(one) for one in found.groups()] == pytest.approx([means["train"][1], means["test"][1]], rel=1e-3)


def test_skeleton_and_markers_of_a_dataset_share_a_view(built_page: Path) -> None:
    for take in data_of(built_page)["takes"]:
        (pane,) = take["panes"]
        assert [cloud["modality"] for cloud in pane["clouds"]] == ["skeleton", "markers"]


def test_motions_whose_positions_are_not_stored_are_counted(takes: Path, tmp_path: Path, open_page: Any) -> None:
    motionprep.build(takes, tmp_path / "out", features="quaternions")

    done = report(tmp_path / "out", tmp_path / "page.html")

    assert (done.motions, done.shown) == (4, 0)
    assert "rotation order ZYX" in text_of(done.path)
    assert open_page(done.path).complaints == []


def test_nothing_but_the_page_is_requested_and_nothing_goes_wrong(
    faulty_page: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(faulty_page)

    assert page.requests == [faulty_page.resolve().as_uri()]
    assert page.complaints == []


def test_a_row_of_the_findings_leads_to_its_motion_and_frame(faulty_page: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(faulty_page)
    page.tab.select_option("#finding-code", "jump-root")
    page.tab.click("#finding-rows a")
    page.tab.wait_for_function("motionprepPlayer.motion === '02_01'")

    assert page.frame == next(
        one["frames"][0] for one in data_of(faulty_page)["findings"] if one["code"] == "jump-root"
    )


def test_the_name_of_a_check_leads_to_its_findings(faulty_page: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(faulty_page)
    page.tab.click("#overview a[href='#check=jump-root']")
    page.tab.wait_for_function("document.getElementById('finding-code').value === 'jump-root'")

    codes = page.tab.locator("#finding-rows td:nth-child(2)").all_inner_texts()
    assert {code.strip() for code in codes} == {"jump-root"}


def test_the_table_of_findings_is_filtered_sorted_and_searched(
    faulty_page: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page(faulty_page)
    findings = data_of(faulty_page)["findings"]

    def column(number: int) -> list[str]:
        return [one.strip() for one in page.tab.locator(f"#finding-rows td:nth-child({number})").all_inner_texts()]

    page.tab.uncheck("#finding-note")
    assert set(column(1)) == {"error", "warning"}
    page.tab.check("#finding-note")
    page.tab.fill("#finding-search", "02_02")
    assert len(column(1)) == sum(
        "02_02" in (one["motion"], one.get("other")) or "02_02" in one["message"] for one in findings
    )
    page.tab.fill("#finding-search", "")
    page.tab.click("#findings th[data-column=motion] button")
    assert column(3)[0].startswith(min(one["motion"] for one in findings))
    page.tab.click("#findings th[data-column=motion] button")
    assert column(3)[0].startswith(max(one["motion"] for one in findings))
    assert page.tab.get_attribute("#findings th[data-column=motion]", "aria-sort") == "descending"


def test_a_pair_of_duplicates_is_shown_side_by_side_in_step(faulty_page: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(faulty_page)
    page.tab.click("#duplicates a")
    page.tab.wait_for_function("motionprepPlayer.beside !== ''")
    page.ask("motionprepPlayer.seek(motionprepPlayer.frame + 60)")

    shown = [{one["name"]: one for one in page.ask(f"motionprepPlayer.projected({pane})")} for pane in (0, 1)]
    cameras = [page.ask(f"motionprepPlayer.camera({pane})") for pane in (0, 1)]
    # The same pose, seen by the same camera relative to it, half a picture apart.
    assert cameras[1]["left"] > cameras[0]["left"]
    for name in ("Head", "LeftHand", "RightFoot"):
        apart = shown[1][name]["x"] - shown[0][name]["x"] - cameras[1]["left"] + cameras[0]["left"]
        assert abs(shown[1][name]["y"] - shown[0][name]["y"]) < 6
        assert abs(apart) < 30


def test_a_link_to_a_motion_that_is_not_in_the_player_says_so(faulty_page: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(faulty_page, "#motion=%3Cb%3Enone%3C%2Fb%3E&frame=3")

    assert "<b>none</b> is not in this player" in page.text
    assert page.ask("motionprepPlayer.motion") != ""


def test_names_made_of_tags_and_quotes_are_shown_as_they_are(
    walk: Motion, tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    keys = ["<img src=x onerror=alert(1)>", "\"'`${alert(2)}", "a&lt;b&quot;"]
    folder = tmp_path / "<b>data"
    folder.mkdir()
    for number, key in enumerate(keys):
        write_bvh(faults.moved_root(walk, (90 + number, 120), (9.0, 0, 0)), folder / f"{key}.bvh")

    page = open_page(report(folder, tmp_path / "page.html").path)

    assert page.tab.title() == "<b>data"
    for key in keys:
        assert key in page.text
    page.tab.click("#takes li:nth-child(2) a")
    assert page.tab.locator("img, b").count() == 0
    assert (page.complaints, len(page.requests)) == ([], 1)


@pytest.mark.parametrize("width", [390, 768, 1200])
def test_nothing_is_wider_than_the_window(built_page: Path, open_page: Callable[..., Any], width: int) -> None:
    page = open_page(built_page, viewport={"width": width, "height": 800})

    assert page.ask("document.documentElement.scrollWidth") <= width


def test_every_control_has_a_name_for_screen_readers(built_page: Path, open_page: Callable[..., Any]) -> None:
    page = open_page(built_page)
    tree = page.tab.context.new_cdp_session(page.tab).send("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "checkbox", "combobox", "slider", "spinbutton", "searchbox", "link", "image"}
    unnamed = [
        one
        for one in tree
        if not one.get("ignored") and one["role"]["value"] in roles and not one["name"]["value"].strip()
    ]

    assert unnamed == []


def test_recorded_files_say_what_is_mixed(real_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(real_data / "other-bvh", folder)

    text = text_of(report(folder, tmp_path / "page.html").path)

    assert "Mixed: joints, unit, rest pose, rotation order, frames per second" in text
