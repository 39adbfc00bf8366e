"""SQLite's write-ahead log, looked at for damage: SQLite itself takes a damaged frame for the log's end.

Then what was committed after it is gone without a word. A log that a kill has cut short ends in the middle of a frame;
a frame that is whole, of this log, and does not agree with its checksum was changed afterwards.
The format: https://www.sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

HEADER, FRAME = 32, 24  # bytes before the frames, and before each frame's page
MAGIC = {0x377F0682: "<", 0x377F0683: ">"}  # the order of bytes that checksums are made in
MASK = 0xFFFFFFFF


def log_damage(path: Path) -> str | None:
    """What is wrong with a write-ahead log; None for one that is whole, cut short, or not there."""
    try:
        log = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(log) < HEADER:  # it had just been begun
        return None
    magic, _, page, _, *salts = struct.unpack(">6I", log[:24])
    order = MAGIC.get(magic)
    if order is None or _checksum(log[:24], order, (0, 0)) != struct.unpack(">2I", log[24:HEADER]):
        return f"the head of its log {path.name} is not what was written"
    ends = range(HEADER, len(log) + 1, FRAME + page)
    running = struct.unpack(">2I", log[24:HEADER])
    for start, end in pairwise(ends):
        own = struct.unpack(">2I", log[start + 8 : start + 16])
        if own[0] != salts[0] and own[1] != salts[1]:  # left over from a log before this one
            return None
        running = _checksum(log[start : start + 8] + log[start + FRAME : end], order, running)
        if own != tuple(salts) or running != struct.unpack(">2I", log[start + 16 : start + FRAME]):
            return f"its log {path.name} is not what was written, from byte {start} of {len(log)} on"
    return None


def _checksum(data: bytes, order: str, start: tuple[int, ...]) -> tuple[int, int]:
    """SQLite's, of eight bytes at a time."""
    first, second = start
    for a, b in struct.iter_unpack(f"{order}2I", data):
        first = (first + a + second) & MASK
        second = (second + b + first) & MASK
    return first, second
