"""Columns brought to mean 0 and standard deviation 1 of the training part, whatever their size.

The mean and the deviation of 1e300 overflow, those of 1e-200 underflow, and the rounding of a mean is not a spread: 0.1
in every row has a "deviation" of 1e-17. Such columns are measured from one of their values, in units of their largest
distance from it; ordinary ones by the plain formula.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ROUNDING = 64 * float(np.finfo(np.float64).eps)  # of the largest number: what sums in another order differ by
NARROW = 1e-6  # of the largest number: below, a mean's rounding error shows in the deviation
SMALLEST, LARGEST = 1e-100, 1e100  # whose squares can be added


def standardized(train: Array, test: Array) -> tuple[Array, Array, list[int]]:
    """(training part, test part, which columns are constant in the training part); both (rows, columns).

    A constant column says nothing, and is 0 everywhere: its test values have no scale to be measured by.

    >>> train, test, constant = standardized(np.array([[1e300, 0.1], [3e300, 0.1]]), np.array([[2e300, 0.1]]))
    >>> train.tolist(), test.tolist(), constant
    ([[-1.0, 0.0], [1.0, 0.0]], [[0.0, 0.0]], [1])
    """
    with np.errstate(all="ignore"):  # what overflows is measured in another way
        mean, std = train.mean(axis=0), train.std(axis=0)
        largest = np.abs(train).max(axis=0)
        odd = ~((std > SMALLEST) & (std < LARGEST) & (largest < LARGEST) & (std > NARROW * largest))
        std = np.where(odd, 1.0, std)
        new_train, new_test = (train - mean) / std, (test - mean) / std
    constant = []
    for column in np.flatnonzero(odd).tolist():
        found = _carefully(train[:, column], test[:, column])
        if found is None:
            constant.append(column)
            found = np.zeros(len(train)), np.zeros(len(test))
        new_train[:, column], new_test[:, column] = found
    return new_train, new_test, constant


def _carefully(train: Array, test: Array) -> tuple[Array, Array] | None:
    """The same for one column of any size; None where it is constant up to rounding.

    The differences of whole numbers are no rounding, however large the numbers.
    """
    size = float(np.abs(train).max())
    if size == 0:
        return None
    unit = math.ldexp(1.0, math.frexp(size)[1] - 1)  # a power of two, so that nothing is rounded
    first = train[0] / unit
    away, test_away = train / unit - first, _ratio(test, unit) - first
    spread = float(np.abs(away).max())
    whole = size < 2**53 and bool((train == np.floor(train)).all())
    if spread == 0 or (spread <= ROUNDING and not whole):
        return None
    away, test_away = away / spread, _ratio(test_away, spread)
    mean, std = away.mean(), away.std()
    return (away - mean) / std, (test_away - mean) / std


def _ratio(values: Array, unit: float) -> Array:
    """The values in other units; what is too far out for a float is as far out as there is."""
    with np.errstate(over="ignore"):
        return np.clip(values / unit, -LARGEST, LARGEST)
