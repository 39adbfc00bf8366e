"""What a parameter of a checkpoint is for, by its name and shape: all there is without a model.

Names are the libraries' own: weight and bias of PyTorch, kernel and scale of Flax and Keras. What they do not tell
stays unknown; a guess is never a fault's only ground.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from headstart.layout import LAYOUTS, Layout
from headstart.plans import Parameter

_NORM = re.compile(r"norm|(^|[._])(ln|bn|gn)([._\d]|$)|layernorm|batchnorm", re.IGNORECASE)
_TABLE = re.compile(r"embed|(^|[._])(wte|tok|lookup)([._]|$)|shared\.weight", re.IGNORECASE)
_PLACES = re.compile(r"(^|[._])wpe|posit|pos_emb", re.IGNORECASE)
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "inv_freq", "position_ids")
_LAYER = {2: "Linear", 3: "Conv1d", 4: "Conv2d", 5: "Conv3d"}
# names of copies that are meant: a moving average, a target or teacher network
COPIES = re.compile(r"(^|[._])(ema|target|teacher|momentum|avg|average)", re.IGNORECASE)


def is_buffer(name: str) -> bool:
    """Whether an array is one that training does not change."""
    return name.rpartition(".")[2] in _BUFFERS


def parameter_of(name: str, shape: tuple[int, ...], every: Mapping[str, tuple[int, ...]]) -> Parameter:
    """A parameter from its name and shape.

    Args:
        every: the shapes of all arrays of the checkpoint, by name.

    >>> parameter_of("layers.0.weight", (64, 3, 7, 7), {}).role, parameter_of("h.0.ln_1.weight", (64,), {}).role
    ('weight', 'norm scale')
    """
    module, _, leaf = name.rpartition(".")
    rank = len(shape)
    if rank <= 1:
        return Parameter(name, shape, _vector(module, leaf, every), owner=_norm_kind(module, every))
    if (gates := _gates(module, leaf, shape, every)) is not None:
        return Parameter(name, shape, *gates)
    if leaf == "in_proj_weight" and shape[0] == 3 * shape[1]:
        return Parameter(name, shape, "weight", Layout((0,), (1,), blocks=(0, 3)), owner="MultiheadAttention")
    if rank == 2 and leaf in ("weight", "embedding", "embeddings") and _PLACES.search(name):
        return Parameter(name, shape, "table", owner="Embedding")
    if rank == 2 and leaf in ("weight", "embedding", "embeddings") and _TABLE.search(name):
        return Parameter(name, shape, "lookup", LAYOUTS["rows_out"], owner="Embedding")
    if leaf == "kernel":
        return Parameter(name, shape, "weight", LAYOUTS["in_out"])
    if leaf == "weight" and rank in _LAYER:
        return Parameter(name, shape, "weight", owner=_LAYER[rank])
    return Parameter(name, shape, "unknown")


def _vector(module: str, leaf: str, every: Mapping[str, tuple[int, ...]]) -> str:
    own = every.get(f"{module}.weight" if module else "weight")
    is_norm = bool(_NORM.search(module)) or (own is not None and len(own) == 1)
    if leaf in ("weight", "scale", "gamma"):
        return "norm scale" if is_norm else "unknown"
    if leaf in ("bias", "beta", "shift") or leaf.startswith(("bias_", "in_proj_bias")):
        return "norm shift" if is_norm else "bias"
    return "unknown"


def _norm_kind(module: str, every: Mapping[str, tuple[int, ...]]) -> str:
    """The class of a norm that keeps running statistics; of others nothing is known."""
    return "BatchNorm2d" if f"{module}.running_mean" in every else ""


def _gates(
    module: str, leaf: str, shape: tuple[int, ...], every: Mapping[str, tuple[int, ...]]
) -> tuple[str, Layout, None, str, None, str] | None:
    """The gates of a recurrent weight: its recurrent one has three or four times as many rows as columns."""
    match = re.fullmatch(r"weight_(ih|hh)(_l\d+(_reverse)?)?", leaf)
    if match is None or len(shape) != 2:
        return None
    hidden = every.get(f"{module}.{leaf.replace('_ih', '_hh')}" if module else leaf.replace("_ih", "_hh"), shape)
    gates = shape[0] // hidden[1] if len(hidden) == 2 and hidden[1] and shape[0] % hidden[1] == 0 else 1
    owner = {4: "LSTM", 3: "GRU"}.get(gates, "RNN")
    layout = Layout((0,), (1,), blocks=(0, gates)) if gates in (3, 4) else LAYOUTS["out_in"]
    return "recurrent" if match[1] == "hh" else "gate weight", layout, None, "", None, owner
