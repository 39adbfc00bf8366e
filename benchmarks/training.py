"""How fast the engine trains, against its peers, in one run: `python benchmarks/training.py [--json] [--only NAME]`.

Every contestant first trains from the same weights and must reach the same cost to 1e-4 relative; only then is it
timed. Contestants take turns, round by round, and a ratio is the median over the rounds, so a noisy machine disturbs
all alike. All but the thread test run on one core, to which this process and its libraries are bound.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, CORES[:1])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import numpy as np
from scipy import special

from headstart.experiments.data.datasets import load
from headstart.experiments.engine import Samples, Schedule, train_networks
from headstart.experiments.network import Network, network_for
from headstart.schemes import scheme

ROUNDS = 7
RATE = 0.01
SECONDS = 0.25  # about how long one timing takes

# A contestant: (starting weights, steps) -> final weights of one network, and how many networks it trains at a time.
Train = Callable[[int], None]


@dataclass(frozen=True)
class Problem:
    """One network and its data."""

    network: Network
    x: np.ndarray  # (samples, inputs) float32
    y: np.ndarray  # (samples, outputs) float32

    @property
    def flops(self) -> int:
        """Of one step, 2 per multiply-add: forward, weight gradient, and the error sent back to all layers but one."""
        products = [a * b for a, b in zip(self.network.sizes, self.network.sizes[1:], strict=False)]
        return 2 * len(self.x) * (2 * sum(products) + sum(products[1:]))

    def start(self, seed: int = 0) -> np.ndarray:
        return self.network.start(scheme("he"), seed, "float32")

    def cost(self, theta: np.ndarray) -> float:
        z = self.network.logits(theta, self.x)
        return float(np.mean(np.logaddexp(0, z) - self.y * z))


def circles(hidden: tuple[int, ...], activation: str = "relu", samples: int = 300) -> Problem:
    data = load(f"circles(samples={samples})")
    network = network_for(2, 1, "binary", hidden, activation)
    return Problem(network, data.train_x.astype(np.float32), data.targets(data.train_y).astype(np.float32))


def wide(width: int = 512, batch: int = 1024) -> Problem:
    """Three layers of weights, `width` wide inside and at the input."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, width)).astype(np.float32)
    y = (x[:, :1] * x[:, 1:2] > 0).astype(np.float32)
    return Problem(network_for(width, 1, "binary", (width, width), "relu"), x, y)


# --- contestants: each makes a function that trains for so many steps and returns the first network's weights --------


def headstart(problem: Problem, networks: int = 8, threads: int = 1) -> Callable[[int], np.ndarray]:
    samples = Samples.of(problem.x, problem.y, "float32")
    start = np.stack([problem.start(seed) for seed in range(networks)])

    def train(steps: int) -> np.ndarray:
        schedule = Schedule(steps, RATE, steps, record_last=False)
        return train_networks(problem.network, samples, start, schedule, threads=threads).weights[0]

    return train


def numpy_loop(problem: Problem) -> Callable[[int], np.ndarray]:
    """The course's own way: one network, whole matrices, float32."""
    x, y = problem.x.T.copy(), problem.y.T.copy()

    def train(steps: int) -> np.ndarray:
        theta = problem.start()
        layers = problem.network.unflatten(theta)
        for _ in range(steps):
            signals = [x]
            for index, (w, b) in enumerate(layers):
                z = w @ signals[-1] + b[:, None]
                signals.append(np.maximum(z, 0) if index < len(layers) - 1 else special.expit(z))
            error = (signals[-1] - y) / np.float32(x.shape[1])
            for index in range(len(layers) - 1, -1, -1):
                w, b = layers[index]
                before = (w.T @ error) * (signals[index] > 0) if index else None
                w -= np.float32(RATE) * (error @ signals[index].T)
                b -= np.float32(RATE) * error.sum(axis=1)
                error = before
        return theta

    return train


def sklearn(problem: Problem) -> Callable[[int], np.ndarray]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)

    def train(steps: int) -> np.ndarray:
        model = MLPClassifier(
            problem.network.sizes[1:-1], solver="sgd", alpha=0, batch_size=len(problem.x), learning_rate_init=RATE,
            momentum=0, nesterovs_momentum=False, shuffle=False, max_iter=1, tol=0, n_iter_no_change=10**9,
            warm_start=True,
        )  # fmt: skip
        labels = problem.y[:, 0].astype(int)
        model.fit(problem.x, labels)
        layers = problem.network.unflatten(problem.start())
        model.coefs_ = [w.T.copy() for w, _ in layers]
        model.intercepts_ = [b.copy() for _, b in layers]
        model.max_iter = steps
        model.fit(problem.x, labels)
        pieces = [piece for w, b in zip(model.coefs_, model.intercepts_, strict=True) for piece in (w.T.ravel(), b)]
        return np.concatenate(pieces)

    return train


