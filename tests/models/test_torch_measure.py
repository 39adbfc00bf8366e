"""What a pass measures, against the same numbers by plain hooks and automatic differentiation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torch_zoo as zoo
from torch import Tensor, nn

from headstart.models.torch.measure import trace_of
from headstart.models.torch.measure.moments import Batch, moments
from headstart.signals.trace import Trace

TOKENS = torch.randint(0, 11, (4, 6), generator=torch.Generator().manual_seed(1))


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def mlp() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(*[part for _ in range(4) for part in (nn.Linear(12, 12), nn.ReLU())], nn.Linear(12, 3))


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.head = nn.LSTM(3, 5, 2, batch_first=True), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


def square(output: Tensor) -> Tensor:
    return output.pow(2).sum()


# factory, inputs: the batch is the first axis of every module's output
MODELS: list[tuple[Callable[[], nn.Module], Tensor]] = [
    (mlp, numbers(16, 12)), (zoo.resnet, numbers(4, 3, 16, 16)), (zoo.UNet, numbers(4, 3, 8, 8)),
    (zoo.Decoder, TOKENS), (zoo.Experts, numbers(8, 6)), (Recurrent, numbers(4, 7, 3)), (encoder, numbers(4, 5, 8)),
]  # fmt: skip
IDS = [build.__name__ for build, _ in MODELS]


def by_hand(model: nn.Module, x: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
    """Every module's output, its gradient, and the parameters' gradients, under the sum of squares."""
    outputs: dict[str, Tensor] = {}
    gradients: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            tensor = output[0] if isinstance(output, tuple) else output
            outputs[name] = tensor.detach().clone()
            tensor.register_hook(lambda gradient: gradients.__setitem__(name, gradient.clone()))

        return hook

    hooks = [module.register_forward_hook(keep(name)) for name, module in model.named_modules() if name]
    try:
        square(model(x)).backward()
    finally:
        for hook in hooks:
            hook.remove()
    found = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    model.zero_grad()
    return outputs, gradients, found


def cosine_by_pairs(y: Tensor) -> float:
    rows = y.double().flatten(1)
    rows = rows / rows.norm(dim=1, keepdim=True)
    pairs = [float(rows[i] @ rows[j]) for i in range(len(rows)) for j in range(i + 1, len(rows))]
    return sum(pairs) / len(pairs)


def root(y: Tensor) -> float:
    return float(y.double().square().mean().sqrt())


@pytest.mark.parametrize(("build", "x"), MODELS, ids=IDS)
def test_numbers_are_those_of_plain_hooks(build: Callable[[], nn.Module], x: Tensor) -> None:
    torch.manual_seed(3)
    model = build()
    trace = trace_of(model, (x,), loss=square)
    outputs, gradients, weights = by_hand(model, x)
    rows = {row.name: row for row in trace.rows}
    alone = [name for name in outputs if name in rows and rows[name].shape == tuple(outputs[name].shape)]
    assert alone
    for name in alone:
        y, row = outputs[name], rows[name]
        assert row.rms == pytest.approx(root(y), rel=1e-4)
        assert row.mean == pytest.approx(float(y.double().mean()), rel=1e-4, abs=1e-6)
        across = (y.double() - y.double().mean(0)).square().mean().sqrt()
        assert row.batch_std == pytest.approx(float(across), rel=1e-4)
        assert row.cosine == pytest.approx(cosine_by_pairs(y), abs=1e-4)
        if row.kind != "attention layer":  # its module's output is a copy
            assert row.grad_rms == pytest.approx(root(gradients[name]), rel=1e-4)
    assert set(trace.weights) == set(weights)
    for name, gradient in weights.items():
        assert trace.weights[name].grad_rms == pytest.approx(root(gradient), rel=1e-4, abs=1e-12)
        assert trace.weights[name].rms == pytest.approx(root(model.get_parameter(name).detach()), rel=1e-5)


def test_names_are_once_and_readable() -> None:
    names = [row.name for row in trace_of(zoo.Decoder(), (TOKENS,)).rows]
    assert len(names) == len(set(names))
    assert {"words", "blocks.0 add", "blocks.0 add #2", "blocks.0.mlp.1", "blocks.1.mlp silu", "head"} <= set(names)
    bare = [row.name for row in trace_of(zoo.Bare(), (TOKENS,)).rows]
    assert bare[0] == "table"
    assert "heads" in bare


def test_parts_of_an_activation_or_a_norm_are_one_row() -> None:
    rows = {row.name: row.kind for row in trace_of(zoo.Decoder(), (TOKENS,)).rows}
    assert rows["blocks.0.mlp.1"] == "gelu_tanh"
    assert rows["blocks.0.before"] == rows["final"] == "norm"
    by_hand = [row.kind for row in trace_of(zoo.HandNorm(), (numbers(8, 6),)).rows]
    assert by_hand == ["input", "linear", "norm", "relu", "linear"] or by_hand.count("norm") == 1


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1e-4, 1.0), (1e25, 0.0), (1e-25, 0.0)])
def test_moments_hold_far_from_one(scale: float, shift: float) -> None:
    """A spread of 1e-4 around 1 is lost in a difference of squares, and squares of 1e25 leave float32."""
    y = numbers(16, 40) * scale + shift
    found = moments(y, Batch(0, 1, 16, 1))
    assert found.rms == pytest.approx(root(y), rel=1e-4)
    assert found.batch_std == pytest.approx(float(y.double().var(0, unbiased=False).mean().sqrt()), rel=1e-4)
    assert found.cosine == pytest.approx(cosine_by_pairs(y), abs=1e-4)
    assert found.nonfinite == 0


@pytest.mark.parametrize("shape", [(6, 7, 5), (300, 70, 60)])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_moments_along_any_axis(shape: tuple[int, int, int], axis: int, dtype: torch.dtype) -> None:
    """Small arrays go another way than large ones, the first axis another than the others."""
    y = (numbers(*shape) + numbers(1, 1, shape[2], seed=1)).to(dtype)
    for tensor in (y, y.transpose(0, 2).contiguous().transpose(0, 2)):
        found = moments(tensor, Batch(axis, 1, shape[axis], 1))
        rows = y.double().movedim(axis, 0).flatten(1)
        units = F.normalize(rows).sum(0).square().sum()
        count = len(rows)
        assert found.rms == pytest.approx(root(y), rel=1e-4)
        assert found.batch_std == pytest.approx(float(rows.var(0, unbiased=False).mean().sqrt()), rel=1e-3)
        assert found.cosine == pytest.approx(float((units - count) / (count * (count - 1))), abs=1e-4)


def test_dead_units_are_counted_per_unit() -> None:
    model = nn.Sequential(nn.Linear(6, 10), nn.ReLU(), nn.Linear(10, 2))
    convolution = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 2))
    with torch.no_grad():
        model[0].bias[:3] = -50.0
        convolution[0].bias[:2] = -50.0
    assert _row(trace_of(model, (numbers(32, 6),)), "1").dead == pytest.approx(0.3)
    assert _row(trace_of(convolution, (numbers(8, 3, 8, 8),)), "1").dead == pytest.approx(0.25)
    assert _row(trace_of(model, (numbers(32, 6),)), "0").dead is None


@pytest.mark.parametrize(
    ("function", "flat"),
    [
        (torch.sigmoid, lambda z: z.abs() > 4.6), (torch.tanh, lambda z: z.abs() > 2.3),
        (lambda z: 1 / (1 + torch.exp(-z)), lambda z: z.abs() > 4.6), (F.relu6, lambda z: z > 6),
        (F.hardtanh, lambda z: z.abs() > 1), (lambda z: z.exp() / (z.exp() + 1), lambda z: z.abs() > 4.6),
    ],
)  # fmt: skip
def test_the_flat_parts_of_bounded_activations(function: Callable[..., Tensor], flat: Callable[..., Tensor]) -> None:
    model = nn.Sequential(nn.Linear(4, 64), zoo.Function(function))
    with torch.no_grad():
        model[0].weight.mul_(10)
        z = model[0](numbers(256, 4))
    share = float(flat(z).float().mean())
    assert share > 0.05
    assert trace_of(model, (numbers(256, 4),)).rows[-1].saturated == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("function", [F.gelu, F.relu, torch.sin, lambda z: z.pow(3), F.softplus])
def test_what_is_not_bounded_on_both_sides_does_not_saturate(function: Callable[..., Tensor]) -> None:
    model = nn.Sequential(nn.Linear(4, 64), zoo.Function(function))
    assert trace_of(model, (numbers(64, 4),)).rows[-1].saturated is None


class Three(nn.Module):
    """Attention: by hand, as one operation, or as a layer's own function, on the same projections."""

    def __init__(self, way: str, scale: float = 1.0) -> None:
        super().__init__()
        self.way = way
        torch.manual_seed(5)
        self.inner = nn.MultiheadAttention(8, 2, batch_first=True, bias=False)
        with torch.no_grad():
            self.inner.in_proj_weight.mul_(scale)

    def forward(self, x: Tensor) -> Tensor:
        if self.way == "layer":
            return self.inner(x, x, x, need_weights=False)[0]
        batch, time, width = x.shape
        q, k, v = (
            part.view(batch, time, 2, 4).transpose(1, 2) for part in F.linear(x, self.inner.in_proj_weight).chunk(3, -1)
        )
        if self.way == "one":
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            y = (q @ k.transpose(-1, -2) / 2.0).softmax(-1) @ v
        return self.inner.out_proj(y.transpose(1, 2).reshape(batch, time, width))


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_attention_is_seen_in_each_of_its_forms(scale: float) -> None:
    x = numbers(4, 6, 8)
    model = Three("hand", scale)
    with torch.no_grad():
        q, k, _ = F.linear(x, model.inner.in_proj_weight).chunk(3, -1)
        heads = [part.view(4, 6, 2, 4).transpose(1, 2) for part in (q, k)]
        logits = heads[0] @ heads[1].transpose(-1, -2) / 2
        parts = logits.softmax(-1)
    spread = float(logits.var(-1, unbiased=False).mean().sqrt())
    entropy = float((-(parts * parts.log()).sum(-1) / math.log(6)).mean())
    sharp = float((parts.amax(-1) > 0.99).float().mean())
    for way in ("hand", "one", "layer"):
        row = next(row for row in trace_of(Three(way, scale), (x,)).rows if row.logit_std is not None)
        assert row.logit_std == pytest.approx(spread, rel=1e-3)
        assert row.entropy == pytest.approx(entropy, rel=1e-3)
        assert row.saturated == pytest.approx(sharp)


