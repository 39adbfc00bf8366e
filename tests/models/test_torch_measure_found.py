"""A model is left as it was found by a measurement, whatever happens in it; and what cannot be measured is refused."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torch_zoo as zoo
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

from headstart.errors import InputError
from headstart.models.torch.measure import trace_of


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Restless(nn.Module):
    """Changes everything that a forward pass can change."""

    def __init__(self, fails: str = "") -> None:
        super().__init__()
        self.fails = fails
        self.first, self.norm, self.drop = nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.2)
        self.last = parametrizations.spectral_norm(nn.Linear(8, 8))
        self.frozen = nn.Linear(8, 8).requires_grad_(False)
        self.register_buffer("steps", torch.zeros(()))
        self.register_buffer("table", torch.zeros(3))
        self.calls, self.seen, self.counts = 0, [], {"forward": 0}
        self.plain = torch.zeros(2)
        self.own, self.numpy = torch.Generator().manual_seed(4), np.random.default_rng(3)

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.seen.append(self.calls)
        self.counts["forward"] += 1
        self.plain += 1
        self.steps += 1
        self.table = torch.ones(3)
        self.cache = x
        self.eval() if self.calls % 2 else self.train()
        self.frozen.requires_grad_(True)
        self.first.register_forward_hook(lambda *_: None)
        torch.rand(1), np.random.rand(), random.random()
        torch.rand(1, generator=self.own), self.numpy.normal()
        with torch.no_grad():
            self.first.weight.clamp_(-0.1, 0.1)
            self.first.bias.data.mul_(2)
        self.norm.train()
        h = self.frozen(self.last(self.drop(self.norm(self.first(x)))))
        if self.fails == "forward":
            raise ValueError("no more")
        return Refuses.apply(h) if self.fails == "backward" else h


class Refuses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        raise ValueError("no way back")


def state_of(model: nn.Module) -> dict[str, Any]:
    """Everything that the tests compare, by value and by identity."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {
        "values": {name: tensor.detach().clone() for name, tensor in tensors.items()},
        "identity": {name: (id(tensor), tensor.data_ptr()) for name, tensor in tensors.items()},
        "versions": {name: tensor._version for name, tensor in tensors.items()},
        "asks": {name: tensor.requires_grad for name, tensor in tensors.items()},
        "gradients": {name: (id(tensor.grad), None if tensor.grad is None else tensor.grad.clone())
                      for name, tensor in model.named_parameters()},
        "hooks": {name: tensor._backward_hooks and dict(tensor._backward_hooks) for name, tensor in tensors.items()},
        "modules": [(name, module.training, sorted(module.__dict__), len(module._forward_hooks),
                     len(module._forward_pre_hooks)) for name, module in model.named_modules()],
        "global": len(nn.modules.module._global_forward_hooks) + len(nn.modules.module._global_forward_pre_hooks),
        "random": (torch.get_rng_state().clone(), np.random.get_state()[1].copy(), random.getstate()),
        "grad mode": torch.is_grad_enabled(),
    }  # fmt: skip


def assert_same(before: Any, after: Any, where: str = "") -> None:
    if isinstance(before, Tensor):
        assert torch.equal(before, after), where
    elif isinstance(before, np.ndarray):
        assert np.array_equal(before, after), where
    elif isinstance(before, dict):
        assert before.keys() == after.keys(), where
        for key in before:
            assert_same(before[key], after[key], f"{where} {key}")
    elif isinstance(before, (tuple, list)):
        assert len(before) == len(after), where
        for one, two in zip(before, after, strict=True):
            assert_same(one, two, where)
    else:
        assert before == after, where


def with_gradients(model: nn.Module) -> nn.Module:
    for place, parameter in enumerate(model.parameters()):
        if place % 2:
            parameter.grad = torch.full_like(parameter, 7.0)
    return model


@pytest.mark.parametrize("fails", ["", "forward", "backward"])
@pytest.mark.parametrize("how", [{}, {"draws": 2}, {"plan": "he"}, {"jacobian": 1}, {"predict_only": True}])
def test_all_is_as_it_was(fails: str, how: dict[str, Any]) -> None:
    model = with_gradients(Restless(fails))
    own = (model.own.get_state(), model.numpy.bit_generator.state)
    before, x = state_of(model), numbers(8, 6)
    kept = x.clone()
    if fails == "forward" or (fails == "backward" and "predict_only" not in how):
        with pytest.raises(InputError, match="fails"):
            trace_of(model, (x,), **how)
    else:
        trace_of(model, (x,), **how)
    assert_same(before, state_of(model))
    assert (model.calls, model.seen, model.counts) == (0, [], {"forward": 0})
    assert not model.plain.any()
    assert not hasattr(model, "cache")
    assert torch.equal(x, kept)
    assert_same(own, (model.own.get_state(), model.numpy.bit_generator.state))


