"""The integer inverse CDF over all its inputs, and the table it stands on."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import mpmath as mp
import numpy as np
import pytest
from numba import njit
from scipy import special

from headstart.draws import normal
from headstart.draws.normal import (
    LARGEST,
    TABLE_SHA256,
    UNIT,
    first_magnitude,
    normal_integers,
    table,
    uniform_integers,
    upper_quantile,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The script that made the table."""
    spec = importlib.util.spec_from_file_location("make_normal_table", ROOT / "tools" / "make_normal_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@njit(cache=True)
def _segment(row, first, step, count, out):
    """z of `count` fractions from `first` on, in steps of `step`, of 2^26: the formula of headstart.draws.normal."""
    c0, c1, c2, c3 = row[0], row[1], row[2], row[3]
    high = np.uint64(32)
    for i in range(count):
        part = np.uint64(first + i * step)
        t = part << np.uint64(6)
        a = c2 - (c3 * t >> high)
        a = c1 - (a * part >> high)
        out[i] = np.int64(c0 - ((a * t >> high) + (c3 & np.uint64(63)) >> np.uint64(6)))


@njit(cache=True, fastmath=True)
def _moments(z):
    second, fourth = 0.0, 0.0
    for i in range(z.size):
        square = (z[i] * 2.0**-28) ** 2
        second += square
        fourth += square * square
    return second, fourth


@njit(cache=True)
def _rises(z, before):
    rises = z[0] > before
    for i in range(1, z.size):
        rises += z[i] > z[i - 1]
    return rises


def every_magnitude(rows: np.ndarray) -> tuple[int, int, float, float]:
    """(inputs, rises, E z^2, E z^4) over all 2^31 magnitudes in order of rising m.

    Goes through the segments in the order of 2m + 1, which needs neither leading zeros nor look-ups; that those are
    right is the business of `test_lookup_finds_the_segment`.
    """
    inputs, rises, second, fourth, before = 0, 0, 0.0, 0.0, 2**62
    out = np.empty(2**25, np.int64)
    for zeros in range(31, -1, -1):
        for part in range(32):
            if zeros > 26:  # 2m + 1 has fewer than six bits: at most one input in a segment
                exact = (32 + part << 26) % 2 ** (zeros + 1) == 2**zeros
                first, step, count = 0, 1, int(exact)
            else:
                first, step = 2**zeros, 2 ** (zeros + 1)
                count = max(1, 2**26 // step) if zeros < 26 else int(part % 2 == 1)
                first = 0 if zeros == 26 else first
            if count == 0:
                continue
            _segment(rows[32 * zeros + part], first, step, count, out)
            rises += _rises(out[:count], before)
            before = out[count - 1]
            more = _moments(out[:count])
            inputs, second, fourth = inputs + count, second + more[0], fourth + more[1]
    return inputs, rises, second / inputs, fourth / inputs


def test_all_magnitudes_are_monotone_with_the_moments_of_a_normal() -> None:
    inputs, rises, second, fourth = every_magnitude(table().astype(np.uint64))
    assert inputs == 2**31
    assert rises == 0
    assert abs(second - 1) < 1e-9
    assert abs(fourth - 3) < 1e-7


def test_the_exhaustive_check_sees_one_bit_in_one_row() -> None:
    """64 units of 2^-28 in one central segment: seen as a rise, and as 2e-9 in E z^2."""
    rows = table().astype(np.uint64)
    rows[16, 0] += np.uint64(64)
    _, rises, second, _ = every_magnitude(rows)
    assert rises == 1
    assert abs(second - 1) > 1e-9


def test_lookup_finds_the_segment() -> None:
    """The inputs around every segment's edges, and 5000 at random, against their segment's own formula."""
    rng = np.random.default_rng(0)
    edges = [(32 + part << 26 >> zeros) + off for zeros in range(32) for part in range(33) for off in (-2, -1, 0, 1, 2)]
    odd = [x for x in edges if 0 < x < 2**32 and x % 2] + (2 * rng.integers(0, 2**31, 5000) + 1).tolist()
    rows, one, expected = table().astype(np.uint64), np.empty(1, np.int64), []
    for x in odd:
        zeros = 32 - x.bit_length()
        normalized = x << zeros
        _segment(rows[32 * zeros + (normalized >> 26) - 32], normalized % 2**26, 1, 1, one)
        expected.append(one[0])
    assert np.array_equal(upper_quantile(np.array(odd, np.uint64) // 2), expected)


def quantile_error(reference: Callable[[np.ndarray], np.ndarray], magnitudes: np.ndarray) -> float:
    """Largest |z - (-Phi^-1(p))| in standard deviations."""
    return float(np.abs(upper_quantile(magnitudes.astype(np.uint64)) * UNIT - reference(magnitudes)).max())


def magnitudes_of_all_sizes(count: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    spread = (2 ** rng.uniform(0, 31, count // 2)).astype(np.int64) - 1
    return np.concatenate([rng.integers(0, 2**31, count - count // 2), spread, [0, 1, 2**31 - 1]])


def test_error_against_mpmath(maker: ModuleType) -> None:
    """10^4 points at 40 digits (82,438 distinct ones give the same maximum, 2.86e-9)."""

    def exact(magnitudes: np.ndarray) -> np.ndarray:
        return np.array([float(maker.upper_quantile(mp.mpf(2 * int(m) + 1) / 2**33)) for m in magnitudes])

    assert quantile_error(exact, magnitudes_of_all_sizes(10**4)) < 5e-9


def test_error_against_scipy() -> None:
    """2 x 10^6 points; SciPy's own error is below 1e-14. The twin: the quantile of the cell's edge, not its middle."""
    points = magnitudes_of_all_sizes(2 * 10**6)
    assert quantile_error(lambda m: -special.ndtri((2 * m + 1) * 2.0**-33), points) < 5e-9
    assert quantile_error(lambda m: -special.ndtri((2 * m + 2) * 2.0**-33), points) > 5e-9


def test_table_is_the_one_the_script_makes(maker: ModuleType) -> None:
    assert hashlib.sha256(table().astype("<u4").tobytes()).hexdigest() == TABLE_SHA256
    for row in range(0, 1024, 7):
        assert table()[row].tolist() == list(maker.segment(*divmod(row, 32)))
    assert table()[0, 0] * UNIT < LARGEST == table()[31 * 32, 0] * UNIT
    assert not table().flags.writeable


def test_words_to_integers_by_hand() -> None:
    words = np.array([0, 2**31, 2**31 - 1, 2**32 - 1, 2**30, 2**30 + 2**31], np.uint32)
    z = normal_integers(words)
    assert z.dtype == np.int32
    assert z[0] == -z[1] == round(LARGEST / UNIT)
    assert z[2] == z[3] == 0
    assert z[4] == -z[5]
    assert abs(z[4] * UNIT - 0.6744897501960817) < 5e-9
    assert uniform_integers(words[:4]).tolist() == [1 - 2**24, 1, -1, 2**24 - 1]


@pytest.mark.parametrize("cut", [2.0**-12, 0.01, 0.5, 1.0, 2.0, 3.7, 6.2])
def test_first_magnitude_is_the_first_inside(cut: float) -> None:
    first = first_magnitude(cut)
    inside, outside = upper_quantile(np.array([first, first - 1], np.uint64)) * UNIT
    assert inside < cut
    assert outside > cut * (1 - 2.0**-21)
    words = np.array([0, 2**31, 5, 2**31 - 1], np.uint32)
    assert np.abs(normal_integers(words, first)).max() * UNIT < cut


@pytest.mark.parametrize("cut", [2.0**-12, 0.3, 2.0, 5.0])
def test_cut_words_stay_symmetric_monotone_and_cover_the_inside(cut: float) -> None:
    """The outermost and the innermost word, and equal sizes for either sign."""
    words = np.linspace(0, 2**31 - 1, 10_001).astype(np.uint32)
    z = normal_integers(words, first_magnitude(cut))
    assert (np.diff(z) <= 0).all()
    assert np.array_equal(normal_integers(words | np.uint32(2**31), first_magnitude(cut)), -z)
    assert z[-1] == 0
    assert z[0] * UNIT == pytest.approx(cut, rel=1e-3)


def test_no_cut_beyond_the_largest_value() -> None:
    assert first_magnitude(6.5) == 0
    words = np.random.default_rng(0).integers(0, 2**32, 1000, dtype=np.uint32)
    assert np.array_equal(normal_integers(words, 0), normal_integers(words))


def tables_loaded_by_threads(load: Callable[[], object]) -> int:
    """How many different tables threads get that ask at once."""
    together = threading.Barrier(4)

    def ask() -> object:
        together.wait()
        return load()

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(ask) for _ in range(4)]
        return len({id(table) for table in [future.result() for future in waiting]})


def test_threads_that_ask_at_once_get_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    real, inside = np.load, threading.Barrier(4)

    def together(*arguments: object, **how: object) -> object:
        inside.wait()
        return real(*arguments, **how)

    with monkeypatch.context() as patch:
        patch.setattr(normal.np, "load", together)
        assert tables_loaded_by_threads(functools.cache(normal._load.__wrapped__)) == 4  # a cache alone lets all in

    def yielding(*arguments: object, **how: object) -> object:
        for _ in range(1000):
            time.sleep(0)  # the others' turn
        return real(*arguments, **how)

    monkeypatch.setattr(normal.np, "load", yielding)
    monkeypatch.setattr(normal, "_load", functools.cache(normal._load.__wrapped__))
    assert tables_loaded_by_threads(normal.table) == 1
