"""Rules: from parameters and a scheme to a plan: each parameter's draw and the reason, or why it is left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from headstart.errors import InputError
from headstart.layout import block_fans
from headstart.plans.parameter import Parameter
from headstart.plans.plan import Entry, LeftAlone, Plan
from headstart.plans.roles import ROLES
from headstart.schemes import Constant, Draw, Scheme, scheme
from headstart.words import number

KEEP = "keep"  # a rule that leaves a parameter as it is


def plan_parameters(
    parameters: Iterable[Parameter],
    asked: str | Scheme,
    rules: Mapping[str, str | Scheme] | None = None,
) -> Plan:
    """The plan of a model's parameters: each gets what its role says, unless a rule says otherwise.

    Args:
        parameters: of the model, in its order.
        asked: the scheme for all that a scheme is for.
        rules: a role's name, or a pattern of parameters' names ("layers.*.weight"), -> a scheme, or "keep" to leave
            them as they are. A pattern goes before a role, a later pattern before an earlier one.

    Raises:
        InputError: two parameters of one name, a tie to a parameter that there is not, a rule that fits no parameter,
            or a scheme that cannot draw one of them; with its name.

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
    rule = scheme(asked)
    named = {name: KEEP if given == KEEP else scheme(given) for name, given in (rules or {}).items()}
    used: set[str] = set()
    entries, left = [], []
    for parameter in found:
        if parameter.tied_to is not None:
            left.append(LeftAlone(parameter.name, parameter.role, f"the same array as {parameter.tied_to}"))
            continue
        by = _rule_for(parameter, named)
        used |= set(_patterns_for(parameter, named))
        given = named[by] if by is not None else parameter.what.rule
        if given == KEEP:
            left.append(
                LeftAlone(parameter.name, parameter.role, parameter.what.reason if by is None else f"rule {by!r}")
            )
        elif given == "zeros":
            entries.append(_entry(parameter, (Constant(0.0),), parameter.what.reason))
        else:
            entries.append(_drawn(parameter, given if isinstance(given, Scheme) else rule, by))
    unused = [name for name in named if name not in used and name not in ROLES]
    if unused:
        raise InputError(f"rule {unused[0]!r} fits no parameter of the model, nor a role. Known: {', '.join(ROLES)}.")
    return Plan(tuple(entries), tuple(left))


def _check(parameters: list[Parameter]) -> None:
    names = [parameter.name for parameter in parameters]
    twice = [name for name in names if names.count(name) > 1] if len(set(names)) < len(names) else []
    if twice:
        raise InputError(f"two parameters are called {twice[0]!r}. Give each a name of its own.")
    for parameter in parameters:
        if parameter.tied_to is not None and parameter.tied_to not in names:
            raise InputError(
                f"{parameter.name!r} is tied to {parameter.tied_to!r}, which is no parameter of the model. "
                "Name the one that is drawn."
            )


def _rule_for(parameter: Parameter, named: Mapping[str, object]) -> str | None:
    """The rule that fits a parameter: the last pattern of names that does, or else its role's."""
    patterns = _patterns_for(parameter, named)
    if patterns:
        return patterns[-1]
    return parameter.role if parameter.role in named else None


def _patterns_for(parameter: Parameter, named: Mapping[str, object]) -> list[str]:
    return [name for name in named if name not in ROLES and fnmatchcase(parameter.name, name)]


def _drawn(parameter: Parameter, rule: Scheme, by: str | None) -> Entry:
    """What a scheme gives a parameter, block by block."""
    try:
        draws = rule.draws(parameter.shape, parameter.layout, parameter.activation)
    except InputError as error:
        raise InputError(f"{parameter.name}: {error}") from None
    reason = f"{rule}: {rule.family.formula}"
    if rule.family.needs_fans:
        fans = dict.fromkeys(number(fans.fan_in) for fans in block_fans(parameter.shape, parameter.layout))
        reason += f", fan_in {' and '.join(fans)}"
    if len(draws) > 1:
        reason += f", in {len(draws)} blocks"
    if rule.adapts and parameter.activation is not None:
        reason += f", for {parameter.activation}"
    return _entry(parameter, draws, reason if by is None else f"{parameter.role} by rule {by!r}: {reason}")


def _entry(parameter: Parameter, draws: tuple[Draw, ...], reason: str) -> Entry:
    return Entry(
        name=parameter.name,
        key=parameter.key,
        shape=parameter.shape,
        role=parameter.role,
        layout=parameter.layout,
        activation=parameter.activation,
        draws=draws,
        reason=reason,
    )
