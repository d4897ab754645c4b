# Everything runs from .venv, which `make` builds on first use and again when pyproject.toml changes.
BIN = .venv/bin
I18N = resources/i18n
# Guessing translations of changed texts takes minutes.
LUPDATE = $(BIN)/pyside6-lupdate -no-obsolete -locations none -extensions py \
  -disable-heuristic sametext -disable-heuristic similartext

.PHONY: setup demo run test test-fast test-slow check lint types contracts mutants format translations bundle clean

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

# Reads the texts of the window again and compiles the translations, which are edited in between.
translations: setup
	$(LUPDATE) app/ui -ts $(I18N)/tinysam2_zh_CN.ts
	$(LUPDATE) -pluralonly app/ui -ts $(I18N)/tinysam2_en.ts
	$(BIN)/pyside6-lrelease -silent $(wildcard $(I18N)/*.ts)

# The program for people without Python, in dist/; torch is the one that is installed, so install one without CUDA.
bundle: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bundle]'
	$(BIN)/python -m tools.bundle $(ARGS)

setup: .venv/.ready

.venv/.ready: pyproject.toml .ci/setup
	.ci/setup

clean:
	rm -rf .venv build dist mutants .mypy_cache .pytest_cache .ruff_cache .import_linter_cache out
