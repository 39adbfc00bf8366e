"""The tape: a jaxpr walked equation by equation, looked into wherever it calls, as operations on numbered values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend import core as jax_core

from headstart.graph.values import Kind, Op, Value
from headstart.graph.words import POINTWISE
from headstart.models.jax.attributes import described
from headstart.models.jax.ops import CALLS, known, slots_of
from headstart.models.jax.program import Equation, Program, is_held
from headstart.models.jax.replay import NUMPY, call_replay, inner_of, replay_of

_MOST_OPS = 200_000  # of unrolled scans; what would be more stays one operation


class Frame(NamedTuple):
    """Where the walk is: names of scopes, and how often a loop around it runs."""

    scopes: tuple[str, ...] = ()
    length: int = 1


class Tape:
    """Operations in order, as a jaxpr is walked."""

    def __init__(self, unroll: bool, most_steps: int, root: str = "", separator: str = ".") -> None:
        self.unroll, self.most_steps, self.root, self.separator = unroll, most_steps, root, separator
        self.values: list[Value] = []
        self.dtypes: list[Any] = []
        self.ops: list[Op] = []
        self.equations: list[Equation] = []
        self.constants: dict[int, Any] = {}
        self.numbers: dict[int, float] = {}
        self.again: dict[int, int] = {}

    # --- values ------------------------------------------------------------------------------------------------------

    def value(
        self, aval: Any, kind: Kind, source: str, parameters: frozenset[str] = frozenset(), op: int | None = None
    ) -> int:
        number = len(self.values)
        self.values.append(Value(number, tuple(map(int, aval.shape)), kind, source, op, parameters))
        self.dtypes.append(aval.dtype)
        return number

    def _avals(self, given: Sequence[int]) -> list[tuple[tuple[int, ...], Any]]:
        return [(self.values[value].shape, self.dtypes[value]) for value in given]

    def constant(self, aval: Any, held: Any) -> int:
        """A value that the pass was given, which is neither input nor parameter."""
        number = self.value(aval, "constant", "constant")
        self.constants[number] = held
        if math.prod(aval.shape) == 1 and is_held(held) and _is_number(aval.dtype):
            self.numbers[number] = number_of(np.asarray(held).reshape(()))
        return number

    # --- the walk ----------------------------------------------------------------------------------------------------

    def run(self, closed: Any, given: Sequence[int], frame: Frame = Frame()) -> list[int]:  # noqa: B008
        """Walk a jaxpr on these values; the values that it gives back."""
        found: dict[Any, int] = {}
        for variable, held in zip(closed.jaxpr.constvars, closed.consts, strict=True):
            found[variable] = self.constant(variable.aval, held)
        found.update(zip(closed.jaxpr.invars, given, strict=True))

        def read(atom: Any) -> int:
            if isinstance(atom, jax_core.Literal):
                aval: Any = atom.aval
                return self.constant(aval, np.asarray(atom.val, aval.dtype))
            return found[atom]

        for equation in closed.jaxpr.eqns:
            inside = frame._replace(scopes=frame.scopes + _scopes(equation))
            made = self._equation(equation, [read(atom) for atom in equation.invars], inside)
            found.update(zip(equation.outvars, made, strict=True))
        return [read(atom) for atom in closed.jaxpr.outvars]

    def _equation(self, equation: Any, given: list[int], frame: Frame) -> list[int]:
        name, params = equation.primitive.name, equation.params
        if name == "scan":
            return self._scan(equation, given, frame)
        if name == "while" and not self.unroll:
            return self._while(equation, given, frame)
        if name == "cond":
            return self._cond(equation, given, frame)
        inner = inner_of(params) if name in CALLS else None
        if inner is not None and len(inner.jaxpr.invars) == len(given):
            if self._is_one_function(inner, given):
                return self._named(equation, inner, given, frame)
            return self.run(inner, given, frame)
        return self._plain(equation, given, frame)

    def _plain(self, equation: Any, given: list[int], frame: Frame) -> list[int]:
        """One operation."""
        name, params = equation.primitive.name, equation.params
        row = known(name)
        operands = [self.values[value] for value in given]
        avals = [variable.aval for variable in equation.outvars]
        said = described(name, params, operands, tuple(avals[0].shape) if avals else (), self.numbers)
        slots = said.slots or slots_of(name, len(given))
        replay = replay_of(equation.primitive, params, self._avals(given), row.word in POINTWISE)
        return self.add(
            said.word or row.word, said.call or row.call or name, list(zip(slots, given, strict=True)), avals, replay,
            frame, said.attributes, Equation(name, params),
        )  # fmt: skip

    def add(
        self, word: str, call: str, inputs: Sequence[tuple[str, int]], avals: Sequence[Any],
        replay: Callable[[Sequence[Any]], Any], frame: Frame, attributes: Mapping[str, Any], equation: Equation,
        kind: Kind | None = None,
    ) -> list[int]:  # fmt: skip
        """A new operation; the values that it makes."""
        index = len(self.ops)
        given = [self.values[value] for _, value in inputs]
        kinds = {value.kind for value in given}
        if kind is None:
            kind = "data" if "data" in kinds else "weight" if "weight" in kinds else "constant"
        roots = frozenset[str]()
        if kind == "weight":
            roots = roots.union(*(value.parameters for value in given))
        made = [self.value(aval, kind, "op", roots, index) for aval in avals]
        if frame.length > 1:
            attributes = dict(attributes) | {"length": frame.length}
        self.ops.append(
            Op(index, word, call, self._module(frame), (), tuple(inputs), tuple(made), attributes, replay)
        )  # fmt: skip
        self.equations.append(equation)
        if kind == "constant":
            self._number(self.ops[-1])
        return made

    def _module(self, frame: Frame) -> str:
        scopes = frame.scopes
        if self.root and scopes and scopes[0] == self.root:
            scopes = scopes[1:]
        return self.separator.join(scopes)

    def _number(self, op: Op) -> None:
        """What a constant of one number is, where it is made of others; one number repeated is one too."""
        equation = self.equations[op.index]
        if len(op.outputs) != 1 or not op.inputs or not all(value in self.numbers for _, value in op.inputs):
            return
        if equation.name not in NUMPY or not _is_number(self.dtypes[op.outputs[0]]):
            return
        if equation.name != "broadcast_in_dim" and known(equation.name).word not in POINTWISE | {"identity", "reshape"}:
            return
        if known(equation.name).word in ("reshape", "expand"):
            self.numbers[op.outputs[0]] = self.numbers[op.inputs[0][1]]
            return
        arrays = [np.asarray(self.numbers[value], _kept(self.dtypes[value])) for _, value in op.inputs]
        with np.errstate(all="ignore"):
            self.numbers[op.outputs[0]] = float(NUMPY[equation.name](equation.params, *arrays))

    # --- functions with a name ---------------------------------------------------------------------------------------

    def _is_one_function(self, closed: Any, given: Sequence[int]) -> bool:
        """Whether a call is a function of one value, element by element, as activations are."""
        arrays = [value for value in given if value not in self.numbers]
        outs = closed.jaxpr.outvars
        if len(arrays) != 1 or len(outs) != 1 or any(np.size(held) > 1 for held in closed.consts):
            return False
        if self.values[arrays[0]].kind == "constant" or self.values[arrays[0]].shape != tuple(outs[0].aval.shape):
            return False
        return _is_by_element(closed) and _does_something(closed)

    def _named(self, equation: Any, inner: Any, given: list[int], frame: Frame) -> list[int]:
        replay = call_replay(equation.primitive, equation.params, inner, self._avals(given))
        place = next(i for i, value in enumerate(given) if value not in self.numbers)
        slots = ["input" if i == place else f"argument {i}" for i in range(len(given))]
        return self.add(
            "pointwise", _name_of(equation, inner), list(zip(slots, given, strict=True)),
            [variable.aval for variable in equation.outvars], replay, frame, {}, Equation("call", {}),
        )  # fmt: skip

    # --- choices and loops -------------------------------------------------------------------------------------------

    def _cond(self, equation: Any, given: list[int], frame: Frame) -> list[int]:
        """The branch that is taken, where that is known; else all of them, and a choice."""
        branches, (index, *operands) = equation.params["branches"], given
        if index in self.numbers:
            place = min(max(int(self.numbers[index]), 0), len(branches) - 1)
            return self.run(branches[place], operands, frame)
        made = [self.run(branch, operands, frame) for branch in branches]
        found = []
        for place, variable in enumerate(equation.outvars):
            choices = [each[place] for each in made]
            if len(set(choices)) == 1:
                found.append(choices[0])
                continue
            inputs = [("index", index), *((f"tensors {i}", value) for i, value in enumerate(choices))]
            found += self.add("choice", "cond", inputs, [variable.aval], _chosen, frame, {}, Equation("choice", {}))
        return found

    def _scan(self, equation: Any, given: list[int], frame: Frame) -> list[int]:
        params = equation.params
        consts, carries = params["num_consts"], params["num_carry"]
        parts = given[:consts], given[consts : consts + carries], given[consts + carries :]
        length, body = int(params["length"]), params["jaxpr"]
        if not self.unroll:
            return self._once(equation, body, *parts, length, frame)
        ops = _count(body)
        if length > self.most_steps or len(self.ops) + ops * length > _MOST_OPS:
            return self._plain(equation, given, frame)
        return self._steps(equation, body, *parts, length, bool(params["reverse"]), frame)

    def _steps(
        self, equation: Any, body: Any, consts: list[int], carry: list[int], xs: list[int], length: int, reverse: bool,
        frame: Frame,
    ) -> list[int]:  # fmt: skip
        """Every step by itself."""
        avals = [variable.aval for variable in body.jaxpr.invars[len(consts) + len(carry) :]]
        made: list[list[int]] = [[] for _ in equation.outvars[len(carry) :]]
        for step in reversed(range(length)) if reverse else range(length):
            at = Equation("step", {"at": step})
            here = [self._taken(x, aval, step, at, frame) for x, aval in zip(xs, avals, strict=True)]
            out = self.run(body, [*consts, *carry, *here], frame)
            carry = out[: len(carry)]
            for place, value in enumerate(out[len(carry) :]):
                made[place].append(value)
        found = []
        for values, variable in zip(made, equation.outvars[len(carry) :], strict=True):
            values = values[::-1] if reverse else values
            if not values:
                found.append(self.constant(variable.aval, jax.numpy.zeros(variable.aval.shape, variable.aval.dtype)))
                continue
            inputs = [(f"tensors {i}", value) for i, value in enumerate(values)]
            found += self.add(
                "stack", "stack", inputs, [variable.aval], _stacked, frame, {"dim": 0}, Equation("stack", {})
            )
        return [*carry, *found]

    def _while(self, equation: Any, given: list[int], frame: Frame) -> list[int]:
        """The body of a loop that goes round as often as data say, once."""
        conds, consts = equation.params["cond_nconsts"], equation.params["body_nconsts"]
        rest = given[conds:]
        return self._once(equation, equation.params["body_jaxpr"], rest[:consts], rest[consts:], [], 1, frame)

    def _once(
        self, equation: Any, body: Any, consts: list[int], carry: list[int], xs: list[int], length: int, frame: Frame
    ) -> list[int]:
        """The body alone, as its first step; what it carries goes round."""
        inner = frame._replace(length=frame.length * max(length, 1))
        kinds = self._carried(body, consts, carry, xs)
        variables = body.jaxpr.invars[len(consts) :]
        start = []
        for place, (value, kind) in enumerate(zip(carry, kinds, strict=True)):
            if body.jaxpr.outvars[place] is variables[place]:  # carried round unchanged
                start.append(value)
                continue
            start += self.add(
                "identity", "scan carry", [("input", value)], [variables[place].aval], _first, inner, {},
                Equation("carry", {}), kind,
            )  # fmt: skip
            if kind == "constant":  # a counter
                self.numbers.pop(start[-1], None)
        avals = [variable.aval for variable in variables[len(carry) :]]
        here = [self._taken(x, aval, 0, Equation("loop", {}), inner) for x, aval in zip(xs, avals, strict=True)]
        first = len(self.ops)
        out = self.run(body, [*consts, *start, *here], inner)
        self._repeat(first, start, out[: len(carry)], inner)
        self.again |= {end: begin for begin, end in zip(start, out, strict=False) if begin != end}
        found = []
        for place, (value, variable) in enumerate(zip(out, equation.outvars, strict=True)):
            leave = Equation("leave", {})
            if value in carry:  # carried round unchanged
                found.append(value)
            elif place < len(carry):
                found += self.add("identity", "scan", [("input", value)], [variable.aval], _first, frame, {}, leave)
            else:
                repeated = _Repeated(length)
                found += self.add(
                    "stack", "scan", [("input", value)], [variable.aval], repeated, frame, {"dim": 0}, leave
                )
        return found

    def _taken(self, value: int, aval: Any, step: int, equation: Equation, frame: Frame) -> int:
        return self.add("slice", "scan", [("input", value)], [aval], _Taken(step), frame, {}, equation)[0]

    def _carried(self, body: Any, consts: list[int], carry: list[int], xs: list[int]) -> list[Kind]:
        """Of which kind each carry is, once the loop has gone round as often as changes anything."""
        kinds: list[Kind] = [self.values[value].kind for value in carry]
        order: tuple[Kind, ...] = ("constant", "weight", "data")
        for _ in range(len(carry) + 1):
            found: dict[Any, Kind] = dict.fromkeys(body.jaxpr.constvars, "constant")
            given: list[Kind] = [
                *(self.values[v].kind for v in consts), *kinds, *(self.values[v].kind for v in xs)
            ]  # fmt: skip
            found.update(zip(body.jaxpr.invars, given, strict=True))
            for equation in body.jaxpr.eqns:
                taken = [found[a] for a in equation.invars if not isinstance(a, jax_core.Literal)]
                most = max(taken, key=order.index, default="constant")
                found.update(dict.fromkeys(equation.outvars, most))
            ends = [None if isinstance(atom, jax_core.Literal) else atom for atom in body.jaxpr.outvars]
            after: list[Kind] = [found.get(end, "constant") for end in ends]
            new = [max(a, b, key=order.index) for a, b in zip(kinds, after, strict=False)]
            if new == kinds:
                break
            kinds = new
        return kinds

    def _repeat(self, first: int, start: Sequence[int], end: Sequence[int], frame: Frame) -> None:
        """Say of every operation between what is carried in and what is carried out how often it lies behind itself."""
        ahead = {b for b, e in zip(start, end, strict=True) if b != e and self.values[b].kind == "data"}
        for op in self.ops[first:]:
            if any(value in ahead for _, value in op.inputs):
                ahead |= set(op.outputs)
        back = {e for b, e in zip(start, end, strict=True) if b != e and self.values[b].kind == "data"}
        for op in reversed(self.ops[first:]):
            if not back.isdisjoint(op.outputs):
                back |= {value for _, value in op.inputs}
                if not ahead.isdisjoint(op.outputs):
                    object.__setattr__(op, "attributes", dict(op.attributes) | {"repeats": frame.length})

    def program(self, outputs: Sequence[int]) -> Program:
        """What was recorded, without what leads nowhere."""
        return Program(
            self.values, self.ops, self.equations, list(outputs), self.dtypes, self.constants, self.numbers, self.again
        ).pruned()


class _Taken:
    """One step of what a scan goes along."""

    def __init__(self, step: int) -> None:
        self.step = step

    def __call__(self, arrays: Sequence[Any]) -> Any:
        return arrays[0][self.step]


class _Repeated:
    """What a scan collects, as if each step gave the same."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __call__(self, arrays: Sequence[Any]) -> Any:
        module = np if isinstance(arrays[0], (np.ndarray, np.generic)) else jax.numpy
        return module.broadcast_to(arrays[0], (self.length, *np.shape(arrays[0])))


