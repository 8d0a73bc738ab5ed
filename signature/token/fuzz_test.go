// SPDX-License-Identifier: Apache-2.0

package token

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/pin"
	"zaver/signature/pkcs11"
)

// FuzzRequest holds that what is read can be written and reads the same again, and that nothing else than an error comes of the rest.
func FuzzRequest(f *testing.F) {
	one, two := pin.New([]byte("123456")), pin.New([]byte("654321"))
	token := &which{Slot: 1, Label: "l", Serial: "s", Shows: make([]byte, 32)}
	for _, seed := range []struct {
		q request
		s secrets
	}{
		{request{Op: opList, Module: "/m.so", Parameters: "configdir='sql:/d'"}, secrets{}},
		{request{Op: opSign, Module: "/m.so", Token: token, Sign: &signing{ID: []byte{1}, Algorithm: "ecdsa-p256-sha256"}}, secrets{}},
		{request{Op: opSign, Module: "/m.so", Token: token, Sign: &signing{Algorithm: "rsa-pss-sha256", Salt: 32, Digest: []byte{1}}}, secrets{pin: one}},
		{request{Op: opChange, Module: "/m.so", Token: token}, secrets{one, two}},
		{request{Op: opUnblock, Module: "/m.so", Token: &which{LastTry: true}}, secrets{fresh: two}},
	} {
		var b bytes.Buffer
		if err := writeRequest(&b, seed.q, seed.s); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte("J\x00\x00\x00\x0d{\"op\":\"list\"}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		q, s, err := readRequest(bytes.NewReader(in))
		defer s.wipe()
		if err != nil {
			if s != (secrets{}) {
				t.Error("a PIN came with an error, and nobody would wipe it")
			}
			return
		}
		var b bytes.Buffer
		if err := writeRequest(&b, q, s); err != nil {
			t.Fatalf("write what was read: %v", err)
		}
		again, s2, err := readRequest(&b)
		defer s2.wipe()
		if diff := cmp.Diff(q, again); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

// FuzzReply feeds the host what a worker, taken over by its module, might send: whatever it is, tokens and errors stay within their bounds and
// one line, and no code comes through that callers don't know.
func FuzzReply(f *testing.F) {
	for _, r := range []reply{
		{Token: &tokenReply{Slot: 1, Label: "l", Tries: pin.Left(1), Certificates: []certReply{{ID: []byte{1}, DER: []byte{0x30, 0}}}, Keys: []keyReply{{SPKI: []byte{0x30, 0}}}}},
		{Token: &tokenReply{Model: "Rutoken lite", Data: []string{"header.key"}, Problem: "blocked", SOTries: pin.Blocked(), MinPIN: -1, MaxPIN: 1 << 30}},
		{Token: &tokenReply{Label: "a\nb\x1b[31m\u202e", Problem: "none of these", SOProblem: "wrong"}},
		{Signature: []byte{1}, Done: true},
		{Failure: &failure{Reason: pin.ReasonWrong, Tries: pin.Blocked()}},
		{Failure: &failure{Reason: "blocked", Ref: "<b>"}},
		{Failure: &failure{Code: "token.<script>", Detail: strings.Repeat("x\n", 1000)}},
	} {
		var b bytes.Buffer
		if err := writeJSON(&b, r); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	codes := Codes()
	f.Fuzz(func(t *testing.T, in []byte) {
		var r reply
		if err := readJSON(bytes.NewReader(in), &r); err != nil {
			return
		}
		if r.Token != nil {
			checkToken(t, newToken("/m.so", r.Token, testTime), codes)
		}
		if r.Failure != nil {
			checkFailure(t, r.Failure.err("/m.so"), codes)
		}
	})
}

func checkToken(t *testing.T, got Token, codes []string) {
	t.Helper()
	for _, s := range []string{got.Label, got.Manufacturer, got.Model, got.Serial, got.Reader} {
		oneLine(t, s, maxField)
	}
	if len(got.Credentials) > 2*pkcs11.MaxObjects || got.MaxPIN < 0 || got.MaxPIN > pin.MaxLen || got.MinPIN < 0 || got.MinPIN > pin.MaxLen {
		t.Errorf("beyond its bounds: %d credentials, PIN of %d to %d", len(got.Credentials), got.MinPIN, got.MaxPIN)
	}
	for _, r := range []pin.Reason{got.Problem, got.SOProblem} {
		if r != "" && !slices.Contains(pin.Codes(), "pin."+string(r)) {
			t.Errorf("problem %q", r)
		}
	}
	for _, c := range got.Credentials {
		oneLine(t, c.Label, maxField)
		if c.Usable != (c.Reason == "") || c.Usable && c.Certificate == nil || c.Reason != "" && !slices.Contains(codes, c.Reason) {
			t.Errorf("usable %t, reason %q", c.Usable, c.Reason)
		}
	}
}

func checkFailure(t *testing.T, err error, codes []string) {
	t.Helper()
	oneLine(t, err.Error(), maxDetail+100)
	var own *Error
	var pinErr *pin.Error
	switch {
	case errors.As(err, &own):
		if !slices.Contains(codes, own.Code) {
			t.Errorf("code %q", own.Code)
		}
	case errors.As(err, &pinErr):
		if !slices.Contains(pin.Codes(), pinErr.Code()) || !slices.Contains([]string{PINUser, PINSO, PINNew}, pinErr.Ref) {
			t.Errorf("%q of %q", pinErr.Code(), pinErr.Ref)
		}
	default:
		t.Errorf("%T", err)
	}
}

func oneLine(t *testing.T, s string, most int) {
	t.Helper()
	if n := len([]rune(s)); n > most {
		t.Errorf("%d characters, at most %d", n, most)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			t.Errorf("%q is not for a window", s)
		}
	}
}

// FuzzModuleFile reads p11-kit's files.
func FuzzModuleFile(f *testing.F) {
	f.Add([]byte("# comment\nmodule: opensc-pkcs11.so\nenable-in: a, b\n"))
	f.Add([]byte("module: libsoftokn3.so\nx-init-reserved: configdir='sql:/d' flags=readOnly\n"))
	f.Add([]byte("module\n:\n\x00:\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := parseModuleFile(b)
		for k, v := range s {
			if strings.ContainsAny(k+v, "\n\x00") || strings.TrimSpace(v) != v {
				t.Errorf("%q: %q", k, v)
			}
		}
		if path := eligible(s); path != "" && !bytes.Contains(b, []byte(path)) {
			t.Errorf("%q comes from nowhere", path)
		}
	})
}
