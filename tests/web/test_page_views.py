"""What the page draws and says, as far as no browser is needed: its own tests, bundled by esbuild and run by node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "src/headstart/web"
TESTS = Path(__file__).with_name("views")
ESBUILD = WEB / "node_modules/.bin/esbuild"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not ESBUILD.exists(),
    reason="the page's tests need node and `npm ci` in src/headstart/web",
)


@pytest.mark.parametrize("name", sorted(file.name.removesuffix(".test.ts") for file in TESTS.glob("*.test.ts")))
def test_views(name: str, tmp_path: Path) -> None:
    bundle = tmp_path / f"{name}.test.mjs"
    subprocess.run(
        [ESBUILD, TESTS / f"{name}.test.ts", "--bundle", "--platform=node", "--format=esm", f"--outfile={bundle}",
         "--log-level=warning"],
        check=True, timeout=60,
    )  # fmt: skip
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", str(bundle)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
