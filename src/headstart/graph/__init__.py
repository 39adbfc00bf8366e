"""The graph: what one forward pass did, and what follows from it for initialization. Knows no framework.

- `values`: values, operations, uses of parameters. `words`: what kinds of operations there are.
- `graph`: all of a pass. `follow`: what activation follows a weight. `residual`: residual sums and their ends.
- `predict`: the signal and the gradient at every value, by theory.
- `reading`: what a pass says of the parameters. `uses`: which axes of a weight an operation sums over.
- `norms`: normalizations written by hand. `packed`: layers that share a weight. `recognise`: activations.
"""
