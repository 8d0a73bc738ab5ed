// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"zaver/portal/account"
	"zaver/portal/registry"
	"zaver/portal/web"
)

// eventsShown is how many security events the page shows, the newest.
const eventsShown = 100

func (s *Server) account(c echo.Context) error {
	ctx, a := c.Request().Context(), current(c).Account
	data := web.AccountData{Name: fullName(a), Contact: a.Contact(), Level: a.Level.String()}
	switch a.Level {
	case account.Standard:
		data.Next = "confirm"
	case account.Confirmed:
		at, method, err := s.confirmedBy(c, a.ID)
		if err != nil {
			return err
		}
		data.ConfirmedAt, data.Method = at, method
	default:
		checks, err := s.config.Checks.Checks(ctx, a.ID)
		if err != nil {
			return err
		}
		data.Next = "profile"
		if slices.ContainsFunc(checks, deciding) || slices.ContainsFunc(checks, failed) {
			data.Next = "checks"
			break
		}
		draft, err := s.config.Profiles.Draft(ctx, a)
		if err != nil {
			return err
		}
		data.Drafted = draft.Version > 0
	}
	return s.show(c, http.StatusOK, web.Page{Name: "account", Data: data})
}

// confirmedBy finds in the journal when and how the account was confirmed.
func (s *Server) confirmedBy(c echo.Context, id account.ID) (time.Time, string, error) {
	e, ok, err := s.config.Journal.Confirmed(c.Request().Context(), id)
	if err != nil || !ok || !s.config.Texts.Has(language(c), "method."+e.Detail) {
		return time.Time{}, "", err
	}
	return e.At, e.Detail, nil
}

func fullName(a account.Account) string {
	return strings.TrimSpace(a.Name.Surname + " " + a.Name.Given + " " + a.Name.Patronymic)
}

func deciding(check registry.Check) bool {
	return !check.State.Ended() && slices.Contains(registry.Deciding(), check.Kind)
}

func failed(check registry.Check) bool {
	return check.State == registry.Failed && slices.Contains(registry.Deciding(), check.Kind)
}

func (s *Server) security(c echo.Context) error {
	events, err := s.config.Journal.Events(c.Request().Context(), current(c).Account.ID, eventsShown)
	if err != nil {
		return err
	}
	var data web.EventsData
	for _, e := range events {
		data.Events = append(data.Events, web.EventView{Kind: string(e.Kind), Detail: e.Detail, At: e.At, Address: e.Client.Address, Device: device(e.Client.Device)})
	}
	return s.show(c, http.StatusOK, web.Page{Name: "security", Data: data})
}

// device names the browser and the system of a User-Agent line in a word or two.
func device(agent string) string {
	var parts []string
	for _, known := range []struct{ mark, name string }{{"YaBrowser", "Yandex Browser"}, {"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"},
		{"Chrom", "Chromium"}, {"Safari/", "Safari"}, {"curl/", "curl"}, {"zaver-agent", "zaver-agent"}} {
		if strings.Contains(agent, known.mark) {
			parts = append(parts, known.name)
			break
		}
	}
	for _, known := range []struct{ mark, name string }{{"Android", "Android"}, {"iPhone", "iPhone"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, known.mark) {
			parts = append(parts, known.name)
			break
		}
	}
	return strings.Join(parts, ", ")
}

func (s *Server) sessions(c echo.Context) error {
	found := current(c)
	list, err := s.config.Sessions.List(c.Request().Context(), found.Account.ID)
	if err != nil {
		return err
	}
	var data web.SessionsData
	for _, l := range list {
		data.Sessions = append(data.Sessions, web.SessionView{ID: l.ID, Current: l.ID == found.ID, Started: l.Created, Seen: l.Seen,
			Address: l.Client.Address, Device: device(l.Client.Device)})
	}
	return s.show(c, http.StatusOK, web.Page{Name: "sessions", Data: data})
}

func (s *Server) endSession(c echo.Context) error {
	values, err := typed(c, "session")
	if err != nil {
		return err
	}
	if err := s.config.Sessions.EndOther(c.Request().Context(), current(c).Account.ID, values["session"], client(c)); err != nil {
		return err
	}
	s.tell(c, "notice.session_ended")
	return goTo(c, "/sessions")
}
