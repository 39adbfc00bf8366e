"""The page as one file: the built template with a state, a table and a lesson in it.

Only what a browser does not run is put in, so that the policy of the template, which allows its own scripts by their
hashes and nothing from a network, holds for every page. A name in a table may look like the end of an element: of JSON
the signs that could end one are escaped, and an address is percent-encoded.
"""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from headstart.show.page import embedded
from headstart.web.given import table_text
from headstart.web.lesson import Lesson
from headstart.web.state import PageState, address, page_state

TEMPLATE = Path(__file__).with_name("built") / "lab.html"
_POLICY = re.compile(r'http-equiv="Content-Security-Policy"\s+content="([^"]*)"')
_SANDBOX = "allow-scripts allow-downloads"


class Page(NamedTuple):
    """One HTML file, and the policy under which a browser runs it."""

    html: str
    policy: str

    def frame(self, height: int = 860) -> str:
        """The page inside another, a notebook's, where it can reach nothing: scripts and downloads are all it may do.

        Args:
            height: in pixels.
        """
        return (
            f'<iframe sandbox="{_SANDBOX}" title="headstart lab" width="100%" height="{height}" '
            f'style="border: 1px solid #ddd" srcdoc="{html.escape(self.html)}"></iframe>'
        )


def page(state: PageState | None = None, lesson: Lesson | None = None) -> Page:
    """The page with a state to begin with.

    Args:
        state: the first screen's by default.
        lesson: to begin with, at its first step; the state is the steps' own then.

    Raises:
        InputError: the state's table cannot be read, or is more than the page takes.
    """
    state = page_state() if state is None else state
    text, policy = template()
    text = _filled(text, "state", address(state, None if lesson is None else lesson.name))
    table = table_text(state)
    if table is not None:
        text = _filled(text, "table", embedded(table.to_json()))
    if lesson is not None:
        text = _with_lesson(text, lesson)
    return Page(text, policy)


@cache
def template() -> Page:
    """The built page as it is shipped."""
    text = TEMPLATE.read_text(encoding="utf-8")
    found = _POLICY.search(text)
    assert found is not None
    return Page(text, html.unescape(found[1]))


def _element(name: str) -> re.Pattern[str]:
    return re.compile(rf'(<script type="[^"]*" id="{name}">)(.*?)(</script>)', re.DOTALL)


def _filled(text: str, name: str, content: str) -> str:
    """The text with the content of one of its data elements replaced."""
    found = _element(name).search(text)
    assert found is not None, name
    return text[: found.start(2)] + content + text[found.end(2) :]


def _with_lesson(text: str, lesson: Lesson) -> str:
    """The page's tables with a lesson among them; one of ours of the same name gives way."""
    found = _element("tables").search(text)
    assert found is not None
    tables: dict[str, Any] = json.loads(found[2])
    others = [other for other in tables["lessons"] if other["name"] != lesson.name]
    return _filled(text, "tables", embedded({**tables, "lessons": [*others, lesson.to_json()]}))
