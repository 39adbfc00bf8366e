"""Arrays are looked at without copying them: samples, parts, extremes."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.audits.values import MOST, ArrayValues, stride


@pytest.mark.parametrize("shape", [(10,), (4096, 4096), (1000, 64), (7, 5, 3, 3), (1, 100_000), ()])
def test_a_sample_is_spread_over_the_whole(shape: tuple[int, ...]) -> None:
    size = int(np.prod(shape))
    values = ArrayValues(np.arange(size, dtype=np.float32).reshape(shape))
    sample = values.sample()
    assert min(size, MOST // 2) <= sample.size <= MOST
    assert sample[0] == 0
    assert sample[-1] >= size - 2 * stride(size, shape) - 1
    if len(shape) > 1 and size > MOST:
        assert len(np.unique(sample.astype(int) % shape[-1])) > min(shape[-1], MOST) // 2  # not one column alone


def test_extremes_go_over_every_value() -> None:
    array = np.zeros(3_000_000, np.float32)
    array[2_999_999], array[1_500_000] = 4.0, -2.0
    found = ArrayValues(array).extremes()
    assert (found.low, found.high, found.nonfinite) == (-2.0, 4.0, 0)
    array[7] = -np.inf
    assert ArrayValues(array).extremes() == (-2.0, 4.0, 1)


def test_equal_means_every_bit() -> None:
    first, second = np.arange(5.0), np.arange(5.0)
    assert ArrayValues(first).same(ArrayValues(second))
    second[3] = np.nextafter(3.0, 4.0)
    assert not ArrayValues(first).same(ArrayValues(second))
    assert not ArrayValues(first).same(ArrayValues(first.astype(np.float32)))
