"""Plans: what each parameter of a model gets, and why. Plain data; knows no framework.

An adapter reads a model into parameters; rules give each its draw and the reason; an adapter writes the arrays. The
lab's own networks take the same way.

- `parameter`: one array of a model. `roles`: what parameters are for, and what each role gets.
- `keys`: from names to the keys that numbers are drawn by, the same everywhere. `canonical`: by a library's table.
- `picks`: parameters that are some blocks of a keyed weight.
- `rules`: parameters and a scheme become a plan. `plan`: printable, comparable, JSON.
"""

from headstart.plans.keys import Key, keyed
from headstart.plans.parameter import Parameter
from headstart.plans.plan import Difference, Entry, LeftAlone, Plan
from headstart.plans.roles import KEEP, ROLES, Role
from headstart.plans.rules import Rule, plan_parameters

__all__ = [
    "KEEP", "ROLES", "Difference", "Entry", "Key", "LeftAlone", "Parameter", "Plan", "Role", "Rule", "keyed",
    "plan_parameters",
]  # fmt: skip
