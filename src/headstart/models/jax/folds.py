"""Runs of equations that are one operation: means, softmax, dropout, tables read, normalizations, pooling by means.

JAX writes these out in primitives; the laws and rules of the graph know them whole. They are found by how values flow,
never by names, so that a library's own and one written by hand are the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import jax
import numpy as np

from headstart.graph.norms import written_norm
from headstart.graph.values import Op
from headstart.models.jax.ops import RANDOM
from headstart.models.jax.program import Fold, Program
from headstart.models.jax.slopes import sloped

_COPIES = frozenset({"convert_element_type", "copy", "copy_p", "stop_gradient", "reduce_precision", "name"})
_WIDENS = frozenset({"broadcast_in_dim", "reshape", "expand_dims", "squeeze"})
_ROOTS = frozenset({"rsqrt", "sqrt", "pow"})


def folded(program: Program) -> Program:
    """The program with all that is one operation as one."""
    for rule in (_products, _tables, _means, _softmaxes, _pools, _dropouts):
        program = program.folded(list(rule(program)))
    return sloped(program.folded(list(_norms(program))))


# --- products -------------------------------------------------------------------------------------------------------


def _products(program: Program) -> Iterator[Fold]:
    """A product whose axes are put in order behind it, as mapping over a batch leaves it: x W after all."""
    for op in program.ops:
        kinds = [program.values[value].kind for _, value in op.inputs]
        after = program.single(op.outputs[0]) if op.name == "einsum" and sorted(kinds) == ["data", "weight"] else None
        if after is None or program.name(after) != "transpose":
            continue
        terms, _, result = op.attributes["equation"].partition("->")
        result = "".join(result[place] for place in after.attributes["dims"])
        place = kinds.index("data")
        data, weight = terms.split(",")[place], terms.split(",")[1 - place]
        plain = len(weight) == 2 and data[-1] in weight and result == data[:-1] + weight.replace(data[-1], "")
        word = "linear" if plain else "einsum"
        slots = ["input" if at == place else "weight" for at in range(2)] if plain else ["operands 0", "operands 1"]
        inputs = tuple(zip(slots, (value for _, value in op.inputs), strict=True))
        attributes = dict(op.attributes) | {"equation": f"{terms}->{result}"}
        yield Fold((op.index, after.index), word, word, inputs, after.outputs, attributes)


# --- tables ---------------------------------------------------------------------------------------------------------


def _tables(program: Program) -> Iterator[Fold]:
    """A table read at whole numbers, with what makes negative ones count from the end."""
    for op in program.ops:
        if op.name != "embedding":
            continue
        value, table = op.operand("input"), op.operand("weight")
        if value is None or table is None:
            continue
        inside, source = _indices(program, value, op)
        if inside:
            yield Fold(
                (*inside, op.index), "embedding", "embedding", (("weight", table), ("input", source)), op.outputs,
                op.attributes,
            )  # fmt: skip


def _indices(program: Program, value: int, reader: Op) -> tuple[list[int], int]:
    """Back from an index to what it was given as: the operations between, and that value."""
    inside: list[int] = []
    allowed = {reader.index}
    while (op := program.maker(value)) is not None and set(program.readers.get(value, ())) <= allowed:
        name = program.name(op)
        data = [given for _, given in op.inputs if given not in program.numbers]
        if name in _COPIES | _WIDENS and len(data) == 1:
            if name in _WIDENS and _without_ones(program, value) != _without_ones(program, data[0]):
                break
            inside.append(op.index)
            allowed.add(op.index)
            value = data[0]
        elif name == "select_n" and len(data) == 3:
            source = op.inputs[1][1]
            wrapped, test = program.maker(op.inputs[2][1]), program.maker(op.inputs[0][1])
            if wrapped is None or test is None or (program.name(wrapped), program.name(test)) != ("add", "lt"):
                break
            if {source} != {g for each in (wrapped, test) for _, g in each.inputs if g not in program.numbers}:
                break
            inside += [op.index, wrapped.index, test.index]
            allowed |= {op.index, wrapped.index, test.index}
            value = source
        else:
            break
    return inside, value


def _without_ones(program: Program, value: int) -> list[int]:
    return [size for size in program.values[value].shape if size > 1]


# --- means and pools ------------------------------------------------------------------------------------------------


def _means(program: Program) -> Iterator[Fold]:
    """A sum divided by how many it is of."""
    for op in program.ops:
        if program.name(op) != "reduce_sum" or program.values[op.outputs[0]].kind == "constant":
            continue
        source = program.values[op.inputs[0][1]]
        count = math.prod(source.shape[axis] for axis in op.attributes["dim"])
        found = _divided(program, op, count)
        if found is not None:
            yield Fold(found[0], "reduce", "mean", op.inputs, found[1].outputs, op.attributes)


def _pools(program: Program) -> Iterator[Fold]:
    """A sum over windows divided by their size."""
    for op in program.ops:
        if op.call == "sum_pool" and "kernel_size" in op.attributes:
            found = _divided(program, op, math.prod(op.attributes["kernel_size"]))
            if found is not None:
                dims = len(op.attributes["kernel_size"])
                yield Fold(found[0], "pool", f"avg_pool{dims}d", op.inputs, found[1].outputs, op.attributes)


def _divided(program: Program, op: Op, count: int) -> tuple[tuple[int, ...], Op] | None:
    """The operations from a sum to its division by so many, and the last of them."""
    inside = [op.index]
    here = op
    while (reader := program.single(here.outputs[0])) is not None:
        inside.append(reader.index)
        name = program.name(reader)
        if name in _COPIES or (name in _WIDENS and _without_ones(program, reader.outputs[0]) == _without_ones(
            program, reader.inputs[0][1]) and name != "reshape"):  # fmt: skip
            here = reader
            continue
        first, other = (value for _, value in reader.inputs) if len(reader.inputs) == 2 else (-1, -1)
        number = program.numbers.get(other if first == here.outputs[0] else first)
        if number is None or count == 0:
            return None
        by = 1 / number if name == "mul" and number else number if name == "div" and first == here.outputs[0] else 0.0
        return (tuple(inside), reader) if math.isclose(by, count, rel_tol=1e-3) else None
    return None


# --- softmax --------------------------------------------------------------------------------------------------------


def _softmaxes(program: Program) -> Iterator[Fold]:
    """exp(x - m) over its own sum, or x - m - log of that sum."""
    for op in program.ops:
        if program.name(op) != "exp" or program.values[op.outputs[0]].kind != "data":
            continue
        found = _softmax(program, op)
        if found is not None:
            yield found


def _softmax(program: Program, exp: Op) -> Fold | None:
    inside = [exp.index]
    total = axes = None
    for index in _through(program, exp.outputs[0], _COPIES, inside):
        if program.name(program.ops[index]) == "reduce_sum":
            total, axes = program.ops[index], program.ops[index].attributes["dim"]
            inside.append(index)
    if total is None or axes is None or len(axes) != 1:
        return None
    x = _shifted(program, exp.inputs[0][1], inside)
    end, call = None, "softmax"
    for index in _through(program, total.outputs[0], _COPIES | _WIDENS | {"transpose"}, inside):
        reader = program.ops[index]
        name = program.name(reader)
        if name == "div" and _is_exp(program, reader.inputs[0][1], exp, inside):
            end = reader
        elif name == "log":
            inside.append(index)
            for after in _through(program, reader.outputs[0], _COPIES | _WIDENS, inside):
                if program.name(program.ops[after]) == "sub":
                    end, call = program.ops[after], "log_softmax"
    if end is None:
        return None
    inside.append(end.index)
    inside = sorted(dict.fromkeys(inside))
    out = end.outputs[0]
    made = {value for index in inside for value in program.ops[index].outputs}
    if program.values[out].shape != program.values[x].shape or any(
        value in program.outputs or not set(program.readers.get(value, ())) <= set(inside) for value in made - {out}
    ):
        return None
    return Fold(tuple(inside), "softmax", call, (("input", x),), (out,), {"dim": int(axes[0])})


def _through(program: Program, value: int, names: frozenset[str] | set[str], inside: list[int]) -> list[int]:
    """The readers of a value, behind what only copies or widens it; that is noted as inside."""
    found, stack = [], [value]
    while stack:
        for index in program.readers.get(stack.pop(), ()):
            op = program.ops[index]
            if program.name(op) in names:
                inside.append(index)
                stack.append(op.outputs[0])
            else:
                found.append(index)
    return found


def _is_exp(program: Program, value: int, exp: Op, inside: list[int]) -> bool:
    while value not in exp.outputs:
        op = program.maker(value)
        if op is None or op.index not in inside:
            return False
        value = op.inputs[0][1]
    return True


def _shifted(program: Program, value: int, inside: list[int]) -> int:
    """x of x - m, where m is x's own largest value; what leads to m is noted as inside."""
    op = program.maker(value)
    if op is None or program.name(op) != "sub":
        return value
    x, m = (given for _, given in op.inputs)
    way = _largest_of(program, m, x)
    if way is None:
        return value
    inside += [op.index, *way]
    return x


