// SPDX-License-Identifier: Apache-2.0

package revocation_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zaver/signature/revocation"
	"zaver/softhsm-fixtures/mint"
)

// shelf is a server of answers that tests put on it by path; it counts what is asked for.
type shelf struct {
	url string

	mu      sync.Mutex
	answers map[string]func(request []byte) []byte
	asked   []string
	tag     string // an ETag for everything, "" for none
}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	s := &shelf{answers: map[string]func([]byte) []byte{}}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *shelf) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tag != "" {
		w.Header().Set("ETag", s.tag)
		if r.Header.Get("If-None-Match") == s.tag {
			s.asked = append(s.asked, r.URL.Path+" unchanged")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	s.asked = append(s.asked, r.URL.Path)
	answer := s.answers[r.URL.Path]
	if answer == nil {
		http.Redirect(w, r, s.url+"/elsewhere", http.StatusFound)
		return
	}
	_, _ = w.Write(answer(body))
}

// put lays an answer on the shelf and returns its address as a name.
func (s *shelf) put(path string, answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = func([]byte) []byte { return answer }
}

func (s *shelf) name(path string) mint.GeneralName { return mint.URI(s.url + path) }

// paths are what was asked for, in order.
func (s *shelf) paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.asked
	s.asked = nil
	return out
}

// TestDownloads is RFC 5280 section 6.3.3 (a): which CRLs are got, in which order, and no more of them.
func TestDownloads(t *testing.T) {
	shelf := newShelf(t)
	base := newScene(mint.P256)
	some, rest := []int{1, 2}, []int{3, 4, 5, 6, 7, 8}
	byReason := func(path string, reasons []int) mint.Point {
		return mint.Point{FullName: []mint.GeneralName{shelf.name(path)}, Reasons: reasons}
	}
	idp := func(path string, reasons []int) mint.Extension {
		return mint.IDP{FullName: []mint.GeneralName{shelf.name(path)}, Reasons: reasons}.Extension()
	}
	fresh := mint.FreshestCRL(mint.Point{FullName: []mint.GeneralName{shelf.name("/delta")}})
	delta := func(entries []mint.Entry) mint.CRL {
		return dated(numbered(6, entries, mint.DeltaIndicator(5)), moment.Add(-time.Minute), moment.Add(hour))
	}
	for _, tt := range []struct {
		name   string
		leaf   []mint.Extension
		put    func(s *scene)
		status revocation.Status
		code   string
		asked  []string
	}{
		{"one point", []mint.Extension{mint.CRLAt(shelf.url + "/a")}, func(s *scene) { shelf.put("/a", list(nil).Sign(s.ca)) },
			good, "", []string{"/a"}},
		{"addresses of one point are tried in turn", []mint.Extension{mint.CRLAt(shelf.url+"/gone", shelf.url+"/a", shelf.url+"/b")},
			func(s *scene) { shelf.put("/a", list(nil).Sign(s.ca)) }, good, "", []string{"/gone", "/a"}},
		{"a redirect is not followed", []mint.Extension{mint.CRLAt(shelf.url + "/gone")}, func(*scene) {}, unknown, revocation.CodeUnreachable, []string{"/gone"}},
		{"two points by reasons", []mint.Extension{mint.CRLDP(byReason("/a", some), byReason("/b", rest))}, func(s *scene) {
			shelf.put("/a", list(nil, idp("/a", some)).Sign(s.ca))
			shelf.put("/b", list(nil, idp("/b", rest)).Sign(s.ca))
		}, good, "", []string{"/a", "/b"}},
		{"two points by reasons, one missing", []mint.Extension{mint.CRLDP(byReason("/a", some), byReason("/gone", rest))},
			func(s *scene) { shelf.put("/a", list(nil, idp("/a", some)).Sign(s.ca)) }, unknown, revocation.CodeReasons, []string{"/a", "/gone"}},
		{"revoked at the second point", []mint.Extension{mint.CRLDP(byReason("/a", some), byReason("/b", rest))}, func(s *scene) {
			shelf.put("/a", list(nil, idp("/a", some)).Sign(s.ca))
			shelf.put("/b", list(since(s.leaf, hour), idp("/b", rest)).Sign(s.ca))
		}, revoked, "", []string{"/a", "/b"}},
		{"delta named by the CRL", []mint.Extension{mint.CRLAt(shelf.url + "/a")}, func(s *scene) {
			shelf.put("/a", numbered(5, nil, fresh).Sign(s.ca))
			shelf.put("/delta", delta(since(s.leaf, hour)).Sign(s.ca))
		}, revoked, "", []string{"/a", "/delta"}},
		{"delta named by the certificate", []mint.Extension{mint.CRLAt(shelf.url + "/a"), fresh}, func(s *scene) {
			shelf.put("/a", numbered(5, since(s.leaf, hour, mint.ReasonCode(6))).Sign(s.ca))
			shelf.put("/delta", delta(since(s.leaf, 5*time.Minute, mint.ReasonCode(8))).Sign(s.ca))
		}, good, "", []string{"/a", "/delta"}},
		{"delta out of reach", []mint.Extension{mint.CRLAt(shelf.url + "/a")}, func(s *scene) {
			shelf.put("/a", numbered(5, nil, mint.FreshestCRL(mint.Point{FullName: []mint.GeneralName{shelf.name("/gone")}})).Sign(s.ca))
		}, good, "", []string{"/a", "/gone"}},
		{"OCSP first", []mint.Extension{mint.CRLAt(shelf.url + "/a"), mint.AIA([]string{shelf.url + "/ocsp"}, nil)},
			func(s *scene) { shelf.put("/ocsp", about(s, mint.StatusGood).Sign(s.ca)) }, good, "", []string{"/ocsp"}},
		{"OCSP too large", []mint.Extension{mint.AIA([]string{shelf.url + "/ocsp"}, nil)},
			func(*scene) { shelf.put("/ocsp", make([]byte, revocation.MaxOCSP+1)) }, unknown, revocation.CodeTooLarge, []string{"/ocsp"}},
		{"responder asked about by CRL", []mint.Extension{mint.AIA([]string{shelf.url + "/ocsp"}, nil)}, func(s *scene) {
			by := responder(s.ca, mint.CRLAt(shelf.url+"/responders"), mint.AIA([]string{shelf.url + "/ocsp"}, nil))
			shelf.put("/ocsp", about(s, mint.StatusGood).Sign(by))
			shelf.put("/responders", list(nil).Sign(s.ca))
		}, good, "", []string{"/ocsp", "/responders"}},
		{"responder revoked by CRL", []mint.Extension{mint.AIA([]string{shelf.url + "/ocsp"}, nil)}, func(s *scene) {
			by := responder(s.ca, mint.CRLAt(shelf.url+"/bad"))
			shelf.put("/ocsp", about(s, mint.StatusGood).Sign(by))
			shelf.put("/bad", list(since(by, hour)).Sign(s.ca))
		}, unknown, revocation.CodeSignerRevoked, []string{"/ocsp", "/bad"}},
		{"CRL signer asked about", []mint.Extension{mint.CRLDP(mint.Point{FullName: []mint.GeneralName{shelf.name("/a")}})}, func(s *scene) {
			shelf.put("/a", list(nil).Sign(s.root.As(s.ca.Name).Using(s.ca.Key)))
		}, good, "", []string{"/a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := *base
			s.leaf = mint.Leaf("leaf", mint.P256, s.ca, tt.leaf...)
			tt.put(&s)
			shelf.paths()
			k := checker(t, revocation.Config{})
			first := k.Check(t.Context(), s.question(t))
			expect(t, first, tt.status, tt.code)
			if got := shelf.paths(); !slices.Equal(got, tt.asked) {
				t.Errorf("asked for %v, want %v", got, tt.asked)
			}
			if tt.status == unknown {
				return
			}
			replay(t, s.question(t), first)
			if second := k.Check(t.Context(), s.question(t)); second.Status != tt.status || second.URL != first.URL {
				t.Errorf("second time: %s from %q, first from %q", second.Status, second.URL, first.URL)
			}
			if got := shelf.paths(); len(got) > 0 {
				t.Errorf("asked again for %v", got)
			}
		})
	}
}

