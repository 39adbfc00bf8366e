"""Haiku: w and b, modules in one path. Its LSTM has inputs and state in one matrix, and is not here."""

from __future__ import annotations

from headstart.libraries.keys.table import BIAS, HH, IH, Part, Structure, Table, attention

_ORDER = (1, 0, 2)  # z, r, n, where PyTorch has r, z, n; its z is PyTorch's 1 - z

HAIKU = Table(
    "haiku",
    {"w": "weight", "b": "bias", "scale": "weight", "offset": "bias", "embeddings": "weight"},
    (
        Structure(
            "GRU", {"w_i": Part(IH, _ORDER, 3), "w_h": Part(HH, _ORDER, 3), "b": Part(BIAS, _ORDER, 3)},
            ("w_i", "w_h"), cell=True,
        ),
        attention("query", "key", "value", "linear", "w", "b", axes=2),
    ),
    dropped=("~",),
    numbered=True,
)  # fmt: skip
