// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/profile"
	"zaver/portal/web"
)

func stepPath(step profile.Step) string { return "/profile/" + string(step) }

// afterStep is where a saved step leads.
func afterStep(step profile.Step) string {
	steps := profile.Steps()
	if i := slices.Index(steps, step); i+1 < len(steps) {
		return stepPath(steps[i+1])
	}
	return "/profile/check"
}

// dates are the fields that are typed in three parts.
var dates = []string{profile.FieldBirthDate, profile.FieldPassportIssued}

// locked says whether the data can't be changed now: a check goes on, or they
// were confirmed.
func (s *Server) locked(c echo.Context) (bool, error) {
	a := current(c).Account
	if a.Level > account.Simplified {
		return true, nil
	}
	checks, err := s.config.Checks.Checks(c.Request().Context(), a.ID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(checks, deciding), nil
}

func (s *Server) profileForm(step profile.Step) echo.HandlerFunc {
	return func(c echo.Context) error {
		locked, err := s.locked(c)
		if err != nil {
			return err
		}
		if locked {
			return goTo(c, "/checks")
		}
		draft, err := s.config.Profiles.Draft(c.Request().Context(), current(c).Account)
		if err != nil {
			return err
		}
		page := s.stepPage(step, draft)
		page.Form = &web.Form{Values: split(draft.Form)}
		if c.QueryParam("check") != "" {
			list := profile.CheckStep(step, draft.Form, s.config.Now())
			page.Form.Errors, _, _ = formFaults(c, list.Err())
		}
		return s.show(c, http.StatusOK, page)
	}
}

func (s *Server) stepPage(step profile.Step, draft profile.Draft) web.Page {
	return web.Page{Name: "profile_" + string(step), Path: stepPath(step),
		Data: web.ProfileData{Version: draft.Version, Today: s.config.Now().Format("2006-01-02")}}
}

func (s *Server) profileSave(step profile.Step) echo.HandlerFunc {
	return func(c echo.Context) error {
		fields := []string{"version", "later"}
		for _, field := range step.Fields() {
			fields = append(fields, field)
			if slices.Contains(dates, field) {
				fields = append(fields, field+"-day", field+"-month", field+"-year")
			}
		}
		values, err := typed(c, fields...)
		if err != nil {
			return err
		}
		form := profile.Form{}
		for _, field := range step.Fields() {
			form[field] = strings.TrimSpace(values[field])
			if slices.Contains(dates, field) {
				form[field] = join(values[field+"-day"], values[field+"-month"], values[field+"-year"])
			}
		}
		version, err := strconv.Atoi(values["version"])
		if err != nil {
			return errBadRequest
		}
		draft, err := s.config.Profiles.Save(c.Request().Context(), current(c).Account, version, step, form)
		_, incomplete := errors.AsType[fault.List](err)
		switch {
		case values["later"] != "" && (err == nil || incomplete):
			s.tell(c, "notice.draft_saved")
			return goTo(c, "/account")
		case err != nil:
			if !incomplete {
				// Another device saved meanwhile, say: what was typed here is shown
				// over the newest version, to be saved again on purpose.
				if draft, findErr := s.config.Profiles.Draft(c.Request().Context(), current(c).Account); findErr == nil {
					return s.showForm(c, s.stepPage(step, draft), values, err)
				}
			}
			return s.showForm(c, s.stepPage(step, draft), values, err)
		}
		return goTo(c, afterStep(step))
	}
}

// join makes the form's spelling of a date from its three parts, as typed.
func join(day, month, year string) string {
	day, month, year = strings.TrimSpace(day), strings.TrimSpace(month), strings.TrimSpace(year)
	if day+month+year == "" {
		return ""
	}
	return pad(day) + "." + pad(month) + "." + year
}

func pad(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// split gives the values of the form's fields, dates in three parts.
func split(form profile.Form) map[string]string {
	values := make(map[string]string, len(form)+6)
	for field, value := range form {
		values[field] = value
		if !slices.Contains(dates, field) {
			continue
		}
		parts := strings.Split(value, ".")
		if iso := strings.Split(value, "-"); len(iso) == 3 {
			parts = []string{iso[2], iso[1], iso[0]}
		}
		if len(parts) == 3 {
			values[field+"-day"], values[field+"-month"], values[field+"-year"] = strings.TrimPrefix(parts[0], "0"), strings.TrimPrefix(parts[1], "0"), parts[2]
		}
	}
	return values
}

func (s *Server) summaryPage(c echo.Context, draft profile.Draft) web.Page {
	lang := language(c)
	var data web.SummaryData
	data.Complete = true
	for _, step := range profile.Steps() {
		list := profile.CheckStep(step, draft.Form, s.config.Now())
		section := web.Section{Title: "profile." + string(step), Change: stepPath(step) + "?check=1", Done: len(list) == 0}
		data.Complete = data.Complete && section.Done
		for _, field := range step.Fields() {
			value := draft.Form[field]
			switch {
			case field == profile.FieldNoPatronymic && value == "":
				continue
			case field == profile.FieldPatronymic && draft.Form[profile.FieldNoPatronymic] != "":
				continue
			case field == profile.FieldNoPatronymic:
				value = s.config.Texts.Text(lang, "form.yes", nil)
			case field == profile.FieldSex && value != "" || field == profile.FieldCitizenship && value != "":
				if words, ok := s.config.Texts.Lookup(lang, field+"."+value, nil); ok {
					value = words
				}
			}
			row := web.Row{Label: "field." + field, Value: value}
			if f, bad := list.Fields()[field]; bad {
				row.Wrong = string(f.Code)
			}
			section.Rows = append(section.Rows, row)
		}
		data.Sections = append(data.Sections, section)
	}
	return web.Page{Name: "profile_check", Path: "/profile/check", Data: data}
}

func (s *Server) summary(c echo.Context) error {
	locked, err := s.locked(c)
	if err != nil {
		return err
	}
	if locked {
		return goTo(c, "/checks")
	}
	draft, err := s.config.Profiles.Draft(c.Request().Context(), current(c).Account)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, s.summaryPage(c, draft))
}

func (s *Server) submit(c echo.Context) error {
	_, err := s.config.Profiles.Submit(c.Request().Context(), current(c).Account, client(c))
	if err == nil || fault.CodeOf(err) == profile.Locked {
		return goTo(c, "/checks")
	}
	draft, findErr := s.config.Profiles.Draft(c.Request().Context(), current(c).Account)
	if findErr != nil {
		return err
	}
	// The fields are on other pages: the summary names them beside their rows.
	if list, ok := errors.AsType[fault.List](err); ok {
		bare := make(fault.List, len(list))
		for i, f := range list {
			bare[i] = f.For("")
		}
		err = bare
	}
	return s.showForm(c, s.summaryPage(c, draft), nil, err)
}
