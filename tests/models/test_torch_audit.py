"""Audits of PyTorch models: zeros, copies and norms in every neighbourhood, and every kind of tensor."""

from __future__ import annotations

import copy
import math
import warnings
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import headstart as hs


def said(model: nn.Module, example: Any = None) -> dict[str, set[str]]:
    """Code and severity -> the parameters that are named."""
    found: dict[str, set[str]] = {}
    for finding in hs.audit(model, example).findings:
        found.setdefault(f"{finding.code} {finding.severity}", set()).add(finding.layer or "")
    return found


def chain(*zeros: int, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Three layers; those that are numbered hold zeros."""
    model = nn.Sequential(nn.Linear(8, 16), activation(), nn.Linear(16, 16), activation(), nn.Linear(16, 3))
    for place in zeros:
        for parameter in model[place].parameters():
            nn.init.zeros_(parameter)
    return model


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.GELU, nn.Sigmoid])
@pytest.mark.parametrize(
    ("zeros", "expected"),
    [
        ((0,), {"HS604 fault": {"0.weight"}}),
        ((2,), {"HS604 fault": {"2.weight"}}),
        ((4,), {"HS604 remark": {"4.weight"}}),
        ((0, 4), {"HS604 fault": {"0.weight"}, "HS604 remark": {"4.weight"}}),
    ],
)
def test_zeros_in_a_chain(zeros: tuple[int, ...], expected: dict[str, set[str]], activation: type[nn.Module]) -> None:
    assert said(chain(*zeros, activation=activation), torch.randn(4, 8)) == expected


@pytest.mark.parametrize("zeros", [(0, 2), (2, 4), (0, 2, 4)])
def test_zeros_that_multiply_one_another(zeros: tuple[int, ...]) -> None:
    assert said(chain(*zeros), torch.randn(4, 8)) == {"HS605 fault": {f"{place}.weight" for place in zeros}}


def test_a_sigmoid_between_two_zeros_keeps_them_apart() -> None:
    """It answers 1/2 of zero, so the second weight gets a gradient and then the first."""
    assert said(chain(0, 2, activation=nn.Sigmoid), torch.randn(4, 8)) == {"HS604 fault": {"0.weight", "2.weight"}}


class Heads(nn.Module):
    """Attention by hand or by one call."""

    def __init__(self, zeros: str, by_hand: bool) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(16, 16) for _ in range(4))
        self.by_hand = by_hand
        for name in zeros:
            for parameter in getattr(self, name).parameters():
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.q(x), self.k(x), self.v(x)
        if self.by_hand:
            return x + self.o((q @ k.transpose(-1, -2) / 4).softmax(-1) @ v)
        return x + self.o(F.scaled_dot_product_attention(q, k, v))


@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize(
    ("zeros", "expected"),
    [
        ("qk", {"HS605 fault": {"q.weight", "k.weight"}}),
        ("q", {"HS604 remark": {"q.weight"}}),
        ("o", {"HS604 remark": {"o.weight"}}),
        ("v", {"HS604 fault": {"v.weight"}}),
        ("vo", {"HS605 fault": {"v.weight", "o.weight"}}),
    ],
)
def test_zeros_in_attention(zeros: str, by_hand: bool, expected: dict[str, set[str]]) -> None:
    assert said(Heads(zeros, by_hand), torch.randn(2, 5, 16)) == expected


@pytest.mark.parametrize(("part", "severity"), [("in_proj_weight", "fault"), ("out_proj.weight", "remark")])
def test_zeros_in_an_attention_layer(part: str, severity: str) -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention, self.head = nn.MultiheadAttention(16, 4, batch_first=True), nn.Linear(16, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(x + self.attention(x, x, x)[0])

    model = Block()
    nn.init.zeros_(model.get_parameter(f"attention.{part}"))
    assert said(model, torch.randn(2, 5, 16))[f"HS604 {severity}"] == {f"attention.{part}"}


class Gated(nn.Module):
    def __init__(self, zeros: str) -> None:
        super().__init__()
        self.gate, self.up = nn.Linear(16, 32, bias=False), nn.Linear(16, 32, bias=False)
        self.down = nn.Linear(32, 16, bias=False)
        for name in zeros.split():
            nn.init.zeros_(getattr(self, name).weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(F.silu(self.gate(x)) * self.up(x))


@pytest.mark.parametrize(
    ("zeros", "expected"),
    [
        ("down", {"HS604 remark": {"down.weight"}}),
        ("up", {"HS604 remark": {"up.weight"}}),
        ("gate up", {"HS605 fault": {"gate.weight", "up.weight"}}),
        ("up down", {"HS605 fault": {"up.weight", "down.weight"}}),
    ],
)
def test_zeros_in_a_gated_unit(zeros: str, expected: dict[str, set[str]]) -> None:
    assert said(Gated(zeros), torch.randn(4, 16)) == expected


class Modulated(nn.Module):
    """One layer of zeros makes shift, scale and gate."""

    def __init__(self, one: bool) -> None:
        super().__init__()
        self.enter, self.make, self.branch, self.out = (
            nn.Linear(8, 16),
            nn.Linear(4, 48),
            nn.Linear(16, 16),
            nn.Linear(16, 3),
        )
        self.one = one
        for parameter in self.make.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        x = self.enter(x)
        shift, scale, gate = self.make(condition).chunk(3, -1)
        if self.one:
            return self.out(x + gate * self.branch(F.layer_norm(x, (16,)) * (1 + scale) + shift))
        return self.out(F.gelu(F.layer_norm(x, (16,)) * scale + shift))


def test_a_conditional_scale_with_and_without_its_one() -> None:
    inputs = torch.randn(4, 8), torch.randn(4, 4)
    assert said(Modulated(True), inputs) == {"HS604 remark": {"make.weight"}}
    assert said(Modulated(False), inputs) == {"HS609 fault": {"make.weight", "make.bias"}}


@pytest.mark.parametrize("norm", [lambda: nn.BatchNorm2d(8), lambda: nn.GroupNorm(2, 8), lambda: nn.InstanceNorm2d(8)])
def test_a_norm_does_not_bring_back_what_is_lost(norm: Any) -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), norm(), nn.ReLU(), nn.Conv2d(8, 8, 3), norm(), nn.ReLU(), nn.Conv2d(8, 2, 3)
    )
    nn.init.zeros_(model[3].weight)
    assert said(model, torch.randn(2, 3, 12, 12)) == {"HS604 fault": {"3.weight"}}


def test_zeros_in_recurrent_layers() -> None:
    model = nn.LSTM(4, 8, num_layers=2)
    nn.init.zeros_(model.weight_hh_l0)
    assert said(model, torch.randn(3, 2, 4)) == {"HS604 remark": {"weight_hh_l0"}}
    nn.init.zeros_(model.weight_ih_l1)
    assert said(model, torch.randn(3, 2, 4))["HS604 fault"] == {"weight_ih_l1"}


def test_without_an_example_zeros_are_a_remark_unless_most_are() -> None:
    assert said(chain(2)) == {"HS604 remark": {"2.weight"}}
    assert said(chain(0, 2, 4)) == {"HS604 fault": {"0.weight", "2.weight", "4.weight"}}
    assert said(chain(2, 4)) == {"HS604 remark": {"2.weight", "4.weight"}}


# --- norms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        (lambda scale: nn.init.normal_(scale, 1.0, 0.02), {}),  # DCGAN's
        (nn.init.uniform_, {}),  # PyTorch's before 1.2
        (lambda scale: nn.init.normal_(scale, 0.0, 0.02), {"HS608 fault": {"1.weight"}}),
        (nn.init.zeros_, {"HS608 fault": {"1.weight"}}),
    ],
)
def test_a_norm_in_a_chain(fill: Any, expected: dict[str, set[str]]) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3))
    fill(model[1].weight)
    assert said(model, torch.randn(2, 3, 8, 8)) == expected


# --- copies ---------------------------------------------------------------------------------------------------------


class Members(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        one = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
        self.members = nn.ModuleList(copy.deepcopy(one) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members]).mean(0)


def test_members_side_by_side_and_layers_in_a_row() -> None:
    copies = {f"members.{i}.{j}.weight" for i in (1, 2) for j in (0, 2)}
    assert said(Members(), torch.randn(4, 8)) == {"HS606 fault": copies}
    row = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
    row = nn.Sequential(*row, *copy.deepcopy(row), nn.Linear(8, 2))
    assert said(row, torch.randn(4, 8)) == {"HS606 remark": {"2.weight"}}


def test_ties_constants_and_frozen_copies_are_no_copies() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.third = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
            self.second.weight = self.first.weight
            self.third = copy.deepcopy(self.first).requires_grad_(False)
            self.tables = nn.ParameterList(nn.Parameter(torch.arange(64.0).reshape(8, 8).log1p()) for _ in range(2))

        def forward(self, x: Tensor) -> Tensor:
            return self.first(x) + self.second(x) + self.third(x) * self.tables[0][0] + self.tables[1][0]

    assert not {key for key in said(Shared(), torch.randn(2, 8)) if key.startswith("HS606")}
    assert said(Shared()) == {}


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        (lambda w: nn.init.constant_(w, 0.3), {"HS607 fault": {"weight"}}),
        (lambda w: w.data[8:].copy_(w.data[:8]), {"HS607 fault": {"weight"}}),
        (lambda w: w.data[3].copy_(w.data[4]), {"HS607 remark": {"weight"}}),
        (nn.init.eye_, {}),
        (nn.init.orthogonal_, {}),
        (lambda w: nn.init.sparse_(w, 0.5), {}),
    ],
)
def test_identical_units(fill: Any, expected: dict[str, set[str]]) -> None:
    layer = nn.Linear(24, 16)
    fill(layer.weight)
    assert said(layer, torch.randn(2, 24)) == expected


# --- scales and biases ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", [nn.ReLU, nn.ReLU6, nn.GELU, nn.Softplus, nn.LeakyReLU, nn.Tanh])
def test_a_bias_kills_only_what_is_flat_below(activation: type[nn.Module]) -> None:
    model = chain(activation=activation)
    nn.init.constant_(model[2].bias, -60.0)
    found = said(model, torch.randn(4, 8))
    kills = activation in (nn.ReLU, nn.ReLU6, nn.GELU)
    assert (found.get("HS618 fault") == {"2.bias"}) is kills
    nn.init.constant_(model[2].bias, 0.1)
    assert said(model, torch.randn(4, 8)) == {}


def test_a_bias_alike_for_all_classes_is_no_first_loss() -> None:
    model = chain()
    nn.init.constant_(model[4].bias, -8.0)
    assert said(model, torch.randn(4, 8)) == {}


@pytest.mark.parametrize("activation", [nn.Tanh, nn.Sigmoid, nn.Hardtanh])
@pytest.mark.parametrize(("gain", "flat"), [(1.0, False), (12.0, True)])
def test_saturation(activation: type[nn.Module], gain: float, flat: bool) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(256, 64), activation(), nn.Linear(64, 3))
    nn.init.normal_(model[0].weight, 0, gain / 16)
    assert ("HS617 fault" in said(model, torch.randn(4, 256))) is flat


def test_a_prior_in_the_bias_of_a_head_is_no_saturation() -> None:
    """RetinaNet's start: scores of 1 % by the bias (Lin et al. 2017)."""
    model = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 8), nn.Sigmoid())
    nn.init.normal_(model[2].weight, 0, 0.01)
    nn.init.constant_(model[2].bias, -4.6)
    assert said(model, torch.randn(4, 16)) == {}


