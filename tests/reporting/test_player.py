"""The player in a real browser: what it draws, how it is steered, and what it never does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import faults
import numpy as np
import pytest

from motionprep import read_bvh, write_bvh
from motionprep.motion.motion import Motion
from motionprep.motion.skeleton import Skeleton
from motionprep.quality import as_take
from motionprep.reporting.page import page
from motionprep.reporting.takes import as_takes
from motionprep.reporting.view import view

#: Names that a page must show as they are.
HOSTILE = ("<script>alert(1)</script>", "\"'><img src=x onerror=alert(2)>", "</script><!--", "a&lt;b")


@pytest.fixture(scope="module")
def walk_page(walk_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of that motion."""
    return view(walk_file, tmp_path_factory.mktemp("page") / "walk.html")


@pytest.fixture
def player(walk_page: Path, open_page: Callable[..., Any]) -> Any:
    """Return that page in a tab."""
    return open_page(walk_page)


def projected(points: np.ndarray, camera: dict[str, Any]) -> np.ndarray:
    """Return where a camera shows points (N, 3), in pixels from the corner of the canvas, as docs/report.md says."""
    places = points @ np.array(camera["turn"]).T
    places[:, 1] -= camera["floor"]
    x, y, z = (places / camera["unit"] - np.array(camera["target"])).T
    yaw, pitch = camera["yaw"], camera["pitch"]
    x, z = np.cos(yaw) * x - np.sin(yaw) * z, np.sin(yaw) * x + np.cos(yaw) * z
    y, z = np.cos(pitch) * y - np.sin(pitch) * z, np.sin(pitch) * y + np.cos(pitch) * z
    scale = camera["focal"] / (camera["distance"] - z)
    return np.stack(
        [
            camera["left"] + camera["width"] / 2 + scale * x,
            camera["top"] + camera["height"] / 2 - scale * y,
        ],
        axis=1,
    )


def test_the_page_requests_nothing_but_itself_and_complains_of_nothing(player: Any, walk_page: Path) -> None:
    player.tab.click("#play")
    player.tab.wait_for_function("motionprepPlayer.frame > 5 || !motionprepPlayer.playing")

    assert player.requests == [walk_page.resolve().as_uri()]
    assert player.ask("performance.getEntriesByType('resource').length") == 0
    assert player.complaints == []


def test_the_policy_of_the_page_stops_scripts_and_requests_that_are_not_its_own(player: Any) -> None:
    added = (
        "const one = document.createElement('script'); one.textContent = 'window.ran = 1'; document.body.append(one)"
    )
    player.ask(added)
    player.ask("fetch('http://127.0.0.1:9/').catch(() => {})")
    player.tab.wait_for_timeout(50)

    assert player.ask("window.ran") is None
    assert len([one for one in player.complaints if "Content Security Policy" in one]) >= 2


@pytest.mark.parametrize("frame", [1, 77, 180])
def test_joints_are_drawn_where_their_positions_are(player: Any, walk_file: Path, frame: int) -> None:
    motion = read_bvh(walk_file)
    player.ask(f"motionprepPlayer.seek({frame})")

    expected = projected(motion.positions()[frame - 1], player.ask("motionprepPlayer.camera()"))

    shown = player.ask("motionprepPlayer.projected()")
    assert [one["name"] for one in shown] == list(motion.skeleton.nodes)
    apart = np.linalg.norm(expected - [(one["x"], one["y"]) for one in shown], axis=1)
    assert apart.max() < 2


