"""Rules: from parameters and a scheme to a plan: each parameter's draw and the reason, or why it is left alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from headstart.check import is_number, positive
from headstart.errors import InputError, unknown
from headstart.layout import MODES, Layout, block_fans, layout_of
from headstart.plans.keys import check_keys
from headstart.plans.parameter import Parameter
from headstart.plans.picks import part_words, pick_axis
from headstart.plans.plan import Entry, LeftAlone, Plan
from headstart.plans.roles import KEEP, ROLES, SCHEME
from headstart.schemes import Constant, Draw, Scheme, scheme
from headstart.words import number

ResidualScale = str | float | Callable[[int], float]
_SCALES: dict[str, Callable[[int], float]] = {
    "1/sqrt(2L)": lambda sums: 1 / math.sqrt(sums),  # a transformer of L layers has 2L sums: GPT-2's own rule
    "1/sqrt(L)": lambda sums: 1 / math.sqrt(sums),
    "1/L": lambda sums: 1 / sums,
    "0": lambda sums: 0.0,
}
GATES, FORGET = 4, 1  # of an LSTM


@dataclass(frozen=True)
class Rule:
    """What a caller says of some parameters.

    Args:
        scheme: what they get; None for what their role says, "keep" to leave them as they are.
        layout: what their axes are for, where that cannot be read.
        blocks: (axis, how many) or (axis, sizes): layers packed side by side.
    """

    scheme: Scheme | str | None = None
    layout: Layout | None = None
    blocks: Any = None


def plan_parameters(
    parameters: Iterable[Parameter],
    asked: str | Scheme,
    rules: Mapping[str, Any] | None = None,
    *,
    bias: str | Scheme = "zeros",
    residual_scale: ResidualScale | None = None,
    depth: int | None = None,
    only: str | Iterable[str] | None = None,
    frozen: bool = False,
    strict: bool = False,
) -> Plan:
    """The plan of a model's parameters: each gets what its role says, unless a rule says otherwise.

    Args:
        parameters: of the model, in its order.
        asked: the scheme for all that a scheme is for.
        rules: a pattern of parameters' names ("layers.*.weight"), the class of their layer ("Conv2d", whose weights
            a scheme is for) or a role -> a scheme, "keep" to leave them as they are, or a table with scheme, layout
            and blocks. A pattern of names goes before a class, a class before a role, and a later one before an
            earlier.
        bias: what biases get.
        residual_scale: what the last weights of residual branches are multiplied with: a number, "1/sqrt(2L)", or a
            function of the number of residual sums that lie one behind the other.
        depth: that number; None where it is not known.
        only: patterns of names or roles: everything else is left alone.
        frozen: whether parameters that training does not change are drawn too.
        strict: whether a parameter of unknown use is an error.

    Raises:
        InputError: two parameters of one name or key, a tie to a parameter that there is not, a rule that fits no
            parameter or is for one by its whole name and overruled, or a scheme that cannot draw one of them; with its
            name.

    >>> layer = [Parameter("weight", (5, 8)), Parameter("bias", (5,), "bias"), Parameter("scale", (5,), "norm scale")]
    >>> print(plan_parameters(layer, "he", rules={"bias": "normal(0.1)"}))
    parameter  shape  role    fan_in  fan_out  std  reason
    weight     5×8    weight       8        5  0.5  he: variance 2/n_in, fan_in 8
    bias       5      bias         –        –  0.1  bias by rule 'bias': normal(0.1): N(0, std²)
    left alone:
    scale: a norm's scale starts where its layer puts it, at 1
    """
    found = list(parameters)
    _check(found)
    said = _Said(scheme(asked), {name: rule_of(name, given) for name, given in (rules or {}).items()}, _bias(bias))
    scale = _residual_factor(residual_scale, depth, found)
    wanted = None if only is None else ((only,) if isinstance(only, str) else tuple(only))
    entries, left = [], []
    for parameter in found:
        made = said.of(parameter, scale, wanted, frozen)
        if isinstance(made, Entry):
            entries.append(made)
        else:
            left.append(made)
    said.check_used(found)
    _check_only(wanted, found)
    if strict:
        _check_known(left)
    return Plan(tuple(entries), tuple(left))


def rule_of(name: str, given: Any) -> Rule:
    """A rule from what a caller wrote: a scheme, "keep", or a table."""
    if isinstance(given, Rule):
        return given
    if given == KEEP:
        return Rule(KEEP)
    if isinstance(given, (str, Scheme)):
        return Rule(scheme(given))
    if not isinstance(given, Mapping):
        raise InputError(f"rule {name!r} must be a scheme, 'keep' or a table, got {given!r}. Write, for example, 'he'.")
    wrong = [key for key in given if key not in ("scheme", "layout", "blocks")]
    if wrong:
        raise unknown(f"key of rule {name!r}", str(wrong[0]), ("scheme", "layout", "blocks"))
    asked = given.get("scheme")
    layout = given.get("layout")
    if asked == KEEP and len(given) > 1:
        raise InputError(f"rule {name!r} contradicts itself: what is kept needs no {' or '.join(list(given)[1:])}.")
    return Rule(
        asked if asked in (None, KEEP) else scheme(asked),
        None if layout is None else layout_of(Layout(**layout) if isinstance(layout, Mapping) else layout),
        _tuples(given.get("blocks")),
    )


class _Said:
    """What the caller asked for, and which of it was used."""

    def __init__(self, asked: Scheme, rules: Mapping[str, Rule], bias: Scheme | str) -> None:
        self.asked, self.rules, self.bias = asked, rules, bias
        self.used: set[str] = set()
        self.decided: dict[str, str] = {}  # a rule for one parameter by its whole name -> the rule that decided it

    def of(
        self, parameter: Parameter, scale: float, only: tuple[str, ...] | None, frozen: bool
    ) -> Entry | LeftAlone:  # fmt: skip
        """The entry of one parameter, or why it has none."""
        fitting = self._fitting(parameter)
        self.used |= set(fitting)
        if parameter.name in fitting:
            self.decided[parameter.name] = fitting[-1]
        reason = self._left_alone(parameter, only, frozen)
        if reason:
            return _left(parameter, reason)
        by = fitting[-1] if fitting else None
        rule = self.rules[by] if by is not None else Rule()
        parameter = _ruled(parameter, rule)
        if rule.scheme == KEEP:
            return _left(parameter, f"rule {by!r}")
        if isinstance(rule.scheme, Scheme):
            return self._drawn(parameter, rule.scheme, by, scale)
        return self._by_role(parameter, by, scale)

    def _fitting(self, parameter: Parameter) -> list[str]:
        """The rules that fit, the one that decides last: roles, then classes of layers, then patterns of names."""
        rank = {
            name: (name not in ROLES) + (name not in ROLES and fnmatchcase(parameter.name, name)) for name in self.rules
        }
        return sorted((name for name in self.rules if self._fits(name, parameter)), key=lambda name: rank[name])

    def _fits(self, name: str, parameter: Parameter) -> bool:
        if name in ROLES:
            return parameter.role == name
        if fnmatchcase(parameter.name, name):
            return True
        # a class's scheme is for its weights; its biases are asked for by name or role
        for_weights = isinstance(self.rules[name].scheme, Scheme) and not parameter.what.fans
        return bool(parameter.owner) and fnmatchcase(parameter.owner, name) and not for_weights

    def _left_alone(self, parameter: Parameter, only: tuple[str, ...] | None, frozen: bool) -> str:
        if parameter.tied_to is not None:
            return f"the same array as {parameter.tied_to}"
        if parameter.fixed:
            return parameter.fixed
        if only is not None and not any(_fits(parameter, pattern) for pattern in only):
            return "not among those asked for"
        if not parameter.trainable and not frozen:
            return "training does not change it (requires_grad is False)"
        return ""

    def _by_role(self, parameter: Parameter, by: str | None, scale: float) -> Entry | LeftAlone:
        role = parameter.what
        if role.rule == KEEP:
            return _left(parameter, "; ".join(filter(None, (role.reason, parameter.note))))
        if role.name in ("bias", "forget bias"):
            return self._bias_entry(parameter)
        if role.rule == SCHEME or (role.asked and not self.asked.family.needs_fans):
            return self._drawn(parameter, self.asked, by, scale)
        return self._drawn(parameter, scheme(role.rule), by, scale, role.reason)

    def _bias_entry(self, parameter: Parameter) -> Entry | LeftAlone:
        if self.bias == KEEP:
            return _left(parameter, "biases are kept")
        assert isinstance(self.bias, Scheme)
        if self.bias != scheme("zeros"):
            return self._drawn(replace(parameter, role="bias", layout=_plain(parameter)), self.bias, None, 1.0)
        draws: tuple[Draw, ...] = (Constant(0.0),)
        if parameter.role == "forget bias":  # of all gates, input, forget, cell, output; or of some of them
            gates = parameter.picks or (range(GATES) if parameter.layout.blocks or parameter.of > 1 else (FORGET,))
            draws = tuple(Constant(float(gate == FORGET)) for gate in gates)
            if len(draws) > 1 and parameter.layout.blocks is None:
                axis = pick_axis(len(parameter.shape), parameter.layout)
                parameter = replace(parameter, layout=_of_gates(axis, len(draws), parameter.layout))
        return _entry(parameter, draws, parameter.what.reason)

    def _drawn(
        self, parameter: Parameter, rule: Scheme, by: str | None, scale: float, because: str = ""
    ) -> Entry:  # fmt: skip
        """What a scheme gives a parameter, block by block."""
        end = parameter.ends_residual and scale != 1.0
        reason = str(rule)
        if end and scale == 0:
            return _entry(parameter, (Constant(0.0),), "the end of a residual branch starts at zero")
        scaled = rule * scale if end else rule
        try:
            draws = _draws(parameter, scaled)
        except InputError as error:
            raise InputError(f"{parameter.name}: {error}") from None
        reason += f": {_formula(parameter, scaled, draws[0])}"
        if rule.family.needs_fans:
            mode = rule.arguments.get("mode", "fan_avg" if rule.name == "glorot" else "fan_in")
            shown = "fan_in" if mode not in MODES else mode
            fans = dict.fromkeys(number(fans.of(shown)) for fans in block_fans(parameter.shape, parameter.layout))
            reason += f", {shown} {' and '.join(fans)}"
        if len(draws) > 1:
            reason += f", in {len(draws)} blocks"
        if end:
            reason += f"; × {number(scale)} at the end of a residual branch"
        if because:
            reason = f"{because}: {reason}"
        if parameter.note:
            reason += f"; {parameter.note}"
        return _entry(parameter, draws, reason if by is None else f"{parameter.role} by rule {by!r}: {reason}")

    def check_used(self, parameters: list[Parameter]) -> None:
        """Every rule must fit something, and one by a whole name decide; a role may have no parameter."""
        for name, by in self.decided.items():
            if self.rules[name] != self.rules[by]:
                raise InputError(
                    f"rules contradict each other: {name!r} is decided by {by!r}, which stands behind it. Leave one of "
                    "them out, or write the wider pattern first."
                )
        for name in self.rules:
            if name not in self.used and name not in ROLES:
                known = [*(p.name for p in parameters), *{p.owner: None for p in parameters if p.owner}, *ROLES]
                hint = str(unknown("pattern", name, known))
                near = hint.partition("Did you mean ")[2].partition("?")[0]
                raise InputError(
                    f"rule {name!r} fits no parameter of the model, nor a role."
                    f"{f' Did you mean {near}?' if near else ''} Known: {', '.join(ROLES)}."
                )


def _draws(parameter: Parameter, rule: Scheme) -> tuple[Draw, ...]:
    if rule.adapts and parameter.activation is None and parameter.function is not None:
        gain = _own_gain(parameter.function, rule)
        return (rule * gain).draws(parameter.shape, parameter.layout, "identity")
    if rule.adapts and parameter.activation is None:
        return rule.draws(parameter.shape, parameter.layout, "identity")
    return rule.draws(parameter.shape, parameter.layout, parameter.activation)


def _own_gain(function: Callable[..., Any], rule: Scheme) -> float:
    """The gain of a function that the catalogue does not have."""
    from headstart.theory.gains import gain

    return gain(function, float(rule.arguments["q"]), rule.arguments["direction"])  # type: ignore[call-overload, no-any-return]


def _formula(parameter: Parameter, rule: Scheme, draw: Draw) -> str:
    """The scheme's formula; of one that adapts, the gain that it comes to and why."""
    if not rule.adapts:
        return rule.family.formula
    if parameter.activation is not None or parameter.function is not None:
        fan = block_fans(parameter.shape, parameter.layout)[0].of(rule.arguments.get("mode", "fan_in"))  # type: ignore[arg-type]
        gain = draw.std(parameter.shape, replace(parameter.layout, blocks=None)) * math.sqrt(fan) / rule.multiplier
        return f"{number(gain)} for {parameter.activation or 'the function that follows'}"
    if parameter.follows:
        return f"1, because not one activation follows ({', '.join(parameter.follows)})"
    return "1, because what follows is not known"


