"""A figure as a file: its size, its pixels, its frames, and where it came from."""
