# SPDX-License-Identifier: Apache-2.0
# run and test do all the set-up from nothing; the others are their parts.
.PHONY: run smoke test race bench lint packages build setup clean

GOTESTSUM := go run gotest.tools/gotestsum@v1.13.0
NFPM      := go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0
GOLANGCI  := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.2

run: build ## the whole product with its emulated surroundings, on loopback
	@bin/zaver-demo run

smoke: build ## the main road twice, without hands
	@bin/zaver-demo smoke

test: build ## everything that must hold
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	CGO_ENABLED=0 go build -o build/nocgo/zaver-portal ./cmd/zaver-portal
	GOOS=windows CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc go build -o build/windows/zaver-agent.exe ./cmd/zaver-agent
	GOOS=darwin CGO_ENABLED=0 go build -o build/darwin/zaver-agent ./cmd/zaver-agent
	$(GOTESTSUM) --format pkgname-and-test-fails -- -timeout 30m ./...

race: build
	$(GOTESTSUM) --format pkgname-and-test-fails -- -race -timeout 60m ./...

bench: build ## ratios against a baseline of the same run
	@bin/zaver-demo bench

# VERSION, AGENT (the configuration that names the portals) and ROOT (of updates, docs/updates.md; none without) are the operator's; the bytes depend on
# nothing else but the source.
VERSION ?= 0.4.0
AGENT   ?= docs/agent.example.json
ROOT    ?=
packages: setup ## deb, rpm, bill of materials and hashes of the agent, in build/packages
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) go run ./cmd/zaver-release -version $(VERSION) -agent $(AGENT) $(if $(ROOT),-root $(ROOT)) -nfpm "$(NFPM)"

lint: setup
	$(GOLANGCI) run ./...

build: setup
	@go build -o bin/ ./cmd/...

setup:
	@./setup.sh

clean:
	rm -rf bin build .cache
