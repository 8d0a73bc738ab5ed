// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"zaver/portal/account"
	"zaver/portal/profile"
	"zaver/portal/registry"
	"zaver/portal/web"
)

// checksPage shows the checks as they stand. The level is the session's, read
// with this very request.
func (s *Server) checksPage(c echo.Context) (web.Page, error) {
	a := current(c).Account
	checks, err := s.config.Checks.Checks(c.Request().Context(), a.ID)
	if err != nil {
		return web.Page{}, err
	}
	data := web.ChecksData{Level: a.Level.String(), Settled: true, Stopped: true}
	for _, check := range checks {
		view := web.CheckView{Kind: string(check.Kind), State: string(check.State), Code: string(check.Reason), Field: check.Field, Since: check.Ended, Result: string(check.INN)}
		data.Settled = data.Settled && check.State.Ended()
		if check.State == registry.Failed && a.Level == account.Simplified && slices.Contains(registry.Deciding(), check.Kind) {
			data.Failed = true
			view.Correct, view.Again = stepPath(stepFor(check)), registry.Stopped(check.Reason)
			if view.Again {
				view.Correct = "/profile/check"
			}
			data.Stopped = data.Stopped && view.Again
		}
		data.Checks = append(data.Checks, view)
	}
	page := web.Page{Name: "checks", Path: "/checks", Lang: language(c), Data: data}
	if !data.Settled {
		page.RefreshSeconds = 10
	}
	return page, nil
}

// stepFor is the page on which a failed check is corrected.
func stepFor(check registry.Check) profile.Step {
	if step := profile.StepOf(check.Field); step != "" {
		return step
	}
	if check.Kind == registry.SNILS {
		return profile.StepSNILS
	}
	return profile.StepPassport
}

func (s *Server) checks(c echo.Context) error {
	page, err := s.checksPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// checksState answers the list alone, for the script to put in place.
func (s *Server) checksState(c echo.Context) error {
	page, err := s.checksPage(c)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := s.config.Pages.RenderPart(&buf, page, "checklist"); err != nil {
		return err
	}
	if page.Data.(web.ChecksData).Settled {
		c.Response().Header().Set("Zaver-Settled", "yes")
	}
	return c.Blob(http.StatusOK, "text/html; charset=utf-8", buf.Bytes())
}

func (s *Server) checksEvents(c echo.Context) error {
	id := current(c).Account.ID
	changes := s.config.Checks.WatchChecks(c.Request().Context(), id)
	return s.stream(c, id, changes)
}
