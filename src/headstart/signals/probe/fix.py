"""A remedy that was tried: the line of code, and the verdict before and after it. And what is worth trying, as data.

A remedy is a change of the weights: draw all or some of them anew, or multiply one by a number. Which are worth trying
follows from the findings; whether one helps is measured by whoever has the model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from headstart.signals.judge import Verdict
from headstart.signals.probe.look import Look
from headstart.signals.rule import Finding
from headstart.signals.trace import Trace
from headstart.words import number

_MOST = 8  # layers that are told one by one
_OF_WEIGHTS = (
    "HS101", "HS201", "HS202", "HS203", "HS204", "HS205", "HS206", "HS209", "HS301", "HS302", "HS401", "HS402", "HS604",
    "HS605",
)  # fmt: skip


@dataclass(frozen=True)
class Fix:
    """A remedy that helps.

    Args:
        code: the lines that do it.
        before, after: the verdicts without and with it.
        trace: what the pass showed after it.
    """

    code: str
    before: Verdict
    after: Verdict
    trace: Trace = field(repr=False)

    @property
    def cures(self) -> bool:
        """Whether no fault is left."""
        return not _faults(self.after)

    def told(self) -> list[str]:
        """What became of each fault, a line each."""
        after = {finding.code: finding for finding in _faults(self.after)}
        found = []
        for code, finding in {finding.code: finding for finding in reversed(_faults(self.before))}.items():
            left = after.get(code)
            end = "gone" if left is None else number(left.value, 3)
            found.append(
                f"{code} {finding.word}: {number(finding.value, 3)} (limit {number(finding.limit, 3)}) -> {end}"
            )
        return sorted(found)


@dataclass(frozen=True)
class Attempt:
    """What may help: a scheme for some weights or all, or a factor for some.

    Args:
        code: the lines that do it.
        scheme, how: of `init`; None where no weights are drawn.
        factors: parameter -> by what it is multiplied. fills: parameter -> the number that all of it becomes.
    """

    code: str
    scheme: str | None = None
    how: dict[str, Any] = field(default_factory=dict)
    factors: dict[str, float] = field(default_factory=dict)
    fills: dict[str, float] = field(default_factory=dict)


class Lines:
    """The lines of code that change a model, as its library has them: PyTorch's."""

    def drawn(self, scheme: str, more: str) -> str:
        """Draw weights anew. more: further arguments, each behind a comma."""
        return f'hs.init(model, "{scheme}", example=x{more})'

    def multiplied(self, name: str, by: str) -> str:
        return f'model.get_parameter("{name}").data.mul_({by})'

    def filled(self, name: str, value: str) -> str:
        return f'model.get_parameter("{name}").data.fill_({value})'


TORCH = Lines()


def attempts(look: Look, verdict: Verdict, lines: Lines = TORCH) -> Iterator[Attempt]:
    """What is worth trying, the smallest change first."""
    faults = _faults(verdict)
    yield from _fills(look, faults, lines)
    names = _weights_of(look, faults)
    if 0 < len(names) <= _MOST:
        only = _patterns(names)
        yield _drawn(lines, "gain", only=only[0] if len(only) == 1 else only)
        factors = _factors(look, faults, names)
        if factors:
            code = "\n".join(lines.multiplied(name, number(by, 3)) for name, by in factors.items())
            yield Attempt(code, factors=factors)
    yield _drawn(lines, "gain")
    for finding in faults:
        if finding.code == "HS623" and finding.layer is not None:
            yield _drawn(lines, "siren", rules={f"{finding.layer}.weight": "siren(first=true)"})
    if look.trace.sums:
        yield _drawn(lines, "gain", residual_scale="1/sqrt(2L)")
    for scheme, bias in _recommended(look):
        yield _drawn(lines, scheme, **({"bias": bias} if bias else {}))
    yield _drawn(lines, "xavier")


