from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motionprep.formats import bvh, c3d
from motionprep.maths import lengths
from motionprep.motion.arrays import Floats
from motionprep.motion.markers import Markers
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.take import Take

OTHER = str.maketrans("Ll", "Rr")
PLACES = {"LFWT": (1, 9, 1), "LKNE": (1, 5, 1), "LANK": (1, 1, 1), "C7": (1, 15, 9), "LFHD": (1, 17, 9)}


def legs(names: str, head: str = "Head", channels: tuple[str, ...] = (), other: dict[int, int] = OTHER) -> Take:
    """Return a take whose thighs are 3 and 5 long and whose ways from ankle to head 4 + 3 + 1 + 7 and 6 + 5 + 1 + 7."""
    left = tuple(names.split(", "))
    right = tuple(name[0].translate(other) + name[1:] for name in left)
    skeleton = Skeleton(
        joints=("Hips", *left, *right, head),
        parents=(-1, 0, 1, 2, 0, 4, 5, 0),
        offsets=((9, 9, 9), (1, 0, 0), (0, -3, 0), (0, 0, 4), (-1, 0, 0), (3, -4, 0), (0, -6, 0), (0, 5, 0)),
        end_sites=(EndSite(7, (0, 0, 2)),),
        channels=((), (), channels, (), (), (), (), ()),
    )
    turns = np.tile(np.eye(3), (5, 8, 1, 1))
    return Take("a", Poses(skeleton, np.tile(np.array(skeleton.offsets, dtype=float), (5, 1, 1)), turns, 120.0))


def marked(visible: dict[str, list[int]] | None = None, noise: float = 0.0, only: str = "") -> Take:
    """Return a take of 9 frames with markers at PLACES, seen in all frames but those named."""
    names = tuple(only.split() or PLACES)
    points = np.tile(np.array([PLACES[name] for name in names], dtype=float), (9, 1, 1))
    points += noise * np.random.default_rng(0).normal(size=points.shape)
    seen = np.ones((9, len(names)), dtype=bool)
    for name, frames in (visible or {}).items():
        seen[:, names.index(name)] = np.isin(np.arange(9), frames)
    return Take("a", None, Markers(names, points * seen[..., None], seen, 120.0))


class TestOnASkeleton:
    @pytest.mark.parametrize(
        "names", ["L_Hip, L_Knee, L_Ankle", "lThigh, lShin, lFoot", "LHip, LKnee, LFoot", "LHip, LKnee, LAnkle"]
    )
    def test_a_thigh_is_the_mean_of_left_and_right(self, names: str) -> None:
        assert lengths.measure(legs(names), "thigh") == 4.0

    def test_a_height_is_the_way_along_the_bones_from_ankle_to_tip_of_head(self) -> None:
        assert lengths.measure(legs("lThigh, lShin, lFoot"), "height") == (15 + 19) / 2

    def test_of_one_leg_it_is_that_one(self) -> None:
        assert lengths.measure(legs("lThigh, lShin, lFoot", other=str.maketrans("l", "X")), "thigh") == 3.0

    def test_bones_are_as_long_in_any_pose(self) -> None:
        take = legs("lThigh, lShin, lFoot")
        turned = np.broadcast_to(np.diag([1.0, -1, -1]), take.motion.rotations.shape)

        bent = Take("a", Poses(take.motion.skeleton, take.motion.translations, turned, 120.0))

        assert lengths.measure(bent, "height") == lengths.measure(take, "height")

    def test_a_bone_that_is_moved_by_its_channels_is_as_long_as_they_say_in_most_frames(self) -> None:
        take = legs("lThigh, lShin, lFoot", channels=("Xposition", "Yposition", "Zposition"))
        translations = take.motion.translations.copy()
        translations[1:, 2] = (0, 7, 0)

        moved = Take("a", Poses(take.motion.skeleton, translations, take.motion.rotations, 120.0))

        assert lengths.measure(moved, "thigh") == (7 + 5) / 2

    @pytest.mark.parametrize(
        ("take", "part", "reason"),
        [
            (legs("la, lb, lc"), "thigh", "no thigh to measure"),
            (legs("la, lb, lc"), "height", "no height to measure"),
            (legs("lThigh, lShin, lFoot", head="Top"), "height", "no height to measure"),
        ],
    )
    def test_without_names_that_are_known_nothing_is_measured(self, take: Take, part: str, reason: str) -> None:
        with pytest.raises(ValueError, match=reason):
            lengths.measure(take, part)

    @pytest.mark.parametrize(
        ("file", "thigh", "height"),
        [
            ("cmu-bvh/01_01.bvh", 7.296, 26.576),
            ("cmu-bvh/131_01.bvh", 7.249, 25.186),
            ("other-bvh/cmu-daz_05_20.bvh", 36.827, 156.779),
            ("other-bvh/hdm-8walk.bvh", 16.787, 63.138),
        ],
    )
    def test_recorded_bodies_have_thighs_of_a_quarter_of_their_heights(
        self, real_data: Path, file: str, thigh: float, height: float
    ) -> None:
        take = Take("a", bvh.read_bvh(real_data / file))

        assert lengths.measure(take, "thigh") == pytest.approx(thigh, abs=1e-3)
        assert lengths.measure(take, "height") == pytest.approx(height, abs=1e-3)


