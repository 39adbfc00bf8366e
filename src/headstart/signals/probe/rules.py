"""Rules that only a probe of a model can see, as data. Their checks stand beside, in the probe's other files.

Every example is a tiny model of `headstart.models.torch.sick_signals` or `sick`, with its healthy twin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from headstart.signals.probe import gradient as probe_gradient
from headstart.signals.probe import signal as probe_signal
from headstart.signals.probe import stream as probe_stream
from headstart.signals.probe import units as probe_units
from headstart.signals.probe import values as probe_values
from headstart.signals.probe.look import Look
from headstart.signals.rule import Hit, Rule, Severity


def _rule(
    *, code: str, word: str, severity: Severity, title: str, meaning: str, why: str, limit: float, unit: str, fix: str,
    source: str, look: Callable[[Look, float], Iterable[Hit]], model: str, inputs: str,
) -> Rule:  # fmt: skip
    """A row; its commands are those of a model in the room of sick ones."""
    command = f"headstart probe headstart.models.torch.{model}"
    return Rule(
        code=code, word=word, severity=severity, title=title, meaning=meaning, why=why, limit=limit, unit=unit, fix=fix,
        source=source, look=look, example=f"{command} --input {inputs}",
        healthy=f"{command} --arg healthy=true --input {inputs}",
    )  # fmt: skip


RULES = (
    _rule(
        code="HS204",
        word="independent",
        severity="fault",
        title="The output hardly depends on the input.",
        meaning="Along what every signal has to pass, the part of the size that the input decides (the deviation "
        "across "
        "the batch by the root mean square) falls below the limit, times what it was at the start. Up to the last "
        "weights: a head may start at zero.",
        why="A bias, or the mean of a sigmoid, keeps the size of the signal up while each layer multiplies the rest by "
        "less than one. What is left is the same for every input, and the gradient of the early layers has the same "
        "factors. Whoever looks at the size alone sees a healthy network.",
        limit=0.01,
        unit="factor on the share of the size that the input decides",
        fix="Biases of zero and weights that keep the signal: headstart's init with gain. For sigmoid and softplus, "
        "whose "
        "mean is not zero, residual branches or normalization.",
        source="Schoenholz, Gilmer, Ganguli and Sohl-Dickstein, Deep information propagation, 2017: the ordered phase",
        look=probe_signal.independent,
        model="sick_signals:deaf",
        inputs="64,32",
    ),
    _rule(
        code="HS205",
        word="dead",
        severity="fault",
        title="Units are zero for every input of the batch.",
        meaning="More units of a relu, or of another activation with a part of zeros, than random signs make so: half "
        "of "
        "them where inputs are alike, and as many more as the layer's width lets chance add.",
        why="A unit that is zero for every input has a gradient of zero, and so have its weights: nothing brings it "
        "back. "
        "A bias or a norm's shift far below zero does that, or weights of one sign behind a relu.",
        limit=0.65,
        unit="share of units that are dead",
        fix="Biases of zero, weights of both signs: headstart's init with gain. At an output that must be positive, "
        "softplus.",
        source="Lu, Shin, Su and Karniadakis, Dying ReLU and initialization, 2019",
        look=probe_units.dead,
        model="sick:dead_units",
        inputs="64,13",
    ),
    _rule(
        code="HS206",
        word="not finite",
        severity="fault",
        title="Values or gradients are not finite.",
        meaning="An operation makes NaN or infinity of finite values, and it comes to the outputs; or a gradient "
        "becomes so "
        "on its way back. What a softmax takes as a mask is none. The first such operation is named.",
        why="After one step every parameter is NaN. It begins with a division by zero, a logarithm of zero, an "
        "exponential "
        "of a hundred, a root at zero, whose derivative has no end; or with a parameter that was never filled.",
        limit=0.0,
        unit="values that are not finite",
        fix="Mend the operation that is named: a small number under the root or the logarithm, smaller weights before "
        "the "
        "exponential.",
        source="IEEE 754-2019: arithmetic with NaN and infinity",
        look=probe_values.not_finite,
        model="sick_signals:log_of_zero",
        inputs="64,13",
    ),
    _rule(
        code="HS207",
        word="collapsed",
        severity="fault",
        title="The positions of an input grow alike.",
        meaning="Behind attention, one minus the mean cosine between two positions of one input falls below the limit, "
        "times what it was at the first block.",
        why="Attention averages over positions. Without a skip beside it each layer brings them nearer to their mean, "
        "doubly exponentially in depth, whatever the weights.",
        limit=0.01,
        unit="factor on 1 - cosine between positions",
        fix="Add residual branches or normalization: no initialization cures attention without skips.",
        source="Dong, Cordonnier and Loukas, Attention is not all you need, 2021",
        look=probe_stream.collapsed,
        model="sick_signals:attention_alone",
        inputs="16,12,16",
    ),
    _rule(
        code="HS208",
        word="one number",
        severity="fault",
        title="A norm takes its mean and variance of one number.",
        meaning="A layer norm over a width of one, a group norm with a group for each channel of a vector, an "
        "instance norm "
        "of one pixel. Of two numbers it is a remark.",
        why="A number minus its own mean is zero: the norm answers its shift, whatever comes in, and no gradient gets "
        "back.",
        limit=2.0,
        unit="numbers that the norm takes its mean of",
        fix="Normalize over more: fewer groups, the norm before the pooling, a wider layer, a larger batch.",
        source="Wu and He, Group normalization, 2018; Ba, Kiros and Hinton, Layer normalization, 2016",
        look=probe_values.one_number,
        model="sick_signals:norm_of_one",
        inputs="64,16",
    ),
    _rule(
        code="HS209",
        word="sharp",
        severity="fault",
        title="Attention starts with all of its shares in one place.",
        meaning="The standard deviation of a row's logits is above the limit; or above half of it where the logits are "
        "sqrt(width) times those of queries and keys over the root of their width.",
        why="The product of two vectors of variance one and width d has variance d. Over sqrt(d) the softmax starts "
        "nearly "
        "even; without it, one key gets all, and the gradient of a softmax that is one-hot is zero.",
        limit=3.0,
        unit="standard deviation of a row's logits",
        fix="Divide the logits by the root of the width of a head; weights of queries and keys at variance 1/fan_in.",
        source="Vaswani et al., Attention is all you need, 2017, section 3.2.1",
        look=probe_units.sharp,
        model="sick_signals:rootless",
        inputs="8,16,64",
    ),
    _rule(
        code="HS210",
        word="alike",
        severity="remark",
        title="Inputs grow alike with depth.",
        meaning="The mean cosine between two inputs rises from under 0.5 to above the limit along what every signal "
        "has to "
        "pass.",
        why="Under He initialization two inputs of a relu network come together as 1/depth²: it trains, and the "
        "deeper it "
        "is, the slower it tells inputs apart. A skip or a norm over the batch keeps them apart.",
        limit=0.95,
        unit="mean cosine between two inputs",
        fix="Nothing up to some tens of layers; beyond that residual branches, or an activation that is shaped for "
        "depth.",
        source="Martens et al., Rapid training of deep neural networks without skip connections, 2021",
        look=probe_signal.alike,
        model="sick_signals:alike",
        inputs="64,64",
    ),
    _rule(
        code="HS304",
        word="unbalanced",
        severity="remark",
        title="One step moves a weight far more, or far less, than the others.",
        meaning="The gradient's root mean square by that of the weight, relative to the median over all weights, is "
        "beyond "
        "the limit or below one over it.",
        why="One learning rate serves all weights. Where a weight has a thousandth of the usual size, one step is a "
        "thousand "
        "times as much to it. Optimizers that divide by the gradient's size mend half of it.",
        limit=1000.0,
        unit="factor on the gradient relative to the weight",
        fix="Weights of one scale with their fans (headstart's init), or a learning rate of its own for this layer.",
        source="Yang and Hu, Feature learning in infinite-width neural networks, 2021; You et al., LARS, 2017",
        look=probe_gradient.unbalanced,
        model="sick_signals:unbalanced",
        inputs="64,32",
    ),
    _rule(
        code="HS305",
        word="steep norm",
        severity="remark",
        title="A vector that is next to zero enters a norm.",
        meaning="A norm passes on more of a relative change than came in, by more than the limit: root mean square "
        "times "
        "gradient, before it by behind it.",
        why="A norm divides by its input's size, and by sqrt(eps) where there is none: a class token and a position "
        "that both "
        "start at zero have their gradient multiplied by 1/sqrt(1e-5) = 316.",
        limit=10.0,
        unit="factor on size times gradient",
        fix="Draw the token or the table at the scale of the others: N(0, 0.02²).",
        source="Ba, Kiros and Hinton, Layer normalization, 2016; Xiong et al., On layer normalization in the "
        "transformer "
        "architecture, 2020",
        look=probe_gradient.steep_norm,
        model="sick_signals:zero_token",
        inputs="16,12,16",
    ),
    _rule(
        code="HS402",
        word="first loss",
        severity="fault",
        title="The first loss is far above what guessing costs.",
        meaning="A cross-entropy beyond the limit times ln(classes), a remark from twice of it on; a mean squared "
        "error "
        "beyond a hundred times what the best constant answer costs, a remark from ten times on.",
        why="Before anything is learnt the best answer is the same for every input: ln(classes). Scores of standard "
        "deviation s cost s²/2 more. The model is sure, and wrong, and the first steps only unlearn it.",
        limit=3.0,
        unit="first loss / what the best answer costs that ignores the inputs",
        fix="Start the last layer at variance 1/fan_in or less; a tied embedding at 0.02 or 1/sqrt(width).",
        source="Karpathy, A recipe for training neural networks, 2019: verify loss at init; Press and Wolf, 2017",
        look=probe_values.first_loss,
        model="sick:first_loss",
        inputs="16,128 --loss cross_entropy --target '16:int64<1000'",
    ),
)
