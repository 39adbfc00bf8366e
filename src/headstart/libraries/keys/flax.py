"""Flax, NNX and Linen alike: kernels (in, out), attention with split heads, LSTMs with a kernel per gate or fused."""

from __future__ import annotations

from headstart.libraries.keys.table import BIAS, BIAS_N, Part, Table, attention, fused, per_gate

_IF = {"if": "if_"}  # NNX calls the forget gate's layer so, as `if` is a word of Python
_LSTM = {"dense_h.bias": Part(BIAS, role="forget bias"), "dense_i.bias": Part(BIAS, role="forget bias")}
_GRU = {"dense_i.bias": Part(BIAS), "dense_h.bias": Part(BIAS_N)}

FLAX = Table(
    "flax",
    {"kernel": "weight", "scale": "weight", "embedding": "weight", "negative_slope": "weight", "bias": "bias"},
    (
        per_gate("LSTM", "ifgo", "kernel", "bias", {}, bias_n=False),
        per_gate("LSTM", "ifgo", "kernel", "bias", _IF, bias_n=False),
        per_gate("GRU", "rzn", "kernel", "bias", {}, bias_n=True),
        fused("LSTM", 4, "dense_i.kernel", "dense_h.kernel", _LSTM),
        fused("GRU", 3, "dense_i.kernel", "dense_h.kernel", _GRU),
        fused("RNN", 1, "dense_i.kernel", "dense_h.kernel", _GRU),
        fused("RNN", 1, "i.kernel", "h.kernel", {"i.bias": Part(BIAS), "h.bias": Part(BIAS_N)}),
        attention("query", "key", "value", "out", "kernel", "bias", axes=3),
    ),
    wrappers=("cell",),
    forward=("forward_rnn",),
    backward=("backward_rnn",),
    numbered=True,
    mirrored="forward",
)
