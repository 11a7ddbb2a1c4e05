# Everything from a fresh clone, with Python 3.11 or newer and make alone.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
OUT ?= out
# Arguments for pytest, for instance PYTEST='-m "not slow"'.
PYTEST ?=
# Processes that run tests side by side, each a file at a time; 0 for none.
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test lint lab bench clean

help: ## Show this list.
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  -c constraints.txt -e '.[lab,dev]'
	@touch $@

demo: $(INSTALLED) ## Simulate, model-check and validate Raft; write a report to look at.
	$(BIN)/toolkit demo --out $(OUT)/demo

test: lint ## Check style and types, then run every test, slow ones included.
	@.ci/browser
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(PYTEST)

lint: $(INSTALLED) ## Check style (ruff) and types (mypy).
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(INSTALLED) ## Open the notebooks in JupyterLab.
	$(BIN)/jupyter lab notebooks/

bench: $(INSTALLED) ## Measure the simulator, validation, the TLC bridge, logs and figures.
	$(BIN)/python -m tests.bench

clean: ## Remove what was installed, built and written.
	rm -rf $(VENV) $(OUT) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
