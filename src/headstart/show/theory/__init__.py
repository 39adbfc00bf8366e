"""Theory as charts."""
