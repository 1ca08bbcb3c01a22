# Two commands do all set-up: `make demo` and `make test`. Both need Python 3.11+, make and git, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[server,postgres,otel,kubernetes,apprise,pandas,pydantic,examples]' --group test --group lint
	touch $@

.PHONY: dev
dev: $(VENV)/.dev  ## make the development environment

# Only what the sample needs: a fresh machine has it sooner.
$(VENV)/.demo: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[server,examples]'
	touch $@

# The built console is no part of the repository. Node.js of PATH builds it, or else that of a package.
CONSOLE := $(BIN)/python console/build.py
.PHONY: console
console:  ## build the console, if its sources have changed
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(CONSOLE)

.PHONY: console-dev
console-dev: console  ## serve the console from its sources, for the platform at ALULA_HTTP
	$(CONSOLE) run run dev

.PHONY: console-check
console-check: console $(VENV)/.dev  ## check the console: types, style, layers, tests, size, and its pages in Chromium
	$(CONSOLE) run run check
	$(CONSOLE) run test
	$(CONSOLE) run run budget
	$(BIN)/uv pip install --quiet --python $(BIN)/python 'playwright>=1.60'
	ALULA_BROWSER=required $(PYTEST) loadfile tests/browser

.PHONY: screenshots
screenshots: console $(VENV)/.dev  ## take pictures of the console's main pages in both themes (KEEP=--keep for those in docs/console)
	$(BIN)/uv pip install --quiet --python $(BIN)/python 'playwright>=1.60'
	$(BIN)/python -m tests.browser.screenshots $(KEEP)

.PHONY: demo
demo: $(VENV)/.demo console  ## start a platform, run the sample pipeline on it, stop it
	@PATH="$(CURDIR)/$(BIN):$$PATH" examples/demo.sh

# A file's tests share a platform, so they stay together; in their order, as the largest files are not the longest and a
# file of one long test would come last, with nobody beside it. WORKERS=0 runs all in one process, for a debugger.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist

.PHONY: object-servers
object-servers:  ## build the servers of object stores that tests use, once, into a cache
	tests/objects/build.sh

.PHONY: test
test: $(VENV)/.dev object-servers  ## run the tests (TESTS=path for some of them)
	$(PYTEST) loadfile --no-loadscope-reorder $(TESTS)

KUBERNETES := tests/contract/executor tests/contract/raw tests/kubernetes
.PHONY: test-kubernetes
test-kubernetes: $(VENV)/.dev  ## run attempts as pods of a real cluster, which it compiles (once) and starts; needs root and Go
	$(BIN)/python -m tests.kubernetes run $(PYTEST) loadgroup -k kubernetes $(KUBERNETES)

.PHONY: image
image: console  ## build the image of the platform (NAME=, BUILD= for further options, such as --build-arg BASE=...)
	deploy/image/build.sh $(or $(NAME),alula) platform $(BUILD)

.PHONY: test-deploy
test-deploy: $(VENV)/.dev object-servers console  ## build the image, and install the chart on a real cluster; needs root, podman, debootstrap and Go
	ALULA_DEPLOY=1 $(BIN)/python -m tests.kubernetes run $(BIN)/python -m pytest -n 0 tests/deploy

FAST := tests/unit tests/property tests/replay tests/transitions
.PHONY: test-fast
test-fast: $(VENV)/.dev  ## run the tests that need no platform and no database: the loop of a developer
	$(PYTEST) worksteal $(FAST)

EXAMPLES ?= 1000
.PHONY: properties
properties: $(VENV)/.dev  ## try EXAMPLES other examples for each property
	ALULA_EXAMPLES=$(EXAMPLES) $(PYTEST) worksteal tests/unit tests/property -m hypothesis

# Debian's Python 3.11 is as old as any that is in use: what later ones have brought is not there.
OLDEST ?= /usr/bin/python3
QUICK := $(FAST) tests/contract/executor tests/process_executor tests/integration/cli/test_remote.py
.PHONY: oldest
oldest:  ## run what is quick of the tests, and remote runs, with the oldest supported Python
	ALULA_CONTAINERS=off $(MAKE) test VENV=.venv-oldest PYTHON=$(OLDEST) TESTS="$(QUICK)"

VERSIONS ?= 3.12 3.13
.PHONY: versions
versions: $(VENV)/.dev  ## the same with each newer Python that is on this machine
	@for each in $(VERSIONS); do \
		found=$$($(BIN)/python -m tests.interpreters $$each) || continue; \
		ALULA_CONTAINERS=off $(MAKE) test VENV=.venv-$$each PYTHON=$$found TESTS="$(QUICK)" || exit 1; \
	done

