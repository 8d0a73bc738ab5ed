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
	req, err := message.ParseRequest(body)
	if err != nil {
		return agent.Request{}, http.StatusBadRequest, err
	}
	return req, 0, nil
}
