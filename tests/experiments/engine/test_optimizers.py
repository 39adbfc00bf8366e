"""Every optimizer takes PyTorch's steps, with and without weight decay and clipping."""

from __future__ import annotations

import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.data.datasets import load
from headstart.experiments.engine import Samples, Schedule, train_networks
from headstart.experiments.engine.optimizers import optimizer
from headstart.experiments.network import network_for
from headstart.schemes import scheme

torch = pytest.importorskip("torch")

DATA = load("circles")
NETWORK = network_for(2, 1, "binary", (6, 4), "tanh")
MAKERS = {
    "sgd": lambda p, **k: torch.optim.SGD(p, **k),
    "momentum(0.8)": lambda p, **k: torch.optim.SGD(p, momentum=0.8, **k),
    "nesterov(0.8)": lambda p, **k: torch.optim.SGD(p, momentum=0.8, nesterov=True, **k),
    "adam(0.8, 0.99, 0.0001)": lambda p, **k: torch.optim.Adam(p, betas=(0.8, 0.99), eps=1e-4, **k),
}


def pytorch(spec: str, start: np.ndarray, steps: int, decay: float, clip: float | None) -> np.ndarray:
    flat = torch.tensor(start, requires_grad=True)
    chosen = MAKERS[spec]([flat], lr=0.05, weight_decay=decay)
    x, y = torch.tensor(DATA.train_x), torch.tensor(DATA.train_y).double()[:, None]
    for _ in range(steps):
        chosen.zero_grad()
        at, signal = 0, x
        for index, (n_in, n_out) in enumerate(zip(NETWORK.sizes, NETWORK.sizes[1:], strict=False)):
            w, b = (
                flat[at : at + n_in * n_out].reshape(n_out, n_in),
                flat[at + n_in * n_out : at + n_in * n_out + n_out],
            )
            at += n_in * n_out + n_out
            signal = signal @ w.T + b
            signal = torch.tanh(signal) if index < 2 else signal
        torch.nn.functional.binary_cross_entropy_with_logits(signal, y).backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([flat], clip)
        chosen.step()
    return flat.detach().numpy()


@pytest.mark.parametrize(("decay", "clip"), [(0.0, None), (0.01, None), (0.0, 0.05), (0.01, 0.05)])
@pytest.mark.parametrize("spec", MAKERS)
def test_steps_agree_with_pytorch(spec: str, decay: float, clip: float | None) -> None:
    start = NETWORK.start(scheme("he"), 0, "float64")
    samples = Samples.of(DATA.train_x, DATA.targets(DATA.train_y), "float64")
    schedule = Schedule(40, 0.05, 40, optimizer=spec, weight_decay=decay, clip=clip)
    end = train_networks(NETWORK, samples, start[None], schedule).weights[0]
    # PyTorch adds 1e-6 to the norm it divides by: 2e-5 of a norm of 0.05, over 40 steps
    moved = np.abs(end - start).max()
    np.testing.assert_allclose(
        end, pytorch(spec, start, 40, decay, clip), rtol=1e-8, atol=0 if clip is None else 1e-3 * moved
    )


def test_a_state_is_not_handed_on_to_the_next_network() -> None:
    start = NETWORK.start(scheme("he"), 0, "float32")
    samples = Samples.of(DATA.train_x, DATA.targets(DATA.train_y), "float32")
    ends = train_networks(NETWORK, samples, np.stack([start] * 3), Schedule(30, 0.05, 30, optimizer="adam"), threads=1)
    np.testing.assert_array_equal(ends.weights[0], ends.weights[2])


def test_spec_strings() -> None:
    assert str(optimizer("momentum(0.9)")) == "momentum"
    assert str(optimizer("adam(beta1=0.5)")) == "adam(0.5, 0.999, 1e-08)"
    assert optimizer(optimizer("sgd")).states == 0


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("adm", "unknown optimizer 'adm'. Did you mean 'adam'"),
        ("momentum(1)", "momentum of optimizer 'momentum' must be from 0 to below 1, got 1"),
        ("momentum(-0.1)", "must be from 0 to below 1"),
        ("adam(epsilon=-1)", "epsilon of optimizer 'adam' must be a number of at least 0"),
        ("sgd(0.9)", "takes no arguments"),
        ("adam(gamma=1)", "unknown argument of optimizer 'adam' 'gamma'"),
        ("adam*2", "no multiplier"),
    ],
)
def test_bad_specs(spec: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        optimizer(spec)
