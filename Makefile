# The short names of everything this repository can do. The work is in .ci/, one small script each.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-clean dev test lint e2e bench bench-full

help: ## show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

demo: ## the product with two example databases on private servers (DEMO_SCALE=1, Ctrl-C ends it)
	@.ci/demo

demo-clean: ## stop the demo and remove everything it stored
	@.ci/demo-clean

dev: ## the demo, rebuilt and restarted whenever a source file changes
	@.ci/dev

test: ## everything CI does: lint, tests, browser build with its size budget, journeys
	@.ci/test

lint: ## formatting, clippy and the dependency rules
	@.ci/lint

e2e: ## the journeys in a real browser
	@.ci/e2e

bench: ## Holdfast beside its rivals on the same gigabyte, ten minutes; updates BENCHMARKS.md
	@.ci/bench

bench-full: ## the same, medians of five
	@.ci/bench full
