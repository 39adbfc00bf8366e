"""Measuring a pass, as far as it takes no framework: the numbers of an array, where a batch lies, rows and predictions.

`seen` is what one look at a value leaves, `rows` makes the trace's rows of it, `predict` and `draws` what theory and
further draws add, `spectrum` singular values by products alone. An adapter either looks with its own library's arrays,
or hands over a graph that can be run again and NumPy arrays: `meter` (with `moments`, `shapes`, `regions`, `batches`,
`attention`, `alike`) looks at those, and `weights` at parameters.
"""
