"""The page's core without a browser: its own tests, bundled by esbuild and run by node, against what Python says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "src/headstart/web"
TESTS = Path(__file__).with_name("core")
ESBUILD = WEB / "node_modules/.bin/esbuild"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not ESBUILD.exists(),
    reason="the page's tests need node and `npm ci` in src/headstart/web",
)


@pytest.fixture(scope="module")
def fixture_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from page_fixtures import fixtures

    file = tmp_path_factory.mktemp("page") / "fixtures.json"
    file.write_text(json.dumps(fixtures()), encoding="utf-8")
    return file


@pytest.mark.parametrize("name", sorted(file.name.removesuffix(".test.ts") for file in TESTS.glob("*.test.ts")))
def test_core(name: str, fixture_file: Path, tmp_path: Path) -> None:
    bundle = tmp_path / f"{name}.test.mjs"
    subprocess.run(
        [ESBUILD, TESTS / f"{name}.test.ts", "--bundle", "--platform=node", "--format=esm", f"--outfile={bundle}",
         "--log-level=warning"],
        check=True, timeout=60,
    )  # fmt: skip
    known = {"HEADSTART_FIXTURES": str(fixture_file), "HEADSTART_MODULE": str(WEB / "built/engine.wasm")}
    done = subprocess.run(
        ["node", "--experimental-wasm-relaxed-simd", "--test", "--test-reporter=tap", str(bundle)],
        capture_output=True, text=True, timeout=120, check=False, env=os.environ | known,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_activations_are_what_their_definitions_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "tools"))
    import make_page_activations as maker

    formatted = subprocess.run(
        [WEB / "node_modules/.bin/prettier", "--config", WEB / ".prettierrc.json", "--stdin-filepath", maker.PLACE],
        input=maker.written(), capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    assert formatted == maker.PLACE.read_text(encoding="utf-8"), (
        "run tools/make_page_activations.py, and npm run format"
    )
