"""Predict the signal and the gradient at every value of a graph, from the moments of weights and inputs alone.

Each value is carried as samples (`headstart.theory.laws`): operations on elements act on the samples themselves, sums
with weights make fresh Gaussian ones. Where no law is true the prediction says why, and so does all that comes after.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from headstart.graph.graph import Graph
from headstart.graph.predict.backward import walk_back
from headstart.graph.predict.forward import walk_forward
from headstart.graph.predict.inputs import InputMoments
from headstart.graph.predict.walk import Walk
from headstart.theory.laws.samples import COUNT, Draws
from headstart.theory.laws.sums import WeightMoments

__all__ = ["InputMoments", "Prediction", "WeightMoments", "predict"]


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What theory says of one value; None where it says nothing.

    Args:
        rms: root of the second moment. mean: over everything.
        batch_std: standard deviation across the batch per unit. cosine: between two inputs' values.
        grad: root of the second moment of the gradient there.
        noise, grad_noise: one relative standard deviation of rms and grad over draws of weights and batches.
        why: why there is no rule for the signal; "" where there is one. why_grad: likewise for the gradient.
    """

    rms: float | None = None
    mean: float | None = None
    batch_std: float | None = None
    cosine: float | None = None
    grad: float | None = None
    noise: float | None = None
    grad_noise: float | None = None
    why: str = ""
    why_grad: str = ""

    @property
    def rule(self) -> bool:
        """Whether there is a rule for the signal."""
        return not self.why


def predict(
    graph: Graph, weights: Mapping[str, WeightMoments], inputs: Mapping[int, InputMoments] | None = None, *,
    batch: int | None = None, output_grad: Mapping[int, float] | None = None, samples: int = COUNT, seed: int = 2026,
) -> dict[int, Prediction]:  # fmt: skip
    """The signal and the gradient at every value that data went into.

    Args:
        graph: of one pass.
        weights: moments of each parameter's values, by name.
        inputs: what is known of inputs, by value number; others are taken to be standard normal, or tokens where a
            table is read with them.
        batch: how many inputs there are; for the noise and the standard deviation across them.
        output_grad: root mean square of the gradient at outputs, by value number; 1 at every output where not given.
        samples: of each value.
        seed: of everything random in the prediction.
    """
    walk = Walk(graph, weights, inputs or {}, batch, Draws(samples, seed))
    walk_forward(walk)
    if output_grad is None:
        output_grad = {out: 1.0 for out in graph.outputs if graph.values[out].kind == "data"}
    gradients, why_grad = walk_back(walk, output_grad)
    found = {}
    for value in graph.values:
        if value.kind != "data":
            continue
        number = value.number
        gradient = gradients.get(number)
        grad = None if gradient is None else math.sqrt(gradient.second)
        grad_noise = None if gradient is None else math.sqrt(max(gradient.variance, 0.0)) / 2
        reason = why_grad.get(number, "")
        told = walk.told.get(number)
        if told is None or number in walk.unsaid:
            why = walk.unsaid.get(number) or walk.why.get(number, "nothing is known of it")
            found[number] = Prediction(why=why, why_grad=reason, grad=grad, grad_noise=grad_noise)
            continue
        own = max(told.pairs.own, 0.0)
        size = math.sqrt(own * math.exp(walk.uneven.get(number, (0.0, 0.0))[1]))
        finite = (batch - 1) / batch if batch else 1.0
        found[number] = Prediction(
            rms=size, mean=told.mean, batch_std=math.sqrt(max(told.across, 0.0) * finite),
            cosine=told.pairs.inputs / own if own > 0 else None,
            noise=math.sqrt(told.inherited**2 + told.scatter) / 2, grad=grad, grad_noise=grad_noise,
            why_grad=reason,
        )  # fmt: skip
    return found
