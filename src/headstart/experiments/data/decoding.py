"""Bytes as text: UTF-8, UTF-16 and UTF-32 with a byte-order mark, and the Latin-1 of older spreadsheets."""

from __future__ import annotations

import codecs
import re

from headstart.errors import InputError

# A mark of UTF-32 begins with that of UTF-16, so it is looked for first.
MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
# What a file begins with that is no text, whatever its name says.
OTHERS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ", "compressed by xz"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x93NUMPY", "a NumPy array (load it, and give data=(X, y))"),
    (b"SQLite format 3", "a SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x89PNG", "a picture"),
    (b"%PDF", "a PDF"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")  # not tab, line feed, vertical tab, form feed, carriage return


def decode(raw: bytes, shown: str, remedy: str = "Export it as CSV in UTF-8.") -> tuple[str, str | None]:
    """(text, what is to be said of its encoding, None for UTF-8).

    Args:
        raw: the content of a file.
        shown: its name, for the messages.
        remedy: what to do where it is no text.

    Raises:
        InputError: it is no text.

    >>> decode("a;é".encode("utf-16"), "'table.csv'")
    ('a;é', 'read as UTF-16')
    >>> decode("a;é".encode("latin-1"), "'table.csv'")
    ('a;é', 'read as Latin-1 (Windows-1252), because it is not UTF-8')
    """
    for start, kind in OTHERS:
        if raw.startswith(start):
            raise InputError(f"{shown} is not text but {kind}. {remedy}")
    text, note = _decoded(raw, shown)
    text = text.removesuffix("\x1a")  # the end of a file of DOS
    found = _CONTROL.search(text)
    if found:
        raise InputError(f"{shown} is not text: it holds the control character U+{ord(found[0]):04X}. {remedy}")
    return text, note


def _decoded(raw: bytes, shown: str) -> tuple[str, str | None]:
    for mark, encoding, name in MARKS:
        if raw.startswith(mark):
            try:
                return raw[len(mark) :].decode(encoding), None if name == "UTF-8" else f"read as {name}"
            except UnicodeDecodeError:
                raise InputError(f"{shown} is not text in {name}, as its first bytes say. Save it in UTF-8.") from None
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError:
        note = "read as Latin-1 (Windows-1252), because it is not UTF-8"
    try:
        return raw.decode("cp1252"), note
    except UnicodeDecodeError:  # five bytes have no letter there
        return raw.decode("latin-1"), note
