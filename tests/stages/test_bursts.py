from __future__ import annotations

import numpy as np
import pytest

from motionprep.stages.base import Dropped
from motionprep.stages.bursts import Bursts


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def gaps(visible: np.ndarray) -> np.ndarray:
    """Return the lengths of a marker's gaps (F,) that neither begin nor end the take."""
    turns = np.flatnonzero(np.diff(visible.astype(int)))
    starts, stops = turns[visible[turns]], turns[~visible[turns]]
    stops = stops[stops > starts[0]]
    return stops - starts[: len(stops)]


@pytest.mark.parametrize("law", ["geometric", "lognormal"])
def test_the_share_that_is_asked_for_is_hidden_of_what_is_visible(law: str, make_take) -> None:
    take = make_take(200_000, markers=True)

    seen = Bursts(share=0.2, length=0.1, law=law).apply(take, rng()).corrupt.visible[take.markers.visible]

    assert 1 - seen.mean() == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("law", ["geometric", "lognormal"])
@pytest.mark.parametrize(("rate", "frames"), [(120.0, 24), (60.0, 12)])
def test_gaps_last_as_many_seconds_as_is_asked_for(law: str, rate: float, frames: int, make_take) -> None:
    take = make_take(400_000, rate=rate, markers=True)
    hidden = Bursts(share=0.2, length=0.2, law=law, spread=0.7).apply(take, rng()).corrupt.visible[:, 0]
    # Every fifth sample is not visible in the take itself; a gap is seen at the others.
    seen = hidden | ~take.markers.visible[:, 0]

    lengths = gaps(seen[take.markers.visible[:, 0]])

    assert lengths.mean() == pytest.approx(frames * 0.8, rel=0.08)


def test_laws_differ_in_their_spread(make_take) -> None:
    take = make_take(400_000, markers=True)

    def spread(stage: Bursts) -> float:
        seen = stage.apply(take, rng()).corrupt.visible[:, 0][take.markers.visible[:, 0]]
        return float(np.log(gaps(seen)).std())

    assert spread(Bursts(length=1.0, law="lognormal", spread=0.5)) == pytest.approx(0.5, abs=0.05)
    assert spread(Bursts(length=1.0, law="lognormal", spread=1.0)) == pytest.approx(1.0, abs=0.1)


def test_a_gap_is_never_shorter_than_a_frame(make_take) -> None:
    take = make_take(20_000, markers=True)

    seen = Bursts(share=0.2, length=1e-6).apply(take, rng()).corrupt.visible[take.markers.visible]

    assert 1 - seen.mean() == pytest.approx(0.2, abs=0.01)


def test_clean_markers_stay(make_take) -> None:
    take = make_take(markers=True)

    assert Bursts().apply(take, rng()).markers is take.markers


def test_a_take_without_markers_is_dropped(make_take) -> None:
    assert Bursts().apply(make_take(), rng()) == Dropped("bursts: no markers")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"share": 0.0}, "share is 0.0; it must be above 0 and at most 0.5"),
        ({"share": 0.6}, "share is 0.6; it must be above 0 and at most 0.5"),
        ({"length": 0.0}, "length is 0.0; it must be above 0"),
        ({"length": float("inf")}, "length is inf; it must be above 0"),
        ({"law": "normal"}, "law is 'normal'; it is 'geometric' or 'lognormal'"),
        ({"spread": 4.0}, "spread is 4.0; it must be above 0 and at most 3"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong, message) -> None:
    with pytest.raises(ValueError, match=r"share|length|law|spread") as error:
        Bursts(**wrong)

    assert str(error.value) == message
