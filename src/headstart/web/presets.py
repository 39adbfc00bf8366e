"""Settings worth a look, by name: the page offers them, and each is a state like any other."""

from __future__ import annotations

from typing import Any

Given = dict[str, Any]

# name, title, what differs from the page's first screen
PRESETS: tuple[tuple[str, str, Given], ...] = (
    ("first", "The course's five initializations", {}),
    ("constants", "Any constant is as bad as zero", {
        "schemes": ["zeros", "constant(0.5)", "normal(0.5)"], "learning_rate": 0.1, "steps": 5000, "view": "weights"}),
    ("multipliers", "He, times a multiplier", {
        "schemes": ["he*0.1", "he*0.5", "he", "he*2", "he*8"], "seeds": 8}),
    ("tanh", "Tanh: Xavier and Glorot", {
        "data": "moons", "hidden": [8, 8, 8], "activation": "tanh", "learning_rate": 0.1, "seeds": 8, "steps": 3000,
        "schemes": ["normal(0.01)", "xavier", "glorot", "normal(3)"]}),
    ("deep-relu", "Twenty layers of ReLU", {
        "hidden": [10] * 20, "learning_rate": 0.05, "seeds": 4, "steps": 3000,
        "schemes": ["xavier", "he", "he*1.3"]}),
    ("deep-tanh", "Twenty layers of tanh", {
        "hidden": [10] * 20, "activation": "tanh", "learning_rate": 0.05, "seeds": 4, "steps": 3000,
        "schemes": ["xavier*0.5", "xavier", "gain", "xavier*2"]}),
    ("adam", "Adam forgives a start, within limits", {
        "optimizer": "adam", "learning_rate": 0.01, "seeds": 8, "steps": 3000,
        "schemes": ["zeros", "normal(10)", "normal(0.01)", "xavier", "he"]}),
    ("spirals", "Two spirals, a wider network", {
        "data": "spirals", "hidden": [24, 24], "learning_rate": 0.5, "seeds": 4, "steps": 10_000,
        "schemes": ["normal(0.01)", "xavier", "he", "he*2"]}),
    ("three", "Three classes", {
        "data": "blobs", "learning_rate": 0.1, "seeds": 8, "steps": 3000,
        "schemes": ["zeros", "normal(10)", "xavier", "he"]}),
)  # fmt: skip
