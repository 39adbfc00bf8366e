"""Sweeps: studies of many runs that lose nothing.

- `axes`, `settings`: the study file. `runs`: the distinct runs it asks for, and their identities.
- `chunks`: runs trained in one call of the engine. `estimate`: how long they take. `executors`: who does the work.
- `coordinator`: chunks go out, results come back and are stored. `rows`: what is stored, as a table.
- `stops`: how a sweep may end early. `study`: the study bound to its store, which users hold.
"""

from headstart.experiments.sweep.status import Status
from headstart.experiments.sweep.study import Study, StudyPlan, open_rows, study

__all__ = ["Status", "Study", "StudyPlan", "open_rows", "study"]
