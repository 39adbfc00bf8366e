"""Plans: what each parameter of a model gets, and why. Plain data; knows no framework.

An adapter reads a model into parameters; rules give each its draw and the reason; an adapter writes the arrays. The
lab's own networks take the same way.

- `parameter`: one array of a model. `roles`: what parameters are for, and what each role gets.
- `rules`: parameters and a scheme become a plan. `plan`: printable, comparable, JSON.
"""

from headstart.plans.parameter import Parameter
from headstart.plans.plan import Difference, Entry, LeftAlone, Plan
from headstart.plans.roles import KEEP, ROLES, Role
from headstart.plans.rules import Rule, plan_parameters

__all__ = ["KEEP", "ROLES", "Difference", "Entry", "LeftAlone", "Parameter", "Plan", "Role", "Rule", "plan_parameters"]
