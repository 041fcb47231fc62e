from __future__ import annotations

import re

import numpy as np
import pytest

from motionprep import MotionPrepError
from motionprep.reporting import charts

pytest.importorskip("matplotlib", reason="pip install matplotlib")


def test_the_parts_of_a_histogram_count_its_values() -> None:
    svg = charts.histogram("a", {"train": [0, 0, 1, 10], "test": [10]}, "seconds")

    counts = [int(one) for one in re.findall(r"<title>[^<]* seconds: (\d+) motions</title>", svg)]
    assert (sum(counts), counts[0], counts[-1]) == (5, 3, 2)


def test_a_histogram_of_one_value_that_all_have_is_drawn() -> None:
    assert "4 motions" in charts.histogram("a", {"motions": [3, 3, 3, 3]}, "seconds")


def test_each_number_of_a_frame_says_its_mean_and_deviation_in_each_split() -> None:
    svg = charts.bands(
        "a", {"train": ([1, 2], [0.5, 1]), "test": ([3, 4], [0, 0])}, ["Hips x", "Hips y"], {"x": 1, "y": 1}
    )

    assert "<title>Hips x: train 1 ± 0.5; test 3 ± 0</title>" in svg
    assert "<title>Hips y: train 2 ± 1; test 4 ± 0</title>" in svg


def test_colours_are_those_of_the_page_and_text_is_text() -> None:
    svg = charts.bars("a", ["LFHD"], [0.25], "of the frames")

    assert "var(--marker)" in svg
    assert ">LFHD</text>" in svg
    assert not re.search("#0101", svg)


@pytest.mark.parametrize("name", ["<script>x</script>", "$\\frac{1}{2}$", "a & b", '"'])
def test_names_are_drawn_as_they_are(name: str) -> None:
    shares = np.array([[0.0, 0.5, 1.0]])
    svg = charts.heat("a", [name], shares, "of the motion")
    shown = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    assert f">{shown}</text>" in svg
    assert "<script>" not in svg


def test_the_same_values_give_the_same_bytes() -> None:
    drawn = [charts.curve("a", [0, 1, 2], [1, 2, np.nan], "ED", [(0, 3, "69_01", "words")]) for _ in range(2)]

    assert drawn[0] == drawn[1]


def test_two_charts_on_a_page_do_not_share_an_id() -> None:
    one, other = (charts.bars(name, ["a", "b"], [0.1, 0.2], "share") for name in ("one", "other"))
    clips = [set(re.findall(r'<clipPath id="([^"]*)"', svg)) for svg in (one, other)]

    assert not clips[0] & clips[1]


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(MotionPrepError, match="pip install matplotlib"):
        charts.need_matplotlib()
