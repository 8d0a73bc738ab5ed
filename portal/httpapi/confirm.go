// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/fault"
	"zaver/portal/method"
	"zaver/portal/web"
)

// offered lists the methods that may raise the account, strongest first.
func offered(a account.Account) []string {
	var ids []string
	for _, m := range method.All() {
		if slices.Contains(m.Accounts, a.Kind) {
			ids = append(ids, string(m.ID))
		}
	}
	return ids
}

func (s *Server) methods(c echo.Context) error {
	a := current(c).Account
	return s.show(c, http.StatusOK, web.Page{Name: "confirm", Data: web.MethodsData{Methods: offered(a), Level: a.Level.String()}})
}

func (s *Server) startConfirm(c echo.Context) error {
	values, err := typed(c, "method")
	if err != nil {
		return err
	}
	a := current(c).Account
	page := web.Page{Name: "confirm", Path: "/confirm", Data: web.MethodsData{Methods: offered(a), Level: a.Level.String()}}
	if values["method"] == "" {
		return s.showForm(c, page, values, fault.New(codeNoMethod).For("method"))
	}
	started, err := s.config.Confirm.Start(c.Request().Context(), confirm.Request{Account: a.ID, Method: method.ID(values["method"]),
		Lang: string(language(c)), Client: client(c)})
	if err != nil {
		return s.showForm(c, page, values, err)
	}
	// The ticket waits in a cookie of the confirmation's own path: the page can be
	// loaded again, and the ticket is in no address, history or log.
	path := "/confirm/" + started.Request
	s.setCookie(c, ticketCookie, started.Ticket, path, max(time.Second, started.Expires.Sub(s.config.Now())))
	return goTo(c, path)
}

func (s *Server) runConfirm(c echo.Context) error {
	a, request := current(c).Account, c.Param("request")
	status, err := s.config.Confirm.Status(c.Request().Context(), a.ID, request)
	if err != nil {
		return err
	}
	if status.State.Final() {
		return goTo(c, "/confirm/"+status.Request+"/result")
	}
	data := web.ConfirmData{Request: status.Request, Origin: s.config.Origin, Control: status.ControlCode, Method: string(status.Method), Fetched: status.Fetched,
		State: string(status.State), Expires: status.Expires, Agent: s.config.Agent, Name: fullName(a), Contact: a.Contact()}
	if !status.Fetched {
		data.Ticket = cookie(c, ticketCookie)
	}
	return s.show(c, http.StatusOK, web.Page{Name: "confirm_run", Path: "/confirm/" + status.Request, Data: data, RefreshSeconds: 10})
}

type stateJSON struct {
	State   string   `json:"state"`
	Codes   []string `json:"codes"`
	Fetched bool     `json:"fetched"`
}

func (s *Server) confirmState(c echo.Context) error {
	status, err := s.config.Confirm.Status(c.Request().Context(), current(c).Account.ID, c.Param("request"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, stateJSON{State: string(status.State), Codes: nonNil(status.Codes), Fetched: status.Fetched})
}

func nonNil(codes []string) []string {
	if codes == nil {
		return []string{}
	}
	return codes
}

func (s *Server) confirmEvents(c echo.Context) error {
	id, ctx := current(c).Account.ID, c.Request().Context()
	statuses, err := s.config.Confirm.Watch(ctx, id, c.Param("request"))
	if err != nil {
		return err
	}
	changes := make(chan struct{})
	go func() {
		defer close(changes)
		for range statuses {
			select {
			case changes <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return s.stream(c, id, changes)
}

func (s *Server) confirmResult(c echo.Context) error {
	status, err := s.config.Confirm.Status(c.Request().Context(), current(c).Account.ID, c.Param("request"))
	if err != nil {
		return err
	}
	if !status.State.Final() {
		return goTo(c, "/confirm/"+status.Request)
	}
	data := web.ResultData{Request: status.Request, Method: string(status.Method), State: string(status.State), At: status.Decided}
	for _, r := range status.Reasons {
		args := make(map[string]any, len(r.Args))
		for k, v := range r.Args {
			args[k] = v
		}
		data.Reasons = append(data.Reasons, web.Reason{Code: r.Code, Args: args})
	}
	if len(data.Reasons) == 0 {
		for _, code := range status.Codes {
			data.Reasons = append(data.Reasons, web.Reason{Code: code})
		}
	}
	if len(data.Reasons) == 0 && status.State == confirm.Expired {
		data.Reasons = []web.Reason{{Code: string(confirm.CodeExpired)}}
	}
	return s.show(c, http.StatusOK, web.Page{Name: "confirm_result", Data: data})
}

func (s *Server) cancelConfirm(c echo.Context) error {
	request := c.Param("request")
	err := s.config.Confirm.Withdraw(c.Request().Context(), current(c).Account.ID, request)
	switch fault.CodeOf(err) {
	case "", confirm.CodeCancelled, confirm.CodeExpired, confirm.CodeConflict:
		// Whatever came first, the result page says it.
		return goTo(c, "/confirm/"+request+"/result")
	}
	return err
}
