"""Models, shown: a plan's table and chart."""
