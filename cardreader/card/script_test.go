// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zaver/cardreader/card"
	"zaver/cardreader/cardtest"
	"zaver/signature/algo"
	"zaver/signature/pin"
	"zaver/softhsm-fixtures/uec"
)

const selectUEC = "> 00A404000A F05A4156455255454301 00\n< 6F0EA50C 5F2503250102 5F2403301231 9000\n"

// play opens a card over a script that begins with the selection of Open.
func play(t *testing.T, script string, change func(*card.Profile)) (*card.Card, *cardtest.Player) {
	t.Helper()
	s, err := cardtest.Load(strings.NewReader(selectUEC + script))
	if err != nil {
		t.Fatal(err)
	}
	p := *plainProfile(t)
	if change != nil {
		change(&p)
	}
	player := s.Player()
	c, err := card.Open(t.Context(), player, nil, []*card.Profile{&p})
	if err != nil {
		t.Fatal(err)
	}
	return c, player
}

// TestScriptMSE signs on a card that wants its security environment set.
func TestScriptMSE(t *testing.T) {
	mse := strings.Replace(readProfile(t), `"size": 64`, `"size": 64, "mse": "002241B6038401 02"`, 1)
	p, err := card.LoadProfile([]byte(mse))
	if err != nil {
		t.Fatal(err)
	}
	half := strings.Repeat("00", 31) + "80"
	c, player := play(t, selectUEC+
		"> 00200002\n< 63C1\n"+
		"> 0020000208 26 123456 FFFFFFFF\n< 9000\n"+
		"> 002241B603840102\n< 9000\n"+
		"> 002A9E9A20"+strings.Repeat("**", 32)+"00\n< 6140\n"+
		"> 00C0000040\n< "+half+half+"9000\n",
		func(q *card.Profile) { *q = *p })
	sig, err := c.Sign(t.Context(), newPIN("123456"), ecdsaSHA256(t), digestOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	// 0x80 as a positive INTEGER takes two bytes in DER.
	if want := "\x30\x08\x02\x02\x00\x80\x02\x02\x00\x80"; string(sig) != want {
		t.Errorf("signature %X", sig)
	}
	if err := player.Done(); err != nil {
		t.Error(err)
	}
}

func ecdsaSHA256(t testing.TB) algo.Algorithm {
	t.Helper()
	a, err := algo.ByName("ecdsa-sha256")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func readProfile(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "plain.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestScriptWrongLe asks again with the Le that the card names, and only for
// commands that ask for data.
func TestScriptWrongLe(t *testing.T) {
	c, player := play(t, selectUEC+
		"> 00200001\n< 63C3\n> 0020000108 241234FFFFFFFFFF\n< 6C05\n", nil)
	err := c.VerifyPIN(t.Context(), "PIN1", newPIN("1234"))
	wantCard(t, err, card.Protocol)
	if err := player.Done(); err != nil {
		t.Error(err)
	}
	c, player = play(t, "> 00A404000A F05A4156455255454301 00\n< 6C0E\n> 00A404000A F05A4156455255454301 0E\n< 9000\n"+
		"> 00200001\n< 6983\n", nil)
	if tries, err := c.Tries(t.Context(), "PIN1"); err != nil || tries != pin.Blocked() {
		t.Errorf("%s, %v", tries, err)
	}
	if err := player.Done(); err != nil {
		t.Error(err)
	}
}

// keeper remembers where the commands lay that it was given.
type keeper struct {
	*carrier
	seen []witness
}

func (k *keeper) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	k.seen = append(k.seen, see(command))
	return k.carrier.Transmit(ctx, command)
}

func TestBuffersAreWiped(t *testing.T) {
	v, _ := newVirtual(t, nil)
	k := &keeper{carrier: &carrier{card: v}}
	c, err := card.Open(t.Context(), k, v.ATR(), profiles(t), card.WithTerminal(terminal()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x")); err != nil {
		t.Fatal(err)
	}
	v.Inject(uec.Fault{INS: 0x20, Data: true, Action: uec.PullBefore})
	_, err = c.Sign(t.Context(), newPIN("123456"), gost256(t), digestOf("x"))
	wantCard(t, err, card.Removed)
	wiped(t, k.seen)
}
