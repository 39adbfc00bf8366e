"""Checks of Keras models, run in a process of their own: Keras takes one backend per process.

`python keras_checks.py` prints one JSON object: of each check what failed in it, "" if nothing did; and the digests of
what was drawn, to be compared between backends.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers as L

import headstart as hs
from headstart.errors import InputError
from headstart.models.keras import names
from headstart.plans.lock import digest

BACKEND = keras.backend.backend()
CHECKS: dict[str, Callable[[], Any]] = {}
ON_TORCH = ("sums", "roles", "several_inputs", "auditing", "bad_input")  # nothing in them is the backend's


def check(function: Callable[[], Any]) -> Callable[[], Any]:
    if BACKEND == "torch" or function.__name__ not in ON_TORCH:
        CHECKS[function.__name__] = function
    return function


NORM = getattr(L, "RMSNormalization", L.LayerNormalization)  # Keras 3.9 has it


def quick_starts() -> None:
    """Keras's own starts as zeros: JAX compiles a program for every shape of them, and all are drawn over."""
    kinds = (keras.initializers.VarianceScaling, keras.initializers.Orthogonal, keras.initializers.RandomUniform)
    for kind in kinds:
        kind.__call__ = lambda self, shape, dtype=None: np.zeros(shape, "float32")


def array(variable: Any) -> np.ndarray:
    value = getattr(variable, "value", variable)
    if BACKEND == "torch":
        value = value.detach()
        return value.float().numpy() if str(value.dtype) == "torch.bfloat16" else value.numpy()
    return np.asarray(value)


def held(model: Any) -> list[bytes]:
    return [array(variable).tobytes() for variable in model.variables]


def weights(model: Any) -> list[bytes]:
    """Without the states of generators."""
    return [array(variable).tobytes() for variable in model.weights]


def refused(function: Callable[[], Any]) -> str:
    """The message of what is refused."""
    try:
        function()
    except InputError as error:
        return str(error)
    raise AssertionError("nothing was refused")


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


# layer, shape of its inputs, variable, fan_in, fan_out, role
ROWS: list[tuple[Any, tuple[int, ...], str, float, float, str]] = [
    (lambda: L.Dense(40), (30,), "kernel", 30, 40, "weight"),
    (lambda: L.EinsumDense("abc,cde->abde", (None, 4, 6)), (5, 30), "kernel", 30, 24, "weight"),
    (lambda: L.EinsumDense("abde,dec->abc", (None, 20)), (5, 4, 6), "kernel", 24, 20, "weight"),
    (lambda: L.EinsumDense("...x,xy->...y", 20), (7, 30), "kernel", 30, 20, "weight"),
    (lambda: L.Conv1D(20, 3, strides=2), (40, 12), "kernel", 36, 60, "weight"),
    (lambda: L.Conv2D(24, (3, 5), groups=2, use_bias=False), (14, 14, 12), "kernel", 90, 180, "weight"),
    (lambda: L.Conv3D(10, 2), (5, 5, 5, 6), "kernel", 48, 80, "weight"),
    (lambda: L.Conv1DTranspose(20, 4, strides=2), (40, 12), "kernel", 24, 80, "weight"),
    (lambda: L.Conv2DTranspose(20, 3), (20, 20, 12), "kernel", 108, 180, "weight"),
    (lambda: L.DepthwiseConv1D(3, depth_multiplier=8), (30, 12), "kernel", 3, 24, "weight"),
    (lambda: L.DepthwiseConv2D(3, depth_multiplier=2), (14, 14, 12), "kernel", 9, 18, "weight"),
    (lambda: L.SeparableConv2D(20, 3, depth_multiplier=2), (14, 14, 12), "pointwise_kernel", 24, 20, "weight"),
    (lambda: L.SeparableConv1D(20, 3, depth_multiplier=2), (30, 12), "depthwise_kernel", 3, 6, "weight"),
    (lambda: L.LSTM(10), (4, 30), "kernel", 30, 10, "gate weight"),
    (lambda: L.LSTM(10), (4, 30), "recurrent_kernel", 10, 10, "recurrent"),
    (lambda: L.GRU(10, reset_after=False), (4, 30), "kernel", 30, 10, "gate weight"),
    (lambda: L.SimpleRNN(10), (4, 30), "kernel", 30, 10, "gate weight"),
    (lambda: L.RNN(L.GRUCell(10)), (4, 30), "recurrent_kernel", 10, 10, "recurrent"),
    (lambda: L.ConvLSTM2D(6, 3), (2, 8, 8, 5), "kernel", 45, 54, "gate weight"),
]
# those that make a sum of inputs with the weight alone: variance 1/fan_in then keeps the second moment
SUMS = tuple(range(11))


