# MailIntegration: `make help` lists what can be done.
SHELL   := bash
GO      ?= go
VERSION := $(shell sed -n 's/^const version = "\(.*\)"/\1/p' cmd/mailintegration/version.go)
PKGS    := ./...
INTEROP ?= dovecot popa3d mailutils courier cyrus

.DEFAULT_GOAL := help
.PHONY: help setup build demo test race interop serverscripts lint fuzz bench gobench cover package generate clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what is missing from Debian's packages: PostgreSQL server, Dovecot POP3
	@scripts/setup

build: ## build dist/mailintegration
	CGO_ENABLED=0 $(GO) build -trimpath -o dist/mailintegration ./cmd/mailintegration

demo: setup build ## a whole installation to look at; ARGS=--exit ends after the first round
	@dist/mailintegration demo $(ARGS)

test: setup ## all tests
	$(GO) test -timeout 30m $(PKGS)

race: setup ## all tests, with the race detector and in random order
	$(GO) test -race -shuffle=on -timeout 30m $(PKGS)

interop: ## sessions and whole polls against real POP3 servers, as root; INTEROP="dovecot popa3d" chooses
	@scripts/setup interop $(INTEROP)
	INTEROP="$(INTEROP)" $(GO) test -race -count 1 -tags interop -run 'TestSession|TestQuirk' ./mailbox/interop
	INTEROP="$(INTEROP)" $(GO) test -race -count 1 -tags interop -run 'TestPollOfRealServers' ./daemon

serverscripts: setup ## whole polls against random servers that do something wrong: SERVER_SCRIPTS=100000, SERVER_SCRIPTS_FROM=1; SERVER_SCRIPT=12345 plays one again
	SERVER_SCRIPTS=$(or $(SERVER_SCRIPTS),100000) SERVER_SCRIPTS_FROM=$(SERVER_SCRIPTS_FROM) SERVER_SCRIPT=$(SERVER_SCRIPT) \
		$(GO) test -count 1 -timeout 6h -v -run TestNoServerScriptHoldsTheClient ./daemon

lint: ## gofmt, vet, staticcheck, tidy, generated files, migration numbers, Windows build
	@scripts/lint

fuzz: ## run every fuzz target for FUZZTIME (30s); FUZZ=./processor/... chooses packages
	@scripts/fuzz $(or $(FUZZTIME),30s) $(FUZZ)

bench: build ## this daemon beside mpop and a raw drain, in one run; BENCH_ROUNDS=3 BENCH_CONTESTS="small mixed big latency"
	@scripts/setup bench
	BENCH_BINARY=$(CURDIR)/dist/mailintegration $(GO) test -tags bench -count 1 -timeout 30m -v ./daemon/bench

gobench: setup ## the benchmarks of single functions
	$(GO) test -run '^$$' -bench . -benchtime 3x $(PKGS)

cover: setup ## test coverage by function
	$(GO) test -coverprofile=dist/cover.out -coverpkg=./... $(PKGS) && $(GO) tool cover -func=dist/cover.out | tail -n 40

generate: ## rewrite generated files (the configuration reference)
	$(GO) test ./config -run Reference -update

package: ## archives for Linux and Windows in dist/
	@scripts/package $(VERSION)

clean: ## remove what was built
	rm -rf dist
