"""Laws of prediction: what becomes of a signal and its gradient in one operation. No graph, no framework.

- `samples`: what a signal is carried as: aligned samples for two inputs at two places.
- `sums`: with random weights. `elements`: by running the operation itself. `lookups`: rows of tables.
- `norms`, `pools`, `attention`: over units, places and inputs.
- `noise`: how far one draw may lie from the law.
"""
