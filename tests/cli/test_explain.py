"""`headstart explain`: the rules as text and as JSON, and what it says to a name it does not know."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from headstart.cli.group import cli
from headstart.cli.main import run
from headstart.signals.registry import RULES, rows


def explain(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["explain", *arguments], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    return done.stdout


def test_without_a_name_it_lists_all_rules() -> None:
    text = explain()
    for rule in RULES.values():
        (line,) = [line for line in text.splitlines() if rule.code in line]
        assert rule.title in line
    assert max(map(len, text.splitlines())) <= 160


def test_a_code_prints_everything_about_it() -> None:
    text = " ".join(explain("HS201").split())
    (row,) = rows(["HS201"])
    for part in ("title", "meaning", "why", "unit", "fix", "source", "example", "healthy"):
        assert row[part] in text
    assert "limit: 0.01 (" in text
    assert "HS301" not in text


def test_a_word_prints_all_its_rules() -> None:
    text = explain("vanishing")
    assert "HS201 vanishing" in text
    assert "HS301 vanishing" in text


def test_json_has_the_rows() -> None:
    found = json.loads(explain("HS101", "HS401", "--json"))
    assert found == {"schema": 1, "rules": rows(["HS101", "HS401"])}
    assert set(found["rules"][0]) == {
        "code", "word", "severity", "title", "meaning", "why", "limit", "unit", "fix", "source", "example", "healthy",
    }  # fmt: skip


def test_an_unknown_name_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(["explain", "vanish"])
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert "unknown finding 'vanish'. Did you mean 'vanishing'?" in captured.err
    assert captured.out == ""
