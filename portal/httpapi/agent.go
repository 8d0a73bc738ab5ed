// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"zaver/portal/confirm"
	"zaver/portal/fault"
)

// forAgent keeps browsers out: the agent is a program, and a page that speaks
// to these routes is up to no good.
func (s *Server) forAgent(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Request().Header
		if h.Get("Origin") != "" || (h.Get("Sec-Fetch-Site") != "" && h.Get("Sec-Fetch-Site") != "none") {
			return errForbidden
		}
		return next(c)
	}
}

func (s *Server) agentKey(c echo.Context) error {
	return c.String(http.StatusOK, s.config.StatementKey+"\n")
}

// credential reads "Authorization: <scheme> <token>".
func credential(c echo.Context, scheme string) (string, error) {
	given, token, ok := strings.Cut(c.Request().Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(given, scheme) || token == "" || len(token) > 256 {
		return "", fault.New(confirm.CodeUnknown)
	}
	return token, nil
}

func (s *Server) agentStatement(c echo.Context) error {
	ticket, err := credential(c, "Ticket")
	if err != nil {
		return err
	}
	statement, submit, err := s.config.Confirm.Fetch(c.Request().Context(), c.Param("request"), ticket)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Zaver-Submit", submit)
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", statement)
}

type resultJSON struct {
	State string   `json:"state"`
	Codes []string `json:"codes"`
	// Said has the words of the codes in the agent's language, in their order; only for a refusal.
	Said []saidJSON `json:"said,omitempty"`
}

// saidJSON is what happened and what to do.
type saidJSON struct {
	What string `json:"what"`
	Do   string `json:"do,omitempty"`
}

// said are the words of codes, each once.
func (s *Server) said(c echo.Context, codes []string) []saidJSON {
	var out []saidJSON
	for _, code := range codes {
		what, do := s.config.Texts.Code(language(c), code, nil)
		if one := (saidJSON{what, do}); !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out
}

func (s *Server) agentResponse(c echo.Context) error {
	submit, err := credential(c, "Submit")
	if err != nil {
		return err
	}
	if kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type")); err != nil || kind != "application/cms" {
		return errBadRequest
	}
	der, err := io.ReadAll(c.Request().Body)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return fault.New(confirm.CodeTooLarge)
		}
		return fault.Wrap(codeBadRequest, fmt.Errorf("read response: %w", err))
	}
	result, err := s.config.Confirm.Respond(c.Request().Context(), confirm.Answer{Request: c.Param("request"), Submit: submit, DER: der, Client: client(c)})
	if err != nil {
		return err
	}
	if !result.Repeated {
		s.metrics.outcomes.WithLabelValues(string(result.State)).Inc()
	}
	answer := resultJSON{State: string(result.State), Codes: nonNil(result.Codes)}
	if result.State == confirm.Refused {
		answer.Said = s.said(c, result.Codes)
	}
	return c.JSON(http.StatusOK, answer)
}

// agentCode is the form of the codes that an agent may give as its reason; it may hand on one that it got from here.
var agentCode = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}(\.[a-z0-9_]{1,48}){1,3}$`)

func (s *Server) agentCancel(c echo.Context) error {
	submit, err := credential(c, "Submit")
	if err != nil {
		return err
	}
	var body struct {
		Code string `json:"code"`
	}
	decoder := json.NewDecoder(c.Request().Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil || !agentCode.MatchString(body.Code) {
		return errBadRequest
	}
	if err := s.config.Confirm.Cancel(c.Request().Context(), c.Param("request"), submit, body.Code); err != nil {
		return err
	}
	s.metrics.outcomes.WithLabelValues(string(confirm.Cancelled)).Inc()
	return c.JSON(http.StatusOK, resultJSON{State: string(confirm.Cancelled), Codes: []string{body.Code}})
}
