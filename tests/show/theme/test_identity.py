"""A scheme looks the same in every picture, and two schemes are told apart: by every eye, and in grey."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest

from headstart.show.theme.identity import OWN, scheme_styles, text_colour
from headstart.show.theme.palette import DARK, PAPER, SCHEME_COLOURS, TEXT_COLOURS, TEXT_ON_DARK

KNOWN = ["zeros", "normal(10)", "normal(0.01)", "xavier", "he", "orthogonal", "glorot"]
TWELVE = [*KNOWN, "he*1.3", "uniform(1)", "lecun", "ones", "normal(1)"]
# Machado, Oliveira and Fernandes 2009: what who lacks one kind of cones sees, on linear RGB
SEEN = {
    "all cones": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}  # fmt: skip
APART = 15.0  # CIE 1976: a difference of 2.3 is just noticed side by side; lines lie far from one another


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(colour: str, eye: str) -> np.ndarray:
    """CIE L*a*b* (D65) of a colour as an eye sees it."""
    rgb = np.clip(SEEN[eye] @ linear(colour), 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def alike(names: list[str], eye: str) -> list[tuple[str, str]]:
    """Pairs that neither colour nor line style tells apart."""
    styles = scheme_styles(names)
    return [
        (a, b)
        for a, b in combinations(names, 2)
        if styles[a][1] == styles[b][1] and np.linalg.norm(lab(styles[a][0], eye) - lab(styles[b][0], eye)) < APART
    ]


@pytest.mark.parametrize("eye", SEEN)
def test_twelve_schemes_are_told_apart_by_every_eye(eye: str) -> None:
    assert alike(TWELVE, eye) == []


def test_the_check_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Green and orange of one lightness, both solid: what a reader without green cones takes for one."""
    pair = {"a": ("#D55E00", (1, 0)), "b": ("#8A8A00", (1, 0))}
    monkeypatch.setitem(globals(), "scheme_styles", lambda names: pair)
    assert alike(["a", "b"], "all cones") == []
    assert alike(["a", "b"], "deuteranopia") == [("a", "b")]


def test_in_any_order_a_scheme_keeps_its_style() -> None:
    styles, names = scheme_styles(TWELVE), list(TWELVE)
    for turn in range(5):
        random.Random(turn).shuffle(names)
        assert scheme_styles(names) == styles
    for known in KNOWN:
        assert scheme_styles([known, "ones"])[known] == styles[known] == scheme_styles([known])[known]
    assert styles["he"][0] == "#0072B2"  # blue


def test_no_two_schemes_share_colour_and_dash() -> None:
    names = [f"normal({k})" for k in range(40)]
    assert len(set(scheme_styles(names).values())) == 40
    assert set(OWN.values()) <= set(range(len(SCHEME_COLOURS)))


def test_names_are_dark_enough_on_white_and_bright_enough_on_dark() -> None:
    def contrast(one: str, other: str) -> float:
        light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    assert min(contrast(colour, PAPER) for colour in TEXT_COLOURS) >= 4.5
    assert min(contrast(colour, DARK[PAPER]) for colour in TEXT_ON_DARK) >= 4.5
    assert text_colour(SCHEME_COLOURS[4]) == TEXT_COLOURS[4]
    assert contrast(SCHEME_COLOURS[2], PAPER) < 3  # a line's colour alone is not enough for its name
