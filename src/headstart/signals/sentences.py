"""What a finding says, as templates: the page in the browser judges by the same rules and says the same words.

Names in braces are filled in; `sentence` fills them, and nothing else writes such a sentence.
"""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # forward
    "signal_lost": "At the start the signal is lost in {where}: every example gives the same outputs.",
    "signal_shrinks": "At the start the signal shrinks {drift}.",
    "signal_grows": "At the start the signal grows {drift}.",
    "signal_overflows": "past the largest number on its way to the outputs",
    "drift": "{per_layer} per layer, {total} over {layers}",
    "flat": "The hidden units start saturated: {share} of the activations of {layer} lie where the activation is flat, "
    "so little gradient passes through them.",
    # backward
    "gradient_lost": "Of the gradient nothing gets back as far as {where}.",
    "gradient_shrinks": "The gradient shrinks {drift}.",
    "gradient_grows": "The gradient grows {drift}.",
    "gradient_overflows": "past the largest number on its way back",
    "gradient_drift": "{per_layer} per layer on its way back, {total} from the output to the first layer",
    "no_gradient": "The gradient of every weight is exactly zero at the start: gradient descent has nothing to follow.",
    # outputs
    "certain": "The outputs start saturated: {share} of the examples have a probability within 1e-6 of 0 or 1, right "
    "or wrong{cost}.",
    "certain_cost": ", so the first cost is {cost}",
    # symmetry
    "copies": "Symmetry is not broken: {which} {when} ({units}), so they all learn the same.",
    "copies_everywhere": "the units of every hidden layer are copies of one another",
    "copies_of_one": "the {width} units of {layer} are copies of one another",
    "copies_of_some": "of the {width} units of {layer} only {distinct} differ",
    "copies_trained": "from the first step to the last",
    "copies_at_start": "at the start",
    "copies_units": "{distinct} of {width}",
    # training
    "course": "from {before} to {after}",
    "course_end": "to {after}",
    "course_score": "{course} ({metric} {score})",
    "one_diverged": "The run diverged: its gradient stopped being finite at step {step}.",
    "some_diverged": "{diverged} of {runs} runs diverged: their gradient stopped being finite {when}.",
    "at_step": "at step {step}",
    "at_median_step": "at step {step} in the median",
    "rises": "The cost rose {course}.",
    "stalls": "Training has not got far{runs}: the cost went {course}, and the best answer that ignores the inputs "
    "costs {constant}.",
    "recovers": "Training made up for it{runs}: the cost went {course}.",
    "in_runs": " in {some} of {runs} runs",
    "trained": "Training took the cost {course}.",
    # a start at which nothing was found
    "healthy": "Healthy start: {good} and {last}.",
    "nothing": "Nothing was found.",
    "healthy_drift": "the signal changes {per_layer} per layer",
    "healthy_some": "at most {share} is saturated",
    "healthy_none": "nothing is saturated",
    "healthy_units": "all units differ",
    "healthy_gradient": "the gradient reaches every layer",
}


def sentence(name: str, **values: object) -> str:
    """One of the sentences, filled in.

    >>> sentence("signal_grows", drift="× 10 per layer, × 100 over 2 layers")
    'At the start the signal grows × 10 per layer, × 100 over 2 layers.'
    """
    return SENTENCES[name].format(**values)
