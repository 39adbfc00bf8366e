"""Schemes by other libraries' names draw what that library draws, and a note says what they are here."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
import torch
from torch.nn import init

os.environ.setdefault("KERAS_BACKEND", "jax")  # Keras reads it when it is imported

import keras

import headstart as hs
from headstart.libraries.names import NAMES
from headstart.schemes import FAMILIES
from headstart.schemes.scheme import _of_text

OUT, IN = 300, 500
# The standard error of a standard deviation of 150,000 numbers is at most 0.19 %: five of them.
TOLERANCE = 0.01


def torch_weights(fill: Callable[..., Any], *arguments: Any, **keywords: Any) -> np.ndarray:
    torch.manual_seed(0)
    return np.asarray(fill(torch.empty(OUT, IN), *arguments, **keywords).numpy())


def jax_weights(initializer: Any) -> np.ndarray:
    return np.asarray(initializer(jax.random.key(0), (IN, OUT))).T


def keras_weights(initializer: Any) -> np.ndarray:
    return np.asarray(initializer((IN, OUT))).T


DRAWN: dict[str, Callable[[], np.ndarray]] = {
    "kaiming_normal": lambda: torch_weights(init.kaiming_normal_),
    "kaiming_normal_(mode=fan_out)": lambda: torch_weights(init.kaiming_normal_, mode="fan_out"),
    "kaiming_normal(0.5)": lambda: torch_weights(init.kaiming_normal_, 0.5),
    "kaiming_uniform_(nonlinearity=tanh)": lambda: torch_weights(init.kaiming_uniform_, nonlinearity="tanh"),
    "torch.nn.init.kaiming_uniform_": lambda: torch_weights(init.kaiming_uniform_),
    "xavier_uniform": lambda: torch_weights(init.xavier_uniform_),
    "xavier_normal(gain=2)": lambda: torch_weights(init.xavier_normal_, gain=2.0),
    "trunc_normal_(std=0.02)": lambda: torch_weights(init.trunc_normal_, std=0.02),
    "trunc_normal(0, 1.5)": lambda: torch_weights(init.trunc_normal_, 0.0, 1.5),
    "normal_": lambda: torch_weights(init.normal_),
    "uniform_(-0.2, 0.2)": lambda: torch_weights(init.uniform_, -0.2, 0.2),
    "orthogonal_(gain=2)": lambda: torch_weights(init.orthogonal_, gain=2),
    "eye_": lambda: torch_weights(init.eye_),
    "jax.nn.initializers.kaiming_normal": lambda: jax_weights(jax.nn.initializers.kaiming_normal()),
    "jax.nn.initializers.xavier_normal": lambda: jax_weights(jax.nn.initializers.xavier_normal()),
    "jax.nn.initializers.truncated_normal(0.3)": lambda: jax_weights(jax.nn.initializers.truncated_normal(0.3)),
    "jax.nn.initializers.variance_scaling(1.5, fan_avg, uniform)": lambda: jax_weights(
        jax.nn.initializers.variance_scaling(1.5, "fan_avg", "uniform")
    ),
    "he_normal": lambda: jax_weights(jax.nn.initializers.he_normal()),
    "lecun_uniform": lambda: jax_weights(jax.nn.initializers.lecun_uniform()),
    "HeNormal": lambda: keras_weights(keras.initializers.HeNormal(seed=0)),
    "HeUniform()": lambda: keras_weights(keras.initializers.HeUniform(seed=0)),
    "GlorotNormal": lambda: keras_weights(keras.initializers.GlorotNormal(seed=0)),
    "glorot_uniform": lambda: keras_weights(keras.initializers.GlorotUniform(seed=0)),
    "keras.initializers.LecunNormal": lambda: keras_weights(keras.initializers.LecunNormal(seed=0)),
    "TruncatedNormal": lambda: keras_weights(keras.initializers.TruncatedNormal(seed=0)),
    "RandomNormal": lambda: keras_weights(keras.initializers.RandomNormal(seed=0)),
    "random_uniform": lambda: keras_weights(keras.initializers.RandomUniform(seed=0)),
    "VarianceScaling": lambda: keras_weights(keras.initializers.VarianceScaling(seed=0)),
    "VarianceScaling(3, fan_out, untruncated_normal)": lambda: keras_weights(
        keras.initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal", seed=0)
    ),
}


def alike(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether standard deviations agree, and fourth moments: what tells normal, cut and uniform apart."""
    for power in (2, 4):
        sizes = [float(np.mean(weights.astype(np.float64) ** power)) ** (1 / power) for weights in (ours, theirs)]
        if abs(sizes[0] / sizes[1] - 1) > TOLERANCE:
            return False
    return True


