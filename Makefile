# Thin: each target is one line of a real command. `make` alone lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY)  ## make .venv and install everything into it

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "Segmend needs Python 3.11 to 3.13; name one with: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@command -v chromium chromium-browser google-chrome >/dev/null || apt-get install -y -qq chromium >/dev/null 2>&1 || echo "No Chromium: the tests of the page in a browser are skipped; install it with: apt-get install chromium"
	@touch $(READY)

run: $(READY)  ## run the whole pipeline (a second run re-runs only what changed)
	@$(BIN)/segmend run

ui: $(READY)  ## open the MLflow dashboard
	@$(BIN)/segmend ui

test: $(READY) lint  ## lint, then all tests (three workers: many of them wait for processes)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

quick: $(READY)  ## the fast tests only
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m 'not slow'

lint: $(READY)  ## ruff, type checks, the code dependencies in dvc.yaml
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/python -m tools.stage_deps --check

deps: $(READY)  ## write the code dependencies of every stage into dvc.yaml
	@$(BIN)/python -m tools.stage_deps --write

pip-audit: $(READY)  ## known vulnerabilities of the installed packages (asks pypi.org)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit && $(BIN)/pip-audit --skip-editable

bench: $(READY)  ## every benchmark (hours); one: python -m benchmarks.NAME
	@for name in $$(ls benchmarks/*.py | xargs -n1 basename -s .py | grep -v __init__); do $(BIN)/python -m benchmarks.$$name || exit 1; done

docs: $(READY)  ## regenerate the generated pages and tables, build the site (build/site/index.html)
	@$(BIN)/python -m docs.generate && $(BIN)/python -m docs.site

clean:  ## remove the environment and everything that a run made
	rm -rf .venv .work mlflow.db mlruns .dvc/cache .dvc/tmp data/dataset data/truth data/regions data/labels data/models data/queries data/report data/export metrics reports dvc.lock
	find data/scores -mindepth 1 -maxdepth 1 ! -name start -exec rm -rf {} +

.PHONY: help setup run ui test quick lint deps pip-audit bench docs clean
