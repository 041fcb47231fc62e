from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.reporting.page import Section, as_json, figure, page, table

HOSTILE = "</script><script>alert('x')</script><!-- \" & \u2028"


def a_page(**words: object) -> str:
    given = {"kind": "k", "title": "t", "lead": "l", "footer": "f", "data": {"takes": [], "findings": []}} | words
    return page(**given).decode("utf-8")


def policy_of(text: str) -> str:
    return re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]


def test_the_policy_names_each_script_of_the_page_and_allows_nothing_else() -> None:
    text = a_page()
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in scripts}
    rules = dict(rule.strip().split(" ", 1) for rule in policy_of(text).split(";"))

    assert set(rules["script-src"].split()) == hashes
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"


def test_a_page_without_a_player_runs_no_script() -> None:
    text = a_page(data=None)

    assert "script-src 'none'" in policy_of(text)
    assert "<script>" not in text


def test_the_page_names_no_address_that_could_be_requested() -> None:
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", a_page())
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|eval\(|new Function|innerHTML", a_page())


@pytest.mark.parametrize("word", ["kind", "title", "lead", "footer"])
def test_words_are_escaped(word: str) -> None:
    assert "<script>alert" not in a_page(**{word: HOSTILE})


def test_cells_and_captions_are_escaped() -> None:
    html = table([HOSTILE], [[HOSTILE]]) + figure(HOSTILE, "<svg></svg>", HOSTILE) + str(Section("a", HOSTILE, ""))

    assert "<script>" not in html


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_data_come_back_from_the_page_as_they_were(value: object) -> None:
    text = as_json({"value": value, "more": HOSTILE})

    assert json.loads(text) == {"value": value, "more": HOSTILE}
    assert not re.search("[<>&\u2028\u2029]", text)


def test_the_same_data_give_the_same_page() -> None:
    assert a_page() == a_page()
