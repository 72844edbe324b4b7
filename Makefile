# The organiser's interface. Each target is a thin line over the command `syllab`.
# COURSE=folder, ROSTER=file, PORT=number and ENGINE=docker|process choose what it works on,
# SOLUTIONS=tutorial,tutorial whose solutions the website shows, GRADEBOOK=address a database,
# HOSTS=file the machines to deploy to, SNAPSHOT=id the backup to restore, BENCH=name the only
# benchmark to run.
SHELL := /bin/sh
export COURSE ROSTER PORT ENGINE SOLUTIONS GRADEBOOK HOSTS SNAPSHOT BENCH
SYLLAB := var/env/infra/bin/syllab
TESTS := var/env/test/bin/python -m pytest
.DEFAULT_GOAL := help
.PHONY: help up down clean notebooks site grades regrade schema kernel release plan deploy verify rollback \
	backup restore destroy test test-deploy test-openstack bench check lock tools test-tools

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

kernel: tools ## the course's environment for a JupyterHub that is there already: var/kernel/
	@$(SYLLAB) kernel

release: tools ## freeze the course: var/releases/
	@$(SYLLAB) release

plan: tools ## what machines the course needs, and what HOSTS would get
	@$(SYLLAB) plan

deploy: tools ## run the course on the machines of HOSTS=hosts.yml, once it was tried there
	@$(SYLLAB) deploy

verify: tools ## try the deployed course as a participant would
	@$(SYLLAB) verify

rollback: tools ## go back to the release of before the last deploy; grades stay
	@$(SYLLAB) rollback

backup: tools ## back up hub, gradebook and homes of the deployed course
	@$(SYLLAB) backup

restore: tools ## bring back a backup, the last one or SNAPSHOT=id
	@$(SYLLAB) restore

destroy: tools ## back up, then remove the deployed course and its machines, after asking
	@$(SYLLAB) destroy

check: test-tools ## lint, types and unit tests
	@var/env/test/bin/ruff check .
	@var/env/test/bin/ruff format --check .
	@var/env/test/bin/mypy
	@PATH="$$PWD/var/env/test/bin:$$PATH" ansible-lint --offline -q infra/ansible
	@$(TESTS) tests/unit

test: test-tools ## all tests: unit, real engine and hub, real browser
	@tests/run

test-deploy: test-tools ## only the tests of make deploy, on machines that are containers
	@tests/run tests/deploy

test-openstack: test-tools ## its tests with a real OpenStack control plane
	@tests/run tests/openstack

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
	$(UV) tests/openstack/image/requirements.in -o tests/openstack/image/requirements.txt
	$(BASELINE) tests/bench/baselines/nbgrader.in -o tests/bench/baselines/nbgrader.txt
	$(BASELINE) tests/bench/baselines/otter.in -o tests/bench/baselines/otter.txt
	$(BASELINE) tests/courses/bench/requirements.in -o tests/courses/bench/requirements.txt
