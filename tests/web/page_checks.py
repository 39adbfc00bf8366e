"""What tests of the page in a browser share: waiting for the lab, its results in Python's types, accessibility."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

WEB = Path(__file__).parents[2] / "src/headstart/web"
AXE = WEB / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(tab: Any) -> list[str]:
    """What axe-core has against the page as it stands: rule, impact, and the first element."""
    if not AXE.exists():
        pytest.skip("no axe-core here: it comes with `npm ci` in src/headstart/web (make lint does it)")
    if not tab.evaluate("'axe' in globalThis"):
        tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate(f"axe.run({{ runOnly: {RULES} }})")["violations"]
    return [f"{item['id']} ({item['impact']}): {item['nodes'][0]['html'][:200]}" for item in found]
