# `make demo` and `make test` are all that a fresh clone needs: both first make .venv and install into it.
#
#   PYTHON=python3.12       the interpreter that .venv is made with, 3.10 or newer
#   CONSTRAINTS=FILE        versions to install; empty for the newest that fit
#   DVM_CUDA=AUTO|ON|OFF    CUDA kernels: where nvcc is found, always, never
#   DVM_KERNELS=reference   no compiler here: slower operators in plain torch instead of the extension
#   TESTS="tests/io -x"     what `make test` hands to pytest

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints/tested.txt
DVM_CUDA ?= AUTO
DVM_KERNELS ?=
TESTS ?=

BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed-$(DVM_CUDA)-$(or $(DVM_KERNELS),native)
EXTENSION_SOURCES := CMakeLists.txt $(wildcard csrc/*)
CXX_SOURCES = $(wildcard csrc/*.h csrc/*.cpp csrc/*.cu csrc/*.cuh)
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(addprefix --constraint ,$(CONSTRAINTS))

export DVM_CUDA
ifneq ($(DVM_KERNELS),)
export DVM_KERNELS
endif

.PHONY: help demo test hosts lint lint-python lint-types lint-imports lint-cxx format bench eval eval-quick clean
.DELETE_ON_ERROR:

help:
	@echo "make demo    matte the demo clip; print where the results are and how far they are from the truth"
	@echo "make test    the whole suite"
	@echo "make hosts   real Blenders as Python modules, about 1 GB each, for the tests that run inside them"
	@echo "make lint    style, types, layers"
	@echo "make format  put Python and C++ into the house style"
	@echo "make bench   time and memory; takes a while"
	@echo "make eval    score lite and its peers on rendered clips with exact alpha"
	@echo "make eval-quick  whether a checkpoint may be committed: EVAL=\"--model FILE\""
	@echo "make clean   remove what the others made, except $(VENV)"

demo: $(INSTALLED)
	$(BIN)/python examples/demo/run.py

test: $(INSTALLED)
	$(BIN)/python -m pytest -m "not slow" $(TESTS)

# Blender as PyPI has it: each version wants one version of Python. HOSTS="5.0" makes that one only, which is the one that
# `make test` runs; TESTS="-m 'host and slow' tests/hosts" runs the others.
HOSTS ?= 4.2 4.5 5.0 5.2
HOST_PYTHON_5.2 := python3.13

hosts: $(foreach version,$(HOSTS),$(VENV)-blender-$(version)/installed)

# pyenv's shims are on the path for versions that are switched off, too; its builds are asked by their own path.
$(VENV)-blender-%/installed:
	@wanted=$(or $(HOST_PYTHON_$*),python3.11); \
	for python in "$$(command -v $$wanted)" "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin/$$wanted; do \
	  "$$python" -c '' 2>/dev/null && break || python=; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Blender $* needs $$wanted, which was not found: its tests will be skipped." >&2; exit 0; \
	fi; \
	"$$python" -m venv $(VENV)-blender-$* && $(VENV)-blender-$*/bin/python -m pip install --quiet \
	  --disable-pip-version-check "bpy==$*.*" && touch $@

lint: lint-python lint-types lint-imports lint-cxx

lint-python: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-types: $(INSTALLED)
	$(BIN)/mypy

lint-imports: $(INSTALLED)
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_layering.py

lint-cxx: $(INSTALLED)
	$(if $(CXX_SOURCES),$(BIN)/clang-format --dry-run --Werror $(CXX_SOURCES))

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(if $(CXX_SOURCES),$(BIN)/clang-format -i $(CXX_SOURCES))

bench: $(INSTALLED)
	@for script in $(filter-out benchmarks/gpu.py benchmarks/_%.py,$(wildcard benchmarks/*.py)); do \
	  echo "$$script"; PYTHONPATH=. $(BIN)/python $$script || exit 1; \
	done

# What the module takes can be handed on: make eval EVAL="--only smoke --trimap wide"
EVAL ?=

eval: $(INSTALLED)
	$(BIN)/python -m benchmarks.evaluation $(EVAL)

eval-quick: $(INSTALLED)
	$(BIN)/python -m benchmarks.evaluation --gate $(EVAL)

clean:
	rm -rf build dist demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# Python sources are used where they stand; only the extension or the dependencies call for another install.
$(INSTALLED): pyproject.toml $(CONSTRAINTS) $(EXTENSION_SOURCES) | $(BIN)/pip
ifneq ($(DVM_KERNELS),reference)
	@for compiler in "$(CXX)" c++ g++ clang++; do \
	  echo 'static_assert(__cplusplus >= 201703L);' | "$$compiler" -std=c++17 -fsyntax-only -x c++ - 2>/dev/null && exit 0; \
	done; \
	echo "Building needs a C++17 compiler (g++ >= 9 or clang++ >= 10) and none was found: install one or name it with CXX=..., or run 'make DVM_KERNELS=reference ...' for the slower operators in plain torch." >&2; exit 1
endif
	@echo "Installing into $(VENV); the first time takes some minutes."
	$(PIP_INSTALL) scikit-build-core pybind11 cmake ninja
	$(PIP_INSTALL) --no-build-isolation --editable ".[dev]"
	@rm -f $(VENV)/installed-*
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Python 3.10 or newer is needed and '$(PYTHON)' is not: name another with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