def built(row: int) -> Any:
    return keras.Sequential([keras.Input(ROWS[row][1]), ROWS[row][0]()], name="net")


def entry_of(plan: Any, model: Any, name: str) -> Any:
    return next(entry for entry in plan if entry.name.rpartition("/")[2] == name)


@check
def rows() -> None:
    """The fans of every layer, and what is written has the plan's standard deviation."""
    for row, (_, _, name, fan_in, fan_out, role) in enumerate(ROWS):
        model = built(row)
        plan = hs.init(model, "he", seed=7, rules={"recurrent": "normal(0.3)"})
        entry = entry_of(plan, model, name)
        assert (entry.fan_in, entry.fan_out, entry.role) == (fan_in, fan_out, role), (row, entry)
        values = array(next(place.variable for place in names.variables(model) if place.name == entry.name))
        # 5 standard errors of a standard deviation of so many normal numbers
        assert abs(values.std() / entry.std - 1) < 5 / (2 * values.size) ** 0.5, (row, values.std(), entry.std)


@check
def sums() -> None:
    """Through Keras's own layers: xavier keeps the second moment of what goes in; with the fans turned it does not."""
    for row in SUMS:
        model = built(row)
        x = normal(64, *ROWS[row][1])
        for scheme, keeps in (("xavier", True), ("xavier(mode=fan_out)", False)):
            hs.init(model, scheme, seed=row)
            y = array(model(x, training=False))
            inner = y[(slice(None), *(slice(4, -4) if size > 12 else slice(None) for size in y.shape[1:-1]))]
            second = float((inner.astype(np.float64) ** 2).mean())
            wrong = ROWS[row][3] / ROWS[row][4]
            # one draw of at least 600 weights for at least 20 units: 30 % is above 4 standard errors
            assert (abs(second - 1) < 0.3) == keeps or abs(wrong - 1) < 0.35, (row, scheme, second)


@check
def digests() -> dict[str, str]:
    """What a plan draws, by keys."""
    found = {}
    for row in range(len(ROWS)):
        model = built(row)
        hs.init(model, "he", seed=3)
        found |= {f"{row} {place.key}": digest(array(place.variable)) for place in names.variables(model)}
    model = transformer()
    hs.init(model, "gain", seed=3, example=np.zeros((2, 5, 12), "float32"), residual_scale="1/sqrt(2L)")
    found |= {place.key: digest(array(place.variable)) for place in names.variables(model)}
    model = Blocks(hs.keras.Initializer("he", seed=5))
    model(np.zeros((2, 5, 4), "float32"))
    return found | {f"initialized {place.key}": digest(array(place.variable)) for place in names.variables(model)}


@check
def other_seed() -> dict[str, str]:
    """The twin of what is compared between backends."""
    model = built(0)
    hs.init(model, "he", seed=4)
    return {f"0 {place.key}": digest(array(place.variable)) for place in names.variables(model)}


def transformer() -> Any:
    inputs = keras.Input((5, 12))
    h = L.LayerNormalization()(inputs)
    x = inputs + L.MultiHeadAttention(2, 6)(h, h)
    h = L.Dense(24, activation="gelu")(NORM()(x))
    return keras.Model(inputs, L.Dense(3)(x + L.Dense(12)(h)))


