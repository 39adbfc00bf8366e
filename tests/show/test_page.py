"""A page holds what it was given as text, runs only its own scripts, and fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from headstart.show.page import chart_place, embedded, page

NASTY = "<!--<script>\"'&amp;</script></style>]]>\u2028\u2029\u202e`${1}\\"


class Scripts(HTMLParser):
    """A page's scripts and its policy."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.policy = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""
        if tag == "script":
            self.scripts.append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


def read(text: str) -> Scripts:
    found = Scripts()
    found.feed(text)
    return found


def spec(label: str) -> dict[str, Any]:
    return {"mark": "bar", "data": {"values": [{"x": label, "y": 1}]},
            "encoding": {"x": {"field": "x", "type": "nominal"}, "y": {"field": "y", "type": "quantitative"}},
            "transform": [{"calculate": "datum.y * 2", "as": "z"}], "config": {"background": "#FFFFFF"}}  # fmt: skip


@pytest.mark.parametrize("label", [NASTY, "<!--<script>", "</SCRIPT >", "a" * 5000, "\n\r\t\x00", "\udcff", "日本"])
def test_data_is_read_back_as_it_was_and_looks_like_no_tag(label: str) -> None:
    text = embedded({"label": label})
    assert json.loads(text) == {"label": label}
    assert re.search("[<>&\u2028\u2029]", text) is None


def test_a_page_has_two_scripts_whatever_its_labels(bundle_of: Callable[[str], None]) -> None:
    bundle_of("print('const a = \"<!--<script></script>\";')")
    found = read(page(NASTY, NASTY, html.escape(NASTY), chart_place("chart"), {"chart": spec(NASTY)}).decode())
    assert len(found.scripts) == 2
    assert json.loads(re.findall("^const light = (.*);$", found.scripts[1], re.MULTILINE)[0]) == {"chart": spec(NASTY)}
    assert "<" not in found.scripts[0].replace("<\\/script", "")


def test_the_policy_lets_its_own_scripts_run_and_nothing_else(bundle_of: Callable[[str], None]) -> None:
    bundle_of("print('const bundled = 1;')")
    found = read(page("t", "h", "", chart_place("chart"), {"chart": spec("a")}).decode())
    rules = dict(rule.strip().split(" ", 1) for rule in found.policy.split(";"))
    assert rules["default-src"] == "'none'"
    sums = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in found.scripts]
    assert rules["script-src"].split() == [f"'sha256-{found}'" for found in sums]
    assert rules["img-src"] == "data: blob:"
    assert "http" not in found.policy
    assert "eval" not in found.policy


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser here")
def test_a_browser_draws_the_page_under_its_policy(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_bytes(page("t", "h", html.escape(NASTY), chart_place("chart"), {"chart": spec(NASTY)}))
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--enable-logging=stderr"]
    done = subprocess.run(
        ["chromium", *options, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", target.as_uri()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "vega-embed" in done.stdout
    assert re.search(r"<(canvas|svg)[^>]*class=\"marks\"", done.stdout)
    assert "CONSOLE" not in done.stderr