def test_a_mask_is_no_signal() -> None:
    class Masked(nn.Module):
        def __init__(self, low: float) -> None:
            super().__init__()
            self.q, self.low = nn.Linear(8, 8), low

        def forward(self, x: Tensor) -> Tensor:
            mask = torch.full((5, 5), self.low).triu(1)
            return (self.q(x) @ x.transpose(-1, -2) + mask).softmax(-1) @ x

    for low in (-math.inf, torch.finfo(torch.float32).min, -1e9):
        rows = trace_of(Masked(low), (numbers(4, 5, 8),)).rows
        assert max(row.rms or 0.0 for row in rows) < 100
        assert not any(row.nonfinite for row in rows)


def test_where_it_stops_being_finite() -> None:
    model = nn.Sequential(nn.Linear(4, 4), zoo.Function(lambda z: (100 * z - 1e4).log()), nn.Linear(4, 4), nn.ReLU())
    rows = trace_of(model, (numbers(8, 4),)).rows
    first = [row for row in rows if "first that is not finite" in row.note]
    assert [row.name for row in first] == ["1"]
    assert first[0].nonfinite == 32
    assert [row.nonfinite > 0 for row in rows] == [False, False, True, True, True]


def test_the_rank_of_a_batch() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(16, 16)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.inner(x)

    x = numbers(8, 16)
    model = nn.Sequential(Residual(), nn.Linear(16, 16, bias=False))
    row = _row(trace_of(model, (x,)), "0")
    with torch.no_grad():
        shares = torch.linalg.eigvalsh(model[0](x).double() @ model[0](x).double().T)
    shares = shares.clamp_min(1e-300) / shares.sum()
    assert row.rank == pytest.approx(float((-(shares * shares.log()).sum()).exp()), rel=1e-4)
    assert row.rank_inputs == 8
    alike = x[:1].expand(8, -1) * torch.arange(1.0, 9).unsqueeze(1)
    model[0].inner.bias.data.zero_()
    assert _row(trace_of(model, (alike,)), "0").rank == pytest.approx(1.0, abs=1e-3)