class Blocks(keras.Model):
    """Layers in a list and a dict, a bare weight, all made in a symbolic pass."""

    def __init__(self, init: Any = "glorot_uniform") -> None:
        super().__init__(name="blocks")
        self.blocks = [L.Dense(4, kernel_initializer=init) for _ in range(2)]
        self.named = {"mix": L.DepthwiseConv1D(3, depth_multiplier=2, depthwise_initializer=init)}
        self.free = self.add_weight(shape=(8, 3), initializer=init)
        self.shift = self.add_weight(shape=(3,), initializer="zeros", name="shift")

    def call(self, x: Any) -> Any:
        for block in self.blocks:
            x = keras.ops.relu(block(x))
        return keras.ops.tanh(keras.ops.matmul(self.named["mix"](x), self.free) + self.shift)


@check
def keys() -> None:
    """A model built again has other names and the same keys; equal paths are told apart; shared layers come once."""
    first, second = Blocks(), Blocks()
    for model in (first, second):
        model(np.zeros((2, 5, 4), "float32"))
    one, two = names.variables(first), names.variables(second)
    assert [place.key for place in one] == [place.key for place in two]
    assert {place.key for place in one} >= {"dense/kernel", "dense_1/kernel", "depthwise_conv1d/kernel", "variable"}
    assert len({place.key for place in one}) == len(one)
    plan = hs.plan(first, "he", example=normal(2, 5, 4))
    plan.apply(second, seed=1)
    plan.apply(first, seed=1)
    assert held(first) == held(second)

    shared = L.Dense(4, name="shared")
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4, name="a")], name="inner")
    twin = keras.Sequential([keras.Input((4,)), L.Dense(4, name="a")], name="inner")
    inputs = keras.Input((4,))
    part = keras.Model(inputs, twin(inputs))
    model = keras.Model(inputs, shared(part(shared(inner(inputs)))))
    found = [place.name for place in names.variables(model)]
    assert sum("shared" in name for name in found) == 2
    assert {"inner/a/kernel", "inner/a/kernel#2"} <= set(found), found
    hs.init(model, "he")
    kernels = [array(place.variable) for place in names.variables(model) if place.name.startswith("inner/a/kernel")]
    assert not np.array_equal(*kernels)


@check
def what_a_pass_says() -> None:
    """Activations inside layers, residual ends, bare weights, heads, norms."""
    found = {entry.key: entry for entry in hs.plan(transformer(), "gain", example=np.zeros((2, 5, 12)))}
    assert found["dense/kernel"].activation == "gelu"
    assert [key for key, entry in found.items() if entry.ends_residual and "kernel" in key] == [
        "multi_head_attention/attention_output/kernel", "dense_1/kernel"
    ]  # fmt: skip
    alone = hs.plan(Blocks(), "gain", example=np.zeros((2, 5, 4)))
    free = alone["blocks/" + next(each.name for each in alone if each.key == "variable").rpartition("/")[2]]
    assert (free.role, free.fan_in, free.fan_out, free.activation) == ("weight", 8, 3, "tanh")
    assert next(each for each in alone if each.key == "dense_1/kernel").activation == "relu"
    assert next(each for each in alone if each.key == "shift").role == "bias"
    model = keras.Sequential([keras.Input((8,)), L.Dense(6), L.LeakyReLU(0.2), L.Dense(5), L.PReLU(), L.Dense(2)])
    after = [each.activation for each in hs.plan(model, "gain", example=keras.Input((8,))) if each.role == "weight"]
    assert after == ["leaky_relu(0.2)", "relu", "identity"], after


