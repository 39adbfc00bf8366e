"""Data: made sets, files, and what a task's outputs are compared with."""
