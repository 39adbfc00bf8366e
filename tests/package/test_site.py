"""The documentation builds without a warning, and no page is wider than the window; its code runs in other tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
WIDTHS = (390, 1280, 1920)
NOT_OURS = ("the-lab.html", "genindex.html", "search.html", "py-modindex.html")


def build(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Build the pages, their code not run."""
    return subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-D", "nb_execution_mode=off", "-b", "html",
         source, out],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = build(ROOT / "docs", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_a_warning_would_be_an_error(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text('extensions = ["myst_nb"]\n')
    (tmp_path / "index.md").write_text("# A page\n\n[no such page](nowhere.md)\n")
    assert build(tmp_path, tmp_path / "out").returncode == 1


def test_no_page_is_wider_than_the_window(site: Path, chromium: Any) -> None:
    wide = []
    pages = [
        path for path in sorted(site.rglob("*.html")) if path.name not in NOT_OURS and "_modules" not in path.parts
    ]
    assert len(pages) > 40
    for width in WIDTHS:
        tab = chromium.new_page(viewport={"width": width, "height": 900})
        for page in pages:
            tab.goto(page.as_uri())
            over = tab.evaluate("document.scrollingElement.scrollWidth - innerWidth")
            if over > 0:
                wide.append(f"{page.relative_to(site)} at {width}: {over} pixels too wide")
        tab.close()
    assert not wide


def test_a_wide_page_is_seen(tmp_path: Path, chromium: Any) -> None:
    page = tmp_path / "wide.html"
    page.write_text("<!doctype html><div style='width: 2000px'>wide</div>")
    tab = chromium.new_page(viewport={"width": 1280, "height": 900})
    tab.goto(page.as_uri())
    assert tab.evaluate("document.scrollingElement.scrollWidth - innerWidth") > 0
    tab.close()


def test_the_site_can_be_searched_and_has_the_lab(site: Path) -> None:
    assert "gain" in (site / "searchindex.js").read_text()
    assert (site / "the-lab.html").stat().st_size > 100_000
