// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/softhsm-fixtures/fakepcscd"
)

// verifyEntry asks for a PIN of 4 to 8 digits in an ISO 9564-1 block.
func verifyEntry() card.PadEntry {
	return card.PadEntry{
		Command: unhex("00 20 00 02 08 20 FF FF FF FF FF FF FF"), Format: card.PadISO9564, Min: 4, Max: 8, Language: "ru", Timeout: 30 * time.Second,
	}
}

func asciiEntry() card.PadEntry {
	e := verifyEntry()
	e.Command, e.Format, e.Language = unhex("00 20 00 80 08 FF FF FF FF FF FF FF FF"), card.PadASCII, "en"
	return e
}

// modifyEntry asks for the old and twice for the new PIN: CHANGE REFERENCE DATA.
func modifyEntry() card.PadEntry {
	return card.PadEntry{
		Command: unhex("00 24 00 02 10 20 FF FF FF FF FF FF FF 20 FF FF FF FF FF FF FF"), Format: card.PadISO9564,
		NewAt: 8, Min: 4, Max: 8, Old: true, Confirm: true, Timeout: 30 * time.Second,
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(s), []byte(" "), nil)))
	if err != nil {
		panic(err)
	}
	return b
}

// seated is a reader of a profile with a toy in it, and a connection.
func seated(t *testing.T, p fakepcscd.Profile) (*fakepcscd.Reader, *toy, *pcsc.Conn) {
	t.Helper()
	r, c := p.New(), newToy()
	serve(t, fakepcscd.Options{}, r)
	r.Insert(c)
	return r, c, connect(t, service(), r.Name())
}

func profile(t *testing.T, name string) fakepcscd.Profile {
	t.Helper()
	for _, p := range fakepcscd.Profiles() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no profile %q", name)
	return fakepcscd.Profile{}
}

