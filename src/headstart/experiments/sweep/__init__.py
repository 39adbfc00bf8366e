"""Sweeps: studies of many runs that lose nothing.

- `factors`, `settings`: the study file. `runs`: the distinct runs it asks for, and their identities.
- `chunks`: runs trained in one call of the engine. `estimate`: how long they take. `executors`: who does the work.
- `coordinator`: chunks go out, results come back and are stored. `rows`: what is stored, as a table.
- `status`: how far a sweep is. `study`: the study bound to its store. `stored`: what a store holds, whatever is today.
- `limits`: what is refused before it is written out.
"""
