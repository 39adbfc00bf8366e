"""What libraries and papers start weights from, as data: which law, and what its standard deviation is a function of.

A recipe is known by its law and its scale. `fan` names what the variance is divided by: fan_in, fan_out and their mean
as the layout counts them; torch_in, torch_out, torch_avg as `torch.nn.init` counts them from the shape alone; jax_in
and jax_out as `jax.nn.initializers` does, over the last two axes, and keras_in and keras_avg as Keras, which counts
alike; row, all axes but the first; hidden, the size of a recurrent layer; features, the last axis; sums, the residual
sums of the model; or one, for a scale of its own.
"""

from __future__ import annotations

from typing import NamedTuple

LAWS = ("normal", "uniform", "truncated")
OF = {"normal": "N", "uniform": "U", "truncated": "truncated N"}
_LAYERS = (
    "Linear",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyLinear",
)
_FLAX = ("Dense", "DenseGeneral", "Linear", "LinearGeneral", "Einsum", "Conv", "ConvLocal", "ConvTranspose",
         "MultiHeadAttention", "MultiHeadDotProductAttention")  # fmt: skip
_EQUINOX = ("Linear", "Conv", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose", "ConvTranspose1d", "ConvTranspose2d",
            "ConvTranspose3d", "MultiheadAttention", "MLP")  # fmt: skip
_HAIKU = ("Linear", "Conv1D", "Conv2D", "Conv3D", "ConvND", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose",
          "linear", "conv1_d", "conv2_d", "conv3_d")  # fmt: skip
_KERAS = ("Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose",
          "SeparableConv1D", "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D", "LSTM", "GRU", "SimpleRNN",
          "LSTMCell", "GRUCell", "SimpleRNNCell", "ConvLSTMCell", "MultiHeadAttention",
          "GroupedQueryAttention")  # fmt: skip
RECURRENT_GATES = {"RNN": 1, "LSTM": 4, "GRU": 3, "RNNCell": 1, "LSTMCell": 4, "GRUCell": 3}
_RECURRENT = tuple(RECURRENT_GATES)


class Start(NamedTuple):
    """A recipe: its words, the laws it is drawn from, variance = numerator / fan^power.

    Args:
        owners: the classes of layers whose default it is; any layer without.
        roles: the roles of parameters it is for; any weight without.
        library: whose models it is for; any without.
    """

    words: str
    laws: tuple[str, ...]
    numerator: float
    fan: str
    power: float = 1.0
    owners: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    library: str = ""


