# Everything a developer or a build server does here. Needs Python 3.11 or newer, make and git.
#
#   make demo     install what the demo needs into .venv and run its story
#   make test     install everything into .venv and run the tests (ARGS="tests/mapping -k money")
#   make lint     format, lint and import rules        make types    mypy, strict
#   make check    all of the above but the demo        make clean    remove what these made
#   make format   let ruff rewrite the sources         make lock     pin the packages anew

PYTHON ?= python3
ARGS ?= tests
# Half of what a test does is wait for a server, a process or a socket.
TEST_PROCESSES ?= $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := .ci/requirements.txt
REQUIREMENTS_DEV := .ci/requirements-dev.txt

# A stamp tells that the environment holds what its requirements say, so a second call is quick.
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --require-hashes --only-binary :all:
INSTALL_PROJECT := $(PIP) install --quiet --no-deps --no-build-isolation --editable .

.PHONY: demo test lint types check format lock clean

demo: $(INSTALLED)
	$(BIN)/crossdock demo

test: $(INSTALLED_DEV)
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) $(ARGS)

lint: $(INSTALLED_DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(INSTALLED_DEV)
	$(BIN)/mypy

check: lint types test

format: $(INSTALLED_DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Crossdock needs Python 3.11 or newer, and $(PYTHON) is %d.%d: make PYTHON=python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): $(BIN)/python pyproject.toml $(REQUIREMENTS)
	$(INSTALL) -r $(REQUIREMENTS)
	$(INSTALL_PROJECT)
	@touch $@

$(INSTALLED_DEV): $(INSTALLED) $(REQUIREMENTS_DEV)
	$(INSTALL) -r $(REQUIREMENTS) -r $(REQUIREMENTS_DEV)
	@touch $@

# One pair of files for all platforms and for every Python from 3.11 on. ARGS=--upgrade takes newer releases.
lock: ARGS :=
lock:
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --upgrade uv
	PATH="$(CURDIR)/$(VENV)/lock/bin:$$PATH" sh .ci/lock $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
