"""What theory says beside what was measured, and in its place for a model that has no values."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch_zoo as zoo
from predicted_models import Gpt
from torch import Tensor, nn

import headstart as hs
from headstart.models.torch.measure import trace_of
from headstart.signals.trace import Row


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def mlp() -> nn.Module:
    return nn.Sequential(*[part for _ in range(10) for part in (nn.Linear(128, 128), nn.ReLU())], nn.Linear(128, 10))


def near(rows: tuple[Row, ...], scale: float = 1.0) -> tuple[float, float]:
    """The share of rows within 20 % or three of the prediction's own spreads, and within 1.5x on the way back."""
    forward = [
        abs(math.log(scale * row.predicted_rms / row.rms)) <= max(math.log(1.2), 3 * (row.noise or 0))
        for row in rows if row.op >= 0 and row.rms and row.predicted_rms
    ]  # fmt: skip
    back = [
        abs(math.log(scale * row.predicted_grad / row.grad_rms)) <= math.log(1.5)
        for row in rows if row.grad_rms and row.predicted_grad
    ]  # fmt: skip
    assert len(forward) > len(rows) / 2
    return sum(forward) / len(forward), sum(back) / len(back)


MODELS: list[tuple[Callable[[], nn.Module], Tensor]] = [
    (mlp, numbers(64, 128)), (zoo.resnet, numbers(16, 3, 16, 16)),
    (Gpt, torch.randint(0, 512, (8, 32), generator=torch.Generator().manual_seed(1))),
]  # fmt: skip


@pytest.mark.parametrize(("build", "x"), MODELS, ids=["mlp", "resnet", "gpt"])
def test_rows_are_told_what_theory_says(build: Callable[[], nn.Module], x: Tensor) -> None:
    torch.manual_seed(0)
    trace = trace_of(build(), (x,))
    forward, back = near(trace.rows)
    assert forward >= 0.95
    assert back >= 0.9
    assert near(trace.rows, 2.0)[0] < 0.5  # the comparison can fail


def test_theory_speaks_of_the_weights_as_they_were() -> None:
    model, x = mlp(), numbers(64, 128)
    trace = trace_of(model, (x,))
    expected = [row.predicted_rms for row in trace_of(copy.deepcopy(model), (x.clone(),)).rows]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
        x.mul_(3)
    assert [row.predicted_rms for row in trace.rows] == expected


def test_a_model_without_values() -> None:
    """The plan's scales on meta say what He's weights then do."""
    with torch.device("meta"):
        hollow = mlp()
        x = torch.randn(64, 128)
    trace = trace_of(hollow, (x,), plan="he", predict_only=True)
    assert not trace.measured
    assert all(row.rms is None and row.grad_rms is None and not row.grad_note for row in trace.rows)
    real = mlp()
    hs.init(real, "he", seed=1)
    measured = {row.name: row for row in trace_of(real, (numbers(64, 128),)).rows}
    assert [row.name for row in trace.rows] == list(measured)
    for row in trace.rows:
        limit = max(math.log(1.2), 3 * (row.noise or 0))
        assert abs(math.log(row.predicted_rms / measured[row.name].rms)) <= limit
    assert trace.rows[-1].predicted_grad == pytest.approx(1.0)
    wide = trace_of(hollow, (x,), plan="he*2", predict_only=True)
    assert wide.rows[-1].predicted_rms == pytest.approx(2**11 * trace.rows[-1].predicted_rms, rel=0.1)


def test_predicting_alone_looks_at_no_number_of_the_pass() -> None:
    model, x = mlp(), numbers(64, 128)
    trace = trace_of(model, (x,), predict_only=True)
    told = [row.predicted_rms for row in trace_of(model, (x,)).rows]
    assert [row.predicted_rms for row in trace.rows] == told
    assert all(row.rms is None for row in trace.rows)
    assert trace.weights["0.weight"].rms == pytest.approx(float(model[0].weight.detach().square().mean().sqrt()))


def test_a_plan_is_taken_as_it_is() -> None:
    model, x = mlp(), numbers(64, 128)
    plan: Any = hs.plan(model, "he*0.5", x)
    first = trace_of(model, (x,), plan=plan, seed=3)
    again = mlp()
    plan.apply(again, seed=3)
    assert [row.rms for row in first.rows] == [row.rms for row in trace_of(again, (x,), seed=3).rows]
