// SPDX-License-Identifier: Apache-2.0

package vectors

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/challenge"
	"zaver/signature/cms"
	"zaver/signature/ident"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/softhsm-fixtures/gostpeer"
	"zaver/softhsm-fixtures/mint"
)

var write = flag.Bool("write", false, "make new vectors with new keys")

var (
	dir    = filepath.Join("..", "..", "docs", "vectors")
	moment = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	kinds  = []mint.Kind{mint.P256, mint.RSA2048, mint.GOST256A, mint.GOST512A}
)

// fields are those of the statement, as text.
type fields struct {
	Purpose string `json:"purpose"`
	Origin  string `json:"origin"`
	Request string `json:"request"`
	Nonce   string `json:"nonce"`
	Issued  string `json:"issued"`
	Expires string `json:"expires"`
	Account string `json:"account"`
	Holder  string `json:"holder"`
	SNILS   string `json:"snils"`
	Control string `json:"control"`
}

// vector is a signature by one kind of key. All octets are hexadecimal.
type vector struct {
	Name      string `json:"name"`
	Algorithm string `json:"algorithm"`
	// Key is PKCS #8; for GOST the number of RFC 9215 in it. OneTime is the number k of RFC 7091 section 6.1.
	Key         string `json:"key"`
	OneTime     string `json:"one_time,omitempty"`
	SigningTime string `json:"signing_time"`
	// Digest is that of the statement, Attributes what is signed (SET of attributes), ToSign its digest: what token or card get.
	Digest     string `json:"digest"`
	Attributes string `json:"attributes"`
	ToSign     string `json:"to_sign"`
	Signature  string `json:"signature"`
}

// published is vectors.json.
type published struct {
	PortalKey    string   `json:"portal_key"`
	PortalPublic string   `json:"portal_public"`
	Statement    fields   `json:"statement"`
	Signatures   []vector `json:"signatures"`
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	return must[[]byte](t)(os.ReadFile(filepath.Join(dir, name)))
}

func load(t *testing.T) published {
	t.Helper()
	var p published
	d := json.NewDecoder(bytes.NewReader(read(t, "vectors.json")))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

func (f fields) statement(t *testing.T) challenge.Statement {
	t.Helper()
	at := func(s string) time.Time { return must[time.Time](t)(time.Parse(time.RFC3339, s)) }
	s := challenge.Statement{Purpose: challenge.Purpose(f.Purpose), Origin: f.Origin, Request: f.Request, Issued: at(f.Issued), Expires: at(f.Expires),
		Account: f.Account, Holder: f.Holder, SNILS: ident.SNILS(f.SNILS), ControlCode: f.Control}
	if n := copy(s.Nonce[:], must[[]byte](t)(hex.DecodeString(f.Nonce))); n != len(s.Nonce) {
		t.Fatalf("nonce of %d octets", n)
	}
	return s
}

// oneTimer signs by GOST with a number that it is told.
type oneTimer interface {
	SignWith(n *big.Int, digest []byte) ([]byte, error)
}

// steady signs without randomness: RSA by PKCS #1 v1.5, ECDSA by RFC 6979, GOST with the number that the vector names.
type steady struct {
	key     *mint.Key
	gost    oneTimer
	oneTime *big.Int
}

func (s steady) SignDigest(_ context.Context, a algo.Algorithm, digest []byte) ([]byte, error) {
	if s.gost != nil {
		return s.gost.SignWith(s.oneTime, digest)
	}
	return s.key.Private.Sign(nil, digest, a.Digest.Std)
}

// open reads the vector's key.
func (v vector) open(t *testing.T) steady {
	t.Helper()
	der := must[[]byte](t)(hex.DecodeString(v.Key))
	if v.OneTime == "" {
		return steady{key: mint.FromSigner(must[any](t)(x509.ParsePKCS8PrivateKey(der)).(crypto.Signer))}
	}
	key := must[*mint.Key](t)(mint.GOSTFromPKCS8(der))
	n, ok := new(big.Int).SetString(v.OneTime, 16)
	if !ok {
		t.Fatal("no one-time number")
	}
	return steady{key, key.Private.(oneTimer), n}
}

func (v vector) sign(t *testing.T, statement, certificate []byte) []byte {
	t.Helper()
	c := must[*cert.Certificate](t)(cert.Parse(certificate))
	return must[[]byte](t)(cms.Sign(t.Context(), cms.Request{Content: statement, Certificate: c, SigningTime: must[time.Time](t)(time.Parse(time.RFC3339, v.SigningTime)), Signer: v.open(t)}))
}

// describe fills in what follows from the signature.
func (v vector) describe(t *testing.T, der, statement []byte) vector {
	t.Helper()
	signed := must[*cms.SignedData](t)(cms.Parse(der))
	a, one := signed.Signer.Algorithm, signed.Signer
	v.Algorithm, v.Digest = a.Name, hex.EncodeToString(a.Digest.Sum(statement))
	v.Attributes, v.ToSign = hex.EncodeToString(one.RawSignedAttributes), hex.EncodeToString(a.Input(one.RawSignedAttributes))
	v.Signature = hex.EncodeToString(one.Signature)
	return v
}

// TestStatement makes the statement of the fields, and reads the fields from the statement.
func TestStatement(t *testing.T) {
	p := load(t)
	want := read(t, "statement.txt")
	signer, err := challenge.NewSigner(p.PortalKey)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Statement.statement(t)
	if d := cmp.Diff(string(want), string(must[[]byte](t)(challenge.Sign(s, signer)))); d != "" {
		t.Errorf("-published +made:\n%s", d)
	}
	verifier, err := challenge.NewVerifier(p.PortalPublic)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s, must[challenge.Statement](t)(challenge.Open(want, verifier))); d != "" {
		t.Errorf("-fields +read:\n%s", d)
	}
}