def test_the_comparison_sees_a_change() -> None:
    model = Restless()
    for change in (
        lambda: model.first.weight.data.add_(1), lambda: model.eval(), lambda: setattr(model, "other", 1),
        lambda: torch.rand(1), lambda: setattr(model.first.weight, "grad", torch.zeros(8, 6)),
        lambda: model.first.register_forward_hook(print), lambda: setattr(model, "table", torch.zeros(3)),
    ):  # fmt: skip
        before = state_of(model)
        change()
        with pytest.raises(AssertionError):
            assert_same(before, state_of(model))


def test_the_same_again() -> None:
    model, x = Restless(), numbers(8, 6)
    first, second = trace_of(model, (x,)), trace_of(model, (x,))
    assert [(row.name, row.rms, row.grad_rms) for row in first.rows] == [
        (row.name, row.rms, row.grad_rms) for row in second.rows
    ]
    assert first.from_random


def test_hooks_of_others_take_no_step() -> None:
    """An optimizer in the backward pass would step; it does again when the caller goes back."""
    model, steps = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)), []
    model[0].weight.register_post_accumulate_grad_hook(lambda tensor: steps.append(tensor.data.add_(1)))
    before = model[0].weight.detach().clone()
    trace_of(model, (numbers(4, 4),))
    assert not steps
    assert torch.equal(before, model[0].weight)
    model(numbers(4, 4)).sum().backward()
    assert len(steps) == 1


def test_gradients_of_a_loss_of_its_own_are_put_back() -> None:
    model, head = nn.Linear(4, 4), nn.Linear(4, 1)
    head.weight.grad = kept = torch.full((1, 4), 3.0)
    trace_of(model, (numbers(4, 4),), loss=lambda output: head(output).sum())
    assert head.weight.grad is kept
    assert bool((kept == 3).all())
    assert head.bias.grad is None


def test_an_input_is_not_written_into() -> None:
    model, x = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 2)), numbers(8, 4)
    kept = x.clone()
    trace_of(model, (x,))
    assert torch.equal(x, kept)
    asking = numbers(8, 4).requires_grad_()
    row = trace_of(nn.Linear(4, 2), (asking,)).rows[0]
    assert row.grad_rms
    assert asking.grad is None


# --- models of every kind --------------------------------------------------------------------------------------------


class Checkpointed(nn.Module):
    def __init__(self, reentrant: bool) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 2)
        self.reentrant = reentrant

    def forward(self, x: Tensor) -> Tensor:
        h = checkpoint(lambda z: torch.relu(self.second(z)), self.first(x), use_reentrant=self.reentrant)
        return self.third(h)


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints(reentrant: bool) -> None:
    torch.manual_seed(0)
    model = Checkpointed(reentrant)
    plain = nn.Sequential(model.first, model.second, nn.ReLU(), model.third)
    x = numbers(8, 4)
    trace, expected = trace_of(model, (x,)), trace_of(plain, (x,))
    for name, twin in (("first", "0"), ("second", "1"), ("third", "3")):
        weight = trace.weights[f"{name}.weight"]
        assert weight.grad_rms == pytest.approx(expected.weights[f"{twin}.weight"].grad_rms, rel=1e-5)
    inside = next(row for row in trace.rows if row.name == "second")
    if reentrant:
        assert inside.grad_rms is None
        assert "reentrant" in inside.grad_note
    else:
        assert inside.grad_rms == pytest.approx(expected.rows[2].grad_rms, rel=1e-5)


def test_why_there_is_no_gradient() -> None:
    class Parts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.frozen, self.trained = nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 4)
            self.unused, self.teacher = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            h = self.trained(self.frozen(x))
            self.unused(h)
            with torch.no_grad():
                target = self.teacher(h)
            return h + target + h.detach() * 2

    notes = {row.name: row.grad_note for row in trace_of(Parts(), (numbers(8, 4),)).rows}
    assert "nothing that is trained" in notes["frozen"]
    assert "does not depend" in notes["unused"]
    assert "no_grad" in notes["teacher"]
    assert "cut off" in notes["multiply"]
    assert notes["trained"] == ""


