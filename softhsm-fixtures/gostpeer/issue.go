// SPDX-License-Identifier: Apache-2.0

package gostpeer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Holder is a certificate with its key, made by OpenSSL.
type Holder struct {
	DER     []byte
	Kind    string
	Issuer  *Authority // nil for a self-signed one
	Serial  int64
	peer    *Peer
	crt     string
	key     string
	revoked string // as index.txt says it, empty while it isn't
}

// Authority is a holder that issues, with an index of what it issued.
type Authority struct {
	Holder
	issued []*Holder
	dir    string // index.txt, crlnumber and tsaserial lie here
}

// Role picks the extensions of a holder's certificate.
type Role string

// Roles.
const (
	Signer    Role = "leaf_ext" // qualified profile
	Responder Role = "ocsp_ext" // OCSPSigning and nocheck
	Stamper   Role = "tsa_ext"  // timeStamping, critical
	Issuer    Role = "ca_ext"
)

// Root makes a self-signed authority.
func (p *Peer) Root(kind, name string) *Authority {
	p.t.Helper()
	return p.authority(p.issue(nil, kind, name, Issuer))
}

// Authority makes a subordinate authority.
func (a *Authority) Authority(kind, name string) *Authority {
	a.peer.t.Helper()
	return a.peer.authority(a.peer.issue(a, kind, name, Issuer))
}

// Issue makes a holder. An empty name gives the Russian qualified name of a legal entity.
func (a *Authority) Issue(kind, name string, r Role) *Holder {
	a.peer.t.Helper()
	return a.peer.issue(a, kind, name, r)
}

func (p *Peer) authority(h *Holder) *Authority {
	p.t.Helper()
	a := &Authority{Holder: *h, dir: p.name("")}
	p.must(os.Mkdir(a.dir, 0o700))
	for _, f := range []string{"crlnumber", "tsaserial"} {
		p.must(os.WriteFile(filepath.Join(a.dir, f), []byte("01\n"), 0o600))
	}
	return a
}

func (p *Peer) issue(a *Authority, kind, name string, r Role) *Holder {
	p.t.Helper()
	h := &Holder{Kind: kind, Issuer: a, Serial: 1, peer: p, crt: p.name(".crt"), key: p.name(".key")}
	algorithm, options := p.newKey(kind)
	digest := Digest(kind)
	args := []string{"req", "-x509", "-newkey", algorithm, "-noenc", "-keyout", h.key, "-out", h.crt, "-extensions", string(r), "-days", "365"}
	args = append(args, options...)
	if name == "" {
		args = append(args, "-section", "req_holder")
	} else {
		args = append(args, "-subj", "/CN="+strings.NewReplacer(`\`, `\\`, `/`, `\/`, `+`, `\+`).Replace(name), "-utf8")
	}
	if a != nil {
		digest = Digest(a.Kind)
		h.Serial = int64(len(a.issued)) + 2
		a.issued = append(a.issued, h)
		args = append(args, "-CA", a.crt, "-CAkey", a.key)
	}
	if kind == "ed25519" && a == nil || a != nil && a.Kind == "ed25519" {
		p.run(append(args, "-set_serial", fmt.Sprint(h.Serial))...)
	} else {
		p.run(append(args, "-set_serial", fmt.Sprint(h.Serial), "-"+digest)...)
	}
	h.DER = p.der(h.crt)
	return h
}

// Path are the certificates from the holder's issuer up to the root.
func (h *Holder) Path() [][]byte {
	var list [][]byte
	for a := h.Issuer; a != nil; a = a.Issuer {
		list = append(list, a.DER)
	}
	return list
}

// Revoke revokes what the authority issued, for an OpenSSL reason name such as keyCompromise.
func (a *Authority) Revoke(h *Holder, at time.Time, reason string) {
	h.revoked = at.UTC().Format("060102150405Z")
	if reason != "" {
		h.revoked += "," + reason
	}
}

// index writes index.txt.
func (a *Authority) index() string {
	a.peer.t.Helper()
	var b strings.Builder
	for _, h := range a.issued {
		state := "V"
		if h.revoked != "" {
			state = "R"
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%04X\tunknown\t/CN=%d\n", state, time.Now().UTC().AddDate(1, 0, 0).Format("060102150405Z"), h.revoked, h.Serial, h.Serial)
	}
	path := filepath.Join(a.dir, "index.txt")
	a.peer.must(os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// CRL makes the list of what is revoked.
func (a *Authority) CRL() []byte {
	a.peer.t.Helper()
	a.index()
	out := a.peer.name(".crl")
	args := []string{"ca", "-gencrl", "-cert", a.crt, "-keyfile", a.key, "-out", out}
	if a.Kind != "ed25519" {
		args = append(args, "-md", Digest(a.Kind))
	}
	_, err := a.peer.runIn(a.dir, args...)
	a.peer.must(err)
	return a.peer.der(out)
}

// OCSP answers about certificates of the authority, by a responder that it issued (or itself). The
// CertIDs use SHA-1 unless a digest by OpenSSL's name is given.
func (a *Authority) OCSP(responder *Holder, digest string, about ...*Holder) []byte {
	a.peer.t.Helper()
	if digest == "" {
		digest = "sha1"
	}
	request, out := a.peer.name(".req"), a.peer.name(".ocsp")
	args := []string{"ocsp", "-no_nonce", "-issuer", a.crt}
	for _, h := range about {
		args = append(args, "-"+digest, "-cert", h.crt)
	}
	a.peer.run(append(args, "-reqout", request)...)
	args = []string{"ocsp", "-index", a.index(), "-CA", a.crt, "-rsigner", responder.crt, "-rkey", responder.key, "-ndays", "1",
		"-reqin", request, "-respout", out}
	if responder.Kind != "ed25519" {
		args = append(args, "-rmd", Digest(responder.Kind))
	}
	a.peer.run(args...)
	return a.peer.read(out)
}