STARTS: tuple[Start, ...] = (
    Start(
        "U(±1/sqrt(fan_in)), PyTorch's default for {owner}",
        ("uniform",),
        1 / 3,
        "torch_in",
        owners=_LAYERS,
        library="torch",
    ),
    Start(
        "U(±1/sqrt(fan_in)), PyTorch's default for {owner}",
        ("uniform",),
        1 / 3,
        "bilinear",
        owners=("Bilinear",),
        library="torch",
    ),
    Start(
        "U(±1/sqrt(hidden)), PyTorch's default for {owner}",
        ("uniform",),
        1 / 3,
        "hidden",
        owners=_RECURRENT,
        library="torch",
    ),
    Start(
        "N(0, 1), PyTorch's default for {owner}",
        ("normal",),
        1.0,
        "one",
        owners=("Embedding", "EmbeddingBag"),
        library="torch",
    ),
    Start(
        "Glorot over all blocks, PyTorch's default for {owner}",
        ("uniform",),
        1.0,
        "torch_avg",
        owners=("MultiheadAttention",),
        library="torch",
    ),
    Start("lecun_normal, Flax's default for {owner}", ("truncated",), 1.0, "fan_in", owners=_FLAX, library="flax"),
    Start(
        "lecun_normal, Flax's default for {owner}",
        ("truncated",),
        1.0,
        "jax_in",
        owners=("ConvTranspose",),
        library="flax",
    ),
    Start(
        "N(0, 1/features), Flax's default for {owner}", ("normal",), 1.0, "features", owners=("Embed",), library="flax"
    ),
    Start(
        "U(±1/sqrt(fan_in)), Equinox's default for {owner}",
        ("uniform",),
        1 / 3,
        "row",
        owners=_EQUINOX,
        library="equinox",
    ),
    Start(
        "U(±1/sqrt(hidden)), Equinox's default for {owner}",
        ("uniform",),
        1 / 3,
        "hidden",
        owners=_RECURRENT,
        library="equinox",
    ),
    Start("N(0, 1), Equinox's default for {owner}", ("normal",), 1.0, "one", owners=("Embedding",), library="equinox"),
    Start(
        "truncated N(0, 1/fan_in), Haiku's default for {owner}",
        ("truncated",),
        1.0,
        "fan_in",
        owners=_HAIKU,
        library="haiku",
    ),
    Start(
        "truncated N(0, 1), Haiku's default for {owner}",
        ("truncated",),
        1.0,
        "one",
        owners=("Embed", "embed"),
        library="haiku",
    ),
    Start(
        "Glorot uniform over the shape, Keras's default for {owner}",
        ("uniform",),
        1.0,
        "keras_avg",
        owners=_KERAS,
        library="keras",
    ),
    Start("He, fan_in", LAWS, 2.0, "fan_in"),
    Start("He, fan_out", LAWS, 2.0, "fan_out"),
    Start("LeCun, fan_in", LAWS, 1.0, "fan_in"),
    Start("LeCun, fan_out", LAWS, 1.0, "fan_out"),
    Start("Glorot", LAWS, 1.0, "fan_avg"),
    Start("SIREN's first layer, U(±1/fan_in)", ("uniform",), 1 / 3, "fan_in", power=2.0),
    Start("SIREN's hidden layers, U(±sqrt(6/fan_in)/30)", ("uniform",), 2 / 900, "fan_in"),
    Start("0.02/sqrt(residual sums), GPT-2's residual ends", ("normal", "truncated"), 0.0004, "sums"),
    Start("{law}(0, 1)", ("normal", "truncated"), 1.0, "one"),
    Start("{law}(0, 0.1)", ("normal", "truncated"), 0.01, "one"),
    Start("{law}(0, 0.05)", ("normal", "truncated"), 0.0025, "one"),
    Start("{law}(0, 0.02)", ("normal", "truncated"), 0.0004, "one"),
    Start("{law}(0, 0.01)", ("normal", "truncated"), 0.0001, "one"),
    Start("{law}(0, 0.001)", ("normal", "truncated"), 1e-6, "one"),
    Start("{law}(0, 1e-6)", ("normal", "truncated"), 1e-12, "one"),
    Start(
        "U(±0.05), Keras's default for Embedding", ("uniform",), 0.0025 / 3, "one", owners=("Embedding", "EmbeddingBag")
    ),
    Start("U(±0.1)", ("uniform",), 0.01 / 3, "one"),
    Start("U(±0.08)", ("uniform",), 0.0064 / 3, "one"),
)

# A fan that is not the layer's: what was counted instead. The variances are those of He, LeCun and Glorot.
JAX = ("flax", "equinox", "haiku", "jax")  # the libraries whose fans are counted as jax.nn.initializers does
MISTAKEN_FANS: dict[str, str] = {
    "keras_in": "fan_in counted from the shape, as Keras does",
    "keras_avg": "both fans counted from the shape, as Keras does",
    "torch_in": "fan_in counted from the shape, as torch.nn.init does",
    "torch_out": "fan_out counted from the shape, as torch.nn.init does",
    "torch_avg": "both fans counted from the shape, as torch.nn.init does",
    "all_groups": "fan_in counted over the channels of all groups",
    "all_groups_out": "fan_out counted over the channels of all groups",
    "no_stride": "fan_in counted without the stride",
    "jax_in": "fan_in counted over the last two axes, as jax.nn.initializers does by default",
    "jax_out": "fan_out counted over the last two axes, as jax.nn.initializers does by default",
}
NUMERATORS: dict[str, float] = {"He": 2.0, "LeCun": 1.0}
