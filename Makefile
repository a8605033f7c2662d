# `make run`: everything on this machine, in a browser. `make test`: all tests. Needs Python 3.11 or newer, and make.
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
UPLOT := node_modules/.installed
MIGRATED := var/.migrated
TESTS := tests/unit tests/integration tests/web tests/browser tests/faults

SECONDS := 600

.PHONY: setup run test chaos check lint clean

setup: $(UPLOT) $(MIGRATED)

run: $(UPLOT)
	@$(PYTHON) manage.py demo $(ARGS)

test: $(UPLOT) $(INSTALLED_DEV)
	@CHROMIUM="$$(scripts/chromium.sh $(VENV))" && REDIS_SERVER="$$(scripts/redis.sh $(VENV))" && export CHROMIUM REDIS_SERVER && \
	$(PYTHON) -m pytest --numprocesses 2 --dist loadfile $(TESTS) $(ARGS)

# Kills, cuts, freezes and restarts at random for so many seconds: make chaos SECONDS=3600
chaos: $(INSTALLED_DEV)
	CHAOS_SECONDS=$(SECONDS) $(PYTHON) -m pytest -s tests/faults/test_chaos.py $(ARGS)

check: lint test

lint: $(INSTALLED_DEV)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

clean:
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(INSTALLED): requirements.txt
	@scripts/venv.sh $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(UPLOT): package.json package-lock.json $(INSTALLED)
	@scripts/npm.sh $(VENV) ci --ignore-scripts --no-audit --no-fund
	@touch $@

# `demo` migrates by itself; this is for those who run the parts one by one.
$(MIGRATED): $(wildcard streams/migrations/*.py) $(INSTALLED)
	$(PYTHON) manage.py migrate --verbosity 0
	@mkdir -p var && touch $@
