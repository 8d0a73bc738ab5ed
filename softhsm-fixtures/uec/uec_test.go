// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zaver/signature/gost"
	"zaver/softhsm-fixtures/mint"
)

func newCard(t *testing.T) (*Card, *mint.Key) {
	t.Helper()
	key, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(config(key))
	if err != nil {
		t.Fatal(err)
	}
	c.PowerOn()
	return c, key
}

func config(key *mint.Key) Config {
	return Config{
		Key: key, Certificates: [][]byte{[]byte("certificate")}, PIN1: "1234", PIN2: "123456", KRP: "87654321", Greeting: "Привет",
		Holder: Holder{SNILS: "11223344595", Surname: "Ёлкина", BirthDate: time.Date(1985, 12, 31, 0, 0, 0, 0, time.UTC), Sex: 2},
		First:  time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC), Last: time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC),
	}
}

// run sends commands written in hexadecimal and compares answers; a wanted
// answer may end in "…".
func run(t *testing.T, c *Card, dialogue ...string) {
	t.Helper()
	runOver(t, func(command []byte) []byte {
		answer, err := c.Transmit(command)
		if err != nil {
			t.Fatalf("%X: %v", command, err)
		}
		return answer
	}, dialogue)
}

func runOver(t *testing.T, send func([]byte) []byte, dialogue []string) {
	t.Helper()
	for i := 0; i < len(dialogue); i += 2 {
		command, err := hex.DecodeString(strings.ReplaceAll(dialogue[i], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ToUpper(hex.EncodeToString(send(command)))
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
	if aid := AID(); aid[0] != 0xF0 || len(aid) > 16 {
		t.Errorf("AID %X", aid)
	}
}

func TestATR(t *testing.T) {
	if got := hex.EncodeToString(ATR()); got != "3b89015a415645522d554543ac" {
		t.Error(got)
	}
}

func TestFiles(t *testing.T) {
	c, _ := newCard(t)
	run(t, c,
		selectApp, "6F35 840A F05A4156455255454301 8A0105 A524 5F2403301231 5F2503250102 9F080111 C202A000 E00EE10C…",
		"00A404080A F05A4156455255454301 00", "6427 9F080111 5F2403301231 5F2503250102 C202A000 8F0101 E00EE10C…",
		"00CADF2C00", "DF2C0177 9000",
		"00A4000002 0012 00", "6F0483020012 9000",
		"00B0000001", "01 9000",
		"00A4000402 000F 00", "6208800200 44 8302000F 9000",
		"00B0000004", "EA428140 9000",
		"00A4000002 4444 00", "6A82",
		"00A4000002 1001 00", "6F…",
		"00A4000002 1101 00", "6F0483021101 9000",
		"00B0000001", "6986",
		"00A4000002 3F3F 00", "6F35…",
		"00E0000000", "6D00",
		"80CA005A00", "6E00",
		"10B0000001", "6E00",
		"0C200001", "6985",
		"0020", "6700",
	)
	// What is not public needs a session.
	for _, dialogue := range [][]string{
		{"00CA005A00", "6982"}, {"00CADF2A00", "6982"}, {"00200002", "6982"}, {"0020000208 26123456FFFFFFFF", "6982"},
		{"00240102 08 26123456FFFFFFFF", "6982"}, {"002C0302", "6982"}, {"002A9E9A20" + strings.Repeat("AB", 32) + "00", "6982"},
		{"00A4000002 0011 00", "6F…", "00B0000000", "6982"}, {"00A4000002 000B 00", "6F…", "00B0000000", "6982"},
		{"00A4000002 000C 00", "6F…", "00B0000000", "6982"}, {"00A4000002 000A 00", "6F…", "00B0000000", "6982"},
	} {
		run(t, c, dialogue...)
	}
	talk := begin(t, c, nil)
	talk.run(t,
		"00CA005A00", "5A0A 9643000000000000018F 9000",
		"00CADF2A00", "DF2A06 BFE0D8D2D5E2 9000",
		"00A4000402 0011 00", "62088002000B83020011 9000",
		"00B000000B", "6365727469666963617465 9000",
		"00B0000000", "6365727469666963617465 9000",
		"00B0000A10", "65 6282",
		"00B0001010", "6B00",
		"00A4000002 000C 00", "6F0483…",
		"00B0000003", "7F2181 9000",
		"00A4000002 1001 00", "6F…",
		"00A4000002 1101 00", "6F0483021101 9000",
		"00CADF2300", "6A88",
	)
}

func TestHolderNeedsPIN1(t *testing.T) {
	c, _ := newCard(t)
	talk := begin(t, c, nil)
	open := []string{"00A4000002 1001 00", "6F…", "00A4000002 1102 00", "6F…"}
	talk.run(t, open...)
	talk.run(t,
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
		"00A4000002 1001 00", "6F…", "00A4000002 1103 00", "6F…",
		"00B0000006", "5F40 82…",
		"00A4000002 1001 00", "6F…", "00A4000002 1104 00", "6F…",
		"00B0000002", "7500 9000",
	)
	talk = begin(t, c, nil)
	talk.run(t, open...)
	talk.run(t, "00CADF2700", "6982") // selection ended the verification
	// A terminal without the right reads nothing, whatever PIN it has.
	talk = begin(t, c, func(_, own *CVC) { own.Rights &^= MayRead })
	talk.run(t, "0020000108 241234FFFFFFFFFF", "9000")
	talk.run(t, open...)
	talk.run(t, "00CADF2700", "6982")
}

func TestPasswords(t *testing.T) {
	c, _ := newCard(t)
	talk := func() *talk { return begin(t, c, nil) }
	one := talk()
	one.run(t,
		"00200003", "6A88",
		"00200101", "6A86",
		"00200002", "63C3",
		"0020000208 26123456FFFFFFFF", "9000",
		"00200002", "9000",
		"00240102 08 26999999FFFFFFFF", "9000",
		"0024010108 249999FFFFFFFFFF", "6982",
	)
	for _, refused := range [][2]string{
		{"0020000208 260000 00FFFFFFFF", "63C2"},
		{"0020000204 26123456", "6A80"}, // not a block: costs nothing
		{"0020000208 36123456FFFFFFFF", "6A80"},
		{"0020000208 261234567FFFFFFF", "6A80"},
		{"0024000208 26123456FFFFFFFF", "6A86"},
		{"002C0302", "6982"}, {"002C0305", "6A88"}, {"002C0002", "6A86"},
		{"0020000208 26000000FFFFFFFF", "63C1"},
		{"0020000208 26000000FFFFFFFF", "63C0"},
		{"0020000208 26999999FFFFFFFF", "6983"},
	} {
		refusing := talk()
		refusing.run(t, refused[0], refused[1])
		// After a refusal the session is gone.
		if got := refusing.raw(t, "00200002"); hex.EncodeToString(got) != "6985" {
			t.Errorf("after %s the card answers %X", refused[0], got)
		}
	}
	talk().run(t, "00200002", "6983",
		"0020000508 2887654321FFFFFF", "9000",
		"002C0302", "9000",
		"0024010208 26123456FFFFFFFF", "9000",
		"00200002", "63C3",
	)
	// A terminal without the right changes nothing.
	begin(t, c, func(operator, _ *CVC) { operator.Rights &^= MayChange }).run(t,
		"0020000508 2887654321FFFFFF", "9000", "002C0302", "6982")
	// Counters outlive the power, what was verified does not.
	talk().run(t, "0020000108 240000FFFFFFFFFF", "63C2")
	talk().run(t, "0020000208 26123456FFFFFFFF", "9000")
	c.PowerOff()
	if _, err := c.Transmit([]byte{0, 0x20, 0, 1}); !errors.Is(err, ErrPulled) {
		t.Errorf("without power: %v", err)
	}
	c.PowerOn()
	talk().run(t, "00200001", "63C2", "00200002", "63C3")
}

// TestStateOutlivesTheProcess makes the card anew from its state file.
func TestStateOutlivesTheProcess(t *testing.T) {
	key, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(key)
	cfg.State = filepath.Join(t.TempDir(), "card.json")
	make := func() *Card {
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		c.PowerOn()
		return c
	}
	begin(t, make(), nil).run(t, "0020000208 26000000FFFFFFFF", "63C2")
	begin(t, make(), nil).run(t, "0020000208 26000000FFFFFFFF", "63C1")
	begin(t, make(), nil).run(t, "0020000508 2887654321FFFFFF", "9000", "0024010208 26999999FFFFFFFF", "9000")
	begin(t, make(), nil).run(t, "00200002", "63C3", "0020000208 26999999FFFFFFFF", "9000")
	c := make()
	c.SetTries(PIN1, 1)
	begin(t, make(), nil).run(t, "00200001", "63C1")
	if err := replaceFile(cfg.State, `{"01":{"value":"1234","tries":9}}`); err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg); err == nil {
		t.Error("a spoiled state was taken")
	}
}

func TestSignOncePerPIN(t *testing.T) {
	c, key := newCard(t)
	hash := strings.Repeat("AB", 32)
	begin(t, c, nil).run(t, "002A9E9A20"+hash+"00", "6982")
	begin(t, c, nil).run(t, "0020000208 26123456FFFFFFFF", "9000", "002A9E9A02 0102 00", "6A80")
	begin(t, c, nil).run(t, "0020000208 26123456FFFFFFFF", "9000", "002A000020"+hash+"00", "6A86")
	talk := begin(t, c, nil)
	talk.run(t, "0020000208 26123456FFFFFFFF", "9000")
	answer := talk.send(t, unhex(t, "002A9E9A20"+hash+"00"))
	if len(answer) != 66 {
		t.Fatalf("%X", answer)
	}
	public, err := gost.ParsePublicKey(key.Kind.ParamSet(), key.SPKI[len(key.SPKI)-64:])
	if err != nil || !public.Verify(unhex(t, hash), answer[:64]) {
		t.Errorf("the signature does not hold: %v", err)
	}
	talk.run(t, "002A9E9A20"+hash+"00", "6982")
	for name, change := range map[string]func(operator, own *CVC){
		"terminal information": func(_, own *CVC) { own.Subject = []byte("ZAVER-TERMINAL\x00\x00") },
		"own rights":           func(_, own *CVC) { own.Rights &^= MaySign },
		"operator's rights":    func(operator, _ *CVC) { operator.Rights &^= MaySign },
	} {
		t.Run(name, func(t *testing.T) {
			begin(t, c, change).run(t, "0020000208 26123456FFFFFFFF", "9000", "002A9E9A20"+hash+"00", "6982")
		})
	}
}

func TestFaults(t *testing.T) {
	c, _ := newCard(t)
	c.Inject(Fault{Nth: 2, Action: Answer, Answer: []byte{0x6F, 0x00}}, Fault{INS: 0xCA, Action: PullAfter})
	run(t, c, selectApp, "6F…", "0084000010", "6F00", "00B0000001", "6986")
	if _, err := c.Transmit([]byte{0, 0xCA, 0, 0x5A, 0}); !errors.Is(err, ErrPulled) {
		t.Errorf("pulled: %v", err)
	}
	c.PowerOn()
	c.Inject(Fault{Action: PullBefore})
	c.Heal()
	run(t, c, selectApp, "6F…")

	c.Inject(Fault{Action: Hang})
	hanging, done := c.Hanging(), make(chan error)
	go func() {
		_, err := c.Transmit([]byte{0, 0x20, 0, 1})
		done <- err
	}()
	<-hanging
	c.PowerOff()
	if err := <-done; !errors.Is(err, ErrPulled) {
		t.Errorf("hang ended by power-off: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	key, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no key":     func(c *Config) { c.Key = nil },
		"PIN1":       func(c *Config) { c.PIN1 = "123" },
		"PIN2":       func(c *Config) { c.PIN2 = "12345x" },
		"KRP":        func(c *Config) { c.KRP = "" },
		"PAN":        func(c *Config) { c.PAN = "x" },
		"SNILS":      func(c *Config) { c.Holder.SNILS = "x" },
		"policy":     func(c *Config) { c.Holder.Policy = "x" },
		"text":       func(c *Config) { c.Holder.Address = "日本" },
		"greeting":   func(c *Config) { c.Greeting = "日本" },
		"long photo": func(c *Config) { c.Holder.Photo = make([]byte, 0x8000) },
		"key of 512": func(c *Config) { c.Key = mint.NewKey(mint.GOST512A) },
		"other key":  func(c *Config) { c.Key = mint.NewKey(mint.P256) },
		"INN":        func(c *Config) { c.Holder.INN = "日本" },
	} {
		cfg := config(key)
		spoil(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: personalised", name)
		}
	}
}

func FuzzTransmit(f *testing.F) {
	for _, s := range []string{"00A404000AF05A415645525545430100", "0020000108241234FFFFFFFFFF", "00B0000000", "00CADF2700", "00C0000010"} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	key, err := GenerateKey()
	if err != nil {
		f.Fatal(err)
	}
	cfg := config(key)
	cfg.GetResponse = true
	c, err := New(cfg)
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
