"""The same network in PyTorch, Flax NNX and Linen, Equinox and Keras: no bit of any weight differs, nor any reason.

And the programs that plans print, run in each library, make the weights of the plan, so that all compute the same.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
pytest.importorskip("torch")
pytest.importorskip("flax")
pytest.importorskip("equinox")
pytest.importorskip("keras")

import same_models

from headstart.draws.weights import draw_entry
from headstart.layout import canonical_order
from headstart.plans import Entry, Plan, keyed, plan_parameters
from headstart.show.code import program

LIBRARIES = {"nnx": "flax", "linen": "flax", "equinox": "equinox", "keras": "keras"}
KINDS = [
    (library, kind)
    for library in LIBRARIES
    for kind in ("mlp", "convnet", "lstm", "lstm fused", "gru", "block")
    if kind != "lstm fused" or LIBRARIES[library] == "flax"
]
SCHEMES = ("he", "orthogonal", "glorot(distribution=uniform)")


@cache
def models(library: str) -> dict[str, Any]:
    return getattr(same_models, f"{library}_models")()  # type: ignore[no-any-return]


def parameters(library: str, kind: str) -> Any:
    from headstart.models import keras, torch
    from headstart.models.jax.read import read

    model = models(library)[kind]
    if library == "torch":
        return torch.read(model).parameters
    if library == "keras":
        return keras.read(model).parameters
    return read(model, same_models.example(kind.partition(" ")[0]) if library == "linen" else None).parameters


@cache
def planned(library: str, kind: str, scheme: str = "he", names: str = "") -> Plan:
    found = parameters(library, kind)
    model = None if library == "torch" else models(library)[kind]
    return plan_parameters(keyed(found, names or LIBRARIES.get(library), model), scheme)


def canonical(entry: Entry) -> np.ndarray:
    """The numbers of an entry in canonical order, a row for each block that it has of its weight."""
    values = np.asarray(draw_entry(entry, 7)).transpose(canonical_order(len(entry.shape), entry.layout))
    return values.reshape(len(entry.picks) or entry.of, -1)


def differences(ours: Plan, theirs: Plan, drawn: Plan | None = None) -> list[str]:
    """Where another library's plan differs from PyTorch's: in bits, or in what the table says.

    Args:
        drawn: the plan that the numbers are really drawn by, where it is not the same.
    """
    by_key = {entry.key: entry for entry in ours}
    found = []
    for entry, made in zip(theirs, drawn or theirs, strict=True):
        if entry.key == "rnn.bias_l0":  # Keras's GRU has both biases in one array
            continue
        if entry.key not in by_key:
            found.append(f"{entry.name}: no key {entry.key}")
            continue
        other = by_key[entry.key]
        whole = canonical(other).reshape(entry.of, -1)
        if not np.array_equal(canonical(made), whole[list(entry.picks)] if entry.picks else whole):
            found.append(f"{entry.name}: bits")
        told = (
            entry.role,
            entry.fans,
            entry.draw if entry.fans else None,
            round(entry.std, 12) if entry.fans else None,
        )
        same = (
            other.role,
            other.fans,
            other.draw if other.fans else None,
            round(other.std, 12) if other.fans else None,
        )
        if told != same or _reason(entry) != _reason(other):
            found.append(f"{entry.name}: {told} {_reason(entry)} and {same} {_reason(other)}")
    return found


def _reason(entry: Entry) -> str:
    """The reason, without what says how the library keeps the weight."""
    return entry.reason.partition("; block")[0].partition(", in ")[0]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("library", "kind"), KINDS)
def test_no_bit_differs(library: str, kind: str, scheme: str) -> None:
    ours, theirs = planned("torch", kind.partition(" ")[0], scheme), planned(library, kind, scheme)
    assert differences(ours, theirs) == []
    missing = {entry.key for entry in ours} - {entry.key for entry in theirs}
    assert missing <= {"rnn.bias_hh_l0", "rnn.bias_ih_l0"}  # PyTorch has two, others one or both in one array


def test_one_key_that_differs_is_found() -> None:
    theirs = planned("nnx", "block")
    at = next(at for at, entry in enumerate(theirs.entries) if entry.name == "attn.key.kernel")
    wrong = list(theirs.entries)
    for change in ({"picks": (2,)}, {"key": "attn.in_proj"}, {"picks": (), "of": 1}):
        wrong[at] = replace(theirs.entries[at], **change)
        assert differences(planned("torch", "block"), theirs, Plan(tuple(wrong))) == ["attn.key.kernel: bits"]
    assert differences(planned("torch", "block"), Plan(tuple(wrong)))[0].startswith("attn.key.kernel")


# --- programs ----------------------------------------------------------------------------------------------------


def run(plan: Plan, library: str) -> dict[str, Any]:
    """The names that a plan's program defines."""
    text = program(plan, library, seed=7)
    names: dict[str, Any] = {}
    exec(compile(text, library, "exec"), names)
    return names


