"""What each library's layers start from when nobody says otherwise: the rule in its own words, and as a scheme. Data.

Read in the libraries' sources and documentation; a test builds every layer of the libraries that can be installed and
compares what it drew. `spec` is headstart's scheme for the same distribution, "" where it is none of one weight's fans.
"""

from __future__ import annotations

from typing import NamedTuple

INSTALLED = ("PyTorch", "Flax", "Equinox", "Haiku", "Keras")  # whose defaults the tests draw


class Default(NamedTuple):
    """One kind of layer in one library.

    Args:
        kind: of layer: dense, convolution, embedding, recurrent, attention.
        layer: what the library calls it.
        weights: the rule in words.
        spec: the scheme that draws the same distribution.
        biases: likewise.
    """

    kind: str
    layer: str
    weights: str
    spec: str
    biases: str


_THIRD = "xavier(distribution=uniform)*0.57735026919"  # U(±1/√n) has variance 1/(3 n)
_CUT = "xavier(distribution=truncated, corrected=false)"

DEFAULTS: dict[str, tuple[Default, ...]] = {
    "PyTorch": (
        Default("dense", "nn.Linear", "U(±1/√fan_in)", _THIRD, "U(±1/√fan_in)"),
        Default("convolution", "nn.Conv2d", "U(±1/√fan_in)", _THIRD, "U(±1/√fan_in)"),
        Default("embedding", "nn.Embedding", "N(0, 1)", "normal(1)", ""),
        Default("recurrent", "nn.LSTM", "U(±1/√hidden), all weights alike", "", "U(±1/√hidden), twice"),
        Default("attention", "nn.MultiheadAttention", "Glorot uniform over q, k, v as one weight", "", "zeros"),
    ),
    "Flax": (
        Default("dense", "nnx.Linear, linen.Dense", "lecun_normal", "xavier(distribution=truncated)", "zeros"),
        Default("convolution", "nnx.Conv, linen.Conv", "lecun_normal", "xavier(distribution=truncated)", "zeros"),
        Default("embedding", "nnx.Embed, linen.Embed", "N(0, 1/features)", "", ""),
        Default("recurrent", "LSTMCell", "lecun_normal; recurrent kernels orthogonal", "", "zeros"),
        Default("attention", "MultiHeadAttention", "lecun_normal", "xavier(distribution=truncated)", "zeros"),
    ),
    "Equinox": (
        Default("dense", "eqx.nn.Linear", "U(±1/√fan_in)", _THIRD, "U(±1/√fan_in)"),
        Default("convolution", "eqx.nn.Conv2d", "U(±1/√fan_in)", _THIRD, "U(±1/√fan_in)"),
        Default("embedding", "eqx.nn.Embedding", "N(0, 1)", "normal(1)", ""),
        Default("recurrent", "eqx.nn.LSTMCell", "U(±1/√hidden), all weights alike", "", "U(±1/√hidden)"),
        Default("attention", "eqx.nn.MultiheadAttention", "U(±1/√fan_in)", _THIRD, "none"),
    ),
    "Haiku": (
        Default("dense", "hk.Linear", "truncated normal, stddev 1/√fan_in before the cut", _CUT, "zeros"),
        Default("convolution", "hk.Conv2D", "truncated normal, stddev 1/√fan_in before the cut", _CUT, "zeros"),
        Default(
            "embedding", "hk.Embed", "truncated normal, stddev 1 before the cut",
            "truncated_normal(1, corrected=false)", "",
        ),
        Default("recurrent", "hk.LSTM", "as hk.Linear over inputs and hidden side by side", "", "zeros"),
    ),
    "Keras": (
        Default("dense", "layers.Dense", "glorot_uniform", "glorot(distribution=uniform)", "zeros"),
        Default("convolution", "layers.Conv2D", "glorot_uniform", "glorot(distribution=uniform)", "zeros"),
        Default("embedding", "layers.Embedding", "U(±0.05)", "uniform(0.05)", ""),
        Default("recurrent", "layers.LSTM", "glorot_uniform; recurrent kernels orthogonal", "", "zeros, forget gate 1"),
        Default("attention", "layers.MultiHeadAttention", "glorot_uniform", "", "zeros"),
    ),
    "MLX": (
        Default("dense", "nn.Linear", "U(±1/√fan_in)", _THIRD, "U(±1/√fan_in)"),
        Default("convolution", "nn.Conv2d", "U(±1/√fan_in)", _THIRD, "zeros"),
        Default("embedding", "nn.Embedding", "N(0, 1/features)", "", ""),
    ),
    "timm": (
        Default(
            "dense", "vision transformers", "trunc_normal_(std=0.02)", "truncated_normal(0.02, corrected=false)",
            "zeros",
        ),
        Default("convolution", "ResNet", "kaiming_normal_(mode='fan_out', relu)", "he(mode=fan_out)", "zeros"),
    ),
    "mmengine": (
        Default("convolution", "ConvModule", "kaiming_init: fan_out, normal", "he(mode=fan_out)", "zeros"),
        Default("dense", "normal_init, std chosen per head", "N(0, 0.01²) in most detectors' heads", "normal(0.01)",
                "zeros, or log-odds of a prior"),
    ),
}  # fmt: skip

# what surprises whoever comes from another library
TRAPS: dict[str, tuple[str, ...]] = {
    "PyTorch": (
        "The default's variance is 1/(3 n_in), a sixth of He's: sixty layers with ReLU leave 1e-22 of the gradient.",
        "Default biases are random and hide a dead network from whoever looks at the standard deviation alone.",
        "calculate_gain('tanh') is 5/3, where 1.5925 keeps the variance; 'selu' is 3/4, where SELU needs 1.",
        "MultiheadAttention's q, k and v are one weight of (3 d, d): Glorot's fan_out is three times a layer's own.",
    ),
    "Flax": (
        "lecun_normal is truncated at two standard deviations and corrected for it; variance_scaling draws other bits "
        "under jit than outside.",
    ),
    "Equinox": ("Layers take one example, no batch; weights are (out, in), as PyTorch's.",),
    "Haiku": ("Truncated weights are not corrected: their standard deviation is 0.88 of the one that is written.",),
    "Keras": (
        "An initializer sees a shape and no layer: the fans of depthwise and transposed kernels are guessed.",
        "One initializer object with a seed gives all layers of one shape the same weights.",
    ),
    "MLX": ("Random numbers come from a global key unless one is passed.",),
    "timm": ("trunc_normal_ cuts at the absolute values -2 and 2: with std=0.02 nothing is cut.",),
    "mmengine": ("Initialization runs when init_weights() is called, and not before: forgotten, PyTorch's stays.",),
}
