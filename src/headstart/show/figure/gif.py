"""Frames as a GIF (GIF89a, 1990), the one moving picture that every program shows.

Charts have few colours, and little changes from frame to frame: one palette serves all frames, and a frame holds the
rectangle that changed, transparent where nothing did.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COLOURS = 255  # and one that stands for "as before"
KEPT = 255
_CLEAR, _STOP = 256, 257  # codes of a palette of 256
_MOST_CODES = 4096

Pixels = NDArray[np.uint8]  # (rows, columns, 3)


def gif(frames: Sequence[Pixels], hundredths: Sequence[int], comment: str = "") -> bytes:
    """An animation that begins again for ever.

    Args:
        frames: pictures of one size.
        hundredths: of a second, that each stands.
        comment: ASCII; the format's own place for where a picture came from.
    """
    height, width, _ = frames[0].shape
    palette, indexed = _indexed(frames)
    content = [b"GIF89a", struct.pack("<HHBBB", width, height, 0b11110111, 0, 0), _table(palette)]
    content.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
    if comment:
        content.append(b"\x21\xfe" + _blocks(comment.encode("ascii", "backslashreplace")))
    before: NDArray[np.uint8] | None = None
    for picture, wait in zip(indexed, hundredths, strict=True):
        content.append(_frame(picture, before, wait))
        before = picture
    return b"".join([*content, b"\x3b"])


def comment_of(content: bytes) -> str:
    """The first comment of a GIF; nothing where it has none."""
    at = content.find(b"\x21\xfe")
    found = b""
    at += 2
    while at >= 2 and at < len(content) and content[at]:
        found += content[at + 1 : at + 1 + content[at]]
        at += 1 + content[at]
    return found.decode("ascii", "replace")


def _indexed(frames: Sequence[Pixels]) -> tuple[Pixels, list[NDArray[np.uint8]]]:
    """The palette (colours, 3), and every frame in it."""
    packed = [(f[..., 0].astype(np.uint32) << 16) | (f[..., 1].astype(np.uint32) << 8) | f[..., 2] for f in frames]
    known, counts = np.unique(np.concatenate([np.unique(p) for p in packed]), return_counts=True)
    counts = np.zeros(len(known), np.int64)
    for picture in packed:
        found, often = np.unique(picture, return_counts=True)
        counts[np.searchsorted(known, found)] += often
    colours = np.stack([known >> 16, (known >> 8) & 255, known & 255], axis=-1).astype(np.int32)
    palette = _palette(colours, counts)
    nearest = np.empty(len(known), np.uint8)
    for start in range(0, len(known), 4096):
        part = colours[start : start + 4096, None, :] - palette[None, :, :].astype(np.int32)
        nearest[start : start + 4096] = (part**2).sum(axis=2).argmin(axis=1)
    return palette, [nearest[np.searchsorted(known, picture)] for picture in packed]


def _palette(colours: NDArray[np.int32], counts: NDArray[np.int64]) -> Pixels:
    """The colours that stand for all: each the most frequent of those that look alike."""
    if len(colours) <= COLOURS:
        return colours.astype(np.uint8)
    for bits in (2, 3, 4, 5):  # coarser and coarser
        cells = (colours >> bits) @ np.array([1 << 16, 1 << 8, 1])
        order = np.lexsort((-counts, cells))
        first = np.r_[True, np.diff(cells[order]) != 0]
        of_cell = np.cumsum(first) - 1
        weights = np.bincount(of_cell, counts[order])
        if len(weights) <= 4 * COLOURS or bits == 5:
            most = np.argsort(-weights, kind="stable")[:COLOURS]
            return colours[order][first][most].astype(np.uint8)
    raise AssertionError("the last turn returns")


def _table(palette: Pixels) -> bytes:
    return palette.tobytes() + bytes(3 * (256 - len(palette)))


def _frame(picture: NDArray[np.uint8], before: NDArray[np.uint8] | None, wait: int) -> bytes:
    top, left, (height, width) = 0, 0, picture.shape
    if before is not None:
        changed = picture != before
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        if not len(rows):
            rows, columns = np.array([0]), np.array([0])
        top, left = int(rows[0]), int(columns[0])
        height, width = int(rows[-1]) - top + 1, int(columns[-1]) - left + 1
        part = (slice(top, top + height), slice(left, left + width))
        picture = np.where(changed[part], picture[part], KEPT)
    control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, 0b00000101, wait, KEPT, 0)
    place = struct.pack("<BHHHHB", 0x2C, left, top, width, height, 0)
    return control + place + b"\x08" + _blocks(_lzw(picture.tobytes()))


def _lzw(values: bytes) -> bytes:
    """Codes of growing width for sequences seen before (Welch 1984), the least significant bit first."""
    out, bits, filled, width = bytearray(), 0, 0, 9
    table: dict[int, int] = {}
    code_of_next = _STOP + 1
    bits, filled = _CLEAR, 9
    current = values[0]
    for value in values[1:]:
        key = (current << 8) | value
        found = table.get(key)
        if found is not None:
            current = found
            continue
        bits |= current << filled
        filled += width
        while filled >= 8:
            out.append(bits & 255)
            bits >>= 8
            filled -= 8
        if code_of_next < _MOST_CODES:
            table[key] = code_of_next
            if code_of_next == 1 << width and width < 12:
                width += 1
            code_of_next += 1
        else:
            bits |= _CLEAR << filled
            filled += width
            table.clear()
            code_of_next, width = _STOP + 1, 9
        current = value
    bits |= current << filled
    filled += width
    if code_of_next == 1 << width and width < 12:  # what a reader adds when it has seen that code
        width += 1
    bits |= _STOP << filled
    filled += width
    while filled > 0:
        out.append(bits & 255)
        bits >>= 8
        filled -= 8
    return bytes(out)


def _blocks(content: bytes) -> bytes:
    pieces = [content[start : start + 255] for start in range(0, len(content), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"