def test_pixels_at_the_joints_have_the_colours_of_left_and_right(player: Any, walk_file: Path) -> None:
    motion = read_bvh(walk_file)
    for name in ("trails", "follow"):
        player.tab.uncheck(f"#{name}")
    player.ask("motionprepPlayer.seek(100)")
    points = dict(zip(motion.skeleton.nodes, motion.positions()[99], strict=True))

    for side, other in (("Left", "right"), ("Right", "left")):
        place = projected(points[f"{side}Foot"][None], player.ask("motionprepPlayer.camera()"))[0]
        near = player.ask(
            f"""(() => {{
              const pen = document.getElementById("canvas").getContext("2d");
              const pixels = pen.getImageData({round(place[0]) - 2}, {round(place[1]) - 2}, 5, 5).data;
              const style = getComputedStyle(document.documentElement);
              const colour = (name) => style.getPropertyValue("--" + name).trim();
              const found = [];
              for (let at = 0; at < pixels.length; at += 4) {{
                found.push("#" + [0, 1, 2].map((one) => pixels[at + one].toString(16).padStart(2, "0")).join(""));
              }}
              return [found.includes(colour("{side.lower()}")), found.includes(colour("{other}"))];
            }})()"""
        )
        assert near == [True, False], side


def test_the_play_button_moves_the_frame_and_stops_it(player: Any) -> None:
    before = player.frame
    player.tab.click("#play")
    player.tab.wait_for_function(f"motionprepPlayer.frame !== {before}")
    player.tab.click("#play")

    stopped = player.frame
    player.tab.wait_for_timeout(100)
    assert (player.ask("motionprepPlayer.playing"), player.frame) == (False, stopped)


def test_a_motion_that_does_not_loop_stops_at_its_last_frame(player: Any) -> None:
    player.tab.uncheck("#loop")
    player.tab.select_option("#speed", "4")
    player.ask("motionprepPlayer.seek(motionprepPlayer.frames - 20)")
    player.tab.click("#play")
    player.tab.wait_for_function("!motionprepPlayer.playing")

    assert player.frame == player.ask("motionprepPlayer.frames")


def test_the_scrubber_lands_on_the_frame_that_is_asked_for(player: Any) -> None:
    player.tab.fill("#scrub", "123")

    assert player.frame == 123
    assert "frame 123 / " in player.tab.inner_text(".clock")


def test_a_number_that_is_typed_is_the_frame(player: Any) -> None:
    player.tab.fill("#frame", "42")
    player.tab.press("#frame", "Enter")

    assert player.frame == 42


@pytest.mark.parametrize(
    ("key", "moved"),
    [("ArrowRight", 1), ("ArrowLeft", -1), ("Shift+ArrowRight", 120), ("Home", -99), ("End", None)],
)
def test_keys_step_through_the_frames(player: Any, key: str, moved: int | None) -> None:
    player.ask("motionprepPlayer.seek(100)")
    player.tab.focus("#canvas")
    player.tab.keyboard.press(key)

    assert player.frame == (player.ask("motionprepPlayer.frames") if moved is None else 100 + moved)


def test_space_plays_and_pauses(player: Any) -> None:
    player.tab.focus("#canvas")
    player.tab.keyboard.press("Space")
    playing = player.ask("motionprepPlayer.playing")
    player.tab.keyboard.press("Space")

    assert (playing, player.ask("motionprepPlayer.playing")) == (True, False)


@pytest.mark.parametrize(
    ("key", "word", "sign"), [("a", "yaw", 1), ("d", "yaw", -1), ("w", "pitch", 1), ("-", "distance", 1)]
)
def test_keys_turn_and_zoom(player: Any, key: str, word: str, sign: int) -> None:
    before = player.ask("motionprepPlayer.camera()")[word]
    player.tab.focus("#canvas")
    player.tab.keyboard.press(key)

    assert sign * (player.ask("motionprepPlayer.camera()")[word] - before) > 0


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_body_faces_the_camera_at_first_wherever_it_is_headed(
    walk: Motion, tmp_path: Path, open_page: Callable[..., Any], degrees: float
) -> None:
    take = as_take("a", walk)
    turned = replace(take, bodies=(faults.headed(take.bodies[0], degrees),))
    data = {"takes": as_takes([turned], {}, []), "findings": []}
    (tmp_path / "page.html").write_bytes(page(kind="", title="", lead="", footer="", data=data))

    player = open_page(tmp_path / "page.html")
    player.ask("motionprepPlayer.seek(1)")

    places = {one["name"]: one["x"] for one in player.ask("motionprepPlayer.projected()")}
    assert places["LeftUpLeg"] > places["RightUpLeg"] + 5


