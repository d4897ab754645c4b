# Everything runs from .venv, which `make` builds on first use and again when pyproject.toml changes.
BIN = .venv/bin

.PHONY: setup demo run test test-fast test-slow check lint types contracts mutants format clean

run: setup
	$(BIN)/python main.py $(ARGS)

demo: setup
	$(BIN)/python main.py demo $(ARGS)

test: test-fast test-slow

test-fast: setup
	$(BIN)/python -m pytest -q -n auto --dist worksteal $(ARGS)

test-slow: setup
	$(BIN)/python -m pytest -q -m slow $(ARGS)

check: lint types contracts

lint: setup
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: setup
	$(BIN)/python -m mypy

contracts: setup
	$(BIN)/lint-imports

# Changes the files listed under [tool.mutmut] in small ways and counts the changes no test notices.
mutants: setup
	$(BIN)/python -m mutmut run $(ARGS)
	$(BIN)/python -m mutmut results

format: setup
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

setup: .venv/.ready

.venv/.ready: pyproject.toml .ci/setup
	.ci/setup

clean:
	rm -rf .venv mutants .mypy_cache .pytest_cache .ruff_cache .import_linter_cache out
