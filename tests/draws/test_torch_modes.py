"""Draws under torch's modes and transforms, and into tensors of every kind: right numbers, or an error of our own."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

import headstart as hs
from headstart.draws.backends import torch_backend

SPECS = ("he", "zeros", "orthogonal", "sparse(0.5)")
SHAPE = (3, 4)


def drawn(spec: str = "he") -> torch.Tensor:
    found: torch.Tensor = hs.sample(spec, SHAPE, backend="torch")
    return found


def expected(spec: str = "he") -> torch.Tensor:
    return torch.from_numpy(hs.sample(spec, SHAPE))


@pytest.mark.parametrize("spec", SPECS)
def test_the_meta_device_costs_nothing(spec: str) -> None:
    hs.sample(spec, (4, 4), device="meta")
    tracemalloc.start()
    found = hs.sample(spec, (2**20, 2**20), device="meta", dtype="float64")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.device.type, tuple(found.shape), found.dtype) == ("meta", (2**20, 2**20), torch.float64)
    assert peak < 100_000
    with torch.device("meta"):
        assert hs.sample(spec, (2**20, 2**20), backend="torch").is_meta


def test_the_meta_device_checks_all_the_same() -> None:
    with pytest.raises(hs.InputError, match="finite in float32"):
        hs.sample("he*1e300", SHAPE, device="meta")
    with pytest.raises(hs.InputError, match="one \\* per stack axis"):
        hs.sample("he", (2, 3, 4), name="a.*.b.*", layout="stack_out_in", device="meta")


@pytest.mark.parametrize("spec", SPECS)
def test_fake_tensors_are_fake_and_leave_nothing_behind(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_backend, "_tables", {})  # as in a new process
    with FakeTensorMode():
        for device in ("cpu", "meta", "cuda"):
            found = hs.sample(spec, SHAPE, backend="torch", device=device)
            assert (type(found).__name__, tuple(found.shape), found.device.type) == ("FakeTensor", SHAPE, device)
        assert isinstance(hs.sample(spec, SHAPE), np.ndarray)
    assert type(hs.sample(spec, SHAPE, device="meta")) is torch.Tensor
    assert torch.equal(drawn(spec), expected(spec))
    whole = torch_backend.weights(*_recipe(), torch.device("cpu"))  # by tensor operations, which need the table
    assert torch.equal(whole, torch.from_numpy(hs.sample("normal(1)", SHAPE)))


def _recipe() -> tuple[Any, Any, Any]:
    from headstart.draws.recipes import recipe
    from headstart.draws.rectangles import rectangle
    from headstart.draws.streams import stream
    from headstart.schemes import Normal

    return recipe(Normal(1.0), "float32"), stream(0, "w"), rectangle(SHAPE)


def test_a_table_made_under_a_mode_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_backend, "_tables", {})
    with FakeTensorMode():
        torch_backend._table(torch.device("meta"))
    with torch.inference_mode():
        torch_backend._table(torch.device("cpu"))
    assert torch_backend._tables == {}
    torch_backend._table(torch.device("cpu"))
    assert list(torch_backend._tables) == [torch.device("cpu")]


X = torch.arange(4.0)
TRANSFORMS: dict[str, Callable[[str], torch.Tensor]] = {
    "grad": lambda spec: torch.func.grad(lambda x: (drawn(spec) @ x).sum())(X),
    "vmap": lambda spec: torch.func.vmap(lambda x: drawn(spec) @ x)(X[None].expand(2, 4)),
    "jacrev": lambda spec: torch.func.jacrev(lambda x: drawn(spec) @ x)(X) @ X,
    "functionalize": lambda spec: torch.func.functionalize(lambda x: drawn(spec) @ x)(X),
    "inference": lambda spec: torch.inference_mode()(lambda: drawn(spec) @ X)(),
}
RIGHT: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "grad": lambda weights: weights.sum(0),
    "vmap": lambda weights: (weights @ X)[None].expand(2, 3),
}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_transforms_see_the_weights(transform: str, spec: str) -> None:
    right = RIGHT.get(transform, lambda weights: weights @ X)(expected(spec))
    assert torch.allclose(TRANSFORMS[transform](spec), right, atol=1e-6)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("mode", ["real", "fake", "symbolic"])
def test_a_recorded_graph_has_the_weights(mode: str, spec: str) -> None:
    graph = make_fx(lambda x: drawn(spec) @ x, tracing_mode=mode)(X)
    assert torch.allclose(graph(2 * X), expected(spec) @ (2 * X), atol=1e-6)


def test_a_recorded_graph_fills_its_argument() -> None:
    graph = make_fx(lambda out: hs.sample("he", SHAPE, out=out) * 2)(torch.zeros(SHAPE))
    assert torch.equal(graph(torch.ones(SHAPE)), expected() * 2)


def test_export_has_the_weights() -> None:
    class Model(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return drawn() @ x

    assert torch.allclose(torch.export.export(Model(), (X,), strict=False).module()(2 * X), expected() @ (2 * X))


def test_compiled_functions_may_draw() -> None:
    for backend in ("eager", "aot_eager"):
        torch._dynamo.reset()
        function = torch.compile(lambda x: drawn() @ x, backend=backend)
        assert torch.allclose(function(X), expected() @ X)
        assert torch.equal(drawn(), expected())


def _complex(pick: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    return pick(torch.zeros(SHAPE, dtype=torch.complex64))


WORK: dict[str, Callable[[], torch.Tensor]] = {
    "negative bit": lambda: _complex(lambda z: z.conj().imag),
    "imaginary part": lambda: _complex(lambda z: z.imag),
    "as real": lambda: torch.view_as_real(torch.zeros(SHAPE, dtype=torch.complex64).conj().resolve_conj())[..., 1],
    "negative view": lambda: torch._neg_view(torch.zeros(SHAPE)),
    "transposed": lambda: torch.zeros(SHAPE[::-1]).t(),
    "every second": lambda: torch.zeros(6, 8)[::2, ::2],
    "leaf": lambda: torch.zeros(SHAPE, requires_grad=True),
    "parameter": lambda: torch.nn.Parameter(torch.zeros(SHAPE)),
    "view of a leaf": lambda: torch.zeros(5, 4, requires_grad=True)[1:4],
    "result": lambda: torch.zeros(SHAPE, requires_grad=True) * 2,
}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("kind", WORK)
def test_buffers_of_every_layout_are_filled(kind: str, spec: str) -> None:
    out = WORK[kind]()
    assert hs.sample(spec, SHAPE, out=out) is out
    assert torch.equal(out.detach().resolve_neg().clone(), expected(spec))


def _with_storage_freed() -> torch.Tensor:
    out = torch.zeros(SHAPE)
    out.untyped_storage().resize_(0)
    return out


def _made_for_inference() -> torch.Tensor:
    with torch.inference_mode():
        return torch.zeros(SHAPE)


def _fake() -> torch.Tensor:
    with FakeTensorMode():
        return torch.zeros(SHAPE)


REFUSED: dict[str, tuple[Callable[[], torch.Tensor], str]] = {
    "sparse": (lambda: torch.zeros(SHAPE).to_sparse(), "strided tensor, got layout torch.sparse_coo"),
    "mkldnn": (lambda: torch.zeros(SHAPE).to_mkldnn(), "strided tensor, got layout torch._mkldnn"),
    "expanded": (lambda: torch.zeros(3, 1).expand(SHAPE), "overlap itself"),
    "windows": (lambda: torch.zeros(12).unfold(0, 4, 2)[:3], "overlap itself"),
    "no shape yet": (lambda: torch.nn.parameter.UninitializedParameter(), "must have a shape"),
    "freed": (_with_storage_freed, "storage was freed"),
    "inference": (_made_for_inference, "torch.inference_mode"),
    "fake": (_fake, "FakeTensor"),
    "complex": (lambda: torch.zeros(SHAPE, dtype=torch.complex64), "must hold float32, got torch.complex64"),
}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("kind", REFUSED)
def test_buffers_that_cannot_be_filled_are_refused(kind: str, spec: str) -> None:
    make, words = REFUSED[kind]
    with pytest.raises(hs.InputError, match=words):
        hs.sample(spec, SHAPE, out=make())


def test_buffers_that_a_transform_follows_are_refused() -> None:
    with pytest.raises(hs.InputError, match=r"torch\.func"):
        torch.func.vmap(lambda out: hs.sample("he", SHAPE, out=out))(torch.zeros(2, *SHAPE))
    with pytest.raises(hs.InputError, match=r"torch\.func"):
        torch.func.grad(lambda out: hs.sample("he", SHAPE, out=out).sum())(torch.zeros(SHAPE))
    real = torch.zeros(SHAPE)
    with FakeTensorMode(), pytest.raises(hs.InputError, match="under FakeTensorMode"):
        hs.sample("he", SHAPE, out=real)
    assert (real == 0).all()
