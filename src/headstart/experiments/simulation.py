"""Theory's networks at finite width: signals forward and backward, and the Jacobian's spectrum, measured.

Layer l: h_l = W_l phi(h_{l-1}) + b_l, the network of `theory.propagation`. Every number is drawn from its stream like
any model's weights, under the key "networks.K.layers.L.weight", so the same seed gives the same networks everywhere.
One layer's weights are held at a time, and drawn again on the way back where the others found no room.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart import memory
from headstart.check import finite, positive, whole
from headstart.draws import draw_array
from headstart.errors import InputError, unknown
from headstart.schemes import Constant, Draw, Normal, Orthogonal
from headstart.theory.activations.callables import ActivationLike, AnyActivation
from headstart.theory.fixedpoints import checked, settle
from headstart.theory.propagation import WEIGHTS, Weights

__all__ = ["Simulation", "simulate", "singular_values"]

Array = NDArray[np.float64]
DEEPEST = 100_000  # layers that are simulated
_KEPT = 2**30  # bytes of weights that are kept for the way back, at most
_SQUARES = 5  # matrices at once while one layer is drawn: numbers, their words, and what is made of them
_SQUARES_OF_VALUES = 8  # the same with the product of all layers and its decomposition


@dataclass(frozen=True)
class Simulation:
    """Measured, layer by layer, one row per network: arrays of shape (networks, depth).

    `q`: mean square of the pre-activations; `c`: correlation of two inputs; `gradient`: mean squared gradient at each
    layer over that at the last.
    """

    q: Array
    c: Array
    gradient: Array


@dataclass(frozen=True)
class _Network:
    """One network of equally wide layers, drawn layer by layer."""

    key: str
    seed: int
    width: int
    weights: Draw
    biases: Draw

    def layer(self, index: int) -> tuple[Array, Array]:
        """(width, width) weights and (width,) biases."""
        name = f"{self.key}.layers.{index}"
        shape = (self.width, self.width)
        return self._drawn(self.weights, shape, f"{name}.weight"), self._drawn(
            self.biases, shape[:1], f"{name}.bias", "bias"
        )

    def standard(self, name: str, count: int = 1) -> Array:
        """(width, count) standard normal numbers."""
        return self._drawn(Normal(1.0), (self.width, count), f"{self.key}.{name}")

    def _drawn(self, draw: Draw, shape: tuple[int, ...], name: str, role: str = "weight") -> Array:
        found: Array = draw_array(draw, shape, self.seed, name, role, np.float64)
        return found


def simulate(
    activation: ActivationLike,
    sigma_w2: float,
    sigma_b2: float = 0.0,
    depth: int = 50,
    width: int = 256,
    networks: int = 8,
    start: float = 1.0,
    correlation: float = 0.5,
    weights: Weights = "gaussian",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """What `theory.propagate` predicts, measured in networks of finite width: two inputs forward, one gradient back.

    Args:
        activation: a spec string, an activation or any element-wise function.
        sigma_w2: fan_in times the variance of the weights.
        sigma_b2: variance of the biases.
        depth: number of layers, from 1 to 100,000.
        width: units per layer; memory is taken for a few matrices of this size, whatever the depth.
        networks: how many independent networks.
        start: variance of the first layer's pre-activations.
        correlation: of the two inputs' first pre-activations, from -1 to 1.
        weights: "gaussian" or "orthogonal".
        seed: the same seed gives the same networks.
        progress: called with (layers done, layers in all).

    Raises:
        InputError: out of range, or more memory than there is.

    >>> measured = simulate("relu", 2.0, depth=5, width=64, networks=3)
    >>> measured.q.shape
    (3, 5)

    References: Poole et al. 2016; Schoenholz et al. 2017.
    """
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)
    depth, start = whole(depth, "depth", most=DEEPEST, example="50"), positive(start, "start", "1")
    networks, width = whole(networks, "networks"), whole(width, "width")
    if not -1 <= finite(correlation, "the correlation") <= 1:
        raise InputError(f"the correlation must be from -1 to 1, got {correlation:g}. Write, for example, 0.5.")
    needed = 8 * (_SQUARES * width**2 + 2 * depth * width + 3 * networks * depth)
    memory.require(needed, f"a simulation of {depth:,} layers of {width:,} units", "Use a smaller width or depth.")
    made = _networks(networks, width, sigma_w2, sigma_b2, weights, seed)
    rows = []
    for done, network in enumerate(made):
        step = None if progress is None else _counted(progress, done * depth, networks * depth)
        rows.append(_measured(network, phi, depth, start, correlation, step))
    return Simulation(*(np.array(columns) for columns in zip(*rows, strict=True)))


def _counted(progress: Callable[[int, int], None], before: int, total: int) -> Callable[[int], None]:
    return lambda layers: progress(before + layers, total)


def singular_values(
    activation: ActivationLike,
    sigma_w2: float,
    sigma_b2: float = 0.0,
    depth: int = 1,
    width: int = 256,
    weights: Weights = "gaussian",
    q: float | None = None,
    seed: int = 0,
) -> Array:
    """The measured singular values of one network's input-output Jacobian, largest first: shape (width,).

    Args:
        activation, sigma_w2, sigma_b2, depth, width, weights, seed: as for `simulate`.
        q: variance of the first layer's pre-activations; None for the fixed point that the network settles at.

    Raises:
        InputError: out of range, or q is None and there is no fixed point.

    >>> values = singular_values("identity", 1.0, depth=3, width=32, weights="orthogonal")
    >>> bool(np.allclose(values, 1))
    True

    References: Pennington, Schoenholz & Ganguli 2017. `theory.jacobian` predicts mean and variance of their squares.
    """
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)
    depth, width = whole(depth, "depth", most=DEEPEST, example="50"), whole(width, "width")
    needed = 8 * _SQUARES_OF_VALUES * width**2
    memory.require(needed, f"the singular values of {width:,} units", "Use a smaller width.")
    q = settle(phi, sigma_w2, sigma_b2) if q is None else positive(q, "q", "1")
    (network,) = _networks(1, width, sigma_w2, sigma_b2, weights, seed)
    h = math.sqrt(q) * network.standard("input")[:, 0]
    product = phi.derivative(h)[:, None] * network.layer(0)[0]
    for index in range(1, depth):
        matrix, biases = network.layer(index)
        h = matrix @ phi(h) + biases
        product = phi.derivative(h)[:, None] * (matrix @ product)
    return np.asarray(np.linalg.svd(product, compute_uv=False))


def _networks(
    count: int, width: int, sigma_w2: float, sigma_b2: float, weights: Weights, seed: int
) -> Iterator[_Network]:
    if weights not in WEIGHTS:
        raise unknown("kind of weights", str(weights), WEIGHTS)
    gaussian = weights == "gaussian"
    size = math.sqrt(sigma_w2 / width) if gaussian else math.sqrt(sigma_w2)
    rule: Draw = Constant(0.0) if size == 0 else Normal(size) if gaussian else Orthogonal(size)
    biases: Draw = Normal(math.sqrt(sigma_b2)) if sigma_b2 > 0 else Constant(0.0)
    return (_Network(f"networks.{index}", seed, width, rule, biases) for index in range(count))


def _measured(
    network: _Network, phi: AnyActivation, depth: int, start: float, correlation: float,
    progress: Callable[[int], None] | None = None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """q, c and gradient of one network, layer by layer."""
    z = network.standard("input", 2)
    second = correlation * z[:, 0] + math.sqrt(1 - correlation**2) * z[:, 1]
    h = math.sqrt(start) * np.stack([z[:, 0], second], axis=1)  # (unit, input)
    slopes, q, c = [phi.derivative(h[:, 0])], [], []
    kept: dict[int, Array] = {}  # of the last layers, which the way back begins with
    room = min(_KEPT, memory.limit(1 / 4)) // (8 * network.width**2)
    with np.errstate(all="ignore"):
        for index in range(depth):
            if index:
                matrix, biases = network.layer(index)
                kept[index] = matrix
                kept.pop(index - room, None)
                h = matrix @ phi(h) + biases[:, None]
                slopes.append(phi.derivative(h[:, 0]))
            squares = np.mean(h * h, axis=0)
            q.append(squares[0])
            c.append(np.mean(h[:, 0] * h[:, 1]) / np.sqrt(squares[0] * squares[1]))
            if progress is not None:
                progress(index // 2)
        error = network.standard("gradient")[:, 0]
        gradient = [np.mean(error**2)]
        for index in range(depth - 1, 0, -1):
            matrix = kept.pop(index) if index in kept else network.layer(index)[0]
            error = slopes[index - 1] * (matrix.T @ error)
            gradient.append(np.mean(error**2))
            if progress is not None:
                progress(depth - index // 2)
    return np.array(q), np.array(c), np.array(gradient[::-1]) / gradient[0]
