"""What is read of JAX models by their pass alone equals what is read of the same models in PyTorch.

The JAX side is a bare tree, whose names say nothing: roles, axes, what follows and residual ends are the jaxpr's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax_zoo as zoo
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from jax import lax
from torch import nn

import headstart as hs
from headstart.errors import InputError
from headstart.layout import block_fans
from headstart.models.jax.read import read, recorded
from headstart.models.torch import read as read_torch
from headstart.plans import Parameter


def told(parameter: Parameter) -> tuple[Any, ...]:
    """What two frameworks must agree on."""
    fans = (parameter.role, None, None)
    if parameter.what.fans:
        blocks = block_fans(parameter.shape, parameter.layout)
        fans = (parameter.role, blocks[0].fan_in, blocks[0].fan_out)
    return (*fans, parameter.activation, parameter.ends_residual)


def of_jax(call: Callable[..., Any], tree: Any, args: tuple[Any, ...]) -> dict[str, Parameter]:
    return {found.name: found for found in read((call, tree), args).parameters}


def of_torch(model: nn.Module, *args: Any) -> dict[str, Parameter]:
    return {found.name: found for found in read_torch(model, args).parameters}


def w(*shape: int) -> jax.ShapeDtypeStruct:
    """A weight: its shape is enough."""
    return jax.ShapeDtypeStruct(shape, jnp.float32)


# jax.nn's activation -> torch's
ACTIVATIONS: dict[str, tuple[Any, Any]] = {
    "relu": (jax.nn.relu, F.relu), "relu6": (jax.nn.relu6, F.relu6), "silu": (jax.nn.silu, F.silu),
    "gelu": (lambda x: jax.nn.gelu(x, approximate=False), F.gelu),
    "gelu_tanh": (jax.nn.gelu, lambda x: F.gelu(x, approximate="tanh")),
    "elu": (jax.nn.elu, F.elu), "elu(0.7)": (lambda x: jax.nn.elu(x, 0.7), lambda x: F.elu(x, 0.7)),
    "celu": (jax.nn.celu, F.celu), "selu": (jax.nn.selu, F.selu), "softplus": (jax.nn.softplus, F.softplus),
    "softsign": (jax.nn.soft_sign, F.softsign), "sigmoid": (jax.nn.sigmoid, torch.sigmoid),
    "log_sigmoid": (jax.nn.log_sigmoid, F.logsigmoid), "tanh": (jnp.tanh, torch.tanh), "mish": (jax.nn.mish, F.mish),
    "leaky_relu": (jax.nn.leaky_relu, F.leaky_relu), "hard_tanh": (jax.nn.hard_tanh, F.hardtanh),
    "leaky_relu(0.3)": (lambda x: jax.nn.leaky_relu(x, 0.3), lambda x: F.leaky_relu(x, 0.3)),
    "hard_sigmoid": (jax.nn.hard_sigmoid, F.hardsigmoid), "hard_swish": (jax.nn.hard_swish, F.hardswish),
    "quick_gelu": (lambda x: x * jax.nn.sigmoid(1.702 * x), lambda x: x * torch.sigmoid(1.702 * x)),
    "square of relu": (lambda x: jax.nn.relu(x) ** 2, lambda x: F.relu(x) ** 2),
    "where": (lambda x: jnp.where(x > 0, x, 0.3 * x), lambda x: torch.where(x > 0, x, 0.3 * x)),
    "sine": (lambda x: jnp.sin(x), torch.sin), "one of its own": (lambda x: x**3 + x, lambda x: x**3 + x),
}  # fmt: skip


class Mlp(nn.Module):
    def __init__(self, activation: Any) -> None:
        super().__init__()
        self.a, self.c, self.activation = nn.Linear(5, 7), nn.Linear(7, 3, bias=False), activation

    def forward(self, x: torch.Tensor) -> Any:
        return self.c(self.activation(self.a(x)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_activation_is_what_follows(name: str) -> None:
    ours, theirs = ACTIVATIONS[name]
    found = of_jax(*zoo.mlp(ours))
    expected = of_torch(Mlp(theirs), torch.zeros(2, 5))
    assert told(found["a"]) == told(expected["a.weight"])
    assert told(found["c"]) == told(expected["c.weight"])
    assert found["a"].follows == expected["a.weight"].follows
    assert told(found["b"]) == told(expected["a.bias"])


def test_low_precision_changes_no_activation() -> None:
    call, tree, args = zoo.mlp(jax.nn.gelu)
    half = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, jnp.bfloat16), (tree, args))
    assert of_jax(call, *half)["a"].activation == "gelu_tanh"


class Convnet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.grouped = nn.Conv2d(3, 6, 3, 2, 1), nn.Conv2d(6, 6, 3, 1, 1, groups=2, bias=False)
        self.deep = nn.Conv2d(6, 6, 3, 1, 1, groups=6, bias=False)
        self.squeeze, self.excite = nn.Linear(6, 4, bias=False), nn.Linear(4, 6, bias=False)
        self.up, self.head = nn.ConvTranspose2d(6, 8, 4, 2, 1, bias=False), nn.Linear(8, 2, bias=False)

    def forward(self, x: torch.Tensor) -> Any:
        x = F.relu(self.stem(x))
        y = self.deep(F.gelu(self.grouped(x), approximate="tanh"))
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(y.mean((2, 3))))))
        x = F.max_pool2d(x + y * gate[:, :, None, None], 2)
        return self.head(torch.tanh(self.up(x)).mean((2, 3)))


def test_a_convnet() -> None:
    found, expected = of_jax(*zoo.convnet()), of_torch(Convnet(), torch.zeros(2, 3, 8, 8))
    for name in ("stem", "grouped", "deep", "squeeze", "excite", "up", "head"):
        assert told(found[name]) == told(expected[f"{name}.weight"]), name
    assert found["stem"].layout.stride == 2
    assert told(found["stem_bias"]) == told(expected["stem.bias"])


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(12, 12, bias=False) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (layer(x).unflatten(-1, (3, 4)).transpose(1, 2) for layer in (self.q, self.k, self.v))
        scores = (q @ k.mT / 2).masked_fill(~torch.ones(x.shape[1], x.shape[1]).tril().bool(), -torch.inf)
        found: torch.Tensor = self.o((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        return found


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.norm, self.norm2 = Attention(), nn.LayerNorm(12), nn.RMSNorm(12)
        self.gate, self.up, self.down = (nn.Linear(*sizes, bias=False) for sizes in ((12, 20), (12, 20), (20, 12)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm(x))
        h = self.norm2(x)
        found: torch.Tensor = x + self.down(F.silu(self.gate(h)) * self.up(h))
        return found


class Transformer(nn.Module):
    def __init__(self, layers: int, tied: bool) -> None:
        super().__init__()
        self.embed, self.positions = nn.Embedding(17, 12), nn.Parameter(torch.zeros(9, 12))
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(12), nn.Linear(12, 17, bias=False)
        self.tied = tied

    def forward(self, t: torch.Tensor) -> Any:
        x = self.embed(t) + (self.positions[: t.shape[1]] if self.tied else 0)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return x @ self.embed.weight.T if self.tied else self.head(x)


IN_BLOCK = {
    "q": "attention.q.weight", "k": "attention.k.weight", "v": "attention.v.weight", "o": "attention.o.weight",
    "g": "norm.weight", "s": "norm.bias", "g2": "norm2.weight", "gate": "gate.weight", "up": "up.weight",
    "down": "down.weight",
}  # fmt: skip


def test_a_transformer_with_heads_of_their_own_and_tied_embeddings() -> None:
    reading = read((zoo.transformer(2).call, zoo.transformer(2).tree), zoo.transformer(2).args)
    found = {each.name: each for each in reading.parameters}
    model = read_torch(Transformer(2, tied=True), torch.zeros(2, 6, dtype=torch.long))
    expected = {each.name: each for each in model.parameters}
    assert reading.depth == model.depth == 4
    assert told(found["embed"]) == told(expected["embed.weight"])
    assert told(found["positions"]) == told(expected["positions"])
    for layer in range(2):
        for ours, theirs in IN_BLOCK.items():
            assert told(found[f"blocks.{layer}.{ours}"]) == told(expected[f"blocks.{layer}.{theirs}"]), ours
            assert set(found[f"blocks.{layer}.{ours}"].follows) == set(expected[f"blocks.{layer}.{theirs}"].follows)
    assert found["blocks.0.q"].layout.out_axes == (1, 2)


def test_layers_in_a_scan_are_the_layers_of_a_loop() -> None:
    case = zoo.scanned(3)
    reading = read((case.call, case.tree), case.args)
    found = {each.name: each for each in reading.parameters}
    model = read_torch(Transformer(3, tied=False), torch.zeros(2, 6, dtype=torch.long))
    expected = {each.name: each for each in model.parameters}
    assert reading.depth == model.depth == 6
    for ours, theirs in IN_BLOCK.items():
        parameter = found[f"blocks.{ours}"]
        assert told(parameter) == told(expected[f"blocks.1.{theirs}"]), ours
        assert parameter.layout.stack_axes == ((0,) if parameter.what.fans else ()), ours


def test_gates_side_by_side_in_a_scan_are_those_of_an_lstm() -> None:
    found = of_jax(*zoo.lstm())
    assert told(found["hidden"])[:3] == told(of_torch(nn.LSTM(5, 6), torch.zeros(4, 2, 5))["weight_hh_l0"])[:3]
    assert found["hidden"].layout.blocks == (1, 4)
    assert (found["input"].role, found["input"].layout.blocks) == ("weight", (1, 4))
    assert told(found["head"])[:4] == ("weight", 6, 3, "identity")


def test_a_weight_that_a_loop_without_inputs_uses_again_is_no_recurrence() -> None:
    def call(p: Any, x: jax.Array) -> jax.Array:
        return lax.fori_loop(0, 4, lambda _, h: h + jnp.tanh(h @ p), x)

    reading = read((call, w(6, 6)), zoo.inputs(2, 6))
    (parameter,) = reading.parameters
    assert (parameter.role, parameter.activation, reading.depth) == ("weight", "tanh", 4)


def test_experts_and_layers_of_one_example() -> None:
    found = of_jax(*zoo.mapped())
    assert told(found["a"]) == ("weight", 5, 7, "relu", False)
    assert (found["a"].layout.out_axes, found["a"].layout.in_axes) == ((0,), (1,))
    assert told(found["experts"]) == ("weight", 7, 24, "tanh", False)  # each input feeds all of them
    assert told(found["second"])[:3] == ("weight", 6, 8)
    assert found["second"].layout.stack_axes == (0,)


def test_both_branches_of_a_condition_are_read() -> None:
    found = of_jax(*zoo.branches())
    assert (found["a"].activation, found["b"].activation) == ("relu", "tanh")
    assert "did not use it" in found["d"].note


# how a kernel lies in its parameter -> (the kernel of a product with x, what the parameter's axes are)
VIEWS: dict[str, tuple[Callable[[jax.Array], jax.Array], tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = {
    "as it is": (lambda p: p, (5, 8), (1,), (0,)),
    "transposed": (lambda p: p.T, (8, 5), (0,), (1,)),
    "cast": (lambda p: p.astype(jnp.bfloat16).astype(jnp.float32), (5, 8), (1,), (0,)),
    "heads made flat": (lambda p: p.reshape(5, 8), (5, 2, 4), (1, 2), (0,)),
    "heads first": (lambda p: p.transpose(1, 0, 2).reshape(5, 8), (2, 5, 4), (0, 2), (1,)),
    "inputs in two axes": (lambda p: p.reshape(-1, 8), (5, 1, 8), (2,), (0,)),
    "flipped": (lambda p: p[::-1], (5, 8), (1,), (0,)),
    "one of a pair": (lambda p: p[1], (2, 5, 8), (2,), (1,)),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_the_axes_of_a_kernel_are_found_through_what_it_is_viewed_by(name: str) -> None:
    view, shape, out, into = VIEWS[name]
    (parameter,) = read((lambda p, x: x @ view(p), w(*shape)), zoo.inputs(3, 5)).parameters
    assert (parameter.role, parameter.layout.out_axes, parameter.layout.in_axes) == ("weight", out, into)


def test_parts_of_a_weight_are_blocks() -> None:
    def call(p: Any, x: jax.Array) -> jax.Array:
        return jnp.tanh(x @ p[:, :4]) * jax.nn.relu(x @ p[:, 4:])

    (parameter,) = read((call, w(5, 8)), zoo.inputs(3, 5)).parameters
    assert parameter.layout.blocks == (1, (4, 4))


def test_kernels_joined_in_the_pass_keep_their_own_axes() -> None:
    def call(p: Any, x: jax.Array) -> jax.Array:
        q, k, v = jnp.split(x @ jnp.concatenate([p["q"], p["k"].T, p["v"]], 1), (4, 8), -1)
        return jax.nn.softmax(q @ k.swapaxes(-1, -2)) @ v

    found = of_jax(call, {"q": w(5, 4), "k": w(4, 5), "v": w(5, 6)}, (zoo.inputs(2, 3, 5),))
    assert [found[name].layout.in_axes for name in "qkv"] == [(0,), (1,), (0,)]


def test_a_weight_that_is_computed_has_no_axes_of_its_own() -> None:
    (parameter,) = read((lambda p, x: x @ (p / jnp.linalg.norm(p)), w(5, 8)), zoo.inputs(3, 5)).parameters
    assert parameter.role == "unknown"
    assert "computed from parameters" in parameter.note


ROLES = {
    "bias": (lambda p, x: x + p, (5,), "bias"),
    "table": (lambda p, x: x + p, (4, 5), "table"),
    "bias of heads": (
        lambda p, x: jnp.einsum("btd,dhk->bthk", x, p["w"]) + p["b"],
        {"w": (5, 2, 3), "b": (2, 3)},
        "bias",
    ),
    "layer scale": (lambda p, x: x + 1e-4 * jnp.tanh(x) * p, (5,), "layer scale"),
    "slope": (lambda p, x: jnp.where(x > 0, x, x * p), (5,), "slope"),
    "slope of a half": (lambda p, x: jnp.maximum(x, 0) + p * jnp.minimum(x, 0), (), "slope"),
    "scale of a line": (lambda p, x: x + x * p, (5,), "layer scale"),
    "token": (lambda p, x: jnp.concatenate([jnp.broadcast_to(p, (2, 1, 5)), x], 1), (1, 1, 5), "token"),
    "rows": (lambda p, x: p[jnp.argmax(x, -1)], (9, 5), "lookup"),
    "rows by take": (lambda p, x: jnp.take(p, jnp.argmax(x, -1), axis=0), (9, 5), "lookup"),
    "rows at places": (lambda p, x: x + p[jnp.arange(4)], (9, 5), "table"),
    "unused": (lambda p, x: x, (5,), "unknown"),
}


@pytest.mark.parametrize("name", ROLES)
def test_a_bare_array_has_the_role_that_its_use_gives(name: str) -> None:
    call, shapes, role = ROLES[name]
    tree = {n: w(*shape) for n, shape in shapes.items()} if isinstance(shapes, dict) else w(*shapes)
    found = read((call, tree), zoo.inputs(2, 4, 5)).parameters
    assert next(each for each in found if each.name != "w").role == role


# --- the libraries' own modules --------------------------------------------------------------------------------------


def flax_model() -> Any:
    nnx = pytest.importorskip("flax.nnx")

    class Net(nnx.Module):  # type: ignore[misc, name-defined]
        def __init__(self, rngs: Any) -> None:
            self.conv, self.norm = nnx.Conv(3, 6, (3, 3), strides=2, rngs=rngs), nnx.BatchNorm(6, rngs=rngs)
            self.drop, self.head = nnx.Dropout(0.1, rngs=rngs), nnx.Linear(6, 2, rngs=rngs)

        def __call__(self, x: jax.Array) -> jax.Array:
            x = self.drop(jax.nn.elu(self.norm(self.conv(x))))
            return self.head(x.mean((1, 2)))

    return Net(nnx.Rngs(0))


def test_an_nnx_module_is_left_as_found() -> None:
    nnx = pytest.importorskip("flax.nnx")
    model = flax_model()
    before = jax.tree.map(lambda x: np.asarray(jax.random.key_data(x) if str(x.dtype).startswith("key") else x),
                          nnx.state(model))  # fmt: skip
    reading = read(model, jnp.ones((2, 8, 8, 3)))
    after = jax.tree.map(lambda x: np.asarray(jax.random.key_data(x) if str(x.dtype).startswith("key") else x),
                         nnx.state(model))  # fmt: skip
    jax.tree.map(np.testing.assert_array_equal, before, after)
    assert {each.name: each.activation for each in reading.parameters if each.what.fans} == {
        "conv.kernel": "elu", "head.kernel": "identity"
    }  # fmt: skip
    assert [op.name for op in (reading.graph.ops if reading.graph else ()) if op.name in ("norm", "dropout")] == [
        "norm", "dropout",
    ]  # fmt: skip


def test_an_example_that_does_not_fit_is_told_with_the_module() -> None:
    with pytest.raises(InputError, match=r"example of shape \(2, 8, 8, 4\), in conv \(Conv\): "):
        read(flax_model(), jnp.ones((2, 8, 8, 4)))


def test_equinox_takes_one_example_or_a_batch() -> None:
    eqx = pytest.importorskip("equinox")
    model = eqx.nn.MLP(5, 3, 7, 2, key=jax.random.key(0))
    one, batch = read(model, jnp.ones(5)), read(model, jnp.ones((4, 5)))
    assert one.parameters == batch.parameters
    assert {each.name: each.activation for each in one.parameters if each.what.fans} == {
        "layers.0.weight": "relu", "layers.1.weight": "relu", "layers.2.weight": "identity"
    }  # fmt: skip
    whole = recorded(batch.model, jnp.ones((4, 5)), unroll=True).graph
    assert whole.values[whole.outputs[0]].shape == (4, 3)
    with pytest.raises(InputError, match=r"example of shape \(4, 6\), in "):
        read(model, jnp.ones((4, 6)))


def test_equinox_gets_a_key_where_it_asks_for_one() -> None:
    eqx = pytest.importorskip("equinox")
    model = eqx.nn.Sequential([eqx.nn.Linear(5, 4, key=jax.random.key(0)), eqx.nn.Dropout(0.2)])
    graph = read(model, jnp.ones((3, 5))).graph
    assert graph is not None
    assert [op.name for op in graph.ops if graph.data(op)] == ["linear", "add", "dropout"]


def test_linen_names_its_modules_in_the_graph() -> None:
    linen = pytest.importorskip("flax.linen")
    model = linen.Sequential([linen.Dense(7), jax.nn.relu, linen.Dense(3)])
    reading = read((model, jax.eval_shape(model.init, jax.random.key(0), jnp.ones((2, 5)))), jnp.ones((2, 5)))
    assert reading.graph is not None
    assert [op.module for op in reading.graph.ops if op.name == "linear"] == ["layers_0", "layers_2"]
    assert [each.activation for each in reading.parameters if each.what.fans] == ["relu", "identity"]


def test_a_tree_alone_cannot_be_called() -> None:
    with pytest.raises(
        InputError, match=r"an example needs something to call, got a tree alone\. Pass \(function, tree\)"
    ):
        read({"kernel": jnp.ones((3, 4))}, jnp.ones((2, 3)))


def test_the_pass_says_what_a_plan_needs() -> None:
    call, tree, args = zoo.mlp(jax.nn.relu)
    plan = hs.plan((call, tree), "he", example=args)
    assert [entry.std for entry in plan.entries if entry.name == "a"] == [pytest.approx(np.sqrt(2 / 5))]
