"""Plain data: whatever it holds, strict JSON can write it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.words import plain

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(), inner)
    ),
)  # fmt: skip


@given(NESTED)
def test_it_survives_json_as_it_is(value: object) -> None:
    once = plain(value)
    assert json.loads(json.dumps(once, allow_nan=False)) == once
    assert plain(once) == once


@pytest.mark.parametrize(("value", "text"), [(math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan")])
def test_each_number_that_json_lacks_has_its_word_at_any_depth(value: float, text: str) -> None:
    assert plain(value) == text
    assert plain({"a": [1.5, (value, {"b": value})]}) == {"a": [1.5, [text, {"b": text}]]}


def test_what_json_has_stays_what_it_is() -> None:
    for value in (None, True, False, 0, -3, 2**70, 1e308, -0.0, "inf"):
        assert plain(value) is value
