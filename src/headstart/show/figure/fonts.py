"""Letters that no installed font has: a drawn picture shows boxes for them, so that is told."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable
from functools import cache

from headstart.show.theme.palette import FONT

MOST = 200  # different letters that are tried
_NO_SHAPE = {"Cc", "Cf", "Cs", "Cn"}  # characters that are no letters: control, format, half of a pair, none
_NOBODYS = "\U0010fffd"  # a private character, which no font has


def missing_letters(texts: Iterable[str]) -> list[str]:
    """The letters in these texts that what draws PNG and PDF has no shape for, in their order."""
    letters = dict.fromkeys(char for text in texts for char in text if not char.isascii() and not char.isspace())
    return [
        char
        for char in [*letters][:MOST]
        if unicodedata.category(char) not in _NO_SHAPE and _drawn(char) == _drawn(_NOBODYS)
    ]


def missing_words(texts: Iterable[str]) -> str:
    """What to say of letters that are missing; nothing where none is."""
    found = missing_letters(texts)
    if not found:
        return ""
    shown = "".join(found[:12]) + ("..." if len(found) > 12 else "")
    return (
        f"no installed font has {shown}: pictures show boxes instead. Install a font with them (Noto, for example), "
        "or write .svg or .html, which take the reader's fonts."
    )


@cache
def _drawn(char: str) -> bytes:
    """The pixels of one letter; by the same program that draws the charts."""
    import vl_convert

    text = f'<text x="4" y="24" font-size="20" font-family="{html.escape(FONT)}">{html.escape(char)}</text>'
    drawn: bytes = vl_convert.svg_to_png(f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="32">{text}</svg>')
    return drawn
