"""Texts go into a PNG and come out; its pixels are those that were drawn, whatever filter a row has."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from headstart.show.figure.png import SIGNATURE, _chunk, pixels_of, texts_of, with_texts


def png(pixels: np.ndarray, kinds: list[int]) -> bytes:
    """A PNG whose rows are filtered as asked (ISO 15948, 9.2), written by the book."""
    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels).astype(int)
    out = b""
    for y, kind in enumerate(kinds):
        line = bytearray([kind])
        for i, value in enumerate(rows[y]):
            a = rows[y][i - channels] if i >= channels else 0
            b = rows[y - 1][i] if y else 0
            c = rows[y - 1][i - channels] if y and i >= channels else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line.append((value - [0, a, b, (a + b) // 2, paeth][kind]) % 256)
        out += bytes(line)
    header = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(out)) + _chunk(b"IEND", b"")


@pytest.mark.parametrize("channels", [3, 4])
def test_every_filter_is_undone(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (10, 7, channels), np.uint8)
    if channels == 4:
        pixels[..., 3] = 255
    found = pixels_of(png(pixels, [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]))
    np.testing.assert_array_equal(found, pixels[..., :3])


def test_what_is_transparent_lies_on_white() -> None:
    pixels = np.array([[[0, 0, 0, 0], [10, 20, 30, 255], [0, 0, 0, 127]]], np.uint8)
    np.testing.assert_array_equal(pixels_of(png(pixels, [0]))[0], [[255] * 3, [10, 20, 30], [128] * 3])


def test_texts_are_read_back_and_the_picture_stays() -> None:
    plain = png(np.full((2, 2, 3), 7, np.uint8), [0, 1])
    texts = {"Title": "a title", "headstart": '{"a": 1}', "Comment": "σ² 日本"}
    made = with_texts(plain, texts, 11811)
    assert texts_of(made) == texts
    np.testing.assert_array_equal(pixels_of(made), pixels_of(plain))
    assert b"pHYs" + struct.pack(">IIB", 11811, 11811, 1) in made


@pytest.mark.parametrize("content", [b"", b"\x89PNG", SIGNATURE, SIGNATURE + b"\0\0\xff\xfftEXt", b"GIF89a"])
def test_a_broken_file_has_no_texts(content: bytes) -> None:
    assert texts_of(content) == {}
