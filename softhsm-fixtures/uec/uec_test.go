// SPDX-License-Identifier: Apache-2.0

package uec_test

import (
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"zaver/softhsm-fixtures/uec"
)

func newCard(t *testing.T) (*uec.Card, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := uec.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	c, err := uec.New(config(key))
	if err != nil {
		t.Fatal(err)
	}
	c.PowerOn()
	return c, key
}

func config(key *ecdsa.PrivateKey) uec.Config {
	return uec.Config{
		Key: key, Certificates: [][]byte{[]byte("certificate")}, PIN1: "1234", PIN2: "123456", KRP: "87654321",
		Holder: uec.Holder{SNILS: "11223344595", Surname: "Ёлкина", BirthDate: time.Date(1985, 12, 31, 0, 0, 0, 0, time.UTC), Sex: 2},
		First:  time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC), Last: time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC),
	}
}

// run sends commands written in hexadecimal and compares answers; a wanted
// answer may end in "…".
func run(t *testing.T, c *uec.Card, dialogue ...string) {
	t.Helper()
	for i := 0; i < len(dialogue); i += 2 {
		command, err := hex.DecodeString(strings.ReplaceAll(dialogue[i], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Transmit(command)
		if err != nil {
			t.Fatalf("%s: %v", dialogue[i], err)
		}
		got := strings.ToUpper(hex.EncodeToString(answer))
		want := strings.ReplaceAll(dialogue[i+1], " ", "")
		begin, open := strings.CutSuffix(want, "…")
		if got != want && (!open || !strings.HasPrefix(got, begin)) {
			t.Errorf("%s: got %s, want %s", dialogue[i], got, want)
		}
	}
}

const selectApp = "00A404000A F05A4156455255454301 00"

func TestRealAIDIsRefused(t *testing.T) {
	c, _ := newCard(t)
	run(t, c,
		"00A4040008 A000000432900001 00", "6A82",
		"00A4040005 A000000432 00", "6A82",
		"00A404000B A000000432554543495344 00", "6A82",
		"00A4040001 F0 00", "6A82",
		"00CADF2700", "6985",
	)
	if aid := uec.AID(); aid[0] != 0xF0 || len(aid) > 16 {
		t.Errorf("AID %X", aid)
	}
}

func TestATR(t *testing.T) {
	if got := hex.EncodeToString(uec.ATR()); got != "3b89015a415645522d554543ac" {
		t.Error(got)
	}
}

func TestFiles(t *testing.T) {
	c, _ := newCard(t)
	run(t, c,
		selectApp, "6F35 840A F05A4156455255454301 8A0105 A524 5F2403301231 5F2503250102 9F080111 C2022000 E00EE10C…",
		"00CA005A00", "5A0A 9643000000000000018F 9000",
		"00CADF2C00", "DF2C0177 9000",
		"00A4000402 0011 00", "62088002000B83020011 9000",
		"00B000000B", "6365727469666963617465 9000",
		"00B0000000", "6365727469666963617465 9000",
		"00B0000A10", "65 6282",
		"00B0001010", "6B00",
		"00A4000002 0012 00", "6F0483020012 9000",
		"00B0000001", "01 9000",
		"00A4000002 4444 00", "6A82",
		"00A4000002 1001 00", "6F…",
		"00A4000002 1102 00", "6F0483021102 9000",
		"00B0000001", "6986",
		"00A4000002 3F3F 00", "6F35…",
		"00E0000000", "6D00",
		"80CA005A00", "6E00",
		"0C200001", "6882",
		"0020", "6700",
	)
}

func TestHolderNeedsPIN1(t *testing.T) {
	c, _ := newCard(t)
	open := []string{selectApp, "6F…", "00A4000002 1001 00", "6F…", "00A4000002 1102 00", "6F…"}
	run(t, c, open...)
	run(t, c,
		"00CADF2700", "6982",
		"0020000208 26123456FFFFFFFF", "9000", // PIN2 does not open them
		"00CADF2700", "6982",
		"0020000108 241234FFFFFFFFFF", "9000",
		"00CADF2700", "DF2706 11223344595F 9000",
		"00CA5F2B00", "5F2B04 19851231 9000",
		"00CA5F3500", "5F350102 9000",
		"00CADF2D00", "DF2D06 A1DBDAD8DDD0 9000", // Ёлкина in ISO 8859-5
		"00CADF2B00", "6A88",
		"00CADF2702", "6C09",
		selectApp, "6F…",
	)
	run(t, c, open[2:]...)
	run(t, c, "00CADF2700", "6982") // selection ended the verification
}

func TestPasswords(t *testing.T) {
	c, _ := newCard(t)
	run(t, c,
		selectApp, "6F…",
		"00200003", "6A88",
		"00200101", "6A86",
		"00200002", "63C3",
		"0020000208 260000 00FFFFFFFF", "63C2",
		"00200002", "63C2",
		"0020000204 26123456", "6A80", // not a block: costs nothing
		"0020000208 36123456FFFFFFFF", "6A80",
		"0020000208 261234567FFFFFFF", "6A80",
		"00200002", "63C2",
		"0020000208 26123456FFFFFFFF", "9000",
		"00200002", "9000",
		"00240102 08 26999999FFFFFFFF", "9000",
		"0024000208 26123456FFFFFFFF", "6A86",
		"0024010108 249999FFFFFFFFFF", "6982",
		"0024010208 2499 99FFFFFFFFFF", "6A80",
		"0020000208 26000000FFFFFFFF", "63C2",
		"0020000208 26000000FFFFFFFF", "63C1",
		"0020000208 26000000FFFFFFFF", "63C0",
		"00200002", "6983",
		"0020000208 26999999FFFFFFFF", "6983",
		"002C0302", "6982",
		"0020000508 2887654321FFFFFF", "9000",
		"002C0302", "9000",
		"002C0305", "6A88",
		"002C0002", "6A86",
		"0024010208 26123456FFFFFFFF", "9000",
		"00200002", "63C3",
	)
	// Counters outlive the power, what was verified does not.
	run(t, c, "0020000108 240000FFFFFFFFFF", "63C2", "0020000208 26123456FFFFFFFF", "9000")
	c.PowerOff()
	if _, err := c.Transmit([]byte{0, 0x20, 0, 1}); !errors.Is(err, uec.ErrPulled) {
		t.Errorf("without power: %v", err)
	}
	c.PowerOn()
	run(t, c, selectApp, "6F…", "00200001", "63C2", "00200002", "63C3")
}

func TestSignOncePerPIN(t *testing.T) {
	c, key := newCard(t)
	hash := strings.Repeat("AB", 32)
	run(t, c, selectApp, "6F…",
		"002A9E9A20"+hash+"00", "6982",
		"0020000208 26123456FFFFFFFF", "9000",
		"002A9E9A02 0102 00", "6A80",
		"002A000020"+hash+"00", "6A86",
	)
	command, _ := hex.DecodeString("002A9E9A20" + hash + "00")
	answer, err := c.Transmit(command)
	if err != nil || len(answer) != 66 {
		t.Fatalf("%X, %v", answer, err)
	}
	digest, _ := hex.DecodeString(hash)
	if !ecdsa.Verify(&key.PublicKey, digest, new(big.Int).SetBytes(answer[:32]), new(big.Int).SetBytes(answer[32:64])) {
		t.Error("the signature does not hold")
	}
	run(t, c, "002A9E9A20"+hash+"00", "6982")
}

func TestFaults(t *testing.T) {
	c, _ := newCard(t)
	c.Inject(uec.Fault{Nth: 2, Action: uec.Answer, Answer: []byte{0x6F, 0x00}}, uec.Fault{INS: 0xCA, Action: uec.PullAfter})
	run(t, c, selectApp, "6F…", "00200001", "6F00", "00200001", "63C3")
	if _, err := c.Transmit([]byte{0, 0xCA, 0, 0x5A, 0}); !errors.Is(err, uec.ErrPulled) {
		t.Errorf("pulled: %v", err)
	}
	c.PowerOn()
	c.Inject(uec.Fault{Action: uec.PullBefore})
	c.Heal()
	run(t, c, selectApp, "6F…")

	c.Inject(uec.Fault{Action: uec.Hang})
	hanging, done := c.Hanging(), make(chan error)
	go func() {
		_, err := c.Transmit([]byte{0, 0x20, 0, 1})
		done <- err
	}()
	<-hanging
	c.PowerOff()
	if err := <-done; !errors.Is(err, uec.ErrPulled) {
		t.Errorf("hang ended by power-off: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	key, err := uec.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*uec.Config){
		"no key":   func(c *uec.Config) { c.Key = nil },
		"PIN1":     func(c *uec.Config) { c.PIN1 = "123" },
		"PIN2":     func(c *uec.Config) { c.PIN2 = "12345x" },
		"KRP":      func(c *uec.Config) { c.KRP = "" },
		"PAN":      func(c *uec.Config) { c.PAN = "x" },
		"SNILS":    func(c *uec.Config) { c.Holder.SNILS = "x" },
		"policy":   func(c *uec.Config) { c.Holder.Policy = "x" },
		"text":     func(c *uec.Config) { c.Holder.Address = "日本" },
		"greeting": func(c *uec.Config) { c.Greeting = "日本" },
	} {
		cfg := config(key)
		spoil(&cfg)
		if _, err := uec.New(cfg); err == nil {
			t.Errorf("%s: personalised", name)
		}
	}
}

func FuzzTransmit(f *testing.F) {
	for _, s := range []string{"00A404000AF05A415645525545430100", "0020000108241234FFFFFFFFFF", "00B0000000", "00CADF2700", "00C0000010"} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	key, err := uec.GenerateKey()
	if err != nil {
		f.Fatal(err)
	}
	cfg := config(key)
	cfg.GetResponse = true
	c, err := uec.New(cfg)
	if err != nil {
		f.Fatal(err)
	}
	c.PowerOn()
	f.Fuzz(func(t *testing.T, b []byte) {
		answer, err := c.Transmit(b)
		if err != nil || len(answer) < 2 || len(answer) > 65538 {
			t.Fatalf("%X: %d bytes, %v", b, len(answer), err)
		}
	})
}
