// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/tokens"
	"zaver/softhsm-fixtures/uec"
)

// Token is a signature token in the drawer: made, but not plugged in.
type Token struct {
	Person  people.Person
	Variant pki.Variant
	Store   *tokens.Store    // nil for a token with a GOST key
	GOST    *gosttoken.Store // nil for any other
	Serial  *big.Int         // of the certificate, for PKI.Authority(…).Revoke
	DER     []byte           // the certificate
	Keys    string           // kind of the key, as pki and mint name kinds
	options []gosttoken.Option
}

// Token makes a person's token with one certificate of the variant, or opens
// the one that was made before; its key is of the kind, P-256 when zero.
func (w *World) Token(ctx context.Context, p people.Person, v pki.Variant, k pki.KeyKind) (*Token, error) {
	switch k {
	case pki.GOST256:
		return w.GOSTToken(ctx, p, v, mint.GOST256A)
	case pki.GOST512:
		return w.GOSTToken(ctx, p, v, mint.GOST512A)
	case 0:
		k = pki.P256
	}
	return w.kept(p, v, k.String(), "", func(dir string, o pki.Order) ([]byte, error) {
		o.Keys = k
		id, err := w.PKI.Make(o)
		if err != nil {
			return nil, err
		}
		store, err := tokens.New(dir)
		if err != nil {
			return nil, err
		}
		return id.DER, store.Add(ctx, tokens.For(p, id))
	}, func(dir string, t *Token) (err error) {
		t.Store, err = tokens.New(dir)
		return err
	})
}

// kept opens the token in the drawer, or fills it first; keys and habits tell it from the
// person's others.
func (w *World) kept(p people.Person, v pki.Variant, keys, habits string, fill func(dir string, o pki.Order) ([]byte, error),
	open func(dir string, t *Token) error) (*Token, error) {
	w.drawer.Lock()
	defer w.drawer.Unlock()
	if v == "" {
		v = pki.Good
	}
	dir := w.path("tokens", strings.ToLower(fmt.Sprintf("%s-%s-%s%s", p.Key, v, keys, habits)))
	mark := filepath.Join(dir, "certificate.der") // written last: without it the token is half made
	der, err := os.ReadFile(mark)
	if err != nil || v == pki.Good && !fresh(der) {
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("make token of %s: %w", p.Key, err)
		}
		if der, err = fill(dir, pki.Order{Person: p, Variant: v}); err != nil {
			return nil, err
		}
		if err := os.WriteFile(mark, der, 0o600); err != nil {
			return nil, fmt.Errorf("make token of %s: %w", p.Key, err)
		}
	}
	t := &Token{Person: p, Variant: v, DER: der, Keys: keys}
	if t.Serial, err = pki.Serial(der); err != nil {
		return nil, err
	}
	return t, open(dir, t)
}

// fresh reports whether a kept certificate will do for this run.
func fresh(der []byte) bool {
	c, err := x509.ParseCertificate(der)
	return err == nil && time.Now().Add(24*time.Hour).Before(c.NotAfter)
}

