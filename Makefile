# Two commands do all the set-up themselves: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NEEDS := headstart needs Python 3.11 or newer
SAY := Write, for example, make PYTHON=python3.12 $(MAKECMDGOALS)
IS_NEW := import sys; sys.exit(sys.version_info < (3, 11))
# what an older Python once left is not taken for done
$(shell .venv/bin/python -c '$(IS_NEW)' 2>/dev/null || rm -f .venv/.python .venv/.base .venv/.dev)

PAGE := src/headstart/web

LOWEST := tests/experiments/store tests/experiments/sweep tests/experiments/compare tests/experiments/data \
	tests/experiments/tune tests/show tests/schemes tests/plans tests/cli/test_cli.py \
	--ignore=tests/schemes/test_foreign_names.py --ignore=tests/plans/test_part.py \
	--deselect=tests/show/comparison/test_comparison_report.py::test_the_chart_is_on_the_page_light_and_dark

.PHONY: demo test test-lowest lint lint-page page docs mutants clean

demo: .venv/.base  ## install the base package, compare five initializations, say where the pictures are
	$(BIN)/headstart compare --out demo

test: .venv/.dev lint  ## what CI runs: lint, format, types, tests, doctests, the code blocks of README and docs
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

# The base package and what a study takes, on the oldest versions that pyproject.toml allows: an environment of its own.
# Two files need a framework; one test compares two charts, whose views the oldest Altair numbers anew each time.
test-lowest: .venv-lowest/.made
	OPENBLAS_NUM_THREADS=1 .venv-lowest/bin/python -m pytest -n 2 --dist loadfile -q -p no:cacheprovider $(LOWEST)

.venv-lowest/.made: pyproject.toml tools/release.py
	$(PYTHON) -m venv .venv-lowest
	$(PYTHON) tools/release.py lowest tune frames cluster postgres > .venv-lowest/lowest.txt
	.venv-lowest/bin/python -m pip --disable-pip-version-check install --quiet --constraint .venv-lowest/lowest.txt \
		--editable '.[tune,frames,cluster,postgres]' pytest pytest-xdist hypothesis sybil scikit-learn jsonschema mpmath
	touch $@

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory lint-page

# Types, rules and format of the page's TypeScript, where there is node; CI insists on it.
lint-page:
	@if command -v npm >/dev/null && $(MAKE) --no-print-directory $(PAGE)/node_modules/.installed; then \
		cd $(PAGE) && npm run --silent lint; \
	else echo "the page's TypeScript is not checked: that takes node and npm" >&2; [ -z "$$CI" ]; fi

page: .venv/.dev $(PAGE)/node_modules/.installed  ## build the page anew: the engine as WebAssembly, the tables, one HTML file
	$(BIN)/python -m headstart.web.wasm
	$(BIN)/python -m headstart.web.tables
	cd $(PAGE) && npm run --silent build

$(PAGE)/node_modules/.installed: $(PAGE)/package.json $(PAGE)/package-lock.json
	cd $(PAGE) && npm ci --silent --no-audit --no-fund
	touch $@

docs: .venv/.dev  ## build the documentation site into docs/_build
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

mutants: .venv/.dev  ## make every wrong edit of tools/mutants, one at a time, and see that a test notices: some hours
	$(BIN)/python tools/mutants.py

clean:
	rm -rf .venv .venv-lowest demo build dist docs/_build .pytest_cache .mypy_cache .ruff_cache src/*.egg-info $(PAGE)/node_modules
	find src tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# An older Python fails deep inside pip, and what it leaves fails for a newer one too: it is asked first, and a .venv
# whose Python is too old, or does not run, is made anew.
.venv/.python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: $(NEEDS). $(SAY)" >&2; exit 1; }
	@$(PYTHON) -c '$(IS_NEW)' || { \
		echo "$(NEEDS), got $$($(PYTHON) --version 2>&1) from $(PYTHON). $(SAY)" >&2; exit 1; }
	@.venv/bin/python -c '$(IS_NEW)' 2>/dev/null || rm -rf .venv
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
	touch $@

.venv/.base: .venv/.python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/.dev: .venv/.python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ .venv/.base
