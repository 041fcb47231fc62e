"""A generated corpus in the shape of CMU's: bodies that walk, run, jump and turn, written as BVH files.

Nothing here calls the C library's mathematics, whose last bit differs from machine to machine, and random numbers are
``random.Random.random`` seeded by text: the same seed gives the same bytes everywhere. A motion is seeded by its own
subject and number, so it does not change with the size of the corpus.

``corpus`` lists the motions and ``bodies`` who moves. ``perform`` makes the motions out of ``gaits``, by
what ``limbs`` do along ``curves``, and ``write`` puts them into files, as ``text``. ``markers`` are put on the bodies
that move, wherever ``chain`` places their joints.
"""

from __future__ import annotations

from motionprep.sample.bodies import body
from motionprep.sample.corpus import FRAMES, MOTIONS, RATE, SUBJECTS, PlannedMotion, plan_corpus, plan_like_cmu
from motionprep.sample.perform import performance
from motionprep.sample.write import SampleSummary, write_sample

__all__ = [
    "FRAMES",
    "MOTIONS",
    "RATE",
    "SUBJECTS",
    "PlannedMotion",
    "SampleSummary",
    "body",
    "performance",
    "plan_corpus",
    "plan_like_cmu",
    "write_sample",
]
