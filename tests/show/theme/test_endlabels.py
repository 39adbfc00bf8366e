"""Names at line ends do not lie upon one another, keep their order, and stay in the panel while they fit."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from headstart.show.theme.endlabels import apart


@given(st.lists(st.floats(0, 300), min_size=1, max_size=15))
def test_names_stand_apart_in_their_order(places: list[float]) -> None:
    wanted = {str(k): place for k, place in enumerate(places)}
    found = apart(wanted, 16.0, 0.0, 300.0)
    names = sorted(wanted, key=lambda name: (wanted[name], name))
    heights = [found[name] for name in names]
    assert all(b - a >= 16 - 1e-6 for a, b in pairwise(heights))
    assert heights[0] >= -1e-6
    assert heights[-1] <= 300 + 1e-6


def test_who_has_room_stays_where_its_line_ends() -> None:
    assert apart({"a": 20.0, "b": 100.0}, 16.0, 0.0, 300.0) == {"a": 20.0, "b": 100.0}