def _largest_of(program: Program, m: int, x: int) -> list[int] | None:
    """The operations from x to its largest value along axes."""
    way: list[int] = []
    while (op := program.maker(m)) is not None:
        way.append(op.index)
        name = program.name(op)
        if name == "reduce_max":
            return way if _moved(program, op.inputs[0][1]) == _moved(program, x) else None
        data = [given for _, given in op.inputs if program.values[given].kind == "data"]
        if name not in _COPIES | _WIDENS | {"transpose", "max", "select_n", "is_finite", "pmax"} or not data:
            return None
        m = data[-1]
    return None


def _moved(program: Program, value: int) -> int:
    """A value before its axes were moved or it was copied."""
    while (op := program.maker(value)) is not None and program.name(op) in _COPIES | {"transpose"}:
        value = op.inputs[0][1]
    return value


# --- dropout --------------------------------------------------------------------------------------------------------


def _dropouts(program: Program) -> Iterator[Fold]:
    """A random mask, and what is kept made larger by the share that is kept."""
    drawn = _drawn(program)
    for op in program.ops:
        if program.values[op.outputs[0]].kind != "data":
            continue
        if program.name(op) == "select_n" and len(op.inputs) == 3 and op.inputs[0][1] in drawn:
            cases = [value for _, value in op.inputs[1:]]
            data = [value for value in cases if program.values[value].kind == "data"]
            if len(data) == 1 and any(program.numbers.get(value) == 0.0 for value in cases):
                yield _dropout(program, op, data[0], op.inputs[0][1])
        elif program.name(op) == "mul" and len(op.inputs) == 2:
            masks = [value for _, value in op.inputs if value in drawn]
            data = [value for _, value in op.inputs if program.values[value].kind == "data"]
            keep = _is_mask(program, masks[0]) if len(masks) == 1 and len(data) == 1 else 0.0
            if keep == 1.0:
                yield _dropout(program, op, data[0], masks[0])
            elif keep:
                inputs = (("input", data[0]), ("mask", masks[0]))
                yield Fold((op.index,), "dropout", "dropout", inputs, op.outputs, {"p": 1 - keep})


