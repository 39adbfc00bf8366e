"""Characters that a terminal obeys, or an encoding cannot hold, as ones that are only read.

A label in a file may hold escape sequences that recolour a terminal or hide text: they are shown as \\x1b. A stream in
ASCII or cp1252 gets x for ×, - for –, ^2 for ² and the names of Greek letters, never an error or a question mark.
"""

from __future__ import annotations

import codecs
import html
import unicodedata

REPLACED = {
    "×": "x", "÷": "/", "·": "*", "−": "-", "–": "-", "—": "-", "‑": "-", "…": "...", "≤": "<=", "≥": ">=", "≈": "~",
    "≠": "!=", "±": "+-", "→": "->", "←": "<-", "∞": "inf", "√": "sqrt", "∂": "d", "∑": "sum", "²": "^2", "³": "^3",
    "⁻": "^-", "½": "1/2", "°": " deg", "§": "section ", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "«": '"',
    "»": '"', "•": "*", "─": "-", "│": "|", "━": "=", "╸": "=", "╺": "-", "✓": "yes", "✗": "no", "\u00a0": " ",
    "\u202f": " ", "\u2009": " ", "€": "EUR", "∈": "in", "∝": "~", "ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "µ": "u",
}  # fmt: skip
ERRORS = "headstart"  # the name of the codecs' error handler
# what moves the cursor, changes the direction of writing, or ends a line where none is meant to end
OBEYED = {"Cc", "Zl", "Zp", "Cs"}
TURNS = set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe(text: str, encoding: str = "utf-8", lines: bool = False) -> str:
    """The text with nothing in it that a terminal obeys or the encoding cannot hold.

    Args:
        encoding: of the stream it is printed to.
        lines: whether line breaks stay.

    >>> safe("σ² × 2"), safe("σ² × 2 – 日", "ascii"), safe("\\x1b[31mred\\n")
    ('σ² × 2', 'sigma^2 x 2 - \\\\u65e5', '\\\\x1b[31mred\\\\n')
    """
    if text.isascii() and text.isprintable():
        return text
    shown = "".join(char if lines and char == "\n" else _shown(char) for char in text)
    try:
        shown.encode(encoding)
    except LookupError:
        return shown
    except UnicodeEncodeError:
        return shown.encode(encoding, ERRORS).decode(encoding)
    return shown


def escaped(text: str) -> str:
    """The text for a page: no tags, and nothing that turns the direction of what follows.

    >>> escaped("<b>\u202e & 'x'")
    '&lt;b&gt;\\\\u202e &amp; &#x27;x&#x27;'
    """
    return html.escape(safe(text))


def _shown(char: str) -> str:
    """A character as it is, or its escape."""
    if unicodedata.category(char) in OBEYED or char in TURNS:
        return ascii(char)[1:-1]
    return char


def in_words(char: str) -> str:
    """A character in ones that every encoding holds; what has no such words is its code, so that names stay apart.

    >>> in_words("λ"), in_words("Σ"), in_words("é"), in_words("₂"), in_words("日")
    ('lambda', 'Sigma', 'e', '2', '\\\\u65e5')
    """
    for found in (REPLACED.get(char), _greek(char), unicodedata.normalize("NFKD", char)):
        kept = "".join(part for part in found or "" if not unicodedata.combining(part))
        if kept.isascii() and kept:
            return kept
    return ascii(char)[1:-1]


def _greek(char: str) -> str | None:
    """The name of a Greek letter."""
    words = unicodedata.name(char, "").split(" WITH ")[0].split()
    if words[:1] != ["GREEK"] or "LETTER" not in words:
        return None
    name = words[-1].lower().replace("lamda", "lambda")
    return name.capitalize() if "CAPITAL" in words else name


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(in_words(char) for char in error.object[error.start : error.end]), error.end


codecs.register_error(ERRORS, _replace)
