// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const origin = "portal.example/audit"

// memory is a log in memory, stored as a database would store it.
type memory struct {
	head    Head
	records [][]byte
	hashes  []Hash
}

func (m *memory) ReadHashes(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(m.hashes)) {
			return nil, fmt.Errorf("no hash %d", x)
		}
		out[i] = m.hashes[x]
	}
	return out, nil
}

func (m *memory) add(t *testing.T, e Event) Appended {
	t.Helper()
	a, err := Append(m.head, e)
	if err != nil {
		t.Fatal(err)
	}
	if a.First != int64(len(m.hashes)) {
		t.Fatalf("record %d begins at hash %d, stored %d", a.Record.Seq, a.First, len(m.hashes))
	}
	m.head = a.Head
	m.records = append(m.records, a.Bytes)
	m.hashes = append(m.hashes, a.Hashes...)
	return a
}

func (m *memory) all() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, r := range m.records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func event(i int) Event {
	e := Event{
		Time: time.Date(2026, 11, 22, 10, 0, i, 123456000, time.UTC), Kind: "confirmation",
		Account: "6ff5a6de-7f3b-4b7e-9c0f-1d0b6a1f0001", Object: fmt.Sprintf("request-%d", i), Outcome: "refused",
		Codes: []string{"sig.cert_revoked", "confirm.other_person"},
	}
	e.Evidence[0] = byte(i + 1)
	return e
}

func filled(t *testing.T, n int) *memory {
	t.Helper()
	m := &memory{}
	for i := range n {
		m.add(t, event(i))
	}
	return m
}

func keys(t *testing.T) (note.Signer, note.Verifier) {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	sk, vk, err := note.GenerateKey(strings.NewReader(string(seed)), "portal.example")
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(sk)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vk)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func (m *memory) checkpoint(t *testing.T, s note.Signer) (Checkpoint, []byte) {
	t.Helper()
	root, err := m.head.Root()
	if err != nil {
		t.Fatal(err)
	}
	c := Checkpoint{Origin: origin, Size: m.head.Size, Root: root}
	msg, err := c.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	return c, msg
}

// TestE5AppendAgreesWithTlog holds our frontier against the library's own walk.
func TestE5AppendAgreesWithTlog(t *testing.T) {
	m := &memory{}
	for i := range 130 {
		want, err := tlog.StoredHashes(int64(i), mustBytes(t, Record{Event: event(i), Seq: int64(i), Prev: m.head.Last}), m)
		if err != nil {
			t.Fatal(err)
		}
		a := m.add(t, event(i))
		if d := cmp.Diff(want, a.Hashes); d != "" {
			t.Fatalf("record %d: %s", i, d)
		}
		root, err := m.head.Root()
		if err != nil {
			t.Fatal(err)
		}
		if wantRoot, err := tlog.TreeHash(int64(i+1), m); err != nil || wantRoot != root {
			t.Fatalf("root of %d: %v, want %v (%v)", i+1, root, wantRoot, err)
		}
	}
}