def compiled() -> nn.Module:
    return torch.compile(nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2)))


def compiled_in_place() -> nn.Module:
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))
    model.compile()
    return model


def shared() -> nn.Module:
    layer = nn.Linear(6, 6)
    return nn.Sequential(layer, nn.Tanh(), layer, nn.Tanh(), nn.Linear(6, 2))


def normed() -> nn.Module:
    return nn.Sequential(parametrizations.weight_norm(nn.Linear(6, 8)), nn.ReLU(), nn.Linear(8, 2))


def old_normed() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(6, 8)), nn.ReLU(), nn.Linear(8, 2))


def in_place() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(inplace=True), nn.Linear(8, 2))


def evaluated() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 2)).eval()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, as its compiler is imported
@pytest.mark.parametrize("build", [compiled, compiled_in_place, shared, normed, old_normed, in_place, evaluated])
def test_kinds_of_models(build: Callable[[], nn.Module]) -> None:
    model, x = build(), numbers(8, 6)
    inside = getattr(model, "_orig_mod", model)
    before = state_of(inside)
    trace = trace_of(model, (x,))
    assert_same(before, state_of(inside))
    assert all(row.batch_axis == 0 for row in trace.rows)
    assert all(row.grad_rms is not None and row.grad_rms > 0 for row in trace.rows[1:])
    assert all(weight.grad_rms is not None for weight in trace.weights.values())
    assert not trace.from_random


def test_in_place_activations_have_the_numbers_of_others() -> None:
    torch.manual_seed(0)
    model = in_place()
    plain = nn.Sequential(model[0], nn.ReLU(), model[2])
    first, second = (trace_of(each, (numbers(8, 6),)).rows for each in (model, plain))
    assert [(a.rms, a.grad_rms) for a in first] == [(b.rms, b.grad_rms) for b in second]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_types_of_numbers(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2))
    expected = trace_of(model, (numbers(32, 6),))
    found = trace_of(model.to(dtype), (numbers(32, 6).to(dtype),))
    for row, other in zip(found.rows[1:], expected.rows[1:], strict=True):
        assert row.rms == pytest.approx(other.rms, rel=0.02)
        assert row.cosine == pytest.approx(other.cosine, abs=0.02)
        assert row.grad_rms == pytest.approx(other.grad_rms, rel=0.05)


def test_autocast_and_channels_last() -> None:
    torch.manual_seed(0)
    model, x = zoo.resnet(), numbers(4, 3, 16, 16)
    expected = trace_of(model, (x,))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        lower = trace_of(model, (x,))
    last = trace_of(model.to(memory_format=torch.channels_last), (x.to(memory_format=torch.channels_last),))
    for row, low, other in zip(expected.rows, lower.rows, last.rows, strict=True):
        assert other.rms == pytest.approx(row.rms, rel=1e-3)
        assert other.cosine == pytest.approx(row.cosine, abs=1e-3)
        assert other.dead == row.dead
        assert low.rms == pytest.approx(row.rms, rel=0.05)


def test_outputs_of_every_form() -> None:
    from dataclasses import dataclass

    @dataclass
    class Answer:
        logits: Tensor
        ids: Tensor
        extra: Any = None

    class Head(nn.Module):
        def __init__(self, form: str) -> None:
            super().__init__()
            self.inner, self.form = nn.Linear(6, 3), form

        def forward(self, *, x: Tensor, scale: float = 1.0) -> Any:
            y = self.inner(x) * scale
            ids = y.argmax(-1)
            return {"dict": {"ids": ids, "logits": y}, "tuple": (ids, [y]), "class": Answer(y, ids)}[self.form]

    target = torch.arange(8) % 3
    for form in ("dict", "tuple", "class"):
        trace = trace_of(Head(form), (), {"x": numbers(8, 6), "scale": 2.0}, loss="cross_entropy", target=target)
        assert trace.loss == pytest.approx(1.1, abs=0.8)
        assert (trace.classes, trace.loss_kind) == (3, "cross_entropy")
        assert trace_of(Head(form), (), {"x": numbers(8, 6)}).loss is None


