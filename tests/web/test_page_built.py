"""The page that is shipped: built from these sources, small, alone, and in the package."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from page_checks import BUILT, WEB

from headstart.web.lesson import FOLDER
from headstart.web.page import page, template

ROOT = Path(__file__).parents[2]
LARGEST = 400_000  # bytes
RUN = "the page's sources have changed. Run: make page"


def scripts(text: str) -> list[str]:
    """What a browser runs."""
    return re.findall(r"<script>(.*?)</script>", text, re.DOTALL)


def sha(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_it_is_small() -> None:
    assert 100_000 < BUILT.stat().st_size < LARGEST


def test_its_policy_allows_its_own_script_and_style_alone() -> None:
    text, policy = template()
    rules = {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}
    assert rules["default-src"] == ["'none'"]
    assert sorted(rules["script-src"]) == sorted([*map(sha, scripts(text)), "'wasm-unsafe-eval'"])
    assert rules["style-src"] == [sha(found) for found in re.findall(r"<style>(.*?)</style>", text, re.DOTALL)]
    assert rules["worker-src"] == ["blob:"]
    assert rules["base-uri"] == rules["form-action"] == ["'none'"]
    assert "connect-src" not in rules
    assert "unsafe-inline" not in policy
    assert not re.search(r"https?:", policy)
    assert not re.search(r"\son\w+=|javascript:", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))


def test_what_is_filled_in_changes_no_script() -> None:
    filled = page().html
    assert scripts(filled) == scripts(template().html)
    assert page().policy == template().policy


def test_it_asks_nobody() -> None:
    """No address in it but names of XML and sources of texts; nothing that fetches."""
    text = template().html
    outside = re.sub(r'<script type="[^"]*" id="(relaxed|plain|tables)">.*?</script>', "", text, flags=re.DOTALL)
    assert set(re.findall(r"https?://[\w.]+", outside)) <= {"http://www.w3.org"}
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts)\b", outside)
    assert not re.search(
        r"\beval\(|new Function\(|\.innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write", outside
    )


def test_licences_of_what_is_in_it_are_named() -> None:
    """Only what package.json calls a dependency is bundled; development tools are not."""
    import json

    found = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    text = template().html
    for name in found.get("dependencies", {}):
        assert name in text, f"the page's head names {name} and its licence"


def test_it_is_shipped() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["headstart"]
    package = WEB.parent
    wanted = [*(WEB / "built").iterdir(), *FOLDER.iterdir(), WEB / "tables.json"]
    assert len(wanted) >= 5
    for path in wanted:
        name = path.relative_to(package).as_posix()
        assert any(fnmatch(name, pattern) for pattern in patterns), name


def unpacked(path: Path) -> str:
    """A built file with its modules unpacked: another version of node may pack the same bytes otherwise."""
    return re.sub(
        r'(id="(?:relaxed|plain)">)([^<]+)',
        lambda found: found[1] + hashlib.sha256(gzip.decompress(base64.b64decode(found[2]))).hexdigest(),
        path.read_text(encoding="utf-8"),
    )


def test_the_modules_are_the_built_ones() -> None:
    text = unpacked(BUILT)
    for name in ("engine.wasm", "engine_plain.wasm"):
        assert hashlib.sha256((WEB / "built" / name).read_bytes()).hexdigest() in text, RUN


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here: the page is not built anew")
def test_it_is_built_from_these_sources_to_the_byte(tmp_path: Path) -> None:
    if not (WEB / "node_modules/.bin/esbuild").exists():
        pytest.skip("no esbuild here: it comes with `npm ci` in src/headstart/web (make lint does it)")
    done = subprocess.run(
        ["node", "build.mjs", str(tmp_path)], cwd=WEB, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    made = sorted(path.name for path in tmp_path.iterdir())
    assert "lab.html" in made
    for name in made:
        assert unpacked(tmp_path / name) == unpacked(WEB / "built" / name), f"{name}: {RUN}"