def torch(problem: Problem, compiled: bool = False) -> Callable[[int], np.ndarray]:
    import torch

    torch.set_num_threads(1)
    x, y = torch.tensor(problem.x), torch.tensor(problem.y)
    sizes = problem.network.sizes

    def train(steps: int) -> np.ndarray:
        pieces: list[torch.nn.Module] = []
        for index, (w, b) in enumerate(problem.network.unflatten(problem.start())):
            layer = torch.nn.Linear(sizes[index], sizes[index + 1])
            layer.weight.data, layer.bias.data = torch.tensor(w), torch.tensor(b)
            pieces += [layer, torch.nn.ReLU()]
        model = torch.nn.Sequential(*pieces[:-1])
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
        loss = torch.nn.BCEWithLogitsLoss()

        def cost() -> torch.Tensor:
            return loss(model(x), y)

        forward = torch.compile(cost) if compiled else cost
        for _ in range(steps):
            optimizer.zero_grad()
            forward().backward()
            optimizer.step()
        return torch.cat([p.detach().reshape(-1) for p in model.parameters()]).numpy()

    return train


def jax(problem: Problem, networks: int = 8) -> Callable[[int], np.ndarray]:
    """vmap over networks, scan over steps, jitted; compiled for a number of steps before it is timed."""
    import jax
    import jax.numpy as jnp

    x, y = jnp.asarray(problem.x), jnp.asarray(problem.y)
    start = [problem.network.unflatten(problem.start(seed)) for seed in range(networks)]
    stacked = [tuple(jnp.stack([net[k][part] for net in start]) for part in (0, 1)) for k in range(len(start[0]))]

    def cost(layers):
        signal = x
        for index, (w, b) in enumerate(layers):
            signal = signal @ w.T + b
            if index < len(layers) - 1:
                signal = jax.nn.relu(signal)
        return jnp.mean(jnp.logaddexp(0, signal) - y * signal)

    def step(layers, _):
        gradient = jax.grad(cost)(layers)
        return jax.tree.map(lambda p, g: p - RATE * g, layers, gradient), None

    @partial(jax.jit, static_argnames="count")
    def run(layers, count):
        return jax.lax.scan(lambda current, _: (jax.vmap(lambda one: step(one, None)[0])(current), None), layers,
                            length=count)[0]  # fmt: skip

    def train(steps: int) -> np.ndarray:
        layers = jax.block_until_ready(run(stacked, steps))
        return np.concatenate([np.asarray(part[0]).reshape(-1) for layer in layers for part in layer])

    return train


# --- timing -----------------------------------------------------------------------------------------------------------


def seconds_per_step(
    train: Callable[[int], np.ndarray], networks: int, fixed: int | None = None
) -> Callable[[], float]:
    """A function that times the contestant once: seconds per network-step, set-up included."""
    steps = fixed or 20
    train(steps)
    while fixed is None:
        began = time.perf_counter()
        train(steps)
        if (elapsed := time.perf_counter() - began) > SECONDS / 2:
            break
        steps = int(steps * min(10, 1.2 * SECONDS / elapsed)) + 1
        train(steps)  # what compiles for a number of steps has done so before it is timed

    def once() -> float:
        began = time.perf_counter()
        train(steps)
        return (time.perf_counter() - began) / steps / networks

    return once


