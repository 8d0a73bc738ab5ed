// SPDX-License-Identifier: Apache-2.0

package road

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"zaver/signature/cert"
	"zaver/signature/cms"
	"zaver/softhsm-fixtures/pki"
)

// hand is one confirmation whose agent is the test's hand: it says to the
// portal what no real agent says.
type hand struct {
	w         *World
	v         *walker
	request   string
	ticket    string
	submit    string // once the statement was fetched
	statement []byte
}

// begin starts a confirmation by token on the portal's page.
func (v *walker) begin() *hand {
	v.w.t.Helper()
	shown, err := v.send("/confirm", "", "method", "token")
	v.w.must(err)
	h := &hand{w: v.w, v: v, request: shown.value("data-request"), ticket: shown.value("data-ticket")}
	if h.request == "" || h.ticket == "" {
		v.w.t.Fatalf("no confirmation began: %d %s", shown.status, shown.text())
	}
	return h
}

// reply is what the portal says to an agent.
type reply struct {
	status  int
	header  http.Header
	raw     []byte
	Code    string   `json:"code"`
	Message string   `json:"message"`
	State   string   `json:"state"`
	Codes   []string `json:"codes"`
}

func (h *hand) call(method, verb, authorization, kind string, body []byte) (reply, error) {
	r, err := http.NewRequestWithContext(h.w.t.Context(), method, h.w.Origin()+"/agent/v1/"+verb+"/"+h.request, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	r.Header.Set("Authorization", authorization)
	r.Header.Set("Accept-Language", h.v.lang)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer answer.Body.Close()
	out := reply{status: answer.StatusCode, header: answer.Header}
	if out.raw, err = io.ReadAll(io.LimitReader(answer.Body, 1<<20)); err != nil {
		return out, err
	}
	if answer.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		err = json.Unmarshal(out.raw, &out)
	}
	return out, err
}

// fetch uses the ticket.
func (h *hand) fetch() {
	h.w.t.Helper()
	got, err := h.call(http.MethodGet, "statement", "Ticket "+h.ticket, "", nil)
	h.w.must(err)
	if h.submit, h.statement = got.header.Get("Zaver-Submit"), got.raw; got.status != http.StatusOK || h.submit == "" {
		h.w.t.Fatalf("the ticket gave %d %s", got.status, got.raw)
	}
}

// respond sends a signature.
func (h *hand) respond(der []byte) (reply, error) {
	return h.call(http.MethodPost, "response", "Submit "+h.submit, "application/cms", der)
}

// refused sends a signature that must be refused for a reason, and checks that
// the result page says so and what to do, and that the account is as it was.
func (h *hand) refused(der []byte, account, code string) {
	h.w.t.Helper()
	before := h.w.accountRow(account)
	got, err := h.respond(der)
	h.w.must(err)
	if got.status != http.StatusOK || got.State != "refused" || !slices.Contains(got.Codes, code) {
		h.w.t.Fatalf("the portal says %d %s", got.status, got.raw)
	}
	shown, err := h.v.get("/confirm/" + h.request + "/result")
	h.w.must(err)
	h.w.says(langOf(h.v.lang), shown.text(), code, nil)
	if after := h.w.accountRow(account); after != before {
		h.w.t.Errorf("the account changed from\n%s\nto\n%s", before, after)
	}
}

// confirmed begins once more, and walks to a confirmed account.
func (v *walker) confirmed(id *pki.Identity) {
	v.w.t.Helper()
	h := v.begin()
	h.fetch()
	got, err := h.respond(v.w.sign(id, h.statement))
	v.w.must(err)
	if got.State != "confirmed" {
		v.w.t.Errorf("the road again: %d %s", got.status, got.raw)
	}
	if level := v.w.LevelOf(h.request); level != "confirmed" {
		v.w.t.Errorf("the database says level %q", level)
	}
}

// identity is a key and certificate outside of any token.
func (w *World) identity(o pki.Order) *pki.Identity {
	w.t.Helper()
	id, err := w.PKI.Make(o)
	w.must(err)
	return id
}

// sign makes the signature that an agent would make, over any content.
func (w *World) sign(id *pki.Identity, content []byte) []byte {
	w.t.Helper()
	own, err := cert.Parse(id.DER)
	w.must(err)
	q := cms.Request{Content: content, Certificate: own, SigningTime: time.Now(), Signer: id}
	for _, der := range id.Chain[:len(id.Chain)-1] {
		c, err := cert.Parse(der)
		w.must(err)
		q.Chain = append(q.Chain, c)
	}
	der, err := cms.Sign(w.t.Context(), q)
	w.must(err)
	return der
}

// signTwice has OpenSSL sign with two keys: our own signer knows one.
func (w *World) signTwice(content []byte, ids ...*pki.Identity) []byte {
	w.t.Helper()
	dir := w.t.TempDir()
	in := filepath.Join(dir, "in")
	w.must(os.WriteFile(in, content, 0o600))
	args := []string{"cms", "-sign", "-nodetach", "-binary", "-cades", "-outform", "DER", "-in", in}
	for i, id := range ids {
		key, err := id.KeyPEM()
		w.must(err)
		name := filepath.Join(dir, fmt.Sprint(i))
		w.must(os.WriteFile(name+".pem", id.PEM(), 0o600))
		w.must(os.WriteFile(name+".key", key, 0o600))
		args = append(args, "-signer", name+".pem", "-inkey", name+".key")
	}
	cmd := exec.CommandContext(w.t.Context(), "openssl", args...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	der, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("openssl: %v: %s", err, &complaint)
	}
	return der
}
