"""Training and test parts, drawn by NumPy's legacy generator: the rows that scikit-learn's `train_test_split` gives.

The numbers are part of every published result, so they must not depend on another library's version; the tests hold
them against scikit-learn's, bit for bit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def split(count: int, test_share: float, seed: int) -> tuple[Rows, Rows]:
    """(training rows, test rows) of so many, in the order they were drawn.

    The test part has ceil(test_share * count) rows.

    >>> train, test = split(5, 0.4, seed=0)
    >>> sorted([*train.tolist(), *test.tolist()]), len(test)
    ([0, 1, 2, 3, 4], 2)
    """
    order = np.random.RandomState(seed).permutation(count)
    test = _test_size(count, test_share)
    return order[test:], order[:test]


def stratified_split(labels: NDArray[np.int64], test_share: float, seed: int) -> tuple[Rows, Rows]:
    """The same with each class's share kept as well as whole numbers can.

    Args:
        labels: class numbers 0, 1, ..., each at least once.

    >>> labels = np.array([0, 0, 0, 0, 1, 1])
    >>> train, test = stratified_split(labels, 0.5, seed=0)
    >>> sorted(labels[test].tolist())
    [0, 0, 1]
    """
    random = np.random.RandomState(seed)
    test = _test_size(len(labels), test_share)
    counts = np.bincount(labels)
    for_training = _apportioned(counts, len(labels) - test, random)
    for_testing = _apportioned(counts - for_training, test, random)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    parts: tuple[list[Rows], list[Rows]] = ([], [])
    for rows, first, second in zip(members, for_training, for_testing, strict=True):
        mixed = rows[random.permutation(len(rows))]
        parts[0].append(mixed[:first])
        parts[1].append(mixed[first : first + second])
    train_rows, test_rows = (np.concatenate(part) for part in parts)
    return random.permutation(train_rows), random.permutation(test_rows)


def _test_size(count: int, share: float) -> int:
    return math.ceil(share * count)


def _apportioned(counts: NDArray[np.int64], total: int, random: np.random.RandomState) -> NDArray[np.int64]:
    """Whole numbers that add up to `total` in proportion to the counts; ties of the largest remainders are drawn."""
    exact = counts / counts.sum() * total
    whole = np.floor(exact)
    left = int(total - whole.sum())
    remainders = exact - whole
    for remainder in np.unique(remainders)[::-1]:
        if left == 0:
            break
        (tied,) = np.nonzero(remainders == remainder)
        lucky = random.choice(tied, size=min(len(tied), left), replace=False)
        whole[lucky] += 1
        left -= len(lucky)
    return np.asarray(whole, np.int64)
