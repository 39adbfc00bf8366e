"""The schemes by name, for Python code: `he * 1.3`, `normal(10)`, `he(mode="fan_out")`."""

from __future__ import annotations

from headstart.schemes.scheme import Scheme, family_scheme

zeros = Scheme("zeros")
ones = Scheme("ones")
xavier = Scheme("xavier")
lecun = Scheme("lecun")
glorot = Scheme("glorot")
he = Scheme("he")
orthogonal = Scheme("orthogonal")


def constant(value: float) -> Scheme:
    """Every weight is `value`.

    >>> constant(0.5)
    Scheme('constant(0.5)')
    """
    return family_scheme("constant", value)


def normal(std: float) -> Scheme:
    """N(0, std²), whatever the fans.

    >>> normal(10).std(fan_in=3, fan_out=4)
    10.0
    """
    return family_scheme("normal", std)


def uniform(bound: float) -> Scheme:
    """U(-bound, bound), whatever the fans; the standard deviation is bound/√3.

    >>> round(uniform(3).std(fan_in=3, fan_out=4), 6)
    1.732051
    """
    return family_scheme("uniform", bound)


def truncated_normal(std: float, cut: float = 2.0, corrected: bool = True) -> Scheme:
    """A normal cut at ±cut of its standard deviations.

    With corrected=True the weights have standard deviation `std`; with corrected=False the normal before the cut has.

    >>> truncated_normal(0.02).std(fan_in=3, fan_out=4)
    0.02
    >>> round(truncated_normal(0.02, corrected=False).std(fan_in=3, fan_out=4), 6)
    0.017593
    """
    return family_scheme("truncated_normal", std, cut=cut, corrected=corrected)