// TestSignatures makes each signature again from its key, and has our checker and OpenSSL judge it.
func TestSignatures(t *testing.T) {
	p := load(t)
	statement := read(t, "statement.txt")
	if len(p.Signatures) != len(kinds) {
		t.Fatalf("%d signatures", len(p.Signatures))
	}
	peer := gostpeer.New(t)
	for i, v := range p.Signatures {
		t.Run(v.Name, func(t *testing.T) {
			if v.Name != string(kinds[i]) {
				t.Fatalf("want %s", kinds[i])
			}
			root, leaf, der := read(t, v.Name+"-root.cer"), read(t, v.Name+".cer"), read(t, v.Name+".p7s")
			if !bytes.Equal(der, v.sign(t, statement, leaf)) {
				t.Error("the same key signs other bytes")
			}
			if d := cmp.Diff(v, v.describe(t, der, statement)); d != "" {
				t.Errorf("-published +found:\n%s", d)
			}
			set := must[*trust.Set](t)(trust.NewSet([]trust.Anchor{{Certificate: must[*cert.Certificate](t)(cert.Parse(root)), Kind: trust.Qualified}}))
			terms := verify.Terms{At: moment.Add(time.Minute), Set: set}
			a := verify.Document(t.Context(), der, nil, terms)
			if len(a.Signers) != 1 || !bytes.Equal(a.Content, statement) || a.Verdict != verify.Valid {
				t.Errorf("%s: %+v", a.Verdict, a.Findings)
			}
			at := fmt.Sprint(moment.Add(time.Minute).Unix())
			if err := peer.VerifyCMS(der, nil, gostpeer.Verifying{Anchors: [][]byte{root}, Flags: []string{"-attime", at}}); err != nil {
				t.Errorf("OpenSSL: %v", err)
			}
			// A vector that everything fits would prove nothing.
			other := bytes.Replace(der, []byte("control: 0417"), []byte("control: 0418"), 1)
			if bytes.Equal(other, der) || verify.Document(t.Context(), other, nil, terms).Verdict == a.Verdict {
				t.Error("another control code holds, too")
			}
			if err := peer.VerifyCMS(other, nil, gostpeer.Verifying{Anchors: [][]byte{root}, Flags: []string{"-attime", at}}); err == nil {
				t.Error("OpenSSL takes another control code, too")
			}
		})
	}
}

// TestDescribed: the description names every file, and no other.
func TestDescribed(t *testing.T) {
	readme := string(read(t, "README.md"))
	entries := must[[]os.DirEntry](t)(os.ReadDir(dir))
	for _, e := range entries {
		name := e.Name()
		for _, k := range kinds {
			if rest, ok := strings.CutPrefix(name, string(k)); ok {
				name = "KIND" + rest
			}
		}
		if name != "README.md" && !strings.Contains(readme, "`"+name+"`") {
			t.Errorf("README.md does not speak of %s", name)
		}
	}
	if want := 3 + 3*len(kinds); len(entries) != want {
		t.Errorf("%d files, want %d", len(entries), want)
	}
	for _, k := range kinds {
		if !strings.Contains(readme, "`"+string(k)+"`") {
			t.Errorf("README.md does not speak of %s", k)
		}
	}
}

// TestWrite makes new vectors; without the flag it only sees that it could.
func TestWrite(t *testing.T) {
	var p published
	var err error
	if p.PortalKey, p.PortalPublic, err = challenge.GenerateKey("portal.example"); err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, 32)
	_, _ = rand.Read(nonce) // never fails
	p.Statement = fields{Purpose: string(challenge.ConfirmIdentity), Origin: "https://portal.example", Request: "0123456789abcdef_-AZ", Nonce: hex.EncodeToString(nonce),
		Issued: moment.Format(time.RFC3339), Expires: moment.Add(challenge.Life).Format(time.RFC3339), Account: "anna@example.org",
		Holder: "Семёнова-Тян Анна Мария", SNILS: "11223344595", Control: "0417"}
	signer, err := challenge.NewSigner(p.PortalKey)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"statement.txt": must[[]byte](t)(challenge.Sign(p.Statement.statement(t), signer))}
	for _, k := range kinds {
		root := mint.Root("Vectors root "+string(k), k)
		leaf := mint.Leaf("Vectors "+string(k), k, root)
		v := vector{Name: string(k), SigningTime: moment.Add(30 * time.Second).Format(time.RFC3339)}
		if k.IsGOST() {
			v.Key = hex.EncodeToString(leaf.Key.PKCS8())
			v.OneTime = new(big.Int).SetBytes(nonce[1:]).Text(16)
		} else {
			v.Key = hex.EncodeToString(must[[]byte](t)(x509.MarshalPKCS8PrivateKey(leaf.Key.Private)))
		}
		der := v.sign(t, files["statement.txt"], leaf.DER)
		p.Signatures = append(p.Signatures, v.describe(t, der, files["statement.txt"]))
		files[v.Name+"-root.cer"], files[v.Name+".cer"], files[v.Name+".p7s"] = root.DER, leaf.DER, der
	}
	files["vectors.json"] = append(must[[]byte](t)(json.MarshalIndent(p, "", "\t")), '\n')
	if !*write {
		return
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
