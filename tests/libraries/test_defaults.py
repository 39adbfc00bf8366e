"""What the table says layers start from is what the installed libraries draw.

Each weight has n = 65,536 elements or more, so its standard deviation is known to 0.28 % (one standard error of a
normal, less of the others); 1.5 % is five of them, and the nearest mistake (truncated and not corrected, 12 %) is far.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")

from headstart.layout import Layout
from headstart.libraries.defaults import DEFAULTS, INSTALLED, TRAPS
from headstart.schemes import scheme

TOLERANCE = 0.015
IN, OUT, FIELD = 256, 320, (3, 5)


def torch_layers() -> dict[str, tuple[Any, str | Layout]]:
    import torch
    from torch import nn

    torch.manual_seed(0)
    return {
        "dense": (nn.Linear(IN, OUT).weight.detach().numpy(), "out_in"),
        "convolution": (nn.Conv2d(IN, OUT, FIELD).weight.detach().numpy(), "out_in"),
        "embedding": (nn.Embedding(400, IN).weight.detach().numpy(), "rows_out"),
    }


def flax_layers() -> dict[str, tuple[Any, str | Layout]]:
    from flax import nnx

    rngs = nnx.Rngs(0)
    attention = nnx.MultiHeadAttention(num_heads=8, in_features=IN, qkv_features=IN, decode=False, rngs=rngs)
    return {
        "dense": (nnx.Linear(IN, OUT, rngs=rngs).kernel[...], "in_out"),
        "convolution": (nnx.Conv(IN, OUT, FIELD, rngs=rngs).kernel[...], Layout((3,), (2,))),
        "attention": (attention.query.kernel[...], Layout((1, 2), (0,))),
    }


def equinox_layers() -> dict[str, tuple[Any, str | Layout]]:
    import equinox as eqx
    import jax

    key = jax.random.key(0)
    return {
        "dense": (eqx.nn.Linear(IN, OUT, key=key).weight, "out_in"),
        "convolution": (eqx.nn.Conv2d(IN, OUT, FIELD, key=key).weight, "out_in"),
        "embedding": (eqx.nn.Embedding(400, IN, key=key).weight, "rows_out"),
        "attention": (eqx.nn.MultiheadAttention(8, IN, key=key).query_proj.weight, "out_in"),
    }


def haiku_layers() -> dict[str, tuple[Any, str | Layout]]:
    import haiku as hk
    import jax
    import jax.numpy as jnp

    def forward() -> None:
        hk.Linear(OUT, name="dense")(jnp.zeros((1, IN)))
        hk.Conv2D(OUT, FIELD, name="convolution")(jnp.zeros((1, 8, 8, IN)))
        hk.Embed(400, IN, name="embedding")(jnp.zeros((1,), int))

    params = hk.transform(forward).init(jax.random.key(0))
    return {
        "dense": (params["dense"]["w"], "in_out"),
        "convolution": (params["convolution"]["w"], Layout((3,), (2,))),
        "embedding": (params["embedding"]["embeddings"], "rows_out"),
    }


def keras_layers() -> dict[str, tuple[Any, str | Layout]]:
    import keras

    keras.utils.set_random_seed(0)
    dense, convolution, table = (
        keras.layers.Dense(OUT), keras.layers.Conv2D(OUT, FIELD), keras.layers.Embedding(400, IN),
    )  # fmt: skip
    dense.build((None, IN))
    convolution.build((None, 8, 8, IN))
    table.build((None, 4))
    return {
        "dense": (np.asarray(dense.kernel), "in_out"),
        "convolution": (np.asarray(convolution.kernel), Layout((3,), (2,))),
        "embedding": (np.asarray(table.embeddings), "rows_out"),
    }


LAYERS: dict[str, Callable[[], dict[str, tuple[Any, str | Layout]]]] = {
    "PyTorch": torch_layers, "Flax": flax_layers, "Equinox": equinox_layers, "Haiku": haiku_layers,
    "Keras": keras_layers,
}  # fmt: skip


def differs(values: Any, spec: str, layout: str | Layout) -> str:
    """In what a weight is not as a scheme draws it; "" if it is."""
    found = np.asarray(values, np.float64)
    draw = scheme(spec).draws(found.shape, layout, None)[0]
    std = draw.std(found.shape, layout)
    if abs(found.std() / std - 1) > TOLERANCE:
        return f"standard deviation {found.std():.5g}, the scheme's is {std:.5g}"
    uniform, truncated = "uniform" in spec, "truncated" in spec
    most = float(np.abs(found).max() / std)
    expected = 1.7321 if uniform else 2.2737 if truncated else 4.6
    return (
        "" if abs(most / expected - 1) < (0.01 if uniform or truncated else 0.2) else f"largest {most:.3g} of its std"
    )


@pytest.mark.parametrize("library", INSTALLED)
def test_layers_start_from_what_the_table_says(library: str) -> None:
    said = {default.kind: default.spec for default in DEFAULTS[library]}
    drawn = LAYERS[library]()
    assert {kind for kind in drawn if said[kind]} == set(drawn)
    wrong = {kind: told for kind, (values, layout) in drawn.items() if (told := differs(values, said[kind], layout))}
    assert not wrong


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("he(distribution=truncated)", "deviation"),
        ("xavier", "largest"),
        ("xavier(distribution=truncated, corrected=false)", "deviation"),
    ],
)
def test_another_rule_would_be_noticed(wrong: str, why: str) -> None:
    values, layout = flax_layers()["dense"]
    assert why in differs(values, wrong, layout)


def test_every_spec_is_a_scheme_and_every_library_has_its_traps() -> None:
    for library, defaults in DEFAULTS.items():
        assert TRAPS[library]
        for default in defaults:
            assert default.spec == "" or str(scheme(default.spec))
