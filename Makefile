# Everything starts here. A machine needs Python 3.11 or newer and make; the rest is installed into .venv from hash-pinned lists.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Half of a test's time is waiting for processes and servers of its own, so there are two test processes to a core.
WORKERS ?= $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint types imports check bench screenshots lock clean

demo: $(VENV)/.run
	$(BIN)/revtops demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

check: lint types imports

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

imports: $(VENV)/.test
	$(BIN)/lint-imports

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(VENV)/.test
	$(BIN)/python screenshots/make.py

# The stamps: an environment is made once, and again only when its list of requirements changes; so a second run needs no network.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.test: requirements/test.txt | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/test.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.run

# Resolve again (needs uv and network); the lists are good for every platform and carry hashes.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra demo requirements/run.in pyproject.toml -o requirements/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra demo --extra test requirements/run.in pyproject.toml -o requirements/test.txt -c requirements/run.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
