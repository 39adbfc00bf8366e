"""What each verdict means, in a lesson's voice: the page shows it beside the rule and what was measured."""

from __future__ import annotations

PARAGRAPHS: dict[str, str] = {
    "healthy": "Nothing was found at the start: the signal reaches the output and the gradient reaches the first "
    "layer at about the size they began with, and no unit is a copy of another. That is all a starting weight can do; "
    "the rest is up to the learning rate, the steps and the data.",
    "recovered": "Something was wrong at the start, and training made up for it. A shallow network with a large "
    "enough learning rate gets away with a start that would stop a deep one.",
    "symmetric": "If all weights of a layer are equal, all its units compute the same and receive the same "
    "gradient, so after the step they are equal again, and so on for ever: ten units do the work of one. Zero is not "
    "special, any constant does it. Random weights break the symmetry; biases may start at zero.",
    "no gradient": "Every weight's gradient is zero: gradient descent stands still before the first step. With "
    "ReLU, zeros do this: no unit is on, and none receives anything.",
    "vanishing": "Every layer multiplies the signal by about the same factor. Below one, the factors of many layers "
    "make nothing: the output hardly depends on the input, and on its way back the gradient shrinks likewise, so the "
    "first layers hardly learn. A variance of 1/n for tanh, 2/n for ReLU, keeps the factor near one.",
    "exploding": "Every layer multiplies the signal by about the same factor. Above one, the outputs of a deep "
    "network are far from any target: the first cost is huge, and a step along its gradient throws the weights about "
    "instead of improving them. A variance of 1/n for tanh, 2/n for ReLU, keeps the factor near one.",
    "saturated": "Weights that are too large push the sums far out, where the sigmoid is 0 or 1 to all digits and "
    "tanh is flat. The network is sure of every answer before it has seen one, wrong on half of them, and the flat "
    "parts pass no gradient back: training spends its steps on undoing that.",
    "diverged": "The steps were longer than the valley is wide: each one overshot by more than the last, until the "
    "numbers were no numbers. A smaller learning rate, or weights that start smaller, stay in the valley.",
    "unstable": "Some seeds diverged and others did not: the learning rate stands at the edge. The next seed may fall.",
    "rising": "The cost ended above where it began: the learning rate is too large for this start, though no number "
    "became infinite.",
    "stalled": "The answers are hardly better than one that ignores the inputs. After a healthy start that is for "
    "lack of steps or of learning rate, or the network is too small; after another start, mend that first.",
}
