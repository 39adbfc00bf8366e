"""The rules as they look at one pass through any model: a `Trace`.

`look` is a trace and what several rules want to know of it; `trunk` and `drifts` say along which values a size is
judged and what it becomes there. `signal`, `gradient`, `units`, `values`, `zeros` and `stream` are the families of
rules, with `words` for what they say. `rules` are those that only a probe has, `judge` is the verdict, `fix` the
remedies as data.
"""
