# MailIntegration: `make help` lists the targets.
SHELL   := bash
GO      ?= go
VERSION := $(shell sed -n 's/^const version = "\(.*\)"/\1/p' cmd/mailintegration/version.go)
PKGS    := ./...
INTEROP ?= dovecot popa3d mailutils courier cyrus

.DEFAULT_GOAL := help
.PHONY: help setup modules build demo test race databases outages alerts interop serverscripts browser e2e-systemd e2e-windows lint fuzz bench growth gobench cover package check-packages install uninstall generate update-cases clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install missing Debian packages: PostgreSQL server, pgbouncer, Dovecot POP3, xmllint
	@scripts/setup

modules: ## fetch the Go modules of the program, its tests and the tools
	@scripts/setup modules

build: ## build dist/mailintegration
	CGO_ENABLED=0 $(GO) build -trimpath -o dist/mailintegration ./cmd/mailintegration

demo: setup build ## show a whole installation; ARGS=--exit ends it after the sample messages
	@dist/mailintegration demo $(ARGS)

test: setup ## run all tests
	$(GO) test -timeout 30m $(PKGS)

# The race detector lets each process that ends normally sleep for a second, so that other goroutines can still report a race;
# the tests start some thousand processes.
race: setup ## run all tests with the race detector and in random order
	GORACE=atexit_sleep_ms=20 REQUIRE_XMLLINT=1 $(GO) test -race -shuffle=on -timeout 30m $(PKGS)

databases: ## run the tests of store on the PostgreSQL found, 18 (from npm) and behind pgbouncer, all at once; DATABASES="18 pooler" chooses some
	@GO="$(GO)" scripts/databases $(DATABASES)

outages: setup ## pull each plug of a running installation, as root, and print the events that tell of it
	OUTAGES=1 $(GO) test -count 1 -parallel 8 -timeout 30m -v -run "TestAnOutage|TestNoSecret" ./cmd/mailintegration | grep -vE '^(=== |--- PASS|    --- PASS)'; \
		exit $${PIPESTATUS[0]}

alerts: ## play outages of a daemon, and see with promtool which alerts of deploy/prometheus fire, and that no other does
	@scripts/setup monitoring
	REQUIRE_PROMTOOL=1 $(GO) test -count 1 -run 'Alert|Dashboard' ./daemon/monitor

interop: ## run sessions and whole polls against real POP3 servers, as root; INTEROP="dovecot popa3d" chooses some
	@scripts/setup interop $(INTEROP)
	INTEROP="$(INTEROP)" $(GO) test -race -count 1 -tags interop -run 'TestSession|TestQuirk' ./mailbox/interop
	INTEROP="$(INTEROP)" $(GO) test -race -count 1 -tags interop -run 'TestPollOfRealServers' ./daemon

# SERVER_SCRIPTS_FROM=1 sets the first of them; SERVER_SCRIPT=12345 plays one again.
serverscripts: setup ## run whole polls against random servers that do something wrong; SERVER_SCRIPTS=100000 sets how many
	SERVER_SCRIPTS=$(or $(SERVER_SCRIPTS),100000) SERVER_SCRIPTS_FROM=$(SERVER_SCRIPTS_FROM) SERVER_SCRIPT=$(SERVER_SCRIPT) \
		$(GO) test -count 1 -timeout 6h -v -run TestNoServerScriptBreaksThePromise ./daemon

browser: build ## drive the page with Chromium: pictures in dist/pictures, operators' stories, attacks; BROWSER=TestPictures chooses tests
	@scripts/setup browser
	axe=$$(scripts/setup-axe) && \
		BROWSER_BINARY=$(CURDIR)/dist/mailintegration BROWSER_AXE=$$axe BROWSER_PICTURES=$(CURDIR)/dist/pictures \
		$(GO) test -tags browser -count 1 -timeout 40m -parallel 4 -run "$(BROWSER)" ./cmd/mailintegration/browsertest

e2e-systemd: ## install the package in a booted systemd, as root, and play its life there; E2E="package binary" chooses stories
	@scripts/setup e2e
	@scripts/e2e-systemd $(E2E)

e2e-windows: ## run the Windows build under wine: unit tests, and the program as a service of Windows
	@scripts/setup e2e
	@scripts/e2e-windows

lint: ## check gofmt, vet, staticcheck, tidy, generated files, migration numbers, the Windows build
	@scripts/lint

fuzz: ## run every fuzz target for FUZZTIME (30s); FUZZ=./processor/... chooses packages
	@scripts/fuzz $(or $(FUZZTIME),30s) $(FUZZ)

bench: build ## compare this daemon with mpop and a raw drain; BENCH_ROUNDS=3 BENCH_CONTESTS="small mixed big latency"
	@scripts/setup bench
	BENCH_BINARY=$(CURDIR)/dist/mailintegration $(GO) test -tags bench -count 1 -timeout 30m -v -run 'TestBench|TestProfile' ./daemon/bench

growth: build setup ## measure 1,000 and 5,000 mailboxes, 10 million receipts and more; GROWTH_ROWS="plain tls far many burst backlog takeover once records page"
	BENCH_BINARY=$(CURDIR)/dist/mailintegration $(GO) test -tags bench -count 1 -timeout 90m -parallel 8 -v -run TestGrowth ./daemon/bench

gobench: setup ## run the benchmarks of single functions
	$(GO) test -run '^$$' -bench . -benchtime 3x $(PKGS)

cover: setup ## print the test coverage of each function
	$(GO) test -coverprofile=dist/cover.out -coverpkg=./... $(PKGS) && $(GO) tool cover -func=dist/cover.out | tail -n 40

update-cases: ## rewrite want.json of processor's cases; review the diff
	$(GO) test ./processor -run 'TestEachCase|TestExplainWrites' -update

generate: setup ## rewrite generated files (the configuration reference, the manual pages, the documentation of log, metrics and database)
	$(GO) test ./config -run Reference -update
	$(GO) test ./cmd/mailintegration -run 'TestTheManual|TestTheLogIsDocumented' -update
	$(GO) test ./daemon/monitor -run TestTheMetricsAreDocumented -update
	$(GO) test ./store -run 'TestThePromisedColumns|TestTheDatabaseIsDocumented|TestPublicAndTheRoles' -update

package: ## build .deb, .rpm, .tar.gz, .msi and .zip in dist/; PACKAGES="deb rpm" and TARGETS="linux/amd64" choose some
	@scripts/package $(VERSION) $(PACKAGES)

check-packages: ## build all packages twice and check them, as root: file lists, lintian, installations, equal octets
	@scripts/setup e2e
	@scripts/check-packages $(VERSION)

install: build ## install program, man pages and completions below PREFIX (/usr/local)
	@PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) scripts/install

uninstall: ## remove what make install has installed
	@PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) scripts/install --uninstall

clean: ## remove dist/
	rm -rf dist