def test_dragging_turns_and_the_wheel_zooms(player: Any) -> None:
    before = player.ask("motionprepPlayer.camera()")
    box = player.tab.locator("#canvas").bounding_box()
    player.tab.mouse.move(box["x"] + 300, box["y"] + 200)
    player.tab.mouse.down()
    player.tab.mouse.move(box["x"] + 360, box["y"] + 240, steps=3)
    player.tab.mouse.up()
    player.tab.mouse.wheel(0, -200)
    player.tab.wait_for_function(f"motionprepPlayer.camera().distance < {before['distance']}")

    after = player.ask("motionprepPlayer.camera()")
    assert after["yaw"] > before["yaw"]
    assert after["pitch"] > before["pitch"]


def test_two_fingers_zoom(walk_page: Path, open_page: Callable[..., Any]) -> None:
    player = open_page(walk_page, has_touch=True)
    before = player.ask("motionprepPlayer.camera().distance")
    box = player.tab.locator("#canvas").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = player.tab.context.new_cdp_session(player.tab)

    def fingers(kind: str, apart: float) -> None:
        points = [{"x": middle[0] + side * apart, "y": middle[1], "id": at} for at, side in enumerate((-1, 1))]
        event = {"type": kind, "touchPoints": points if kind != "touchEnd" else []}
        touch.send("Input.dispatchTouchEvent", event)

    fingers("touchStart", 40)
    for apart in (60, 80, 100):
        fingers("touchMove", apart)
    fingers("touchEnd", 0)

    assert player.ask("motionprepPlayer.camera().distance") < before


def test_the_name_of_a_joint_shows_where_it_is_pointed_at(player: Any) -> None:
    player.ask("motionprepPlayer.seek(100)")
    head = next(one for one in player.ask("motionprepPlayer.projected()") if one["name"] == "Head_Nub")
    box = player.tab.locator("#canvas").bounding_box()
    player.tab.mouse.move(box["x"] + head["x"], box["y"] + head["y"])

    assert player.tab.get_attribute("#canvas", "title") == "Head_Nub"


def test_a_link_opens_the_same_frame_again(walk_page: Path, open_page: Callable[..., Any]) -> None:
    first = open_page(walk_page)
    first.ask("motionprepPlayer.seek(57)")
    address = first.tab.get_attribute("#link", "href")

    again = open_page(walk_page, address)

    assert (again.ask("motionprepPlayer.motion"), again.frame) == (first.ask("motionprepPlayer.motion"), 57)


def test_names_made_of_tags_and_quotes_are_shown_as_they_are(
    walk_file: Path, tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    motion = read_bvh(walk_file)
    skeleton = motion.skeleton
    names = (*HOSTILE, *skeleton.joints[len(HOSTILE) :])
    named = Skeleton(names, skeleton.parents, skeleton.offsets, skeleton.end_sites, skeleton.channels)
    write_bvh(Motion(named, motion.channels, motion.rate), tmp_path / "07_01.bvh")

    player = open_page(view(tmp_path / "07_01.bvh", tmp_path / "page.html"))
    player.tab.check("#names")

    assert [one["name"] for one in player.ask("motionprepPlayer.projected()")][: len(HOSTILE)] == list(HOSTILE)
    assert (player.complaints, len(player.requests)) == ([], 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_takes_the_colours_that_are_preferred(
    walk_page: Path, open_page: Callable[..., Any], scheme: str
) -> None:
    player = open_page(walk_page, color_scheme=scheme)

    corner = player.ask('document.getElementById("canvas").getContext("2d").getImageData(2, 2, 1, 1).data[0]')
    assert (corner > 128) == (scheme == "light")


def test_nothing_is_wider_than_a_phone(walk_page: Path, open_page: Callable[..., Any]) -> None:
    player = open_page(walk_page, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)

    assert player.ask("document.documentElement.scrollWidth") <= 390
