# Two commands for people and CI alike: `make demo` and `make test`. Everything they need they set up themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WITH_NODE := PATH="$(CURDIR)/.editors/node/bin:$$PATH"

.PHONY: demo test test-editors editor extension lint bench bench-lsp bench-dap bench-reload clean

demo: $(STAMP)
	@$(BIN)/pointsman check examples
	@$(BIN)/pointsman run examples/pull_request_gate/gate.pipeline.yaml --answer 'approve={"approved": true}'
	@echo "Look at it in an editor: make editor"

test: $(STAMP) lint
	$(BIN)/pytest -q -n 3 --dist worksteal

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pointsman check examples

# The same in real editors: VS Code's workbench and Emacs, which it installs itself (apt, PyPI, npm).
test-editors: $(STAMP)
	@tests/editors/setup.sh
	@$(MAKE) --no-print-directory extension
	@$(BIN)/pip install -q --disable-pip-version-check --group editors
	$(WITH_NODE) npm test --silent --workspace vscode-extension -- --reporter dot
	$(WITH_NODE) npm run --silent build --workspace tests/editors
	$(WITH_NODE) npm run --silent check --workspace tests/editors
	$(BIN)/pytest -q tests/editors

# The workbench in your browser, with a copy of the example in which F5 is ready; Ctrl-C ends it.
editor: $(STAMP)
	@tests/editors/setup.sh workbench
	@$(MAKE) --no-print-directory extension
	@PYTHONPATH=tests exec $(BIN)/python -m editors.look

# vscode-extension/pointsman-<version>.vsix, with the Node.js of .editors/ or the one on the PATH.
extension: node_modules/.package-lock.json
	@rm -f vscode-extension/*.vsix
	@$(WITH_NODE) npm run --silent package --workspace vscode-extension >/dev/null
	@ls -sh vscode-extension/*.vsix

node_modules/.package-lock.json: package-lock.json
	@$(WITH_NODE) node -e 'process.exit(parseInt(process.versions.node) < 22 ? 1 : 0)' || { echo "Node.js 22 or newer is needed; tests/editors/setup.sh workbench installs one into .editors/"; exit 1; }
	@$(WITH_NODE) npm ci --silent --no-audit --no-fund
	@touch $@

bench: $(STAMP)
	$(BIN)/pip install -q --disable-pip-version-check --group bench
	$(BIN)/python benchmarks/engine.py

bench-lsp: $(STAMP)
	$(BIN)/python benchmarks/lsp.py

bench-dap: $(STAMP)
	$(BIN)/python benchmarks/dap.py

bench-reload: $(STAMP)
	$(BIN)/python benchmarks/reload.py

clean:
	rm -rf $(VENV) .bench .pointsman .mypy_cache .ruff_cache .pytest_cache .hypothesis

# pip 25.1 is the first that reads dependency groups.
$(STAMP): pyproject.toml
	@echo "Setting up $(VENV) (about a minute, once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check 'pip>=25.1'
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e . --group dev
	@touch $(STAMP)
