"""Which backend is meant: `out` and `device` say it, and nobody has to name it twice."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
import torch

import headstart as hs
from headstart.draws.choice import backend_for


def test_what_the_arguments_mean() -> None:
    weights = hs.sample("he", (3, 4))
    assert isinstance(weights, np.ndarray)
    tensor = torch.empty(3, 4)
    assert hs.sample("he", (3, 4), out=tensor) is tensor
    made: list[Any] = [hs.sample("he", (3, 4), device=device) for device in (torch.device("cpu"), "cpu")]
    assert all(isinstance(one, torch.Tensor) for one in made)
    assert hs.sample("he", (3, 4), device="meta").is_meta
    mesh = jax.sharding.Mesh(np.array(jax.devices()[:1]), ("x",))
    for device in (jax.devices()[0], jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("x"))):
        made.append(hs.sample("he", (3, 4), device=device))
        assert isinstance(made[-1], jax.Array)
    for one in (tensor, *made):
        assert np.array_equal(np.asarray(one), weights)


@pytest.mark.parametrize(
    ("backend", "out", "device", "words"),
    [
        ("numba", torch.zeros(2), None, "got backend='numba' and out=Tensor"),
        ("torch", np.zeros(2), None, "got backend='torch' and out=ndarray"),
        (None, torch.zeros(2), jax.devices()[0], "got out=Tensor and device="),
        (None, np.zeros(2), torch.device("cpu"), "got out=ndarray and device=device"),
        ("torch", None, jax.devices()[0], "got backend='torch' and device="),
        ("jax", None, torch.device("cpu"), "got backend='jax' and device=device"),
        ("pytorch", None, None, "unknown backend 'pytorch'"),
    ],
    ids=str,
)
def test_contradictions(backend: str | None, out: Any, device: Any, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        backend_for(backend, out, device)


def test_buffers_that_cannot_be_filled() -> None:
    with pytest.raises(hs.InputError, match="must have memory, got a tensor on the meta device"):
        hs.sample("he", (3, 4), out=torch.empty(3, 4, device="meta"))
    with pytest.raises(hs.InputError, match="cannot be filled in place"):
        hs.sample("he", (3, 4), out=jax.numpy.zeros((3, 4)))
    with pytest.raises(hs.InputError, match="device is for backends"):
        hs.sample("he", (3, 4), out=np.zeros((3, 4), np.float32), device="cpu")
