"""Canonical words for operations, by what they do to a signal. An adapter's table maps a framework's names to them."""

from __future__ import annotations

# the weighted operations: sums over inputs, which a scheme is for
WEIGHTED = frozenset({
    "linear", "matmul", "einsum", "convolution", "transposed convolution", "bilinear", "embedding", "embedding bag",
    "recurrent", "attention layer",
})  # fmt: skip
# these move, pick, repeat or join elements and change none of them
RESHAPE = frozenset({"reshape", "permute", "slice", "split", "expand", "identity", "write", "pad"})
JOIN = frozenset({"concatenate", "stack", "choice"})  # a choice: one of several values, by what comes in
# these change the scale of all elements alike, or of some at random, and keep the sign
SCALE = frozenset({"dropout", "norm", "pool", "reduce", "scale"})
ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide"})
# what keeps the elements of an array apart: with constants only, an activation or a part of one
POINTWISE = frozenset({"pointwise"}) | ARITHMETIC
