"""What other libraries call each scheme: expressions that draw from the same distribution, and traps in the names.

Every expression was read in the library's source, and a test evaluates each and compares the numbers it draws. `w`
is a tensor of shape (out, in, *receptive field); the names are those of torch.nn.init, jax.nn.initializers,
keras.initializers and timm.layers.weight_init.
"""

from __future__ import annotations

# spec string -> library -> the call that draws the same distribution
CALLS: dict[str, dict[str, str]] = {
    "zeros": {"PyTorch": "zeros_(w)", "JAX": "zeros", "Keras": "Zeros()"},
    "ones": {"PyTorch": "ones_(w)", "JAX": "ones", "Keras": "Ones()"},
    "constant(0.5)": {"PyTorch": "constant_(w, 0.5)", "JAX": "constant(0.5)", "Keras": "Constant(0.5)"},
    "normal(0.01)": {"PyTorch": "normal_(w, std=0.01)", "JAX": "normal(0.01)", "Keras": "RandomNormal(stddev=0.01)"},
    "uniform(0.05)": {"PyTorch": "uniform_(w, -0.05, 0.05)", "Keras": "RandomUniform(-0.05, 0.05)"},
    "truncated_normal(0.02)": {
        "PyTorch": "trunc_normal_(w, std=0.0227369, a=-0.0454738, b=0.0454738)",
        "JAX": "truncated_normal(0.0227369)",
        "Keras": "TruncatedNormal(stddev=0.0227369)",
        "timm": "trunc_normal_tf_(w, std=0.0227369)",
    },
    "truncated_normal(0.02, corrected=false)": {
        "PyTorch": "trunc_normal_(w, std=0.02, a=-0.04, b=0.04)",
        "JAX": "truncated_normal(0.02)",
        "Keras": "TruncatedNormal(stddev=0.02)",
        "timm": "trunc_normal_tf_(w, std=0.02)",
    },
    "xavier": {
        "PyTorch": "kaiming_normal_(w, nonlinearity='linear')",
        "JAX": "variance_scaling(1.0, 'fan_in', 'normal')",
        "Keras": "VarianceScaling(1.0, 'fan_in', 'untruncated_normal')",
        "timm": "variance_scaling_(w)",
    },
    "xavier(distribution=uniform)": {
        "PyTorch": "kaiming_uniform_(w, nonlinearity='linear')",
        "JAX": "lecun_uniform()",
        "Keras": "LecunUniform()",
        "timm": "variance_scaling_(w, distribution='uniform')",
    },
    "xavier(distribution=truncated)": {"JAX": "lecun_normal()", "Keras": "LecunNormal()", "timm": "lecun_normal_(w)"},
    "glorot": {
        "PyTorch": "xavier_normal_(w)",
        "JAX": "variance_scaling(1.0, 'fan_avg', 'normal')",
        "Keras": "VarianceScaling(1.0, 'fan_avg', 'untruncated_normal')",
        "timm": "variance_scaling_(w, mode='fan_avg')",
    },
    "glorot(distribution=uniform)": {
        "PyTorch": "xavier_uniform_(w)",
        "JAX": "glorot_uniform()",
        "Keras": "GlorotUniform()",
        "timm": "variance_scaling_(w, mode='fan_avg', distribution='uniform')",
    },
    "glorot(distribution=truncated)": {"JAX": "glorot_normal()", "Keras": "GlorotNormal()"},
    "he": {
        "PyTorch": "kaiming_normal_(w, nonlinearity='relu')",
        "JAX": "variance_scaling(2.0, 'fan_in', 'normal')",
        "Keras": "VarianceScaling(2.0, 'fan_in', 'untruncated_normal')",
        "timm": "variance_scaling_(w, scale=2.0)",
    },
    "he(distribution=uniform)": {
        "PyTorch": "kaiming_uniform_(w, nonlinearity='relu')",
        "JAX": "he_uniform()",
        "Keras": "HeUniform()",
        "timm": "variance_scaling_(w, scale=2.0, distribution='uniform')",
    },
    "he(distribution=truncated)": {
        "JAX": "he_normal()",
        "Keras": "HeNormal()",
        "timm": "variance_scaling_(w, scale=2.0, distribution='truncated_normal')",
    },
    "he(mode=fan_out)": {
        "PyTorch": "kaiming_normal_(w, mode='fan_out', nonlinearity='relu')",
        "JAX": "variance_scaling(2.0, 'fan_out', 'normal')",
        "Keras": "VarianceScaling(2.0, 'fan_out', 'untruncated_normal')",
    },
    "delta_orthogonal": {"JAX": "delta_orthogonal()"},
    "dirac": {"PyTorch": "dirac_(w)"},
    "orthogonal": {"PyTorch": "orthogonal_(w)", "JAX": "orthogonal(column_axis=-1)", "Keras": "Orthogonal()"},
}

# names that mean something else than a reader may think
TRAPS: tuple[str, ...] = (
    "PyTorch's and Keras's 'xavier'/'glorot' is 2/(n_in + n_out), headstart's 'glorot'; the lecture's Xavier, 1/n_in, "
    "is what JAX, Keras and timm call 'lecun'.",
    "JAX's and Keras's he_normal, glorot_normal and lecun_normal, and timm's lecun_normal_, are truncated at two "
    "standard deviations and corrected for it; PyTorch's kaiming_normal_ and xavier_normal_ are not truncated.",
    "The standard deviation given to trunc_normal_ (PyTorch), truncated_normal (JAX), TruncatedNormal (Keras) and "
    "trunc_normal_tf_ (timm) is that before the cut: the weights have 0.88 of it.",
    "The bounds of PyTorch's trunc_normal_ are absolute, -2 and 2 by default: with std=0.02 nothing is cut.",
    "PyTorch's sparse_ zeroes a share of every column, the weights that leave one input; headstart's 'sparse', like "
    "Martens 2010, chooses among the weights that enter one unit.",
    "JAX's uniform(scale) draws from [0, scale): its weights are never negative.",
    "PyTorch's kaiming_normal_ assumes leaky_relu unless nonlinearity='relu' is given; nn.Linear starts from "
    "U(-1/√n_in, 1/√n_in), variance 1/(3 n_in), with random biases.",
)
