"""Pixels as an image inside a chart: a field of colour is a hundredth of the size of as many rectangles."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """An RGBA image (rows from top to bottom, columns, 4) as the data URI of a PNG (ISO 15948).

    >>> data_uri(np.zeros((2, 3, 4), np.uint8))[:32]
    'data:image/png;base64,iVBORw0KGg'
    """
    height, width, _ = pixels.shape

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    rows = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(pixels))  # each row unfiltered
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(content).decode()


def gradient(values: NDArray[np.float64], stops: NDArray[np.float64], colours: list[str]) -> NDArray[np.uint8]:
    """RGBA pixels: colours given as #rrggbb at the stops, linear between them and constant beyond."""
    channels = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in colours], dtype=np.float64)
    mixed = [np.interp(values, stops, channels[:, k]) for k in range(3)]
    return np.stack([*mixed, np.full(values.shape, 255.0)], axis=-1).round().astype(np.uint8)
