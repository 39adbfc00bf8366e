"""The verdict over several runs of one scheme: the findings, in one word and in a few sentences.

Nothing here knows which scheme made the weights: every judgement is a number that was measured, held against a limit.
Numbers are medians over the runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from headstart.signals import start, training
from headstart.signals.evidence import Evidence
from headstart.signals.record import Outcome, Signals
from headstart.signals.rule import Finding
from headstart.signals.sentences import sentence
from headstart.words import percent, times

# The weightiest first: what names the verdict if several are found. A cause stands before what comes of it.
ORDER = (
    "HS101", "HS203", "HS401", "HS303", "HS201", "HS202", "HS301", "HS302", "HS501", "HS502", "HS503", "HS505", "HS504",
)  # fmt: skip
HEALTHY, RECOVERED = "healthy", "recovered"
WITHOUT_FAULT = (HEALTHY, RECOVERED)


@dataclass(frozen=True)
class Verdict:
    """The findings, the weightiest first; the one word for them; and the sentences that give the numbers."""

    word: str
    findings: tuple[Finding, ...]
    reason: str


def judge(signals: Sequence[Signals], outcomes: Sequence[Outcome] = ()) -> Verdict:
    """The verdict over runs of one scheme: their starts and, if they were trained, what became of them.

    What is found at the start is a fault, unless training made up for it: then it is a remark, and so is that.

    >>> from headstart.signals.record import Signal
    >>> layers = (Signal(name="hidden", std=0.01), Signal(name="output", std=0.0001))
    >>> verdict = judge([Signals(input=Signal(name="input", std=1.0), layers=layers)])
    >>> verdict.word, verdict.reason
    ('vanishing', 'At the start the signal shrinks × 0.01 per layer, × 0.0001 over 2 layers.')
    """
    evidence = Evidence(tuple(signals), tuple(outcomes))
    started = start.findings(evidence)
    trained = [finding for rule in training.RULES if (finding := rule.find(evidence)) is not None]
    recovered = any(finding.word == RECOVERED for finding in trained)
    if recovered:
        started = [replace(finding, severity="remark") for finding in started]
    found = sorted([*started, *trained], key=lambda finding: ORDER.index(finding.code))
    faults = (finding.word for finding in found if finding.severity == "fault")
    return Verdict(next(faults, RECOVERED if recovered else HEALTHY), tuple(found), _reason(evidence, found))


def _reason(evidence: Evidence, found: Sequence[Finding]) -> str:
    """The weightiest of the start (and a gradient of zero, which says more), and what training made of it."""
    started = [finding for finding in found if finding.code < "HS5"]
    trained = [finding.message for finding in found if finding.code >= "HS5"]
    if not started:
        return " ".join([_healthy(evidence), *trained])
    told = [started[0], *(finding for finding in started[1:] if finding.code == "HS303")]
    if evidence.outcomes and not trained:
        trained = [sentence("trained", course=training.course(evidence))]
    return " ".join([*(finding.message for finding in told), *trained])


def _healthy(evidence: Evidence) -> str:
    """What is good about a start at which nothing was found, from what was measured alone."""
    good = [*_drift(evidence), *_saturation(evidence), *_units(evidence), *_gradient(evidence)]
    if len(good) < 2:
        return sentence("nothing")
    return sentence("healthy", good=", ".join(good[:-1]), last=good[-1])


def _drift(evidence: Evidence) -> list[str]:
    total = evidence.start(lambda run: run.forward_factor)
    if total is None:
        return []
    return [sentence("healthy_drift", per_layer=times(total ** (1 / len(evidence.signals[0].layers))))]


def _saturation(evidence: Evidence) -> list[str]:
    outputs = evidence.start(lambda run: run.saturated_outputs)
    shares = [share for _, share in evidence.by_layer("flat_share")] + ([] if outputs is None else [outputs])
    if not shares:
        return []
    most = max(shares)
    return [sentence("healthy_some", share=percent(most, 0)) if most > 0 else sentence("healthy_none")]


def _units(evidence: Evidence) -> list[str]:
    widths, distinct = dict(evidence.by_layer("width")), evidence.by_layer("distinct")
    return (
        [sentence("healthy_units")] if distinct and all(count == widths.get(name) for name, count in distinct) else []
    )


def _gradient(evidence: Evidence) -> list[str]:
    sizes = [size for _, size in evidence.by_layer("gradient_rms")]
    return [sentence("healthy_gradient")] if sizes and min(sizes) > 0 else []
