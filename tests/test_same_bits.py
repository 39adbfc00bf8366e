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
