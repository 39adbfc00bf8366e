"""axe-core finds nothing in the page: light and dark, three widths, its views, a lesson, dialogs; and it can find."""

from __future__ import annotations

from typing import Any

import pytest
from page_checks import go_to, opened, violations

SIZES = ((1440, 900), (1024, 768), (390, 844))
SMALL = "seeds=2&steps=300"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_is_found(scheme: str, size: tuple[int, int], tabs: Any) -> None:
    tab = opened(tabs, SMALL, width=size[0], height=size[1], color_scheme=scheme)
    found = {"page": violations(tab)}
    tab.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    for view in ("seeds", "weights", "units"):
        tab.evaluate("(view) => headstart.lab.set({ view })", view)
        found[view] = violations(tab)
    go_to(tab, f"{SMALL}&lesson=lecture")
    found["lesson"] = violations(tab)
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
