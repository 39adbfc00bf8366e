"""How far one draw of the weights and of the batch may lie from what theory predicts.

A second moment is measured as a mean over n units, B inputs and P places of y^2. Units are independent given what came
in; inputs and places are not, so that the squares' own covariances decide: the relative variance is

    (v_own + (B-1) v_inputs + (P-1) v_places + (B-1)(P-1) v_both) / (B P n q^2).

For one input of a ReLU network this is the 5/n per layer of Hanin & Rolnick (2018); a convolution's n is its channels.
"""

from __future__ import annotations

from headstart.theory.laws.samples import Array, pairs_of

SURE = 2.5  # standard errors


def scatter(x: Array, units: int, inputs: int, places: int) -> float:
    """The relative variance of the mean square over so many units, inputs and places.

    >>> from headstart.theory.laws.samples import Draws, Pairs
    >>> x = Draws().of(Pairs(1.0, 1.0, 1.0, 1.0))
    >>> round(scatter(x, 100, 1, 1), 3), round(scatter(x, 100, 64, 9), 3)  # 2/n, whatever their number
    (0.02, 0.02)
    """
    squares = x**2
    size = float(squares.mean())
    if size <= 0:
        return 0.0
    v = pairs_of(squares / size - 1)
    seen = SURE * v.own / x.shape[1] ** 0.5  # below that a covariance may be the samples' own chance
    shared = [value if value > seen else 0.0 for value in v[1:]]
    total = v.own + (inputs - 1) * shared[0] + (places - 1) * shared[1] + (inputs - 1) * (places - 1) * shared[2]
    return total / (max(inputs, 1) * max(places, 1) * max(units, 1))