// TestSignerOnline asks for the state of a CRL signer that only the question brings along.
func TestSignerOnline(t *testing.T) {
	shelf := newShelf(t)
	s := newScene(mint.P256)
	s.leaf = mint.Leaf("leaf", mint.P256, s.ca, mint.CRLAt(shelf.url+"/a"))
	signer := listKey(s, s.root, mint.CRLAt(shelf.url+"/root"))
	shelf.put("/a", list(nil).Sign(signer))
	shelf.put("/root", list(nil).Sign(s.root))
	k := checker(t, revocation.Config{})
	expect(t, k.Check(t.Context(), s.question(t)), unknown, revocation.CodeSignature)
	r := k.Check(t.Context(), s.question(t, signer))
	expect(t, r, good, "")
	replay(t, s.question(t, signer), r)
	if got := shelf.paths(); !slices.Equal(got, []string{"/a", "/root"}) {
		t.Errorf("asked for %v", got)
	}
	self := listKey(s, s.ca, mint.CRLAt(shelf.url+"/self"))
	shelf.put("/self", list(nil).Sign(self))
	s.leaf = mint.Leaf("leaf", mint.P256, s.ca, mint.CRLAt(shelf.url+"/self"))
	expect(t, k.Check(t.Context(), s.question(t, self)), unknown, revocation.CodeSignerUnknown)
}

