// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"zaver/portal/confirm"
	"zaver/portal/fault"
	"zaver/portal/register"
	"zaver/portal/session"
	"zaver/portal/web"
)

// Codes of faults that arise here.
const (
	codeForbidden  fault.Code = "forbidden"
	codeBadRequest fault.Code = "bad_request"
	codeTooLarge   fault.Code = "too_large"
	codeMethod     fault.Code = "method_not_allowed"
	codeWhoMissing fault.Code = "who.required"
	codeNoMethod   fault.Code = "confirm.method_required"
)

// Codes lists the faults of this package.
func Codes() []fault.Code {
	return []fault.Code{codeForbidden, codeBadRequest, codeTooLarge, codeMethod, codeWhoMissing, codeNoMethod}
}

var (
	errForbidden  = fault.New(codeForbidden)
	errBadRequest = fault.New(codeBadRequest)
)

// statuses maps codes to the status of the answer. A code that is not listed is
// the visitor's to correct (422), except Internal.
var statuses = map[fault.Code]int{
	fault.Internal: http.StatusInternalServerError,
	fault.Busy:     http.StatusServiceUnavailable,
	fault.Limited:  http.StatusTooManyRequests,
	fault.NotFound: http.StatusNotFound,
	fault.Conflict: http.StatusConflict,

	codeForbidden:  http.StatusForbidden,
	codeBadRequest: http.StatusBadRequest,
	codeTooLarge:   http.StatusRequestEntityTooLarge,
	codeMethod:     http.StatusMethodNotAllowed,

	session.None:     http.StatusUnauthorized,
	register.Gone:    http.StatusGone,
	register.BadLink: http.StatusGone,
	register.TooSoon: http.StatusTooManyRequests,

	confirm.CodeUnknown:    http.StatusNotFound,
	confirm.CodeExpired:    http.StatusGone,
	confirm.CodeCancelled:  http.StatusGone,
	confirm.CodeTicketUsed: http.StatusConflict,
	confirm.CodeConflict:   http.StatusConflict,
	confirm.CodeAlready:    http.StatusConflict,
	confirm.CodeLevel:      http.StatusForbidden,
	confirm.CodeProfile:    http.StatusForbidden,
	confirm.CodeLimit:      http.StatusTooManyRequests,
	confirm.CodeBusy:       http.StatusServiceUnavailable,
	confirm.CodeOutage:     http.StatusServiceUnavailable,
	confirm.CodeTooLarge:   http.StatusRequestEntityTooLarge,
}

func statusOf(code fault.Code) int {
	if status, ok := statuses[code]; ok {
		return status
	}
	return http.StatusUnprocessableEntity
}

// faultOf turns any error into a fault; what is unknown becomes Internal.
func faultOf(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(codeTooLarge)
	}
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch h.Code {
		case http.StatusNotFound:
			return fault.New(fault.NotFound)
		case http.StatusMethodNotAllowed:
			return fault.New(codeMethod)
		case http.StatusRequestEntityTooLarge:
			return fault.New(codeTooLarge)
		}
		if h.Code < 500 {
			return fault.Wrap(codeBadRequest, err)
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.Busy, err).After(5 * time.Second)
	}
	return fault.Wrap(fault.Internal, err)
}

// fail answers an error: a page for a person, JSON for a program. The cause
// is logged, never shown.
func (s *Server) fail(err error, c echo.Context) {
	f := faultOf(err)
	status := statusOf(f.Code)
	if status >= 500 && !errors.Is(err, context.Canceled) {
		s.config.Log.ErrorContext(c.Request().Context(), "request failed", "request", c.Get(requestIDKey), "code", string(f.Code), "cause", err.Error())
	}
	if c.Response().Committed {
		return
	}
	setRetry(c, f.RetryAfter)
	if wantsJSON(c) {
		happened, _ := s.config.Texts.Code(language(c), string(f.Code), f.Args)
		err = c.JSON(status, problemJSON{Code: string(f.Code), Message: happened})
	} else {
		data := web.ErrorData{Status: status, Code: string(f.Code), Args: f.Args, RetrySeconds: seconds(f.RetryAfter)}
		if status == http.StatusInternalServerError {
			data.Incident, _ = c.Get(requestIDKey).(string)
		}
		err = s.show(c, status, web.Page{Name: "error", Path: "/", Data: data})
	}
	if err != nil {
		s.config.Log.ErrorContext(c.Request().Context(), "answer failed", "request", c.Get(requestIDKey), "cause", err.Error())
	}
}

type problemJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func wantsJSON(c echo.Context) bool {
	return strings.HasPrefix(c.Request().URL.Path, "/agent/") || strings.HasPrefix(c.Request().Header.Get("Accept"), "application/json")
}

func setRetry(c echo.Context, wait time.Duration) {
	if n := seconds(wait); n > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(n))
	}
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// formFaults sorts out an error of a form: what goes beside the fields, and the
// status. ok is false when the error has no place on the form.
func formFaults(c echo.Context, err error) (errs []web.FieldError, status int, ok bool) {
	list, isList := errors.AsType[fault.List](err)
	if !isList {
		f := faultOf(err)
		status := statusOf(f.Code)
		if status == http.StatusInternalServerError || status == http.StatusGone || status == http.StatusUnauthorized {
			return nil, 0, false
		}
		list = fault.List{f}
	}
	status = http.StatusUnprocessableEntity
	for _, f := range list {
		if s := statusOf(f.Code); s > status || !isList {
			status = s
		}
		setRetry(c, f.RetryAfter)
		errs = append(errs, web.FieldError{Field: f.Field, Code: string(f.Code), Args: f.Args, RetrySeconds: seconds(f.RetryAfter)})
	}
	return errs, status, true
}

// showForm shows the page again with what was typed and what is wrong.
func (s *Server) showForm(c echo.Context, page web.Page, values map[string]string, err error) error {
	errs, status, ok := formFaults(c, err)
	if !ok {
		return err
	}
	page.Form = &web.Form{Values: values, Errors: errs}
	return s.show(c, status, page)
}

func (s *Server) render(c echo.Context, status int, page web.Page) error {
	var buf bytes.Buffer
	if err := s.config.Pages.Render(&buf, page); err != nil {
		return err
	}
	return c.Blob(status, "text/html; charset=utf-8", buf.Bytes())
}

// typed reads the named form fields; each is cut at a length that no honest
// value reaches.
func typed(c echo.Context, fields ...string) (map[string]string, error) {
	if err := c.Request().ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, fault.New(codeTooLarge)
		}
		return nil, fault.Wrap(codeBadRequest, err)
	}
	values := make(map[string]string, len(fields))
	for _, field := range fields {
		value := c.Request().PostForm.Get(field)
		if len(value) > 1024 {
			value = strings.ToValidUTF8(value[:1024], "")
		}
		values[field] = value
	}
	return values, nil
}
