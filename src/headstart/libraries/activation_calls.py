"""Activations as code of PyTorch, JAX and Keras: an expression for a function of one array, checked by a test.

`{slope}` and the like stand for the activation's own parameters. PyTorch's are after `import torch`, JAX's after
`import jax`, Keras's after `import keras`. An activation without a line is known to headstart alone.
"""

from __future__ import annotations

# activation -> library -> expression
CALLS: dict[str, dict[str, str]] = {
    "identity": {"torch": "lambda z: z", "jax": "lambda z: z", "keras": "keras.activations.linear"},
    "relu": {"torch": "torch.relu", "jax": "jax.nn.relu", "keras": "keras.activations.relu"},
    "relu6": {"torch": "torch.nn.functional.relu6", "jax": "jax.nn.relu6", "keras": "keras.activations.relu6"},
    "squared_relu": {
        "torch": "lambda z: torch.relu(z) ** 2",
        "jax": "lambda z: jax.nn.relu(z) ** 2",
        "keras": "lambda z: keras.ops.relu(z) ** 2",
    },
    "leaky_relu": {
        "torch": "lambda z: torch.nn.functional.leaky_relu(z, {slope})",
        "jax": "lambda z: jax.nn.leaky_relu(z, {slope})",
        "keras": "lambda z: keras.activations.leaky_relu(z, {slope})",
    },
    "prelu": {
        "torch": "lambda z: torch.nn.functional.leaky_relu(z, {slope})",
        "jax": "lambda z: jax.nn.leaky_relu(z, {slope})",
        "keras": "lambda z: keras.activations.leaky_relu(z, {slope})",
    },
    "rrelu": {
        "torch": "lambda z: torch.nn.functional.rrelu(z, {lower}, {upper})",
        "jax": "lambda z: jax.nn.leaky_relu(z, ({lower} + {upper}) / 2)",
        "keras": "lambda z: keras.activations.leaky_relu(z, ({lower} + {upper}) / 2)",
    },
    "abs": {"torch": "torch.abs", "jax": "jax.numpy.abs", "keras": "keras.ops.abs"},
    "elu": {
        "torch": "lambda z: torch.nn.functional.elu(z, {alpha})",
        "jax": "lambda z: jax.nn.elu(z, {alpha})",
        "keras": "lambda z: keras.activations.elu(z, {alpha})",
    },
    "celu": {
        "torch": "lambda z: torch.nn.functional.celu(z, {alpha})",
        "jax": "lambda z: jax.nn.celu(z, {alpha})",
        "keras": "lambda z: keras.activations.celu(z, {alpha})",
    },
    "selu": {"torch": "torch.selu", "jax": "jax.nn.selu", "keras": "keras.activations.selu"},
    "softsign": {
        "torch": "torch.nn.functional.softsign",
        "jax": "jax.nn.soft_sign",
        "keras": "keras.activations.softsign",
    },
    "hardtanh": {
        "torch": "lambda z: torch.nn.functional.hardtanh(z, {min}, {max})",
        "jax": "lambda z: jax.numpy.clip(z, {min}, {max})",
        "keras": "lambda z: keras.ops.clip(z, {min}, {max})",
    },
    "hardsigmoid": {
        "torch": "torch.nn.functional.hardsigmoid",
        "jax": "jax.nn.hard_sigmoid",
        "keras": "keras.activations.hard_sigmoid",
    },
    "sparse_sigmoid": {
        "torch": "lambda z: torch.clip((z + 1) / 2, 0, 1)",
        "jax": "jax.nn.sparse_sigmoid",
        "keras": "keras.activations.sparse_sigmoid",
    },
    "sparse_plus": {"jax": "jax.nn.sparse_plus", "keras": "keras.activations.sparse_plus"},
    "hardswish": {
        "torch": "torch.nn.functional.hardswish",
        "jax": "jax.nn.hard_silu",
        "keras": "keras.activations.hard_silu",
    },
    "softshrink": {
        "torch": "lambda z: torch.nn.functional.softshrink(z, {lambda})",
        "keras": "lambda z: keras.activations.soft_shrink(z, {lambda})",
    },
    "hardshrink": {
        "torch": "lambda z: torch.nn.functional.hardshrink(z, {lambda})",
        "keras": "lambda z: keras.activations.hard_shrink(z, {lambda})",
    },
    "threshold": {
        "torch": "lambda z: torch.nn.functional.threshold(z, {threshold}, {value})",
        "jax": "lambda z: jax.numpy.where(z > {threshold}, z, {value})",
        "keras": "lambda z: keras.ops.where(z > {threshold}, z, {value})",
    },
    "tanh": {"torch": "torch.tanh", "jax": "jax.numpy.tanh", "keras": "keras.activations.tanh"},
    "lecun_tanh": {
        "torch": "lambda z: 1.7159 * torch.tanh(2 / 3 * z)",
        "jax": "lambda z: 1.7159 * jax.numpy.tanh(2 / 3 * z)",
        "keras": "lambda z: 1.7159 * keras.ops.tanh(2 / 3 * z)",
    },
    "tanhshrink": {
        "torch": "torch.nn.functional.tanhshrink",
        "jax": "lambda z: z - jax.numpy.tanh(z)",
        "keras": "keras.activations.tanh_shrink",
    },
    "sigmoid": {"torch": "torch.sigmoid", "jax": "jax.nn.sigmoid", "keras": "keras.activations.sigmoid"},
    "logsigmoid": {
        "torch": "torch.nn.functional.logsigmoid",
        "jax": "jax.nn.log_sigmoid",
        "keras": "keras.activations.log_sigmoid",
    },
    "gelu": {
        "torch": "torch.nn.functional.gelu",
        "jax": "lambda z: jax.nn.gelu(z, approximate=False)",
        "keras": "keras.activations.gelu",
    },
    "gelu_tanh": {
        "torch": "lambda z: torch.nn.functional.gelu(z, approximate='tanh')",
        "jax": "jax.nn.gelu",
        "keras": "lambda z: keras.activations.gelu(z, approximate=True)",
    },
    "quick_gelu": {
        "torch": "lambda z: z * torch.sigmoid(1.702 * z)",
        "jax": "lambda z: z * jax.nn.sigmoid(1.702 * z)",
        "keras": "lambda z: z * keras.ops.sigmoid(1.702 * z)",
    },
    "silu": {"torch": "torch.nn.functional.silu", "jax": "jax.nn.silu", "keras": "keras.activations.silu"},
    "mish": {"torch": "torch.nn.functional.mish", "jax": "jax.nn.mish", "keras": "keras.activations.mish"},
    "softplus": {
        "torch": "lambda z: torch.nn.functional.softplus(z, {beta})",
        "jax": "lambda z: jax.nn.softplus({beta} * z) / {beta}",
        "keras": "lambda z: keras.ops.softplus({beta} * z) / {beta}",
    },
    "squareplus": {
        "torch": "lambda z: (z + torch.sqrt(z * z + {b})) / 2",
        "jax": "lambda z: jax.nn.squareplus(z, {b})",
        "keras": "lambda z: keras.activations.squareplus(z, {b})",
    },
    "exponential": {"torch": "torch.exp", "jax": "jax.numpy.exp", "keras": "keras.activations.exponential"},
    "erf": {"torch": "torch.erf", "jax": "jax.scipy.special.erf", "keras": "keras.ops.erf"},
    "sin": {"torch": "torch.sin", "jax": "jax.numpy.sin", "keras": "keras.ops.sin"},
    "cos": {"torch": "torch.cos", "jax": "jax.numpy.cos", "keras": "keras.ops.cos"},
}
