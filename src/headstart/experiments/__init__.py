"""Experiments: one small network trained from several initializations, many seeds each."""
