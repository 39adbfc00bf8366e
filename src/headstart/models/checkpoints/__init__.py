"""Checkpoints: arrays on disk with names and shapes, and no model around them. Nothing is unpickled here.

- `safetensors`: the format read by memory-mapping, one file or a folder of shards. `guess`: what a parameter is for, by
  its name and shape. `audit`: both as evidence for the checks.
"""
