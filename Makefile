# Every target makes the virtual environment it needs and does nothing twice.
# PYTHON chooses the interpreter (3.11, 3.12 or 3.13):  make book PYTHON=python3.12

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready
OLDEST := .venv-oldest
COLAB  := .venv-colab
COLAB_PYTHON ?= python$(shell sed -n 's/^. Python \(3\.[0-9]*\).*/\1/p' tests/colab.txt)
SITE   := _build/html/index.html
LIGHTHOUSE := tools/lighthouse/node_modules/.package-lock.json
EPUB   := _build/book.epub

export JUPYTER_PREFER_ENV_PATH := 1
export TF_CPP_MIN_LOG_LEVEL := 3

SITE_SOURCES := _config.yml _toc.yml index.md \
  $(shell find chapters _ext attnlib -type f -not -path '*/.*' -not -name '*.pyc')

# What runs on Keras, once more on JAX.
BACKEND_TESTS := $(addprefix tests/library/test_, scores.py masks.py functional.py \
  online_softmax.py conformance.py fuzz.py positions.py layers.py blocks.py explain.py \
  models.py sentiment.py)

# What reads the built site, or builds one; and what opens chapters in a browser.
SITE_TESTS := $(wildcard tests/test_site*.py) tests/test_epub.py tests/test_jupyterlab.py

LONG_CHAPTERS := $(sort $(wildcard chapters/imdb/*.ipynb)) \
  chapters/models/07_comparison.ipynb

.PHONY: book epub test lint unit oldest colab notebook-tests site-tests lighthouse \
  notebooks lab serve lock clean

book: $(SITE)
	@echo "The book is at file://$(abspath $(SITE))"

epub: $(EPUB)
	@echo "The EPUB is $(abspath $(EPUB))"

test: lint unit notebook-tests site-tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(READY)
	$(BIN)/python -m pytest -q -n 2 --doctest-modules attnlib tests \
	  --cov=attnlib --cov-report=term:skip-covered --cov-fail-under=95 \
	  $(addprefix --ignore=,$(SITE_TESTS))
	KERAS_BACKEND=jax $(BIN)/python -m pytest -q -n 2 $(BACKEND_TESTS)

# The library in the oldest versions that pyproject.toml allows, on Linux.
oldest: $(OLDEST)/ready
	$(OLDEST)/bin/python -m pytest -q -n 2 tests/library tests/test_exercises.py
	KERAS_BACKEND=jax $(OLDEST)/bin/python -m pytest -q -n 2 $(BACKEND_TESTS)

# Chapters as Colab runs them, in Colab's versions; without the debugger's remarks.
colab: export PYDEVD_DISABLE_FILE_VALIDATION := 1
colab: $(COLAB)/ready
	$(COLAB)/bin/python tools/colab.py $(CHAPTER)

# The longest first. Two notebooks run side by side, so each keeps to one thread of its
# own instead of fighting over the cores.
notebook-tests: export OMP_NUM_THREADS := 1
notebook-tests: export OPENBLAS_NUM_THREADS := 1
notebook-tests: export TF_NUM_INTRAOP_THREADS := 1
notebook-tests: export TF_NUM_INTEROP_THREADS := 1
notebook-tests: $(READY)
	$(BIN)/python -m pytest -q -n 2 --dist loadscope --nbval-lax \
	  --nbval-kernel-name python3 --nbval-cell-timeout 600 \
	  $(LONG_CHAPTERS) \
	  $(filter-out $(LONG_CHAPTERS),$(wildcard chapters/*/*.ipynb))

site-tests: $(SITE) $(EPUB)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile $(SITE_TESTS)

lighthouse: $(SITE) $(LIGHTHOUSE)
	$(BIN)/node tools/lighthouse/check.mjs _build/html

notebooks: $(READY)
	$(BIN)/python tools/notebooks.py $(CHAPTER)

# Without trust JupyterLab would show no interactive figure before its cell has run.
lab: $(READY)
	@$(BIN)/jupyter trust chapters/*/*.ipynb >/dev/null
	$(BIN)/jupyter lab

serve: book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

lock:
	uv pip compile --universal --python-version 3.11 --extra book --quiet \
	  --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	uv pip compile --resolution lowest-direct --python-version 3.11 \
	  --python-platform x86_64-manylinux_2_28 --extra jax --group oldest --quiet \
	  --custom-compile-command "make lock" pyproject.toml -o tests/oldest.txt

clean:
	rm -rf _build $(VENV) $(OLDEST) $(COLAB)

$(SITE): $(READY) $(SITE_SOURCES)
	$(BIN)/jupyter-book build -W -n --keep-going --all .
	@touch $@

$(EPUB): $(READY) $(SITE_SOURCES)
	rm -rf _build/epub
	$(BIN)/jupyter-book build -W -n --keep-going --all --builder custom \
	  --custom-builder epub --path-output _build/epub .
	mv _build/epub/_build/epub/book.epub $@

# install (environment, Python, locked versions): with uv when it is there, pip
# otherwise; both write byte code, which makes the first import of TensorFlow three
# times as fast.
define install
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --clear --python "$$(command -v $(2) || echo $(2))" $(1) && \
	  uv pip install --quiet --compile-bytecode --python $(1)/bin/python -r $(3) ; \
	else \
	  $(2) -m venv --clear $(1) && \
	  $(1)/bin/python -m pip install --quiet --disable-pip-version-check -r $(3) ; \
	fi
endef

# install-attnlib (environment): from this checkout, so that a change counts at once.
define install-attnlib
	@if command -v uv >/dev/null; then \
	  uv pip install --quiet --no-deps --python $(1)/bin/python --editable . ; \
	else \
	  $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable . ; \
	fi
endef

$(LIGHTHOUSE): export PATH := $(abspath $(BIN)):$(PATH)
$(LIGHTHOUSE): tools/lighthouse/package-lock.json | $(READY)
	npm ci --prefix tools/lighthouse
	@touch $@

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) \
	  or sys.exit(f"Python {v[0]}.{v[1]} is not supported; choose one: make PYTHON=python3.12")'
	$(call install,$(VENV),$(PYTHON),requirements.txt)
	$(call install-attnlib,$(VENV))
	@touch $@

$(OLDEST)/ready: tests/oldest.txt pyproject.toml
	$(call install,$(OLDEST),python3.11,tests/oldest.txt)
	$(call install-attnlib,$(OLDEST))
	@touch $@

# Without attnlib: the first cell of a chapter installs it.
$(COLAB)/ready: tests/colab.txt
	$(call install,$(COLAB),$(COLAB_PYTHON),tests/colab.txt)
	@touch $@
