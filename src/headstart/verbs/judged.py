"""What an audit and a probe share: findings, which of them are faults, and a check for a test suite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from headstart.errors import Unhealthy, unknown
from headstart.signals.rule import Finding, Rule
from headstart.verbs.result import Result
from headstart.words import count


class Judged(Result):
    """A result with `findings`. A subclass says which rules can make one, and where faults are: "in the parameters"."""

    findings: tuple[Finding, ...]
    _rules: ClassVar[Sequence[Rule]]
    _where: ClassVar[str]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that are faults."""
        return tuple(finding for finding in self.findings if finding.severity == "fault")

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """The findings that are worth knowing."""
        return tuple(finding for finding in self.findings if finding.severity == "remark")

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong; remarks may be."""
        return not self.faults

    def assert_healthy(self, allow: Iterable[str] = ()) -> None:
        """For a test suite: raise where a fault was found.

        Args:
            allow: codes or words of rules whose findings are allowed: "HS606", "identical".

        Raises:
            Unhealthy: an AssertionError that names every fault.
            InputError: a code or word that no rule has.
        """
        allowed = {allow} if isinstance(allow, str) else set(allow)
        known = {name for rule in self._rules for name in (rule.code, rule.word)}
        for name in sorted(allowed - known):
            raise unknown("finding", name, sorted(known))
        found = [each for each in self.faults if not allowed & {each.code, each.word}]
        told = [f"{each.code} {each.layer or each.word}: {each.message}" for each in found] + self._also_wrong()
        if told:
            raise Unhealthy("\n".join([f"{count(len(told), 'fault')} {self._where}:", *told]))

    def _also_wrong(self) -> list[str]:
        """What is wrong besides the findings."""
        return []
