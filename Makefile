# Short verbs; each makes the environment first, and can be run again in seconds.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
  --quiet --custom-compile-command "make lock"

# So that a failing installation is not hidden by what its output passes through.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

# Compiled modules are kept even where the machine says otherwise: every run of pytest starts in half the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup gate unit test matrix soak check bench compare lock format sample receivers clients pages clean

help:
	@echo "make gate     run the readiness gate against the sandbox (DEFECT=NAME plants a defect, ARGS=... for pytest;"
	@echo "              as root on Debian it installs Prometheus and Alertmanager, but not with SYSTEM=no)"
	@echo "make unit     run the tests that need no process and no network: a minute (ARGS=... for pytest)"
	@echo "make test     run all tests except the next two (ARGS=...)"
	@echo "make matrix   a gate for each planted defect: what is detected, and what is a false alarm (MATRIX=full: hours)"
	@echo "make soak     repeat: kills, clean gates, versions of Python and of dependencies (hours)"
	@echo "make check    ruff, mypy, import-linter"
	@echo "make bench    run the benchmarks"
	@echo "make compare  measure this checkout beside another one (BASE=DIR, with its own .venv)"
	@echo "make setup    make the environment in .venv; every other target does so first"
	@echo "make format, lock, sample, clean: see CONTRIBUTING.md"

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it with make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python cannot make environments here: apt-get install python3-venv"; exit 1; }
	@echo "Installing what requirements.lock names ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock 2>&1 \
	  | { grep -v "^WARNING: Location" || true; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

# The gate goes on without these programs, and its verdict is then INCOMPLETE.
gate: setup
	@SYSTEM="$(SYSTEM)" tests/real/system_packages prometheus:prometheus \
	  "prometheus-alertmanager|alertmanager:prometheus-alertmanager" || true
	@$(if $(DEFECT),$(BIN)/python -m harness.sandbox with-defect $(DEFECT)) \
	  $(BIN)/harness gate --reports $(CURDIR)/reports $(ARGS)

unit: setup
	@$(BIN)/python -m pytest tests/unit -n2 --dist=worksteal $(ARGS)

test: setup
	@$(BIN)/python -m pytest -n2 --dist=worksteal $(ARGS)

# For each planted defect the checks of its item, and whole gates without any; with MATRIX=full whole gates throughout,
# which takes hours.
matrix: setup
	@MATRIX=$(or $(MATRIX),items) $(BIN)/python -m pytest tests/matrix -n3 --dist=worksteal -q $(ARGS)

# What repeats the other tests, one module of tests/soak each; in sequence, because each uses the whole machine.
soak: setup
	@$(BIN)/python -m pytest tests/soak -v -rs -o faulthandler_timeout=0 $(ARGS)

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@for bench in $(filter-out benchmarks/compare.py,$(wildcard benchmarks/[a-z]*.py)); do $(BIN)/python $$bench || exit 1; done

# Start-up, replay, deliveries and fuzzing of this checkout and of another, such as the commit before a change, in turns.
compare: setup
	@$(BIN)/python benchmarks/compare.py --base "$(BASE)" $(ARGS)

format: setup
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

# What is installed beside the harness, and so with what it needs.
BESIDE_US := tests/real/envs/neighbours.in tests/real/envs/strangers.in

lock:
	@$(COMPILE) pyproject.toml --extra sandbox --extra telemetry --extra postgres --extra redis --group dev --output-file requirements.lock
	@for env in $(BESIDE_US); do $(COMPILE) pyproject.toml --extra telemetry $$env --output-file $${env%.in}.lock || exit 1; done
	@for env in $(filter-out $(BESIDE_US),$(wildcard tests/real/envs/*.in)); do $(COMPILE) $$env --output-file $${env%.in}.lock || exit 1; done

# What README shows: a gate that fails, so that a failure's evidence can be seen. Needs what tests/real/install brings.
SAMPLE_DEFECTS := receiver-compares-prefix,client-ignores-retry-after

sample: setup
	@SANDBOX_DEFECTS="$(SAMPLE_DEFECTS)" $(BIN)/harness gate --reports reports/sample --quiet; [ $$? = 1 ]
	@cp reports/sample/readiness.html reports/sample.html
	@cd tests/real/node && node screenshot.mjs ../../../reports/sample.html ../../../docs/report.png

# What real receivers do, as docs/receivers.md tells it. Needs what tests/real/install brings.
receivers: setup
	@PYTHONPATH=. $(BIN)/python -m tests.real.receivers.survey > docs/receivers.md.new && mv docs/receivers.md.new docs/receivers.md

# What vendors' own SDKs do in each case of clients, as docs/clients.md has it. Needs what tests/real/install brings.
clients: setup
	@PYTHONPATH=. $(BIN)/python -m tests.real.clients.survey > docs/clients.md.new && mv docs/clients.md.new docs/clients.md

# Every check with its expectation, source and fix; and the schemas of harness.toml, made from its sections.
pages: setup
	@$(BIN)/python -c 'from harness.context.checks import registered; from harness.readiness.checklist import shipped; \
	  from harness.reports.checks_page import checks_page; print(end=checks_page(registered(), shipped()))' > docs/checks.md
	@$(BIN)/python -c 'from harness.context.configuration_schema import SCHEMA_FOLDER; \
	  from harness.context.schema_of_sections import schemas; \
	  [(SCHEMA_FOLDER / name).write_text(text) for name, text in schemas()]'

clean:
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache reports/logs
