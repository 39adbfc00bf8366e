"""What is read of a PyTorch model: roles, axes, fans, ties, what follows each weight, residual branches."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.utils.checkpoint
import torch_zoo as zoo
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.utils import parametrizations, weight_norm

import headstart as hs
from headstart.layout import block_fans
from headstart.models.torch import read
from headstart.plans import Parameter


def parameters(model: nn.Module, example: object = None) -> dict[str, Parameter]:
    return {found.name: found for found in read(model, example).parameters}


def fans(parameter: Parameter) -> tuple[float, float]:
    found = block_fans(parameter.shape, parameter.layout)[0]
    return found.fan_in, found.fan_out


# model, example, parameter -> (role, fan_in, fan_out)
LAYERS = [
    (nn.Linear(5, 7), (2, 5), {"weight": ("weight", 5, 7), "bias": ("bias", None, None)}),
    (nn.Bilinear(5, 3, 7), ((2, 5), (2, 3)), {"weight": ("weight", 15, 21)}),
    (nn.Conv1d(6, 8, 5, stride=2), (2, 6, 20), {"weight": ("weight", 30, 40)}),
    (nn.Conv2d(6, 8, (3, 5), groups=2), (2, 6, 9, 9), {"weight": ("weight", 45, 60)}),
    (nn.Conv2d(6, 6, 3, groups=6, dilation=2), (2, 6, 9, 9), {"weight": ("weight", 9, 9)}),
    (nn.Conv3d(2, 3, 3), (1, 2, 5, 5, 5), {"weight": ("weight", 54, 81)}),
    (nn.ConvTranspose2d(6, 8, 4, stride=2), (1, 6, 5, 5), {"weight": ("weight", 24, 128)}),
    (nn.ConvTranspose2d(6, 8, 3, stride=2), (1, 6, 5, 5), {"weight": ("weight", 13.5, 72)}),
    (nn.ConvTranspose1d(6, 8, 4, stride=2, groups=2), (1, 6, 5), {"weight": ("weight", 6, 16)}),
    (nn.LSTM(3, 5), (4, 2, 3), {
        "weight_ih_l0": ("gate weight", 3, 5), "weight_hh_l0": ("recurrent", 5, 5),
        "bias_ih_l0": ("forget bias", None, None),
        "bias_hh_l0": ("bias", None, None)}),
    (nn.GRU(3, 5, bidirectional=True), (4, 2, 3), {"weight_hh_l0_reverse": ("recurrent", 5, 5)}),
    (nn.RNN(3, 5, nonlinearity="relu"), (4, 2, 3), {"weight_ih_l0": ("gate weight", 3, 5)}),
    (nn.LSTMCell(3, 5), (2, 3), {"weight_hh": ("recurrent", 5, 5)}),
    (nn.LSTM(3, 5, proj_size=2), (4, 2, 3), {"weight_hr_l0": ("weight", 5, 2), "weight_hh_l0": ("recurrent", 2, 5)}),
    (nn.PReLU(4), (2, 4), {"weight": ("slope", None, None)}),
    (nn.BatchNorm2d(4), (2, 4, 3, 3), {"weight": ("norm scale", None, None), "bias": ("norm shift", None, None)}),
    (nn.GroupNorm(2, 4), (2, 4, 3), {"weight": ("norm scale", None, None)}),
    (zoo.RMSNorm(4), (2, 4), {"weight": ("norm scale", None, None)}),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@pytest.mark.parametrize(("model", "shape", "expected"), LAYERS, ids=lambda value: type(value).__name__)
def test_layers_have_roles_and_fans_with_and_without_an_example(
    model: nn.Module, shape: tuple, expected: dict
) -> None:  # fmt: skip
    shapes = shape if isinstance(shape[0], tuple) else (shape,)
    example = tuple(torch.randn(*sizes) for sizes in shapes)
    for found in (parameters(model), parameters(model, example)):
        for name, (role, fan_in, fan_out) in expected.items():
            assert found[name].role == role
            if fan_in is not None:
                assert fans(found[name]) == (fan_in, fan_out)


def test_embeddings_are_looked_up_and_attention_is_packed() -> None:
    assert fans(parameters(nn.Embedding(50, 8))["weight"])[0] == 1
    found = parameters(nn.MultiheadAttention(8, 2, kdim=5, vdim=6, add_bias_kv=True))
    assert (found["k_proj_weight"].role, fans(found["k_proj_weight"])) == ("weight", (5, 8))
    assert found["bias_k"].role == "token"
    packed = parameters(nn.MultiheadAttention(8, 2))["in_proj_weight"]
    assert (packed.layout.blocks, fans(packed)) == ((0, 3), (8, 8))


def test_a_transposed_convolution_whose_stride_does_not_divide_its_kernel_is_told() -> None:
    assert "checkerboard" in parameters(nn.ConvTranspose2d(6, 8, 3, stride=2))["weight"].note
    assert parameters(nn.ConvTranspose2d(6, 8, 4, stride=2))["weight"].note == ""


def test_what_no_layer_owns_is_read_from_its_use() -> None:
    found = parameters(zoo.Bare(), torch.randint(0, 20, (2, 7)))
    roles = {name: parameter.role for name, parameter in found.items()}
    assert roles == {
        "table": "lookup", "places": "table", "token": "token", "heads": "weight", "gain": "layer scale",
        "never": "unknown",
    }  # fmt: skip
    assert fans(found["heads"]) == (6, 10)
    assert found["heads"].activation == "tanh"
    assert "did not use it" in found["never"].note
    assert {name: found.role for name, found in parameters(zoo.Bare()).items()} == dict.fromkeys(roles, "unknown")


@pytest.mark.parametrize("build", [zoo.Experts, zoo.LoopedExperts])
def test_stacks_of_experts(build: Callable[[], nn.Module]) -> None:
    found = parameters(build(), torch.randn(3, 6))
    if build is zoo.LoopedExperts:
        assert found["weights"].layout.stack_axes == (0,)
        assert (fans(found["weights"]), found["weights"].activation) == ((6, 5), "relu")
    else:
        assert (fans(found["up"])[0], found["up"].activation) == (6, "gelu")
        assert (fans(found["down"])[0], found["down"].layout.stack_axes) == (10, (0,))
        assert found["router.weight"].follows == ("softmax",)


def test_factors_of_a_product_are_weights() -> None:
    found = parameters(zoo.Adapter(), torch.randn(3, 6))
    assert fans(found["a"]) == (6, 2)
    assert fans(found["b"]) == (2, 8)
    assert found["layer.weight"].activation == "relu"


# --- what follows ---------------------------------------------------------------------------------------------------

FOLLOWING = [
    (nn.ReLU(), "relu"),
    (nn.ReLU(inplace=True), "relu"),
    (nn.LeakyReLU(0.2), "leaky_relu(0.2)"),
    (nn.ELU(0.7), "elu(0.7)"),
    (nn.PReLU(), "prelu"),
    (nn.Hardtanh(-2, 3), "hardtanh(-2, 3)"),
    (nn.GELU(), "gelu"),
    (nn.GELU("tanh"), "gelu_tanh"),
    (zoo.NewGELU(), "gelu_tanh"),
    (nn.SiLU(inplace=True), "silu"),
    (nn.Mish(), "mish"),
    (zoo.Function(lambda x: x * torch.sigmoid(x)), "silu"),
    (zoo.Function(lambda x: x * torch.sigmoid(1.702 * x)), "quick_gelu"),
    (zoo.Function(lambda x: torch.relu(x) ** 2), "squared_relu"),
    (zoo.Function(lambda x: torch.maximum(x, 0.1 * x)), "leaky_relu(0.1)"),
    (zoo.Function(lambda x: torch.where(x > 0, x, torch.zeros_like(x))), "relu"),
    (zoo.Function(lambda x: torch.log1p(torch.exp(x))), "softplus"),
    (nn.Sequential(nn.Dropout(0.1), nn.Tanh()), "tanh"),
    (nn.Sequential(nn.LayerNorm(6), nn.Identity(), nn.ReLU()), "relu"),
    (zoo.Function(lambda x: (3 * x.view(-1, 2, 3) + 1).flatten(1).relu()), "relu"),
    (zoo.Function(lambda x: 2 * x + 1), "identity"),
]  # fmt: skip


@pytest.mark.parametrize(("behind", "expected"), FOLLOWING, ids=[expected for _, expected in FOLLOWING])
def test_the_activation_is_recognised_by_what_it_computes(behind: nn.Module, expected: str) -> None:
    model = nn.Sequential(nn.Linear(4, 6), behind, nn.Linear(6, 2))
    assert parameters(model, torch.randn(3, 4))["0.weight"].activation == expected
    assert parameters(model)["0.weight"].activation is None  # never by the order of layers


def test_a_function_of_its_own_is_told_and_has_no_name() -> None:
    model = nn.Sequential(nn.Linear(4, 6), zoo.Function(lambda x: torch.sin(30 * x)))
    found = parameters(model, torch.randn(3, 4))["0.weight"]
    assert (found.activation, found.follows) == (None, ("a function of its own",))


def test_a_decoder() -> None:
    found = parameters(zoo.Decoder(), torch.randint(0, 11, (2, 6)))
    assert found["words.weight"].role == "tied lookup"
    assert found["head.weight"].tied_to == "words.weight"
    for block in (0, 1):
        qkv = found[f"blocks.{block}.attention.qkv.weight"]
        assert (set(qkv.follows), qkv.layout.blocks, qkv.activation) == ({"query", "key", "value"}, (0, 3), "identity")
    assert found["blocks.0.mlp.0.weight"].activation == "gelu_tanh"
    assert found["blocks.1.mlp.gate.weight"].activation == "silu"
    assert found["blocks.1.mlp.up.weight"].follows == ("product",)


def test_what_lies_behind_a_norm_written_by_hand_is_found() -> None:
    assert parameters(zoo.HandNorm(), torch.randn(3, 6))["enter.weight"].activation == "relu"


def test_a_value_that_goes_on_down_a_stream_has_no_single_activation() -> None:
    class Stream(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enter, self.inside, self.branch = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.enter(x)
            return x + self.branch(torch.relu(self.inside(torch.relu(x))))

    found = parameters(Stream(), torch.randn(3, 4))
    assert (found["enter.weight"].follows, found["enter.weight"].activation) == (("relu", "stream"), None)
    assert found["inside.weight"].activation == "relu"


def test_a_part_of_an_output_that_is_dropped_makes_no_blocks() -> None:
    class Dropped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            both = self.layer(x)
            return both[:, :2] * both[:, 1:3]

    assert parameters(Dropped(), torch.randn(3, 4))["layer.weight"].layout.blocks is None


def test_halves_of_a_gated_unit_are_blocks() -> None:
    found = parameters(zoo.PackedGated(6, 8), torch.randn(3, 6))["both.weight"]
    assert (found.layout.blocks, fans(found), found.activation) == ((0, 2), (6, 8), None)


def test_grouped_queries_are_blocks_of_their_own_sizes() -> None:
    class Grouped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.out = nn.Linear(8, 16), nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            q, k, v = self.qkv(x).split([8, 4, 4], -1)
            heads = [part.view(len(x), -1, 2, 4).transpose(1, 2) for part in (q, k.repeat(1, 1, 2), v.repeat(1, 1, 2))]
            return self.out(nn.functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2))

    assert parameters(Grouped(), torch.randn(2, 5, 8))["qkv.weight"].layout.blocks == (0, (8, 4, 4))


# --- residual branches ----------------------------------------------------------------------------------------------

RESIDUAL = [
    (zoo.Decoder, torch.randint(0, 11, (2, 6)), 4, ["blocks.0.attention.out.weight", "blocks.0.mlp.2.weight",
                                                    "blocks.1.attention.out.weight", "blocks.1.mlp.down.weight"]),
    (zoo.resnet, torch.randn(2, 3, 16, 16), 3, ["3.c2.weight", "4.c2.weight", "5.c2.weight"]),
    (zoo.Experts, torch.randn(3, 6), 1, ["down"]),
    (lambda: zoo.PackedGated(6, 8), torch.randn(3, 6), 1, ["down.weight"]),
    (zoo.UNet, torch.randn(2, 3, 8, 8), 0, []),
    (zoo.HandLSTM, torch.randn(2, 5, 3), 0, []),
    (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, enable_nested_tensor=False),
     torch.randn(3, 2, 8), 4, ["layers.0.self_attn.out_proj.weight", "layers.0.linear2.weight",
                               "layers.1.self_attn.out_proj.weight", "layers.1.linear2.weight"]),
]  # fmt: skip


@pytest.mark.parametrize(("build", "example", "depth", "ends"), RESIDUAL, ids=[str(i) for i in range(len(RESIDUAL))])
@pytest.mark.parametrize("training", [True, False])
def test_residual_sums_are_counted_and_their_ends_named(
    build: Callable[[], nn.Module], example: torch.Tensor, depth: int, ends: list[str], training: bool
) -> None:
    found = read(build().train(training), example)
    assert found.depth == depth
    assert [p.name for p in found.parameters if p.ends_residual] == ends


# --- the model is left as it was ------------------------------------------------------------------------------------


class Changing(nn.Module):
    """Changes all that a forward pass can change, and may fail at the end."""

    def __init__(self, fails: bool) -> None:
        super().__init__()
        self.norm, self.out, self.fails = nn.BatchNorm1d(4), nn.Linear(4, 2), fails
        self.calls, self.kept = 0, None
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.kept = x
        self.new = 1
        self.count += 1
        self.count = self.count.clone()
        x = self.norm(x) + torch.randn(4) + random.random() + np.random.rand()
        if self.fails:
            raise ValueError("no")
        return self.out(x)


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_and_the_generators_are_left_as_they_were(fails: bool) -> None:
    model = Changing(fails)
    model(torch.randn(3, 4)).sum().backward() if not fails else None
    before = {name: value.clone() for name, value in model.state_dict().items()}
    attributes = [dict(module.__dict__) for module in model.modules()]
    buffers = dict(model.named_buffers())
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    states = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state())
    if fails:
        with pytest.raises(hs.InputError, match=r"forward pass fails on the example of shape \(3, 4\): ValueError: no"):
            read(model, torch.randn(3, 4, generator=torch.Generator().manual_seed(0)))
    else:
        read(model, torch.randn(3, 4, generator=torch.Generator().manual_seed(0)))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(value is buffers[name] for name, value in model.named_buffers())
    assert all(parameter.grad is gradients[name] for name, parameter in model.named_parameters())
    for module, attribute in zip(model.modules(), attributes, strict=True):
        assert {key: id(value) for key, value in module.__dict__.items()} == {
            key: id(value) for key, value in attribute.items()
        }
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]
    assert torch.equal(torch.get_rng_state(), states[2])


# --- names, ties, wrappers ------------------------------------------------------------------------------------------


def test_wrappers_leave_no_prefix_and_a_users_own_module_attribute_does() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module, self._orig_mod = nn.Linear(2, 3), nn.Linear(3, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self._orig_mod(self.module(x))

    names = ["module.weight", "module.bias", "_orig_mod.weight", "_orig_mod.bias"]

    class AveragedModel(Own):  # a user's class by the name of one of PyTorch's wrappers
        pass

    assert list(parameters(AveragedModel(), torch.randn(1, 2))) == names
    for model in (
        Own(),
        torch.compile(Own(), backend="eager"),
        nn.DataParallel(Own()),
        nn.DataParallel(torch.compile(Own(), backend="eager")),
    ):
        found = parameters(model, torch.randn(1, 2))
        assert list(found) == names
        assert found["module.weight"].activation == "identity"


def test_ties_of_modules_parameters_and_data_are_drawn_once() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.third = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
            self.again = self.first
            self.second.weight = self.first.weight
            self.third.weight.data = self.first.weight.data

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.again(self.third(self.second(self.first(x))))

    found = parameters(Tied(), torch.randn(1, 4))
    assert {name: parameter.tied_to for name, parameter in found.items() if name.endswith("weight")} == {
        "first.weight": None, "second.weight": "first.weight", "third.weight": "first.weight",
    }  # fmt: skip


def test_weights_that_are_computed_go_by_the_name_that_the_layer_uses() -> None:
    model = nn.Sequential(
        parametrizations.weight_norm(nn.Linear(3, 4)), nn.ReLU(), parametrizations.spectral_norm(nn.Linear(4, 4)),
        parametrizations.orthogonal(nn.Linear(4, 4)),
    )  # fmt: skip
    found = parameters(model, torch.randn(2, 3))
    assert (found["0.weight"].role, found["0.weight"].activation, found["0.weight"].fixed) == ("weight", "relu", "")
    assert "0.weight is computed from it" in found["0.parametrizations.weight.original0"].fixed
    assert "spectral norm changes its scale" in found["2.weight"].note
    assert "keeps it orthogonal" in found["3.weight"].fixed


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_the_older_weight_norm_is_read_too() -> None:
    found = parameters(weight_norm(nn.Linear(3, 4)), torch.randn(2, 3))
    assert found["weight"].role == "weight"
    assert "weight is computed from it" in found["weight_g"].fixed


def test_meta_models_inputs_by_name_and_answers_of_any_kind() -> None:
    class Answers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 4)

        def forward(self, *, x: torch.Tensor, flag: bool = True) -> dict:
            return {"a": [torch.relu(self.layer(x))], "b": None, "c": flag}

    assert parameters(Answers(), {"x": torch.randn(2, 3)})["layer.weight"].activation == "relu"
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 2))
        found = parameters(model, torch.randn(2, 3))
    assert found["0.weight"].activation == "gelu"


def test_bad_models_and_examples() -> None:
    for wrong in (3, nn.Linear, None, {"weight": torch.zeros(2)}):
        with pytest.raises(hs.InputError, match=r"a model (is a torch.nn.Module.* got|has parameters)"):
            hs.plan(wrong)
    with pytest.raises(
        hs.InputError, match=r"forward pass fails on the example of shape \(2, 5\): RuntimeError: .*shapes"
    ):
        hs.plan(nn.Linear(3, 4), example=torch.randn(2, 5))


def test_an_error_names_the_module_it_came_out_of() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.Sequential(nn.ReLU(), nn.Linear(5, 2)))
    words = r"forward pass fails on the example of shape \(3, 4\), in 1\.1 \(Linear\): RuntimeError: .*shapes"
    with pytest.raises(hs.InputError, match=words):
        hs.plan(model, example=torch.randn(3, 4))


# --- ways a model can run -------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Answer:
    logits: torch.Tensor
    states: tuple[torch.Tensor, ...] | None = None


class Looping(nn.Module):
    """Data decides how often its layer runs; it answers with a dataclass."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.layer = nn.Linear(4, 6), nn.Linear(6, 6, bias=False)

    def forward(self, x: torch.Tensor) -> Answer:
        x = self.enter(x)
        while float(x.abs().max()) > 0.01:
            x = 0.1 * torch.tanh(self.layer(x))
        return Answer(x, (x,))


