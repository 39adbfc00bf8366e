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

# Functions of a vector, not of one number.
NOT_ELEMENTWISE: tuple[str, ...] = (
    "softmax", "log_softmax", "logsoftmax", "softmin", "softmax2d", "sparsemax", "glu", "maxout",
)  # fmt: skip
