// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/register"
	"zaver/portal/web"
)

func (s *Server) home(c echo.Context) error {
	return s.show(c, http.StatusOK, web.Page{Name: "home"})
}

func (s *Server) who(c echo.Context) error {
	return s.show(c, http.StatusOK, web.Page{Name: "who"})
}

func (s *Server) chooseWho(c echo.Context) error {
	values, err := typed(c, "kind")
	if err != nil {
		return err
	}
	switch kind := account.Kind(values["kind"]); kind {
	case account.Person:
		return goTo(c, "/register")
	case account.Foreigner, account.Entrepreneur, account.Organisation:
		return goTo(c, "/who/"+string(kind))
	}
	return s.showForm(c, web.Page{Name: "who"}, values, fault.New(codeWhoMissing).For("kind"))
}

func (s *Server) kind(c echo.Context) error {
	switch kind := account.Kind(c.Param("kind")); kind {
	case account.Foreigner, account.Entrepreneur, account.Organisation:
		return s.show(c, http.StatusOK, web.Page{Name: "kind", Data: web.KindData{Kind: string(kind)}})
	}
	return fault.New(fault.NotFound)
}

func (s *Server) legal(id string, sections ...string) echo.HandlerFunc {
	return func(c echo.Context) error {
		return s.show(c, http.StatusOK, web.Page{Name: "legal", Data: web.LegalData{ID: id, Version: s.version(id), Sections: sections}})
	}
}

func (s *Server) version(document string) string {
	for _, d := range s.config.Register.Documents() {
		if d.Name == document {
			return d.Version
		}
	}
	return "–"
}

func (s *Server) contactData(byEmail bool) web.ContactData {
	return web.ContactData{ByEmail: byEmail, TermsVersion: s.version("terms"), ConsentVersion: s.version("consent")}
}

func registerPath(byEmail bool) string {
	if byEmail {
		return "/register/email"
	}
	return "/register"
}

func (s *Server) registerForm(byEmail bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		if current(c) != nil {
			return goTo(c, "/account")
		}
		return s.show(c, http.StatusOK, web.Page{Name: "register", Data: s.contactData(byEmail)})
	}
}

func (s *Server) registerStart(byEmail bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		values, err := typed(c, "surname", "given", "phone", "email", "agree", "terms_version", "consent_version")
		if err != nil {
			return err
		}
		in := register.Start{Kind: account.Person, Surname: values["surname"], Given: values["given"], Phone: values["phone"], Email: values["email"],
			ByEmail: byEmail, Lang: string(language(c)), Client: client(c)}
		if values["agree"] != "" {
			in.Agreed = []register.Document{{Name: "terms", Version: values["terms_version"]}, {Name: "consent", Version: values["consent_version"]}}
		}
		waiting, err := s.config.Register.Start(c.Request().Context(), in)
		if err != nil {
			return s.showForm(c, web.Page{Name: "register", Path: registerPath(byEmail), Data: s.contactData(byEmail)}, values, err)
		}
		s.keep(c, waiting.Handle)
		return goTo(c, "/register/code")
	}
}

// safeNext keeps the address after sign-in on this portal.
func safeNext(next string) string {
	if next == "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || len(next) > 200 {
		return ""
	}
	return next
}
