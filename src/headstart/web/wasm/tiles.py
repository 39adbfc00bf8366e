"""The matrix products for vectors of four numbers and sixteen registers; the bits are those of engine/kernels.py.

An entry of a product is one chain of multiply-adds, and an entry of a gradient sixteen chains, added by halves at the
end. Which chains are walked together is free: here as many as fit the registers that a browser leaves.
"""
