"""Tune: the multiplier and the learning rate as hyperparameters, and whether tuning them paid.

- `run`: the one function others call. `settings`: what may be said, and its rules. `metrics`: what is made better.
- `tunables`: how a point (multiplier, learning rate) is tried: by the lab's engine, or by the user's function.
- `places`: the grid of all points. `sampler`, `search`: Optuna proposes some of them.
- `storage`, `hold`, `kept`: where trials are kept, by one tuning at a time. `trouble`: what may happen to it.
- `profile`: multipliers over the whole range, each with a learning rate of its own.
- `confirm`: the profile again on seeds the search has not seen. `result`: rows, words, files.
"""
