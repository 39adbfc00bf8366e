"""The rules that judge a start, whether or not it was trained: the families HS1xx to HS4xx."""

from __future__ import annotations

from headstart.signals import backward, forward, outputs, symmetry
from headstart.signals.evidence import Evidence
from headstart.signals.rule import Finding, Rule

RULES: tuple[Rule, ...] = (*symmetry.RULES, *forward.RULES, *backward.RULES, *outputs.RULES)


def findings(evidence: Evidence) -> list[Finding]:
    """What is found at the start, in the order of the rules."""
    return [finding for rule in RULES if (finding := rule.find(evidence)) is not None]


def to_overcome(evidence: Evidence) -> float | None:
    """The share that training must have learnt to have made up for all that is found; None if there is nothing to."""
    found = {finding.code for finding in findings(evidence)}
    shares = [rule.overcome for rule in RULES if rule.code in found]
    return max((share for share in shares if share is not None), default=None) if None not in shares else None
