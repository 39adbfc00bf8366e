"""What a signal becomes on its way through a graph: predicted with samples, not measured.

Each value has a few hundred samples of one unit's number, for two inputs of the model at once: what both share does not
depend on the input. Inputs are taken to have variance 1. Operations on elements act on the samples themselves; a sum
with weights makes new Gaussian numbers with the covariance that the weights' mean square and the fan give them (Lee et
al. 2018, eq. 4); a norm divides by what there is. So zero stays exactly zero, and what no longer depends on the input
is exactly equal in both rows. What nobody knows is left out, and so is all that comes of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError
from headstart.graph.values import Op, Use
from headstart.graph.words import ARITHMETIC, JOIN, RESHAPE
from headstart.layout import Layout, connections

if TYPE_CHECKING:
    from headstart.audits.evidence import Evidence, Tensor

Signal = NDArray[np.float64]  # (two inputs, samples)
SAMPLES = 768
AVERAGED = 0.3  # of a value's variance is left in attention's mean over positions, a guess between 1/T and 1
_MEANS = ("mean", "amax", "max", "amin", "min", "median", "nanmean")  # at most what goes in
HIDDEN = 0.4  # standard deviation of a recurrent layer's state at its start


class Link(NamedTuple):
    """One step of a chain: the weights it is due to, and the factor from the step before."""

    before: Link | None
    names: tuple[str, ...]
    factor: float


class Chain(NamedTuple):
    """The steps since the last norm, and the size after the last of them."""

    link: Link | None
    size: float


class Flow:
    """The signals of a graph's values, and the chains of weights that they passed.

    Args:
        evidence: with a graph.
        if_drawn: whether weights of zeros count as drawn, and norms' scales of zeros as ones.
    """

    def __init__(self, evidence: Evidence, if_drawn: bool = False) -> None:
        assert evidence.graph is not None
        self.evidence, self.graph, self.if_drawn = evidence, evidence.graph, if_drawn
        self.signals: dict[int, Signal] = {}
        self.chains: dict[int, Chain] = {}
        self.before_bias: dict[int, float] = {}  # weighted operation -> root mean square of its sums without the bias
        self._alone: dict[int, float] = {}  # weighted operation -> the factor of its weights alone
        self.indices: set[int] = set()
        self.shares: set[int] = set()  # what a softmax made
        self._norm_calls: dict[int, Signal] = {}
        self._sums = {found.op: found for found in evidence.sums}
        self._whole = {part: name for parts, name in evidence.computed.items() for part in parts}
        self._uses: dict[int, list[Use]] = {}
        for use in self.graph.uses:
            if use.slot in ("weight", "recurrent", "lookup"):
                self._uses.setdefault(use.op, []).append(use)
        self._draw = np.random.default_rng(2026)
        self.normal = _quantiles(SAMPLES)
        self._plain_norms = _plain_norm_calls(self.graph)
        looked_up = {op.operand("input") for op in self.graph.ops if op.name in ("embedding", "embedding bag")}
        with np.errstate(all="ignore"):
            for value in self.graph.values:
                if value.source.startswith("input"):
                    self._start(value.number, value.number in looked_up)
                elif value.source.startswith("parameter"):
                    self._parameter(value.number)
            for op in self.graph.ops:
                self._pass(op)

    def size(self, value: int) -> float | None:
        """Root mean square; None where it is not known."""
        signal = self.signals.get(value)
        return None if signal is None else float(np.sqrt(np.mean(signal**2)))

    def across(self, value: int) -> float | None:
        """Standard deviation between inputs: what depends on them."""
        signal = self.signals.get(value)
        return None if signal is None else _across(signal)

    def is_zero(self, value: int) -> bool:
        """Whether it is exactly zero, whatever comes in."""
        signal = self.signals.get(value)
        return signal is not None and not np.any(signal)

    def is_dead(self, value: int) -> bool:
        """Whether it is the same for every input."""
        signal = self.signals.get(value)
        return signal is not None and bool(np.array_equal(signal[0], signal[1]))

    # --- starts -----------------------------------------------------------------------------------------------------

    def _start(self, value: int, index: bool) -> None:
        if index:
            self.indices.add(value)
            return
        self.signals[value] = self._gauss(1.0, 0.0)
        self.chains[value] = Chain(None, 1.0)

    def _parameter(self, value: int) -> None:
        tensor = self.evidence.tensor_of(value)
        if tensor is not None and tensor.look is not None and tensor.values is not None and not tensor.look.nonfinite:
            self.signals[value] = self._of(tensor)

    def _of(self, tensor: Tensor) -> Signal:
        """Elements of a parameter, the same for both inputs."""
        assert tensor.look is not None
        assert tensor.values is not None
        if tensor.look.is_constant:
            ones = self.if_drawn and tensor.is_zero and tensor.parameter.role in ("norm scale", "layer scale")
            return np.full((2, SAMPLES), 1.0 if ones else tensor.look.mean)
        sample = tensor.values.sample(SAMPLES)
        row = self._draw.permutation(np.resize(sample, SAMPLES))
        return np.stack([row, row])

    def _gauss(self, variance: float, covariance: float, same: bool = False) -> Signal:
        """Gaussian numbers for two inputs, of this variance and covariance."""
        first = self._draw.permutation(self.normal)
        if variance <= 0:
            return np.zeros((2, SAMPLES))
        if same:
            return math.sqrt(variance) * np.stack([first, first])
        share = min(max(covariance / variance, -1.0), 1.0)
        second = self._draw.permutation(self.normal)
        return math.sqrt(variance) * np.stack([first, share * first + math.sqrt(1 - share * share) * second])

    # --- one operation ----------------------------------------------------------------------------------------------

    def _pass(self, op: Op) -> None:
        made = self._made(op)
        for out in op.outputs:
            if made is None or not np.all(np.isfinite(made)):
                continue
            self.signals[out] = made
        if made is None or self.graph.values[op.outputs[0]].kind != "data":
            return
        chain = self._chain(op, made)
        if chain is not None:
            self.chains |= dict.fromkeys(op.outputs, chain)

    def _made(self, op: Op) -> Signal | None:
        """What an operation makes; None where nobody knows."""
        call = next((call for call in op.calls if call in self._plain_norms), None)
        if call is not None:
            return self._by_hand(op, call)
        if self.graph.is_weighted(op):
            return self._weighted(op)
        given = [self.signals.get(value) for _, value in op.inputs]
        data = [value for value in self.graph.data(op) if value in self.signals]
        if op.name in ("embedding", "embedding bag"):  # rows picked by constants: positions
            return next((self.signals[value] for value in self.graph.weights(op) if value in self.signals), None)
        if op.name == "norm":
            return self._norm(op)
        if op.name == "softmax":
            self.shares |= set(op.outputs)
            return _softmax(given[0], self.graph.values[op.inputs[0][1]].shape) if given else None
        if op.name == "slice" and self.graph.data(op) and self.graph.weights(op):
            return self._lookup(op)
        if op.name in RESHAPE | {"dropout", "pool", "reduce", "scale"}:
            return self._passed_on(op, data)
        if op.name in JOIN:
            return self._joined(op)
        if op.name == "attention":
            return self._averaged(op.operand("value"))
        if op.name in ("matmul", "einsum"):
            return self._product(op)
        if op.name == "glu":
            return (
                None if not given or given[0] is None else given[0] / (1 + np.exp(-self._draw.permuted(given[0].T).T))
            )
        return self._replayed(op)

    def _passed_on(self, op: Op, data: list[int]) -> Signal | None:
        if op.name == "reduce" and op.call not in _MEANS:  # sums over so many, sizes: not known
            return None
        if op.name == "write" and (other := op.operand("other")) is not None and other in self.signals:
            data = [other]
        source = data or [value for _, value in op.inputs[:1]]
        if op.inputs and op.inputs[0][1] in self.indices:
            self.indices |= set(op.outputs)
        if op.inputs and op.inputs[0][1] in self.shares:
            self.shares |= set(op.outputs)
        signal = self.signals.get(source[0])
        return signal if signal is None or not _averages(op) else self._mean_over(op, source[0], signal)

    def _mean_over(self, op: Op, value: int, signal: Signal) -> Signal:
        """A mean over P positions, half alike: what scatters about the unit's mean shrinks by P^(1/4)."""
        before, after = (math.prod(self.graph.values[each].shape) for each in (value, op.outputs[0]))
        middle = signal.mean(1, keepdims=True)
        return np.asarray(middle + (signal - middle) / max(before / max(after, 1), 1.0) ** 0.25)

    def _weighted(self, op: Op) -> Signal | None:
        if op.name == "attention layer":
            return self._attention_layer(op)
        weights = self._weights(op)
        inputs = [value for value in self.graph.data(op) if value not in self.indices]
        if weights is None:
            return None
        if op.name == "recurrent":
            return self._recurrent(op, inputs, weights)
        if op.name in ("embedding", "embedding bag"):
            ((_, square),) = weights or [(0.0, 0.0)]
            return self._gauss(square, 0.0)
        signals = [self.signals.get(value) for value in inputs]
        if not signals or any(signal is None for signal in signals):
            return None
        ((fan, square),) = weights or [(0.0, 0.0)]
        product = math.prod(float(np.mean(signal**2)) for signal in signals if signal is not None)
        shared = math.prod(float(np.mean(signal[0] * signal[1])) for signal in signals if signal is not None)
        share = next((value for value in inputs if value in self.shares), None)
        scale = fan * square * (AVERAGED if share is not None and len(inputs) > 1 else 1.0)
        made = self._gauss(scale * product, scale * shared, all(self.is_dead(value) for value in inputs))
        self._alone[op.index] = math.sqrt(scale)
        self.before_bias[op.index] = math.sqrt(max(scale * product, 0.0))
        return self._with_bias(op, made)

    def _with_bias(self, op: Op, made: Signal) -> Signal | None:
        for slot, value in op.inputs:
            if self.graph.values[value].kind == "weight" and slot in ("bias", "bias_k", "out_proj_bias"):
                bias = self.signals.get(value)
                if bias is None:
                    return None
                made = made + bias
        return made

    def _weights(self, op: Op) -> list[tuple[float, float]] | None:
        """(fan_in, mean square) of each of an operation's weights; None where one is not known."""
        found = []
        for use in self._uses.get(op.index, ()):
            name = self._whole.get(use.parameter, use.parameter)
            tensor = self.evidence.tensors.get(name)
            if tensor is None or tensor.look is None or tensor.look.nonfinite:
                return None
            layout = use.layout if name == use.parameter else tensor.parameter.layout
            if layout is None:
                return None
            fan = _fan_in(tensor.parameter.shape, layout, use.part)
            found.append((fan, self._square(tensor, fan)))
        return list(dict.fromkeys(found)) if op.name == "recurrent" else found[:1]

    def _square(self, tensor: Tensor, fan: float) -> float:
        """A weight's mean square."""
        assert tensor.look is not None
        return 1 / max(fan, 1.0) if self.if_drawn and tensor.is_zero else tensor.look.rms**2

    def _recurrent(self, op: Op, inputs: list[int], weights: list[tuple[float, float]]) -> Signal | None:
        signal = self.signals.get(inputs[0]) if inputs else None
        if signal is None or not weights:
            return None
        scale = weights[0][0] * weights[0][1]
        hidden = sum(fan * square for fan, square in weights[1:2]) * HIDDEN**2
        state = self._gauss(
            scale * float(np.mean(signal**2)) + hidden,
            scale * float(np.mean(signal[0] * signal[1])),
            self.is_dead(inputs[0]),
        )
        self.before_bias[op.index] = float(np.sqrt(np.mean(state**2)))
        return HIDDEN * np.tanh(state) if np.any(state) else state

    def _attention_layer(self, op: Op) -> Signal | None:
        value = op.operand("value") if op.operand("value") is not None else op.operand("query")
        signal = self.signals.get(value if value is not None else -1)
        parts = [op.operand(slot) for slot in ("in_proj_weight", "v_proj_weight")]
        into = next((self.evidence.tensor_of(part) for part in parts if part is not None), None)
        last = op.operand("out_proj_weight")
        out = self.evidence.tensor_of(last) if last is not None else None
        if signal is None or into is None or out is None or into.look is None or out.look is None:
            return None
        scale = AVERAGED
        for tensor in (into, out):
            scale *= tensor.parameter.shape[-1] * self._square(tensor, tensor.parameter.shape[-1])
        same = bool(np.array_equal(signal[0], signal[1]))
        made = self._gauss(scale * float(np.mean(signal**2)), scale * float(np.mean(signal[0] * signal[1])), same)
        place = op.operand("out_proj_bias")
        bias = None if place is None else self.signals.get(place)
        return made if bias is None else made + bias

    def _lookup(self, op: Op) -> Signal | None:
        tensor = self.evidence.tensor_of(self.graph.weights(op)[0])
        return None if tensor is None or tensor.look is None else self._gauss(tensor.look.rms**2, 0.0)

    def _norm(self, op: Op) -> Signal | None:
        value = op.operand("input")
        signal = self.signals.get(value) if value is not None else None
        if signal is None or op.call == "local_response_norm":
            return signal
        if op.call in ("batch_norm", "instance_norm"):
            dead = np.array_equal(signal[0], signal[1])
            made = np.zeros_like(signal) if dead else self._gauss(1.0, 0.0)
        else:
            made = _standardized(signal, centre=op.call in ("layer_norm", "group_norm"))
            if op.call == "normalize" and value is not None:
                made = made / math.sqrt(max(self.graph.values[value].shape[-1:] or (1,)))
        for slot, value in op.inputs:
            if slot in ("weight", "bias") and self.graph.values[value].kind == "weight":
                own = self.signals.get(value)
                if own is None:
                    return None
                made = made * own if slot == "weight" else made + own
        return made

    def _by_hand(self, op: Op, call: int) -> Signal | None:
        """Inside a norm that was written by hand: what came into it, divided by its size, and its scale."""
        if call not in self._norm_calls:
            source = next((self.signals[value] for value in self.graph.data(op) if value in self.signals), None)
            if source is None:
                return None
            self._norm_calls[call] = _standardized(source, centre=False)
        if self.graph.values[op.outputs[0]].kind != "data":
            return self._replayed(op) if op.name not in RESHAPE else self.signals.get(op.inputs[0][1])
        for _, value in op.inputs:
            own = self.signals.get(value)
            if self.graph.values[value].kind == "weight" and own is not None and op.name in ("multiply", "add"):
                now = self._norm_calls[call]
                self._norm_calls[call] = now * own if op.name == "multiply" else now + own
        return self._norm_calls[call]

    def _joined(self, op: Op) -> Signal | None:
        parts = [(self.signals.get(value), math.prod(self.graph.values[value].shape)) for _, value in op.inputs]
        known = [(signal, size) for signal, size in parts if signal is not None]
        if len(known) < len(parts) or not known:
            return None
        edges = np.cumsum([size for _, size in known]) / max(sum(size for _, size in known), 1)
        from_which = np.searchsorted(edges, self._draw.permutation((np.arange(SAMPLES) + 0.5) / SAMPLES))
        stacked = np.stack([signal for signal, _ in known])  # (parts, 2, samples)
        return stacked[np.minimum(from_which, len(known) - 1), :, np.arange(SAMPLES)].T.copy()

    def _averaged(self, value: int | None) -> Signal | None:
        signal = self.signals.get(value) if value is not None else None
        return None if signal is None else math.sqrt(AVERAGED) * signal

    def _product(self, op: Op) -> Signal | None:
        """A product of two values without weights."""
        data = self.graph.data(op)
        shares = [value for value in data if value in self.shares]
        others = [value for value in data if value not in self.shares]
        if shares and others:
            return self._averaged(others[-1])
        signals = [self.signals.get(value) for value in data]
        if len(data) != 2 or signals[0] is None or signals[1] is None:
            return None
        over = self.graph.values[data[0]].shape[-1:] or (1,)
        variance = over[0] * float(np.mean(signals[0] ** 2) * np.mean(signals[1] ** 2))
        shared = over[0] * float(np.mean(signals[0][0] * signals[0][1]) * np.mean(signals[1][0] * signals[1][1]))
        return self._gauss(variance, shared, all(self.is_dead(value) for value in data))

    def _replayed(self, op: Op) -> Signal | None:
        """An operation on elements, on the samples themselves; constant arrays are neutral to it."""
        if op.name not in ARITHMETIC | {"pointwise"} or op.replay is None:
            return None
        arrays: list[Any] = []
        for slot, value in op.inputs:
            signal = self.signals.get(value)
            if signal is None and value in self.graph.numbers:
                arrays.append(np.float64(self.graph.numbers[value]))
            elif signal is None and self.graph.values[value].kind == "constant":
                if op.name in ARITHMETIC:
                    arrays.append(np.float64(0.0 if op.name in ("add", "subtract") else 1.0))
                else:  # a mask
                    return next((self.signals[v] for v in self.graph.data(op) if v in self.signals), None)
            elif signal is None:
                return None
            else:
                arrays.append(np.array([signal.mean()]) if slot == "slope" else signal)
        try:
            made = op.replay(arrays)
        except Exception:  # whatever a library's function does not like about these arrays
            return None
        found = np.asarray(made, np.float64) if isinstance(made, np.ndarray) else None
        return found if found is not None and found.shape == (2, SAMPLES) else None

    # --- chains -----------------------------------------------------------------------------------------------------

    def _chain(self, op: Op, made: Signal) -> Chain | None:
        size = _across(made)
        if size == 0:
            return self._beyond(op)
        if self.graph.is_norm(op) or op.name in ("recurrent", "softmax", "embedding", "embedding bag"):
            return Chain(None, size)
        residual = self._sums.get(op.index)
        if residual is not None:
            skip, over = self.chains.get(residual.skip), self.across(residual.skip)
            if skip is None or not over:
                return None
            return Chain(Link(skip.link, residual.ends, size / over), size)
        chains = [
            (self.across(value) or 0.0, self.chains[value]) for value in self.graph.data(op) if value in self.chains
        ]
        if not chains:
            return None
        chain = max(chains, key=lambda pair: pair[0])[1]
        if not self.graph.is_weighted(op):
            return chain
        names = tuple(dict.fromkeys(name for name in self._names(op)))
        return Chain(Link(chain.link, names, size / chain.size if chain.size else self._alone.get(op.index, 1.0)), size)

    def _beyond(self, op: Op) -> Chain | None:
        """Where what depends on the input has become less than the last digit of the rest, though no weight is zero."""
        chain = next((self.chains[value] for value in self.graph.data(op) if value in self.chains), None)
        if chain is None or (
            op.name not in RESHAPE | ARITHMETIC | {"pointwise", "pool", "reduce"} and not self._alone.get(op.index)
        ):
            return None
        if op.index not in self._alone:
            return Chain(chain.link, 0.0)
        return Chain(Link(chain.link, tuple(self._names(op)), self._alone[op.index]), 0.0)

    def _names(self, op: Op) -> list[str]:
        return [self._whole.get(use.parameter, use.parameter) for use in self._uses.get(op.index, ())]