def _dropout(program: Program, op: Op, value: int, mask: int) -> Fold:
    inside, keep, out = [op.index], 0.0, op.outputs
    before = program.maker(value)
    if before is not None and program.single(value) is op and (found := _scaled(program, before)) is not None:
        inside, keep = [before.index, op.index], found
        value = next(given for _, given in before.inputs if given not in program.numbers)
    else:
        after = program.single(op.outputs[0])
        if after is not None and (found := _scaled(program, after)) is not None:
            inside, keep, out = [op.index, after.index], found, after.outputs
    return Fold(
        tuple(inside), "dropout", "dropout", (("input", value), ("mask", mask)), out, {"p": 1 - keep if keep else 0.5}
    )


def _scaled(program: Program, op: Op) -> float | None:
    """The share that a division, or a product, by a number says is kept."""
    if len(op.inputs) != 2:
        return None
    first, second = (program.numbers.get(value) for _, value in op.inputs)
    if program.name(op) == "div" and second is not None and 0 < second <= 1:
        return second
    number = first if first is not None else second
    return 1 / number if program.name(op) == "mul" and number is not None and number >= 1 else None


def _drawn(program: Program) -> set[int]:
    """Constants that come from random bits."""
    found: set[int] = set()
    for op in program.ops:
        if program.values[op.outputs[0]].kind != "constant":
            continue
        if program.name(op) in RANDOM or any(value in found for _, value in op.inputs):
            found |= set(op.outputs)
    return found


