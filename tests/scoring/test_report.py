"""The page with the error over the frames, read back from what Plotly is handed."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

from motionprep.scoring import report
from motionprep.scoring.scores import FieldScore, MotionScore, Scores

pytest.importorskip("plotly")


def scores_of(*curves):
    """Return scores of one field with these errors frame by frame, a motion each."""
    motions = tuple(
        MotionScore(f"69_{number:02}", "69", ("Hips",), {}, {}, np.array(curve, dtype=np.float64))
        for number, curve in enumerate(curves, start=1)
    )
    return Scores(1, 1, 0.1, (FieldScore("positions[Hips]", "ed", motions),))


def figure_of(path):
    """Return the traces and the layout that are in a page."""
    text = path.read_text(encoding="utf-8")
    found = re.search(r'Plotly\.newPlot\(\s*"frames",\s*(\[.*?\]),\s*(\{.*?\}),\s*\{"responsive"', text, re.DOTALL)
    return json.loads(found[1]), json.loads(found[2])


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Return a function that draws scores and returns the curve: places, errors, words."""

    def draw(*curves, most=8000):
        monkeypatch.setattr(report, "_MOST_POINTS", most)
        report.plot_frames(scores_of(*curves), tmp_path / "frames.html")
        (trace,), _ = figure_of(tmp_path / "frames.html")
        return trace

    return draw


def values(part):
    """Return a list of numbers that Plotly may have packed."""
    if isinstance(part, dict):
        part = np.frombuffer(base64.b64decode(part["bdata"]), part["dtype"]).tolist()
    return [None if one is None or np.isnan(one) else one for one in part]


def test_motions_follow_each_other_with_a_gap_between(drawn):
    trace = drawn([1, 2, 3], [5, 6])
    assert values(trace["y"]) == [1, 2, 3, None, 5, 6, None]
    assert values(trace["x"]) == [0, 1, 2, 2.5, 3, 4, 4.5]
    assert trace["text"][:2] + trace["text"][4:6] == [
        "69_01 frame 0",
        "69_01 frame 1",
        "69_02 frame 0",
        "69_02 frame 1",
    ]


def test_frames_without_a_prediction_leave_a_gap(drawn):
    assert values(drawn([1, np.nan, 3])["y"])[:3] == [1, None, 3]


def test_of_many_frames_each_point_is_the_mean_of_a_few_of_one_motion(drawn):
    trace = drawn([1, 3, 5, 7, 9], [20, 40], most=4)
    assert values(trace["y"]) == [2, 6, 9, None, 30, None]
    assert values(trace["x"])[4] == 5


def test_the_page_needs_no_network(drawn, tmp_path):
    drawn([1, 2])
    assert not re.search(r'<script[^>]*src="http', (tmp_path / "frames.html").read_text(encoding="utf-8"))


def test_nothing_is_left_beside_the_page(drawn, tmp_path):
    drawn([1, 2])
    assert [path.name for path in tmp_path.iterdir()] == ["frames.html"]
