"""What tests of the page in a browser share: waiting for the lab, its results in Python's types, accessibility."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from chromium_browser import until

WEB = Path(__file__).parents[2] / "src/headstart/web"
AXE = WEB / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

BUILT = WEB / "built/lab.html"
DONE = "globalThis.headstart?.lab.status.phase === 'done'"
RUNS = """() => {
  const { lab } = headstart;
  const bytes = (array) => {
    const view = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    let text = "";
    for (const byte of view) text += String.fromCharCode(byte);
    return btoa(text);
  };
  return lab.state.panels.map((_, panel) => {
    const { spec, runs } = lab.result(panel);
    return [spec, runs.map((run) => ({
      end: bytes(run.thetas.slice(-run.thetas.length / run.kept.length)),
      costs: bytes(run.costs), score: run.scores.at(-1), test: run.testScore, diverged: run.divergedAt,
    }))];
  });
}"""


def violations(tab: Any, within: str = "html") -> list[str]:
    """What axe-core has against the page as it stands, or a part of it: rule, impact, and the first element."""
    if not AXE.exists():
        pytest.skip("no axe-core here: it comes with `npm ci` in src/headstart/web (make lint does it)")
    if not tab.evaluate("'axe' in globalThis"):
        tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate(f"axe.run('{within}', {{ runOnly: {RULES} }})")["violations"]
    return [f"{item['id']} ({item['impact']}): {item['nodes'][0]['html'][:200]}" for item in found]


def url(address: str = "") -> str:
    """The built page on disk with a state."""
    return BUILT.as_uri() + (f"#{address}" if address else "")


def opened(tabs: Any, address: str = "", page: str = "", **how: Any) -> Any:
    """A tab with the lab, all of whose networks are trained.

    Args:
        page: another address of the page than the built file's.
        how: as `Tabs` has it.
    """
    tab = tabs(f"{page}#{address}" if page and address else page or url(address), **how)
    trained(tab)
    return tab


def trained(tab: Any) -> None:
    """Wait until all networks are."""
    until(lambda: tab.evaluate(DONE), "all networks trained")


def go_to(tab: Any, address: str) -> None:
    """Give the open page another state, and wait."""
    tab.evaluate("(address) => headstart.lab.open(address)", address)
    trained(tab)


def results(tab: Any) -> dict[str, list[dict[str, Any]]]:
    """Scheme -> what came of each seed: final weights and costs as bytes, scores, the step it diverged at."""
    found = tab.evaluate(RUNS)
    for _, runs in found:
        for run in runs:
            run["end"], run["costs"] = base64.b64decode(run["end"]), base64.b64decode(run["costs"])
    return dict(found)
