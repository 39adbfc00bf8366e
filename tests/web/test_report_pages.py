"""Reports in a browser: nothing axe would find, nothing wider than a phone, a silent console; tables sort."""

from __future__ import annotations

from typing import Any

import pytest
from chromium_browser import until
from page_checks import violations

import headstart as hs

DRAWN = "document.querySelectorAll('.chart svg.marks').length"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("reports")
    schemes = ["zeros", "normal(10)", "he", *(f"he*{k}" for k in (2, 3, 4, 5, 6, 7))]
    made = hs.compare(schemes, seeds=2, steps=40)
    assert made.report(folder / "report.html").stat().st_size < 1_500_000
    return (folder / "report.html").as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_a_report_is_accessible_and_as_wide_as_the_window(report: str, width: int, scheme: Any, tabs: Any) -> None:
    tab = tabs(report, width=width, height=900, color_scheme=scheme)
    until(lambda: tab.evaluate(DRAWN) == 3, "all charts drawn")
    until(lambda: tab.evaluate("document.querySelectorAll('summary[aria-label]').length") == 3, "menus named")
    assert violations(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    words = tab.evaluate("[...document.querySelectorAll('.chart svg.marks')].map((it) => it.outerHTML).join()")
    assert 'aria-label="url' not in words
    assert 'aria-label="picture: data:' not in words
    for word in ("symmetric", "Symmetry is not broken"):  # verdict and reason
        assert tab.get_by_text(word).first.is_visible()


def test_tables_sort_and_filter(report: str, tabs: Any) -> None:
    tab = tabs(report)

    def names() -> list[str]:
        cells: list[str] = tab.evaluate(
            "[...document.querySelectorAll('.reasons tbody tr')].filter((it) => !it.hidden).map((it) => "
            "it.cells[0].textContent)"
        )
        return cells

    asked = names()
    tab.get_by_role("button", name="first cost").click()
    rising = names()
    assert tab.locator("th[aria-sort=ascending]").count() == 1
    tab.get_by_role("button", name="first cost").click()
    assert names() != rising
    tab.get_by_role("button", name="first cost").click()
    assert names() == asked
    tab.get_by_role("searchbox").fill("zeros")
    assert names() == ["zeros"]
    assert tab.locator("output").first.inner_text() == f"1 of {len(asked)}"


def test_on_paper_nothing_is_cut(report: str, tabs: Any) -> None:
    tab = tabs(report, width=703, height=1000)  # A4 without its margins, in pixels
    until(lambda: tab.evaluate(DRAWN) == 3, "all charts drawn")
    tab.emulate_media(media="print")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 703
    wide = "[...document.querySelectorAll('main *')].filter((it) => it.getBoundingClientRect().right > 704).length"
    assert tab.evaluate(wide) == 0
    tab.evaluate("document.querySelector('h1').style.width = '1000px'")
    assert tab.evaluate(wide) > 0  # the check can fail