def _ruled(parameter: Parameter, rule: Rule) -> Parameter:
    """A parameter as a rule describes it."""
    layout = rule.layout or parameter.layout
    if rule.blocks is not None:
        layout = replace(layout, blocks=rule.blocks)
    role = "weight" if parameter.role == "unknown" and isinstance(rule.scheme, Scheme) else parameter.role
    return (
        replace(parameter, layout=layout, role=role)
        if (layout, role) != (parameter.layout, parameter.role)
        else parameter
    )


def _bias(given: str | Scheme) -> Scheme | str:
    return KEEP if given == KEEP else scheme(given)


def _of_gates(axis: int, gates: int, layout: Layout) -> Layout:
    """The layout of a bias of several gates side by side."""
    return Layout((axis,), stack_axes=layout.stack_axes, blocks=(axis, gates))


def _plain(parameter: Parameter) -> Layout:
    return replace(parameter.layout, blocks=None)


def _residual_factor(given: ResidualScale | None, depth: int | None, parameters: list[Parameter]) -> float:
    """The factor at the ends of residual branches."""
    if given is None:
        return 1.0
    if depth is None:
        raise InputError(
            f"residual_scale={given!r} needs to know where residual branches end. Pass an example of its inputs."
        )
    if not any(parameter.ends_residual for parameter in parameters):
        raise InputError(f"residual_scale={given!r}, but the model has no residual sum. Leave it out.")
    if is_number(given):
        return positive(given, "residual_scale", "0.1") if given else 0.0
    if isinstance(given, str):
        if given not in _SCALES:
            raise unknown("residual scale", given, _SCALES)
        return _SCALES[given](depth)
    if not callable(given):
        raise InputError(f"residual_scale is a number, 1/sqrt(2L) or a function, got {given!r}. Write '1/sqrt(2L)'.")
    return positive(given(depth), f"residual_scale({depth})", "0.1")


