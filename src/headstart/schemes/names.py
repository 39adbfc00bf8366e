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
delta_orthogonal = Scheme("delta_orthogonal")
identity = Scheme("identity")
dirac = Scheme("dirac")
siren = Scheme("siren")


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


def sparse(sparsity: float, nonzero_std: float = 0.01) -> Scheme:
    """Of each unit's incoming weights the share `sparsity` is 0; the others are N(0, nonzero_std²).

    >>> sparse(0.75, nonzero_std=2).draw().std((4, 8))
    1.0
    """
    return family_scheme("sparse", sparsity, nonzero_std=nonzero_std)
