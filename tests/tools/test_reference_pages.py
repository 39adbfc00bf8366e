"""The reference tables are what the code says; links between the pages lead somewhere, outer ones are well formed."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
PAGES = [path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if "_build" not in path.parts]


def test_the_pages_are_what_the_code_says() -> None:
    spec = importlib.util.spec_from_file_location("make_reference_pages", ROOT / "tools/make_reference_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stale = [name for name, made in module.PAGES.items() if (ROOT / "docs" / name).read_text() != made()]
    assert not stale, f"print them again: python tools/make_reference_pages.py ({', '.join(stale)})"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the docs' build makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-"))
    return found


def wrong_links(page: Path, text: str) -> Iterator[str]:
    """The links of a page that lead nowhere."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    for match in LINK.finditer(prose):
        link = match[1] or match[2]
        parts = urlsplit(link)
        if parts.scheme:
            if parts.scheme not in ("https", "http", "mailto") or not (parts.netloc or parts.path):
                yield link
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        if (not target.exists() and not (parts.path.endswith(".html") and page.parent.name == "docs")) or (
            parts.fragment and target.suffix == ".md" and parts.fragment not in anchors(target)
        ):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert not list(wrong_links(page, page.read_text()))


def test_a_wrong_link_is_noticed() -> None:
    page = ROOT / "docs" / "start.md"
    text = "[a](nowhere.md) [b](lesson.md#no-such-heading) [c](lesson.md) ![d](images/none.png) [e](https://)"
    assert list(wrong_links(page, text)) == ["nowhere.md", "lesson.md#no-such-heading", "images/none.png", "https://"]


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text() + (ROOT / "docs" / "design" / "index.md").read_text()
    listed = set(re.findall(r"^(?:howto/)?[\w-]+$", index, flags=re.MULTILINE))
    for page in (ROOT / "docs").glob("*.md"):
        assert page.stem in listed | {"index"}, page
    for page in (ROOT / "docs" / "howto").glob("*.md"):
        assert f"howto/{page.stem}" in listed, page
