"""PNG (ISO 15948): texts put into one and read from one, and its pixels."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}  # colour type -> channels, of those that charts are drawn in


def with_texts(png: bytes, texts: Mapping[str, str], pixels_per_metre: int | None = None) -> bytes:
    """The same picture with texts (iTXt, or tEXt where they are ASCII), and the size it is meant to have.

    Args:
        png: the file.
        texts: keyword of 1 to 79 characters -> text.
        pixels_per_metre: dots per inch in the format's unit.
    """
    first, *rest = _chunks(png)
    added = [_chunk(b"pHYs", struct.pack(">IIB", pixels_per_metre, pixels_per_metre, 1))] if pixels_per_metre else []
    for keyword, text in texts.items():
        key = keyword.encode("latin-1")
        if text.isascii():
            added.append(_chunk(b"tEXt", key + b"\0" + text.encode("ascii")))
        else:
            added.append(_chunk(b"iTXt", key + b"\0\0\0\0\0" + text.encode("utf-8", "backslashreplace")))
    kept = [_chunk(kind, content) for kind, content in rest if not (kind == b"pHYs" and pixels_per_metre)]
    return SIGNATURE + _chunk(*first) + b"".join(added) + b"".join(kept)


def texts_of(png: bytes) -> dict[str, str]:
    """Keyword -> text; nothing where the file is broken."""
    found = {}
    for kind, content in _chunks(png):
        keyword, _, rest = content.partition(b"\0")
        if kind == b"tEXt":
            found[keyword.decode("latin-1")] = rest.decode("latin-1")
        elif kind == b"iTXt" and rest[:1] == b"\0":
            found[keyword.decode("latin-1")] = rest[2:].split(b"\0", 2)[-1].decode("utf-8", "replace")
    return found


def pixels_of(png: bytes) -> NDArray[np.uint8]:
    """(rows, columns, 3): the colours of a picture of eight bits per channel, on white where it is transparent."""
    chunks = list(_chunks(png))
    width, height, depth, colour = struct.unpack(">IIBB", chunks[0][1][:10])
    assert (depth, colour in _CHANNELS) == (8, True), "charts are drawn in eight bits of RGB or RGBA"
    channels = _CHANNELS[colour]
    raw = zlib.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT"))
    lines = np.frombuffer(raw, np.uint8).reshape(height, 1 + width * channels)
    pixels: NDArray[np.uint8] = _unfiltering()(lines, channels).reshape(height, width, channels)
    if channels == 3:
        return pixels
    alpha = pixels[..., 3:].astype(np.uint16)
    mixed = (pixels[..., :3].astype(np.uint16) * alpha + 255 * (255 - alpha) + 127) // 255
    return mixed.astype(np.uint8)


@cache
def _unfiltering() -> Any:
    """The compiled loop over bytes: the format stores differences to what is at the left and above."""
    import numba

    return numba.njit(_unfiltered)


def _unfiltered(lines: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:  # compiled
    """(rows, 1 + bytes) with each row's filter in front -> (rows, bytes)."""
    rows, length = lines.shape[0], lines.shape[1] - 1
    out = np.zeros((rows, length), np.uint8)
    for row in range(rows):
        kind = lines[row, 0]
        for i in range(length):
            left: Any = np.int64(out[row, i - channels]) if i >= channels else 0
            above: Any = np.int64(out[row - 1, i]) if row > 0 else 0
            corner: Any = np.int64(out[row - 1, i - channels]) if row > 0 and i >= channels else 0
            guess: Any = 0
            if kind == 1:
                guess = left
            elif kind == 2:
                guess = above
            elif kind == 3:
                guess = (left + above) >> 1
            elif kind == 4:
                near: Any = (abs(above - corner), abs(left - corner), abs(left + above - 2 * corner))
                guess = left if near[0] <= near[1] and near[0] <= near[2] else above if near[1] <= near[2] else corner
            out[row, i] = (np.int64(lines[row, 1 + i]) + guess) & 255
    return out


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of every chunk, as long as they are whole."""
    at = len(SIGNATURE)
    while png.startswith(SIGNATURE) and at + 8 <= len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        if at + 12 + length > len(png):
            return
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
