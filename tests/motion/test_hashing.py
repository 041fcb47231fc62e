from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.motion import hashing

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text('aé\n"\\'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abü", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_canonical_json_has_sorted_keys_no_blanks_and_plain_letters() -> None:
    assert hashing.canonical({"b": [1, 2.5], "a": "é"}) == '{"a":"é","b":[1,2.5]}'.encode()


@settings(deadline=None, max_examples=50)
@given(JSON)
def test_canonical_json_says_what_it_was_made_of(value: object) -> None:
    assert json.loads(hashing.canonical(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_numbers_that_json_cannot_say_have_no_key(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        hashing.key(value)


def test_values_that_json_cannot_say_have_no_key() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        hashing.key({"a": {1, 2}})


def test_a_digest_is_the_sha256_in_hexadecimal() -> None:
    assert hashing.digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_key_is_the_beginning_of_the_digest_of_canonical_json() -> None:
    assert hashing.key({"b": 1, "a": 2}, length=12) == hashlib.sha256(b'{"a":2,"b":1}').hexdigest()[:12]


def test_a_key_has_32_digits_if_not_asked_otherwise() -> None:
    assert len(hashing.key([])) == 32