def test_the_jacobian_by_products_alone() -> None:
    model = mlp()
    x = numbers(5, 12)
    matrix = torch.autograd.functional.jacobian(lambda first: model(torch.cat([first[None], x[1:]]))[0], x[0])
    expected = torch.linalg.svdvals(matrix)
    found = trace_of(model, (x,), jacobian=3).singular_values
    assert found == pytest.approx(expected[:3].tolist(), rel=1e-3)
    wide = nn.Sequential(nn.Linear(200, 150), nn.Tanh(), nn.Linear(150, 120))
    x = numbers(3, 200)
    matrix = torch.autograd.functional.jacobian(lambda first: wide(first), x[0])
    found = trace_of(wide, (x,), jacobian=2).singular_values
    assert found == pytest.approx(torch.linalg.svdvals(matrix)[:2].tolist(), rel=0.01)


@pytest.mark.parametrize("build", [encoder, Recurrent, lambda: Three("one")])
def test_the_jacobian_of_attention_and_recurrence(build: Callable[[], nn.Module]) -> None:
    model = build()
    x = numbers(3, 5, 3) if isinstance(model, Recurrent) else numbers(3, 5, 8)
    matrix = torch.autograd.functional.jacobian(lambda first: model(first[None])[0], x[0])
    expected = torch.linalg.svdvals(matrix.reshape(-1, x[0].numel()))
    assert trace_of(model, (x,), jacobian=2).singular_values == pytest.approx(expected[:2].tolist(), rel=0.01)


