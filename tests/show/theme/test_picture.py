"""Pixels: what goes into a picture is what is seen, and colours between two stops are between theirs."""

from __future__ import annotations

import numpy as np
from png_pixels import pixels

from headstart.show.theme.picture import data_uri, gradient


def test_a_picture_holds_its_pixels_row_by_row() -> None:
    drawn = np.random.default_rng(0).integers(0, 256, (5, 7, 4), np.uint8)
    assert np.array_equal(pixels(data_uri(drawn)), drawn)
    assert np.array_equal(pixels(data_uri(drawn[::-1, ::2])), drawn[::-1, ::2])


def test_a_gradient_has_its_colours_at_the_stops_and_mixes_between() -> None:
    stops, colours = np.array([0.0, 1.0, 3.0]), ["#102030", "#304050", "#F0C000"]
    values = np.array([[-9.0, 0.0, 0.5], [1.0, 1.5, 7.0]])
    assert gradient(values, stops, colours).tolist() == [
        [[0x10, 0x20, 0x30, 255], [0x10, 0x20, 0x30, 255], [0x20, 0x30, 0x40, 255]],
        [[0x30, 0x40, 0x50, 255], [0x60, 0x60, 0x3C, 255], [0xF0, 0xC0, 0x00, 255]],
    ]
