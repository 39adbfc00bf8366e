"""Every optimizer takes PyTorch's steps, with and without weight decay and clipping."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.data.datasets import load
from headstart.experiments.engine import Samples, Schedule, train_networks
from headstart.experiments.network import network_for
from headstart.experiments.optimizers import optimizer
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


# --- several networks, several steps, no argument at its default -----------------------------------------------------

RATES = np.array([0.02, 0.3, 0.07])
OTHERS = {
    "sgd": (0, "sgd", ()),
    "momentum(0.35)": (1, "momentum", (0.35,)),
    "nesterov(0.65)": (1, "nesterov", (0.65,)),
    "adam(0.5, 0.75, 0.01)": (2, "adam", (0.5, 0.75, 0.01)),
}


def slow_step(
    kind: str, arguments: tuple[float, ...], theta: np.ndarray, g: np.ndarray, states: list[np.ndarray], step: int,
    rate: float, decay: float, clip: float | None,
) -> np.ndarray:  # fmt: skip
    """One step as the papers write it; `states` is changed. Clipping first, then decay, of weights and biases."""
    if clip is not None:
        g = g * min(1.0, clip / np.linalg.norm(g))
    g = g + decay * theta
    if kind == "sgd":
        return theta - rate * g
    if kind == "adam":
        beta1, beta2, epsilon = arguments
        states[0] = beta1 * states[0] + (1 - beta1) * g
        states[1] = beta2 * states[1] + (1 - beta2) * g**2
        m, v = states[0] / (1 - beta1 ** (step + 1)), states[1] / (1 - beta2 ** (step + 1))
        return theta - rate * m / (np.sqrt(v) + epsilon)
    states[0] = arguments[0] * states[0] + g
    return theta - rate * (g + arguments[0] * states[0] if kind == "nesterov" else states[0])


@pytest.mark.parametrize(("decay", "clip"), [(0.0, None), (0.2, None), (0.0, 0.3), (0.2, 0.3), (0.0, 1e3)])
@pytest.mark.parametrize("spec", OTHERS)
def test_every_networks_steps_are_the_papers(spec: str, decay: float, clip: float | None) -> None:
    """Gradients come from steps of plain descent, which are held to autograd elsewhere; the rest is a slow loop.

    A norm of 0.3 clips some steps of some networks and not others: the limit is each network's own.
    """
    starts = np.stack([NETWORK.start(scheme("he"), seed, "float64", sigma_b=0.5) for seed in range(3)])
    samples = Samples.of(DATA.train_x, DATA.targets(DATA.train_y), "float64")
    schedule = Schedule(6, 1.0, 6, optimizer=spec, weight_decay=decay, clip=clip)
    ends = train_networks(NETWORK, samples, starts, schedule, learning_rates=RATES).weights

    _, kind, arguments = OTHERS[spec]
    states, thetas = [[np.zeros(starts.shape[1])] * 2 for _ in starts], starts.copy()
    norms = []
    for step in range(6):
        gradients = thetas - train_networks(NETWORK, samples, thetas, Schedule(1, 1.0, 1)).weights
        norms += list(np.linalg.norm(gradients, axis=1))
        for index, g in enumerate(gradients):
            thetas[index] = slow_step(kind, arguments, thetas[index], g, states[index], step, RATES[index], decay, clip)
    if clip == 0.3:
        assert min(norms) < clip < max(norms)
    np.testing.assert_allclose(ends, thetas, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("spec", OTHERS)
def test_networks_with_rates_of_their_own_train_as_they_would_alone(spec: str) -> None:
    starts = np.stack([NETWORK.start(scheme("he"), 0, "float32")] * 3)
    samples = Samples.of(DATA.train_x, DATA.targets(DATA.train_y), "float32")
    schedule = Schedule(40, 0.5, 10, optimizer=spec, weight_decay=0.01, clip=0.1, batch_size=50)
    together = train_networks(NETWORK, samples, starts, schedule, learning_rates=RATES, threads=2)
    assert len({row.tobytes() for row in together.weights}) == 3
    for index, rate in enumerate(RATES):
        alone = train_networks(NETWORK, samples, starts[:1], replace(schedule, learning_rate=float(rate)), threads=1)
        np.testing.assert_array_equal(together.weights[index], alone.weights[0])
        np.testing.assert_array_equal(together.costs[index], alone.costs[0])


@pytest.mark.parametrize("above", [0.999, 1.001])
def test_a_gradient_just_below_the_limit_is_left_alone_and_one_just_above_is_shortened(above: float) -> None:
    start = NETWORK.start(scheme("he"), 0, "float64")[None]
    samples = Samples.of(DATA.train_x, DATA.targets(DATA.train_y), "float64")
    free = start - train_networks(NETWORK, samples, start, Schedule(1, 1.0, 1)).weights
    norm = np.linalg.norm(free)
    held = start - train_networks(NETWORK, samples, start, Schedule(1, 1.0, 1, clip=norm / above)).weights
    assert np.linalg.norm(held) == pytest.approx(norm * min(1, 1 / above), rel=1e-12)
    np.testing.assert_allclose(held, free * min(1, 1 / above), rtol=1e-9, atol=1e-15)


def test_an_optimizer_keeps_as_many_states_as_it_needs() -> None:
    for spec, (states, name, arguments) in OTHERS.items():
        chosen = optimizer(spec)
        assert (chosen.kind.states, chosen.name, chosen.arguments) == (states, name, arguments)
        assert str(chosen) == spec


def test_arguments_have_the_papers_defaults_and_order() -> None:
    assert [optimizer(name).arguments for name in ("sgd", "momentum", "nesterov", "adam")] == [
        (), (0.9,), (0.9,), (0.9, 0.999, 1e-8),
    ]  # fmt: skip
    assert optimizer("adam(beta2=0.5)").arguments == (0.9, 0.5, 1e-8)
    assert optimizer("adam(epsilon=0, beta1=0.2)").arguments == (0.2, 0.999, 0.0)
    assert optimizer("nesterov(0)").arguments == (0.0,)


@pytest.mark.parametrize("argument", ["momentum(momentum={})", "adam(beta1={})", "adam(beta2={})"])
def test_a_moving_average_forgets_something(argument: str) -> None:
    for inside in (0, 0.5, 0.999999):
        optimizer(argument.format(inside))
    for outside in (-1e-9, 1, 1.5):
        with pytest.raises(InputError, match="from 0 to below 1"):
            optimizer(argument.format(outside))


def test_a_state_is_not_handed_on_to_the_next_network() -> None:
    start = NETWORK.start(scheme("he"), 0, "float32")
    samples = Samples.of(DATA.train_x, DATA.targets(DATA.train_y), "float32")
    ends = train_networks(NETWORK, samples, np.stack([start] * 3), Schedule(30, 0.05, 30, optimizer="adam"), threads=1)
    np.testing.assert_array_equal(ends.weights[0], ends.weights[2])


def test_spec_strings() -> None:
    assert str(optimizer("momentum(0.9)")) == "momentum"
    assert str(optimizer("adam(beta1=0.5)")) == "adam(0.5, 0.999, 1e-08)"
    assert optimizer(optimizer("sgd")).kind.states == 0


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
