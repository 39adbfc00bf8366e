"""HS6xx: what is wrong with a parameter's own values. The rules as data; `audit` has their checks.

Every example is a tiny model of `headstart.models.torch.sick`, with its healthy twin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from headstart.signals.drift import GROWS, SHRINKS
from headstart.signals.probe import stream as probe_stream
from headstart.signals.probe import zeros as probe_zeros
from headstart.signals.probe.look import Look
from headstart.signals.rule import Hit, Rule, Severity


def _rule(
    *, code: str, word: str, severity: Severity, title: str, meaning: str, why: str, limit: float, unit: str, fix: str,
    source: str, model: str, example: str = "", look: Callable[[Look, float], Iterable[Hit]] | None = None,
) -> Rule:  # fmt: skip
    """A row; its commands are those of a model in the room of sick ones."""
    command = f"headstart audit headstart.models.torch.sick:{model}"
    quoted = f"'{example}'" if "<" in example else example  # which a shell would read as a redirection
    inputs = f" --example {quoted}" if example else ""
    return Rule(
        code=code, word=word, severity=severity, title=title, meaning=meaning, why=why, limit=limit, unit=unit, fix=fix,
        source=source, look=look, example=command + inputs, healthy=f"{command} --arg healthy=true{inputs}",
    )  # fmt: skip


RULES = (
    _rule(
        code="HS601",
        word="not finite",
        severity="fault",
        title="A parameter or buffer holds values that are not finite.",
        meaning="Any NaN or infinity in it. A mask of zeros and -inf in a buffer is none.",
        why="One NaN makes every output NaN that it touches, and after one step every parameter. Where nothing was "
        "computed yet it comes from memory that was never written, or from a division by zero in the code that "
        "draws.",
        limit=0.0,
        unit="values that are not finite",
        fix="Draw the parameter again, and look for what made it: a norm of zero, a file that was cut off, "
        "torch.empty without a fill.",
        source="IEEE 754-2019: arithmetic with NaN",
        model="not_finite",
    ),
    _rule(
        code="HS602",
        word="unwritten",
        severity="fault",
        title="A parameter or buffer holds what was in memory before.",
        meaning="Values beyond a million, or more than a tenth of them denormal. Memory that was in use before may "
        "look normal: that nothing is found is no proof.",
        why="torch.empty takes memory as it is: bits of other people's numbers, read as floating-point ones, have "
        "random exponents. In some runs they are zeros, or leftovers of an earlier weight, and nobody notices.",
        limit=1000000.0,
        unit="largest absolute value",
        fix="Fill it: nn.init, or headstart's init, in the layer's reset_parameters.",
        source="PyTorch documentation of torch.empty, 2024: returns a tensor filled with uninitialized data",
        model="uninitialized",
    ),
    _rule(
        code="HS603",
        word="no values",
        severity="remark",
        title="A parameter has no values yet.",
        meaning="It is on the meta device, or lazy: it has no memory, or not even a shape.",
        why="A lazy layer gets its shape from the first batch, a model on meta its memory from to_empty, and only "
        "then can anything be drawn. Code that draws before has no effect, and to_empty brings memory as it is.",
        limit=0.0,
        unit="values that there are",
        fix="Lazy: run one batch through the model, then draw. Meta: model.to_empty(device='cpu'), then draw every "
        "parameter and buffer.",
        source="PyTorch documentation of LazyModuleMixin and of the meta device, 2024",
        model="no_values",
    ),
    _rule(
        code="HS604",
        word="zero layer",
        severity="fault",
        title="A weight is zero where a random one belongs.",
        meaning="All its values are zero, and what it makes is lost: the next weight sees only zeros, or it is "
        "divided by its own norm. A remark where zero is a recipe: the last weight of a residual branch, a "
        "head, what scores a softmax.",
        why="Behind a layer of zeros nothing depends on the input, and before it no weight gets a gradient: W^T "
        "times the error is zero. With a relu behind it, whose slope at zero is zero, it stays so for ever. On "
        "a residual branch or at the end it only delays its own branch by one step.",
        limit=0.0,
        unit="largest absolute value",
        fix="Draw it as its neighbours are (he, xavier), or check that the code that draws it ran at all.",
        source="Zhang, Dauphin and Ma, Fixup initialization, 2019: what may start at zero, and why",
        model="zero_layer",
        look=probe_zeros.layers,
        example="4,8",
    ),
    _rule(
        code="HS605",
        word="dead pair",
        severity="fault",
        title="Two weights that multiply one another are both zero.",
        meaning="A zero weight takes what a zero weight makes, with nothing added between.",
        why="The gradient of each holds the other as a factor, so both are zero and stay zero, however long the "
        "training. One of two at zero is a recipe: LoRA's B, a branch's last layer.",
        limit=0.0,
        unit="largest absolute value of the two",
        fix="Draw the first of the two at random and leave the last at zero.",
        source="Hu et al., LoRA: low-rank adaptation of large language models, 2021, section 4.1",
        model="dead_pair",
        look=probe_zeros.dead_pairs,
        example="4,8",
    ),
    _rule(
        code="HS606",
        word="identical",
        severity="fault",
        title="Weights that should differ are bit for bit the same.",
        meaning="Two trainable weights of the same shape, or slices of one stack, with equal values that look "
        "drawn. Ties, constants, tables and frozen copies are meant. A remark where one lies behind the "
        "other.",
        why="Two critics, experts or ensemble members that start alike and see alike stay alike: they cost twice "
        "and do the work of one. Copies come from copy.deepcopy of a layer, or from one seed for each. Copies "
        "in a row see different inputs and part, but start more alike than drawn ones.",
        limit=0.0,
        unit="share of values that differ",
        fix="Draw each from its own stream: headstart's init does, by name.",
        source="Lakshminarayanan, Pritzel and Blundell, Simple and scalable predictive uncertainty estimation, "
        "2017: members start at random, each by itself",
        model="identical",
        example="4,8",
    ),
    _rule(
        code="HS607",
        word="twin units",
        severity="fault",
        title="Units of a layer have the same incoming weights.",
        meaning="Fewer distinct rows than units, rows of zeros apart. A remark while more than half of them differ.",
        why="Units with the same weights compute the same and, where what follows treats them alike, get the same "
        "gradient. A constant makes a layer of ten do the work of one.",
        limit=1.0,
        unit="share of a layer's units that are distinct",
        fix="Draw the weights at random (he, xavier, any scheme but a constant).",
        source="Rumelhart, Hinton and Williams, Learning internal representations by error propagation, 1986: "
        "breaking symmetry",
        model="identical_units",
        example="4,8",
    ),
    _rule(
        code="HS608",
        word="norm scale",
        severity="fault",
        title="The scale of a norm is no scale.",
        meaning="Its values scatter about zero by more than their mean, as a weight's do; or it is zero and its "
        "shift is not; or it is zero and what follows sees nothing else. A zero scale that ends a residual "
        "branch is a recipe: a remark.",
        why="A norm's scale starts at one, so that what leaves it has variance one. Drawn from N(0, 0.02²) like the"
        " weights it takes the signal down fifty times at every norm, with random signs. Swapped with the shift"
        " it answers one, whatever comes in.",
        limit=1.0,
        unit="standard deviation of the scale / its mean",
        fix="Set scales to 1 and shifts to 0, and leave norms out of the rule for weights.",
        source="Ioffe and Szegedy, Batch normalization, 2015; Goyal et al., Accurate, large minibatch SGD, 2017: "
        "the zero scale that ends a branch",
        model="norm_scale",
        look=probe_zeros.norm_scales,
    ),
    _rule(
        code="HS609",
        word="input lost",
        severity="fault",
        title="A layer of zeros multiplies the signal away.",
        meaning="A layer whose weight and bias are zero makes a factor of the signal, with no 1 + before it, and "
        "what follows sees nothing else.",
        why="Conditional norms make their scale by a layer, and start it at one by zeros and 1 + scale (adaLN-Zero,"
        " FiLM). Without the 1 the product is zero: nothing of the input gets through, no gradient gets back.",
        limit=0.0,
        unit="what is left of the signal",
        fix="Write 1 + scale, or start the layer's bias at 1.",
        source="Peebles and Xie, Scalable diffusion models with transformers, 2023: adaLN-Zero",
        model="input_lost",
        look=probe_zeros.factors,
        example="4,8",
    ),
    _rule(
        code="HS610",
        word="residual",
        severity="remark",
        title="The ends of residual branches are not scaled, and there are many.",
        meaning="At least 12 residual sums in a row, over which the stream's standard deviation is predicted to "
        "grow by more than the limit.",
        why="Each branch adds its variance to the stream, so after L sums of the same size it is 1 + L times as "
        "large, and the last branches change it the less. With norms before the branches it is harmless, and "
        "costs depth.",
        limit=3.0,
        unit="growth of the stream's standard deviation",
        fix="Scale the last weight of each branch by 1/sqrt(L), L residual sums (GPT-2), or start it at zero.",
        source="Radford et al., Language models are unsupervised multitask learners, 2019, section 2.3; Zhang, "
        "Dauphin and Ma, 2019",
        model="residual_scale",
        look=probe_stream.stream,
        example="4,32",
    ),
    _rule(
        code="HS611",
        word="wrong fan",
        severity="fault",
        title="A weight's scale comes from a fan that its layer does not have.",
        meaning="It fits He, LeCun or Glorot with the fans counted from the shape of a grouped, transposed, packed "
        "or stacked weight, or of one that is multiplied from the other side; and with none of the layer's "
        "own. A remark if the scale is less than half off, if it is the library's default, or if a norm "
        "follows.",
        why="nn.init counts fans from the shape alone: (in, out, k, k) of a transposed convolution is read the "
        "other way round, three packed projections as one, all experts as one layer, groups not at all.",
        limit=2.0,
        unit="factor on the standard deviation",
        fix="Pass the layout: headstart's plan reads groups, strides, blocks and stacks from the layer.",
        source="He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015, section 2.2: n is the number of "
        "connections of a response",
        model="wrong_fan",
        example="2,64,8,8",
    ),
    _rule(
        code="HS612",
        word="variance",
        severity="fault",
        title="A variance was taken for a standard deviation, or the reverse.",
        meaning="The standard deviation is c/fan_in, or the fourth root of c/fan_in, for c = 1 or 2; no recipe "
        "fits, and it is off by more than the limit. A remark if all that fit have the same fan, and then only of "
        "weights that vanish or explode (HS614, HS615).",
        why="Formulas give variances, arguments take standard deviations. 2/n for sqrt(2/n) makes each layer "
        "sqrt(n/2) times too small; the reverse makes it as much too large.",
        limit=2.0,
        unit="factor on the standard deviation",
        fix="Take the root once: std = sqrt(2/fan_in).",
        source="He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015, equation 10",
        model="variance_for_std",
        example="4,64",
    ),
    _rule(
        code="HS613",
        word="other fan",
        severity="remark",
        title="A weight's scale is that of the other fan.",
        meaning="It fits He or LeCun with fan_out, not with fan_in nor any other recipe, and the two give standard "
        "deviations that differ by more than the limit. Not told where a norm follows.",
        why="1/sqrt(fan_out) keeps the gradient on its way back, 1/sqrt(fan_in) the signal on its way forward. In a"
        " layer from 784 to 30 they differ five times, and the units start saturated.",
        limit=2.0,
        unit="factor between the two standard deviations",
        fix="Scale with fan_in, or with Glorot's mean of both.",
        source="Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010,"
        " section 4.2",
        model="other_fan",
        example="4,784",
    ),
    _rule(
        code="HS614",
        word="shrinking",
        severity="fault",
        title="These weights make the signal vanish over the model's depth.",
        meaning="From an input or a norm to the output, what depends on the input is predicted to shrink by more "
        "than the limit; told of each weight on the way that shrinks it by a fifth or more.",
        why="A layer multiplies the signal by sqrt(fan_in) std / gain. The factors compound, and the gradient meets"
        " the same ones on its way back. A norm on the way mends it.",
        limit=SHRINKS,
        unit="factor on the signal's standard deviation, over all these weights",
        fix="he before relu, xavier before tanh, gain for what really follows: headstart's init, with an example.",
        source="He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015",
        model="vanishing_weights",
        example="4,64",
    ),
    _rule(
        code="HS615",
        word="growing",
        severity="fault",
        title="These weights make the signal explode over the model's depth.",
        meaning="From an input or a norm to the output, what depends on the input is predicted to grow by more than"
        " the limit; told of each weight on the way that enlarges it by a quarter or more, of residual "
        "branches of their ends.",
        why="The same product as for vanishing, on the other side of one. A residual sum without a norm doubles the"
        " variance at each step: fifty of them make 2^25 in standard deviation.",
        limit=GROWS,
        unit="factor on the signal's standard deviation, over all these weights",
        fix="Scale with the fan (he, xavier); scale the ends of residual branches by 1/sqrt(L), or put a norm "
        "before each branch.",
        source="He, Zhang, Ren and Sun, 2015; Zhang, Dauphin and Ma, 2019",
        model="exploding_weights",
        example="4,64",
    ),
    _rule(
        code="HS616",
        word="first loss",
        severity="fault",
        title="The head makes the first loss far larger than guessing does.",
        meaning="The predicted cross-entropy of its scores, were they those of classes, is more than the limit "
        "times ln(classes), and it is the head's own weights that make it so: they enlarge the signal at "
        "least twice.",
        why="Scores of standard deviation s cost about ln(V) + s²/2 before anything is learnt: the model is sure, "
        "and wrong. The first steps only unlearn it. An embedding of N(0, 1) that is tied to the head makes s ="
        " sqrt(width).",
        limit=3.0,
        unit="first cross-entropy / ln(classes)",
        fix="Start the head at variance 1/width or less, a tied embedding at 0.02 or 1/sqrt(width).",
        source="Press and Wolf, Using the output embedding to improve language models, 2017; Raffel et al., 2020: "
        "the 1/sqrt(d) before T5's tied head",
        model="first_loss",
        example="4,128",
    ),
    _rule(
        code="HS617",
        word="saturating",
        severity="fault",
        title="A weight is so large that what follows starts flat.",
        meaning="More than the limit of the units are predicted to have less than a tenth of the activation's "
        "steepest slope. For activations that flatten at both ends.",
        why="The gradient passes a unit times its slope: on the flat ends next to nothing gets through.",
        limit=0.4,
        unit="share of units where the activation is flat",
        fix="Scale with fan_in: xavier for tanh and sigmoid.",
        source="Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010",
        model="saturating",
        example="4,784",
    ),
    _rule(
        code="HS618",
        word="dead units",
        severity="fault",
        title="A bias keeps its units at zero, whatever comes in.",
        meaning="The share of a layer's units that one input in a thousand or fewer is predicted to bring above the"
        " threshold of their relu. A remark while less than half of them are dead.",
        why="A unit that is zero for every example has a gradient of zero: nothing brings it back.",
        limit=0.05,
        unit="share of units that are dead",
        fix="Start biases at zero, or small and positive.",
        source="Lu, Shin, Su and Karniadakis, Dying ReLU and initialization, 2019",
        model="dead_units",
        example="4,13",
    ),
    _rule(
        code="HS619",
        word="ignored",
        severity="fault",
        title="A weight was written, and its layer computes another one.",
        meaning="The tensor that stands where the weight stands differs from what the layer computes from its own "
        "parameters, relative to it.",
        why="Weight norm and spectral norm keep parameters of their own and overwrite the weight before every "
        "forward pass. Who draws into .weight draws into a copy.",
        limit=0.001,
        unit="relative difference",
        fix="Write through the layer: headstart's init does; or set weight_g and weight_v.",
        source="Salimans and Kingma, Weight normalization, 2016; PyTorch documentation of weight_norm, 2024",
        model="ignored",
    ),
    _rule(
        code="HS620",
        word="padding row",
        severity="fault",
        title="The padding row of an embedding is not zero.",
        meaning="Its largest absolute value.",
        why="The row of padding_idx never gets a gradient, so what is drawn into it stays: every padded position "
        "adds it.",
        limit=0.0,
        unit="largest absolute value in the row",
        fix="Set the row to zero after drawing: headstart's init does.",
        source="PyTorch documentation of nn.Embedding, 2024: padding_idx",
        model="padding_row",
    ),
    _rule(
        code="HS621",
        word="forget bias",
        severity="remark",
        title="The forget gates of a model's layers start differently.",
        meaning="The mean forget bias of this layer is less than the largest among the layers by more than the limit.",
        why="A forget bias of 1 or more lets a memory last when training starts. Set on one layer or direction "
        "alone, it was meant for all: the code that sets it met only the first.",
        limit=0.5,
        unit="difference of mean forget biases",
        fix="Set it on every layer and direction: bias_hh_l1, bias_hh_l0_reverse, ...",
        source="Jozefowicz, Zaremba and Sutskever, An empirical exploration of recurrent network architectures, 2015",
        model="forget_bias",
    ),
    _rule(
        code="HS622",
        word="wide table",
        severity="remark",
        title="An embedding is so wide that the blocks hardly move the stream.",
        meaning="All residual branches together are predicted to add less than the limit to a stream that starts "
        "with this table, whose standard deviation is ten times that of the weights or more.",
        why="With norms before the branches their outputs have the size that the weights give them, whatever the "
        "stream has. A stream thirty times as large stays what it was: the model starts as its embedding, and "
        "learns slowly.",
        limit=0.25,
        unit="size of all branches / size of the stream",
        fix="Draw the embedding at the scale of the weights (0.02), or put a norm behind it.",
        source="Takase, Kiyono, Kobayashi and Suzuki, Spike no more, 2024",
        model="wide_embedding",
        look=probe_stream.wide_table,
        example="2,6:int64<50",
    ),
    _rule(
        code="HS623",
        word="slow sine",
        severity="fault",
        title="The first layer before a sine hardly makes it oscillate.",
        meaning="The phase of the first sine is predicted to spread over less than the limit, for inputs of "
        "variance 1.",
        why="A network of sines draws its first layer from U(±1/fan_in), far wider than the others, so that ω times"
        " it covers many periods. With the hidden layers' bound sqrt(6/fan_in)/ω the sine is nearly a line: no "
        "detail is learnt.",
        limit=3.0,
        unit="standard deviation of the phase",
        fix="siren(first=true) for the first layer: U(±1/fan_in).",
        source="Sitzmann et al., Implicit neural representations with periodic activation functions, 2020, section 3.2",
        model="slow_sine",
        look=probe_stream.slow_sine,
        example="4,2",
    ),
)
BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}