def race(timers: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Seconds of every contestant, in turns."""
    found: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(rounds):
        for name, timer in timers.items():
            found[name].append(timer())
    return found


def ratio(found: dict[str, list[float]], slow: str, fast: str) -> float:
    """How many times as long `slow` takes: median over the rounds."""
    return statistics.median(a / b for a, b in zip(found[slow], found[fast], strict=True))


def check_same_work(problem: Problem, contestants: dict[str, Callable[[int], np.ndarray]], steps: int = 200) -> None:
    """All end at the same cost, from the same weights, to 1e-4 relative."""
    costs = {name: problem.cost(train(steps)) for name, train in contestants.items()}
    reference = costs["headstart"]
    for name, cost in costs.items():
        if not abs(cost / reference - 1) < 1e-4:
            sys.exit(f"{name} reached cost {cost}, headstart {reference}: not the same work")


def matrix_product() -> Callable[[], float]:
    """Seconds per floating-point operation of a float32 matrix product of 1024 cubed."""
    a = np.random.default_rng(0).normal(size=(1024, 1024)).astype(np.float32)
    a @ a

    def once() -> float:
        began = time.perf_counter()
        for _ in range(5):
            a @ a
        return (time.perf_counter() - began) / 5 / (2 * 1024**3)

    return once


# --- the table's rows -----------------------------------------------------------------------------------------------


def course_rows() -> list[tuple[str, float, str]]:
    problem = circles((10, 5))
    contestants = {
        "headstart": headstart(problem), "NumPy loop": numpy_loop(problem), "scikit-learn": sklearn(problem),
        "PyTorch eager": torch(problem), "torch.compile": torch(problem, compiled=True), "JAX": jax(problem),
    }  # fmt: skip
    check_same_work(problem, contestants)
    networks = {"headstart": 8, "JAX": 8}
    found = race({name: seconds_per_step(train, networks.get(name, 1)) for name, train in contestants.items()})
    bars = {"NumPy loop": "18", "PyTorch eager": "55", "JAX": "6"}
    rows = [("course network, headstart, microseconds per step", 1e6 * statistics.median(found["headstart"]), "")]
    return rows + [
        (f"course network, {name} / headstart", ratio(found, name, "headstart"), bars.get(name, ""))
        for name in contestants
        if name != "headstart"
    ]


def share_rows() -> list[tuple[str, float, str]]:
    rows = []
    for name, problem, bar in (
        ("course network", circles((10, 5)), "0.45, aim 0.70"),
        ("12 layers of width 32", circles((32,) * 12), "0.80, aim 0.95"),
    ):
        timers = {"product": matrix_product(), "headstart": seconds_per_step(headstart(problem), 8)}
        found = race(timers)
        share = statistics.median(
            problem.flops / a / (1 / b) for a, b in zip(found["headstart"], found["product"], strict=True)
        )
        rows.append((f"{name}, share of the matrix product's rate", share, bar))
        rows.append((f"{name}, GFLOP/s", problem.flops / statistics.median(found["headstart"]) / 1e9, ""))
    return rows


def wide_rows() -> list[tuple[str, float, str]]:
    problem = wide()
    contestants = {"headstart": headstart(problem, networks=1), "PyTorch": torch(problem)}
    check_same_work(problem, contestants, steps=5)
    found = race({name: seconds_per_step(train, 1, fixed=6) for name, train in contestants.items()})
    return [("3 layers of width 512, batch 1024, PyTorch / headstart", ratio(found, "PyTorch", "headstart"), "1")]


def activation_rows() -> list[tuple[str, float, str]]:
    timers = {
        name: seconds_per_step(headstart(circles((10, 5), name)), 8)
        for name in ("relu", "tanh", "gelu", "sigmoid", "silu")
    }
    found = race(timers)
    bars = {"tanh": "at most 1.6", "gelu": "at most 1.6"}
    return [
        (f"course network, {name} / relu", ratio(found, name, "relu"), bars.get(name, ""))
        for name in timers
        if name != "relu"
    ]


def thread_rows() -> list[tuple[str, float, str]]:
    if len(CORES) < 2:
        return [("64 networks, 1 thread / 2 threads: this machine has one core", float("nan"), "1.85")]
    os.sched_setaffinity(0, CORES[:2])
    problem = circles((10, 5))
    timers = {str(threads): seconds_per_step(headstart(problem, 64, threads), 64, fixed=5000) for threads in (1, 2)}
    found = race(timers)
    os.sched_setaffinity(0, CORES[:1])
    return [("64 networks, 1 thread / 2 threads", ratio(found, "1", "2"), "1.85")]


def growth_rows() -> list[tuple[str, float, str]]:
    """The largest deviation of time from a straight line, each size doubled four times."""
    sizes = [1, 2, 4, 8, 16]
    sweeps: dict[str, Callable[[int], Callable[[], float]]] = {
        "networks": lambda k: _whole(circles((10, 5)), 8 * k, 3000),
        "steps": lambda k: _whole(circles((10, 5)), 4, 6000 * k),
        "samples": lambda k: _whole(circles((10, 5), samples=608 * k), 4, 3000),
        "depth": lambda k: _whole(circles((16,) * (4 * k + 1)), 4, 2000),
    }
    rows = []
    for name, make in sweeps.items():
        found = race({str(k): make(k) for k in sizes}, rounds=5)
        times = np.array([min(found[str(k)]) for k in sizes])
        slope, offset = np.polyfit(sizes, times, 1, w=1 / times)
        worst = np.max(np.abs(times / (slope * np.array(sizes) + offset) - 1))
        rows.append((f"growth with {name}: largest deviation from a straight line", float(worst), "at most 0.10"))
    return rows


def _whole(problem: Problem, networks: int, steps: int) -> Callable[[], float]:
    train = headstart(problem, networks)
    train(2)

    def once() -> float:
        began = time.perf_counter()
        train(steps)
        return time.perf_counter() - began

    return once


PARTS = {
    "course": course_rows, "share": share_rows, "wide": wide_rows, "activations": activation_rows,
    "threads": thread_rows, "growth": growth_rows,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    rows = [row for name, part in PARTS.items() if not options.only or name in options.only for row in part()]
    if options.json:
        print(json.dumps([{"what": what, "value": value, "bar": bar} for what, value, bar in rows], indent=1))
        return
    for what, value, bar in rows:
        print(f"{what:66} {value:10.3g}   {f'bar {bar}' if bar else ''}")


if __name__ == "__main__":
    main()
