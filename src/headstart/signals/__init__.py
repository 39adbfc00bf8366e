"""Judging what was measured in a network: records, the registry of rules, findings and the verdict they add up to.

Knows no framework. `record` is what a measurement fills in, `judge` reads it, `registry` lists every rule; the families
of rules are `symmetry`, `forward`, `backward`, `outputs` and `training`.
"""

from headstart.signals.judge import Verdict, judge
from headstart.signals.record import Outcome, Signal, Signals
from headstart.signals.rule import Finding, Rule

__all__ = ["Finding", "Outcome", "Rule", "Signal", "Signals", "Verdict", "judge"]
