# `make` alone lists what there is.

VENV := .venv
BIN = $(VENV)/bin
N ?= 50000
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-pythons test-newest lint format fuzz bench locale settings lock clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/installed  ## open the page in your browser (installs what it needs the first time)
	$(BIN)/python -m streamlit run app.py $(if $(ADDRESS),--server.address=$(ADDRESS))

test: $(VENV)/installed-for-tests lint  ## check everything (installs what the tests need the first time)
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --ignore tests/browser
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile tests/browser

test-fast: $(VENV)/installed-for-tests  ## check what needs no server, no browser and little computing
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile @.ci/fast-tests

test-pythons:  ## check the main things on every Python that filterviz runs on and that is found here
	@.ci/test-pythons '$(TESTED)'

test-newest:  ## check everything with the newest versions that requirements.txt allows, in place of the tested ones
	@$(MAKE) --no-print-directory VENV=.venv-newest VERSIONS=newest test

lint: $(VENV)/installed-for-tests  ## style, types, and which part may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-for-tests  ## put the code into its usual shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: $(VENV)/installed-for-tests  ## open N damaged files (make fuzz N=50000) and count what became of them
	$(BIN)/python -m tests.fuzzing 0 $(N)

bench: $(VENV)/installed-for-tests  ## how long a visitor waits, on the real page (make bench MODEL=your.h5)
	$(BIN)/python -m benchmarks.page $(MODEL)

locale: $(VENV)/installed-for-tests  ## take new sentences of the page into the translations, and compile these
	$(BIN)/pybabel -q extract -k say --no-location --project filterviz -o filterviz.pot filterviz
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete -w 100 -D filterviz -d filterviz/locale -i filterviz.pot
	$(BIN)/pybabel -q compile -D filterviz -d filterviz/locale
	rm filterviz.pot

settings: $(VENV)/installed-for-tests  ## write the table of settings in README.md from filterviz/settings.py
	$(BIN)/python -m tests.settings_table

lock: $(VENV)/installed-for-tests  ## write down anew which versions are installed, the newest that are allowed
	.ci/lock-all $(BIN)/uv

clean:  ## remove what was installed and cached in this folder
	rm -rf .venv .venv-* *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Most tests use one core at a time, so two processes share them, file by file. The tests with a browser come after the
# others: Playwright runs an event loop in its process, in which tests that run one of their own cannot be.

# The stamps make the second run start at once; they are older than the lists of requirements when those change.
# VERSIONS=newest takes the newest versions that are allowed in place of those that were tested.

ASKED := requirements.txt pyproject.toml .ci/install $(wildcard .ci/lock/*.txt)

$(BIN)/python:
	@python="$$(.ci/find-python)" && echo "Making $(VENV) with $$python" && { "$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; }

$(VENV)/installed: $(ASKED) | $(BIN)/python
	.ci/install $(BIN)/python $(or $(VERSIONS),run)
	@touch $@

$(VENV)/installed-for-tests: $(ASKED) | $(BIN)/python
	.ci/install $(BIN)/python $(or $(VERSIONS),test)
	@touch $(VENV)/installed $@
