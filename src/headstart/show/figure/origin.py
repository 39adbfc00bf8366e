"""Where a figure came from, kept in the figure: the command in words, and what makes it again as JSON.

Every format has a place for it: a PNG's texts, an SVG's metadata, a PDF's information, a GIF's comment, a page's meta.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headstart import __version__
from headstart.errors import InputError
from headstart.show.figure.gif import comment_of
from headstart.show.figure.png import texts_of, with_texts
from headstart.words import plain

SCHEMA = 1
KEY = "headstart"
READ = (".png", ".svg", ".pdf", ".gif", ".html", ".json")


def origin(command: str, settings: Mapping[str, Any], figure: Mapping[str, Any]) -> dict[str, Any]:
    """What makes a figure again.

    Args:
        command: for a shell.
        settings: of the comparison, as its JSON has them.
        figure: which one, and how it looks.
    """
    made = {"schema": SCHEMA, "version": __version__, "command": command}
    document: dict[str, Any] = plain({**made, "settings": dict(settings), "figure": dict(figure)})
    return document


def origin_text(document: Mapping[str, Any]) -> str:
    """The document in one line of ASCII, which every format holds."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def into_png(png: bytes, document: Mapping[str, Any], title: str, dpi: float | None = None) -> bytes:
    """A PNG with its title, the command and the document as texts, and its dots per inch."""
    texts = {"Title": title, "Software": f"headstart {__version__}", "Comment": document["command"]}
    per_metre = None if dpi is None else round(dpi / 0.0254)
    return with_texts(png, {**texts, KEY: origin_text(document)}, per_metre)


def into_svg(svg: str, document: Mapping[str, Any], title: str, description: str) -> str:
    """An SVG with a title and a description for readers and screen readers, and the document as metadata."""
    added = (
        f"<title>{html.escape(title)}</title><desc>{html.escape(description)}</desc>"
        f'<metadata><origin xmlns="urn:{KEY}">{html.escape(origin_text(document))}</origin></metadata>'
    )
    head, rest = svg.split(">", 1)
    if " role=" not in head:
        head += ' role="img"'
    return f"{head}>{added}{rest}"


def into_pdf(pdf: bytes, document: Mapping[str, Any], title: str) -> bytes:
    """A PDF with its title, the command as its subject, and the document as its keywords.

    The file is added to, as the format has it (ISO 32000, 7.5.6): a new information dictionary, and where it stands.
    """
    found = list(re.finditer(rb"startxref\s+(\d+)\s+%%EOF\s*$", pdf))
    trailer = list(re.finditer(rb"trailer\s*<<(.*?)>>\s*startxref", pdf, re.DOTALL))
    size = re.search(rb"/Size\s+(\d+)", trailer[-1].group(1)) if trailer else None
    root = re.search(rb"/Root\s+(\d+\s+\d+\s+R)", trailer[-1].group(1)) if trailer else None
    if not found or size is None or root is None:
        return pdf  # of a form that is not known here: better without than broken
    number, before = int(size.group(1)), int(found[-1].group(1))
    info = {"Title": title, "Subject": document["command"], "Keywords": origin_text(document)}
    info["Creator"] = f"headstart {__version__}"
    entries = b"".join(b"/" + name.encode() + b" " + _pdf_text(text) for name, text in info.items())
    start = len(pdf) + 1
    body = b"\n%d 0 obj\n<<%s>>\nendobj\n" % (number, entries)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, start)
    end = b"trailer\n<</Size %d/Root %s/Info %d 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        number + 1, root.group(1), number, before, len(pdf) + len(body),
    )  # fmt: skip
    return pdf + body + table + end


def _pdf_text(text: str) -> bytes:
    if text.isascii():
        return b"(" + re.sub(rb"([\\()])", rb"\\\1", text.encode()) + b")"
    return b"<" + (b"\xfe\xff" + text.encode("utf-16-be", "backslashreplace")).hex().encode() + b">"


def page_meta(document: Mapping[str, Any]) -> str:
    """What stands in the head of a page."""
    return (
        f'<meta name="generator" content="headstart {__version__}">\n'
        f'<meta name="description" content="{html.escape(document["command"])}">\n'
        f'<meta name="{KEY}" content="{html.escape(origin_text(document))}">\n'
    )


def origin_of(path: str | Path) -> dict[str, Any]:
    """What a file says of where it came from: a figure's document, or a comparison's JSON.

    Raises:
        InputError: it cannot be read, or says nothing.
    """
    place = Path(path)
    try:
        content = place.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}. Write the path of a figure.") from None
    text = _text_in(content)
    try:
        found = json.loads(text) if text else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError(
            f"{str(path)!r} does not say what made it. Figures of headstart ({', '.join(READ[:-1])}) do, and "
            "what headstart compare --out compare.json wrote; an image program may have removed it."
        )
    return found


def _text_in(content: bytes) -> str:
    """The JSON that a file holds, whatever its name."""
    if content.startswith(b"\x89PNG"):
        return texts_of(content).get(KEY, "")
    if content.startswith(b"GIF8"):
        return comment_of(content)
    if content.startswith(b"%PDF"):
        return _pdf_keywords(content)
    text = content.decode("utf-8", "replace")
    if content.lstrip()[:1] == b"{":
        return text
    for pattern in (rf'<origin xmlns="urn:{KEY}">(.*?)</origin>', rf'<meta name="{KEY}" content="(.*?)">'):
        found = re.search(pattern, text, re.DOTALL)
        if found:
            return html.unescape(found.group(1))
    return ""


def _pdf_keywords(content: bytes) -> str:
    at = content.rfind(b"/Keywords (")
    if at < 0:
        return ""
    found, inside = bytearray(), content[at + len(b"/Keywords (") :]
    place = 0
    while place < len(inside) and inside[place : place + 1] != b")":
        if inside[place : place + 1] == b"\\":
            place += 1
        found += inside[place : place + 1]
        place += 1
    return found.decode("ascii", "replace")