def _check(parameters: list[Parameter]) -> None:
    names = [parameter.name for parameter in parameters]
    known = set(names)
    if len(known) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"two parameters are called {twice!r}. Give each a name of its own.")
    for parameter in parameters:
        if parameter.tied_to is not None and parameter.tied_to not in known:
            raise InputError(
                f"{parameter.name!r} is tied to {parameter.tied_to!r}, which is no parameter of the model. "
                "Name the one that is drawn."
            )
    check_keys(parameters)


def _fits(parameter: Parameter, pattern: str) -> bool:
    return pattern == parameter.role or fnmatchcase(parameter.name, pattern) or fnmatchcase(parameter.owner, pattern)


def _check_only(only: tuple[str, ...] | None, parameters: list[Parameter]) -> None:
    for pattern in only or ():
        if not any(_fits(parameter, pattern) for parameter in parameters):
            raise InputError(f"only={pattern!r} fits no parameter of the model. Write a pattern of names, or a role.")


def _check_known(left: list[LeftAlone]) -> None:
    strange = [each.name for each in left if each.role == "unknown"]
    if strange:
        raise InputError(
            f"nobody knows what {strange[0]!r} is for{f', nor {len(strange) - 1} others' if len(strange) > 1 else ''}. "
            "Write a rule for it, or leave strict out."
        )


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _left(parameter: Parameter, reason: str) -> LeftAlone:
    start = parameter.what.start if parameter.start is None else parameter.start
    known = None if start is None or math.isnan(start) else start
    return LeftAlone(parameter.name, parameter.role, reason, parameter.shape, known, parameter.tied_to)


def _entry(parameter: Parameter, draws: tuple[Draw, ...], reason: str) -> Entry:
    part = part_words(parameter.key, parameter.picks, parameter.of) if parameter.picks else ""
    mirrored = "mirrored along its receptive field" if parameter.flip else ""
    return Entry(
        name=parameter.name,
        key=parameter.key,
        shape=parameter.shape,
        role=parameter.role,
        layout=parameter.layout,
        activation=parameter.activation,
        draws=draws,
        reason="; ".join(filter(None, (reason, part, mirrored))),
        ends_residual=parameter.ends_residual,
        zero_row=parameter.zero_row,
        picks=parameter.picks,
        of=parameter.of,
        flip=parameter.flip,
    )
