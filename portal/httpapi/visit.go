// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"zaver/portal/account"
	"zaver/portal/fault"
	"zaver/portal/session"
	"zaver/portal/text"
	"zaver/portal/web"
)

// Names of the cookies. None but the language is readable for scripts.
const (
	langCookie     = "zaver-lang"
	registerCookie = "zaver-register"
	deviceCookie   = "zaver-device"
	ticketCookie   = "zaver-ticket"
	noticeCookie   = "zaver-notice"
)

const (
	langKey    = "lang"
	sessionKey = "session"
	tokenKey   = "token"
)

// sessionCookie is bound to this host by its name where the portal has TLS.
func (s *Server) sessionCookie() string {
	if s.secure {
		return "__Host-zaver"
	}
	return "zaver"
}

func (s *Server) setCookie(c echo.Context, name, value, path string, life time.Duration) {
	cookie := &http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
	switch {
	case value == "":
		cookie.MaxAge = -1
	case life > 0:
		cookie.MaxAge = int(life.Seconds())
	}
	c.SetCookie(cookie)
}

// cookie gives the value of a cookie; overlong ones are as good as none.
func cookie(c echo.Context, name string) string {
	found, err := c.Cookie(name)
	if err != nil || len(found.Value) > 512 {
		return ""
	}
	return found.Value
}

// visit finds out the language and who is signed in.
func (s *Server) visit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if asked, ok := text.ParseLang(c.QueryParam("lang")); ok && c.Request().Method == http.MethodGet {
			s.setCookie(c, langCookie, string(asked), "/", 365*24*time.Hour)
			return c.Redirect(http.StatusSeeOther, withoutLang(c.Request().URL))
		}
		c.Set(langKey, language(c))
		if token := cookie(c, s.sessionCookie()); token != "" {
			check := s.config.Sessions.Check
			if byItself(c.Request()) {
				check = s.config.Sessions.Look
			}
			found, err := check(c.Request().Context(), token)
			switch {
			case err == nil:
				c.Set(sessionKey, &found)
				c.Set(tokenKey, token)
			case fault.CodeOf(err) == session.None:
				s.setCookie(c, s.sessionCookie(), "", "/", 0)
			default:
				return err
			}
		}
		return next(c)
	}
}

// byItself says whether a page asks and not its reader: events and states are
// followed as long as a page is open, be its reader there or not.
func byItself(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/events") || strings.HasSuffix(r.URL.Path, "/state")
}

func withoutLang(u *url.URL) string {
	q := u.Query()
	q.Del("lang")
	clean := url.URL{Path: localPath(u.Path), RawQuery: q.Encode()}
	return clean.String()
}

// localPath keeps a path on this portal: "//host" would leave it.
func localPath(path string) string { return "/" + strings.TrimLeft(path, "/\\") }

// language is the reader's: the cookie's, else the browser's.
func language(c echo.Context) text.Lang {
	if chosen, ok := c.Get(langKey).(text.Lang); ok {
		return chosen
	}
	if chosen, ok := text.ParseLang(cookie(c, langCookie)); ok {
		return chosen
	}
	return text.Choose(c.Request().Header.Get("Accept-Language"))
}

// signedIn lets only holders of a session through.
func (s *Server) signedIn(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if current(c) != nil {
			return next(c)
		}
		r := c.Request()
		if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") && !strings.HasSuffix(r.URL.Path, "/state") {
			return c.Redirect(http.StatusSeeOther, "/sign-in?next="+url.QueryEscape(r.URL.Path))
		}
		return fault.New(session.None)
	}
}

// current is the session of the request, or nil.
func current(c echo.Context) *session.Session {
	found, _ := c.Get(sessionKey).(*session.Session)
	return found
}

// client says where the request comes from, for journals and limits.
func client(c echo.Context) account.Client {
	device := c.Request().UserAgent()
	if len(device) > 200 {
		device = strings.ToValidUTF8(device[:200], "")
	}
	return account.Client{Address: c.RealIP(), Device: device}
}

// signIn puts the tokens of a fresh session into cookies.
func (s *Server) begin(c echo.Context, token, device string, life time.Duration) {
	s.setCookie(c, s.sessionCookie(), token, "/", 0)
	if device != "" {
		s.setCookie(c, deviceCookie, device, "/sign-in", life)
	}
}

// show renders a page for this request.
func (s *Server) show(c echo.Context, status int, page web.Page) error {
	page.Lang = language(c)
	if page.Path == "" {
		page.Path = c.Request().URL.RequestURI()
	}
	if found := current(c); found != nil {
		page.Viewer = &web.Viewer{Name: found.Account.Name.Given, Level: found.Account.Level.String()}
	}
	if notice := cookie(c, noticeCookie); notice != "" {
		s.setCookie(c, noticeCookie, "", "/", 0)
		if strings.HasPrefix(notice, "notice.") && s.config.Texts.Has(page.Lang, notice) {
			page.Notice = notice
		}
	}
	c.Response().Header().Set("Content-Type", "text/html; charset=utf-8")
	c.Response().Header().Add("Vary", "Accept-Language, Cookie")
	return s.render(c, status, page)
}

// tell leaves a message for the next page.
func (s *Server) tell(c echo.Context, id string) { s.setCookie(c, noticeCookie, id, "/", time.Minute) }

func goTo(c echo.Context, path string) error { return c.Redirect(http.StatusSeeOther, path) }