func mustBytes(t *testing.T, r Record) []byte {
	t.Helper()
	b, err := r.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestE5InclusionProof(t *testing.T) {
	s, v := keys(t)
	for _, n := range []int{1, 2, 3, 7, 8, 33} {
		m := filled(t, n)
		c, signed := m.checkpoint(t, s)
		for seq := range int64(n) {
			p, err := Prove(c, signed, seq, m.records[seq], m)
			if err != nil {
				t.Fatal(err)
			}
			text, err := p.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			again, err := ParseProof(text)
			if err != nil {
				t.Fatal(err)
			}
			rec, got, err := again.Check(origin, v)
			if err != nil {
				t.Fatal(err)
			}
			if rec.Seq != seq || got != c {
				t.Fatalf("proof of %d/%d gave %d under %v", seq, n, rec.Seq, got)
			}
			if d := cmp.Diff(event(int(seq)), rec.Event); d != "" {
				t.Fatal(d)
			}
		}
	}
}

func TestE5ChangedRecordIsFound(t *testing.T) {
	s, v := keys(t)
	m := filled(t, 21)
	c, signed := m.checkpoint(t, s)
	good, err := Prove(c, signed, 5, m.records[5], m)
	if err != nil {
		t.Fatal(err)
	}
	changed := []byte(strings.Replace(string(m.records[5]), "outcome refused", "outcome confirmed", 1))

	t.Run("proof of a changed record", func(t *testing.T) {
		bad := good
		bad.Record = string(changed)
		if _, _, err := bad.Check(origin, v); !errors.Is(err, ErrProof) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("proving a changed stored record", func(t *testing.T) {
		if _, err := Prove(c, signed, 5, changed, m); !errors.Is(err, ErrProof) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("replay finds the link", func(t *testing.T) {
		old := m.records[5]
		defer func() { m.records[5] = old }()
		m.records[5] = changed
		head, err := Replay(m.all(), c)
		if !errors.Is(err, ErrProof) || head.Size != 6 {
			t.Fatalf("got %v at %d", err, head.Size)
		}
	})
	t.Run("replay finds a whole log written anew", func(t *testing.T) {
		forged := &memory{}
		for i := range 21 {
			e := event(i)
			if i == 5 {
				e.Outcome = "confirmed"
			}
			forged.add(t, e)
		}
		if _, err := Replay(forged.all(), c); !errors.Is(err, ErrProof) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("replay finds a record taken away", func(t *testing.T) {
		short := &memory{records: m.records[:20]}
		if _, err := Replay(short.all(), c); !errors.Is(err, ErrProof) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("replay of the true log", func(t *testing.T) {
		head, err := Replay(m.all(), c)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m.head, head); d != "" {
			t.Fatal(d)
		}
	})
	t.Run("place claimed by another record", func(t *testing.T) {
		bad := good
		bad.Record = string(m.records[6])
		if _, _, err := bad.Check(origin, v); !errors.Is(err, ErrProof) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestE5Growth(t *testing.T) {
	s, _ := keys(t)
	m := filled(t, 9)
	older, _ := m.checkpoint(t, s)
	for i := 9; i < 30; i++ {
		m.add(t, event(i))
	}
	newer, _ := m.checkpoint(t, s)
	path, err := ProveGrowth(older, newer, m)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckGrowth(older, newer, path); err != nil {
		t.Fatal(err)
	}
	older.Root[0] ^= 1
	if err := CheckGrowth(older, newer, path); !errors.Is(err, ErrProof) {
		t.Fatalf("another past: %v", err)
	}
}

func TestCheckpointRefusals(t *testing.T) {
	s, v := keys(t)
	m := filled(t, 3)
	_, signed := m.checkpoint(t, s)
	for _, c := range []struct{ name, msg, origin string }{
		{"another log", string(signed), "other.example/audit"},
		{"another size", strings.Replace(string(signed), "\n3\n", "\n4\n", 1), origin},
		{"no signature", strings.Split(string(signed), "\n\n")[0] + "\n\n", origin},
		{"too long", string(signed) + strings.Repeat("x", MaxCheckpoint), origin},
		{"empty", "", origin},
	} {
		if _, err := OpenCheckpoint([]byte(c.msg), c.origin, v); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, text := range []string{origin + "\n03\nAAAA\n", origin + "\n3\nAAAA\n", origin + "\n-1\n" + Hash{}.String() + "\n"} {
		msg, err := note.Sign(&note.Note{Text: text}, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCheckpoint(msg, origin, v); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("signed %q: %v", text, err)
		}
	}
}

func TestRecordRefusals(t *testing.T) {
	good := Record{Event: event(1), Seq: 1}
	for name, change := range map[string]func(*Record){
		"line break":    func(r *Record) { r.Object = "a\nseq 9" },
		"space":         func(r *Record) { r.Account = "a b" },
		"comma":         func(r *Record) { r.Codes = []string{"a,b"} },
		"empty code":    func(r *Record) { r.Codes = []string{""} },
		"not ASCII":     func(r *Record) { r.Outcome = "да" },
		"no kind":       func(r *Record) { r.Kind = "" },
		"negative":      func(r *Record) { r.Seq = -1 },
		"year too late": func(r *Record) { r.Time = r.Time.AddDate(9000, 0, 0) },
		"too long":      func(r *Record) { r.Object = strings.Repeat("x", MaxRecord) },
	} {
		r := good
		change(&r)
		if _, err := r.Bytes(); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
	text := string(mustBytes(t, good))
	for name, data := range map[string]string{
		"another head":  strings.Replace(text, "v1", "v2", 1),
		"lines swapped": strings.Replace(strings.Replace(text, "kind ", "kjnd ", 1), "kjnd", "kinds", 1),
		"seq with zero": strings.Replace(text, "seq 1", "seq 01", 1),
		"another zone":  strings.Replace(text, "Z\n", "+00:00\n", 1),
		"upper digest":  strings.Replace(text, "evidence 02", "evidence 0A", 1) + "x",
		"more":          text + "\n",
	} {
		if _, err := ParseRecord([]byte(data)); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadThatDoesNotFit(t *testing.T) {
	for _, h := range []Head{{Size: 2}, {Size: -1}, {Frontier: []Hash{{}}}} {
		if _, err := Append(h, event(0)); !errors.Is(err, ErrHead) {
			t.Errorf("%+v: %v", h, err)
		}
		if _, err := h.Root(); !errors.Is(err, ErrHead) {
			t.Errorf("root of %+v: %v", h, err)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	b, _ := Record{Event: event(3), Seq: 3}.Bytes()
	f.Add(b)
	f.Add([]byte(recordHead + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRecord(data)
		if err != nil {
			return
		}
		again, err := r.Bytes()
		if err != nil || string(again) != string(data) {
			t.Fatalf("%q came back as %q (%v)", data, again, err)
		}
	})
}

func FuzzProof(f *testing.F) {
	f.Add([]byte(`{"record":"x","path":[],"checkpoint":"y"}`))
	sk, vk, err := note.GenerateKey(strings.NewReader(strings.Repeat("\x00", 32)), "portal.example")
	if err != nil || sk == "" {
		f.Fatal(err)
	}
	v, err := note.NewVerifier(vk)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParseProof(data)
		if err != nil {
			return
		}
		if _, _, err := p.Check(origin, v); err == nil {
			t.Fatalf("a proof without the key holds: %q", data)
		}
	})
}
