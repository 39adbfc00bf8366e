"""A rule as data, and the finding it makes where what was measured passes its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from headstart.signals.evidence import Evidence
from headstart.signals.probe.look import Look
from headstart.signals.severity import Severity

__all__ = ["Finding", "Hit", "Rule", "Severity"]
# What training must have learnt (`Outcome.learnt`) to have made up for such a start. A start that is too small stands
# on a plateau, and to have left it is enough; one that is too large moves at once, so moving proves nothing.
LEFT_THE_PLATEAU, MOST = 0.1, 0.8


@dataclass(frozen=True)
class Finding:
    """One thing that was found. `value` and `limit` are of the same thing, in the rule's unit.

    `layer` is the first of the layers to blame, or the one that did most of it; `layers` are all of them, where a probe
    blames several.
    """

    code: str
    word: str
    severity: Severity
    layer: str | None
    value: float
    limit: float
    message: str
    remedy: str
    layers: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """As plain data, with `layers` where there are several."""
        found = dict(vars(self))
        if len(self.layers) < 2:
            del found["layers"]
        return found


@dataclass(frozen=True)
class Hit:
    """What a rule's check saw beyond its limit: the number, the sentence, and the layer if it is one layer's.

    The limit, the severity and the remedy where they are not the rule's own.
    """

    value: float
    message: str
    layer: str | None = None
    limit: float | None = None
    severity: Severity | None = None
    remedy: str = ""
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Args:
        code: stable for ever; its first digit is the family.
        word: what the verdict calls it. Two rules may share a word, as the two directions of vanishing do.
        severity: a fault is something wrong; a remark is worth knowing.
        title: what is the matter, in one line.
        meaning: what is measured, and when the rule fires.
        why: the theory of it.
        limit, unit: the limit, and what both it and a finding's value are numbers of.
        fix: what to do.
        source: where the theory stands.
        example: a command whose first scheme has the finding.
        healthy: the command that does not have it.
        check: what it sees in the evidence of an experiment, given the limit; None for a rule of a parameter's values
            (HS6xx), which `audit` checks, and for one that only a probe can see.
        look: what it sees in the trace of any model, given the limit; None where a probe cannot tell.
        overcome: for what is found at the start, the share (`Outcome.learnt`) that training must have learnt to have
            made up for it; None if it never can.
    """

    code: str
    word: str
    severity: Severity
    title: str
    meaning: str
    why: str
    limit: float
    unit: str
    fix: str
    source: str
    example: str
    healthy: str
    check: Callable[[Evidence, float], Hit | None] | None = None
    look: Callable[[Look, float], Iterable[Hit]] | None = None
    overcome: float | None = None

    def find(self, evidence: Evidence) -> Finding | None:
        """The finding, if there is one."""
        hit = self.check(evidence, self.limit) if self.check is not None else None
        return None if hit is None else self._finding(hit)

    def seen(self, look: Look) -> list[Finding]:
        """All that it sees in a trace."""
        return [] if self.look is None else [self._finding(hit) for hit in self.look(look, self.limit)]

    def _finding(self, hit: Hit) -> Finding:
        return Finding(
            code=self.code,
            word=self.word,
            severity=hit.severity or self.severity,
            layer=hit.layer,
            value=hit.value,
            limit=self.limit if hit.limit is None else hit.limit,
            message=hit.message,
            remedy=hit.remedy or self.fix,
            layers=hit.layers or (() if hit.layer is None else (hit.layer,)),
        )
