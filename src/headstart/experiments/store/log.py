"""SQLite's write-ahead log, looked at for damage: SQLite itself takes a damaged frame for the log's end.

Then what was committed after it is gone without a word. A log that a kill has cut short ends in the middle of a frame;
so it does where a frame's head stands before the page of an older one, which SQLite writes over. No commit is at or
behind such a frame. One that does not agree with its checksum, with a commit there, was changed afterwards.
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
    frames = list(pairwise(ends))
    for number, (start, end) in enumerate(frames):
        own = struct.unpack(">2I", log[start + 8 : start + 16])
        if own[0] != salts[0] and own[1] != salts[1]:  # left over from a log before this one
            return None
        before, told = running, struct.unpack(">2I", log[start + 16 : start + FRAME])
        running = _checksum(log[start : start + 8] + log[start + FRAME : end], order, before)
        if own != tuple(salts) or running != told:
            committed = any(_commits(log, at, salts) for at, _ in frames[number:])
            if own == tuple(salts) and not committed and not _committed(log, start, end, order, before, told):
                return None
            return f"its log {path.name} is not what was written, from byte {start} of {len(log)} on"
    return None


def _commits(log: bytes, start: int, salts: list[int]) -> bool:
    """Whether a frame of this log ends a transaction: it then holds the size of the database."""
    return bool(any(log[start + 4 : start + 8])) and struct.unpack(">2I", log[start + 8 : start + 16]) == tuple(salts)


def _committed(
    log: bytes, start: int, end: int, order: str, before: tuple[int, ...], told: tuple[int, ...]
) -> bool:  # fmt: skip
    """Whether a frame ended a transaction until one bit of the size in it was lost."""
    page, rest = log[start : start + 4], log[start + FRAME : end]
    return any(_checksum(page + struct.pack(">I", 1 << bit) + rest, order, before) == told for bit in range(32))


def _checksum(data: bytes, order: str, start: tuple[int, ...]) -> tuple[int, int]:
    """SQLite's, of eight bytes at a time."""
    first, second = start
    for a, b in struct.iter_unpack(f"{order}2I", data):
        first = (first + a + second) & MASK
        second = (second + b + first) & MASK
    return first, second
