"""The names by which other libraries' users know a scheme, and what that library draws under each.

Read in the libraries' sources (torch.nn.init, jax.nn.initializers, keras.initializers, timm.layers); a test draws from
each installed library and compares. Keys are the names in lower case without underscores: he_normal and HeNormal are
one, kaiming_normal and kaiming_normal_ too.
"""

from __future__ import annotations

from typing import NamedTuple


class Foreign(NamedTuple):
    """A library's name for a scheme.

    Args:
        libraries: whose name it is.
        family: headstart's scheme.
        distribution: of its weights, where the scheme has a choice.
        takes: the library's own arguments in their order, with their defaults; the weight itself apart.
        remark: what a reader should know besides.
    """

    libraries: str
    family: str
    distribution: str = ""
    takes: tuple[tuple[str, float | str], ...] = ()
    remark: str = ""


# path before the name -> the library; the first that occurs in it counts
PATHS: dict[str, str] = {
    "timm": "timm", "keras": "Keras", "tf": "Keras", "tensorflow": "Keras", "jax": "JAX", "flax": "JAX",
    "torch": "PyTorch", "initializers": "JAX", "init": "PyTorch",
}  # fmt: skip

_KAIMING = (("a", 0.0), ("mode", "fan_in"), ("nonlinearity", "leaky_relu"))
_XAVIER = "headstart's own xavier is 1/n_in, as in the course"
_PARENT = "its stddev is that before the cut"
_TRUNCATED = "it is cut at two standard deviations and corrected for that"

NAMES: dict[str, tuple[Foreign, ...]] = {
    "kaimingnormal": (
        Foreign("PyTorch", "he", "normal", _KAIMING, "JAX's kaiming_normal is he(distribution=truncated)"),
        Foreign("JAX", "he", "truncated", (), _TRUNCATED),
    ),
    "kaiminguniform": (Foreign("PyTorch", "he", "uniform", _KAIMING), Foreign("JAX", "he", "uniform")),
    "xaviernormal": (
        Foreign("PyTorch", "glorot", "normal", (("gain", 1.0),), _XAVIER),
        Foreign("JAX", "glorot", "truncated", (), _XAVIER),
    ),
    "xavieruniform": (
        Foreign("PyTorch", "glorot", "uniform", (("gain", 1.0),), _XAVIER),
        Foreign("JAX", "glorot", "uniform", (), _XAVIER),
    ),
    "henormal": (Foreign("JAX and Keras", "he", "truncated", (), _TRUNCATED),),
    "heuniform": (Foreign("JAX and Keras", "he", "uniform"),),
    "glorotnormal": (Foreign("JAX and Keras", "glorot", "truncated", (), _TRUNCATED),),
    "glorotuniform": (Foreign("JAX and Keras", "glorot", "uniform"),),
    "lecunnormal": (Foreign("JAX, Keras and timm", "lecun", "truncated", (), _TRUNCATED),),
    "lecununiform": (Foreign("JAX and Keras", "lecun", "uniform"),),
    "variancescaling": (
        Foreign(
            "Keras and timm", "variance_scaling", "",
            (("scale", 1.0), ("mode", "fan_in"), ("distribution", "truncated_normal")), "timm's default is normal",
        ),
        Foreign("JAX", "variance_scaling", "", (("scale", 1.0), ("mode", "fan_in"), ("distribution", ""))),
        Foreign("timm", "variance_scaling", "", (("scale", 1.0), ("mode", "fan_in"), ("distribution", "normal"))),
    ),
    "truncnormal": (
        Foreign(
            "PyTorch and timm", "truncated_normal", "absolute",
            (("mean", 0.0), ("std", 1.0), ("a", -2.0), ("b", 2.0)),
            "its bounds a and b are absolute, not in units of std",
        ),
    ),
    "truncnormaltf": (
        Foreign("timm", "truncated_normal", "relative", (("mean", 0.0), ("std", 1.0), ("a", -2.0), ("b", 2.0))),
    ),
    "truncatednormal": (
        Foreign("Keras", "truncated_normal", "parent", (("mean", 0.0), ("stddev", 0.05)), _PARENT),
        Foreign("JAX", "truncated_normal", "parent", (("stddev", 0.01),), _PARENT),
    ),
    "randomnormal": (Foreign("Keras", "normal", "", (("mean", 0.0), ("stddev", 0.05))),),
    "randomuniform": (Foreign("Keras", "uniform", "", (("minval", -0.05), ("maxval", 0.05))),),
    "normal": (
        Foreign("PyTorch", "normal", "", (("mean", 0.0), ("std", 1.0))),
        Foreign("JAX", "normal", "", (("stddev", 0.01),)),
    ),
    "uniform": (
        Foreign("PyTorch", "uniform", "", (("a", 0.0), ("b", 1.0))),
        Foreign("JAX", "uniform", "from 0", (("scale", 0.01),)),
    ),
    "constant": (
        Foreign("PyTorch", "constant", "", (("val", ""),)), Foreign("JAX and Keras", "constant", "", (("value", 0.0),)),
    ),
    "orthogonal": (
        Foreign("PyTorch", "orthogonal", "", (("gain", 1.0),)),
        Foreign("JAX", "orthogonal", "", (("scale", 1.0),)),
        Foreign("Keras", "orthogonal", "", (("gain", 1.0),)),
    ),
    "orthogonalinitializer": (Foreign("Keras", "orthogonal", "", (("gain", 1.0),)),),
    "deltaorthogonal": (Foreign("JAX", "delta_orthogonal", "", (("scale", 1.0),)),),
    "identityinitializer": (Foreign("Keras", "identity", "", (("gain", 1.0),)),),
    "identity": (Foreign("Keras", "identity", "", (("gain", 1.0),)),),
    "eye": (Foreign("PyTorch", "identity"),),
    "dirac": (Foreign("PyTorch", "dirac"),),
    "zeros": (Foreign("PyTorch, JAX and Keras", "zeros"),),
    "ones": (Foreign("PyTorch, JAX and Keras", "ones"),),
}  # fmt: skip

# what their distributions are called here
DISTRIBUTIONS: dict[str, str] = {
    "normal": "normal", "untruncated_normal": "normal", "truncated_normal": "truncated", "uniform": "uniform",
}  # fmt: skip

# names that mean what no scheme here draws -> why, and what to write
DIFFERENT: dict[str, str] = {
    "sparse": "PyTorch's sparse_ zeroes a share of the weights that leave one input, headstart's sparse of those that "
    "enter one unit. Write 'sparse(0.9)' for that.",
}
