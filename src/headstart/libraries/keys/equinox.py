"""Equinox: PyTorch's names and axes, but for recurrent cells' biases and for attention."""

from __future__ import annotations

from headstart.libraries.keys.table import BIAS, BIAS_N, Part, Table, attention, fused

_GRU = {"bias": Part(BIAS), "bias_n": Part(BIAS_N, (2,), 3)}

EQUINOX = Table(
    "equinox",
    {"weight": "weight", "bias": "bias"},
    (
        fused("LSTM", 4, "weight_ih", "weight_hh", {"bias": Part(BIAS, role="forget bias")}),
        fused("GRU", 3, "weight_ih", "weight_hh", _GRU),
        attention("query_proj", "key_proj", "value_proj", "output_proj", "weight", "bias", axes=2),
    ),
    mirrored="always",
)