def test_losses_and_what_guessing_costs() -> None:
    model, x, goal = nn.Linear(6, 3), numbers(8, 6), numbers(8, 3, seed=2)
    target = torch.arange(8) % 3
    told = trace_of(model, (x,), loss=lambda output: F.cross_entropy(output, target))
    assert (told.loss_kind, told.classes) == ("given", 3)
    assert told.loss_guess == pytest.approx(np.log(3))
    mean = trace_of(model, (x,), loss="mse", target=goal)
    assert mean.loss == pytest.approx(F.mse_loss(model(x), goal).item())
    assert mean.loss_guess == pytest.approx(float(goal.var(0).mean()), rel=1e-5)
    two = trace_of(model, (x,), loss=lambda output, goal: (output - goal).abs().sum(), target=goal)
    assert two.loss == pytest.approx((model(x) - goal).abs().sum().item())
    assert two.loss_guess is None
    sequence = trace_of(
        nn.Linear(6, 3), (numbers(4, 5, 6),), loss="cross_entropy", target=torch.zeros(4, 5, dtype=torch.long)
    )
    assert sequence.classes == 3


# --- what is refused -------------------------------------------------------------------------------------------------


class Rounded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x).argmax(-1).float()


def linear() -> nn.Module:
    return nn.Linear(4, 2)


X = numbers(4, 4)
# name, factory, inputs, how, what is said
REFUSED: list[tuple[str, Callable[[], Any], tuple[Any, ...], dict[str, Any], str]] = [
    ("no model", lambda: 3, (), {}, "torch.nn.Module"),
    ("no parameter", nn.ReLU, (X,), {}, "a parameter that is trained, and it has none"),
    ("frozen", lambda: linear().requires_grad_(False), (X,), {}, "all 2 are frozen"),
    ("cut off", Rounded, (X,), {}, "operations that have a derivative"),
    ("loss cut off", linear, (X,), {"loss": lambda y: y.detach().sum()}, "the loss does not depend"),
    ("not scalar", linear, (X,), {"loss": lambda y: y}, r"one number, got shape \(4, 2\)"),
    ("no tensor", linear, (X,), {"loss": lambda y: 1.0}, "got float"),
    ("loss fails", linear, (X,), {"loss": lambda y: y["a"]}, "the loss fails"),
    ("other loss", linear, (X,), {"loss": "hinge"}, "'hinge'"),
    ("no target", linear, (X,), {"loss": "mse"}, "needs a target"),
    ("target", linear, (X,), {"loss": "mse", "target": numbers(4, 3)}, r"\(4, 3\)"),
    ("classes", linear, (X,), {"loss": "cross_entropy", "target": torch.arange(4)}, "from 0 to 1, got 0 to 3"),
    ("rows", linear, (X,), {"loss": "cross_entropy", "target": torch.zeros(5).long()}, r"\(5,\)"),
    ("one input", linear, (X[:1],), {}, "at least 2 inputs, got 1: the deviation across the batch"),
    ("one, norm", lambda: nn.Sequential(linear(), nn.BatchNorm1d(2)), (X[:1],), {}, r"1 \(BatchNorm1d\)"),
    ("device", linear, (X.to("meta"),), {}, r"on cpu, got one of shape \(4, 4\) on meta"),
    ("meta", lambda: nn.Linear(4, 2, device="meta"), (X,), {}, "predict_only"),
    ("lazy", lambda: nn.LazyLinear(2), (X,), {}, "Run one batch"),
    ("shape", lambda: nn.Sequential(linear(), linear()), (X,), {}, r"\(4, 4\), in 1 \(Linear\)"),
    ("back", lambda: nn.Sequential(linear(), zoo.Function(Refuses.apply)), (X,), {}, "no way back"),
    ("draws", linear, (X,), {"draws": 0}, "draws"),
    ("plan", linear, (X,), {"plan": 7}, "a Plan or a scheme"),
    ("tokens", zoo.Decoder, (torch.zeros(4, 6, dtype=torch.long),), {"jacobian": 1}, "tokens"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "build", "inputs", "how", "said"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_refused(name: str, build: Any, inputs: tuple[Any, ...], how: dict[str, Any], said: str) -> None:
    model = build()
    whole = isinstance(model, nn.Module) and name not in ("lazy", "meta")
    before = state_of(model) if whole else None
    with pytest.raises(InputError, match=said):
        trace_of(model, inputs, **how)
    if whole:
        assert_same(before, state_of(model))