def test_updates_relative_to_the_weights() -> None:
    trace = trace_of(mlp(), (numbers(16, 12),), loss=square, learning_rate=0.5)
    weight = trace.weights["0.weight"]
    assert weight.update == pytest.approx(0.5 * weight.grad_rms / weight.rms)
    assert trace_of(mlp(), (numbers(16, 12),)).weights["0.weight"].update is None


def test_spreads_over_draws() -> None:
    model = mlp()
    trace = trace_of(model, (numbers(16, 12),), draws=6)
    row = _row(trace, "4")
    low, high = row.spread["rms"]
    assert low < high
    assert set(row.spread) >= {"rms", "cosine", "batch_std", "grad_rms"}
    assert not _row(trace_of(model, (numbers(16, 12),)), "4").spread
    zeros = trace_of(model, (numbers(16, 12),), plan="zeros", draws=2)
    assert _row(zeros, "0").rms == 0.0
    assert _row(zeros, "0").spread["rms"] == (0.0, 0.0)


def test_draws_come_from_the_seed() -> None:
    def rms(seed: int) -> list[Any]:
        return [row.rms for row in trace_of(mlp(), (numbers(16, 12),), plan="he", seed=seed).rows]

    assert rms(1) == rms(1)
    assert rms(1) != rms(2)


def _row(trace: Trace, name: str) -> Any:
    return next(row for row in trace.rows if row.name == name)
