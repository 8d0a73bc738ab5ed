// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// mayImport says which trees a tree may import besides itself. The trees meet only in bytes.
var mayImport = map[string][]string{
	"signature":        {},
	"cardreader":       {"signature"},
	"portal":           {"signature"},
	"softhsm-fixtures": {"signature", "cardreader", "portal", "cmd"},
	"cmd":              {"signature", "cardreader", "portal", "softhsm-fixtures"},
}

// order is the reading order inside each tree: a package imports only what stands above it.
// A package that isn't listed takes the place of its nearest listed parent.
var order = map[string][]string{
	"signature": {"internal/der", "procgroup", "ident", "gost/internal/gen", "gost/streebog", "gost/hash94", "gost/kdf", "gost/kuznyechik", "gost", "algo", "pin", "challenge", "cert", "cms", "chain", "revocation", "timestamp",
		"xmldsig", "trust", "verify", "pkcs11", "token"},
	"cardreader": {"apdu", "cvc", "card", "pcsc", "cardtest", "agent/words", "agent/update", "agent/update/client", "agent/update/publish", "agent/pinentry", "agent/window", "agent", "agent/cards", "agent/tokens", "agent/message", "agent/loopback", "agent/nativemsg/extension", "agent/nativemsg", "agent/doctor", "agent/terminal"},
	"portal": {"fault", "text", "account", "notice", "keyfile", "seal", "limit", "password", "method", "evidence", "audit", "session", "register", "profile",
		"registry", "download", "policy", "validate", "confirm", "notify", "trustlist", "store", "localpg", "web", "httpapi", "assemble", "portaltest"},
}

// soleImporters names, for each driver, the one room that may import it, and why.
var soleImporters = []struct{ driver, room, why string }{
	{"github.com/lib/pq", "portal/store", "SQL has one home"},
	{"database/sql", "portal/store", "SQL has one home"},
	{"github.com/labstack/echo/v4", "portal/httpapi", "the domain knows no HTTP framework"},
	{"github.com/ebfe/scard", "cardreader/pcsc", "the reader has one owner"},
	{"github.com/miekg/pkcs11", "signature/pkcs11", "token drivers run only inside worker processes"},
	{"github.com/theupdateframework/go-tuf/v2/metadata", "cardreader/agent/update", "metadata of updates has one home"},
}

// binaries names what a binary must not contain.
var binaries = []struct{ binary, banned, why string }{
	{"cmd/zaver-portal", "github.com/ebfe/scard", "a server has no reader"},
	{"cmd/zaver-portal", "github.com/miekg/pkcs11", "a server has no token, and builds without cgo"},
	{"cmd/zaver-portal", module + "/cardreader", "portal and agent meet only in bytes"},
	{"cmd/zaver-portal", module + "/softhsm-fixtures", "no emulator in production"},
	{"cmd/zaver-agent", module + "/portal", "portal and agent meet only in bytes"},
	{"cmd/zaver-agent", module + "/softhsm-fixtures", "no emulator in production"},
	{"cmd/zaver-agent", "database/sql", "the agent keeps nothing"},
	{"cmd/zaver-update", module + "/portal", "updates know no portal"},
	{"cmd/zaver-update", module + "/softhsm-fixtures", "no emulator in production"},
	{"cmd/zaver-update", module + "/signature/pin", "the program of updates sees no PIN"},
	{"cmd/zaver-agent", "github.com/theupdateframework/go-tuf/v2", "the process of PINs fetches no updates, and starts without their libraries"},
}

// pure rooms have no I/O, no clock and no logging: their result depends on their arguments alone.
var pure = []string{"portal/policy", "portal/audit", "portal/evidence", "portal/method", "portal/account",
	"signature/chain", "cardreader/apdu", "signature/challenge", "signature/ident"}

// impure packages reach the world. crypto/rand is not here: making a key or nonce is a value, not I/O that a test must fake.
var impure = []string{"os", "net", "net/http", "log", "log/slog", "database/sql", "io/ioutil", "os/exec", "syscall"}

var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "models", "types", "misc"}

// violations checks every rule and returns one line for each breach.
func violations(graph []pkg) []string {
	var out []string
	for _, p := range graph {
		out = append(out, trees(p)...)
		out = append(out, downward(p)...)
		out = append(out, drivers(p)...)
		out = append(out, contents(p)...)
		out = append(out, purity(p)...)
		if slices.Contains(vagueNames, p.Name) {
			out = append(out, fmt.Sprintf("%s: the name %q says nothing", p.room(), p.Name))
		}
	}
	return out
}

func trees(p pkg) (out []string) {
	from := tree(p.room())
	for _, imported := range p.Imports {
		to := tree(roomOf(imported))
		if to == "" || to == from || !production(p) && to != "" {
			continue
		}
		if to == "softhsm-fixtures" && p.room() != "cmd/zaver-demo" && !under(p.room(), "cmd/zaver-demo") {
			out = append(out, fmt.Sprintf("%s imports %s: production code imports no fixtures", p.room(), roomOf(imported)))
		} else if !slices.Contains(mayImport[from], to) {
			out = append(out, fmt.Sprintf("%s imports %s: tree %s may not import tree %s", p.room(), roomOf(imported), from, to))
		}
	}
	return out
}

// production is what may reach a user's machine: everything but the fixtures and the in-process portal for tests.
func production(p pkg) bool {
	return tree(p.room()) != "softhsm-fixtures" && p.room() != "portal/portaltest"
}

func downward(p pkg) (out []string) {
	top := tree(p.room())
	from := place(top, p.room())
	for _, imported := range p.Imports {
		room := roomOf(imported)
		if tree(room) != top || from < 0 {
			continue
		}
		if to := place(top, room); to > from {
			out = append(out, fmt.Sprintf("%s imports %s, which stands below it", p.room(), room))
		}
	}
	return out
}

// place is the position of a room in its tree's order; -1 when the tree has none.
func place(top, room string) int {
	for room != top && room != "" {
		if i := slices.Index(order[top], strings.TrimPrefix(room, top+"/")); i >= 0 {
			return i
		}
		room = room[:max(strings.LastIndex(room, "/"), 0)]
	}
	return -1
}

func drivers(p pkg) (out []string) {
	if !production(p) {
		return nil
	}
	for _, rule := range soleImporters {
		if slices.Contains(p.Imports, rule.driver) && !under(p.room(), rule.room) {
			out = append(out, fmt.Sprintf("%s imports %s: only %s may (%s)", p.room(), rule.driver, rule.room, rule.why))
		}
	}
	return out
}

func contents(p pkg) (out []string) {
	for _, rule := range binaries {
		if p.room() != rule.binary {
			continue
		}
		for _, dep := range p.Deps {
			if dep == rule.banned || strings.HasPrefix(dep, rule.banned+"/") {
				out = append(out, fmt.Sprintf("%s contains %s: %s", p.room(), dep, rule.why))
			}
		}
	}
	return out
}

func purity(p pkg) (out []string) {
	if !slices.Contains(pure, p.room()) {
		return nil
	}
	for _, imported := range p.Imports {
		if slices.Contains(impure, imported) {
			out = append(out, fmt.Sprintf("%s imports %s: it must stay pure", p.room(), imported))
		}
	}
	return out
}
