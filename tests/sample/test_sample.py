from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from motionprep.errors import MotionPrepError
from motionprep.sample import PlannedMotion, body, performance, plan_corpus, plan_like_cmu, write_sample
from motionprep.sample import text as sample_text

CMU_CHANNELS = "Zrotation Yrotation Xrotation"
GOLDEN_KEY = "69_03"
GOLDEN = "10716d447f7bf1303e146af23226f9e6ae136890a0a06c5032e00eba7b342584"


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def joints(text: bytes) -> list[str]:
    return re.findall(r"(?:ROOT|JOINT) (\S+)", text.decode())


def rows(text: bytes) -> list[str]:
    return text.decode().partition("MOTION\n")[2].split("\n")[2:-1]


def values(text: bytes) -> np.ndarray:
    return np.array([[float(word) for word in row.split(" ")] for row in rows(text)])


def sole_heights(motion) -> np.ndarray:
    """The heights of both ankles and balls (F, 4), by plain forward kinematics."""
    skeleton, channels = motion.skeleton, motion.channels
    count = len(skeleton.joints)
    angles = np.radians(channels[:, 3:]).reshape(len(channels), count, 3)
    cosine, sine = np.cos(angles), np.sin(angles)
    turns = []
    for axis, (a, b) in enumerate(((0, 1), (2, 0), (1, 2))):
        turn = np.zeros((len(channels), count, 3, 3)) + np.eye(3)
        turn[..., a, a] = turn[..., b, b] = cosine[..., axis]
        turn[..., b, a], turn[..., a, b] = sine[..., axis], -sine[..., axis]
        turns.append(turn)
    local = turns[0] @ turns[1] @ turns[2]
    world, place = [local[:, 0]], [channels[:, :3]]
    for joint in range(1, count):
        parent = skeleton.parents[joint]
        place.append(place[parent] + world[parent] @ np.array(skeleton.offsets[joint]))
        world.append(world[parent] @ local[:, joint])
    names = ("LeftFoot", "LeftToeBase", "RightFoot", "RightToeBase")
    return np.stack([place[skeleton.joints.index(name)][:, 1] for name in names], axis=1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "corpus"
    write_sample(folder, motions=8, frames=160)
    return folder


@pytest.fixture(scope="module")
def angles(corpus: Path) -> list[dict[str, np.ndarray]]:
    """Of each motion the values of its channels after the T-pose, by names like ``LeftLeg_X``."""
    found = []
    for path in sorted(corpus.rglob("*.bvh")):
        text = path.read_bytes()
        names = [f"Hips_{axis}position" for axis in "XYZ"] + [
            f"{name}_{axis}" for name in joints(text) for axis in "ZYX"
        ]
        found.append(dict(zip(names, values(text)[1:].T, strict=True)))
    return found


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_sample(tmp_path / name, subjects=2, motions=2, frames=40, seed=5)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_a_motion_has_the_bytes_that_it_had_on_every_other_machine(corpus: Path) -> None:
    text = (corpus / "69" / f"{GOLDEN_KEY}.bvh").read_bytes()
    assert hashlib.sha256(text).hexdigest() == GOLDEN


def test_another_seed_writes_other_motions_and_bodies(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_sample(tmp_path / str(seed), subjects=1, motions=1, frames=40, seed=seed)
    first, second = ((tmp_path / seed / "02" / "02_01.bvh").read_bytes().partition(b"MOTION") for seed in "01")
    assert first[0] != second[0]
    assert first[2] != second[2]


def test_no_two_motions_of_a_corpus_are_alike(corpus: Path) -> None:
    motions = {rows(path.read_bytes())[1] for path in corpus.rglob("*.bvh")}
    assert len(motions) == 48


def test_a_motion_does_not_depend_on_how_many_others_there_are(tmp_path: Path) -> None:
    write_sample(tmp_path / "few", subjects=6, motions=1, frames=40)
    write_sample(tmp_path / "many", subjects=8, motions=3, frames=40)
    few, many = files(tmp_path / "few"), files(tmp_path / "many")
    del few["index.txt"]
    assert {name: many[name] for name in few} == few


def test_the_subjects_come_in_numeric_order_with_69_among_the_first_six() -> None:
    assert [motion.key for motion in plan_corpus(6, 1)] == ["02_01", "07_01", "09_01", "16_01", "35_01", "69_01"]


def test_a_new_subject_takes_the_least_free_number() -> None:
    assert [motion.subject for motion in plan_corpus(8, 1)] == [1, 2, 3, 7, 9, 16, 35, 69]


def test_motions_have_about_as_many_frames_as_asked_for() -> None:
    frames = [motion.frames for motion in plan_corpus(10, 20, 480)]
    assert min(frames) >= 360
    assert max(frames) <= 600
    assert len(set(frames)) > 50


def test_a_motion_of_two_frames_can_be_made(tmp_path: Path) -> None:
    assert write_sample(tmp_path, subjects=1, motions=8, frames=2).frames == 16


def test_both_ways_of_naming_hands_occur(corpus: Path) -> None:
    hands = {joints(path.read_bytes())[22] for path in corpus.rglob("*.bvh")}
    assert hands == {"LFingers", "LeftHandIndex1"}


def test_a_skeleton_has_the_joints_and_channels_of_cmus_files(corpus: Path) -> None:
    text = (corpus / "07" / "07_01.bvh").read_text("ascii")
    assert text.count("JOINT ") == 30
    assert text.count("End Site") == 7
    assert f"CHANNELS 6 Xposition Yposition Zposition {CMU_CHANNELS}\n" in text
    assert text.count(f"CHANNELS 3 {CMU_CHANNELS}\n") == 30


@pytest.mark.parametrize(("name", "subject"), [("01_01", 7), ("12_01", 2)])
def test_a_hierarchy_is_the_real_one_but_for_its_lengths(name: str, subject: int) -> None:
    folder = Path(os.environ.get("MOTIONPREP_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    real = folder / "cmu-bvh" / f"{name}.bvh"
    if not real.is_file():
        pytest.skip(f"no {real}; name the folder of real data in MOTIONPREP_REAL_DATA")

    def lines(text: str) -> list[list[str]]:
        return [line.split() for line in text.partition("MOTION")[0].split("\n") if "OFFSET" not in line]

    made = sample_text.head(performance(body(subject), PlannedMotion(subject, 1, 2, 0))).decode()
    assert lines(made) == lines(real.read_text("ascii"))


def test_subjects_have_bodies_of_their_own() -> None:
    heights = {sum(body(subject).node_offsets[:, 1]) for subject in range(1, 40)}
    assert len(heights) == 39


def test_the_first_frame_is_a_t_pose(corpus: Path) -> None:
    for path in corpus.rglob("*_01.bvh"):
        text = path.read_bytes()
        words = rows(text)[0].split(" ")
        turned = {name: words[3 + 3 * k : 6 + 3 * k] for k, name in enumerate(joints(text))}
        bent = {name: angles for name, angles in turned.items() if angles != ["0", "0", "0"]}
        assert set(bent) == {"LeftUpLeg", "RightUpLeg", "LeftArm", "RightArm"}
        assert bent["LeftUpLeg"][0] == f"-{bent['RightUpLeg'][0]}"
        assert words[:3] == rows(text)[1].split(" ")[:3]


def test_a_file_says_how_many_frames_it_has_and_at_what_rate(corpus: Path) -> None:
    for motion in plan_corpus(motions=8, frames=160):
        text = (corpus / motion.path).read_bytes()
        assert len(rows(text)) == motion.frames
        assert f"\nFrames: {motion.frames}\nFrame Time: .0083333\n".encode() in text


def test_rows_have_four_decimals_and_single_blanks(corpus: Path) -> None:
    row = re.compile(r"(?!-0\.0000\b)-?(0|[1-9]\d*)\.\d{4}( (?!-0\.0000\b)-?(0|[1-9]\d*)\.\d{4}){95}")
    for path in corpus.rglob("*_01.bvh"):
        assert all(row.fullmatch(line) for line in rows(path.read_bytes())[1:])


def test_rows_are_written_as_python_formats_numbers() -> None:
    drawn = np.random.default_rng(0).uniform(-1.0, 1.0, (300, 8)) * 10.0 ** np.arange(-4, 4)
    edges = [[0.0, -0.00001, -0.5, 9.99996, -9.99996, 9999.9999, -9999.9999, -0.0001]]
    channels = np.rint(np.concatenate([drawn, edges]) * 1e4) / 1e4 + 0.0
    plain = "".join(" ".join(f"{value:.4f}" for value in row) + "\n" for row in channels)
    assert sample_text.rows(channels).decode() == plain


def test_the_index_lists_every_motion_under_its_subject(corpus: Path) -> None:
    lines = (corpus / "index.txt").read_bytes().decode("ascii").split("\n")
    listed = {}
    for line in lines:
        if heading := re.fullmatch(r"Subject #(\d+) \((.+)\)", line):
            subject = heading[1]
        elif entry := re.fullmatch(r"(\d+)_(\d+)\t(.+)", line):
            assert int(entry[1]) == int(subject)
            listed[f"{entry[1]}/{entry[1]}_{entry[2]}.bvh"] = entry[3]
    assert list(listed) == [path.relative_to(corpus).as_posix() for path in sorted(corpus.rglob("*.bvh"))]
    assert listed["69/69_01.bvh"] == "walk forward"
    assert "Subject #69 (walk, run and jump)" in lines


def test_the_summary_counts_what_is_there(tmp_path: Path) -> None:
    summary = write_sample(tmp_path, subjects=2, motions=2, frames=40)
    texts = [path.read_bytes() for path in tmp_path.rglob("*.bvh")]
    assert (summary.files, summary.path) == (4, tmp_path)
    assert summary.frames == sum(len(rows(text)) for text in texts)
    assert summary.bytes == sum(len(text) for text in texts)


def test_progress_is_reported_of_every_motion(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_sample(tmp_path, subjects=1, motions=3, frames=10, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_knees_bend_one_way_only(angles: list[dict[str, np.ndarray]]) -> None:
    knees = np.concatenate([motion[joint] for motion in angles for joint in ("LeftLeg_X", "RightLeg_X")])
    assert knees.min() > 0.0
    assert knees.max() < 130.0


def test_elbows_bend_one_way_only(angles: list[dict[str, np.ndarray]]) -> None:
    assert max(motion["LeftForeArm_Y"].max() for motion in angles) < 0.0
    assert min(motion["RightForeArm_Y"].min() for motion in angles) > 0.0


def test_motions_are_smooth_from_frame_to_frame(angles: list[dict[str, np.ndarray]]) -> None:
    for motion in angles:
        steps = np.diff(np.stack(list(motion.values())))
        assert np.abs(steps[:3]).max() < 1.2
        assert np.abs(steps[3:]).max() < 9.0
        assert np.abs(np.diff(steps[3:])).max() < 1.5


@pytest.mark.parametrize("number", range(1, 9))
def test_the_lower_foot_is_on_the_floor_but_in_flight(number: int) -> None:
    motion = performance(body(69), PlannedMotion(69, number, 600, 0))
    lowest = sole_heights(motion)[1:].min(axis=1)
    assert lowest.min() > 0.1
    assert np.median(lowest) < 1.4


def test_a_walk_goes_where_the_body_faces() -> None:
    channels = performance(body(69), PlannedMotion(69, 1, 1200, 0)).channels[1:]
    yaw = np.radians(channels[:, 4].mean())
    way = channels[-1, [0, 2]] - channels[0, [0, 2]]
    speed = way @ [np.sin(yaw), np.cos(yaw)] / 10.0 * 0.056444
    assert 0.7 < speed < 1.8
    assert speed > 0.98 * np.linalg.norm(way) / 10.0 * 0.056444


def test_to_turn_around_is_to_turn_by_half_a_circle() -> None:
    yaw = performance(body(69), PlannedMotion(69, 5, 900, 0)).channels[1:, 4]
    assert 160.0 < abs(yaw[-1] - yaw[0]) < 200.0


def test_who_walks_for_long_stays_in_the_room() -> None:
    planned = PlannedMotion(69, 1, 12_000, 0)
    channels = performance(body(69), planned).channels
    assert planned.label == "walk in figure eights"
    assert np.ptp(channels[:, [0, 2]], axis=0).max() < 600.0
    assert np.ptp(channels[:, 4]) > 180.0


@pytest.mark.parametrize("seed", range(3))
def test_the_corpus_like_cmus_has_exactly_its_sizes(seed: int) -> None:
    planned = plan_like_cmu(seed)
    frames = [motion.frames for motion in planned]
    keys = [(motion.subject, motion.number) for motion in planned]
    assert len(planned) == len(set(keys)) == 2548
    assert keys == sorted(keys)
    assert sum(count // 8 for count in frames[:2293]) == 479_984
    assert sum(frames[2293:]) == 413_825
    assert min(frames) >= 129
    assert 10_000 < max(frames) <= 23_000


def test_the_corpus_like_cmus_is_skewed_and_has_69_with_its_75_motions() -> None:
    planned = plan_like_cmu()
    frames = {motion.key: motion.frames for motion in planned}
    assert np.median(list(frames.values())) < 0.75 * np.mean(list(frames.values()))
    assert sum(key.startswith("69_") for key in frames) == 75
    assert frames["69_01"] >= 470
    assert frames["69_02"] >= 344


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subjects": 0}, "subjects is 0; a sample needs at least 1"),
        ({"motions": -1}, "motions is -1; a sample needs at least 1"),
        ({"frames": 1}, "frames is 1; a sample needs at least 2"),
        ({"frames": 50_001}, "at most 50,000"),
        ({"like": "lafan1"}, "like is 'lafan1'; the only corpus to be like is 'cmu'"),
        ({"like": "cmu", "frames": 480}, "like='cmu' decides the sizes; leave out frames"),
    ],
)
def test_sizes_that_cannot_be_are_refused_before_anything_is_written(
    tmp_path: Path, options: dict[str, int | str], message: str
) -> None:
    with pytest.raises(MotionPrepError, match=re.escape(message)):
        write_sample(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["notes.txt", "index.txt"])
def test_a_folder_with_anything_else_in_it_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(MotionPrepError, match="name a new or an empty folder"):
        write_sample(tmp_path, subjects=1, motions=1, frames=10)
    assert files(tmp_path) == {name: b"mine"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(MotionPrepError, match="is a file; name a folder"):
        write_sample(tmp_path / "out")


def test_what_a_user_added_to_a_sample_stays(tmp_path: Path) -> None:
    write_sample(tmp_path, subjects=1, motions=2, frames=10)
    (tmp_path / "notes.txt").write_text("mine")
    write_sample(tmp_path, subjects=1, motions=1, frames=10)
    assert sorted(files(tmp_path)) == ["02/02_01.bvh", "index.txt", "notes.txt"]


def test_an_interrupted_sample_has_whole_files_only_and_can_be_written_again(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path / "a", subjects=4, motions=8, frames=60, on_progress=interrupt)
    begun = files(tmp_path / "a")
    write_sample(tmp_path / "b", subjects=4, motions=8, frames=60)
    whole = files(tmp_path / "b")
    assert 1 < len(begun) < len(whole)
    assert begun == {name: whole[name] for name in begun}
    write_sample(tmp_path / "a", subjects=4, motions=8, frames=60)
    assert files(tmp_path / "a") == whole


def test_importing_the_module_imports_no_numba() -> None:
    code = "import sys, motionprep.sample; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_another_sample_in_the_same_folder_leaves_no_file_of_the_first(tmp_path: Path) -> None:
    write_sample(tmp_path / "again", subjects=3, motions=3, frames=40, markers=True)
    (tmp_path / "again" / "mine.txt").write_text("stays")

    write_sample(tmp_path / "again", subjects=2, motions=2, frames=40)

    write_sample(tmp_path / "fresh", subjects=2, motions=2, frames=40)
    assert files(tmp_path / "again").keys() - files(tmp_path / "fresh").keys() == {"mine.txt"}
    assert files(tmp_path / "fresh").items() <= files(tmp_path / "again").items()
