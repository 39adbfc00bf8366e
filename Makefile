# Two commands do all the set-up themselves: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test lint docs mutants clean

demo: .venv/.base  ## install the base package, compare five initializations, say where the pictures are
	$(BIN)/headstart compare --out demo

test: .venv/.dev lint  ## what CI runs: lint, format, types, tests, doctests, the code blocks of README and docs
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/.dev  ## build the documentation site into docs/_build
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

mutants: .venv/.dev  ## make every wrong edit of tools/mutants, one at a time, and see that a test notices: some hours
	$(BIN)/python tools/mutants.py

clean:
	rm -rf .venv demo build dist docs/_build .pytest_cache .mypy_cache .ruff_cache src/*.egg-info
	find src tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.python:
	$(PYTHON) -m venv .venv
	touch $@

.venv/.base: .venv/.python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/.dev: .venv/.python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ .venv/.base