@check
def roles() -> None:
    """Norms, slopes, states, tables, LoRA and quantized layers."""
    model = keras.Sequential([
        keras.Input((6,)), L.Embedding(50, 8), L.BatchNormalization(), L.LayerNormalization(), NORM(),
        L.GroupNormalization(2), L.PReLU(), L.Bidirectional(L.LSTM(4)), L.Dense(5), L.Dense(3),
    ])  # fmt: skip
    model.layers[-2].enable_lora(2)
    model.layers[-1].quantize("int8")
    plan = hs.plan(model)
    left = {each.name.partition("/")[2]: each for each in plan.left_alone}
    told = {name: each.role for name, each in left.items()}
    assert {role for name, role in told.items() if "normalization" in name} == {"norm scale", "norm shift"}
    assert not any("moving" in name for name in told)
    assert {told[name] for name in told if "re_lu" in name} == {"slope"}
    lora = [each.reason for name, each in left.items() if "lora" in name]
    assert len(lora) == 2
    assert all("LoRA" in reason for reason in lora)
    assert any("quantized (int8)" in each.reason for each in left.values())
    assert any("frozen" in each.reason or "does not change" in each.reason for each in left.values())
    forget = [entry for entry in plan if entry.role == "forget bias"]
    hs.init(model, "he")
    assert len(forget) == 2
    for entry in forget:
        values = array(next(p.variable for p in names.variables(model) if p.name == entry.name)).reshape(4, 4)
        assert values.mean(1).tolist() == [0, 1, 0, 0]
    assert next(entry for entry in plan if entry.role == "lookup").fan_in == 1
    if hasattr(L, "ReversibleEmbedding"):
        table = L.ReversibleEmbedding(50, 8)
        table.build()
        assert [entry.role for entry in hs.plan(table)] == ["tied lookup"]
    wrapped = L.SpectralNormalization(L.Conv2D(3, 2))
    wrapped.build((None, 5, 5, 4))
    assert next((entry.key, entry.fan_in) for entry in hs.plan(wrapped)) == ("conv2d/kernel", 16)


@check
def writing() -> None:
    """Types, frozen layers, the optimizer, errors before anything is written; lock and verify."""
    for policy, dtype in (("mixed_bfloat16", "float32"), ("bfloat16", "bfloat16"), ("float16", "float16")):
        model = keras.Sequential([keras.Input((6,)), L.Dense(5, dtype=policy), L.Dense(3, dtype=policy)], name="net")
        hs.init(model, "he", seed=4)
        assert {str(v.dtype) for v in model.weights} == {dtype}, (policy, model.weights)
        whole = hs.sample("he", (5, 6), 4, "dense/kernel", dtype=dtype)
        assert np.array_equal(array(model.weights[0]).astype("float32"), np.asarray(whole, "float32").T), policy
    model = keras.Sequential([keras.Input((6,)), L.Dense(5), L.BatchNormalization(), L.Dense(3)], name="net")
    model.compile("adam", "mse")
    model.fit(normal(8, 6), normal(8, 3), verbose=0)
    model.layers[0].trainable = False
    before, inside = held(model), [array(v).copy() for v in model.optimizer.variables]
    hs.init(model, "he", seed=1)
    after = held(model)
    changed = [place.name for place, old, new in zip(model.variables, before, after, strict=True) if old != new]
    assert changed == ["kernel", "bias"], changed  # of the last layer
    assert before[:2] == after[:2]
    assert all(np.array_equal(old, array(v)) for old, v in zip(inside, model.optimizer.variables, strict=True))
    plan = hs.init(model, "he", seed=1, frozen=True)
    assert not model.layers[0].trainable
    lock = plan.lock(model, seed=1)
    assert hs.audit(model, lock=lock.to_json()).unlocked == {}
    assert plan.verify(model, seed=1).healthy
    assert not plan.verify(model, seed=2).healthy

    smaller = keras.Sequential([keras.Input((6,)), L.Dense(5), L.BatchNormalization(), L.Dense(2)], name="net")
    before = held(smaller)
    assert "has shape (5, 2), and the plan was made for (5, 3)" in refused(lambda: plan.apply(smaller))
    strange = keras.Sequential([keras.Input((6,)), L.Dense(5, name="other")], name="net")
    assert "unknown parameter" in refused(lambda: plan.apply(strange))
    assert held(smaller) == before


