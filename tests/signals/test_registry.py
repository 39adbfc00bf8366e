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
    """What the first scheme of a `headstart compare` command has, or the model of an `audit` or `probe` command."""
    done = CliRunner().invoke(cli, [*shlex.split(command)[1:], "--json"])
    document = json.loads(done.stdout)
    found: list[dict[str, Any]] = document["findings" if "findings" in document else "schemes"]
    if "findings" not in document:
        assert done.exit_code == 0, done.output
        return found[0]["findings"]
    assert done.exit_code == (3 if any(each["severity"] == "fault" for each in found) else 0)
    return found


@pytest.mark.parametrize("code", RULES)
def test_a_rule_fires_on_its_example_and_is_silent_on_the_healthy_one(code: str) -> None:
    rule = RULES[code]
    finding, *others = [finding for finding in findings(rule.example) if finding["code"] == code]
    of_a_model = not rule.example.startswith("headstart compare")
    assert not others or of_a_model  # a rule of parameters or of layers speaks of each
    assert finding["word"] == rule.word
    assert finding["severity"] == rule.severity or not of_a_model
    # HS603 has one remedy for each reason, and a probe writes the line of code for this layer
    assert finding["remedy"] == rule.fix or code == "HS603" or rule.example.startswith("headstart probe")
    assert finding["remedy"]
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
        "HS101 symmetric", "HS201 vanishing", "HS202 exploding", "HS203 saturated", "HS204 independent", "HS205 dead",
        "HS206 not finite", "HS207 collapsed", "HS208 one number", "HS209 sharp", "HS210 alike", "HS301 vanishing",
        "HS302 exploding", "HS303 no gradient", "HS304 unbalanced", "HS305 steep norm", "HS401 saturated",
        "HS402 first loss", "HS501 diverged", "HS502 rising",
        "HS503 unstable", "HS504 stalled", "HS505 recovered", "HS601 not finite", "HS602 unwritten",
        "HS603 no values", "HS604 zero layer", "HS605 dead pair", "HS606 identical", "HS607 twin units",
        "HS608 norm scale", "HS609 input lost", "HS610 residual", "HS611 wrong fan", "HS612 variance",
        "HS613 other fan", "HS614 shrinking", "HS615 growing", "HS616 first loss", "HS617 saturating",
        "HS618 dead units", "HS619 ignored", "HS620 padding row", "HS621 forget bias", "HS622 wide table",
        "HS623 slow sine",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        ([], list(RULES)),
        (["HS201"], ["HS201"]),
        (["hs201", "symmetric"], ["HS101", "HS201"]),
        (["vanishing"], ["HS201", "HS301"]),
        (["no gradient"], ["HS303"]),
        (["no", "gradient"], ["HS303", "HS603"]),
        (["Saturated"], ["HS203", "HS401"]),
    ],
)
def test_names_find_rules(names: list[str], codes: list[str]) -> None:
    assert [rule.code for rule in rules(names)] == codes
    assert [row["code"] for row in rows(names)] == codes


@pytest.mark.parametrize(
    ("name", "nearest"), [("symetric", "symmetric"), ("vanish", "vanishing"), ("saturate", "saturated")]
)
def test_an_unknown_name_gets_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(InputError, match=f"unknown finding '{name}'. Did you mean .*'{nearest}'"):
        rules([name])


def test_the_page_of_findings_is_made_of_the_rules() -> None:
    made = runpy.run_path(str(ROOT / "tools" / "make_findings_page.py"))["page"]()
    assert (ROOT / "docs" / "findings.md").read_text() == made
