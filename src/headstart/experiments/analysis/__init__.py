"""Analysis: what the runs of a study say, as numbers. From rows to answers; draws nothing.

- `factors`: which settings differ, and choosing runs by them. `metrics`: what a run is judged by.
- `statistics`: intervals over seeds. `groups`: medians with intervals. `best`: each scheme at its best, and pairs.
- `summary`: all of it for one metric. `views`: what a chart draws, splits or pools.
- `depth_theory`, `trainability`: mean-field theory's trainable depth, and how well the runs agree with it.
"""