def _first(arrays: Sequence[Any]) -> Any:
    return arrays[0]


def _stacked(arrays: Sequence[Any]) -> Any:
    in_numpy = all(isinstance(array, (np.ndarray, np.generic)) for array in arrays)
    return np.stack(arrays) if in_numpy else jax.numpy.stack(arrays)


def _chosen(arrays: Sequence[Any]) -> Any:
    index, *cases = arrays
    if all(isinstance(array, (np.ndarray, np.generic)) for array in arrays):
        return cases[min(max(int(index), 0), len(cases) - 1)]
    return jax.lax.select_n(jax.numpy.clip(index, 0, len(cases) - 1).astype("int32"), *cases)


def _scopes(equation: Any) -> tuple[str, ...]:
    """The names of the scopes an equation was written in; letters of an einsum are none."""
    names = [
        getattr(each, "name", "") for each in equation.source_info.name_stack.stack if "Scope" in type(each).__name__
    ]
    parts = tuple(part for name in names for part in name.split("/") if part and "->" not in part)
    return tuple(part for part in parts if not part.startswith("eqx.nn."))  # Equinox names classes, not places


def _name_of(equation: Any, inner: Any) -> str:
    name = equation.params.get("name") or getattr(inner.jaxpr.debug_info, "func_name", "") or equation.primitive.name
    return str(name) if str(name).isidentifier() else "function"


