"""How a library's names are told in PyTorch's words: leaves, layers that PyTorch keeps otherwise, wrappers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Part(NamedTuple):
    """What a parameter is in PyTorch's layer.

    Args:
        key: PyTorch's name; "{l}" stands for the layer's number and direction.
        picks, of: which of its equal blocks the parameter is; none where it is the whole.
        role: what it is for, where the library's own layer has another word for it.
    """

    key: str
    picks: tuple[int, ...] = ()
    of: int = 1
    role: str = ""


class Structure(NamedTuple):
    """A layer whose parameters PyTorch keeps together, or in another order.

    Args:
        name: the layer, in PyTorch's words.
        parts: a parameter's name inside the layer -> what it is there.
        needs: names that all must be there for it to be this layer.
        cell: whether it is a recurrent layer's cell.
        gates: outputs over inputs of the parameter `state`, where names alone do not tell an LSTM from a GRU.
        state: the name of the weights of the state.
        axes: the number of axes that the first of `needs` has at least, stack apart: heads that are split.
        alike: names whose outputs must be as many; and where their inputs are not, `apart` says what they are.
        apart: names that take the place of `parts` then.
    """

    name: str
    parts: Mapping[str, Part]
    needs: tuple[str, ...]
    cell: bool = False
    gates: int = 0
    state: str = ""
    axes: int = 0
    alike: tuple[str, ...] = ()
    apart: Mapping[str, Part] = {}


class Table(NamedTuple):
    """One library.

    Args:
        name: what it is called.
        leaves: a parameter's own name -> PyTorch's. The first of two that mean the same stands.
        structures: layers that PyTorch keeps otherwise; the first that fits counts.
        wrappers: names of modules between a recurrent layer and its cell, patterns; they have no name in PyTorch.
        backward: patterns of the module that runs a recurrence from the end.
        forward: likewise, of the other direction.
        dropped: names on the way that mean nothing ("~").
        numbered: whether name_0, name_1 are how lists are called.
        root: whether the first name may be the model's own.
        mirrored: the kernel of its transposed convolutions lies mirrored against PyTorch's: "" it does not, "always",
            or "forward" where its axes are those of an ordinary convolution (inputs before outputs).
        prefixes: names of the base model inside a model with a head; they are left out.
    """

    name: str
    leaves: Mapping[str, str]
    structures: tuple[Structure, ...] = ()
    wrappers: tuple[str, ...] = ()
    backward: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    numbered: bool = False
    root: bool = False
    mirrored: str = ""
    prefixes: tuple[str, ...] = ()


# What PyTorch calls the parameters of its recurrent layers, and of attention.
IH, HH, BIAS, BIAS_N = "weight_ih{l}", "weight_hh{l}", "bias_ih{l}", "bias_hh{l}"
QKV = ("in_proj_weight", "in_proj_bias")


def attention(
    query: str, key: str, value: str, out: str, weight: str, bias: str, axes: int
) -> Structure:  # fmt: skip
    """Attention with a layer each for query, key and value, which PyTorch has in one weight.

    Args:
        query, key, value, out: the layers. weight, bias: the parameters of each.
        axes: of the query's weight, at least.
    """
    three = (query, key, value)
    parts = {f"{layer}.{weight}": Part(QKV[0], (at,), 3) for at, layer in enumerate(three)}
    biases = {f"{layer}.{bias}": Part(QKV[1], (at,), 3) for at, layer in enumerate(three)}
    ends = {f"{out}.{weight}": Part("out_proj.weight"), f"{out}.{bias}": Part("out_proj.bias")}
    apart = {
        f"{layer}.{weight}": Part(f"{letter}_proj_weight") for layer, letter in zip(three, "qkv", strict=True)
    }  # fmt: skip
    needs = tuple(f"{layer}.{weight}" for layer in (*three, out))
    return Structure(
        "attention", {**parts, **biases, **ends}, needs, axes=axes, alike=needs[:3], apart=apart
    )  # fmt: skip


def per_gate(name: str, gates: str, weight: str, bias: str, names: Mapping[str, str], bias_n: bool) -> Structure:
    """A recurrent cell with a layer for each gate: "i" and the gate for the inputs, "h" and the gate for the state.

    Args:
        gates: one letter each, in PyTorch's order.
        names: what a layer is called where that is not its two letters.
        bias_n: whether only the new gate's layer of the state has a bias (a GRU), which PyTorch adds to the state's.
    """
    of, parts = len(gates), {}
    for at, gate in enumerate(gates):
        from_input, from_state = (names.get(side + gate, side + gate) for side in "ih")
        parts[f"{from_input}.{weight}"] = Part(IH, (at,), of)
        parts[f"{from_state}.{weight}"] = Part(HH, (at,), of)
        parts[f"{from_input}.{bias}"] = Part(BIAS, (at,), of)
        # an LSTM's one bias stands at the state's side in Flax: it is the one that PyTorch has at the inputs'
        parts[f"{from_state}.{bias}"] = Part(BIAS_N if bias_n else BIAS, (at,), of, "" if bias_n else "forget bias")
    needs = tuple(name for name in parts if name.endswith(weight))
    return Structure(name, parts, needs, cell=True)


def fused(
    name: str, gates: int, ih: str, hh: str, biases: Mapping[str, Part], order: tuple[int, ...] = ()
) -> Structure:  # fmt: skip
    """A recurrent cell with the weights of all gates side by side, in an order of its own where one is given."""
    picks, of = (order, gates) if order else ((), 1)
    parts = {ih: Part(IH, picks, of), hh: Part(HH, picks, of), **biases}
    return Structure(name, parts, (ih, hh), cell=True, gates=gates, state=hh)
