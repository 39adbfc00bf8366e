"""Data sets: small, bundled or made, the same for the same seed; and any CSV file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart import memory
from headstart.errors import InputError, unknown
from headstart.experiments.data.csv_files import read_table
from headstart.experiments.data.dataset import Array, Dataset
from headstart.experiments.data.from_table import dataset_of
from headstart.experiments.data.given import FORMS, Given, given_data
from headstart.experiments.data.opening import exists, told
from headstart.experiments.data.reading import Labels, Reading
from headstart.experiments.data.split import stratified_split
from headstart.experiments.network import Task
from headstart.spec import Argument, Signature, Spec, format_value, parse, written

Points = tuple[Array, NDArray[np.generic]]  # and their class numbers
SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".data", ".dat")  # of files whose rows are samples
BYTES_PER_SAMPLE = 150  # of made data in the plane: points, noise, order, and their copies, measured
LONGEST_SPEC = 200
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # more than the letter of a drive
DIGITS = Path(__file__).with_name("digits.npz")  # 1,797 rows: pixels (64) of 0 to 16, digit


def load(
    data: Any, label: str | None = None, seed: int = 0, *, folder: str = "", features: Sequence[str] | None = None,
    drop: Sequence[str] | None = None, header: bool | None = None, task: Labels | None = None,
) -> Dataset:  # fmt: skip
    """The data set a spec string names, the CSV file at a path, or data given as values.

    Args:
        data: `circles`, `moons`, `blobs(4)`, `xor`, `spirals`, `digits`, with optional `samples` and `noise`
            (`circles(noise=0.2)`); the path of a CSV file; or arrays and frames as `given_data` takes them.
        label: the name of the label column; the last that is no feature if None.
        seed: of the made data, and of the split into training and test data.
        folder: in which a relative path lies; the working folder if empty.
        features, drop, header, task: how a table is read; see `Reading`.

    Raises:
        InputError: unknown name, wrong argument, or a table that cannot be used, with the place and what to do.

    >>> data = load("circles")
    >>> data.train_x.shape, data.test_x.shape, data.task
    ((300, 2), (100, 2), 'binary')
    """
    reading = Reading(label, None if features is None else tuple(features), tuple(drop or ()), header, task)
    known = known_data(data)
    if isinstance(known, Given):
        if header is not None:
            raise InputError("header speaks of the first row of a file; the data is given as values. Leave it out.")
        return dataset_of(known.table, reading, seed)
    if is_csv(known, folder):
        return dataset_of(read_table(Path(folder, known), reading), reading, seed)
    parsed = _parsed(known)
    reading.refuse_for(repr(known))
    maker = MAKERS[parsed.name]
    arguments = maker.signature.bind_spec(parsed)
    _see_it_fits(known, arguments)
    return maker.make(known, seed, **arguments)


def known_data(data: Any) -> str | Given:
    """Data as the settings hold it: a name, a path, or a table of given values.

    Raises:
        InputError: nothing of these.

    >>> known_data(Path("circles")), known_data("circles")  # a path is never a data set's name
    ('./circles', 'circles')
    """
    if isinstance(data, str):
        if _ADDRESS.match(data):
            raise InputError(f"data is a name or the path of a file, got the address {told(data)}. Download it first.")
        return str(data)
    if isinstance(data, PathLike):
        text = os.fspath(data)
        text = os.fsdecode(text) if isinstance(text, bytes) else text
        return text if _is_path(text) else f"./{text}"
    if data is None or isinstance(data, (bool, bytes, int, float, complex)):
        raise InputError(f"data is a name or the path of a CSV file, got {data!r}. {FORMS}.")
    return given_data(data)


def is_csv(spec: str, folder: str = "") -> bool:
    """Whether this is the path of a file, not the name of a data set.

    A file that is called as a data set is reached as `./circles`: what lies in a folder changes no result.
    """
    if not isinstance(spec, str) or not spec or _is_made(spec):
        return False
    return _is_path(spec) or exists(Path(folder, spec))


def _is_made(spec: str) -> bool:
    """Whether this begins as the spec string of a data set does."""
    name, bracket, _ = spec.partition("(")
    return (bracket == "(" or name == spec) and name.strip().lower() in MAKERS


def _is_path(spec: str) -> bool:
    """Whether this can only be a path."""
    return spec.lower().endswith(SUFFIXES) or "/" in spec or "\\" in spec


def check_spec(spec: str) -> str:
    """The spec string of a data set, its arguments in one form; the path of a file as it is. Loads nothing.

    Raises:
        InputError: as `load`, for what can be seen without loading.

    >>> check_spec("circles( noise=0.20 )")
    'circles(samples=300, noise=0.2)'
    >>> check_spec("digits")
    'digits'
    """
    if is_csv(spec):
        return spec
    parsed = _parsed(spec)
    arguments = MAKERS[parsed.name].signature.bind_spec(parsed)
    _see_it_fits(spec, arguments)
    if not parsed.positional and not parsed.keywords:
        return parsed.name
    return written(parsed.name, [f"{name}={format_value(value)}" for name, value in arguments.items()])


def _see_it_fits(spec: str, arguments: Mapping[str, Any]) -> None:
    """Ask for the memory that made data takes, before any is taken."""
    samples, classes = arguments.get("samples", 0), arguments.get("classes", 2)
    needed = samples * (BYTES_PER_SAMPLE + 24 * (classes if classes > 2 else 1)) + 100 * classes
    memory.require(needed, f"the data {told(spec)}", "Write fewer samples or classes.", memory.limit(memory.LAB_SHARE))


def _parsed(spec: str) -> Spec:
    """The spec string of a known data set."""
    if not isinstance(spec, str) or not spec:
        raise InputError(f"data is a name or the path of a CSV file, got {spec!r}. Write, for example, 'circles'.")
    if len(spec) > LONGEST_SPEC:
        raise InputError(f"no file or data set {told(spec)}. Write one of {', '.join(MAKERS)}, or a path.")
    parsed = parse(spec, "data set", "circles(noise=0.1)")
    if parsed.name not in MAKERS:
        raise unknown("data set", parsed.name, [*MAKERS, "FILE.csv"])
    return parsed


# --- made data ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Maker:
    """One made data set: its arguments, and the function from (samples, seed, ...) to points and class numbers."""

    make: Callable[..., Dataset]
    signature: Signature


def _two_draws(name: str, task: Task, classes: int, draw: Callable[[int, int], Points], samples: int,
               seed: int) -> Dataset:  # fmt: skip
    """Training data and a third as much test data, drawn separately, as the course does (its seeds are 1 and 2)."""
    train_x, train_y = draw(samples, 2 * seed + 1)
    test_x, test_y = draw(max(samples // 3, 10), 2 * seed + 2)
    return Dataset(
        name, task, train_x, train_y.astype(np.int64), test_x, test_y.astype(np.int64),
        tuple(str(k) for k in range(classes)), ("x1", "x2"),
    )  # fmt: skip


def _circles(name: str, seed: int, samples: int, noise: float) -> Dataset:
    """Two noisy circles, the inner one of radius 0.8 with label 1; seed 0 is the course's own data."""

    def draw(n: int, s: int) -> Points:
        outer, inner = (_circle(np.linspace(0, 2 * np.pi, part, endpoint=False)) for part in (n // 2, n - n // 2))
        return _shuffled_with_noise(outer, inner * 0.8, noise, s)

    return _two_draws(name, "binary", 2, draw, samples, seed)


def _moons(name: str, seed: int, samples: int, noise: float) -> Dataset:
    """Two half circles, one upside down and shifted into the other."""

    def draw(n: int, s: int) -> Points:
        upper, lower = (_circle(np.linspace(0, np.pi, part)) for part in (n // 2, n - n // 2))
        return _shuffled_with_noise(upper, 1 - lower - [0, 0.5], noise, s)

    return _two_draws(name, "binary", 2, draw, samples, seed)


def _circle(angles: Array) -> Array:
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _shuffled_with_noise(zeros: Array, ones: Array, noise: float, seed: int) -> Points:
    """Points of class 0 and 1, mixed and moved by N(0, noise^2): bit for bit what scikit-learn's makers give.

    They are the data of the course's exercise, so the generator is NumPy's legacy one and its calls are in this order.
    """
    random = np.random.RandomState(seed % 2**32)  # the largest data seed's test data would be one beyond it
    points, labels = np.concatenate([zeros, ones]), np.repeat([0, 1], [len(zeros), len(ones)])
    order = np.arange(len(points))
    random.shuffle(order)
    moved = random.normal(scale=noise, size=points.shape) if noise else 0.0  # with no noise nothing is drawn
    return points[order] + moved, labels[order]


def _blobs(name: str, seed: int, classes: int, samples: int, noise: float) -> Dataset:
    """Gaussian clouds of standard deviation `noise` around points on the unit circle."""

    def draw(n: int, s: int) -> Points:
        rng = np.random.default_rng([s, classes])
        label = np.arange(n) % classes
        angle = 2 * np.pi * label / classes
        return np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(scale=noise, size=(n, 2)), label

    return _two_draws(name, "binary" if classes == 2 else "classes", classes, draw, samples, seed)


def _xor(name: str, seed: int, samples: int, noise: float) -> Dataset:
    """Four clouds at the corners of a square; label 1 where exactly one coordinate is positive."""

    def draw(n: int, s: int) -> Points:
        rng = np.random.default_rng([s, 4])
        corner = np.arange(n) % 4
        sides = np.column_stack([corner % 2, corner // 2]) * 2.0 - 1
        return sides + rng.normal(scale=noise, size=(n, 2)), (corner % 2) ^ (corner // 2)

    return _two_draws(name, "binary", 2, draw, samples, seed)


def _spirals(name: str, seed: int, classes: int, samples: int, noise: float) -> Dataset:
    """Interleaved arms, each one turn long."""

    def draw(n: int, s: int) -> Points:
        rng = np.random.default_rng([s, 7, classes])
        label = np.arange(n) % classes
        radius = np.sqrt(rng.uniform(0.02, 1.0, size=n))
        angle = 2 * np.pi * (radius + label / classes)
        points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        return points + rng.normal(scale=noise, size=(n, 2)), label

    return _two_draws(name, "binary" if classes == 2 else "classes", classes, draw, samples, seed)


def _digits(name: str, seed: int) -> Dataset:
    """1,797 handwritten digits of 8 x 8 pixels, shifted and scaled to mean 0 and variance 1 overall.

    Not pixel by pixel: border pixels never change, and noise in rarely used ones would be blown up.

    Source: Alpaydin & Kaynak 1998, the test part of "Optical Recognition of Handwritten Digits" (UCI, CC BY 4.0); the
    rows in scikit-learn's order.
    """
    with np.load(DIGITS) as stored:
        x, y = stored["pixels"].astype(np.float64), stored["digit"].astype(np.int64)
    train, test = stratified_split(y, 0.2, seed)
    mean, std = x[train].mean(), x[train].std()
    pixels = tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8))
    return Dataset(
        name, "classes", (x[train] - mean) / std, y[train], (x[test] - mean) / std, y[test], tuple("0123456789"), pixels
    )


def _noise(default: float) -> Argument:
    return Argument("noise", default, least=0, example=f"noise={default:g}")


_SAMPLES = Argument("samples", 300, whole=True, least=10, example="samples=300")
_MADE: dict[str, tuple[Callable[..., Dataset], tuple[Argument, ...]]] = {
    "circles": (_circles, (_SAMPLES, _noise(0.05))),
    "moons": (_moons, (_SAMPLES, _noise(0.15))),
    "blobs": (_blobs, (Argument("classes", 3, whole=True, least=2, example="3"), _SAMPLES, _noise(0.3))),
    "xor": (_xor, (_SAMPLES, _noise(0.4))),
    "spirals": (_spirals, (Argument("classes", 2, whole=True, least=2, example="2"), _SAMPLES, _noise(0.03))),
    "digits": (_digits, ()),
}
MAKERS: dict[str, Maker] = {
    name: Maker(make, Signature("data set", name, arguments)) for name, (make, arguments) in _MADE.items()
}