@check
def initializer() -> None:
    """Streams of their own, the same again, through copies, files and symbolic passes."""
    init = hs.keras.Initializer("he*1.3", seed=3)

    def model(init: Any, name: str = "net") -> Any:
        return keras.Sequential(
            [keras.Input((10, 12)), L.Dense(12, kernel_initializer=init), L.Dense(12, kernel_initializer=init),
             L.Bidirectional(L.LSTM(6, kernel_initializer=init, recurrent_initializer=hs.keras.orthogonal()))],
            name=name,
        )  # fmt: skip

    first = model(init)
    kernels = [array(v) for v in first.weights if "bias" not in v.name]
    assert len({w.tobytes() for w in kernels}) == len(kernels)
    assert weights(first) == weights(model(hs.keras.Initializer("he*1.3", seed=3)))
    assert weights(first) != weights(model(hs.keras.Initializer("he*1.3", seed=4)))
    assert weights(first) != weights(model(init, "other"))
    recurrent = kernels[3].reshape(6, 4, 6)  # each gate alone is orthogonal
    for gate in range(4):
        np.testing.assert_allclose(recurrent[:, gate].T @ recurrent[:, gate], np.eye(6), atol=1e-5)
    sampled = hs.sample("he*1.3", (12, 12), 3, "net/dense_1/kernel", "in_out")
    assert np.array_equal(kernels[1], sampled)

    attention = L.MultiHeadAttention(2, 6, kernel_initializer=hs.keras.he())
    x = normal(2, 5, 12)
    attention(x, x)
    kernels = [array(v) for v in attention.weights if v.name == "kernel"]
    assert len({kernel.tobytes() for kernel in kernels}) == 4
    assert all(abs(k.std() * 12**0.5 / 2**0.5 - 1) < 0.3 for k in kernels)  # fan_in 12, 12 of heads together

    built = [Blocks(hs.keras.Initializer("he", seed=5)) for _ in range(2)]
    for each in built:
        each(np.zeros((2, 5, 4), "float32"))
    assert weights(built[0]) == weights(built[1])
    depthwise = next(p for p in names.variables(built[0]) if p.key == "depthwise_conv1d/kernel")
    again = hs.sample("he", (3, 4, 2), 5, "blocks/depthwise_conv1d/kernel", hs.Layout((1, 2), (), groups=4))
    assert np.array_equal(array(depthwise.variable), again)

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model.keras"))
        first.save(path)
        loaded = keras.saving.load_model(path)
    assert weights(loaded) == weights(first)
    told = loaded.layers[0].kernel_initializer
    assert repr(told) == repr(init) == "Initializer('he*1.3', seed=3)"
    turned = hs.keras.Initializer("xavier", layout=hs.Layout((0,), (1,), blocks=(0, 2)), name="here")
    copied = turned.clone()
    assert copied.layout == turned.layout
    assert np.array_equal(array(copied((6, 4))), array(turned((6, 4))))
    assert np.array_equal(array(turned((6, 4))), hs.sample("xavier", (6, 4), 0, "here"))
    json.dumps(turned.get_config())

    following = keras.Sequential([keras.Input((900,)), L.Dense(600, "relu", kernel_initializer=hs.keras.gain()),
                                  L.Dense(600, kernel_initializer=hs.keras.gain())])  # fmt: skip
    assert abs(array(following.weights[0]).std() * 900**0.5 / 2**0.5 - 1) < 0.01
    assert abs(array(following.weights[2]).std() * 600**0.5 - 1) < 0.01
    assert "bias" in refused(lambda: L.Dense(5, bias_initializer=init).build((None, 3)))
    assert "unknown scheme" in refused(lambda: hs.keras.Initializer("hee"))
    assert "seed" in refused(lambda: hs.keras.Initializer("he", seed=-1))


def noisy() -> Any:
    return keras.Sequential([
        keras.Input((16,)), L.Dense(16, "relu"), L.BatchNormalization(), L.Dropout(0.3), L.Dense(16, "relu"), L.Dense(4)
    ], name="noisy")  # fmt: skip


