# The organiser's interface. Each target is a thin line over the command `syllab`.
# COURSE=folder, ROSTER=file, PORT=number and ENGINE=docker|process choose what it works on,
# SOLUTIONS=tutorial,tutorial whose solutions the website shows, GRADEBOOK=address a database.
SHELL := /bin/sh
export COURSE ROSTER PORT ENGINE SOLUTIONS GRADEBOOK
SYLLAB := var/env/infra/bin/syllab
TESTS := var/env/test/bin/python -m pytest
.DEFAULT_GOAL := help
.PHONY: help up down clean notebooks site grades regrade schema release test bench check lock \
	tools test-tools

help: ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

up: tools ## run the course on this machine (quick when repeated)
	@$(SYLLAB) up

down: tools ## stop hub and labs; homes are kept
	@$(SYLLAB) down

clean: tools ## remove all that make up made, after asking
	@$(SYLLAB) clean

notebooks: tools ## student and solution notebooks, solutions run, checks: var/notebooks/
	@$(SYLLAB) notebooks

site: tools ## the static website: var/site/
	@$(SYLLAB) site

grades: tools ## everybody's grades, and certificates: var/grades/
	@$(SYLLAB) grades

regrade: tools ## grade again what other checks or another image graded
	@$(SYLLAB) regrade

schema: tools ## the JSON Schema of course.yml, for editors: var/course.schema.json
	@$(SYLLAB) schema

release: tools ## freeze the course: var/releases/
	@$(SYLLAB) release

check: test-tools ## lint, types and unit tests
	@var/env/test/bin/ruff check .
	@var/env/test/bin/ruff format --check .
	@var/env/test/bin/mypy
	@$(TESTS) tests/unit

test: test-tools ## all tests: unit, real engine and hub, real browser
	@tests/run

bench: test-tools ## numbers of ours beside those of what people use now: var/bench/
	@tests/programs
	@PYTHONPATH=tests var/env/test/bin/python -m bench

tools:
	@infra/environment infra infra/requirements.txt

test-tools:
	@infra/environment test tests/requirements.txt

# Left out are packages that only cost time at each start: rfc3987-syntax and its parser lark
# (1.3 s of imports), which jsonschema works without. The images leave out more: images/lock.
UV = var/env/test/bin/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url \
	--no-header --python-version 3.11 --no-emit-package rfc3987-syntax --no-emit-package lark \
	--no-emit-package syllab
# What others' graders need is left as they have it.
BASELINE = var/env/test/bin/uv pip compile --quiet --upgrade --generate-hashes \
	--no-emit-index-url --no-header --python-version 3.11
lock: test-tools ## resolve all locked requirements anew
	$(UV) pyproject.toml --extra infra -o infra/requirements.txt
	$(UV) pyproject.toml --extra book -o course/requirements.txt
	$(UV) pyproject.toml --extra hub -c infra/requirements.txt -o hub/requirements.txt
	$(UV) pyproject.toml --extra test -c infra/requirements.txt -c hub/requirements.txt \
		-o tests/requirements.txt
	PATH="$$PWD/var/env/test/bin:$$PATH" images/lock
	$(UV) course/cns2024/requirements.in -c images/lab/requirements.txt \
		-c images/nest/requirements.txt -o course/cns2024/requirements.txt
	$(BASELINE) tests/bench/baselines/nbgrader.in -o tests/bench/baselines/nbgrader.txt
	$(BASELINE) tests/bench/baselines/otter.in -o tests/bench/baselines/otter.txt
	$(BASELINE) tests/courses/bench/requirements.in -o tests/courses/bench/requirements.txt
