# `make demo` and `make test` are all that a fresh clone needs; both work in .venv, which they make first.
BIN = .venv/bin

.PHONY: demo test test-all lint bench wheel docs lock

demo: .venv/demo
	$(BIN)/motionprep sample -o DATA
	$(BIN)/motionprep build DATA --split 90/10 -o OUT
	$(BIN)/motionprep info OUT

test: .venv/dev
	$(BIN)/pytest -q -n 2

test-all: .venv/dev
	$(BIN)/pytest -q -m "slow or not slow" --hypothesis-profile long

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/dev
	$(BIN)/pip install -q pybvh==0.9.0 webdataset datasets
	$(BIN)/python tests/benchmarks/bench.py

# The site of docs/ and the docstrings, in .site; a broken link fails.
docs: .venv/dev
	$(BIN)/pip install -q mkdocs==1.6.1 mkdocstrings-python==2.0.11
	$(BIN)/mkdocs build -q --strict

# The packages that people would install, and the sample taken through the wheel alone.
wheel: .venv/dev
	rm -rf build dist
	$(BIN)/python -m build -q --no-isolation
	rm -rf .venv/wheel && python3 -m venv .venv/wheel
	.venv/wheel/bin/pip install -q --require-hashes -r requirements.lock
	.venv/wheel/bin/pip install -q --no-deps dist/*.whl
	cd .venv/wheel && bin/motionprep sample -o DATA --quiet && bin/motionprep build DATA -q -o OUT && bin/motionprep verify OUT

lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra build \
		pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra build --extra dev \
		pyproject.toml -o requirements-dev.lock

# Type checkers find an editable package by a path alone.
define SOURCES
import os, pathlib, sysconfig
pathlib.Path(sysconfig.get_path("purelib"), "motionprep-sources.pth").write_text(os.getcwd())
endef
export SOURCES

.venv/bin/python:
	python3 -m venv .venv

.venv/demo: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/pip install -q --require-hashes -r requirements.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	$(BIN)/python -c "$$SOURCES"
	touch $@

.venv/dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	$(BIN)/python -c "$$SOURCES"
	touch $@
