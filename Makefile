# Commands for people who work on motionprep; all run in .venv, which `make setup` makes.
BIN = .venv/bin

.PHONY: setup test test-all lint bench lock

setup:
	test -x $(BIN)/python || python3 -m venv .venv
	$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .

test:
	$(BIN)/pytest -q

test-all:
	$(BIN)/pytest -q -m "slow or not slow"

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench:
	$(BIN)/pip install -q pybvh==0.9.0 webdataset datasets
	$(BIN)/python tests/benchmarks/bench.py

lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra build \
		pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra build --extra dev \
		pyproject.toml -o requirements-dev.lock
