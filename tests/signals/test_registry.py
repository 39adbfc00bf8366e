"""The registry of rules: every rule fires on its own example and is silent on the healthy one; names find them."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headstart.cli.group import cli
from headstart.errors import InputError
from headstart.signals.registry import RULES, rows, rules

ROOT = Path(__file__).parents[2]


def findings(command: str) -> list[dict[str, Any]]:
    """What the first scheme of a `headstart compare` command has."""
    done = CliRunner().invoke(cli, [*shlex.split(command)[1:], "--json"])
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["schemes"][0]["findings"]
    return found


@pytest.mark.parametrize("code", RULES)
def test_a_rule_fires_on_its_example_and_is_silent_on_the_healthy_one(code: str) -> None:
    rule = RULES[code]
    (finding,) = [finding for finding in findings(rule.example) if finding["code"] == code]
    assert finding["word"] == rule.word
    assert finding["remedy"] == rule.fix
    assert finding["message"].endswith(".")
    assert code not in [finding["code"] for finding in findings(rule.healthy)]


@pytest.mark.parametrize("code", RULES)
def test_a_rule_says_everything(code: str) -> None:
    rule = RULES[code]
    assert rule.code == code
    assert re.fullmatch(r"HS[1-6]\d\d", code)
    assert rule.severity in ("fault", "remark")
    assert all((rule.title, rule.meaning, rule.why, rule.unit, rule.fix, rule.source))
    assert re.search(r"\d{4}|Ng", rule.source)


def test_codes_stay() -> None:
    """A code in somebody's CI keeps its meaning: this list only grows."""
    assert [f"{rule.code} {rule.word}" for rule in RULES.values()] == [
        "HS101 symmetric", "HS201 vanishing", "HS202 exploding", "HS203 saturated", "HS301 vanishing",
        "HS302 exploding", "HS303 no gradient", "HS401 saturated", "HS501 diverged", "HS502 rising",
        "HS503 unstable", "HS504 stalled", "HS505 recovered",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        ([], list(RULES)),
        (["HS201"], ["HS201"]),
        (["hs201", "symmetric"], ["HS101", "HS201"]),
        (["vanishing"], ["HS201", "HS301"]),
        (["no gradient"], ["HS303"]),
        (["no", "gradient"], ["HS303"]),
        (["Saturated"], ["HS203", "HS401"]),
    ],
)
def test_names_find_rules(names: list[str], codes: list[str]) -> None:
    assert [rule.code for rule in rules(names)] == codes
    assert [row["code"] for row in rows(names)] == codes


@pytest.mark.parametrize(("name", "nearest"), [("HS21", "HS201"), ("vanish", "vanishing"), ("saturate", "saturated")])
def test_an_unknown_name_gets_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(InputError, match=f"unknown finding '{name}'. Did you mean .*'{nearest}'"):
        rules([name])


def test_the_page_of_findings_is_made_of_the_rules() -> None:
    made = runpy.run_path(str(ROOT / "tools" / "make_findings_page.py"))["page"]()
    assert (ROOT / "docs" / "findings.md").read_text() == made