def _averages(op: Op) -> bool:
    return op.call == "mean" or (op.name == "pool" and "avg" in op.call)


def links(chain: Chain) -> list[Link]:
    """The steps of a chain, the first one first."""
    found, link = [], chain.link
    while link is not None:
        found.append(link)
        link = link.before
    return found[::-1]


def _across(signal: Signal) -> float:
    return float(np.sqrt(np.mean((signal[0] - signal[1]) ** 2) / 2))


def _quantiles(count: int) -> NDArray[np.float64]:
    """Evenly spread normal numbers of variance exactly 1."""
    from scipy.special import ndtri

    z = ndtri((np.arange(count) + 0.5) / count)
    return np.asarray(z / np.sqrt(np.mean(z**2)), np.float64)


def _standardized(signal: Signal, centre: bool) -> Signal:
    rows = signal - signal.mean(1, keepdims=True) if centre else signal
    made: Signal = rows / np.sqrt(np.mean(rows**2, 1, keepdims=True) + 1e-12)
    return made


def _softmax(signal: Signal | None, shape: tuple[int, ...]) -> Signal | None:
    if signal is None:
        return None
    shares = np.exp(signal - signal.max(1, keepdims=True))
    made: Signal = shares / shares.mean(1, keepdims=True) / max(shape[-1:] or (1,))
    return made


def _fan_in(shape: tuple[int, ...], layout: Layout, part: tuple[int, int, int] | None) -> float:
    """How many inputs feed one output; of the part of a weight that is used."""
    if not layout.out_axes:
        fan = float(math.prod(shape[axis] for axis in layout.in_axes))
    else:
        try:
            fan = connections(shape, layout).fan_in
        except InputError:  # blocks that differ along their outputs
            fan = float(math.prod(shape[axis] for axis in layout.in_axes))
    if part is not None and part[0] in layout.in_axes:
        fan *= (part[2] - part[1]) / shape[part[0]]
    return fan


def _plain_norm_calls(graph: Any) -> dict[int, Callable[..., Any] | None]:
    """Calls of norms written by hand: modules named so, with neither weights to sum with nor a norm inside."""
    inside: dict[int, list[Op]] = {}
    for op in graph.ops:
        for call in op.calls:
            if "norm" in graph.calls[call].kind.lower():
                inside.setdefault(call, []).append(op)
    return {
        call: None
        for call, ops in inside.items()
        if not any(op.name == "norm" or graph.is_weighted(op) for op in ops)
        and any(op.name in ("pool", "reduce") or op.call == "pow" for op in ops)
    }
