from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.motion.rates import is_rate, rate_of


def test_the_normal_numbers_of_float32_above_zero_are_rates() -> None:
    limits = np.finfo(np.float32)
    assert all(is_rate(float(rate)) for rate in (limits.tiny, 0.5, 29.97, 120, limits.max))


@pytest.mark.parametrize("rate", [0.0, -120.0, 1e-39, 3.5e38, float("inf"), float("nan")])
def test_nothing_else_is_a_rate(rate: float) -> None:
    assert not is_rate(rate)


@pytest.mark.parametrize(
    ("printed", "rate"),
    [
        *(
            (text, 120)
            for text in ("0.0083", ".0083333", "0.00833333", "8.3333e-3", "8.33333E-03", "0.008333333333333333")
        ),
        *((text, 60) for text in ("0.017", "0.0167", "0.016667", "0.01666667", "1.6667e-2")),
        *((text, 30) for text in ("0.033", "0.0333", "0.0333333", "0.03")),
        *((text, 24) for text in ("0.042", "0.0417", "0.041667", "4.1667e-02")),
        *((text, 240) for text in ("0.0042", "0.00417", "0.0041667")),
        ("0.01", 100),
        ("0.008", 125),
        ("0.04", 25),
        ("0.0139", 72),
        ("0.0111", 90),
        ("0.0101", 99),
        ("1", 1),
        ("0.4", 2.5),
        ("2", 0.5),
    ],
)
def test_a_whole_rate_is_meant_whose_frame_time_rounds_to_the_printed_digits(printed: str, rate: float) -> None:
    assert rate_of(printed) == rate


@pytest.mark.parametrize(
    ("printed", "number"),
    [
        ("0.0417083", 24),
        ("0.0417083750417", 24),
        ("0.0333667", 30),
        ("0.03336667", 30),
        ("0.033366700033366704", 30),
        ("0.016683", 60),
        ("0.0166833", 60),
        ("0.00834168", 120),
        ("0.00834167", 120),
        ("8.34167e-3", 120),
        ("0.0041708", 240),
        ("0.0208542", 48),
    ],
)
def test_an_ntsc_rate_is_meant_where_the_digits_are_not_those_of_a_whole_one(printed: str, number: int) -> None:
    assert rate_of(printed) == number * 1000 / 1001


@pytest.mark.parametrize(
    ("printed", "rate"),
    [("0.016666", 60), ("0.0166", 60), ("0.041666", 24), ("0.00166", 600), ("0.0666", 15), ("0.066", 15)],
)
def test_digits_may_be_cut_off(printed: str, rate: float) -> None:
    assert rate_of(printed) == rate


@pytest.mark.parametrize(("printed", "rate"), [("0.033366", 30), ("0.008341", 120)])
def test_digits_of_an_ntsc_rate_may_be_cut_off(printed: str, rate: float) -> None:
    assert rate_of(printed) == rate * 1000 / 1001


@pytest.mark.parametrize("rate", [24, 30, 60, 90, 100, 120, 144, 240])
@pytest.mark.parametrize("form", ["{!r}", "{:.9f}", "{:.10f}", "{:.17f}", "{:.8e}"])
def test_digits_may_be_those_of_float32(rate: int, form: str) -> None:
    assert rate_of(form.format(float(np.float32(1 / rate)))) == rate


@pytest.mark.parametrize("printed", ["0.016669", "0.00833333055", "0.02345", "1e-30", "1e30", "7.7"])
def test_any_other_number_is_taken_as_it_stands(printed: str) -> None:
    assert rate_of(printed) == 1 / float(printed)


@given(st.integers(1, 1000), st.integers(7, 17), st.sampled_from("fe"))
def test_every_whole_rate_comes_back_from_seven_digits_or_more(rate: int, digits: int, form: str) -> None:
    assert rate_of(f"{1 / rate:.{digits}{form}}") == rate


@given(st.sampled_from([24, 30, 48, 60, 72, 90, 120, 240]), st.integers(7, 17), st.sampled_from("fe"))
def test_every_ntsc_rate_comes_back_from_seven_digits_or_more(rate: int, digits: int, form: str) -> None:
    assert rate_of(f"{1001 / rate / 1000:.{digits}{form}}") == rate * 1000 / 1001


@given(st.decimals("1e-6", "1000", places=9))
def test_no_rate_is_further_from_the_number_than_its_last_digit(number: Decimal) -> None:
    rate = rate_of(f"{number:f}")
    assert abs(1 / rate - float(number)) <= 1e-9 + 2e-7 * float(number)
