# Two commands on a fresh machine: `make nightly` and `make test`. Both set up what is missing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# What readers may have: the last of each line of DuckDB since 1.1, and the newest.
CLIENTS := 1.1.3 1.2.2 1.3.2 1.4.5 1.5.6 2.0.0

.PHONY: setup nightly test check docs clients compat bench faults kills readers lake fuzz properties lock

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-deps --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m flows.server
	$(BIN)/python -m flows.report.bundle
	touch $(READY)

nightly: $(READY)
	$(BIN)/rotation nightly --source demo

test: $(READY)
	$(BIN)/pytest

check: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar transforms docs/cookbook flows/report/queries

docs: $(READY)
	$(BIN)/python docs/write_tables.py
	$(BIN)/python docs/write_cookbook.py
	$(BIN)/python docs/shoot_page.py

clients: $(READY)
	for version in $(CLIENTS); do \
		$(BIN)/uv pip install --quiet --python $(BIN)/python --target .clients/$$version \
			duckdb==$$version || exit 1; \
	done

compat: clients
	$(BIN)/pytest -n 0 tests/flows/test_docs.py -k other_versions

bench: $(READY)
	$(BIN)/python tests/bench.py
	$(BIN)/python tests/bench_live.py
	$(BIN)/python tests/bench_peers.py

faults: $(READY)
	LIVE_NIGHTS=20 $(BIN)/pytest -n 0 -s tests/flows/test_live.py

MOMENTS ?= 300

kills: $(READY)
	$(BIN)/python tests/kills.py --moments $(MOMENTS)

readers: $(READY)
	$(BIN)/python tests/readers.py

lake: $(READY)
	$(BIN)/python tests/lake_nights.py

fuzz: $(READY)
	FUZZ_CASES=5000 $(BIN)/pytest -n 0 tests/unit/test_fuzz.py

properties: $(READY)
	MORE_CASES=50 $(BIN)/pytest -n 0 tests/transforms -k propert

lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--python-version 3.11 --extra dev --extra lake pyproject.toml --output-file requirements.lock
