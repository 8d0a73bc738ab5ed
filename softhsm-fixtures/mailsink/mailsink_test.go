// SPDX-License-Identifier: Apache-2.0

package mailsink

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wneessen/go-mail"

	"zaver/softhsm-fixtures/inbox"
	"zaver/softhsm-fixtures/mischief"
)

func send(t *testing.T, s *Server, text string) error {
	t.Helper()
	m := mail.NewMsg()
	if err := m.From("portal@zaver.test"); err != nil {
		t.Fatal(err)
	}
	if err := m.To("ivanov@example.org"); err != nil {
		t.Fatal(err)
	}
	m.Subject("Подтверждение почты")
	m.SetBodyString(mail.TypeTextPlain, text)
	m.AddAlternativeString(mail.TypeTextHTML, "<p>"+text+"</p>")
	host, port, _ := net.SplitHostPort(s.Addr())
	number, _ := strconv.Atoi(port)
	client, err := mail.NewClient(host, mail.WithPort(number), mail.WithTLSPolicy(mail.NoTLS), mail.WithTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return client.DialAndSendWithContext(context.Background(), m)
}

func TestLetterArrivesAsText(t *testing.T) {
	box := inbox.New(time.Now)
	s, err := Start("127.0.0.1:0", box)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := send(t, s, "Ваш код 123456, "+strings.Repeat("длинная строка ", 20)); err != nil {
		t.Fatal(err)
	}
	all := box.All("ivanov@example.org")
	if len(all) != 1 || all[0].Subject != "Подтверждение почты" || all[0].Code() != "123456" {
		t.Errorf("got %+v", all)
	}
}

// A server that is closed right after its start may not have begun to serve: it must not begin then.
func TestCloseAtOnce(t *testing.T) {
	for range 100 {
		s, err := Start("127.0.0.1:0", inbox.New(time.Now))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMischief(t *testing.T) {
	box := inbox.New(time.Now)
	s, err := Start("127.0.0.1:0", box)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for mode, want := range map[mischief.Mode]string{mischief.Fail: "451", mischief.Refuse: "550", mischief.Lie: ""} {
		s.Control.Set(mode, 1)
		err := send(t, s, "x")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("mode %v: got %v, want %q", mode, err, want)
		}
	}
	if len(box.All("")) != 0 {
		t.Error("a refused or lost letter was filed")
	}
}
