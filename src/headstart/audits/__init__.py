"""Audit: what the values of a model's parameters look like, and what is wrong with them. Knows no framework.

- `values`: how an array is looked at without reading all of it. `look`: what its values look like. `recipes`: which
  recipes they fit.
- `evidence`: the arrays of a model with what is known of each. `flow`: what the signal becomes on its way through them.
- `zeros`, `copies`, `norms`, `memory`, `fans`, `scale`, `biases`: the checks of the rules HS6xx. `check`: all of them.
- `kinds`: the sicknesses that people report, and the rules that find them.
"""
