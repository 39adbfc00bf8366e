"""Traces made by hand, in any size and with any sickness: what tables and charts of probes are tried on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from headstart.graph.graph import Graph
from headstart.signals.judge import Verdict
from headstart.signals.rule import Finding, Severity
from headstart.signals.trace import Row, Trace, Weight

NOTHING = Graph((), (), (), ())


def finding(code: str, layer: str | None, word: str = "vanishing", severity: Severity = "fault") -> Finding:
    return Finding(
        code, word, severity, layer, 1e-9, 1e-3, f"The gradient shrinks × 1e-09 on its way to {layer or 'the input'}.",
        'hs.init(model, "he", example=x)',
    )  # fmt: skip


def mlp(depth: int, forward: float = 0.8, backward: float = 0.5, **how: Any) -> Trace:
    """Linear layers and relus; the signal changes by a factor per layer, and so does the gradient on its way back."""
    rows = [Row(op=-1, value=0, name="input", kind="input", shape=(64, 512), batch_axis=0, rms=1.0, batch_std=1.0)]
    for layer in range(2 * depth):
        rms, grad = forward ** (layer / 2), backward ** (depth - layer / 2)
        rows.append(
            Row(
                op=layer, value=layer + 1, name=str(layer), kind="relu" if layer % 2 else "linear", module=str(layer),
                parameters=() if layer % 2 else (f"{layer}.weight", f"{layer}.bias"), shape=(64, 512), batch_axis=0,
                rms=rms, mean=0.0, batch_std=rms * 0.9, cosine=1 - 0.5 ** (layer / 4 + 1),
                dead=0.02 if layer % 2 else None, grad_rms=grad if grad > 1e-38 else 0.0, predicted_rms=rms * 1.02,
                predicted_grad=grad * 0.9 or None, noise=0.05, grad_noise=0.1,
            )
        )  # fmt: skip
    weights = {
        f"{2 * layer}.weight": Weight(
            name=f"{2 * layer}.weight", role="weight", shape=(512, 512), rms=0.03, grad_rms=rows[2 * layer + 1].grad_rms
        )
        for layer in range(depth)
    }
    return Trace(graph=NOTHING, rows=tuple(rows), weights=weights, batch=64, **how)


def transformer(blocks: int, prefix: str = "transformer.h") -> Trace:
    """Blocks of eight operations with names as long as real ones."""
    parts = ("ln_1 norm", "attn.c_attn linear", "attn attention", "attn.c_proj linear", " add", "ln_2 norm",
             "mlp.c_fc linear", "mlp.act gelu", "mlp.c_proj linear", " add 2")  # fmt: skip
    rows = [Row(op=0, value=1, name="transformer.wte", kind="embedding", shape=(8, 64, 256), rms=0.02, batch_std=0.02)]
    for block in range(blocks):
        for place, part in enumerate(parts):
            name, _, kind = part.partition(" ") if not part.startswith(" ") else (part, "", "add")
            full = f"{prefix}.{block}{name}" if name.startswith(" ") else f"{prefix}.{block}.{name}"
            rows.append(
                Row(
                    op=len(rows), value=len(rows) + 1, name=full, kind=kind, module=f"{prefix}.{block}",
                    shape=(8, 64, 768 if name == "attn.c_attn" else 256), rms=0.5 + 0.1 * place + 0.02 * block,
                    batch_std=0.4, cosine=0.3, grad_rms=1e-4, predicted_rms=0.5 + 0.1 * place,
                    entropy=0.98 if kind == "attention" else None,
                )
            )  # fmt: skip
    return Trace(graph=NOTHING, rows=tuple(rows), batch=8, loss=10.9, loss_kind="cross_entropy", loss_guess=10.82)


def irregular(count: int) -> Trace:
    """Rows that do not repeat: shapes and kinds differ from one to the next, names are long."""
    kinds = ("convolution", "norm", "relu", "concatenate", "pool")
    rows = [
        Row(
            op=k, value=k + 1, name=f"features.denseblock{k % 7}.stage{k * k % 11}.denselayer{k}.convolution{k % 3}",
            kind=kinds[k * k % 5], shape=(8, 3 + k * k % 97, 7), rms=1 + math.sin(k), batch_std=0.5,
            grad_rms=1e-3 * (1 + k % 5),
        )
        for k in range(count)
    ]  # fmt: skip
    return Trace(graph=NOTHING, rows=tuple(rows), batch=8)


def verdict(*findings: Finding) -> Verdict:
    faults: Sequence[Finding] = [each for each in findings if each.severity == "fault"]
    word = faults[0].word if faults else "healthy"
    return Verdict(
        word, findings, findings[0].message if findings else "The signal and the gradient reach every layer."
    )
