#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Brings a Debian 12 machine with Go to the point where zaver builds, runs and passes its tests.
# Safe to run again: when nothing is missing it takes well under a second.
set -euo pipefail
cd "$(dirname "$0")"

# What each Debian package is for stands beside it; README and docs name no other list.
packages=(
  gcc libc6-dev pkg-config       # cgo: PC/SC and PKCS#11 bindings, the test modules in C
  libpcsclite-dev pcscd          # PC/SC daemon and headers
  vsmartcard-vpcd                # virtual readers
  softhsm2 opensc p11-kit        # tokens, and pkcs11-tool and opensc-tool as peers
  libnss3 libnss3-tools          # NSS's token, a second implementation, and the tools that fill it
  swtpm tpm2-tools libtpm2-pkcs11-1 # an emulated TPM, its settings and its token
  libtss2-tcti-swtpm0            # by which the token reaches it
  postgresql                     # the private cluster's binaries
  pinentry-curses pinentry-tty   # PIN entry on a terminal
  chromium fonts-dejavu-core     # browser tests
  libgtk-3-dev                   # the agent's own window
  xvfb dbus at-spi2-core gir1.2-atspi-2.0 gir1.2-gtk-3.0 python3-gi xdotool # a screen for it, and a person who reads and presses keys
  firefox-esr                    # the extension in the other family of browsers
  nodejs                         # the extension's scripts, rule by rule, without a browser
  openssl libengine-gost-openssl # a signature checker that is not ours
  libxml2-utils xmlsec1 libxmlsec1-openssl # canonical XML and XML signatures that are not ours
  libssl-dev                     # the GOST test token and the figures beside ours
  lintian rpm mandoc systemd     # the packages of the agent: checked, installed, removed
  gcc-mingw-w64-x86-64           # the agent compiles for Windows
  spin                           # the model of the confirmation (docs/model) is searched
  ca-certificates procps util-linux
)

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

need_go() {
  command -v go >/dev/null || die "Go is missing. Install Go 1.26 or newer (go.dev/dl) and put it on PATH."
  local have; have=$(go env GOVERSION); have=${have#go}
  [ "$(printf '%s\n' 1.26 "$have" | sort -V | head -n1)" = 1.26 ] || die "Go $have is too old: zaver needs 1.26 or newer."
}

missing_packages() {
  local p
  for p in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || printf '%s ' "$p"
  done
}

need_packages() {
  command -v dpkg-query >/dev/null || die "this set-up knows Debian 12 only; install by hand: ${packages[*]}"
  local missing; missing=$(missing_packages)
  [ -z "$missing" ] && return
  local root=()
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then root=(sudo)
    else die "Debian packages are missing and this is not root. Run once, as root:  apt-get install $missing"; fi
  fi
  say "installing Debian packages: $missing"
  local log; log=$(mktemp)
  if ! { "${root[@]}" apt-get update -qq && "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "apt-get could not install the packages (its last lines stand above). Is the network there? Then run this again."
  fi
  rm -f "$log"
}

need_modules() {
  local stamp; stamp=.cache/modules-$(cat go.mod go.sum | sha256sum | cut -c1-16)
  [ -e "$stamp" ] && go list -deps ./... >/dev/null 2>&1 && return
  say "fetching Go modules"
  go mod download || die "the Go modules could not be fetched. Is the network there? Then run this again."
  mkdir -p .cache && touch "$stamp"
}

need_go
need_packages
need_modules
