"""Why a scheme has its constant: activations, their Gaussian moments, and mean-field theory of deep networks.

- `activations`, `callables`: phi and phi' of any activation, by name or as a function.
- `gains`: Gaussian moments and the gain curve; `panels` is their quadrature.
- `fixedpoints`, `meanfield`, `criticality`: what happens to variance, gradients and correlation through depth.
- `propagation`, `jacobian`: layer by layer, predicted.
- `laws`: one operation of any model at a time, on samples.
- `frameworks`, `recommendation`: what libraries use, and what to use.

Loads NumPy only; SciPy loads inside what needs it.
"""

from headstart.theory.activations import Activation, activation
from headstart.theory.activations.callables import CustomActivation, custom
from headstart.theory.criticality import CriticalPoint, NoCriticalPoint, critical, critical_line, half_stable
from headstart.theory.fixedpoints import FixedPoint, NoFixedPoint, fixed_points, settle
from headstart.theory.gains import Moments, expectation, gain, moments
from headstart.theory.jacobian import JacobianMoments, jacobian
from headstart.theory.meanfield import DepthScale, chi1, correlation_map, depth_scale, tat_leaky_relu
from headstart.theory.practices import Practice, practices, torch_gain
from headstart.theory.propagation import Propagation, propagate, spread_over_draws
from headstart.theory.recommendation import Recommendation, recommend

__all__ = [
    "Activation",
    "CriticalPoint",
    "CustomActivation",
    "DepthScale",
    "FixedPoint",
    "JacobianMoments",
    "Moments",
    "NoCriticalPoint",
    "NoFixedPoint",
    "Practice",
    "Propagation",
    "Recommendation",
    "activation",
    "chi1",
    "correlation_map",
    "critical",
    "critical_line",
    "custom",
    "depth_scale",
    "expectation",
    "fixed_points",
    "gain",
    "half_stable",
    "jacobian",
    "moments",
    "practices",
    "propagate",
    "recommend",
    "settle",
    "spread_over_draws",
    "tat_leaky_relu",
    "torch_gain",
]
