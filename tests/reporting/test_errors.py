"""The page with the error over the frames: the curve, and what the page shows of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motionprep.reporting.errors import curve_of, plot_frames
from motionprep.scoring.scores import FieldScore, MotionScore, Scores

pytest.importorskip("matplotlib", reason="pip install matplotlib")
Values = list[float | None]


def scores_of(*curves: list[float], names: tuple[str, ...] = ("69_01", "69_02")) -> Scores:
    """Return scores of one field with these errors frame by frame, a motion each."""
    motions = tuple(
        MotionScore(name, "69", ("Hips",), {}, {}, np.array(curve, dtype=np.float64))
        for name, curve in zip(names, curves, strict=False)
    )
    return Scores(1, 1, 0.1, (FieldScore("positions[Hips]", "ed", motions),))


def values(array: np.ndarray) -> Values:
    return [None if np.isnan(one) else float(one) for one in array]


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes the page of some curves and returns it."""

    def draw(*curves: list[float], **options: tuple[str, ...]) -> str:
        plot_frames(scores_of(*curves, **options), tmp_path / "frames.html")
        return (tmp_path / "frames.html").read_text(encoding="utf-8")

    return draw


def test_motions_follow_each_other_with_a_gap_between() -> None:
    at, curve = curve_of(scores_of([1, 2, 3], [5, 6]).fields[0])

    assert values(curve) == [1, 2, 3, None, 5, 6, None]
    assert values(at) == [0, 1, 2, 2.5, 3, 4, 4.5]


def test_frames_without_a_prediction_leave_a_gap() -> None:
    assert values(curve_of(scores_of([1, np.nan, 3]).fields[0])[1])[:3] == [1, None, 3]


def test_of_many_frames_each_point_is_the_mean_of_a_few_of_one_motion() -> None:
    at, curve = curve_of(scores_of([1, 3, 5, 7, 9], [20, 40]).fields[0], most=4)

    assert values(curve) == [2, 6, 9, None, 30, None]
    assert values(at)[4] == 5


def test_a_motion_that_is_pointed_at_says_its_mean_and_its_worst_frame(drawn: Callable[..., str]) -> None:
    assert "<title>69_01: mean 2, largest 3 at frame 2 of 3</title>" in drawn([1, 2, 3], [5, 6])


def test_a_motion_without_any_prediction_is_named(drawn: Callable[..., str]) -> None:
    assert "<title>69_02: no prediction</title>" in drawn([1, 2, 3], [np.nan, np.nan])


def test_names_of_motions_are_text(drawn: Callable[..., str]) -> None:
    page = drawn([1, 2], names=("<script>alert(1)</script>$x$",))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;$x$: mean" in page


def test_nothing_is_left_beside_the_page(drawn: Callable[..., str], tmp_path: Path) -> None:
    drawn([1, 2])

    assert [path.name for path in tmp_path.iterdir()] == ["frames.html"]
