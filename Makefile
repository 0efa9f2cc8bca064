# `make help` lists the targets. Each one sets up what it needs; the two things asked of the machine are make and
# Python 3.11 or later.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
# A file that changes when the environment does: the run-time packages, and those with the development tools.
RUN_STAMP := $(VENV)/.keydesk-run
DEV_STAMP := $(VENV)/.keydesk-dev
# A file that changes when the tests were compiled.
TEST_STAMP := $(VENV)/.keydesk-tests
TEST_FILES := $(wildcard tests/*/test_*.py tests/*/*/test_*.py tests/*/*/*/test_*.py tests/*/*/*/*/test_*.py \
	tests/*/*/*/*/*/test_*.py)
# Clients of others that tests call, each in an environment of its own: what they pin is none of ours.
CLIENTS := $(VENV)/clients
# What makes the documentation's site, which nothing else needs.
SITE := $(VENV)/site
CLIENT_LOCKS := $(wildcard tests/clients/*/requirements.lock)
CLIENT_STAMPS := $(CLIENT_LOCKS:tests/clients/%/requirements.lock=$(CLIENTS)/%/.keydesk)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PIP_COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

# make demo ARGS="--tour"; make test ARGS="tests/unit -k settings"
ARGS ?=
# make check BASE=v1.2: what the change is compared with
BASE ?= main

.PHONY: help demo demo-cluster install run check test soak soak-desk races mutants lint bench docs site screenshots lock setup clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUN_STAMP) ## Try Keydesk in the browser, without a Slack account (ARGS="--tour" plays it by itself)
	@$(BIN)/python -m bot demo $(ARGS)

demo-cluster: $(DEV_STAMP) ## The same on three replicas with PostgreSQL and nginx, one of them killed at each step (ARGS="--http")
	@$(BIN)/python -m tests.setup_servers >/dev/null
	@$(BIN)/python -m tests.cluster $(ARGS)

install: $(RUN_STAMP) ## Make .venv with what Keydesk runs on, without the tools of developers

run: $(RUN_STAMP) ## Start Keydesk with the settings of the environment and .env
	@$(BIN)/python -m bot run $(ARGS)

check: lint $(CLIENT_STAMPS) ## In under a minute: style, types, and on SQLite the tests nearest to what was changed
	@files=$$($(BIN)/python -m tests.touched $(BASE)) || exit 1; if [ -z "$$files" ]; then echo "No test is near to this change."; \
	else $(BIN)/python -m pytest --quiet --numprocesses=2 -k "not postgresql" $$files $(ARGS); fi

# Each worker imports every test, which takes three times as long where what was compiled is not kept. Where much was not
# compiled yet, two processes do half of it each, and not every worker all of it at the same time.
$(TEST_STAMP): $(DEV_STAMP) $(TEST_FILES)
	@if [ $(words $?) -gt 50 ]; then printf '%s\n' $(TEST_FILES) | PYTHONDONTWRITEBYTECODE= \
		xargs -n $$(( ($(words $(TEST_FILES)) + 1) / 2 )) -P 2 $(BIN)/python -m pytest --collect-only --quiet >/dev/null 2>&1 || true; fi
	@touch $@

test: $(DEV_STAMP) $(CLIENT_STAMPS) $(TEST_STAMP) ## Run every test on SQLite and PostgreSQL, and in a real Chromium
	@$(BIN)/python tests/setup_browser.py
	@$(BIN)/python -m tests.setup_servers
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses=4 --dist=worksteal $(ARGS)

soak: $(DEV_STAMP) ## Play the whole desk in ever new orders, then faults on real processes (ARGS="--schedules 200": these alone)
	@$(if $(ARGS),,$(BIN)/python -m tests.model)
	@$(BIN)/python -m tests.soak $(ARGS)

soak-desk: $(DEV_STAMP) ## The first of these two alone (ARGS="--minutes 120")
	@$(BIN)/python -m tests.model $(ARGS)

races: $(DEV_STAMP) ## At every door of the desk that writes, let two do the same in one instant (ARGS="keys. drafts": these alone)
	@$(BIN)/python -m tests.races $(ARGS)

mutants: $(DEV_STAMP) ## Put small faults into the rules and say which of them no test sees (ARGS="desk/keys --sample 50")
	@$(BIN)/python -m tests.mutation $(ARGS)

lint: $(DEV_STAMP) ## Check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV_STAMP) ## Run the benchmarks; each prints ratios against a baseline of the same run
	@for file in bench/*.py; do \
		case $$file in */__init__.py|*/measure*.py) continue;; esac; \
		echo "== $$file"; $(BIN)/python -m "bench.$$(basename "$$file" .py)" || exit 1; \
	done

