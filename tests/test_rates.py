from __future__ import annotations

import numpy as np
import pytest

from motionprep.rates import is_rate


def test_the_normal_numbers_of_float32_above_zero_are_rates() -> None:
    limits = np.finfo(np.float32)
    assert all(is_rate(float(rate)) for rate in (limits.tiny, 0.5, 29.97, 120, limits.max))


@pytest.mark.parametrize("rate", [0.0, -120.0, 1e-39, 3.5e38, float("inf"), float("nan")])
def test_nothing_else_is_a_rate(rate: float) -> None:
    assert not is_rate(rate)
