"""One pass of a PyTorch model forward and back, measured at each operation, and beside it what theory predicts.

`trace` is the whole of it. `meter` looks at each operation as it runs: `moments`, `axis` (which axis runs over the
inputs), `activation`, `attention`, `recurrent`, `alike`, `gradients`; `loss` and `checks` say what is asked for and
refuse what cannot be; `draws` and `jacobian` are further passes. What knows no framework is in `signals/measure`.
"""

from headstart.models.torch.measure.trace import trace_of

__all__ = ["trace_of"]