def better(before: Verdict, after: Verdict) -> bool:
    """Whether fewer kinds of faults are left, and no new one came."""
    was, now = ({finding.code for finding in _faults(verdict)} for verdict in (before, after))
    return now < was


def _faults(verdict: Verdict) -> list[Finding]:
    return [finding for finding in verdict.findings if finding.severity == "fault"]


def _drawn(lines: Lines, scheme: str, **how: Any) -> Attempt:
    more = "".join(f", {name}={_written(value)}" for name, value in how.items())
    return Attempt(lines.drawn(scheme, more), scheme, how)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{name}": "{each}"' for name, each in value.items()) + "}"
    return "[" + ", ".join(f'"{each}"' for each in value) + "]"


def _patterns(names: list[str]) -> list[str]:
    """Names as patterns: a layer's weight and bias together."""
    layers: dict[str, list[str]] = {}
    for name in names:
        layers.setdefault(name.rpartition(".")[0], []).append(name)
    return [f"{layer}.*" if layer and len(own) > 1 else name for layer, own in layers.items() for name in own[:1]]


def _weights_of(look: Look, faults: Iterable[Finding]) -> list[str]:
    """The weights at the layers that faults name, and the biases beside them."""
    found: dict[str, None] = {}
    layers = {layer for finding in faults if finding.code in _OF_WEIGHTS for layer in finding.layers}
    for row in look.rows:
        if row.name in layers:
            found |= dict.fromkeys(row.parameters)
    found |= {layer: None for layer in layers if layer in look.trace.weights}
    return [name for name in found if name in look.trace.weights and look.trace.weights[name].trainable]


def _factors(look: Look, faults: Iterable[Finding], names: list[str]) -> dict[str, float]:
    """For one layer that is far from the others: what brings it to what they multiply by."""
    found = {}
    for finding in faults:
        if finding.code not in ("HS201", "HS202", "HS203", "HS209", "HS402"):
            continue
        for row in look.rows:
            own = look.own(row) if row.name == finding.layer else None
            heavy = [name for name in row.parameters if name in names and look.is_weight(look.trace.weights[name])]
            if own and look.usual and math.isfinite(own) and heavy:
                found[heavy[0]] = look.usual / own
    return found


def _fills(look: Look, faults: Iterable[Finding], lines: Lines) -> Iterator[Attempt]:
    """Biases of zero where they are to blame, scales of one and shifts of zero at a norm that has neither."""
    fills: dict[str, float] = {}
    for finding in faults:
        if finding.code not in ("HS203", "HS204", "HS205", "HS608"):
            continue
        for name in (name for row in look.rows if row.name == finding.layer for name in row.parameters):
            weight = look.trace.weights.get(name)
            if weight is None:
                continue
            if weight.role in ("bias", "norm shift") and weight.rms:
                fills[name] = 0.0
            elif weight.role == "norm scale" and finding.code in ("HS608", "HS204"):
                fills[name] = 1.0
    if fills:
        code = "\n".join(lines.filled(name, number(value)) for name, value in fills.items())
        yield Attempt(code, fills=fills)


def _recommended(look: Look) -> Iterator[tuple[str, str]]:
    """What theory recommends for the activation that the trunk has most of, at its depth."""
    from headstart.errors import HeadstartError
    from headstart.theory.recommendation import recommend

    for trunk in look.trunks[:1]:
        kinds = [row.kind for row in trunk.rows if not row.parameters and row.op >= 0 and row.kind in _KNOWN]
        if len(kinds) < 3:
            continue
        kind = max(kinds, key=kinds.count)
        try:
            advice = recommend(kind, len(trunk.layers))
        except HeadstartError:
            continue
        if advice.exists and advice.scheme:
            bias = f"normal({math.sqrt(advice.bias_variance):.4g})" if advice.bias_variance else ""
            yield advice.scheme, bias


_KNOWN = frozenset({"tanh", "relu", "gelu", "silu", "selu", "elu", "softsign", "hardtanh", "mish", "swish"})