def outputs(library: str, kind: str, names: dict[str, Any]) -> np.ndarray:
    """What the library's own layers give on the example, with the weights that a program puts into the model."""
    import jax

    x, model = same_models.example(kind.partition(" ")[0]), models(library)[kind]
    if library == "torch":
        import torch

        names["initialize"](model)
        with torch.no_grad():
            return np.asarray(model.eval()(torch.as_tensor(x)))
    if library == "keras":
        names["initialize"](model)
        return np.asarray(model(x))
    if library == "equinox":
        return np.asarray(jax.vmap(names["initialize"](model))(x))
    tree = names["parameters"]()
    if library == "nnx":
        from flax import nnx

        state = nnx.state(model, nnx.Param)
        nnx.replace_by_pure_dict(state, tree)
        nnx.update(model, state)
        return np.asarray(model(x))
    module, variables = model
    return np.asarray(module.apply(merged(variables, tree), x))


def merged(tree: Any, over: Any) -> Any:
    if not isinstance(over, dict):
        return over
    return {name: merged(tree[name], over[name]) if name in over else tree[name] for name in tree}


@cache
def torch_outputs(kind: str) -> np.ndarray:
    return outputs("torch", kind, run(planned("torch", kind), "torch"))


@pytest.mark.parametrize(("library", "kind"), KINDS)
def test_all_libraries_compute_the_same(library: str, kind: str) -> None:
    table = LIBRARIES[library]
    mirrored = f"{table}(same=function)" if kind == "convnet" and table != "keras" else table
    found = outputs(library, kind, run(planned(library, kind, names=mirrored), table))
    expected = torch_outputs(kind.partition(" ")[0])
    assert np.abs(found - expected).max() < 2e-6 * np.abs(expected).max()
    if mirrored != table:  # the same numbers at the same index are another function there
        other = outputs(library, kind, run(planned(library, kind), table))
        assert np.abs(other - expected).max() > 1e-3 * np.abs(expected).max()


@pytest.mark.parametrize("bias", ["zeros", "normal(0.1)"])
@pytest.mark.parametrize(
    "scheme", ["he", "orthogonal", "truncated_normal(0.02, cut=3)", "sparse(0.5)", "delta_orthogonal"]
)
@pytest.mark.parametrize(
    ("library", "kind"),
    [("torch", "lstm"), ("linen", "lstm"), ("keras", "gru"), ("nnx", "block"), ("equinox", "convnet")],
)
def test_a_program_makes_the_plans_bits(library: str, kind: str, scheme: str, bias: str) -> None:
    if scheme == "delta_orthogonal" and kind != "convnet":
        pytest.skip("for convolutions")
    rules = {"head.weight": "he", "up.weight": "he"} if scheme == "delta_orthogonal" else None
    names = LIBRARIES.get(library)
    model = models(library)[kind]
    plan = plan_parameters(keyed(parameters(library, kind), names, model), scheme, rules, bias=bias)
    made = run(plan, "numpy")["arrays"](7)
    assert list(made) == [entry.name for entry in plan]
    for entry in plan:
        assert np.array_equal(made[entry.name], draw_entry(entry, 7)), entry.name


# --- applied -----------------------------------------------------------------------------------------------------


def applied(library: str, kind: str, seed: int) -> np.ndarray:
    """What a model gives on the example after `hs.init` with keys of PyTorch's names."""
    import jax

    import headstart as hs

    x, model = same_models.example(kind), models(library)[kind]
    if library == "torch":
        import torch

        hs.init(model, "he", seed)
        return np.asarray(model.eval()(torch.as_tensor(x)).detach())
    table = LIBRARIES[library]
    names = table if table == "keras" else f"{table}(same=function)"
    if library == "linen":
        module, variables = model
        made = hs.init(module, "he", seed, x, params=variables, names=names)
        return np.asarray(module.apply(made, x))
    made = hs.init(model, "he", seed, names=names)
    return np.asarray(jax.vmap(made)(x) if library == "equinox" else model(x))


