"""Who is who in a picture: a scheme has its colour and its line style wherever it stands, in whatever order.

He is blue in every picture. A scheme that has no colour of its own gets one that is free, by its name and not by its
place; where colours run out, line styles tell two of one colour apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from headstart.show.theme.palette import SCHEME_COLOURS, TEXT_COLOURS

Style = tuple[str, tuple[int, ...]]  # colour, and the lengths of line and gap

# place in the palette of the schemes that lectures show; the rest is free for others
OWN = {"zeros": 0, "normal(10)": 1, "normal(0.01)": 2, "xavier": 3, "lecun": 3, "he": 4, "orthogonal": 5, "glorot": 6}
FREE = (7, 8, 5, 6, 1, 3, 2, 0, 4)  # which places others take first: those that belong to nobody
# lengths of line and gap, in the order of the colours; zeros and he are solid, and differ in lightness
PATTERNS = (
    (1, 0), (8, 3), (2, 3), (10, 3, 2, 3), (1, 0), (5, 2), (14, 4), (8, 2, 2, 2, 2, 2), (4, 6),
    (16, 3, 3, 3), (1, 2), (6, 6), (3, 2, 8, 2), (12, 2), (2, 6), (5, 2, 5, 6), (20, 4, 2, 4), (3, 3, 3, 8),
)  # fmt: skip


def scheme_styles(names: Sequence[str]) -> dict[str, Style]:
    """Scheme -> colour and dash. The same set of names gives the same styles in any order.

    >>> scheme_styles(["zeros", "he"])["he"] == scheme_styles(["he", "xavier", "he*1.3"])["he"]
    True
    """
    places: dict[str, int] = {}
    for name, place in OWN.items():
        if name in names and place not in places.values():
            places[name] = place
    taken = set(places.values())
    for name in sorted(set(names) - set(places)):
        places[name] = _free_place(name, taken)
        taken.add(places[name])
    return {name: _style(places[name]) for name in names}


def text_colour(colour: str) -> str:
    """A scheme's colour as text, dark enough to be read on white."""
    return TEXT_COLOURS[SCHEME_COLOURS.index(colour)]


def _free_place(name: str, taken: set[int]) -> int:
    """A place beyond the colours stands for one of them with another line style."""
    ours = [place for place in FREE[:2] if place not in taken]
    if ours:
        return ours[crc32(name.encode()) % len(ours)]
    for turn in range(len(taken) + 1):
        free = [place + len(FREE) * turn for place in FREE if place + len(FREE) * turn not in taken]
        if free:
            return free[0]
    raise AssertionError("there are more places than names")


def _style(place: int) -> Style:
    return SCHEME_COLOURS[place % len(SCHEME_COLOURS)], PATTERNS[(place + place // len(PATTERNS)) % len(PATTERNS)]
