"""Every rule, by code and by word: what `headstart explain` prints, the page of findings shows, and the tests walk.

Codes are stable. Their first digit is the family: 1 symmetry, 2 forward, 3 backward, 4 outputs, 5 training, 6 what
is wrong with a parameter itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headstart.errors import unknown
from headstart.signals import parameters, start, training
from headstart.signals.probe import rules as probe_rules
from headstart.signals.rule import Rule

SCHEMA = 1
_ALL = (*start.RULES, *probe_rules.RULES, *training.RULES, *parameters.RULES)
RULES: dict[str, Rule] = {rule.code: rule for rule in sorted(_ALL, key=lambda rule: rule.code)}


def rules(names: Iterable[str] = ()) -> list[Rule]:
    """The rules with these codes or words, in the order of codes; all of them without a name.

    A word may be one of several: "gradient" finds "no gradient".

    >>> [rule.code for rule in rules(["vanishing", "hs401"])]
    ['HS201', 'HS301', 'HS401']

    Raises:
        InputError: a name is neither a code nor a word; the nearest are in the message.
    """
    found = {code for name in names for code in _named(name)}
    return [rule for code, rule in RULES.items() if code in found or not names]


def _named(name: str) -> list[str]:
    wanted = name.strip().lower()
    codes = [code for code, rule in RULES.items() if wanted in (code.lower(), rule.word, *rule.word.split())]
    if not codes:
        words = dict.fromkeys(rule.word for rule in RULES.values())
        raise unknown("finding", name, [*RULES, *words])
    return codes


def rows(names: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The same as plain data, one row per rule."""
    columns = (
        "code", "word", "severity", "title", "meaning", "why", "limit", "unit", "fix", "source", "example", "healthy",
    )  # fmt: skip
    return [{column: getattr(rule, column) for column in columns} for rule in rules(names)]
