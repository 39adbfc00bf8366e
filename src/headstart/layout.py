"""Layout: which axes of a weight are outputs, inputs, receptive field and stack; and the fans that follow from it.

fan_in is how many inputs feed one unit, fan_out how many units one input feeds (He et al. 2015, section 2.2;
Glorot & Bengio 2010, section 4.2). Both count the same connections, from their two ends, so that
numel(out) fan_in = numel(in) fan_out; they are means over positions, hence real numbers. Axes are data: an adapter
names the layout of each of its layers once, and nothing else in the project knows a framework's axis order.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from headstart.check import index, is_whole, positive, told, whole
from headstart.errors import InputError, unknown

__all__ = ["LAYOUTS", "Block", "Fans", "Grid", "Layout", "block_fans", "connections", "fans"]

Mode = Literal["fan_in", "fan_out", "fan_avg", "fan_geo"]
MODES: tuple[Mode, ...] = ("fan_in", "fan_out", "fan_avg", "fan_geo")
Side = Literal["out", "in"]
Blocks = int | tuple[int, ...]  # how many equal blocks, or the size of each

# Limits that no real weight comes near; within them every count below is a number that a float and an index hold.
MOST_AXES = 32  # of a weight; NumPy 2 has up to 64, other libraries fewer
MOST_ELEMENTS = 2**63  # of a weight, exclusive: element indices are below this
MOST_PARTS = 2**16  # blocks of a weight; each is a draw of its own
LARGEST_STRIDE = 2**31 - 1


@dataclass(frozen=True)
class Layout:
    """What each axis of a weight is for. Negative axes count from the end, as in NumPy.

    The canonical order of the axes, in which elements are counted, is: stack, lookup, outputs, inputs, receptive field
    (every axis that is not named, in stored order).

    Args:
        out_axes: the output channels; several for einsum heads (heads, head size).
        in_axes: the input channels. None of them where each unit has one input (depthwise kernels of Keras).
        stack_axes: independent slices (experts, scanned layers): each is a weight of its own, with its own stream.
        lookup_axes: rows that are picked, not summed over (an embedding's vocabulary): they do not count in fan_in.
        groups: of a grouped convolution.
        groups_on: the side whose axis holds the channels of all groups; the other side's axis holds those of one
            group. "out" for a convolution (out, in/groups, ...), "in" for torch's transposed one (in, out/groups, ...).
        stride: of a convolution, one number or one per axis of the receptive field.
        transposed: the stride spreads the input (a transposed convolution) instead of thinning the output.
        blocks: (axis, how many) or (axis, their sizes): weights of different layers packed side by side along an
            output or input axis (q, k, v; the gates of an LSTM; the halves of a gated unit). Each has its own fans.
        rows: how many rows one output sums over where there are lookup axes: n for an EmbeddingBag's sum of n, 1/n
            for its mean.

    Raises:
        InputError: an axis that is named twice or is no whole number, groups, strides or blocks that cannot be.

    >>> Layout(out_axes=(0,), in_axes=(1,), groups=4)  # Conv2d(8, 12, 3, groups=4): weight (12, 2, 3, 3)
    Layout(out_axes=(0,), in_axes=(1,), groups=4)
    """

    out_axes: tuple[int, ...] = ()
    in_axes: tuple[int, ...] = ()
    stack_axes: tuple[int, ...] = ()
    lookup_axes: tuple[int, ...] = ()
    groups: int = 1
    groups_on: Side = "out"
    stride: int | tuple[int, ...] = 1
    transposed: bool = False
    blocks: tuple[int, Blocks] | None = None
    rows: float = 1.0

    def __post_init__(self) -> None:
        fixed: dict[str, Any] = {name: _axes(getattr(self, name), name) for name in _AXES}
        named = [axis for name in _AXES for axis in fixed[name]]
        if len(set(named)) < len(named):
            raise InputError(f"an axis has one use in a layout, got {_told(fixed)}. Name each axis once.")
        fixed |= {
            "groups": (groups := whole(self.groups, "groups", most=MOST_ELEMENTS - 1)),
            "stride": _strides(self.stride),
            "blocks": _blocks(self.blocks),
            "rows": positive(self.rows, "rows", "1"),
            "transposed": _flag(self.transposed, "transposed"),
        }
        if self.groups_on not in ("out", "in"):
            raise unknown("side of the groups", str(self.groups_on), ("out", "in"))
        if fixed["blocks"] is not None and groups > 1:
            raise InputError(
                f"a layout has groups or blocks, got groups={self.groups} and blocks={self.blocks}: a block would cut "
                "through the groups. Draw the blocks as weights of their own."
            )
        for name, value in fixed.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        shown = {name: value for name, value in fields.items() if value != self.__dataclass_fields__[name].default}
        return f"Layout({_told(shown)})"


_AXES = ("stack_axes", "lookup_axes", "out_axes", "in_axes")  # in canonical order


@dataclass(frozen=True)
class Fans:
    """How many inputs feed one unit (fan_in), and how many units one input feeds (fan_out): means, so real numbers."""

    fan_in: float
    fan_out: float

    def of(self, mode: Mode) -> float:
        """The fan a variance is divided by: fan_in, fan_out, their mean (fan_avg) or geometric mean (fan_geo).

        >>> Fans(2, 8).of("fan_avg"), Fans(2, 8).of("fan_geo")
        (5.0, 4.0)
        """
        if mode == "fan_in":
            return float(self.fan_in)
        if mode == "fan_out":
            return float(self.fan_out)
        if mode == "fan_avg":
            return (self.fan_in + self.fan_out) / 2
        if mode == "fan_geo":
            return math.sqrt(self.fan_in * self.fan_out)
        raise unknown("mode", str(mode), MODES)


class Block(NamedTuple):
    """One of the layers that share a weight: where it lies on which stored axis."""

    axis: int
    start: int
    stop: int


class Grid(NamedTuple):
    """The sizes of one slice of a weight, or of a block of it, by what the axes are for.

    `outs` and `ins` count the channels that the weight stores: with groups, those of all groups on the side
    `groups_on`, those of one group on the other.
    """

    rows: int
    outs: int
    ins: int
    field: tuple[int, ...]

    @property
    def size(self) -> int:
        return self.rows * self.outs * self.ins * math.prod(self.field)


def fans(shape: Sequence[int], layout: str | Layout = "out_in") -> Fans:
    """fan_in and fan_out of a weight, as initialization counts them; of one slice of a stack, and of one block.

    With F the product of the d receptive-field axes, g groups and the layer's channels in and out: fan_in = F in / g
    and fan_out = F out / g. A transposed convolution of stride s has the mean fan_in F in / (g s^d) over its output
    positions. A strided convolution keeps the nominal fan_out, as published; `connections` has its mean.

    Args:
        shape: the weight's shape, all sizes at least 1.
        layout: a name in `LAYOUTS`, or a `Layout`.

    Raises:
        InputError: the shape has no such axes, a size below 1, channels that the groups do not divide, or blocks of
            different sizes, which `block_fans` gives one by one.

    >>> fans((64, 3, 5, 5))
    Fans(fan_in=75.0, fan_out=1600.0)
    >>> fans((5, 5, 3, 64), layout="in_out")
    Fans(fan_in=75.0, fan_out=1600.0)
    >>> fans((6, 8, 3, 3), Layout((1,), (0,), stride=2, transposed=True))
    Fans(fan_in=13.5, fan_out=72.0)

    References: He et al. 2015, eq. 10 and 14; Glorot & Bengio 2010, eq. 16.
    """
    found = block_fans(shape, layout)
    if len(set(found)) > 1:
        raise InputError(
            f"the blocks {layout_of(layout).blocks} of shape {tuple(shape)} differ in their fans. "
            "Call block_fans, which gives those of each."
        )
    return found[0]


def block_fans(shape: Sequence[int], layout: str | Layout = "out_in") -> tuple[Fans, ...]:
    """The fans of each block of a weight, in order; a weight without blocks is one block.

    >>> block_fans((24, 8), Layout((0,), (1,), blocks=(0, (8, 16))))
    (Fans(fan_in=8.0, fan_out=8.0), Fans(fan_in=8.0, fan_out=16.0))
    """
    return _block_fans(_sizes(shape), layout_of(layout), nominal=True)


def connections(shape: Sequence[int], layout: str | Layout = "out_in") -> Fans:
    """Mean numbers of connections of one unit and of one input, the stride counted on both sides (edges apart).

    As `fans`, but for the fan_out of a strided convolution: F out / (g s^d). So numel(out) fan_in = numel(in) fan_out
    always holds, and prediction of gradients uses this.

    >>> connections((8, 6, 3, 3), Layout((0,), (1,), stride=2))
    Fans(fan_in=54.0, fan_out=18.0)
    """
    found = set(_block_fans(_sizes(shape), layout_of(layout), nominal=False))
    if len(found) > 1:
        raise InputError(
            f"the blocks {layout_of(layout).blocks} of shape {tuple(shape)} differ: ask for one at a time."
        )
    return found.pop()


def layout_of(layout: str | Layout) -> Layout:
    """The layout of a name, or the `Layout` itself."""
    if isinstance(layout, Layout):
        return layout
    if not isinstance(layout, str) or layout not in LAYOUTS:
        raise unknown("layout", str(layout), LAYOUTS)
    return LAYOUTS[layout]


@functools.lru_cache(maxsize=1024)
def canonical_order(rank: int, layout: Layout) -> tuple[int, ...]:
    """The stored axes in canonical order: stack, lookup, outputs, inputs, the others.

    A weight that has no such axes (a vector, a number) keeps its stored order.

    >>> canonical_order(4, LAYOUTS["in_out"])
    (3, 2, 0, 1)
    """
    first = [axis % rank if -rank <= axis < rank else None for name in _AXES for axis in getattr(layout, name)]
    if None not in first and len(set(first)) == len(first):
        named = [axis for axis in first if axis is not None]
        return (*named, *(axis for axis in range(rank) if axis not in named))
    if layout.stack_axes or layout.blocks or (rank >= 2 and None not in first):
        raise _no_such_axes(layout, f"a weight of {rank} axes")
    return tuple(range(rank))


def stack_axes(rank: int, layout: Layout) -> tuple[int, ...]:
    """The stored stack axes, none negative."""
    return canonical_order(rank, layout)[: len(layout.stack_axes)]


def field_axes(rank: int, layout: Layout) -> tuple[int, ...]:
    """The stored axes of the receptive field.

    >>> field_axes(4, LAYOUTS["in_out"]), field_axes(4, LAYOUTS["out_in"]), field_axes(1, LAYOUTS["out_in"])
    ((0, 1), (2, 3), ())
    """
    named = sum(len(getattr(layout, name)) for name in _AXES)
    return canonical_order(rank, layout)[named:]


@functools.lru_cache(maxsize=1024)
def blocks(shape: tuple[int, ...], layout: Layout) -> tuple[Block, ...]:
    """The blocks of a weight; none where it is one.

    Raises:
        InputError: blocks that do not fill their axis, or on an axis that is neither output nor input.

    >>> blocks((12, 5), Layout((0,), (1,), blocks=(0, 3)))
    (Block(axis=0, start=0, stop=4), Block(axis=0, start=4, stop=8), Block(axis=0, start=8, stop=12))
    """
    if layout.blocks is None:
        return ()
    axis, parts = layout.blocks
    rank = len(shape)
    channels = {at % rank for at in (*layout.out_axes, *layout.in_axes) if -rank <= at < rank}
    if not -rank <= axis < rank or axis % rank not in channels:
        raise InputError(f"blocks lie along an output or input axis, got axis {axis} of shape {shape} in {layout!r}.")
    axis, size = axis % rank, shape[axis]
    if isinstance(parts, int):
        if size % parts:
            raise InputError(f"{parts} equal blocks must fill axis {axis}, got its size {size}. Pass their sizes.")
        parts = (size // parts,) * parts
    if sum(parts) != size:
        raise InputError(f"the blocks must fill axis {axis} of size {size}, got sizes {parts}, {sum(parts)} in all.")
    ends = itertools.accumulate(parts)
    return tuple(Block(axis, end - part, end) for part, end in zip(parts, ends, strict=True))


@functools.lru_cache(maxsize=1024)
def grid(shape: tuple[int, ...], layout: Layout) -> Grid:
    """The sizes of one slice of the stack, by what its axes are for; of a weight whose axes there are.

    Raises:
        InputError: the shape has no such axes, or channels that the groups do not divide.

    >>> grid((8, 3, 5, 6), LAYOUTS["in_out"])
    Grid(rows=1, outs=6, ins=5, field=(8, 3))
    """
    rank, counts = len(shape), [len(getattr(layout, name)) for name in _AXES]
    named = [axis for name in _AXES for axis in getattr(layout, name)]
    order = canonical_order(rank, layout)
    if not layout.out_axes or len({axis % rank for axis in named if -rank <= axis < rank}) < len(named):
        raise _no_such_axes(layout, f"shape {shape}")
    sizes = [shape[axis] for axis in order]
    ends = [sum(counts[: at + 1]) for at in range(4)]
    rows, outs, ins = (math.prod(sizes[a:b]) for a, b in itertools.pairwise(ends))
    channels = outs if layout.groups_on == "out" else ins
    if channels % layout.groups:
        side = "outputs" if layout.groups_on == "out" else "inputs"
        raise InputError(f"groups must divide the {channels} {side} of shape {shape}, got groups={layout.groups}.")
    return Grid(rows, outs, ins, tuple(sizes[ends[3] :]))


def block_grids(shape: tuple[int, ...], layout: Layout) -> tuple[Grid, ...]:
    """The sizes of each block of one slice; of the slice where it is not cut in blocks."""
    found = blocks(shape, layout)
    return tuple(grid(block_shape(shape, block), layout) for block in found) or (grid(shape, layout),)


def block_shape(shape: tuple[int, ...], block: Block) -> tuple[int, ...]:
    """The shape of a block."""
    return (*shape[: block.axis], block.stop - block.start, *shape[block.axis + 1 :])


@functools.lru_cache(maxsize=1024)
def _block_fans(shape: tuple[int, ...], layout: Layout, nominal: bool) -> tuple[Fans, ...]:
    return tuple(_fans(sizes, layout, nominal) for sizes in block_grids(shape, layout))


def _fans(sizes: Grid, layout: Layout, nominal: bool) -> Fans:
    field = math.prod(sizes.field)
    skipped = _positions_per_step(layout, len(sizes.field))
    fan_in, fan_out = float(field * sizes.ins), float(field * sizes.outs)
    if layout.groups_on == "out":
        fan_out /= layout.groups
    else:
        fan_in /= layout.groups
    if layout.lookup_axes:
        fan_in *= layout.rows
    if layout.transposed:
        fan_in /= skipped
    elif not nominal:
        fan_out /= skipped
    return Fans(fan_in, fan_out)


def _positions_per_step(layout: Layout, field_axes: int) -> int:
    """s^d: the product of the strides over the receptive field's axes."""
    if isinstance(layout.stride, int):
        return int(layout.stride**field_axes)
    if len(layout.stride) != field_axes:
        raise InputError(
            f"a layout has one stride per axis of the receptive field, or one number for all, got stride "
            f"{layout.stride} with {field_axes} such axes."
        )
    return math.prod(layout.stride)


def check_shape(shape: Any, least: int = 0) -> tuple[int, ...]:
    """A shape as a tuple of Python's whole numbers.

    Args:
        shape: any sequence of whole numbers, NumPy's too.
        least: what each size must be at least.

    Raises:
        InputError: no such sequence, too small a size, more axes or elements than any weight has.

    >>> check_shape((3, 0, 2))
    (3, 0, 2)
    """
    try:
        if not isinstance(shape, (Sequence, np.ndarray)) or isinstance(shape, (str, bytes)) or len(shape) > MOST_AXES:
            raise TypeError
        sizes = tuple(map(index, shape))
    except TypeError:
        raise InputError(
            f"a shape is a sequence of integers, one for each of at most {MOST_AXES} axes, got {told(shape)}. "
            "Write, for example, (64, 3, 5, 5)."
        ) from None
    if any(size < least for size in sizes):
        raise InputError(f"every size of a shape must be an integer of at least {least}, got {told(sizes)}.")
    if math.prod(size for size in sizes if size) >= MOST_ELEMENTS:
        raise InputError(f"a weight has fewer than 2^63 elements, got shape {told(sizes)}.")
    return sizes


def _sizes(shape: Sequence[int]) -> tuple[int, ...]:
    return check_shape(shape, least=1)


def _flag(given: Any, name: str) -> bool:
    if not isinstance(given, (bool, np.bool_)):
        raise InputError(f"{name} must be True or False, got {told(given)}.")
    return bool(given)


def _axes(given: Any, name: str) -> tuple[int, ...]:
    axes = (given,) if is_whole(given) else given
    if isinstance(axes, (str, bytes)) or not isinstance(axes, Sequence) or not all(map(is_whole, axes)):
        raise InputError(f"{name} must be axis numbers, got {told(given)}. Write, for example, {name}=(0,).")
    if any(not -MOST_AXES <= axis < MOST_AXES for axis in axes):
        raise InputError(f"{name} must be numbers of at most {MOST_AXES} axes, got {told(axes)}. Write {name}=(0,).")
    return tuple(int(axis) for axis in axes)


def _strides(given: Any) -> int | tuple[int, ...]:
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes)):
        return tuple(whole(stride, "every stride", most=LARGEST_STRIDE) for stride in given)
    return whole(given, "a stride", most=LARGEST_STRIDE)