func TestPadStates(t *testing.T) {
	none := map[string]bool{"no keypad": true, "features cut short": true, "features of wrong lengths": true, "features without end": true}
	denied := map[string]bool{"known liar by USB": true, "known liar by name": true}
	verifyOnly := map[string]bool{"verify only": true, "a control code of nobody": true}
	if len(fakepcscd.Profiles()) < 8 {
		t.Error("fewer than eight profiles")
	}
	for _, p := range fakepcscd.Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			_, _, conn := seated(t, p)
			want := card.PadState{Verify: true, Modify: !verifyOnly[p.Name]}
			switch {
			case none[p.Name]:
				want = card.PadState{}
			case denied[p.Name]:
				want = card.PadState{Denied: true}
			}
			for range 2 { // the second time from memory
				if diff := cmp.Diff(want, conn.Pad(t.Context())); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// TestVerifyOnHonestPads: the card gets exactly the block of the typed PIN.
func TestVerifyOnHonestPads(t *testing.T) {
	for _, p := range fakepcscd.Profiles() {
		if !p.Honest {
			continue
		}
		for name, e := range map[string]card.PadEntry{"iso 9564": verifyEntry(), "ascii": asciiEntry()} {
			t.Run(p.Name+" "+name, func(t *testing.T) {
				r, c, conn := seated(t, p)
				c.right("\x26\x12\x34\x56\xFF\xFF\xFF\xFF")
				if e.Format == card.PadASCII {
					c.right("123456\xFF\xFF")
				}
				r.Pad().Person(fakepcscd.Press{Digits: "123456"})
				unlock := lock(t, conn)
				answer, err := conn.VerifyOnPad(t.Context(), e)
				if err != nil || string(answer) != "\x90\x00" {
					t.Fatalf("%X, %v", answer, err)
				}
				if err := unlock(true); err != nil {
					t.Error(err)
				}
				commands, tries, resets := c.seen()
				if got := commands[len(commands)-1]; string(got[:5]) != string(e.Command[:5]) || len(got) != len(e.Command) {
					t.Errorf("the card got %X", got)
				}
				if tries != 3 || resets != 1 {
					t.Errorf("%d tries, %d resets", tries, resets)
				}
			})
		}
	}
}

// TestPeopleAtThePad goes through what people do, on each kind of keypad.
func TestPeopleAtThePad(t *testing.T) {
	kinds := []string{"direct", "start and finish", "start, keys and finish"}
	for _, c := range []struct {
		name, answer, code string
		press              []fakepcscd.Press
		tries              int
	}{
		{"right", "9000", "", []fakepcscd.Press{{Digits: "1234"}}, 3},
		{"wrong", "63C2", "", []fakepcscd.Press{{Digits: "4321"}}, 2},
		{"wrong twice", "63C1", "", []fakepcscd.Press{{Digits: "4321"}, {Digits: "1111"}}, 1},
		{"blocked", "6983", "", []fakepcscd.Press{{Digits: "1111"}, {Digits: "1111"}, {Digits: "1111"}, {Digits: "1234"}}, 0},
		{"cancelled", "", "pin.cancelled", []fakepcscd.Press{{Cancel: true}}, 3},
		{"nobody there", "", "pin.cancelled timeout", nil, 3},
		{"too late", "", "pin.cancelled timeout", []fakepcscd.Press{{Timeout: true}}, 3},
		{"too short", "", "pin.format", []fakepcscd.Press{{Digits: "123"}}, 3},
		{"too long", "", "pin.format", []fakepcscd.Press{{Digits: "123456789"}}, 3},
		{"empty", "", "pin.format", []fakepcscd.Press{{}}, 3},
		{"wrong, then cancelled", "", "pin.cancelled", []fakepcscd.Press{{Digits: "4321"}, {Cancel: true}}, 2},
	} {
		for _, kind := range kinds {
			t.Run(c.name+" on "+kind, func(t *testing.T) {
				r, toy, conn := seated(t, profile(t, kind))
				r.Pad().Person(c.press...)
				var answer []byte
				var err error
				for range max(len(c.press), 1) {
					answer, err = conn.VerifyOnPad(t.Context(), verifyEntry())
				}
				wantCode(t, err, c.code)
				if got := fmt.Sprintf("%X", answer); got != c.answer {
					t.Errorf("answer %s, want %s", got, c.answer)
				}
				if _, tries, _ := toy.seen(); tries != c.tries {
					t.Errorf("%d tries left, want %d", tries, c.tries)
				}
			})
		}
	}
}

func TestModifyOnPad(t *testing.T) {
	noOld := modifyEntry()
	noOld.Command, noOld.NewAt, noOld.Old = unhex("00 24 01 02 08 20 FF FF FF FF FF FF FF"), 0, false
	once := modifyEntry()
	once.Confirm = false
	for _, c := range []struct {
		name, code, block string
		entry             card.PadEntry
		press             fakepcscd.Press
	}{
		{"old, new and again", "", "\x25\x98\x76\x5F\xFF\xFF\xFF\xFF", modifyEntry(), fakepcscd.Press{Digits: "1234", New: "98765", Again: "98765"}},
		{"new and again", "", "\x24\x98\x76\xFF\xFF\xFF\xFF\xFF", noOld, fakepcscd.Press{New: "9876", Again: "9876"}},
		{"old and new", "", "\x24\x98\x76\xFF\xFF\xFF\xFF\xFF", once, fakepcscd.Press{Digits: "1234", New: "9876"}},
		{"repeated otherwise", "pin.format mismatch", "", modifyEntry(), fakepcscd.Press{Digits: "1234", New: "98765", Again: "98764"}},
		{"new too short", "pin.format", "", modifyEntry(), fakepcscd.Press{Digits: "1234", New: "98", Again: "98"}},
		{"cancelled", "pin.cancelled", "", modifyEntry(), fakepcscd.Press{Cancel: true}},
		{"timeout", "pin.cancelled timeout", "", modifyEntry(), fakepcscd.Press{Timeout: true}},
	} {
		for _, kind := range []string{"direct", "start and finish", "start, keys and finish"} {
			t.Run(c.name+" on "+kind, func(t *testing.T) {
				r, toy, conn := seated(t, profile(t, kind))
				before := toy.right("")
				r.Pad().Person(c.press)
				answer, err := conn.ModifyOnPad(t.Context(), c.entry)
				wantCode(t, err, c.code)
				block := toy.right("")
				if c.code == "" && (string(answer) != "\x90\x00" || block != c.block) {
					t.Errorf("answer %X, block %X, want %X", answer, block, c.block)
				}
				if c.code != "" && block != before {
					t.Errorf("the PIN was set: %X", block)
				}
			})
		}
	}
	t.Run("only verifies", func(t *testing.T) {
		_, _, conn := seated(t, profile(t, "verify only"))
		_, err := conn.ModifyOnPad(t.Context(), modifyEntry())
		wantCode(t, err, "card.pad_failed")
	})
}

// TestLiars: none of them passes for a verified PIN, and the card goes on.
func TestLiars(t *testing.T) {
	for _, p := range fakepcscd.Profiles() {
		if p.Honest {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			r, c, conn := seated(t, p)
			if pad := r.Pad(); pad != nil {
				pad.Person(fakepcscd.Press{Digits: "1234"})
			}
			want := "card.pad_failed"
			if conn.Pad(t.Context()).Denied {
				want = "card.pad_denied"
			}
			answer, err := conn.VerifyOnPad(t.Context(), verifyEntry())
			wantCode(t, err, want)
			if answer != nil {
				t.Errorf("answer %X", answer)
			}
			if commands, tries, _ := c.seen(); len(commands) != 0 || tries != 3 {
				t.Errorf("the card got %X and has %d tries", commands, tries)
			}
			if b, err := conn.Transmit(t.Context(), []byte{0, 0xA4, 4, 0}); err != nil || string(b) != "\x90\x00" {
				t.Errorf("afterwards: %X, %v", b, err)
			}
		})
	}
}

func TestPadRulesOfTheUser(t *testing.T) {
	builtin, err := pcsc.BuiltinPadRules()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, profile, rules string
		off                  bool
		want                 card.PadState
	}{
		{"switched off", "direct", "", true, card.PadState{}},
		{"denied by name", "direct", "deny name \"good pad*\"", false, card.PadState{Denied: true}},
		{"modify denied", "direct", "deny name \"*PAD*\" modify", false, card.PadState{Verify: true, Denied: true}},
		{"verify denied", "direct", "deny name \"*pad*\" verify", false, card.PadState{Modify: true, Denied: true}},
		{"builtin taken back by USB", "known liar by USB", "allow usb 076B:3031", false, card.PadState{Verify: true, Modify: true}},
		{"builtin taken back by name", "known liar by name", "allow name \"*OMNIKEY 6121*\"", false, card.PadState{Verify: true, Modify: true}},
		{"the last decides", "direct", "deny name \"*\"\nallow name \"good*\"\ndeny name \"*00 00\"", false, card.PadState{Denied: true}},
		{"of another reader", "direct", "deny name \"Good\"\ndeny usb 0000:0000", false, card.PadState{Verify: true, Modify: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			own, err := pcsc.ParsePadRules([]byte(c.rules))
			if err != nil {
				t.Fatal(err)
			}
			r := profile(t, c.profile).New()
			serve(t, fakepcscd.Options{}, r)
			r.Insert(newToy())
			conn := connect(t, pcsc.New(pcsc.Config{NoPads: c.off, PadRules: append(builtin, own...)}), r.Name())
			if diff := cmp.Diff(c.want, conn.Pad(t.Context())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPadLanguage holds wLangId and bMsgIndex to the octet (part 10 revision 2.02.09, sections 2.5.2 and 2.5.3), on every keypad that works.
func TestPadLanguage(t *testing.T) {
	noOld := modifyEntry()
	noOld.Command, noOld.NewAt, noOld.Old = unhex("00 24 01 02 08 20 FF FF FF FF FF FF FF"), 0, false
	for _, c := range []struct {
		name, language, rules string
		entry                 card.PadEntry
		modify                bool
		at                    int    // where the octets stand
		want                  string // bNumberMessage, wLangId, bMsgIndex
	}{
		{"verify, Russian", "ru", "", verifyEntry(), false, 8, "01 19 04 00"},
		{"verify, English", "en", "", verifyEntry(), false, 8, "01 09 04 00"},
		{"verify, nobody said", "", "", verifyEntry(), false, 8, "01 09 04 00"},
		{"verify, English only", "ru", "language name \"* pad*\" en", verifyEntry(), false, 8, "01 09 04 00"},
		{"verify, Russian only", "en", "language name \"* pad*\" ru", verifyEntry(), false, 8, "01 19 04 00"},
		{"verify, another reader's rule", "ru", "language name \"bad*\" en\nlanguage usb 0000:0000 en", verifyEntry(), false, 8, "01 19 04 00"},
		{"change, Russian", "ru", "", modifyEntry(), true, 11, "03 19 04 00 01 02"},
		{"change, English", "en", "", modifyEntry(), true, 11, "03 09 04 00 01 02"},
		{"change, English only", "ru", "language name \"* pad*\" en", modifyEntry(), true, 11, "03 09 04 00 01 02"},
		{"new PIN alone, Russian", "ru", "", noOld, true, 11, "02 19 04 01 02 02"},
	} {
		for _, p := range fakepcscd.Profiles() {
			if !p.Honest || c.modify && p.Name == "verify only" {
				continue
			}
			t.Run(c.name+" on "+p.Name, func(t *testing.T) {
				rules, err := pcsc.ParsePadRules([]byte(c.rules))
				if err != nil {
					t.Fatal(err)
				}
				r := p.New()
				serve(t, fakepcscd.Options{}, r)
				r.Insert(newToy())
				conn := connect(t, pcsc.New(pcsc.Config{PadRules: rules}), r.Name())
				r.Pad().Person(fakepcscd.Press{Cancel: true})
				e := c.entry
				e.Language = c.language
				enter := conn.VerifyOnPad
				if c.modify {
					enter = conn.ModifyOnPad
				}
				_, err = enter(t.Context(), e)
				wantCode(t, err, "pin.cancelled")
				got, want := r.Pad().Received(), unhex(c.want)
				if len(got) != 1 || len(got[0]) < c.at+len(want) || !bytes.Equal(got[0][c.at:c.at+len(want)], want) {
					t.Errorf("the keypad got %X, want %X at %d", got, want, c.at)
				}
			})
		}
	}
}

func TestPadAndTheCardPulled(t *testing.T) {
	for _, kind := range []string{"direct", "start and finish", "start, keys and finish"} {
		t.Run("while the person types on "+kind, func(t *testing.T) {
			r, c, conn := seated(t, profile(t, kind))
			pressed := make(chan struct{})
			r.Pad().Person(fakepcscd.Press{Digits: "1234", Wait: pressed})
			failed := make(chan error, 1)
			go func() {
				_, err := conn.VerifyOnPad(t.Context(), verifyEntry())
				failed <- err
			}()
			awaitEntry(t, r)
			r.Remove()
			close(pressed)
			wantCode(t, <-failed, "card.removed")
			if _, tries, _ := c.seen(); tries != 3 {
				t.Errorf("%d tries", tries)
			}
		})
	}
	t.Run("before", func(t *testing.T) {
		r, _, conn := seated(t, profile(t, "direct"))
		r.Remove()
		_, err := conn.VerifyOnPad(t.Context(), verifyEntry())
		wantCode(t, err, "card.removed")
	})
	t.Run("when the PIN reaches it", func(t *testing.T) {
		r, c, conn := seated(t, profile(t, "direct"))
		c.mu.Lock()
		c.on = func([]byte) ([]byte, error) { return nil, errors.New("pulled") }
		c.mu.Unlock()
		r.Pad().Person(fakepcscd.Press{Digits: "1234"})
		_, err := conn.VerifyOnPad(t.Context(), verifyEntry())
		wantCode(t, err, "card.removed")
	})
}

// awaitEntry waits until the keypad has its orders.
func awaitEntry(t *testing.T, r *fakepcscd.Reader) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	late := time.After(patience)
	for len(r.Pad().Received()) == 0 {
		select {
		case <-look.C:
		case <-late:
			t.Fatal("no entry began")
		}
	}
}

func TestPadAndTheCaller(t *testing.T) {
	t.Run("gives up a one-step keypad", func(t *testing.T) {
		r, _, conn := seated(t, profile(t, "direct"))
		never := make(chan struct{})
		t.Cleanup(func() { close(never) })
		r.Pad().Person(fakepcscd.Press{Digits: "1234", Wait: never})
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := conn.VerifyOnPad(ctx, verifyEntry())
			failed <- err
		}()
		awaitEntry(t, r)
		cancel()
		err := <-failed
		wantCode(t, err, "card.protocol")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v does not say why", err)
		}
	})
	t.Run("gives up a two-step keypad", func(t *testing.T) {
		r, c, conn := seated(t, profile(t, "start, keys and finish"))
		never := make(chan struct{})
		r.Pad().Person(fakepcscd.Press{Digits: "1234", Wait: never})
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := conn.VerifyOnPad(ctx, verifyEntry())
			failed <- err
		}()
		awaitEntry(t, r)
		cancel()
		wantCode(t, <-failed, "card.protocol")
		close(never)
		if commands, _, _ := c.seen(); len(commands) != 0 {
			t.Errorf("the card got %X", commands)
		}
	})
	t.Run("asks what a keypad cannot", func(t *testing.T) {
		_, _, conn := seated(t, profile(t, "own limits"))
		e := verifyEntry()
		e.Min, e.Max = 9, 12
		_, err := conn.VerifyOnPad(t.Context(), e)
		wantCode(t, err, "card.pad_failed")
	})
	t.Run("asks nonsense", func(t *testing.T) {
		_, _, conn := seated(t, profile(t, "direct"))
		_, err := conn.VerifyOnPad(t.Context(), card.PadEntry{})
		wantCode(t, err, "card.pad_failed")
	})
	t.Run("closed", func(t *testing.T) {
		_, _, conn := seated(t, profile(t, "direct"))
		conn.Close()
		if got := conn.Pad(t.Context()); got != (card.PadState{}) {
			t.Errorf("%+v", got)
		}
		_, err := conn.VerifyOnPad(t.Context(), verifyEntry())
		wantCode(t, err, "card.protocol")
	})
}
