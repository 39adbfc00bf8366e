"""A tag is released only if code, CHANGELOG and citation agree with it; the oldest versions come from pyproject."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import headstart

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-01-01\n\n- New.\n\n## [0.1.0]\n\n- Old.\n"


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The tool, over a small tree of its own."""
    spec = importlib.util.spec_from_file_location("release", ROOT / "tools/release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "src/headstart").mkdir(parents=True)
    (tmp_path / "src/headstart/__init__.py").write_text('__version__ = "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "CITATION.cff").write_text("version: 0.2.0\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def test_a_tag_that_agrees_is_released(release: ModuleType) -> None:
    assert release.problems("v0.2.0") == []
    assert release.notes("0.2.0") == "- New."


@pytest.mark.parametrize(
    ("tag", "told"), [("0.2.0", "Write v0.2.0"), ("v0.3.0", "the tag says 0.3.0"), ("v0.3.0", r"under ## \[0.3.0\]")]
)
def test_one_that_does_not_is_refused(tag: str, told: str, release: ModuleType) -> None:
    assert any(re.search(told, each) for each in release.problems(tag))


def test_the_citation_has_the_version_of_the_code() -> None:
    assert f"version: {headstart.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_every_dependency_has_a_lower_bound(release: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "ROOT", ROOT)
    found = release.lowest("tune", "frames")
    assert "numpy==2.0" in found
    assert "optuna==4.0" in found
    assert len(found) == 15


def test_the_workflow_runs_what_ci_runs() -> None:
    assert "bash .ci/run" in (ROOT / ".github/workflows/ci.yml").read_text()
    assert "make test-lowest" in (ROOT / ".github/workflows/ci.yml").read_text()
