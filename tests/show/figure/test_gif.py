"""A GIF is decoded, by the book, to the frames that went in."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.show.figure.gif import comment_of, gif


def codes_to_bytes(data: bytes) -> list[int]:
    """Variable-width LZW with 8-bit roots (GIF89a, appendix F)."""
    bits = int.from_bytes(data, "little")
    at, width, out = 0, 9, []
    table: list[tuple[int, ...]] = []
    before: tuple[int, ...] | None = None
    while True:
        code = (bits >> at) & ((1 << width) - 1)
        at += width
        if code == 256:
            table, width, before = [(k,) for k in range(256)] + [(), ()], 9, None
            continue
        if code == 257:
            return out
        entry = table[code] if code < len(table) else (*before, before[0])  # type: ignore[misc]
        if before is not None and len(table) < 4096:
            table.append((*before, entry[0]))
            if len(table) == 1 << width and width < 12:
                width += 1
        out += entry
        before = entry


def frames_of(content: bytes) -> list[np.ndarray]:
    """The pictures that a reader shows one after the other."""
    width, height = int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")
    palette = np.frombuffer(content[13 : 13 + 768], np.uint8).reshape(256, 3)
    canvas, found, at = np.zeros((height, width, 3), np.uint8), [], 13 + 768
    while content[at] != 0x3B:
        if content[at] == 0x21:
            at += 2
        else:
            left, top, wide, high = (int.from_bytes(content[at + k : at + k + 2], "little") for k in (1, 3, 5, 7))
            at += 11
            data, end = b"", at
            while content[end]:
                data += content[end + 1 : end + 1 + content[end]]
                end += 1 + content[end]
            indices = np.array(codes_to_bytes(data)).reshape(high, wide)
            part = canvas[top : top + high, left : left + wide]
            part[indices != 255] = palette[indices[indices != 255]]
            found.append(canvas.copy())
            at = end + 1
            continue
        while content[at]:
            at += 1 + content[at]
        at += 1
    return found


def moving(frames: int, side: int = 24) -> list[np.ndarray]:
    pictures = []
    for k in range(frames):
        picture = np.full((side, side + 7, 3), 255, np.uint8)
        picture[k : k + 5, 2 * k : 2 * k + 6] = (213, 94, 0)
        picture[-3:, :] = (0, 114, 178)
        pictures.append(picture)
    return pictures


def test_frames_of_few_colours_come_back_as_they_were() -> None:
    made = moving(5)
    found = frames_of(gif(made, [20] * 5))
    for before, after in zip(made, found, strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_frame_like_the_one_before_is_kept() -> None:
    made = moving(1) * 3
    assert [np.array_equal(frame, made[0]) for frame in frames_of(gif(made, [20] * 3))] == [True] * 3


@pytest.mark.parametrize("side", [90, 170])  # the table of codes is full once, and several times
def test_noise_fills_the_table_of_codes_and_comes_back(side: int) -> None:
    noise = np.random.default_rng(1).integers(0, 4, (side, side)).astype(np.uint8) * 60
    picture = np.stack([noise, noise[::-1], noise.T], axis=-1)
    (found,) = frames_of(gif([picture], [10]))
    np.testing.assert_array_equal(found, picture)


def test_many_colours_are_replaced_by_near_ones() -> None:
    ramp = np.arange(128, dtype=np.uint8)
    picture = np.stack([*np.meshgrid(ramp, ramp), np.zeros((128, 128), np.uint8)], axis=-1).astype(np.uint8)
    (found,) = frames_of(gif([picture], [10]))
    off = np.abs(found.astype(int) - picture.astype(int)).max(axis=-1)
    assert off.mean() < 8
    assert len(np.unique(found.reshape(-1, 3), axis=0)) <= 255


def test_the_comment_is_read_back() -> None:
    text = '{"command":"headstart compare"}' * 20
    assert comment_of(gif(moving(2), [1, 1], text)) == text
    assert comment_of(gif(moving(2), [1, 1])) == ""