class TestBetweenMarkers:
    def test_a_thigh_reaches_from_waist_to_knee(self) -> None:
        assert lengths.measure(marked(), "thigh") == 4.0

    def test_a_height_is_the_sum_of_shin_thigh_trunk_and_neck(self) -> None:
        assert lengths.measure(marked(), "height") == 4 + 4 + 10 + 2

    def test_only_frames_in_which_both_are_visible_count(self) -> None:
        take = marked({"LFWT": [1, 2, 3], "LKNE": [3, 4]})

        assert lengths.measure(take, "thigh") == 4.0

    def test_it_is_the_median_over_frames_which_a_jump_does_not_move(self) -> None:
        take = marked()
        points: Floats = take.markers.positions.copy()
        points[4] += np.arange(5)[:, None] * 1000.0

        jumped = Take("a", None, Markers(take.markers.names, points, take.markers.visible, 120.0))

        assert lengths.measure(jumped, "height") == lengths.measure(take, "height")

    def test_two_that_are_never_visible_at_once_have_no_distance(self) -> None:
        with pytest.raises(ValueError, match="the thigh is never visible"):
            lengths.measure(marked({"LFWT": [1, 2], "LKNE": [3, 4]}), "thigh")

    def test_without_the_markers_nothing_is_measured(self) -> None:
        with pytest.raises(ValueError, match="no thigh to measure"):
            lengths.measure(marked(only="LFWT C7"), "thigh")

    def test_recorded_thighs_are_as_long_as_a_persons(self, real_data: Path) -> None:
        take = Take("a", None, c3d.read_c3d(real_data / "cmu-c3d/01_01.c3d"))

        assert lengths.measure(take, "thigh") == pytest.approx(513, abs=1)
        assert lengths.measure(take, "height") == pytest.approx(1702, abs=1)


class TestAlong:
    def test_chains_of_nodes_or_of_markers_are_measured_instead(self) -> None:
        assert lengths.measure(legs("la, lb, lc"), "thigh", [("la", "lc"), ("Hips", "Head", "Head_Nub")]) == (7 + 7) / 2
        assert lengths.measure(marked(), "height", [("LANK", "LKNE")]) == 4.0

    def test_markers_are_measured_beside_a_skeleton_that_has_no_such_nodes(self) -> None:
        both = Take("a", legs("la, lb, lc").motion, marked().markers)

        assert lengths.measure(both, "thigh", [("LFWT", "LKNE")]) == 4.0

    def test_names_that_are_nowhere_are_said(self) -> None:
        with pytest.raises(ValueError, match=r"^no Nose, Tail$"):
            lengths.measure(legs("la, lb, lc"), "thigh", [("Tail", "Hips"), ("Nose", "la")])

    def test_a_chain_is_of_one_kind(self) -> None:
        both = Take("a", legs("la, lb, lc").motion, marked().markers)

        with pytest.raises(ValueError, match="along names joints and markers in one"):
            lengths.measure(both, "thigh", [("LFWT", "la")])

    def test_ends_that_are_in_one_place_have_no_length(self) -> None:
        with pytest.raises(ValueError, match="the thigh has no length"):
            lengths.measure(legs("la, lb, lc"), "thigh", [("la", "la")])


class TestToKnees:
    def take(self, *names: str) -> Take:
        """Return a take whose left knee is at (10, 6, 9) and whose right knee at (11, 5, 9), and markers about them."""
        skeleton = legs("LeftUpLeg, LeftLeg, LeftFoot").motion
        points = np.zeros((5, len(names), 3))
        points[:, :1], points[:, 1:2] = (13.0, 10.0, 9.0), (11.0, 5.0, 9.0)
        points[3:, 0, 2] += 2.0
        seen = np.ones((5, len(names)), dtype=bool)
        seen[4] = False
        return Take("a", skeleton, Markers(names, points * seen[..., None], seen, 120.0))

    def test_is_the_root_of_the_mean_square_where_a_marker_is_seen(self) -> None:
        assert lengths.to_knees(self.take("LKNE", "RKNE")) == {
            "LKNE": pytest.approx(np.sqrt((3 * 25 + 29) / 4)),
            "RKNE": 0.0,
        }

    def test_is_of_what_is_there(self) -> None:
        assert [*lengths.to_knees(self.take("LKNE", "C7"))] == ["LKNE"]
        assert lengths.to_knees(self.take("C7")) == {}
        assert lengths.to_knees(marked()) == {}
        assert lengths.to_knees(legs("LeftUpLeg, LeftLeg, LeftFoot")) == {}


class TestBySubject:
    def test_is_the_median_of_a_subjects_takes(self) -> None:
        found = lengths.by_subject({"1_1": ("1", 2.0), "1_2": ("1", 9.0), "1_3": ("1", 3.0), "2_1": ("2", 5.0)})

        assert found == {"1_*": 3.0, "2_*": 5.0}

    def test_is_by_key_where_a_pattern_means_others_too_or_not_all(self) -> None:
        found = lengths.by_subject({"1_1": ("1", 2.0), "1_1_a": ("1_1", 4.0), "walk": ("3", 5.0), "[_1": ("[", 6.0)})

        assert found == {"1_1": 2.0, "1_1_*": 4.0, "walk": 5.0, "[_*": 6.0}