def _blocks(given: Any) -> tuple[int, Blocks] | None:
    if given is None:
        return None
    remedy = f"got {told(given)}. Write, for example, blocks=(0, 3) for three equal parts of axis 0."
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 2 or not is_whole(given[0]):
        raise InputError(f"blocks are (axis, how many) or (axis, sizes), {remedy}")
    axis, parts = given
    if isinstance(parts, Sequence) and not isinstance(parts, (str, bytes)) and parts:
        whole(len(parts), "the number of blocks", most=MOST_PARTS)
        return int(axis), tuple(whole(size, "the size of a block", most=MOST_ELEMENTS - 1) for size in parts)
    return int(axis), whole(parts, "the number of blocks", most=MOST_PARTS)


def _no_such_axes(layout: Layout, got: str) -> InputError:
    named = {name: getattr(layout, name) for name in ("out_axes", "in_axes", *_AXES[:2]) if getattr(layout, name)}
    words = {"out_axes": "outputs", "in_axes": "inputs", "stack_axes": "the stack", "lookup_axes": "rows"}
    wanted = " and ".join(f"{words[name]} {axes}" for name, axes in named.items()) or "outputs"
    return InputError(
        f"a weight needs separate axes for {wanted}, got {got}. "
        "Pass the Layout of your weight, or a scheme that needs no fans (zeros, constant, normal)."
    )


