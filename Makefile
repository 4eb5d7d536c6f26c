# MASCOT Studio. `make run` starts the app on a fresh machine; `make test` proves it there.
PYTHON ?= python3
PORT ?=
BIN := .venv/bin
# Threads of native libraries wait asleep, not spinning: mascot/engines/threads.py says why.
export GOMP_SPINCOUNT ?= 1000

.DEFAULT_GOAL := help
.PHONY: help run test test-long lint types format setup setup-dev models browser database screenshots results train evaluate evaluate-large bench docs study space audit clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

run: $(BIN)/.installed ## Start the app (PORT=7861 moves it)
	@$(if $(PORT),MASCOT_PORT=$(PORT)) $(BIN)/python app.py

setup: $(BIN)/.installed models ## Make .venv and fetch the embedded model

test: setup-dev models browser database ## Run every test but the hour-long trials
	$(BIN)/python -m pytest

test-long: setup-dev models browser database ## Run the long trials (200 kills, 200 conversations): an hour
	$(BIN)/python -m pytest -m long tests/slow

lint: setup-dev ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev ## Check types
	$(BIN)/pyright

format: setup-dev ## Repair style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

screenshots: setup-dev models browser ## Take the pictures in docs/images from the running app
	$(BIN)/python -m tests.ui.screenshots
	$(BIN)/python -m tests.ui.study_screenshots

results: setup-dev models ## Measure what docs/results publishes
	$(BIN)/python -m mascot.safety.measure
	$(BIN)/python -m tests.slow.voices

TRAINED := .mascot/training

train: setup-dev models ## Train personas and director from the expert corpus, on two cores
	$(BIN)/python -m mascot align sft --adapters anchor,catalyst,beacon,action-guide --joint-epochs 4 --epochs 1 \
		--out $(TRAINED)/sft --resume
	$(BIN)/python -m mascot align sft --adapters director --learning-rate 6e-4 --batch 16 \
		--out $(TRAINED)/sft --resume
	$(BIN)/python -m mascot align reward --threads 1 --out $(TRAINED)/reward --resume
	$(BIN)/python -m mascot align persona --start $(TRAINED)/sft --reward $(TRAINED)/reward --threads 1 \
		--steps 8 --places 8 --group 6 --limit 48 --learning-rate 5e-4 --every 4 --dev-places 16 \
		--out $(TRAINED)/stage1 --resume

EVALUATED := .mascot/runs

evaluate: setup-dev models ## The paper's experiments, small: 24 situations, all systems, the embedded model
	$(BIN)/python -m mascot evaluate --data expert --systems all --limit 24 --turns 3 --seed 1 \
		--judges empathy --out $(EVALUATED)/small
	$(BIN)/python -m mascot report $(EVALUATED)/small

evaluate-large: setup-dev models ## The same on corpora of yours: make evaluate-large ED=valid.csv QMSUM=val.jsonl (LIMIT=300)
	$(BIN)/python -m mascot evaluate --data $(ED) --systems paper --limit $(or $(LIMIT),300) --seed 1 \
		--judges empathy,embedded --out $(EVALUATED)/ed
	$(BIN)/python -m mascot evaluate --data $(QMSUM) --systems paper --seed 1 \
		--judges empathy,embedded --out $(EVALUATED)/qmsum
	$(BIN)/python -m mascot report $(EVALUATED)/ed
	$(BIN)/python -m mascot report $(EVALUATED)/qmsum

bench: setup-dev models ## Measure what docs/results publishes about speed, beside others (15 minutes)
	$(BIN)/python -m mascot bench

docs: setup-dev ## Build the site of docs/ into build/docs; a warning is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs build/docs
	@echo "build/docs/index.html"

space: $(BIN)/.installed models ## Assemble a Space, start it as the hub would; REPO=owner/name pushes it (HF_TOKEN)
	@$(BIN)/python -m mascot space $(if $(SERVE),--serve,--try) $(if $(HARDWARE),--hardware $(HARDWARE)) \
		$(if $(PORT),--port $(PORT)) $(if $(REPO),--push $(REPO))

audit: setup-dev ## Ask the package index for known holes in what is pinned (needs the network)
	$(BIN)/pip install --disable-pip-version-check --quiet pip-audit==2.10.1
	$(BIN)/pip-audit --strict --requirement requirements.txt --no-deps --disable-pip

study: $(BIN)/.installed models ## Run the example study on the embedded model: prepare, serve, open
	$(BIN)/python -m studies prepare studies/examples/which-group.yaml
	$(BIN)/python -m studies serve studies/examples/which-group.yaml --open

setup-dev: $(BIN)/.installed-dev

models: $(BIN)/.installed
	@$(BIN)/python -m mascot.engines.fetch

# A machine without an NVIDIA card is spared the gigabytes of CUDA, where PyTorch's own index can be reached.
$(BIN)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	@test -x $(BIN)/python || { echo "Making .venv"; $(PYTHON) -m venv .venv; }
	@echo "Installing the packages of requirements.txt (some minutes the first time)"
	@command -v nvidia-smi >/dev/null 2>&1 || $(BIN)/pip install --quiet --retries 0 --timeout 10 \
		--index-url https://download.pytorch.org/whl/cpu "$$(grep '^torch==' requirements.txt)" 2>/dev/null || true
	@$(BIN)/pip install --disable-pip-version-check -r requirements.txt
	@touch $@

$(BIN)/.installed-dev: requirements-dev.txt $(BIN)/.installed
	@$(BIN)/pip install --disable-pip-version-check --quiet -r requirements-dev.txt
	@touch $@

browser:
	@command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 \
			&& echo "Installing Chromium for the browser tests" \
			&& apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
		|| echo "No Chromium here and no right to install it: the browser tests will be skipped."

database:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 \
			&& echo "Installing PostgreSQL for the tests of the stores" \
			&& apt-get update -qq && apt-get install -y -qq postgresql >/dev/null; } \
		|| echo "No PostgreSQL here and no right to install it: stores are tested on SQLite only."

clean: ## Remove .venv; models and conversations in .mascot stay
	rm -rf .venv build dist ./*.egg-info .pytest_cache .ruff_cache .hypothesis