@check
def probing() -> None:
    """Measured as in training, with Keras's names; everything is left as it was found."""
    model = noisy()
    hs.init(model, "he")
    model.compile("adam", "mse", metrics=["mae"])
    model.layers[3].trainable = False
    x, y = normal(32, 16), np.arange(32) % 4
    before, flags = held(model), [layer.trainable for layer in model.layers]
    found = hs.probe(model, x, loss="cross_entropy", target=y)
    assert held(model) == before
    assert [layer.trainable for layer in model.layers] == flags
    assert found.healthy, found.reason
    assert abs(found.trace.loss_guess - np.log(4)) < 1e-6
    rows = {row.name: row for row in found.layers}
    weight = rows["noisy/dense/kernel"] if "noisy/dense/kernel" in rows else next(
        row for name, row in rows.items() if name.startswith("noisy/dense") and row.kind in ("linear", "matmul")
    )  # fmt: skip
    assert abs(weight.rms / weight.predicted_rms - 1) < 0.2
    assert weight.grad_rms > 0
    norm = next(row for row in found.layers if row.kind == "norm")
    assert abs(norm.rms - 1) < 0.01
    assert abs(norm.predicted_rms - 1) < 0.05
    assert any(row.kind == "dropout" for row in found.layers)
    assert not any(row.kind == "dropout" for row in hs.probe(model, x, training=False).layers)
    given = hs.probe(model, x, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), target=y)
    assert abs(given.trace.loss - found.trace.loss) < 0.2
    hs.probe(model, x, draws=2, plan="he")
    assert held(model) == before
    deep = keras.Sequential([keras.Input((32,))] + [
        L.Dense(32, "relu", kernel_initializer=keras.initializers.RandomNormal(stddev=0.05)) for _ in range(20)
    ])  # fmt: skip
    sick = hs.probe(deep, normal(32, 32))
    assert sick.verdict == "vanishing", sick.reason
    before = held(deep)
    fixed = sick.try_fix()
    assert fixed is not None
    assert fixed.cures
    assert held(deep) == before


@check
def several_inputs() -> None:
    """Lists, dicts and names, as the model takes them."""
    a, b = keras.Input((4,), name="a"), keras.Input((6,), name="b")
    model = keras.Model([a, b], L.Dense(3, name="last")(L.Concatenate()([L.Dense(5, "relu", name="first")(a), b])))
    x, z = normal(8, 4), normal(8, 6)
    for example in ([x, z], {"a": x, "b": z}):
        assert hs.plan(model, "gain", example=example)["first/kernel"].activation == "relu"
    assert hs.probe(model, x, z).healthy
    assert hs.probe(model, a=x, b=z).healthy
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Keras warns where a model of one input is handed a tuple
        single = keras.Sequential([keras.Input((4,)), L.Dense(2)])
        declared = keras.Model((a, b), L.Dense(2)(L.Concatenate()([a, b])))
        assert len(hs.plan(single, example=(x,))) == len(hs.plan(single, example=[x])) == 2
        assert len(hs.plan(declared, example=[x, z])) == len(hs.plan(model, example=(x, z))) - 2
    attention = L.MultiHeadAttention(2, 4)
    sequences = normal(3, 5, 8)
    assert len(hs.plan(attention, example={"query": sequences, "value": sequences})) == 8
    assert hs.probe(attention, sequences, sequences).trace.measured


@check
def auditing() -> None:
    """What layers hold: Keras's own starts by name, states as buffers, faults."""
    model = keras.Sequential([
        keras.Input((30, 60)), L.Conv1D(50, 3), L.BatchNormalization(), L.DepthwiseConv1D(3, depth_multiplier=4),
        L.LSTM(40), L.Dense(70), L.Dense(5, kernel_initializer="zeros"),
    ], name="net")  # fmt: skip
    before = held(model)
    found = hs.audit(model, np.zeros((2, 30, 60)))
    assert held(model) == before
    rows = {row["name"].removeprefix("net/"): row for row in found.rows()}
    last = names.layers(model)[-1].layer.name
    assert any("Keras's default" in recipe for name, row in rows.items() if "depthwise" in name
               for recipe in row["recipes"])  # fmt: skip
    assert "Glorot" in next(row for name, row in rows.items() if name.startswith("conv1d"))["recipes"]
    assert {row["role"] for name, row in rows.items() if "moving" in name} == {"buffer"}
    assert f"net/{last}/kernel" in {finding.layer for finding in found.findings}
    assert {finding.code for finding in found.findings if finding.severity == "fault"} <= {"HS602", "HS604", "HS601"}


