"""Contacts are stored as a feature, and follow what is done to the body."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep.formats.bvh import read_bvh
from motionprep.motion.motion import Motion
from motionprep.motion.take import Take
from motionprep.stages.base import Dropped
from motionprep.stages.contacts import Contacts
from motionprep.stages.mirror import Mirror

RNG = np.random.default_rng(0)
RECIPE = {
    "stages": [
        {"stage": "trim", "t_pose": 1},
        {"stage": "contacts"},
        {"stage": "features", "arrays": ["positions", "contacts"]},
    ]
}


def contacts(motion: Motion, **settings: object) -> Take:
    take = Contacts(**settings).apply(Take("a", motion), RNG)  # type: ignore[arg-type]
    assert isinstance(take, Take)
    return take


@pytest.fixture(scope="module")
def walk(real_data: Path) -> Motion:
    motion = read_bvh(real_data / "cmu-bvh" / "12_01.bvh")
    return motion.at(range(13, motion.frames))


def test_feet_take_turns_in_a_walk(walk: Motion) -> None:
    take = contacts(walk)
    found = take.arrays["contacts"]

    assert found.shape == (walk.frames, 4)
    assert found.dtype == bool
    assert 0.3 < found[:, :2].any(axis=1).mean() < 0.9
    assert 0.3 < found[:, 2:].any(axis=1).mean() < 0.9
    assert take.facts["contact_share"] > 0.9
    assert abs(float(take.facts["floor"])) < 1.0


def test_contacts_at_a_lower_rate_are_nearly_the_same(walk: Motion) -> None:
    every = contacts(walk).arrays["contacts"][::4]
    fewer = contacts(walk.at(range(0, walk.frames, 4))).arrays["contacts"]

    assert (every == fewer).mean() > 0.93


def test_published_methods_have_their_own_thresholds(walk: Motion) -> None:
    for method, most in (("humanml3d", 0.002), ("lafan1", 0.02)):
        ankle = walk.positions()[:, walk.skeleton.nodes.index("LeftFoot")]
        expected = (np.diff(ankle, axis=0) ** 2).sum(axis=1) < most
        np.testing.assert_array_equal(contacts(walk, method=method).arrays["contacts"][:-1, 0], expected)


@pytest.mark.parametrize("settings", [{"method": "lafan"}, {"up": "w"}, {"speed": 0.2}, {"height": 0}])
def test_settings_that_cannot_be_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        Contacts(**settings)  # type: ignore[arg-type]


def test_a_body_without_known_feet_is_dropped(make_take) -> None:
    assert isinstance(Contacts().apply(make_take(), RNG), Dropped)


def test_contacts_are_stored_read_and_named(corpus: Path, tmp_path: Path) -> None:
    motionprep.build(corpus, tmp_path / "out", recipe=RECIPE)
    dataset = motionprep.open(tmp_path / "out")
    motion = dataset["train"][dataset["train"].rows[0]["key"]]

    assert motion["contacts"].shape == (motion["positions"].shape[0], 4)
    assert motion["contacts"].dtype == bool
    assert motion.names("contacts") == ("left_ankle", "left_toe", "right_ankle", "right_toe")
    window = dataset["train"].windows(10, features=["contacts", "contacts[left_toe]"])[0]
    assert window["contacts"].shape == (10, 4)


def test_a_mirrored_window_has_left_and_right_exchanged(corpus: Path, tmp_path: Path) -> None:
    motionprep.build(corpus, tmp_path / "out", recipe=RECIPE)
    split = motionprep.open(tmp_path / "out")["train"]
    motion = split[split.rows[0]["key"]]
    batch = {name: np.asarray(motion[name])[None] for name in ("positions", "contacts")}
    changed = motionprep.augment(batch, Mirror(chance=1), np.random.default_rng(0), nodes=motion.skeleton.nodes)

    np.testing.assert_array_equal(changed["contacts"], batch["contacts"][..., [2, 3, 0, 1]])
