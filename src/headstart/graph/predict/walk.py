"""The state of one walk: samples of the values that are still read, and what stays known of the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from headstart.graph.graph import Graph
from headstart.graph.predict import axes as axis
from headstart.graph.predict.axes import Axes
from headstart.graph.predict.inputs import InputMoments, start
from headstart.graph.values import Op
from headstart.graph.words import RESHAPE
from headstart.theory.laws.noise import scatter
from headstart.theory.laws.samples import Array, Draws, Pairs, Wholes, pairs_of
from headstart.theory.laws.sums import WeightMoments

MANY = 1e9
Back = Callable[[Sequence[Array | None]], Mapping[int, Array]]  # gradients at the outputs -> at the data taken


class NoRule(Exception):
    """No law holds for an operation; the message says why."""


@dataclass
class Step:
    """What a rule makes of one operation.

    Args:
        made: samples of each output; one for all where they are the same.
        back: the gradient's way back; None where it ends here.
        passes: by how much of itself the result's second moment changes with each operand's: signed.
        weighted: whether fresh weights were summed with, which adds the scatter of what came in.
        axes: of each output; None for those of the first operand, or as the shapes show.
        uneven: how unlike its places are: the standard deviation of the log of their second moments; None where that
            follows from the operands.
    """

    made: Sequence[Array]
    back: Back | None = None
    passes: Mapping[int, float] = field(default_factory=dict)
    weighted: bool = False
    axes: Sequence[Axes | None] = ()
    uneven: float | None = None


@dataclass(frozen=True)
class Told:
    """What stays known of a value: its mean products, its mean, and its scatter over draws by itself and inherited."""

    pairs: Pairs
    mean: float
    across: float  # variance between inputs
    scatter: float
    inherited: float  # signed standard deviation of the log of its second moment, as the weights before it were drawn


class Walk:
    """A walk forward.

    Args:
        weights: by parameter's name. batch: how many inputs; None where it is not known.
    """

    def __init__(
        self, graph: Graph, weights: Mapping[str, WeightMoments], inputs: Mapping[int, InputMoments],
        batch: int | None, draws: Draws,
    ) -> None:  # fmt: skip
        self.graph, self.weights, self.draws = graph, weights, draws
        self.batch = batch
        self.samples: dict[int, Array] = {}
        self.axes: dict[int, Axes] = {}
        self.told: dict[int, Told] = {}
        self.why: dict[int, str] = {}
        self.unsaid: dict[int, str] = {}  # values whose samples go on but whose own size nobody should be told
        self.roots: dict[int, frozenset[object]] = {}
        self.shares: dict[int, object] = {}
        self.masks: dict[int, tuple[bool, float]] = {}  # masked logits -> causal, share that is seen
        self.back: dict[int, Back | None] = {}
        self.vague: set[tuple[int, int]] = set()  # (operation, operand) whose gradient goes on but should not be told
        self.scores: dict[int, Pairs] = {}  # logits -> their mean products along a row
        self.tracks: dict[int, Any] = {}  # values of which some places are walked by themselves
        self.parted: dict[int, Any] = {}  # operation -> the gradient's way back part by part
        self.uneven: dict[int, tuple[float, float]] = {}  # see forward._uneven
        self.kinds: dict[int, Wholes] = {}  # which of several joined parts each sample's unit is of
        self.came_from: dict[int, int] = {}  # logits -> the value they were a step before
        self.softened: set[int] = set()  # logits that a softmax takes, which sees no common part of a row
        self._orders: dict[object, Wholes] = {}
        self._left = {value: len(readers) for value, readers in graph.readers.items()}
        self._constants: dict[int, Array | None] = {}
        for value in graph.values:
            if value.source.startswith("input") and value.kind == "data":
                given = inputs.get(value.number, InputMoments())
                self.axes[value.number] = axis.of_input(graph, value.number, given.whole)
                self.roots[value.number] = frozenset({("input", value.number)})
                made = start(given, self.axes[value.number], value.shape, draws, _rows_read(graph, value.number))
                try:
                    self.keep(value.number, made)
                except NoRule as reason:  # an input that is not finite
                    self.why[value.number] = str(reason)

    @property
    def count_inputs(self) -> int:
        return max(self.batch or 1, 1)

    @property
    def batch_or_many(self) -> float:
        """How many inputs share a batch's statistics; as many as one likes where nobody knows."""
        return float(self.batch or MANY)

    # --- what is known of operands -----------------------------------------------------------------------------------

    def shape(self, value: int) -> tuple[int, ...]:
        return self.graph.values[value].shape

    def size(self, value: int) -> int:
        return math.prod(self.shape(value))

    def signal(self, value: int) -> Array:
        """The samples of data.

        Raises:
            NoRule: there are none, since something before it has no rule.
        """
        found = self.samples.get(value)
        if found is None:
            raise NoRule(self.why.get(value, "nothing is known of what comes in"))
        return found

    def operand(self, value: int) -> Array | None:
        """Samples of any operand; None where the values of a constant are not known."""
        kind = self.graph.values[value].kind
        if kind == "data":
            return self.signal(value)
        if value in self.graph.numbers:
            return np.asarray(np.float64(self.graph.numbers[value]))
        if value not in self._constants:
            self._constants[value] = self.weight(value) if kind == "weight" else self.constant(value)
        return self._constants[value]

    def constant(self, value: int, places: bool = False) -> Array | None:
        """Samples of a constant array: the same for all inputs; of a table, or by places, others at other places."""
        array = self.graph.arrays.get(value)
        op = self.graph.maker(value)
        if array is None and op is not None and op.inputs:
            if op.call in ("cos", "sin") and self.size(value) > 1:  # rotations by angles that nobody knows
                array = getattr(np, op.call)(np.linspace(0, 2 * np.pi, self.draws.count, endpoint=False))
            elif op.name in RESHAPE | {"concatenate", "stack", "identity"} or len(op.inputs) == 1:
                before = [self.operand(given) for _, given in op.inputs[:1]]
                return before[0] if op.name in RESHAPE | {"concatenate", "stack"} else None
            elif op.name == "multiply":  # a rotation's table times its scale
                first, second = (self.operand(given) for _, given in op.inputs)
                return None if first is None or second is None else np.asarray(first * second)
        if array is None:
            return None
        spread = places or self.is_table(value)
        random = np.random.default_rng([2026, *self.shape(value)])  # tables of one shape are read at the same places
        here = random.integers(0, array.size, self.draws.count)
        there = random.integers(0, array.size, self.draws.count) if spread else here
        flat = array.reshape(-1)
        return np.asarray(np.stack([flat[here], flat[here], flat[there], flat[there]]))

    def is_table(self, value: int) -> bool:
        """Whether a constant or weight has an axis of places beside that of its units."""
        return sum(size > 1 for size in self.shape(value)) > 1

    def moments(self, value: int) -> WeightMoments:
        """The moments of a weight's values.

        Raises:
            NoRule: they are not known.
        """
        here: int | None = value
        while here is not None:
            source = self.graph.values[here]
            array = self.graph.arrays.get(here, self.samples.get(here, [None])[0])
            if array is not None and source.kind == "weight":
                return WeightMoments(float(np.mean(array**2)), float(np.mean(array)), array.reshape(-1))
            if source.source.startswith("parameter"):
                (name,) = source.parameters
                if name not in self.weights:
                    raise NoRule(f"the values of {name} are not known")
                return self.weights[name]
            op = self.graph.maker(here)
            moved = op is not None and op.name in RESHAPE - {"pad", "write"}
            here = (
                next((given for _, given in op.inputs if self.graph.values[given].kind == "weight"), None)
                if op and moved
                else None
            )
        raise NoRule("the values of a computed weight are not known")

    def weight(self, value: int) -> Array | None:
        """Samples of a weight's values, the same for all inputs."""
        if value in self.samples:
            return self.samples[value]
        moments = self.moments(value)
        return self.draws.shared(moments.values(self.draws), self.is_table(value), moments.alike)

    # --- results -----------------------------------------------------------------------------------------------------

    def keep(self, value: int, made: Array, inherited: float = 0.0) -> None:
        """Note what was made, and let go of it once nobody reads it."""
        if not np.all(np.isfinite(made)):
            raise NoRule("its size leaves the numbers that a computer has")
        if self._left.get(value, 0):
            self.samples[value] = made
        if self.graph.values[value].kind != "data":
            return
        if made.dtype == bool:
            made = made.astype(np.float64)
        axes = self.axes.get(value)
        units, places = (axis.count(axes, axis.UNIT), axis.count(axes, axis.PLACE)) if axes else (1, 1)
        across = float(np.mean((made[[0, 2]] - made[[1, 3]]) ** 2) / 2)
        self.told[value] = Told(
            pairs_of(made), float(made.mean()), across, scatter(made, units, self.count_inputs, places), inherited
        )

    def release(self, op: Op) -> None:
        """Forget the samples that this operation was the last to read."""
        for value in dict.fromkeys(value for _, value in op.inputs):
            self._left[value] = self._left.get(value, 1) - 1
            if self._left[value] <= 0:
                self.samples.pop(value, None)
                if value in self.tracks:  # where the parts lie is all that the way back needs
                    self.tracks[value] = replace(self.tracks[value], parts=())
                self._constants.pop(value, None)

    def order(self, key: object) -> Wholes:
        """A fixed order of samples for each part of a whole, so that the same part is always the same units."""
        if key not in self._orders:
            self._orders[key] = self.draws.random.permutation(self.draws.count)
        return self._orders[key]

    def scores_like(self, value: int) -> bool:
        return value in self.scores

    def scores_before(self, value: int) -> set[int]:
        """The logits and what they were before."""
        found = {value}
        while value in self.came_from:
            value = self.came_from[value]
            found.add(value)
        return found

    def places(self, value: int) -> int:
        axes = self.axes.get(value)
        return axis.count(axes, axis.PLACE) if axes else 1

    def units(self, value: int) -> int:
        axes = self.axes.get(value)
        return axis.count(axes, axis.UNIT) if axes else 1


def _rows_read(graph: Graph, value: int) -> int:
    """How many rows the table has that an index picks from; 0 where it picks from none."""
    for index in graph.readers.get(value, ()):
        op = graph.ops[index]
        table = op.operand("weight")
        if op.name in ("embedding", "embedding bag") and table is not None:
            return graph.values[table].shape[0]
    return 0
