"""Plans: what each parameter of a model gets, and why. Knows no framework."""

from headstart.plans.plan import Entry, Parameter, Plan, plan_parameters

__all__ = ["Entry", "Parameter", "Plan", "plan_parameters"]