docs: $(DEV_STAMP) ## Write the lists of the documents anew from the code: commands, settings, log events, limits, …
	@$(BIN)/python -m docs.lists

site: $(SITE)/.keydesk ## Make the documentation as a site, in build/site; a link that leads nowhere stops it
	@$(BIN)/python -m docs.site.build
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --quiet --config-file docs/site/mkdocs.yml && echo "build/site/index.html"

screenshots: $(DEV_STAMP) ## Take the pictures of the documentation anew, from the running demo
	@$(BIN)/python -m docs.take_screenshots

lock: $(DEV_STAMP) $(CLIENT_STAMPS) ## Resolve the newest allowed packages again and write the lock files
	$(PIP_COMPILE) --upgrade --build-deps-for=editable --output-file requirements.lock pyproject.toml
	$(PIP_COMPILE) --upgrade --build-deps-for=editable --extra dev --extra opentelemetry --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	for lock in $(CLIENT_LOCKS); do $(PIP_COMPILE) --upgrade --output-file $$lock $${lock%lock}in || exit 1; done
	$(PIP_COMPILE) --upgrade --output-file docs/site/requirements.lock docs/site/requirements.in
	cd tests/clients/statuspage.io && PATH="$(abspath $(CLIENTS))/statuspage.io/bin:$$PATH" npm update --package-lock-only --ignore-scripts
	$(BIN)/python -m tests.clients.strip_hosts tests/clients/statuspage.io/package-lock.json

setup: $(DEV_STAMP) $(CLIENT_STAMPS) ## Make .venv with everything that development needs, and find or fetch a browser, nginx and PgBouncer
	@$(BIN)/python tests/setup_browser.py
	@$(BIN)/python -m tests.setup_servers

clean: ## Remove .venv and everything that tools left behind
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .mutants .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@found=; \
	for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Keydesk needs Python 3.11 or later, and none was found: install it, or name it with 'make PYTHON=/path/to/python3'." >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		echo "$$found cannot make virtual environments: install its venv module (on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV)

# $(call install,requirements.lock): its packages, each named as its turn comes. The pipe must not hide that pip failed.
define install
@echo "  $$(grep -c '^[a-z0-9].*==' $(1)) packages from $(1); the first time this takes a minute or two"
@{ $(BIN)/python -m pip --disable-pip-version-check install --progress-bar off --require-hashes -r $(1) \
	|| echo "pip failed"; } | awk '/^(Collecting|Processing) / {parts = split($$2, part, "/"); print "  " part[parts]; fflush()} \
	/^Installing collected/ {print "  unpacking them"; fflush()} /^pip failed$$/ {failed = 1} END {exit failed}'
endef

$(RUN_STAMP): requirements.lock pyproject.toml $(BIN)/python
	@echo "Installing what Keydesk runs on, into $(VENV)"
	$(call install,requirements.lock)
	@$(PIP) --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_STAMP): requirements.lock requirements-dev.lock pyproject.toml $(BIN)/python
	@echo "Installing what Keydesk is developed with, into $(VENV)"
	$(call install,requirements-dev.lock)
	@$(PIP) --quiet install --no-deps --no-build-isolation --editable .
	@touch $(RUN_STAMP) $@

$(SITE)/.keydesk: docs/site/requirements.lock $(DEV_STAMP)
	@echo "Installing what makes the site ($<)"
	@$(BIN)/python -m venv --clear $(SITE)
	@$(SITE)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

$(CLIENTS)/%/.keydesk: tests/clients/%/requirements.lock $(DEV_STAMP)
	@echo "Installing the client $* that tests call ($<)"
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@if [ -f $(<D)/package-lock.json ]; then cp $(<D)/package.json $(<D)/package-lock.json $(@D)/ && cd $(@D) \
		&& PATH="$$PWD/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; fi
	@touch $@
