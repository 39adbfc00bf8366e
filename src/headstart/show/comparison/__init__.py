"""A comparison as table, charts and report."""
