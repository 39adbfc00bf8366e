"""Verbs: what users hold. Each file has the function and its result, with table, chart, report, files, notebook form.

- `result`: what every result can do.
- `compare`, `tune`, `study`: the experiments.
"""
