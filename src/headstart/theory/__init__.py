"""Why a scheme has its constant: activations, their Gaussian moments, and mean-field theory of deep networks."""
