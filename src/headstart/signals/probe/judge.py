"""The verdict over one pass of any model: the findings, the weightiest first, in one word and in a few sentences."""

from __future__ import annotations

from headstart.signals import start, training
from headstart.signals.judge import HEALTHY, Verdict
from headstart.signals.parameters import BY_CODE
from headstart.signals.probe.look import Look
from headstart.signals.probe.rules import RULES as PROBED
from headstart.signals.rule import Finding, Rule
from headstart.signals.trace import Trace
from headstart.words import count, times

# The weightiest first. A cause stands before what comes of it, and what is certain before what is a matter of degree.
ORDER = (
    "HS206", "HS605", "HS604", "HS609", "HS608", "HS208", "HS101", "HS205", "HS203", "HS401", "HS209", "HS202", "HS302",
    "HS207", "HS301", "HS201", "HS204", "HS303", "HS402", "HS623", "HS622", "HS610", "HS304", "HS305", "HS210",
)  # fmt: skip


def rules() -> tuple[Rule, ...]:
    """The rules that look at a trace, in the order of their weight."""
    known = {rule.code: rule for rule in (*start.RULES, *training.RULES, *PROBED, *BY_CODE.values())}
    return tuple(known[code] for code in ORDER)


def judge_trace(trace: Trace) -> Verdict:
    """The verdict over one pass.

    The word is that of the weightiest fault, or "healthy". What is true of healthy models by their design is a remark.
    """
    look = Look(trace)
    found = [finding for rule in rules() for finding in _once(rule.seen(look))]
    found.sort(key=lambda finding: finding.severity != "fault")
    word = next((finding.word for finding in found if finding.severity == "fault"), HEALTHY)
    return Verdict(word, tuple(found), _reason(look, found))


def _once(found: list[Finding]) -> list[Finding]:
    """Of several findings of one code at one layer the farthest beyond the limit."""
    kept: dict[str | None, Finding] = {}
    for finding in found:
        before = kept.get(finding.layer)
        if before is None or abs(finding.value - finding.limit) > abs(before.value - before.limit):
            kept[finding.layer] = finding
    return list(kept.values())


def _reason(look: Look, found: list[Finding]) -> str:
    faults = [finding for finding in found if finding.severity == "fault"]
    if faults:
        different = {finding.code: finding for finding in reversed(faults)}
        told = [finding.message for finding in faults if different[finding.code] is finding][:2]
        return " ".join(told)
    return _healthy(look)


def _healthy(look: Look) -> str:
    """What is good about a start, from what was measured alone."""
    good: list[str] = []
    for trunk in look.trunks[:1]:
        sizes = [row.batch_std for row in trunk.rows if row.batch_std]
        if len(sizes) > 1:
            good.append(f"the signal changes {times(sizes[-1] / sizes[0])} over {count(len(trunk.layers), 'layer')}")
    weights = [weight for weight in look.weights() if weight.grad_rms is not None]
    if weights and all(weight.grad_rms for weight in weights):
        good.append("the gradient reaches every weight")
    if len(good) < 2:
        return "Nothing was found."
    return f"Healthy start: {' and '.join(good)}."