def _is_mask(program: Program, value: int) -> float:
    """Whether a constant holds truth values, whatever they were cast to: the share that is kept if it was divided by
    that, else 1; 0 where it does not."""
    keep = 1.0
    while not jax.numpy.issubdtype(program.dtypes[value], np.bool_):
        op = program.maker(value)
        if op is None:
            return 0.0
        if (found := _scaled(program, op)) is not None and keep == 1.0:
            keep = found
        elif program.name(op) not in _COPIES | _WIDENS:
            return 0.0
        value = next((given for _, given in op.inputs if given not in program.numbers), op.inputs[0][1])
    return keep


# --- normalizations -------------------------------------------------------------------------------------------------


def _norms(program: Program) -> Iterator[Fold]:
    """What gives the same for ten times the input, by means and a root; with its own scale and shift."""
    graph, numbered = program.graph()
    back = {there: here for here, there in numbered.items()}
    done: set[int] = set()
    for op in program.ops:
        if op.name != "reduce" or op.index in done or program.values[op.inputs[0][1]].kind != "data":
            continue
        for value in _sources(program, op.inputs[0][1]):
            found = written_norm(graph, numbered[value])
            if found is None or op.index not in found[0]:
                continue
            inside, out = set(found[0]), back[found[1]]
            if _ROOTS.isdisjoint(program.name(program.ops[index]) for index in inside):
                continue
            fold = _norm(program, inside, value, out)
            if done.isdisjoint(fold.inside):
                done |= set(fold.inside)
                yield fold
            break


def _sources(program: Program, value: int) -> Iterator[int]:
    """A value and what it was before it was squared, cast or cut into groups."""
    for _ in range(6):
        yield value
        op = program.maker(value)
        data = {given for _, given in op.inputs if program.values[given].kind == "data"} if op is not None else set()
        if op is None or len(data) > 2 or not data or op.name not in ("pointwise", "multiply", "identity", "subtract",
                                                                    "reshape", "divide", "permute"):  # fmt: skip
            return
        value = min(data)


def _norm(program: Program, inside: set[int], value: int, out: int) -> Fold:
    reduces = [program.ops[index] for index in sorted(inside) if program.ops[index].name == "reduce"]
    centred = any(
        program.ops[i].name == "subtract" and program.values[program.ops[i].inputs[1][1]].kind == "data"
        and math.prod(program.values[program.ops[i].outputs[0]].shape) == math.prod(program.values[value].shape)
        for i in inside
    )  # fmt: skip
    value, out = _ungrouped(program, inside, value, out)
    value, order = _ordered(program, inside, value, out)
    operands = {"weight": _own(program, inside, "multiply"), "bias": _own(program, inside, "add")}
    out = _affine(program, inside, out, operands)
    inputs = (("input", value), *((slot, each) for slot, each in operands.items() if each is not None))
    call, attributes = _kind(program, reduces[0], value, centred, order)
    return Fold(tuple(sorted(inside)), "norm", call, inputs, (out,), attributes | _eps(program, inside))


def _ungrouped(program: Program, inside: set[int], value: int, out: int) -> tuple[int, int]:
    """A norm of groups with the reshapes into groups and back; what it takes and gives then."""
    before, after = program.maker(value), program.single(out)
    if before is None or after is None or not (before.name == after.name == "reshape"):
        return value, out
    source, end = before.inputs[0][1], after.outputs[0]
    whole = program.values[source].shape == program.values[end].shape
    if not whole or not set(program.readers[value]) <= inside or value in program.outputs:
        return value, out
    inside |= {before.index, after.index}
    return source, end


