// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"zaver/cardreader/agent"
)

// readRequest reads the one JSON object of /v1/confirm.
func readRequest(w http.ResponseWriter, r *http.Request) (agent.Request, int, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != "application/json" || len(params) > 1 || charset != "" && !strings.EqualFold(charset, "utf-8") ||
		len(r.Header.Values("Content-Type")) != 1 || r.Header.Get("Content-Encoding") != "" {
		return agent.Request{}, http.StatusUnsupportedMediaType, errors.New("body must be application/json")
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(bodyTime)); err != nil {
		return agent.Request{}, http.StatusInternalServerError, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return agent.Request{}, http.StatusRequestEntityTooLarge, err
	}
	if err != nil {
		return agent.Request{}, http.StatusBadRequest, err
	}
	// From here on the connection is read only to see it close.
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		return agent.Request{}, http.StatusInternalServerError, err
	}
	req, err := parseRequest(body)
	if err != nil {
		return agent.Request{}, http.StatusBadRequest, err
	}
	return req, 0, nil
}

// parseRequest reads the object strictly: exactly these fields, in exactly this case, each once, all strings,
// nothing behind. encoding/json alone would take "ORIGIN", and the last of two origins.
func parseRequest(body []byte) (agent.Request, error) {
	var req agent.Request
	fields := map[string]*string{
		"origin": &req.Origin, "request": &req.Request, "ticket": &req.Ticket,
		"method": (*string)(&req.Method), "lang": (*string)(&req.Language),
	}
	if !utf8.Valid(body) {
		return req, errors.New("body is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return req, errors.New("body is not a JSON object")
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return req, errors.New("body is not JSON")
		}
		field := fields[fmt.Sprint(name)]
		if field == nil {
			return req, fmt.Errorf("unknown or repeated field %.20q", name)
		}
		value, err := dec.Token()
		s, isString := value.(string)
		if err != nil || !isString || s == "" {
			return req, fmt.Errorf("field %q is not a text", name)
		}
		*field = s
		delete(fields, fmt.Sprint(name))
	}
	if _, err := dec.Token(); err != nil {
		return req, errors.New("body is not JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return req, errors.New("something stands behind the object")
	}
	delete(fields, "lang")
	for name := range fields {
		return req, fmt.Errorf("field %q is missing", name)
	}
	if req.Language != "" && !req.Language.Known() {
		return req, errors.New("unknown language")
	}
	return req, nil
}