@check
def bad_input() -> None:
    """What is refused, and what to do instead."""
    unbuilt = keras.Sequential([L.Dense(3), L.Dense(2)], name="net")
    for ask in (hs.plan, hs.init, hs.audit):
        message = refused(lambda ask=ask: ask(unbuilt))
        assert "has no weights yet" in message
        assert "example" in message
    assert not unbuilt.weights
    assert len(hs.plan(unbuilt, example=np.zeros((1, 4)))) == 4
    assert unbuilt.built
    model = keras.Sequential([keras.Input((4,)), L.Dense(3)], name="net")
    assert "fails on the example of shape (2, 5)" in refused(lambda: hs.plan(model, example=np.zeros((2, 5))))
    assert "fails on the example of shape (2, 5)" in refused(lambda: hs.probe(model, np.zeros((2, 5))))
    assert "inputs" in refused(lambda: hs.probe(model))
    assert "call it first" in refused(lambda: hs.plan(keras.Sequential))
    assert len(hs.plan(model.layers[0])) == 2  # a layer that is built
    assert "batch" in refused(lambda: hs.probe(model, np.zeros((1, 4))))
    assert "fits no parameter" in refused(lambda: hs.plan(model, rules={"net/densse/*": "he"}))

    class Raises(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = L.Dense(3)

        def call(self, x: Any) -> Any:
            raise RuntimeError("not today")

    assert "RuntimeError" in refused(lambda: hs.plan(Raises(), example=np.zeros((2, 4))))


@check
def sharded() -> None:
    """On JAX a distributed variable keeps its sharding, and has the bits it has alone."""
    if BACKEND != "jax":
        return
    import jax

    mesh = keras.distribution.DeviceMesh((2, 2), ["batch", "model"], jax.devices()[:4])
    layout = keras.distribution.LayoutMap(mesh)
    layout["net/dense.*kernel"] = (None, "model")
    layout["net/lstm.*kernel"] = (None, "model")
    alone = keras.Sequential([keras.Input((5, 8)), L.Dense(6), L.LSTM(4)], name="net")
    plan = hs.init(alone, "he", seed=2)
    with keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch").scope():
        model = keras.Sequential([keras.Input((5, 8)), L.Dense(6, kernel_initializer=hs.keras.he()), L.LSTM(4)],
                                 name="net")  # fmt: skip
    shardings = [v.value.sharding for v in model.weights]
    assert len(shardings[0].device_set) == 4
    assert not shardings[0].is_fully_replicated
    plan.apply(model, seed=2)
    assert [v.value.sharding for v in model.weights] == shardings
    orthogonal = "recurrent_kernel"
    for one, other in zip(alone.weights, model.weights, strict=True):
        close = np.allclose if one.name == orthogonal else np.array_equal
        assert close(array(one), array(other)), one.path
    assert plan.verify(model, seed=2).healthy


def run() -> dict[str, Any]:
    found: dict[str, Any] = {}
    if BACKEND == "jax":
        quick_starts()
    wanted = sys.argv[1:] or list(CHECKS)
    started = time.process_time()
    for name in wanted:
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        try:
            made = CHECKS[name]()
            found[name] = made if isinstance(made, dict) else ""
        except Exception:
            found[name] = traceback.format_exc()
        print(f"{name} {time.process_time() - started:.1f} s", file=sys.stderr)
        gc.collect()
    return found


if __name__ == "__main__":
    print(json.dumps(run()))
