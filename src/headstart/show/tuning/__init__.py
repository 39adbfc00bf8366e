"""A tuning as text and chart."""