def test_gates_that_start_closed_or_open() -> None:
    model = nn.LSTM(4, 8)
    assert said(model, torch.randn(3, 2, 4)) == {}
    nn.init.normal_(model.weight_ih_l0, 0, 10)
    assert said(model, torch.randn(3, 2, 4)) == {"HS617 fault": {"weight_ih_l0"}}


def test_weights_beyond_the_last_digit_are_named_too() -> None:
    """Forty layers of PyTorch's default: what depends on the input is less than the last digit of the biases."""
    torch.manual_seed(0)
    layers = [module for _ in range(40) for module in (nn.Linear(64, 64), nn.ReLU())]
    found = said(nn.Sequential(*layers, nn.Linear(64, 4)), torch.randn(4, 64))
    assert found["HS614 fault"] == {f"{2 * i}.weight" for i in range(40)}


def test_experts_drawn_by_a_fan_over_all_of_them() -> None:
    class Stack(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = nn.Parameter(torch.empty(4, 24, 40))
            nn.init.kaiming_normal_(self.up)  # reads (4, 24, 40) as a Conv1d

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(torch.bmm(x, self.up)).sum(-1)

    assert said(Stack(), torch.randn(4, 5, 24)) == {"HS611 fault": {"up"}}


# --- every kind of tensor -------------------------------------------------------------------------------------------


class Odd(nn.Module):
    """Parameters and buffers of every kind that is no ordinary weight."""

    def __init__(self) -> None:
        super().__init__()
        self.complex = nn.Parameter(torch.randn(4, 4, dtype=torch.complex64))
        self.empty = nn.Parameter(torch.empty(0, 4))
        self.sparse = nn.Parameter(torch.eye(4).to_sparse())
        self.number = nn.Parameter(torch.tensor(1.0))
        self.whole = nn.Parameter(torch.arange(4), requires_grad=False)
        self.eight = nn.Parameter(torch.randn(4, 4).to(torch.float8_e4m3fn), requires_grad=False)
        self.register_buffer("mask", torch.full((4, 4), float("-inf")).triu(1))
        self.register_buffer("low", torch.full((4, 4), torch.finfo(torch.float32).min).triu(1))
        self.register_buffer("bools", torch.ones(4, 4).bool())
        self.register_buffer("none", None)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.number


@pytest.mark.parametrize("example", [None, torch.randn(2, 4)])
def test_what_is_no_ordinary_weight_is_listed_and_no_finding(example: Tensor | None) -> None:
    found = hs.audit(Odd(), example)
    assert not found.findings
    rows = {row["name"]: row for row in found.rows()}
    assert rows["complex"]["looks"] is None
    assert rows["empty"]["looks"] == "empty"
    assert "float8" in rows["eight"]["note"]
    assert rows["mask"]["role"] == "buffer"


def test_a_buffer_that_is_not_finite() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    model[1].running_var[2] = math.nan
    assert said(model) == {"HS601 fault": {"1.running_var"}}
    model[1].running_var.copy_(torch.tensor([1e30, 1.0, 1.0, 1.0]))
    assert said(model) == {"HS602 fault": {"1.running_var"}}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_every_type_of_number_is_looked_at(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(96, 64), nn.ReLU(), nn.Linear(64, 8)).to(dtype)
    found = hs.audit(model, torch.randn(2, 96, dtype=dtype))
    assert not found.findings
    assert found.rows()[0]["looks"] == "uniform"
    assert found.rows()[0]["recipes"] == ["U(±1/sqrt(fan_in)), PyTorch's default for Linear"]
    model[0].weight.data[5, 5] = math.nan
    assert {finding.code for finding in hs.audit(model).findings} == {"HS601"}


def test_views_that_are_not_contiguous() -> None:
    layer = nn.Linear(300, 200)
    layer.weight = nn.Parameter(layer.weight.detach().T.contiguous().T)
    assert not layer.weight.is_contiguous()
    assert hs.audit(layer).rows()[0]["looks"] == "uniform"


def test_wrappers_compiled_models_and_inference_mode() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    nn.init.zeros_(model[0].weight)
    expected = {"HS604 fault": {"0.weight"}}
    assert said(nn.DataParallel(model), torch.randn(2, 8)) == expected
    assert said(torch.compile(model, backend="eager"), torch.randn(2, 8)) == expected
    with torch.inference_mode():
        assert said(model, torch.randn(2, 8)) == expected


def test_meta_and_fake_parameters() -> None:
    from torch._subclasses import FakeTensorMode

    with torch.device("meta"):
        model, example = nn.Sequential(nn.Linear(8, 4), nn.ReLU()), torch.zeros(2, 8)
    assert said(model, example) == {"HS603 remark": {"0.weight", "0.bias"}}
    with FakeTensorMode():
        layer = nn.Linear(4, 4)
    assert said(layer) == {"HS603 remark": {"weight", "bias"}}


def test_computed_weights_are_looked_at_as_they_are_used() -> None:
    torch.manual_seed(0)
    norm, spectral = nn.utils.parametrizations.weight_norm, nn.utils.parametrizations.spectral_norm
    model = nn.Sequential(norm(nn.Linear(64, 64)), nn.ReLU(), spectral(nn.Linear(64, 64)), nn.ReLU(), nn.Linear(64, 4))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = hs.audit(model, torch.randn(2, 64))
    rows = {row["name"]: row for row in found.rows()}
    assert rows["0.weight"]["looks"] == "uniform"
    assert not found.findings
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert rows["2.weight"]["std"] == pytest.approx(float(model[2].weight.detach().std()), rel=0.1)
    nn.init.zeros_(model[0].parametrizations.weight.original0)
    assert said(model, torch.randn(2, 64))["HS604 fault"] == {"0.weight"}


def test_what_is_written_where_weight_norm_computes_is_ignored() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = nn.utils.weight_norm(nn.Linear(16, 24))
    assert said(layer) == {}
    layer(torch.zeros(1, 16))
    assert said(layer) == {}
    nn.init.normal_(layer.weight.data, 0, 0.02)
    assert said(layer) == {"HS619 fault": {"weight"}}
    layer(torch.zeros(1, 16))  # computed anew: what was written is gone
    assert said(layer) == {}
    layer.weight_g.data.mul_(1.5)  # a step of training: stale until the next pass, and nothing was written
    assert said(layer) == {}


def test_a_tied_table_keeps_its_padding_row() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(8, 30, bias=False)
            self.table = nn.Embedding(30, 8, padding_idx=2)
            self.table.weight = self.head.weight

        def forward(self, tokens: Tensor) -> Tensor:
            return self.head(self.table(tokens))

    assert said(Model(), torch.zeros(2, 3, dtype=torch.long))["HS620 fault"] == {"head.weight"}


def test_the_model_is_left_as_it_is() -> None:
    torch.manual_seed(3)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(64, 2)
    )
    before, drawn = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    hs.audit(model, torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(0)))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert torch.equal(drawn, torch.get_rng_state())
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(
    ("model", "example", "words"),
    [
        (3, None, "a model is a torch.nn.Module, .*got int"),
        (nn.Linear, None, "got the class Linear: call it first"),
        (nn.Linear(4, 4), torch.randn(2, 5), "forward pass fails on the example of shape .2, 5."),
    ],
)
def test_bad_input(model: Any, example: Any, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        hs.audit(model, example)