def _told(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in fields.items())


# One row per way frameworks store a weight. Groups, strides and blocks are the layer's: give them in a `Layout`.
def uneven_strides(sizes: Sequence[int], strides: Sequence[int]) -> str:
    """What is to be told of a transposed convolution whose stride does not divide its kernel; "" of others.

    >>> uneven_strides((3, 3), (2, 2))
    'a checkerboard: the stride 2 does not divide 3, so outputs differ in how many weights reach them'
    """
    for size, stride in zip(sizes, strides, strict=True):
        if size % stride:
            return (
                f"a checkerboard: the stride {stride} does not divide {size}, so outputs differ in how many weights "
                "reach them"
            )
    return ""


LAYOUTS: dict[str, Layout] = {
    "out_in": Layout((0,), (1,)),  # PyTorch Linear (out, in), Conv (out, in, *field), Bilinear (out, in1, in2)
    "in_out": Layout((-1,), (-2,)),  # JAX, Flax and Keras: Dense (in, out), Conv (*field, in, out)
    "in_out_field": Layout((1,), (0,), groups_on="in", transposed=True),  # PyTorch ConvTranspose (in, out, *field)
    "field_out_in": Layout((-2,), (-1,), transposed=True),  # Keras ConvTranspose (*field, out, in)
    "rows_out": Layout((-1,), lookup_axes=(0,)),  # Embedding (rows, out)
    "stack_out_in": Layout((1,), (2,), stack_axes=(0,)),  # experts or layers (stack, out, in, *field)
    "stack_in_out": Layout((-1,), (-2,), stack_axes=(0,)),  # experts or scanned layers (stack, *field, in, out)
}
