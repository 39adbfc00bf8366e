"""Remedies tried one after the other on copies of a model: the first that cures is taken, else what helps most."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from headstart.errors import HeadstartError
from headstart.signals.judge import HEALTHY, Verdict
from headstart.signals.probe.fix import TORCH, Attempt, Fix, Lines, attempts, better
from headstart.signals.probe.judge import judge_trace
from headstart.signals.probe.look import Look
from headstart.signals.trace import Trace

Model = TypeVar("Model")


def first_that_helps(
    trace: Trace, verdict: Verdict, copied: Callable[[], Model], attempted: Callable[[Model, Attempt], Trace],
    lines: Lines = TORCH,
) -> Fix | None:  # fmt: skip
    """The first remedy after which no fault is left; else the one that leaves the fewest; None where none helps.

    Args:
        trace, verdict: of the model as it is.
        copied: makes a copy of the model. attempted: what a pass shows after a change of the copy.
        lines: of code, as the model's library has them.
    """
    if verdict.word == HEALTHY:
        return None
    best: Fix | None = None
    tried: set[str] = set()
    for attempt in attempts(Look(trace), verdict, lines):
        if attempt.code in tried:
            continue
        tried.add(attempt.code)
        copy = copied()
        try:
            after = attempted(copy, attempt)
        except HeadstartError:  # a scheme that cannot draw one of the weights, a model that refuses them
            continue
        judged = judge_trace(after)
        if not better(verdict, judged):
            continue
        found = Fix(attempt.code, verdict, judged, after)
        if found.cures:
            return found
        if best is None or better(best.after, judged):
            best = found
    return best