SEEDS ?= 1000
FROM ?= 0
JOBS ?= 1
.PHONY: simulate
simulate: $(VENV)/.dev  ## simulate SEEDS worlds full of faults, beginning FROM one, in JOBS processes
	$(BIN)/python -m tests.simulation $(SEEDS) $(FROM) --jobs $(JOBS)

.PHONY: mutants
mutants: $(VENV)/.dev  ## put defects into engine and runner, one at a time, and see whether the simulation finds them
	$(BIN)/python -m tests.simulation.mutants

MINUTES ?= 10
SEED ?= $(shell date +%s)
FUZZER ?= test
CASE ?=
.PHONY: fuzz
fuzz: $(VENV)/.dev  ## send what no client should send, each fuzzer for MINUTES (SEED=, FUZZER= and CASE= to have one again)
	FUZZ_SEED=$(SEED) FUZZ_SECONDS=$$(($(MINUTES) * 60)) FUZZ_CASE=$(CASE) \
		$(BIN)/python -m pytest --timeout 0 -s tests/fuzz -k "$(FUZZER)"

.PHONY: crash-points
crash-points: $(VENV)/.dev  ## kill real platforms at every effect, each of its times (about 10 minutes)
	$(BIN)/python -m tests.crash_points

.PHONY: transitions
transitions: $(VENV)/.dev  ## which transitions of the engine the tests cover, with how often each was seen
	$(BIN)/python -m tests.transitions --counts --seeds 200

.PHONY: conformance
conformance: $(VENV)/.dev  ## write the files of conformance/ anew
	$(BIN)/python -m tests.conformance

.PHONY: replay-log
replay-log: $(VENV)/.dev  ## run a scenario of tests/replay/scenarios.py on a real platform and keep its log (NAME=...)
	$(BIN)/python -m tests.replay $(NAME)

.PHONY: lint
lint: $(VENV)/.dev  ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) --jobs 2 types-of-source types-of-tests
	$(BIN)/lint-imports

# Each takes one core for a minute.
.PHONY: types-of-source types-of-tests
types-of-source: $(VENV)/.dev
	$(BIN)/pyright

types-of-tests: $(VENV)/.dev
	$(BIN)/pyright --project tests

.PHONY: package
package: $(VENV)/.dev  ## build wheel and sdist, install each into an empty environment and use it there
	PYTHON=$(PYTHON) tests/package.sh $(BIN)/uv

# Newer libraries, and above all newer checkers and stubs, refuse what was fine yesterday: they come in when we say so.
.PHONY: constraints
constraints: $(VENV)/.dev  ## take the newest of every library that the development environment has
	echo '-e .[server,postgres,otel,kubernetes,apprise,pandas,pydantic,examples]' | $(BIN)/uv pip compile --quiet --upgrade --universal \
		--python-version 3.11 --no-header --no-annotate --no-emit-package alula --group test --group lint \
		--output-file constraints.txt -

.PHONY: bench
bench: $(VENV)/.dev  ## measure Alula beside its peers, in one run
	$(BIN)/python -m bench $(BENCH)

.PHONY: bench-restart
bench-restart: $(VENV)/.dev  ## measure how soon a platform that was killed goes on, by how many runs are open
	$(BIN)/python -m bench.restart $(RESTART)

.PHONY: bench-lists
bench-lists: $(VENV)/.dev  ## measure what a late page of a long list costs beside the first
	$(BIN)/python -m bench.lists $(LISTS)

.PHONY: bench-schedules
bench-schedules: $(VENV)/.dev  ## measure how late 10,000 schedules fire, and what they cost while nothing is due
	$(BIN)/python -m bench.schedules $(SCHEDULES)

.PHONY: bench-pods
bench-pods: $(VENV)/.dev  ## measure what an attempt as a pod costs the platform, on simulated nodes
	$(BIN)/python -m bench.pods $(PODS)

.PHONY: bench-pods-run
bench-pods-run: $(VENV)/.dev  ## measure what pods cost in one run, and how soon a step follows on another
	$(BIN)/python -m bench.pods_run $(PODS)

.PHONY: bench-size
bench-size: $(VENV)/.dev  ## measure what a node of a large run costs, and how fast its log is read again
	$(BIN)/python -m bench.size $(SIZE)

.PHONY: bench-console
bench-console: console $(VENV)/.dev  ## measure the console in Chromium: large runs, arrays, logs, news; beside what each is to be
	$(BIN)/uv pip install --quiet --python $(BIN)/python 'playwright>=1.60'
	$(BIN)/python -m bench.console $(CONSOLE_BENCH)

.PHONY: clean
clean:  ## remove what was made here
	rm -rf $(VENV) .venv-* dist build .data
