"""What other libraries call an activation and its parameters, and which of their names are no curve phi(z)."""

from __future__ import annotations

# The same function under the names that PyTorch, JAX, Keras and Transformers give it -> headstart's name.
NAMES: dict[str, str] = {
    "linear": "identity",
    "swish": "silu",
    "hard_tanh": "hardtanh",
    "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish",
    "hard_silu": "hardswish",
    "hardsilu": "hardswish",
    "log_sigmoid": "logsigmoid",
    "soft_sign": "softsign",
    "soft_shrink": "softshrink",
    "hard_shrink": "hardshrink",
    "tanh_shrink": "tanhshrink",
    "exp": "exponential",
    "logistic": "sigmoid",
    "sine": "sin",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_approximate": "gelu_tanh",
    "relu2": "squared_relu",
    "relu_squared": "squared_relu",
    "absolute": "abs",
    "leakyrelu": "leaky_relu",
    "sparseplus": "sparse_plus",
}

# Likewise the parameters' names.
PARAMETERS: dict[str, str] = {"negative_slope": "slope", "lambd": "lambda", "min_val": "min", "max_val": "max"}

# Two linear maps, one of them through the function on the right, multiplied: no curve phi(z) either.
GATED: dict[str, str] = {
    "glu": "sigmoid", "reglu": "relu", "geglu": "gelu", "swiglu": "silu", "siglu": "sigmoid", "seglu": "selu",
    "tanglu": "tanh", "gtu": "tanh", "bilinear": "identity",
}  # fmt: skip

# What may stand before an activation's name: nn.GELU, jax.nn.gelu, keras.activations.gelu, F.gelu.
PATHS: tuple[str, ...] = (
    "torch", "nn", "f", "functional", "jax", "jnp", "numpy", "np", "flax", "linen", "nnx", "keras", "tf", "tensorflow",
    "activations", "layers", "math", "ops", "equinox", "eqx", "timm",
)  # fmt: skip

# Where a library's function without arguments is another than headstart's of that name: (in the path, name) -> which.
MEANINGS: dict[tuple[str, str], str] = {
    **{(path, "gelu"): "gelu_tanh" for path in ("jax", "flax", "linen", "nnx")},  # approximate=True
    ("keras", "leaky_relu"): "leaky_relu(0.2)",
    ("keras", "leakyrelu"): "leaky_relu(0.3)",
    ("tf", "leaky_relu"): "leaky_relu(0.2)",
}

# Functions of a vector, not of one number.
NOT_ELEMENTWISE: tuple[str, ...] = (
    "softmax", "log_softmax", "logsoftmax", "softmin", "softmax2d", "sparsemax", "maxout",
)  # fmt: skip
