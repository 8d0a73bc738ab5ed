// SPDX-License-Identifier: Apache-2.0

package wiped

import (
	"crypto"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zaver/cardreader/agent"
	"zaver/softhsm-fixtures/gosttoken"
	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/piv"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/readers"
	"zaver/softhsm-fixtures/tokens"
	"zaver/softhsm-fixtures/uec"
	"zaver/softhsm-fixtures/vpcd"
)

// promise is how long after the device's answer nothing of a PIN may be left.
const promise = 100 * time.Millisecond

// device is put into a computer; it returns the PIN that signs.
type device struct {
	name string
	give func(c *computer) string
	pin  func() string // another one, of a form that it takes
}

var devices = []device{{"SoftHSM", softhsm, number14}, {"GOST token", gost, number14}, {"UEC", func(c *computer) string { _, p := card(c); return p }, number14}, {"PIV", pivCard, word8}}

func softhsm(c *computer) string {
	id, err := centre.Make(pki.Order{Person: c.who})
	must(c.t, err)
	store, err := tokens.New(c.t.TempDir())
	must(c.t, err)
	must(c.t, store.Add(c.t.Context(), tokens.For(c.who, id)))
	c.env, c.modules = append(c.env, store.Env()...), []string{store.Module()}
	return c.who.PINs.Token
}

func gost(c *computer) string {
	store, err := compiled.Store(filepath.Join(c.t.TempDir(), "store"))
	must(c.t, err)
	must(c.t, store.Issue(c.t.Context(), gosttoken.For(c.who, mint.GOST256A), func(_ int, key mint.SPKI) ([]byte, error) {
		id, err := centre.Make(pki.Order{Person: c.who, PublicKey: key})
		if err != nil {
			return nil, err
		}
		return id.DER, nil
	}))
	c.modules = []string{store.Module()}
	return c.who.PINs.Token
}

// reader gives the computer a smart-card service with a card in it.
func reader(c *computer, in vpcd.Card) {
	daemon, err := readers.Start(c.t.Context())
	must(c.t, err)
	c.t.Cleanup(func() { _ = daemon.Close() })
	slot := vpcd.NewSlot(daemon.Slot(0))
	must(c.t, slot.Insert(c.t.Context(), in))
	c.t.Cleanup(slot.Remove)
	c.env = append(c.env, daemon.Env())
	c.before = append(c.before, c.seen)
}

func card(c *computer) (*uec.Card, string) {
	key, err := uec.GenerateKey()
	must(c.t, err)
	id, err := centre.Make(pki.Order{Person: c.who, Authority: pki.UEC, PublicKey: key.Public()})
	must(c.t, err)
	now := time.Now()
	made, err := uec.New(uec.Config{Key: key, Certificates: append([][]byte{id.DER}, id.Chain...), Digits: 14, PIN1: c.who.PINs.Card1, PIN2: c.who.PINs.Card2, KRP: c.who.PINs.PUK,
		Holder: uec.Holder{SNILS: c.who.SNILS, Surname: c.who.Surname, Given: c.who.Given}, First: now.AddDate(-1, 0, 0), Last: now.AddDate(3, 0, 0)})
	must(c.t, err)
	reader(c, made)
	c.profile("uec-test.json", `"max": 8, "tries"`, `"max": 14, "tries"`)
	terminal := filepath.Join(c.dir, "terminal.json")
	must(c.t, os.WriteFile(terminal, uec.Shared().NewTerminal(nil).File(), 0o600))
	c.options["terminal"], c.method = terminal, agent.MethodUEC
	return made, c.who.PINs.Card2
}

func pivCard(c *computer) string { _, p := pivOf(c); return p }

func pivOf(c *computer) (*piv.Card, string) {
	key, err := pki.NewKey(pki.P256)
	must(c.t, err)
	id, err := centre.Make(pki.Order{Person: c.who, PublicKey: key.Public()})
	must(c.t, err)
	secret := word8()
	made, err := piv.New(piv.Config{Letters: true, PIN: secret, PUK: word8(),
		Keys: map[byte]crypto.Signer{piv.DigitalSignature: key}, Certificates: map[byte][]byte{piv.DigitalSignature: id.DER}})
	must(c.t, err)
	reader(c, made)
	c.profile("piv.json", `"ref": "80", `, `"ref": "80", "characters": "printable", `)
	return made, secret
}

// TestPINIsGone has each kind of device sign behind both doors, once after a wrong PIN. Both PINs are looked for while
// the agent goes on: it asks again after the first, and waits for the portal after the second. At last it is
// looked for in what is left when all is over.
func TestPINIsGone(t *testing.T) {
	n := 910_000
	for _, door := range []string{"run", "native-host"} {
		for _, d := range devices {
			n++
			who := someone(n)
			t.Run(door+"/"+d.name, func(t *testing.T) { vanishes(t, door, d, who) })
		}
	}
}

func vanishes(t *testing.T, door string, d device, who people.Person) {
	c := newComputer(t, door, who)
	right, wrong := d.give(c), d.pin()
	must(t, c.script.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{wrong, pinentry.Hold(right)}}))
	c.start()
	last := c.confirm("Rq-aZ0xCw9vQ2_-pLmN")

	// The device has answered "wrong" before the agent asks again.
	c.shown("GETPIN", 2)
	<-time.After(promise)
	c.gone("after the wrong PIN", wrong)
	must(t, c.script.Release())

	select {
	case at := <-c.portal.signed:
		<-time.After(time.Until(at.Add(promise)))
	case s := <-last:
		t.Fatalf("no signature: %+v", s)
	}
	c.gone("while the portal judges", right, wrong)
	c.portal.answer <- struct{}{}
	if s := c.end(last); s.State != "confirmed" {
		t.Errorf("the request ends with %+v", s)
	}
	c.gone("at the end", right, wrong)
}