// PlugIn makes these the tokens in the computer, instead of those before; none
// takes all out. The agent's driver processes end, as drivers do that lose
// their device, so what was listed before is gone.
func (w *World) PlugIn(ts ...*Token) error {
	w.drawer.Lock()
	defer w.drawer.Unlock()
	if err := os.MkdirAll(w.path("plugged"), 0o700); err != nil {
		return fmt.Errorf("plug in tokens: %w", err)
	}
	place, err := os.MkdirTemp(w.path("plugged"), "")
	if err != nil {
		return fmt.Errorf("plug in tokens: %w", err)
	}
	var gost []*gosttoken.Store
	var options []gosttoken.Option
	for _, t := range ts {
		if t.GOST != nil {
			gost, options = append(gost, t.GOST), append(options, t.options...)
			continue
		}
		// A copy: SoftHSM does not follow links, and keys and PIN are the same.
		if err := os.CopyFS(place, os.DirFS(filepath.Join(filepath.Dir(t.Store.Config()), "tokens"))); err != nil {
			return fmt.Errorf("plug in tokens: %w", err)
		}
	}
	conf := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n", place)
	if err := replace(w.softhsmConfig(), []byte(conf)); err != nil {
		return fmt.Errorf("plug in tokens: %w", err)
	}
	if err := errors.Join(w.gostModule.PlugIn(gost...), w.gostModule.Set(options...)); err != nil {
		return err
	}
	w.plugged = ts
	if err := w.endDrivers(); err != nil {
		return err
	}
	// Nobody has the former tokens open any more.
	before, err := filepath.Glob(filepath.Join(w.path("plugged"), "*"))
	if err != nil {
		return err
	}
	for _, dir := range before {
		if dir != place {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}
	return err
}

// Plugged are the tokens in the computer.
func (w *World) Plugged() []*Token {
	w.drawer.Lock()
	defer w.drawer.Unlock()
	return slices.Clone(w.plugged)
}

func (w *World) softhsmConfig() string { return w.path("softhsm2.conf") }

// Card makes a person's UEC card with a certificate of the variant, or
// personalises anew, with full retry counters, the one whose key was kept. It
// trusts the terminal of this world's agent.
func (w *World) Card(p people.Person, v pki.Variant) (*uec.Card, error) {
	w.drawer.Lock()
	defer w.drawer.Unlock()
	if v == "" {
		v = pki.Good
	}
	key, chain, err := w.cardKey(p, v)
	if err != nil {
		return nil, fmt.Errorf("make card of %s: %w", p.Key, err)
	}
	initial := func(name string) string {
		for _, r := range name {
			return " " + string(r) + "."
		}
		return ""
	}
	now := time.Now()
	return uec.New(uec.Config{
		Key: key, Root: w.cards, Certificates: chain, PIN1: p.PINs.Card1, PIN2: p.PINs.Card2, KRP: p.PINs.PUK,
		First: now.AddDate(-1, 0, 0), Last: now.AddDate(4, 0, 0), Greeting: "Здравствуйте",
		Holder: uec.Holder{
			SNILS: p.SNILS, FullName: p.Surname + initial(p.Given) + initial(p.Patronymic), Surname: p.Surname, Given: p.Given, Patronymic: p.Patronymic,
			BirthDate: p.BirthDate, BirthPlace: p.BirthPlace, Sex: int(p.Gender), Address: p.Address, Phone: p.Phone, Email: p.Email, INN: p.INN,
		},
	})
}

// cardKey gives the card's key and its certificates, the own one first.
func (w *World) cardKey(p people.Person, v pki.Variant) (*mint.Key, [][]byte, error) {
	file := w.path("cards", p.Key+"-"+string(v)+".pem")
	raw, err := os.ReadFile(file)
	if err == nil {
		key, chain, err := readCard(raw)
		if err == nil && (v != pki.Good || fresh(chain[0])) {
			return key, chain, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	key, err := uec.GenerateKey()
	if err != nil {
		return nil, nil, err
	}
	authority := pki.UEC
	if v == pki.NotAccredited {
		authority = "" // that variant has an authority of its own
	}
	id, err := w.PKI.Make(pki.Order{Person: p, Variant: v, Authority: authority, PublicKey: key.Public()})
	if err != nil {
		return nil, nil, err
	}
	chain := append([][]byte{id.DER}, id.Chain...)
	out := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key.PKCS8()})
	for _, c := range chain {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c})...)
	}
	return key, chain, replace(file, out)
}

func readCard(raw []byte) (*mint.Key, [][]byte, error) {
	block, rest := pem.Decode(raw)
	if block == nil {
		return nil, nil, errors.New("no key")
	}
	key, err := mint.GOSTFromPKCS8(block.Bytes)
	if err != nil {
		return nil, nil, err
	}
	var chain [][]byte
	for {
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		chain = append(chain, bytes.Clone(block.Bytes))
	}
	if len(chain) == 0 {
		return nil, nil, errors.New("no certificate")
	}
	return key, chain, nil
}

// replace writes a file so that a reader sees the old or the new one whole.
func replace(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
