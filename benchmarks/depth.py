"""A plain tanh network of a thousand layers learns from a critical start and from no other.

    python benchmarks/depth.py                        1,000 layers
    python benchmarks/depth.py --depth 10000 ...      as far as it goes

No skip connections, no normalization: `width` units per layer, handwritten digits, mini-batches, gradient descent with
momentum and clipped gradients. "orthogonal" starts with all singular values 1, at the critical point of tanh without
biases (weight variance 1, bias variance 0); the others are Gaussian He and Xavier, and PyTorch's default for nn.Linear
with its random biases. Each start is tried with every learning rate, and its best counts.
"""

from __future__ import annotations

import argparse
import json
import math
import time

import numpy as np

from headstart.draws import draw_array
from headstart.experiments.data.datasets import load
from headstart.experiments.engine import Samples, Schedule, train_networks
from headstart.experiments.network import Network, network_for
from headstart.schemes import Uniform, scheme

STARTS = ("orthogonal", "he", "xavier", "PyTorch default")


def start(network: Network, name: str, seed: int) -> np.ndarray:
    """The starting weights as one flat float32 array."""
    if name != "PyTorch default":
        return network.start(scheme(name), seed)
    pieces = []
    for parameter, (n_in, _) in zip(
        network.parameters(), [pair for pair in zip(network.sizes, network.sizes[1:], strict=False) for _ in (0, 1)],
        strict=True,
    ):  # fmt: skip
        bound = 1 / math.sqrt(n_in)
        draw = Uniform(-bound, bound)
        pieces.append(draw_array(draw, parameter.shape, seed, parameter.name, parameter.role).reshape(-1))
    return np.concatenate(pieces)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depth", type=int, default=1000)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--optimizer", default="momentum")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--rates", default="0.002,0.005")
    parser.add_argument("--starts", default=",".join(STARTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--clip", type=float, default=1.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    data = load(options.data)
    network = network_for(data.train_x.shape[1], data.outputs, data.task, (options.width,) * options.depth, "tanh")
    samples = Samples.of(data.train_x, data.targets(data.train_y), "float32")
    rates = [float(rate) for rate in options.rates.split(",")]
    schedule = Schedule(options.steps, rates[0], max(1, options.steps // 20), record=("accuracy", "gradient_norm"),
                        optimizer=options.optimizer, clip=options.clip, batch_size=options.batch)  # fmt: skip
    rows = []
    for name in options.starts.split(","):
        theta = start(network, name, options.seed)
        began = time.perf_counter()
        history = train_networks(network, samples, np.stack([theta] * len(rates)), schedule,
                                 learning_rates=np.array(rates))  # fmt: skip
        seconds = time.perf_counter() - began
        accuracy = history.records["accuracy"]
        best = int(np.nanargmax(np.nanmax(accuracy, axis=1)))
        norms = history.records["gradient_norm"][best, 0]
        rows.append(
            {
                "start": name,
                "learning_rate": rates[best],
                "train_accuracy": float(np.nanmax(accuracy[best])),
                "test_accuracy": data.score(network.logits(history.weights[best], data.test_x), data.test_y),
                "first_cost": float(history.costs[best, 0]),
                "final_cost": float(history.costs[best, -1]),
                "gradient_first_over_last": float(norms[0] / norms[-2]),
                "accuracy_by_rate": [float(np.nanmax(row)) for row in accuracy],
                "diverged": [int(step) for step in history.diverged_at],
                "seconds": seconds,
            }
        )
        if not options.json:
            print(json.dumps(rows[-1]), flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
