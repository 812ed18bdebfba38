# Everything that this checkout can do on its own. Needs Python 3.11 or newer, Node.js 20 or newer with npm, make and git.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/.tools/uv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help install up down demo status test lint audit unit integration conformance infra e2e browser bench torture clean-local

help: ## list what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

install: ## install what is missing, into this checkout
	@$(PYTHON) infra/local/install.py

up: install ## start or update the local stack, and wait until it answers
	@$(BIN)/python -m infra.local up

down: ## stop the local stack; all data is kept
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m infra.local down; else echo "  nothing is installed"; fi

status: ## say what runs
	@$(BIN)/python -m infra.local status

demo: up ## start the local stack and simulate traffic at a visible pace
	@$(BIN)/python -m infra.local demo

clean-local: ## stop the local stack and remove its data
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m infra.local clean; else rm -rf .streamgauge; fi

test: install browser lint ## run everything that needs no AWS account
	@$(BIN)/pytest -m "not torture"

lint: install ## check style, types and imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

audit: install ## ask whether deployed packages have known vulnerabilities
	@$(BIN)/python -m infra.audit

unit: install ## run the tests without network
	@$(BIN)/pytest tests/unit

integration: install ## run the tests against Postgres and moto
	@$(BIN)/pytest tests/integration

conformance: install ## hold reports to the published definitions
	@$(BIN)/pytest tests/conformance

infra: install ## check the synthesized templates
	@$(BIN)/pytest tests/infra

e2e: install browser ## start a stack of its own and drive it
	@$(BIN)/pytest tests/e2e

browser: ## install Chromium for the browser tests, where apt can; without it they are skipped and say so
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && echo "  Chromium: installing …" && \
	    apt-get -qq update >/dev/null 2>&1 && \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null 2>&1; } || true

bench: install ## measure, and compare with what is asked
	@$(BIN)/python -m bench

torture: install ## run the full-size fault tests
	@$(BIN)/pytest -m torture
