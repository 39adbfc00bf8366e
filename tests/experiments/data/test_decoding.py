"""Encodings: what has a byte-order mark, what has none, and what is no text at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart import InputError
from headstart.experiments.data.datasets import load
from headstart.experiments.data.decoding import decode

TEXT = "größe,b,y\n" + "".join(f"{i / 7},{i % 5 / 3},{['Käse', 'Brot'][i % 2]}\n" for i in range(40))


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", None), ("utf-8-sig", None), ("utf-16", "read as UTF-16"), ("utf-32", "read as UTF-32"),
        ("latin-1", "read as Latin-1 (Windows-1252), because it is not UTF-8"),
        ("cp1252", "read as Latin-1 (Windows-1252), because it is not UTF-8"),
    ],
)  # fmt: skip
def test_each_encoding_gives_the_same_table_and_is_told(encoding: str, note: str | None, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(TEXT.encode(encoding))
    data = load(str(path))
    assert data.features == ("größe", "b")
    assert data.classes == ("Brot", "Käse")
    assert data.notes == (() if note is None else (note,))


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xfe\xff", "utf-16-be"), (b"\x00\x00\xfe\xff", "utf-32-be")])
def test_marks_of_the_other_byte_order(mark: bytes, encoding: str) -> None:
    assert decode(mark + TEXT.encode(encoding), "it")[0] == TEXT


def test_the_five_bytes_that_windows_has_no_letter_for_are_read_all_the_same() -> None:
    assert decode(b"a\x81\xe9", "it")[0] == "a\x81é"
    assert decode(b"\x93x\x94", "it")[0] == "\u201cx\u201d"  # quotes of Windows
    assert decode(b"1,2\r\n\x1a", "it")[0] == "1,2\r\n"  # DOS ends a file so


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"PK\x03\x04abc", "is not text but a zip archive or an Excel workbook"),
        (b"\x1f\x8babc", "is not text but compressed by gzip"),
        (b"\x93NUMPY\x01", r"a NumPy array \(load it, and give data=\(X, y\)\)"),
        (b"PAR1abc", "a Parquet file"),
        (b"a\x00b", r"holds the control character U\+0000"),
        ("a,b".encode("utf-16-le"), r"U\+0000"),  # without its mark
        (b"\xff\xfea", "is not text in UTF-16, as its first bytes say"),
        (b"\xef\xbb\xbf\xff", "is not text in UTF-8, as its first bytes say"),
        (b"a\x1b[31m", r"U\+001B"),
    ],
)
def test_what_is_no_text_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        decode(raw, "it")
