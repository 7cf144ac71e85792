# Rastro. `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup demo dev down test test-unit check format build bench bench-linking bench-redirect bench-sender load scale campaign chaos scenarios screenshots docs sam-local audit clean
SHELL := /bin/bash

UV_VERSION := 0.13.9
PIP_AUDIT_VERSION := 2.10.1
# uv comes from the PATH, or from PyPI into a folder of the project; never into the system's Python.
UV ?= $(or $(shell command -v uv 2>/dev/null),$(CURDIR)/.tools/uv/bin/uv)
PYTHON := .venv/bin/python
export SAM_CLI_TELEMETRY := 0
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := true
export UV

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.synced  ## Install everything into folders of the project (the other targets do it themselves)

.tools/uv/bin/uv:
	@echo "Installing uv $(UV_VERSION) into .tools/uv …"
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Rastro needs Python 3.11 or newer; python3 is $$(python3 --version)." >&2; exit 1; }
	@python3 -m venv .tools/uv
	@.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)" 2>&1 | grep -v '^WARNING' || true
	@test -x $@ || { echo "uv could not be installed: is PyPI reachable?" >&2; exit 1; }

.venv/.synced: pyproject.toml layers/common/pyproject.toml cli/pyproject.toml uv.lock | $(filter .tools/uv/bin/uv $(CURDIR)/.tools/uv/bin/uv,$(UV))
	@echo "Installing the locked packages into .venv …"
	@$(UV) sync --quiet --frozen
	@touch $@

$(CURDIR)/.tools/uv/bin/uv: .tools/uv/bin/uv

demo: setup  ## Play one sale from an ad and one without, on the local stack, and show what became of both
	@$(PYTHON) -m stack demo

dev: setup  ## Start the local stack and keep it running (Ctrl-C stops it)
	@$(PYTHON) -m stack dev

down: setup  ## Stop what a broken `make dev` may have left behind
	@$(PYTHON) -m stack down

test: setup  ## Run every test: unit, template, integration on the local stack, sam local
	@$(PYTHON) -m pytest -n auto tests/unit tests/template -m 'not integration'
	@$(PYTHON) -m pytest tests --ignore tests/unit

test-unit: setup  ## Run the tests that need no server
	@$(PYTHON) -m pytest -n auto tests/unit

check: setup  ## Check format, lint, types and layering
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo | tail -n 3

format: setup  ## Format the code and mend what the linter can
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

build: setup  ## Build for AWS (arm64, Python 3.13) into .aws-sam
	@.venv/bin/sam validate --lint
	@.venv/bin/sam build

bench: setup  ## Run the benchmarks
	@$(PYTHON) -m bench

bench-linking: setup  ## Look up links among 1,000 and among 1,000,000 clicks
	@$(PYTHON) -m bench.linking

bench-redirect: setup  ## Measure a click: warm and cold, beside boto3 and Flask, and crowds through the local gateway (some minutes)
	@$(PYTHON) -m bench.redirect

bench-sender: setup  ## Send events to Meta: ours against Meta's own SDK, to the same local Graph
	@$(PYTHON) -m bench.sender

load: setup  ## Load the HTTP routes, drain a queue of 100,000 events, and see whether memory stays flat
	@$(UV) sync --quiet --frozen --inexact --group load
	@$(PYTHON) -m bench.load_test

bench-report: setup  ## Report a month of 1,000,000 clicks and 30,000 payments, and recount it (some minutes)
	@$(PYTHON) -m bench.report

scale: setup  ## Reckon what 10, 1,000 and 10,000 clicks a second take and cost, and write docs/scale.md
	@$(PYTHON) -m bench.scale

campaign: setup  ## Deliver 10,000 purchases while Graph fails in every way and senders die
	@$(PYTHON) -m tests.campaign

chaos: setup  ## Kill every function at every point, then play the journeys while one fault after the other comes and goes
	@$(PYTHON) -m tests.chaos

scenarios: setup  ## Play every journey of the matrix: what the old system, options 1-3 and Rastro recover
	@$(PYTHON) -m tests.scenarios

screenshots: setup  ## Take the pictures of our pages for the documentation (needs a Chromium)
	@$(PYTHON) -m tests.browser

docs: setup .tools/docs/.synced .tools/docs-scripts/.installed  ## Build the documentation's site into .rastro/site, for a browser without a network
	@$(PYTHON) -m tests.unit.docs
	@$(PYTHON) -m stack.docs_site .tools/docs-scripts

.tools/docs/.synced: pyproject.toml uv.lock | .venv/.synced
	@UV_PROJECT_ENVIRONMENT=$(CURDIR)/.tools/docs $(UV) sync --quiet --frozen --only-group docs
	@touch $@

# What draws the diagrams and searches, without dependencies of their own: exact versions are lock enough.
.tools/docs-scripts/.installed: Makefile
	@npm install --silent --no-audit --no-fund --ignore-scripts --prefix .tools/docs-scripts @mermaid-js/tiny@12.0.0 iframe-worker@1.0.4
	@touch $@

sam-local: setup  ## Invoke each function for real in a container (needs a Docker engine)
	@$(PYTHON) -m stack.sam_local

audit: setup  ## Look for known vulnerabilities of what the layer and the command ship (asks PyPI), and list the licences
	@mkdir -p .rastro
	@$(UV) export --quiet --frozen --no-dev --all-packages --no-emit-workspace --output-file .rastro/shipped.txt
	@$(UV) tool run --quiet pip-audit@$(PIP_AUDIT_VERSION) --strict --require-hashes --disable-pip --progress-spinner off --requirement .rastro/shipped.txt
	@$(PYTHON) -m tests.security.licences

clean:  ## Remove everything that was installed or built
	rm -rf .venv .tools .aws-sam .cache .rastro tests/node/node_modules