@pytest.mark.parametrize("spec", DRAWN)
def test_a_name_draws_what_its_library_draws(spec: str) -> None:
    assert alike(hs.sample(spec, (OUT, IN)), DRAWN[spec]())


@pytest.mark.parametrize(
    ("spec", "other"), [("he", "kaiming_uniform"), ("he", "he_normal"), ("xavier", "glorot_normal"), ("he*1.02", "he")]
)
def test_what_is_drawn_otherwise_is_seen(spec: str, other: str) -> None:
    assert not alike(hs.sample(spec, (OUT, IN)), hs.sample(other, (OUT, IN)))


def test_headstarts_own_names_stay_its_own() -> None:
    assert str(hs.scheme("truncated_normal(0.02)")) == "truncated_normal(0.02)"
    assert str(hs.scheme("xavier")) == "xavier"
    assert str(hs.scheme("Orthogonal*2")) == "orthogonal*2"


def test_a_note_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    _of_text.cache_clear()
    with caplog.at_level(logging.WARNING, "headstart"):
        for _ in range(3):
            hs.scheme("xavier_uniform")
        hs.scheme("he")
    assert caplog.messages == [
        "Note: xavier_uniform, as in PyTorch, is glorot(distribution=uniform) here; headstart's own xavier is 1/n_in, "
        "as in the course."
    ]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("uniform_", "symmetric, got 0 to 1 in uniform_"),
        ("normal_(mean=1)", "mean 0, got 1"),
        ("sparse_(0.9)", "Write 'sparse"),
        ("torch.nn.init.sparse_(0.9)", "Write 'sparse"),
        ("constant_", "constant_ needs its val"),
        ("kaiming_normal(nonlinearity=gelu)", "unknown nonlinearity of PyTorch's 'gelu'"),
        ("kaiming_normal(1, 2, 3, 4)", "kaiming_normal takes a, mode, nonlinearity, got 4 values"),
        ("kaiming_normal(0, a=0)", "got a twice"),
        ("kaiming_normal(a=word)", "a of kaiming_normal must be a finite number"),
        ("variance_scaling(-1)", "the scale of variance_scaling must be a positive"),
        ("variance_scaling(distribution=cauchy)", "unknown distribution of variance_scaling"),
        ("variance_scaling(mode=fan)", "unknown mode of variance_scaling"),
        ("jax.nn.initializers.variance_scaling(1, fan_in)", "needs its distribution"),
        ("trunc_normal_(0, 0.02, -1, 2)", "bounds -b and b"),
        ("RandomUniform(0, 1)", "symmetric, got 0 to 1"),
        ("keras.initializers.kaiming_normal", "Keras has no kaiming_normal"),
        ("foo.bar.he", "a path before a scheme's name is a library's"),
        ("he_normal(bogus=1)", "unknown argument of scheme 'he' 'bogus'"),
    ],
)
def test_what_no_scheme_draws_is_refused(spec: str, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        hs.scheme(spec)


def test_every_row_names_a_scheme() -> None:
    made = {row.family for rows in NAMES.values() for row in rows}
    assert made - {"variance_scaling"} <= set(FAMILIES)
    assert all(key == key.lower().replace("_", "") for key in NAMES)