@pytest.mark.parametrize("kind", ["convnet", "block"])
def test_models_that_were_given_their_weights_compute_the_same(kind: str) -> None:
    expected = applied("torch", kind, 3)
    for library in LIBRARIES:
        assert np.abs(applied(library, kind, 3) - expected).max() < 2e-6 * np.abs(expected).max(), library
    assert np.abs(applied("nnx", kind, 4) - expected).max() > 1e-2 * np.abs(expected).max()


def test_scanned_layers_have_the_weights_of_the_loop() -> None:
    import flax.linen as nn
    import jax
    import jax.numpy as jnp

    import headstart as hs

    class Block(nn.Module):
        @nn.compact
        def __call__(self, x: Any, _: Any) -> Any:
            y = nn.MultiHeadDotProductAttention(2, name="attn")(nn.LayerNorm(name="norm")(x))
            return x + nn.Dense(4, name="fc")(y), None

    class Scanned(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            scan = nn.scan(Block, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
            return scan(name="blocks")(x, None)[0]

    class Looped(nn.Module):
        def setup(self) -> None:
            self.blocks = [Block() for _ in range(3)]

        def __call__(self, x: Any) -> Any:
            for block in self.blocks:
                x, _ = block(x, None)
            return x

    x, made = jnp.ones((2, 5, 4)), []
    for module in (Scanned(), Looped()):
        variables = module.init(jax.random.key(0), x)
        made.append(hs.init(module, "orthogonal", 1, x, params=variables, names="flax")["params"])
    scanned, looped = made
    for layer, leaf in (("attn", "query"), ("attn", "out"), ("fc", "")):
        for i in range(3):
            one, other = scanned["blocks"][layer], looped[f"blocks_{i}"][layer]
            one, other = (one[leaf], other[leaf]) if leaf else (one, other)
            assert np.array_equal(one["kernel"][i], other["kernel"])


def test_sequences_are_called_by_their_indices() -> None:
    import equinox as eqx
    import jax
    from flax import nnx

    import headstart as hs

    rngs, key, nn = nnx.Rngs(0), jax.random.key(0), eqx.nn
    chain = nnx.Sequential(nnx.Linear(4, 3, rngs=rngs), nnx.relu, nnx.Linear(3, 2, rngs=rngs))
    assert [entry.key for entry in hs.plan(chain, names="flax")] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    steps = [nn.Linear(4, 3, key=key), nn.Lambda(jax.nn.relu), nn.Linear(3, 2, key=key)]
    keys = [entry.key for entry in hs.plan({"net": nn.Sequential(steps)}, names="equinox")]
    assert keys == ["net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias"]
    assert hs.plan(nn.MLP(3, 2, 4, 1, key=key), names="equinox").entries[0].key == "layers.0.weight"


def test_a_base_model_has_the_weights_of_the_model_with_a_head() -> None:
    transformers = pytest.importorskip("transformers")
    import torch

    import headstart as hs

    config = transformers.LlamaConfig(
        vocab_size=20, hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2
    )
    base, head = transformers.LlamaModel(config), transformers.LlamaForCausalLM(config)
    plans = [hs.init(model, "he", 3, names="transformers") for model in (base, head)]
    assert {entry.key for entry in plans[0]} <= {entry.key for entry in plans[1]}
    held = dict(head.named_parameters())
    assert all(torch.equal(value, held[f"model.{name}"]) for name, value in base.named_parameters())


def test_haikus_attention_is_pytorchs() -> None:
    hk = pytest.importorskip("haiku")
    import jax
    import torch

    import headstart as hs

    def function(x: Any) -> Any:
        return hk.MultiHeadAttention(2, 3, w_init=hk.initializers.Constant(0), name="attn")(x, x, x)

    x = same_models.example("block")
    model = hk.transform(function)
    made = hs.init(model, "he", 5, params=model.init(jax.random.key(0), x), names="haiku")
    ours = torch.nn.ModuleDict({"attn": torch.nn.MultiheadAttention(6, 2, batch_first=True)})
    hs.init(ours, "he", 5)
    y = torch.as_tensor(x)
    expected = ours["attn"](y, y, y, need_weights=False)[0].detach().numpy()
    assert np.abs(np.asarray(model.apply(made, None, x)) - expected).max() < 2e-6 * np.abs(expected).max()
