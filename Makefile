# Benfex: what the README's commands call. Needs python3 (3.11 or later), no root.

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP_INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
RUN_READY := $(VENV)/.ready-to-run
DEV_READY := $(VENV)/.ready-to-develop
CODE := $(wildcard app.py) benfex benchmarks components data pages
ARGS ?=

.PHONY: help run test lint format bench migration deep audit clean

help:  ## list these commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## (.*)/make \1	\2/'

$(PYTHON):
	sh tools/make_venv.sh $(VENV)

$(RUN_READY): constraints.txt pyproject.toml | $(PYTHON)
	@echo "Installing what Benfex needs (first time only)."
	@$(PIP_INSTALL) --editable .
	@$(PYTHON) -m compileall -q $(CODE)
	@touch $@

$(DEV_READY): constraints.txt pyproject.toml | $(PYTHON)
	@echo "Installing what Benfex and its tests need (first time only)."
	@$(PIP_INSTALL) --editable '.[dev]'
	@$(PYTHON) -m compileall -q $(CODE)
	@touch $@ $(RUN_READY)

run: $(RUN_READY)  ## start the demo: an ISP with its routers and gateways simulated on this machine
	@$(PYTHON) app.py --demo $(ARGS)

test: $(DEV_READY)  ## every test, on SQLite and PostgreSQL, and in a browser
	@$(PYTHON) tools/run_tests.py $(ARGS)

deep: $(DEV_READY)  ## the same tests with many more examples and the large sizes
	@HYPOTHESIS_PROFILE=deep $(PYTHON) tools/run_tests.py --deep $(ARGS)

lint: $(DEV_READY)  ## style, types and who may know whom
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy $(CODE) tests tools
	$(VENV)/bin/lint-imports --no-logo

format: $(DEV_READY)  ## let ruff put the code in order
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

migration: $(DEV_READY)  ## write the next migration: make migration TITLE="add notes to routers"
	@$(PYTHON) -m tools.new_migration "$(TITLE)"

bench: $(DEV_READY)  ## measure, and compare with the targets
	@$(PYTHON) -m benchmarks $(ARGS)

audit: $(DEV_READY)  ## ask the advisory service about every pinned version (needs a network)
	$(PYTHON) -m pip_audit --strict --disable-pip --no-deps --requirement constraints.txt

clean:  ## remove what was installed, built and cached; keep var/
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