def run_checkpointed() -> tuple[nn.Module, object]:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enter, self.leave = nn.Linear(4, 6), nn.Linear(6, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            inner = torch.utils.checkpoint.checkpoint(lambda h: torch.tanh(self.enter(h)), x, use_reentrant=False)
            return self.leave(inner)

    return Checkpointed(), torch.randn(2, 4)


def test_data_dependent_control_flow_and_checkpointing() -> None:
    found = parameters(Looping(), torch.randn(2, 4))["layer.weight"]
    assert found.follows == ("a function of its own",)  # 0.1 tanh
    assert parameters(*run_checkpointed())["enter.weight"].activation == "tanh"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_types_and_autocast(dtype: torch.dtype) -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 2)).to(dtype)
    assert parameters(model, torch.randn(2, 4, dtype=dtype))["0.weight"].activation == "gelu"
    with torch.autocast("cpu", torch.bfloat16):
        found = parameters(model.float(), torch.randn(2, 4))
    assert found["0.weight"].activation == "gelu"


def test_fake_tensors_and_fake_weights() -> None:
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = nn.Sequential(nn.Linear(4, 6), nn.SiLU(), nn.Linear(6, 2))
        found = parameters(model, torch.randn(2, 4))
    assert (found["0.weight"].activation, found["0.weight"].shape) == ("silu", (6, 4))


def test_a_pass_in_inference_mode_and_on_channels_last_input() -> None:
    model = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(inplace=True), nn.Conv2d(6, 2, 1))
    example = torch.randn(2, 3, 8, 8).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        assert parameters(model, example)["0.weight"].activation == "relu"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_quantized_layers_are_listed() -> None:
    model = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 6), nn.ReLU()), {nn.Linear})
    left = {left.name: left.reason for left in hs.plan(model).left_alone}
    assert left == {"0.weight": "it is quantized and packed"}


@pytest.mark.filterwarnings("ignore:Complex modules:UserWarning")
def test_what_is_no_weight_is_left_alone_with_its_reason() -> None:
    model = nn.Module()
    model.whole = nn.Parameter(torch.arange(3), requires_grad=False)
    model.complex = nn.Linear(3, 4, dtype=torch.complex64)
    model.sparse = nn.Parameter(torch.eye(3).to_sparse())
    reasons = {left.name: left.reason for left in hs.plan(model, frozen=True).left_alone}
    assert reasons == {
        "whole": "its numbers are of type int64", "sparse": "its layout is sparse_coo",
        "complex.weight": "its numbers are of type complex64", "complex.bias": "its numbers are of type complex64",
    }  # fmt: skip
