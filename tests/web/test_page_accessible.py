"""axe-core finds nothing in the page: light and dark, three widths, its views, a lesson, dialogs; and it can find."""

from __future__ import annotations

from typing import Any

import pytest
from page_checks import opened, trained, violations

SIZES = ((1440, 900), (1024, 768), (390, 844))
SMALL = "seeds=2&steps=300"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("size", "view"), list(zip(SIZES, ("seeds", "weights", "units"), strict=True)), ids=str)
def test_nothing_is_found(scheme: str, size: tuple[int, int], view: str, tabs: Any) -> None:
    """18 states; each width has a view of its own beside the first one and a lesson."""
    tab = opened(tabs, SMALL, width=size[0], height=size[1], color_scheme=scheme)
    found = {"page": violations(tab)}
    tab.evaluate("(view) => headstart.lab.set({ view })", view)
    tab.evaluate("document.querySelector('#numbers').open = true")
    found[view] = violations(tab)
    tab.evaluate("headstart.app.player.start('lecture')")
    trained(tab)
    found["lesson"] = violations(tab)
    assert found == {name: [] for name in found}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_found_in_what_opens(scheme: str, tabs: Any) -> None:
    tab = opened(tabs, SMALL, color_scheme=scheme)
    found = {}
    tab.get_by_text("why?", exact=True).first.click()
    found["why"] = violations(tab)
    tab.keyboard.press("Escape")
    tab.click("summary:has-text('Share')")
    found["menu"] = violations(tab, "#menu")  # it lies over a part of what is behind it
    tab.get_by_text("Copy as code", exact=False).first.click()
    found["code"] = violations(tab)
    assert tab.locator("dialog[open]").count() == 1
    assert found == {name: [] for name in found}


def test_the_check_finds_what_is_wrong(tabs: Any) -> None:
    tab = opened(tabs, SMALL)
    tab.evaluate("""() => {
      document.querySelector("h1").style.color = "#ccc";
      document.querySelectorAll("#activation").forEach((it) => it.closest("label").replaceWith(it));
    }""")
    found = " ".join(violations(tab))
    assert "color-contrast" in found
    assert "select-name" in found
