// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/message"
)

// ServeHTTP checks who knocks before it looks at what is asked.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// Whatever is answered: net/http waits for the rest of a body after the answer, too, and one that never comes would keep its connection for ever.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(d.bodyTime)) // fails on a connection that is gone
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if status, code := d.refuse(r); status != 0 {
		if code == agent.CodeOtherUser { // a portal's page may read why
			h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
			h.Add("Vary", "Origin")
		}
		if ok, left := d.refusals.may(time.Now()); ok {
			d.log.Warn("request refused", "code", code, "host", clip(r.Host), "origin", clip(r.Header.Get("Origin")), "site", clip(r.Header.Get("Sec-Fetch-Site")), "left_out", left)
		}
		w.Header().Set("Connection", "close")
		writeCode(w, status, code)
		return
	}
	origin := r.Header.Get("Origin")
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Add("Vary", "Origin")
	allowed := map[string]string{"/v1/hello": http.MethodGet, "/v1/confirm": http.MethodPost, "/v1/doctor": http.MethodPost}[r.URL.Path]
	switch {
	case allowed == "" || r.URL.RawQuery != "" || r.URL.RawPath != "":
		writeCode(w, http.StatusNotFound, agent.CodeRequest)
	case r.Method == http.MethodOptions:
		preflight(w, r, allowed)
	case r.Method != allowed:
		h.Set("Allow", allowed+", OPTIONS")
		writeCode(w, http.StatusMethodNotAllowed, agent.CodeRequest)
	case allowed == http.MethodGet:
		d.hello(w)
	case r.URL.Path == "/v1/doctor":
		d.examine(w, r)
	default:
		d.confirm(w, r, origin)
	}
}

// refuse says why a request is turned away before it is looked at; zero when it isn't.
// Host stops DNS rebinding; Origin stops foreign pages, and everything that isn't a page's fetch.
func (d *Door) refuse(r *http.Request) (int, string) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return http.StatusForbidden, agent.CodeOrigin
	}
	if !slices.Contains(d.hosts, r.Host) || r.URL.Host != "" {
		return http.StatusMisdirectedRequest, agent.CodeHost
	}
	origin := r.Header.Values("Origin")
	if len(origin) != 1 || !slices.Contains(d.origins, origin[0]) {
		return http.StatusForbidden, agent.CodeOrigin
	}
	// Browsers say how a request came about; other programs say nothing. A navigation, a form, an image or
	// a frame is not what a portal's page does.
	for name, wanted := range map[string][]string{
		"Sec-Fetch-Site": {"cross-site", "same-site"},
		"Sec-Fetch-Mode": {"cors"},
		"Sec-Fetch-Dest": {"empty"},
	} {
		if got := r.Header.Values(name); len(got) > 1 || len(got) == 1 && !slices.Contains(wanted, got[0]) {
			return http.StatusForbidden, agent.CodeOrigin
		}
	}
	if foreign(r.Context()) {
		return http.StatusForbidden, agent.CodeOtherUser
	}
	return 0, ""
}

func preflight(w http.ResponseWriter, r *http.Request, allowed string) {
	h := w.Header()
	h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network")
	headers := r.Header.Get("Access-Control-Request-Headers")
	if r.Header.Get("Access-Control-Request-Method") != allowed || headers != "" && !strings.EqualFold(headers, "content-type") {
		writeCode(w, http.StatusForbidden, agent.CodeRequest)
		return
	}
	h.Set("Access-Control-Allow-Methods", allowed)
	h.Set("Access-Control-Allow-Headers", "content-type")
	h.Set("Access-Control-Max-Age", "600")
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	w.WriteHeader(http.StatusNoContent)
}

func (d *Door) hello(w http.ResponseWriter) {
	busy := d.agent.Busy()
	writeJSON(w, http.StatusOK, message.NewHello(d.version, busy))
	// A page greets before it asks for a signature: the next program is there for that.
	if !busy && d.outdated != nil && d.outdated() {
		d.log.Info("makes way: the program's file was replaced")
		d.outdate()
	}
}

func (d *Door) confirm(w http.ResponseWriter, r *http.Request, origin string) {
	req, status, err := readRequest(w, r)
	if err != nil {
		d.log.Warn("message refused", "err", err)
		writeCode(w, status, agent.CodeRequest)
		return
	}
	op, err := d.agent.Begin(origin, req)
	if err != nil {
		code := agent.CodeOf(err)
		status := map[string]int{agent.CodeBusy: http.StatusConflict, agent.CodeOrigin: http.StatusForbidden,
			agent.CodePortalUnknown: http.StatusForbidden}[code]
		if status == 0 {
			status = http.StatusBadRequest
		}
		d.log.Info("request not begun", "code", code)
		writeCode(w, status, code)
		return
	}
	defer op.Close()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	control := http.NewResponseController(w)
	out := json.NewEncoder(w)
	// A page that stopped reading closes its connection, which ends the request's context; the
	// deadline is for one that reads no more and stays.
	op.Run(r.Context(), func(s agent.Step) {
		err := errors.Join(control.SetWriteDeadline(time.Now().Add(writeTime)), out.Encode(s), control.Flush())
		if err != nil && !errors.Is(err, net.ErrClosed) {
			d.log.Debug("step not told", "err", err)
		}
	})
}

// examine answers with the doctor's report. It needs no request and shows nothing that names a person.
func (d *Door) examine(w http.ResponseWriter, r *http.Request) {
	lang, status, err := readLanguage(w, r)
	if err == nil && d.doctor == nil {
		status, err = http.StatusNotFound, errors.New("there is no doctor")
	}
	if err != nil {
		d.log.Warn("message refused", "err", err)
		writeCode(w, status, agent.CodeRequest)
		return
	}
	select {
	case d.examining <- struct{}{}:
		defer func() { <-d.examining }()
	default:
		writeCode(w, http.StatusConflict, agent.CodeBusy)
		return
	}
	report, err := d.doctor(r.Context(), lang)
	if err != nil {
		d.log.Warn("no report", "err", err)
		writeCode(w, http.StatusInternalServerError, agent.CodeOf(err))
		return
	}
	// A page that does not read its report must not keep the doctor from others.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d.writeTime)) // fails on a connection that is gone
	writeJSON(w, http.StatusOK, json.RawMessage(report))
}

func writeCode(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, message.Refusal{Code: code})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the other side may be gone
}

func clip(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}
