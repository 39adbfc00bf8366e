"""Figures for docs/trainability.md: headstart report trainability.db --json | python docs/studies/trainability.py"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.analysis.factors import value
from headstart.experiments.analysis.trainability import trainability, trainable_depth

Row = dict[str, Any]
Array = NDArray[np.float64]

CHANCE = 0.2  # accuracies up to here carry no weight in the middle: ten classes, and twice the luck
ROWS = 2  # the deepest ones that learn, of which the middle is taken
RESAMPLES = 2000


def accuracies(rows: list[Row]) -> tuple[Array, Array, Array]:
    """Depths, weight variances, and the training accuracy by (depth, weight variance, seed)."""
    places = [(row["depth"], value(row, "sigma_w2"), row["seed"]) for row in rows]
    axes = [np.unique(axis) for axis in zip(*places, strict=True)]
    grid = np.full([len(axis) for axis in axes], np.nan)
    for row, place in zip(rows, places, strict=True):
        index = tuple(int(np.searchsorted(axis, item)) for axis, item in zip(axes, place, strict=True))
        grid[index] = row["train_accuracy"]
    return axes[0], axes[1], grid


def middle(variances: Array, medians: Array) -> float:
    """The mean weight variance of what learns in some rows of medians, weighted by accuracy above chance."""
    weights = np.clip(medians - CHANCE, 0, None).sum(axis=0)
    return float(weights @ variances / weights.sum()) if weights.any() else float("nan")


def middle_interval(variances: Array, grid: Array) -> tuple[float, float]:
    """95 % bootstrap interval of the middle; whole seeds are drawn, since one seed's numbers go through all cells."""
    rng = np.random.default_rng(0)
    picks = rng.integers(grid.shape[2], size=(RESAMPLES, grid.shape[2]))
    found = [middle(variances, np.median(grid[..., pick], axis=2)) for pick in picks]
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)


def predicted_middle(curve: list[tuple[float, float]], depths: Array) -> float:
    """Half way between the two sides of the theory's curve, at these depths."""
    inside = [[w2 for w2, limit in curve if limit >= depth] for depth in depths]
    return float(np.mean([(found[0] + found[-1]) / 2 for found in inside]))


def figures(rows: list[Row]) -> dict[str, str]:
    """What was measured -> its figure, for the runs of one scheme."""
    found = trainability(rows, "train_accuracy")
    depths, variances, grid = accuracies(rows)
    medians = np.median(grid, axis=2)
    limits = [trainable_depth(rows[0]["activation"], float(w2), rows[0]["sigma_b"]) or np.nan for w2 in variances]
    ratio = depths[:, None] / np.array(limits)
    sides = np.mean((ratio <= 1) == (medians >= found.threshold))
    (cells, count), (columns, many) = found.cell_correlation, found.column_correlation
    ridge = " to ".join(dict.fromkeys(f"{w2:g}" for w2 in found.ridge))
    deep = np.flatnonzero(medians.max(axis=1) >= found.threshold)[-ROWS:]
    low, high = middle_interval(variances, grid[deep])
    where = " and ".join(f"{depth:.0f}" for depth in depths[deep])
    return {
        f"rank correlation of accuracy with 6 ξ_c / depth, over {count} cells": f"{cells:.2f}",
        f"rank correlation of the deepest trained network with 6 ξ_c, over {many} variances": f"{columns:.2f}",
        "cells on the side of the curve where theory has them": f"{100 * sides:.0f} %",
        "σ_w² at which networks trained deepest": f"{ridge} ({max(c.measured for c in found.columns):.0f} layers)",
        f"middle of what learns in the {ROWS} deepest rows that do": (
            f"{middle(variances, medians[deep]):.2f} ({low:.2f}–{high:.2f}; {where} layers)"
        ),
        "half way between the sides of the curve in these rows": f"{predicted_middle(found.curve(), depths[deep]):.2f}",
        "highest median beyond twice 6 ξ_c": f"{100 * medians[ratio > 2].max():.0f} %",
        "lowest median below half of 6 ξ_c": f"{100 * medians[ratio < 0.5].min():.0f} %",
    }


def main() -> None:
    rows: list[Row] = json.load(sys.stdin)["rows"]
    schemes = list(dict.fromkeys(row["scheme"] for row in rows))
    columns = [figures([row for row in rows if row["scheme"] == scheme]) for scheme in schemes]
    print("| | " + " | ".join(schemes) + " |\n" + "|---" * (len(schemes) + 1) + "|")
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(column[name] for column in columns) + " |")


if __name__ == "__main__":
    main()
