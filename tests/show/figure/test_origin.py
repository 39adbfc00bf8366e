"""Every format keeps what made a figure, and gives it back."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import vl_convert
from test_png import png

from headstart.errors import InputError
from headstart.show.figure import origin
from headstart.show.figure.gif import gif

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="20" height="10"/></svg>'
COMMAND = "headstart compare 'normal(10)' --title 'σ² (a\\b) \"c\" <d>'"
DOCUMENT = origin.origin(COMMAND, {"schemes": ["normal(10)"], "weird": "</origin>\"'&()\\"}, {"names": ["costs"]})


def written(kind: str) -> bytes:
    if kind == "png":
        return origin.into_png(png(np.zeros((1, 1, 3), np.uint8), [0]), DOCUMENT, "a title", 300)
    if kind == "svg":
        return origin.into_svg(SVG, DOCUMENT, "a <title>", "in words").encode()
    if kind == "pdf":
        return origin.into_pdf(vl_convert.svg_to_pdf(SVG), DOCUMENT, "σ² (title)")
    if kind == "gif":
        return gif([np.zeros((2, 2, 3), np.uint8)], [1], origin.origin_text(DOCUMENT))
    return f"<!doctype html><head>{origin.page_meta(DOCUMENT)}</head>".encode()


@pytest.mark.parametrize("kind", ["png", "svg", "pdf", "gif", "html"])
def test_it_is_read_back(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "without a suffix"  # what a file is, its content says
    path.write_bytes(written(kind))
    assert origin.origin_of(path) == DOCUMENT


def test_a_pdf_stays_whole() -> None:
    before = vl_convert.svg_to_pdf(SVG)
    made = origin.into_pdf(before, DOCUMENT, "t")
    assert made.startswith(before)
    (start,) = re.findall(rb"startxref\n(\d+)\n%%EOF\n$", made)
    assert made[int(start) :].startswith(b"xref\n")
    (place,) = re.findall(rb"(\d{10}) 00000 n", made[int(start) :])
    assert re.match(rb"\d+ 0 obj\n<</Title", made[int(place) :])
    assert origin.into_pdf(b"%PDF of another form", DOCUMENT, "t") == b"%PDF of another form"


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", b"GIF89a", b"[1]", b"{broken"])
def test_a_file_that_says_nothing_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match="does not say what made it"):
        origin.origin_of(path)
    with pytest.raises(InputError, match="cannot read"):
        origin.origin_of(tmp_path / "nowhere.png")
