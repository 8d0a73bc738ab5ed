// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/message"
	"zaver/cardreader/agent/words"
)

// readRequest reads the one JSON object of /v1/confirm. The status says how to answer an error.
func readRequest(w http.ResponseWriter, r *http.Request) (agent.Request, int, error) {
	body, status, err := readBody(w, r)
	if err != nil {
		return agent.Request{}, status, err
	}
	req, err := message.ParseRequest(body)
	if err != nil {
		return agent.Request{}, http.StatusBadRequest, err
	}
	return req, 0, nil
}

// readLanguage reads the one JSON object of /v1/doctor.
func readLanguage(w http.ResponseWriter, r *http.Request) (words.Language, int, error) {
	body, status, err := readBody(w, r)
	if err != nil {
		return "", status, err
	}
	fields, err := message.Texts(body, "lang")
	if err != nil {
		return "", http.StatusBadRequest, err
	}
	lang, err := message.Language(fields)
	if err != nil {
		return "", http.StatusBadRequest, err
	}
	return lang, 0, nil
}

// readBody reads a body that says that it is JSON. ServeHTTP has bounded its time.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, int, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != "application/json" || len(params) > 1 || charset != "" && !strings.EqualFold(charset, "utf-8") ||
		len(r.Header.Values("Content-Type")) != 1 || r.Header.Get("Content-Encoding") != "" {
		return nil, http.StatusUnsupportedMediaType, errors.New("body must be application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return nil, http.StatusRequestEntityTooLarge, err
	}
	if err != nil {
		return nil, http.StatusBadRequest, err
	}
	// From here on the connection is read only to see it close.
	if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil {
		return nil, http.StatusInternalServerError, err
	}
	return body, 0, nil
}
