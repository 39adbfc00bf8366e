"""The runs of a study as tables, sentences, charts and report."""
