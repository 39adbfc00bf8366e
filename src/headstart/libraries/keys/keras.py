"""Keras: kernels (in, out), attention with split heads, a GRU whose gates are z, r, h where PyTorch has r, z, n."""

from __future__ import annotations

from headstart.libraries.keys.table import BIAS, Part, Table, attention, fused

_ORDER = (1, 0, 2)
_CELL = ("kernel", "recurrent_kernel")

KERAS = Table(
    "keras",
    {
        "kernel": "weight", "gamma": "weight", "scale": "weight", "embeddings": "weight", "alpha": "weight",
        "depthwise_kernel": "depthwise.weight", "pointwise_kernel": "pointwise.weight", "beta": "bias", "bias": "bias",
    },
    (
        fused("LSTM", 4, *_CELL, {"bias": Part(BIAS, role="forget bias")}),
        fused("GRU", 3, *_CELL, {"bias": Part(BIAS, _ORDER, 3)}, _ORDER),
        fused("RNN", 1, *_CELL, {"bias": Part(BIAS)}),
        attention("query", "key", "value", "attention_output", "kernel", "bias", axes=3),
    ),
    wrappers=("*_cell", "*_cell_[0-9]*", "cell", "stacked_rnn_cells", "stacked_rnn_cells_[0-9]*"),
    forward=("forward_*",),
    backward=("backward_*",),
    numbered=True,
    root=True,
)  # fmt: skip