def _is_by_element(closed: Any) -> bool:
    for equation in closed.jaxpr.eqns:
        name = equation.primitive.name
        inner = inner_of(equation.params) if name in CALLS else None
        if inner is not None:
            if not _is_by_element(inner):
                return False
            continue
        if name == "broadcast_in_dim":
            if math.prod(equation.invars[0].aval.shape) != 1:
                return False
        elif name not in NUMPY or known(name).word not in POINTWISE | {"identity"}:
            return False
    return all(np.size(held) == 1 for held in closed.consts)


def _does_something(closed: Any) -> bool:
    for equation in closed.jaxpr.eqns:
        inner = inner_of(equation.params) if equation.primitive.name in CALLS else None
        if _does_something(inner) if inner is not None else known(equation.primitive.name).word in POINTWISE:
            return True
    return False


def _count(closed: Any) -> int:
    """How many operations a jaxpr comes to, loops inside it unrolled."""
    total = 0
    for equation in closed.jaxpr.eqns:
        inner = inner_of(equation.params)
        times = int(equation.params.get("length", 1)) if equation.primitive.name == "scan" else 1
        total += 1 if inner is None else times * _count(inner)
    return total


# numbers of activations that are no short decimals: sqrt(2/pi), GELU's, 1/sqrt(2), sqrt(2), SELU's two, pi, ln 2, 1.702
_FORMULAS = (0.7978845608028654, 0.044715, 0.7071067811865476, 1.4142135623730951, 1.0507009873554805,
             1.6732632423543772, 3.141592653589793, 0.6931471805599453, 1.702)  # fmt: skip


def number_of(held: Any) -> float:
    """The number that somebody wrote, of one that is held in few digits: what is known to stand in formulas, else the
    shortest that is held so.

    >>> number_of(np.float32(0.1)), number_of(np.float16(-0.7978845608))
    (0.1, -0.7978845608028654)
    """
    if held.dtype.kind in "biu" or held.dtype == np.float64:
        return float(held)
    number = float(held)
    for formula in _FORMULAS:
        if abs(number) == float(np.asarray(formula).astype(held.dtype)):
            return formula if number > 0 else -formula
    for digits in range(1, 9):
        short = float(f"{number:.{digits}g}")
        with np.errstate(over="ignore"):  # the largest number of a type, shortened upwards
            if np.isfinite(number) and float(np.asarray(short).astype(held.dtype)) == number:
                return short
    return number


def _is_number(dtype: Any) -> bool:
    kinds = (jax.numpy.integer, jax.numpy.floating, jax.numpy.bool_)
    return any(jax.numpy.issubdtype(dtype, kind) for kind in kinds)


def _kept(dtype: Any) -> Any:
    """The type a number is computed in: whole numbers and truth values stay such."""
    return dtype if np.dtype(dtype).kind in "iub" else np.float64
