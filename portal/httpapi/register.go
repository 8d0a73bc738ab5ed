// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/notice"
	"zaver/portal/register"
	"zaver/portal/web"
)

// registerLife is how long a browser remembers a registration that it began.
const registerLife = 24 * time.Hour

func (s *Server) keep(c echo.Context, handle string) {
	s.setCookie(c, registerCookie, handle, "/register", registerLife)
}

// waiting finds the registration of this browser; where there is none the
// visitor starts over.
func (s *Server) waiting(c echo.Context) (register.Waiting, bool, error) {
	handle := cookie(c, registerCookie)
	if handle == "" {
		return register.Waiting{}, false, nil
	}
	found, err := s.config.Register.Find(c.Request().Context(), handle)
	if fault.CodeOf(err) == register.Gone {
		return register.Waiting{}, false, nil
	}
	return found, err == nil, err
}

func (s *Server) codePage(w register.Waiting) web.Page {
	now := s.config.Now()
	return web.Page{Name: "code", Path: "/register/code", Data: web.CodeData{Contact: w.Contact, ByEmail: w.Channel == notice.Email,
		ResendSeconds: max(0, seconds(w.ResendAt.Sub(now))), MinutesLeft: max(0, int(w.CodeEnds.Sub(now).Minutes()))}}
}

func (s *Server) codeForm(c echo.Context) error {
	found, ok, err := s.waiting(c)
	switch {
	case err != nil:
		return err
	case !ok:
		return goTo(c, "/register")
	case found.State == register.Confirmed:
		return goTo(c, "/register/password")
	}
	return s.show(c, http.StatusOK, s.codePage(found))
}

func (s *Server) codeSend(c echo.Context) error {
	values, err := typed(c, "code")
	if err != nil {
		return err
	}
	handle, err := s.config.Register.Confirm(c.Request().Context(), cookie(c, registerCookie), values["code"])
	if err == nil {
		s.keep(c, handle)
		return goTo(c, "/register/password")
	}
	found, ok, findErr := s.waiting(c)
	if findErr != nil || !ok {
		return err
	}
	return s.showForm(c, s.codePage(found), values, err)
}

func (s *Server) resend(c echo.Context) error {
	_, err := s.config.Register.Resend(c.Request().Context(), cookie(c, registerCookie), client(c))
	if err == nil {
		s.tell(c, "notice.resent")
		return goTo(c, "/register/code")
	}
	found, ok, findErr := s.waiting(c)
	if findErr != nil || !ok {
		return err
	}
	return s.showForm(c, s.codePage(found), nil, err)
}

func (s *Server) linkForm(c echo.Context) error {
	token := c.QueryParam("token")
	if len(token) > 256 {
		return fault.New(register.BadLink)
	}
	if _, err := s.config.Register.FindLink(c.Request().Context(), token); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, web.Page{Name: "link", Data: web.LinkData{Token: token}})
}

func (s *Server) linkSend(c echo.Context) error {
	values, err := typed(c, "token")
	if err != nil {
		return err
	}
	handle, err := s.config.Register.ConfirmLink(c.Request().Context(), values["token"])
	if err != nil {
		return err
	}
	s.keep(c, handle)
	return goTo(c, "/register/password")
}

func (s *Server) passwordForm(c echo.Context) error {
	found, ok, err := s.waiting(c)
	switch {
	case err != nil:
		return err
	case !ok:
		return goTo(c, "/register")
	case found.State != register.Confirmed:
		return goTo(c, "/register/code")
	}
	return s.show(c, http.StatusOK, web.Page{Name: "password"})
}

func (s *Server) passwordSend(c echo.Context) error {
	values, err := typed(c, "password", "repeat")
	if err != nil {
		return err
	}
	in, err := s.config.Register.SetPassword(c.Request().Context(), cookie(c, registerCookie), values["password"], values["repeat"], client(c))
	if err != nil {
		// A password is never sent back to the page.
		return s.showForm(c, web.Page{Name: "password", Path: "/register/password"}, nil, err)
	}
	s.setCookie(c, registerCookie, "", "/register", 0)
	s.begin(c, in.Token, in.Device, register.DeviceLife)
	return goTo(c, "/register/done")
}

func (s *Server) registered(c echo.Context) error {
	if current(c).Account.Level != account.Simplified {
		return goTo(c, "/account")
	}
	return s.show(c, http.StatusOK, web.Page{Name: "done"})
}

func (s *Server) signInForm(c echo.Context) error {
	next := safeNext(c.QueryParam("next"))
	if current(c) != nil {
		return goTo(c, or(next, "/account"))
	}
	return s.show(c, http.StatusOK, web.Page{Name: "sign_in", Data: web.ContactData{Next: next}})
}

func (s *Server) signIn(c echo.Context) error {
	values, err := typed(c, "login", "password", "next")
	if err != nil {
		return err
	}
	next := safeNext(values["next"])
	in, err := s.config.Register.SignIn(c.Request().Context(), register.SignIn{Login: values["login"], Password: values["password"],
		Client: client(c), Device: cookie(c, deviceCookie)})
	if err != nil {
		delete(values, "password")
		return s.showForm(c, web.Page{Name: "sign_in", Path: "/sign-in", Data: web.ContactData{Next: next}}, values, err)
	}
	s.begin(c, in.Token, in.Device, register.DeviceLife)
	return goTo(c, or(next, "/account"))
}

func (s *Server) signOut(c echo.Context) error {
	if token := cookie(c, s.sessionCookie()); token != "" {
		if err := s.config.Sessions.SignOut(c.Request().Context(), token, client(c)); err != nil {
			return err
		}
		s.setCookie(c, s.sessionCookie(), "", "/", 0)
	}
	s.tell(c, "notice.signed_out")
	return goTo(c, "/")
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
