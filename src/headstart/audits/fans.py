"""HS611-613: scales that come from a wrong fan, or from a variance that was taken for a standard deviation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from headstart.audits.evidence import Evidence, Tensor, found
from headstart.audits.look import Look
from headstart.audits.recipes import fans_of, is_close, mistakes
from headstart.libraries.starts import JAX, LAWS, NUMERATORS
from headstart.signals.parameters import BY_CODE
from headstart.signals.rule import Finding, Severity
from headstart.words import number, times

_SLIGHT = 1.15  # a factor on the standard deviation that nobody needs to hear of
_DEFAULT = "'s default"  # PyTorch's or Keras's
_AS_STD = "a variance where a standard deviation was meant"
_AS_VARIANCE = "the root of a standard deviation: one was given where a variance was meant"


def fans(evidence: Evidence) -> Iterator[Finding]:
    """Every weight whose scale fits a mistake and no recipe of its own fans."""
    roots: list[tuple[float, Finding]] = []
    for tensor, look in evidence.weights():
        if look.kind not in LAWS or tensor.parameter.role in ("lookup", "tied lookup"):
            continue
        finding = _wrong_fan(evidence, tensor, look)
        if finding is None and (root := _root(evidence, tensor, look)) is not None:
            roots.append((fans_of(tensor.parameter)["fan_in"], root))
            continue
        finding = finding or _other_fan(evidence, tensor, look)
        if finding is not None:
            yield finding
    several = len({fan for fan, _ in roots}) > 1  # one width fits by chance what two do not
    for _, root in roots if several or evidence.graph is not None else ():
        yield root if several else replace(root, severity="remark")


def _wrong_fan(evidence: Evidence, tensor: Tensor, look: Look) -> Finding | None:
    turned = _is_turned(tensor)  # the shape's fan_in is the layer's fan_out, so a scheme with fan_out is no excuse
    own = [
        recipe for recipe in tensor.recipes if _DEFAULT not in recipe and not (turned and recipe.endswith("fan_out"))
    ]
    packed = any("over all blocks" in recipe or "over the shape" in recipe for recipe in tensor.recipes)
    if own or (any(_DEFAULT in recipe for recipe in tensor.recipes) and not packed):
        return None
    found_here = [
        mistake
        for mistake in mistakes(look, tensor.parameter, tensor.library)
        if _off(mistake.std, mistake.right) > _SLIGHT
    ]
    if not found_here:
        return None
    mistake = min(found_here, key=lambda each: abs(math.log(each.std / look.std)))
    off = _off(mistake.std, mistake.right)
    harmless = packed or off < BY_CODE["HS611"].limit or _may_meet_norm(evidence, tensor)
    message = (
        f"Its standard deviation {number(look.std, 3)} is that of {mistake.words}; with the layer's own fans it is "
        f"{number(mistake.right, 3)}, {times(mistake.right / mistake.std)}."
    )
    return found("HS611", tensor.name, off, message, severity="remark" if harmless else "fault")


def _may_meet_norm(evidence: Evidence, tensor: Tensor) -> bool:
    """Whether a norm takes what the weight makes, so that its scale means nothing; without a graph it may."""
    return evidence.graph is None or evidence.meets_norm(tensor.name)


def _is_turned(tensor: Tensor) -> bool:
    """Whether inputs and outputs are stored the other way round than the library's initializers take them."""
    layout = tensor.parameter.layout
    if not layout.in_axes or not layout.out_axes:
        return False
    outputs_first = min(layout.out_axes) < min(layout.in_axes)
    return outputs_first if tensor.library in JAX else not outputs_first


def _root(evidence: Evidence, tensor: Tensor, look: Look) -> Finding | None:
    """A root that was forgotten, or taken twice."""
    fan = fans_of(tensor.parameter).get("fan_in", 0.0)
    if tensor.recipes or fan < 8 or tensor.parameter.ends_residual:
        return None
    for numerator in (2.0, 1.0):
        right = math.sqrt(numerator / fan)
        for std, words in ((right**2, _AS_STD), (math.sqrt(right), _AS_VARIANCE)):
            if _off(std, right) > BY_CODE["HS612"].limit and is_close(look, std):
                what = f"{number(numerator)}/fan_in" if std < right else f"({number(numerator)}/fan_in)^(1/4)"
                severity: Severity = "remark" if _may_meet_norm(evidence, tensor) else "fault"
                message = (
                    f"Its standard deviation {number(look.std, 3)} is {what}, {words}; "
                    f"sqrt({number(numerator)}/fan_in) is {number(right, 3)}."
                )
                return found("HS612", tensor.name, _off(std, right), message, severity=severity)
    return None


def _other_fan(evidence: Evidence, tensor: Tensor, look: Look) -> Finding | None:
    fitting = tensor.recipes
    fans = fans_of(tensor.parameter)
    if not fitting or not all(recipe.endswith("fan_out") for recipe in fitting) or "fan_in" not in fans:
        return None
    off = math.sqrt(max(fans["fan_out"] / fans["fan_in"], fans["fan_in"] / fans["fan_out"]))
    if off <= BY_CODE["HS613"].limit or _may_meet_norm(evidence, tensor):
        return None
    numerator = NUMERATORS[fitting[0].partition(",")[0]]
    right = math.sqrt(numerator / fans["fan_in"])
    message = (
        f"Its standard deviation {number(look.std, 3)} is {fitting[0]} ({number(fans['fan_out'])}); with fan_in "
        f"({number(fans['fan_in'])}) it is {number(right, 3)}."
    )
    return found("HS613", tensor.name, off, message)


def _off(one: float, other: float) -> float:
    return max(one / other, other / one)
