# `make demo` and `make test` need Python 3.11 or newer and nothing else; each builds .venv by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TORCH := .venv-transformers
LINEAGE := .venv-openlineage
# Many short processes import Airflow and Great Expectations, which takes 2 to 3 times as long without bytecode.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test test-only test-real test-browser test-production test-image test-helm test-transformers test-openlineage lint format docs up benchmark lock clean

help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Build .venv from the lock.

# uv comes from the lock too: its own entry, hashes included, is cut out for pip.
$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("techner needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "building $(VENV) (about 1 GB) ..."
	@$(PYTHON) -m venv $(VENV)
	@awk '/^uv==/{p=1} p{print} p && !/\\$$/{exit}' requirements-dev.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps --disable-pip-version-check -r $(VENV)/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## Run two nights on the project's own corpus, through Airflow.
	@$(BIN)/python -m tools.demo

test: $(STAMP) ## Lint, and run all tests meanwhile.
	@$(MAKE) --no-print-directory -j 2 lint test-only

test-only: $(STAMP)
	@$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

test-real: $(STAMP) ## Nights on real pipelines (../shared/bench).
	@$(BIN)/python -m pytest -m real $(PYTEST_ARGS)

test-browser: $(STAMP) ## A person's evening in Chromium, against a whole Airflow.
	@$(BIN)/python -m pytest -m browser tests/browser $(PYTEST_ARGS)

test-production: $(STAMP) ## The composition without containers: nights over two workers, and faults.
	@$(BIN)/python -m pytest -m production tests/production $(PYTEST_ARGS)

test-image: $(STAMP) ## Build the images with buildah, and run them.
	@$(BIN)/python -m pytest -m image tests/image $(PYTEST_ARGS)

test-helm: $(STAMP) ## The values in Airflow's own chart; CHART=FOLDER has it, and helm is on the path.
	@CHART="$(abspath $(CHART))" $(BIN)/python -m pytest -m helm tests/helm $(PYTEST_ARGS)

test-transformers: $(TORCH)/.installed ## Pipelines on a transformer, in an environment of their own.
	@HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(TORCH)/bin/python -m pytest -n 2 -m transformers tests/transformers $(PYTEST_ARGS)

# torch first: pip finds the CPU build where there is one, which uv does not. Else PyPI's, with the CUDA that it needs.
$(TORCH)/.installed: $(STAMP) requirements-transformers.lock requirements-torch-cpu.lock
	@echo "building $(TORCH) (about 2 GB) ..."
	@$(PYTHON) -m venv $(TORCH)
	@awk '/^(torch|triton|nvidia-.*|cuda-.*)==/{skip=1} !skip{print} !/\\$$/{skip=0}' requirements-transformers.lock > $(TORCH)/rest.txt
	@$(TORCH)/bin/python -m pip install --quiet --require-hashes --no-deps --disable-pip-version-check -r requirements-torch-cpu.lock \
	  && mv $(TORCH)/rest.txt $(TORCH)/lock.txt && cat requirements-torch-cpu.lock >> $(TORCH)/lock.txt \
	  || { echo "no CPU build of torch here, so PyPI's (3 GB)"; cp requirements-transformers.lock $(TORCH)/lock.txt; }
	@$(BIN)/uv pip sync --quiet --python $(TORCH)/bin/python --require-hashes requirements-dev.lock $(TORCH)/lock.txt
	@$(BIN)/uv pip install --quiet --python $(TORCH)/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

test-openlineage: $(LINEAGE)/.installed ## A night with Airflow's OpenLineage provider, in an environment of its own.
	@$(LINEAGE)/bin/python -m pytest -m openlineage tests/dags $(PYTEST_ARGS)

$(LINEAGE)/.installed: $(STAMP) requirements-openlineage.lock
	@echo "building $(LINEAGE) (about 1 GB) ..."
	@$(PYTHON) -m venv $(LINEAGE)
	@$(BIN)/uv pip sync --quiet --python $(LINEAGE)/bin/python --require-hashes requirements-dev.lock requirements-openlineage.lock
	@$(BIN)/uv pip install --quiet --python $(LINEAGE)/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

lint: $(STAMP) ## ruff, mypy --strict, and the layers.
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

format: $(STAMP) ## Format, and fix what ruff can.
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(STAMP) ## Generate the reference pages, and build the site into .techner/site; a broken link fails.
	@$(BIN)/python -m tools.reference
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

up: $(STAMP) ## Run Airflow with the DAG and the page on this machine; Ctrl-C stops it.
	@$(BIN)/python -m tools.local up

benchmark: $(STAMP) ## Eight nights on real data (../shared/bench), through Airflow.
	@$(BIN)/python benchmarks/nights.py

# Development first; the others take their versions from there, and torch from its CPU build.
COMPILE := uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url \
  --python-version 3.11 --custom-compile-command "make lock" --quiet

lock: $(STAMP) ## Resolve the dependencies anew, for use and for development.
	@$(BIN)/$(COMPILE) --extra all --group dev -o requirements-dev.lock
	@sed -n 's/^\(torch==[0-9.]*\).*/\1/p' requirements-torch-cpu.lock > $(VENV)/torch.txt
	@$(BIN)/$(COMPILE) --extra transformers --constraint requirements-dev.lock --constraint $(VENV)/torch.txt \
	  -o requirements-transformers.lock
	@$(BIN)/$(COMPILE) --extra openlineage --constraint requirements-dev.lock -o requirements-openlineage.lock
	@$(BIN)/$(COMPILE) --extra all --constraint requirements-dev.lock -o requirements.lock
	@$(BIN)/$(COMPILE) --extra ui --extra sign --constraint requirements-dev.lock -o requirements-serve.lock
	@$(BIN)/uv pip compile --group build --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command "make lock" --quiet --constraint requirements-dev.lock -o requirements-build.lock

clean: ## Remove what the targets made.
	rm -rf $(VENV) $(TORCH) $(LINEAGE) .techner .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