def _ordered(program: Program, inside: set[int], value: int, out: int) -> tuple[int, tuple[int, ...]]:
    """Of a norm that also puts axes in order, as mapping over a batch leaves it: the value in order, and that order."""
    plain = tuple(range(len(program.values[value].shape)))
    if program.values[value].shape == program.values[out].shape and not any(
        program.name(program.ops[index]) == "transpose" and program.ops[index].inputs[0][1] == value for index in inside
    ):
        return value, plain
    for index in sorted(inside):
        op = program.ops[index]
        moved = program.name(op) == "transpose" and op.inputs[0][1] == value
        if moved and program.values[op.outputs[0]].shape == program.values[out].shape:
            inside.discard(index)
            return op.outputs[0], op.attributes["dims"]
    return value, plain


def _own(program: Program, inside: set[int], word: str) -> int | None:
    """A weight that some operation inside takes."""
    for index in sorted(inside):
        op = program.ops[index]
        weights = [value for _, value in op.inputs if program.values[value].kind == "weight"]
        if op.name == word and weights:
            return weights[0]
    return None


def _affine(program: Program, inside: set[int], out: int, operands: dict[str, int | None]) -> int:
    """Take a scale and a shift that follow, and the casts between, for the norm's own; the value behind them."""
    while (op := program.single(out)) is not None:
        weights = [value for _, value in op.inputs if program.values[value].kind == "weight"]
        slot = {"multiply": "weight", "add": "bias"}.get(op.name, "")
        if program.name(op) in _COPIES and program.name(op) != "stop_gradient":
            pass
        elif slot and len(weights) == 1 and operands[slot] is None and _is_vector(program, weights[0]):
            operands[slot] = weights[0]
        else:
            break
        if program.values[op.outputs[0]].shape != program.values[out].shape:
            break
        inside.add(op.index)
        out = op.outputs[0]
    return out


def _is_vector(program: Program, value: int) -> bool:
    """Whether a weight is made of vectors alone, as a norm's own scale and shift are."""
    return all(len(_own_shape(program, name)) <= 3 for name in program.values[value].parameters)


def _own_shape(program: Program, name: str) -> Sequence[int]:
    return next((v.shape for v in program.values if v.source == f"parameter {name}"), ())


def _eps(program: Program, inside: set[int]) -> dict[str, float]:
    """What is added to the mean square."""
    for index in sorted(inside):
        op = program.ops[index]
        numbers = [program.numbers[value] for _, value in op.inputs if value in program.numbers]
        if op.name == "add" and numbers and 0 <= numbers[0] < 0.1:
            return {"eps": numbers[0]}
    return {"eps": 0.0}


def _kind(
    program: Program, reduce: Op, value: int, centred: bool, order: Sequence[int]
) -> tuple[str, dict[str, object]]:  # fmt: skip
    """Which of the known normalizations it is, by the axes that it averages over. order: see `_ordered`.

    `numbers` counts what each mean is of: which axis has the channels differs from library to library.
    """
    shape, source = program.values[value].shape, program.values[reduce.inputs[0][1]].shape
    axes, rank = sorted(axis % len(source) for axis in reduce.attributes["dim"]), len(shape)
    training: dict[str, object] = {"training": True, "numbers": math.prod(source[axis] for axis in axes)}
    before = program.maker(value)
    if list(order) != sorted(order) and before is not None and reduce.inputs[0][1] == before.inputs[0][1]:
        source, axes = shape, sorted(order.index(axis) for axis in axes)
    if source != shape:
        kept = [size for axis, size in enumerate(source) if axis not in axes]
        groups = math.prod(kept[1:]) if len(kept) > 1 and rank > 1 and kept[0] == shape[0] else math.prod(kept)
        return "group_norm", {"num_groups": groups, **training}
    if axes == list(range(rank - len(axes), rank)):
        return ("layer_norm" if centred else "rms_norm"), {"normalized_shape": tuple(shape[axis] for axis in axes)}
    if 0 in axes:
        return "batch_norm", training
    return "instance_norm", training
