"""Findings: what the measured signals of a few runs say about their start, in one word and one sentence.

Nothing here knows which scheme made the weights: every judgement is a number that was measured, held against a limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

# How far the signal or the gradient may drift over the whole depth before it is called vanishing or exploding. At 100
# the first and the last layer learn at rates so different that one learning rate cannot serve both.
DRIFT_LIMIT = 100.0
SATURATED_OUTPUT_LIMIT = 0.1  # share of examples whose probability is within 1e-6 of 0 or 1
SATURATED_UNIT_LIMIT = 0.5  # share of hidden activations on the flat parts of the activation
BARELY_LEARNT = 0.9  # of the first cost


@dataclass(frozen=True)
class Signals:
    """What was measured in one run. Layers count from the first hidden layer; the output is the last one."""

    input_std: float  # across samples, root mean square over features
    layer_std: tuple[float, ...]  # of the pre-activations, across samples, root mean square over units
    error_rms: tuple[float, ...]  # of the cost's derivative by the pre-activations, per layer
    gradient_rms: tuple[float, ...]  # of the cost's derivative by the weights, per layer
    flat_share: tuple[float, ...]  # per hidden layer: share of slopes below a hundredth, if the activation saturates
    saturated_outputs: float  # share of examples with a probability within 1e-6 of 0 or 1
    widths: tuple[int, ...]  # units per hidden layer
    distinct_first: tuple[int, ...]  # units per hidden layer that differ from all others, at the first step
    distinct_last: tuple[int, ...]  # at the last step
    first_cost: float
    final_cost: float
    diverged_at: int | None

    @property
    def factor_per_layer(self) -> float:
        """Geometric mean of the factor by which a layer changes the signal's standard deviation."""
        return _root(self.layer_std[-1], self.input_std, len(self.layer_std))

    @property
    def backward_factor_per_layer(self) -> float:
        """The same for the error on its way back, from the output to the first layer."""
        return _root(self.error_rms[0], self.error_rms[-1], len(self.error_rms) - 1)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (or "healthy"): a code, the number measured, its limit, and the sentence."""

    code: str
    layer: int | None
    value: float
    limit: float
    sentence: str


def judge(runs: Sequence[Signals]) -> list[Finding]:
    """The findings over several runs of one scheme, the weightiest first; exactly one "healthy" if nothing is wrong.

    Numbers are medians over the runs; a finding needs at least half of the runs.
    """
    checks: tuple[Callable[[Sequence[Signals]], Finding | None], ...] = (
        _symmetry, _saturation, _no_gradient, _forward_drift, _backward_drift, _divergence,
    )  # fmt: skip
    found = [finding for check in checks if (finding := check(runs)) is not None]
    return found or [_healthy(runs)]


def reason(findings: Sequence[Finding]) -> str:
    """The sentence for the findings: the weightiest, and the divergence it ended in."""
    chosen = [findings[0], *(f for f in findings[1:] if f.code in ("diverged", "no gradient"))]
    return " ".join(finding.sentence for finding in chosen)


# --- the checks -----------------------------------------------------------------------------------------------------


def _symmetry(runs: Sequence[Signals]) -> Finding | None:
    """A hidden layer with fewer distinct units than units, from the first to the last step."""
    stuck: list[tuple[float, int, int, int]] = []
    for layer, width in enumerate(runs[0].widths):
        first = _median([run.distinct_first[layer] for run in runs])
        last = _median([run.distinct_last[layer] for run in runs])
        if first < width and last < width:
            stuck.append((last / width, layer, width, int(last)))
    if not stuck:
        return None
    _, layer, width, distinct = min(stuck)
    every = len(stuck) == len(runs[0].widths) > 1 and all(count == 1 for *_, count in stuck)
    if every:
        where = "the units of every hidden layer are copies of one another"
    elif distinct == 1:
        where = f"the {width} units of hidden layer {layer + 1} are copies of one another"
    else:
        where = f"of the {width} units of hidden layer {layer + 1} only {distinct} differ"
    units = f"{distinct} distinct unit{'s' if distinct > 1 else ''} of {width}"
    return Finding(
        "symmetric", layer + 1, float(distinct), float(width),
        f"Symmetry is not broken: {where} from the first step to the last ({units}), so they all learn the same.",
    )  # fmt: skip


def _saturation(runs: Sequence[Signals]) -> Finding | None:
    """Outputs or hidden units at the flat ends, whichever is worse."""
    outputs = _median([run.saturated_outputs for run in runs])
    cost = _median([run.first_cost for run in runs])
    found = []
    if outputs > SATURATED_OUTPUT_LIMIT:
        found.append(
            Finding(
                "saturated", len(runs[0].layer_std), outputs, SATURATED_OUTPUT_LIMIT,
                f"The outputs start saturated: {_percent(outputs)} of the examples have a probability within 1e-6 of "
                f"0 or 1, right or wrong, so the first cost is {_number(cost)}.",
            )
        )  # fmt: skip
    if runs[0].flat_share:
        shares = [_median([run.flat_share[layer] for run in runs]) for layer in range(len(runs[0].flat_share))]
        layer = int(np.argmax(shares))
        if shares[layer] > SATURATED_UNIT_LIMIT:
            found.append(
                Finding(
                    "saturated", layer + 1, shares[layer], SATURATED_UNIT_LIMIT,
                    f"The hidden units start saturated: {_percent(shares[layer])} of the activations of hidden layer "
                    f"{layer + 1} lie where the activation is flat, so little gradient passes through them.",
                )
            )  # fmt: skip
    return max(found, key=lambda finding: finding.value, default=None)


def _no_gradient(runs: Sequence[Signals]) -> Finding | None:
    without = [run for run in runs if not any(run.gradient_rms)]
    if 2 * len(without) < len(runs):
        return None
    return Finding(
        "no gradient", None, 0.0, 0.0,
        "The gradient of every weight is exactly zero at the start: gradient descent has nothing to follow.",
    )  # fmt: skip


def _forward_drift(runs: Sequence[Signals]) -> Finding | None:
    total = _median([_ratio(run.layer_std[-1], run.input_std) for run in runs])
    factor = _median([run.factor_per_layer for run in runs])
    if math.isnan(total) or 1 / DRIFT_LIMIT <= total <= DRIFT_LIMIT:  # NaN: the inputs are all alike
        return None
    layers = len(runs[0].layer_std)
    if total < 1:
        word, change = "vanishing", "shrinks"
        effect = "so the outputs hardly depend on the inputs, nor the cost on the early weights"
    else:
        word, change = "exploding", "grows"
        effect = "so the outputs and the gradients start far too large"
    drift = f"{change} {_times(factor)} per layer, {_times(total)} over {_layers(layers)}"
    if math.isinf(total):
        drift = f"grows past the largest number within {_layers(layers)}"
    return Finding(word, None, factor, DRIFT_LIMIT, f"The signal {drift}, {effect}.")


def _backward_drift(runs: Sequence[Signals]) -> Finding | None:
    total = _median([_ratio(run.error_rms[0], run.error_rms[-1]) for run in runs])
    if not math.isfinite(total) or 1 / DRIFT_LIMIT <= total <= DRIFT_LIMIT or total == 0:
        return None
    factor = _median([run.backward_factor_per_layer for run in runs])
    word, change = ("vanishing", "shrinks") if total < 1 else ("exploding", "grows")
    return Finding(
        word, 1, factor, DRIFT_LIMIT,
        f"The gradient {change} {_times(factor)} per layer on its way back, {_times(total)} from the output to the "
        "first layer.",
    )  # fmt: skip


def _divergence(runs: Sequence[Signals]) -> Finding | None:
    steps = [run.diverged_at for run in runs if run.diverged_at is not None]
    if 2 * len(steps) < len(runs):
        return None
    return Finding(
        "diverged", None, _median(steps), 0.0,
        f"{len(steps)} of {len(runs)} runs diverged: their gradient stopped being finite at step "
        f"{_median(steps):.0f} (median).",
    )  # fmt: skip


def _healthy(runs: Sequence[Signals]) -> Finding:
    factor = _median([run.factor_per_layer for run in runs])
    first, last = _median([run.first_cost for run in runs]), _median([run.final_cost for run in runs])
    sentence = (
        f"Healthy start: the signal changes {_times(factor)} per layer, nothing is saturated, all units differ and the "
        "gradient reaches every layer."
    )
    if last > first:
        sentence += f" Yet the cost rose from {_number(first)} to {_number(last)}: the learning rate is too large."
    elif not last < BARELY_LEARNT * first:
        sentence += (
            f" Yet the cost went from {_number(first)} to {_number(last)} only: look at the learning rate, the steps "
            "and the network."
        )
    return Finding("healthy", None, factor, DRIFT_LIMIT, sentence)


# --- numbers in words -----------------------------------------------------------------------------------------------


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0 else math.nan


def _root(a: float, b: float, count: int) -> float:
    ratio = _ratio(a, b)
    return ratio ** (1 / count) if count > 0 and ratio > 0 else ratio


def _median(values: Sequence[float]) -> float:
    return float(np.median(np.array(values, np.float64)))


def _times(factor: float) -> str:
    """A factor in words a person reads: × 1.41, × 0.02, × 3e-07."""
    if factor == 0 or math.isnan(factor):
        return "× 0"
    return f"× {factor:.2f}" if 0.1 <= factor < 100 else f"× {factor:.1g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "infinite" if value > 0 else "not a number"
    return f"{value:.3g}"


def _layers(count: int) -> str:
    return f"{count} layer{'s' if count > 1 else ''}"
