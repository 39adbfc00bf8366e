"""docs/draws.md: its examples give what it prints, and its picture is the one its script makes."""

from __future__ import annotations

import doctest
import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_examples() -> None:
    failed, attempted = doctest.testfile(str(DOCS / "draws.md"), module_relative=False, encoding="utf-8")
    assert attempted > 15
    assert failed == 0


def test_picture_is_what_the_script_makes() -> None:
    picture = runpy.run_path(str(DOCS / "images" / "draws.py"))["picture"]()
    assert (DOCS / "images" / "draws.svg").read_text() == picture