// TestUnchanged asks the server whether a kept CRL is still the newest instead of getting it again.
func TestUnchanged(t *testing.T) {
	shelf := newShelf(t)
	s := newScene(mint.P256)
	s.leaf = mint.Leaf("leaf", mint.P256, s.ca, mint.CRLAt(shelf.url+"/a"))
	shelf.put("/a", list(nil).Sign(s.ca))
	shelf.tag = `"one"`
	clock := newClock()
	k := checker(t, revocation.Config{Now: clock.now, MaxCache: 10 * time.Minute})
	expect(t, k.Check(t.Context(), s.question(t)), good, "")
	clock.set(moment.Add(10 * time.Minute))
	expect(t, k.Check(t.Context(), s.question(t)), good, "")
	clock.set(moment.Add(20 * time.Minute))
	shelf.put("/a", list(since(s.leaf, hour)).Sign(s.ca))
	shelf.tag = `"two"`
	expect(t, k.Check(t.Context(), s.question(t)), revoked, "")
	if got := shelf.paths(); !slices.Equal(got, []string{"/a", "/a unchanged", "/a"}) {
		t.Errorf("asked for %v", got)
	}
}

// TestListBytes drops CRLs over the bound in bytes; the answer stays right.
func TestListBytes(t *testing.T) {
	shelf := newShelf(t)
	s := newScene(mint.P256)
	k := checker(t, revocation.Config{MaxListBytes: 1, MaxCache: time.Hour})
	for range 2 {
		s.leaf = mint.Leaf("leaf", mint.P256, s.ca, mint.CRLAt(shelf.url+"/a"))
		shelf.put("/a", list(nil).Sign(s.ca))
		expect(t, k.Check(t.Context(), s.question(t)), good, "")
	}
	if got := len(shelf.paths()); got != 2 {
		t.Errorf("%d downloads", got)
	}
}

// TestNonce is RFC 8954: what is sent, and what becomes of answers with another nonce or none.
func TestNonce(t *testing.T) {
	shelf := newShelf(t)
	s := newScene(mint.P256)
	s.leaf = mint.Leaf("leaf", mint.P256, s.ca, mint.AIA([]string{shelf.url + "/ocsp"}, nil))
	for _, tt := range []struct {
		name   string
		rule   revocation.NonceRule
		answer func(sent []byte) []byte // the nonce of the answer
		status revocation.Status
		code   string
	}{
		{"none sent, none back", revocation.NonceNone, func([]byte) []byte { return nil }, good, ""},
		{"none sent, one back", revocation.NonceNone, func([]byte) []byte { return []byte("x") }, good, ""},
		{"same back", revocation.NonceTold, func(n []byte) []byte { return n }, good, ""},
		{"none back, told", revocation.NonceTold, func([]byte) []byte { return nil }, good, revocation.CodeNoNonce},
		{"none back, demanded", revocation.NonceDemanded, func([]byte) []byte { return nil }, unknown, revocation.CodeNoNonce},
		{"another back", revocation.NonceTold, func(n []byte) []byte { return append([]byte{n[0] ^ 1}, n[1:]...) }, unknown, revocation.CodeNonce},
		{"cut back", revocation.NonceTold, func(n []byte) []byte { return n[:16] }, unknown, revocation.CodeNonce},
		{"empty back", revocation.NonceDemanded, func([]byte) []byte { return []byte{} }, unknown, revocation.CodeNonce},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shelf.mu.Lock()
			shelf.answers["/ocsp"] = func(request []byte) []byte {
				read, ok := mint.ReadOCSPRequest(request)
				if !ok || (tt.rule == revocation.NonceNone) != (read.Nonce == nil) || read.Nonce != nil && len(read.Nonce) != revocation.NonceSize {
					t.Errorf("request with nonce %x", read.Nonce)
				}
				o := about(s, mint.StatusGood)
				o.Nonce = tt.answer(read.Nonce)
				return o.Sign(s.ca)
			}
			shelf.mu.Unlock()
			k := checker(t, revocation.Config{Nonce: tt.rule})
			for range 2 { // the second time from the cache
				r := k.Check(t.Context(), s.question(t))
				expect(t, r, tt.status, tt.code)
				if tt.status == good && strings.Join(codes(r), " ") != tt.code {
					t.Errorf("told %v", r.Problems)
				}
			}
		})
	}
	for _, n := range []int{0, revocation.NonceSize + 1} {
		q := s.question(t)
		if _, err := revocation.NewRequest(q.Certificate, q.Issuer, make([]byte, n)); err == nil {
			t.Errorf("a nonce of %d bytes was sent", n)
		}
	}
}

// TestManyAnswers keeps an archive of many answers as cheap as the useful ones: what is not about the
// question is not checked.
func TestManyAnswers(t *testing.T) {
	s := newScene(mint.P256)
	var answers [][]byte
	for i := range 100 {
		other := newSceneNamed(fmt.Sprintf("centre %d", i))
		answers = append(answers, list(nil).Sign(other.ca), about(other, mint.StatusGood).Sign(other.ca))
	}
	answers = append(answers, list(nil).Sign(s.ca))
	a := &revocation.Archive{Answers: answers}
	q := s.question(t)
	expect(t, a.Check(t.Context(), q), good, "")
	if n := testing.AllocsPerRun(10, func() { a.Check(t.Context(), q) }); n > 60 {
		t.Errorf("%v allocations for a second look", n)
	}
}

func newSceneNamed(name string) *scene {
	root := mint.Root("root", mint.P256)
	ca := mint.CA(name, mint.P256, root)
	return &scene{root, ca, mint.Leaf("leaf", mint.P256, ca)}
}
