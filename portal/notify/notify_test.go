// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"zaver/portal/notice"
	"zaver/portal/text"
	"zaver/softhsm-fixtures/inbox"
	"zaver/softhsm-fixtures/mailsink"
	"zaver/softhsm-fixtures/mischief"
	"zaver/softhsm-fixtures/smsc"
)

type outbox struct {
	kept         map[string]Kept
	sent, gaveUp map[string]string
}

func (o *outbox) Pending(_ context.Context, id string) (Kept, bool, error) {
	k, ok := o.kept[id]
	return k, ok, nil
}

func (o *outbox) Sent(_ context.Context, id, providerID string) error {
	delete(o.kept, id)
	o.sent[id] = providerID
	return nil
}

func (o *outbox) GaveUp(_ context.Context, id, why string) error {
	delete(o.kept, id)
	o.gaveUp[id] = why
	return nil
}

func smppSender(t *testing.T) (*SMPP, *smsc.Server, *inbox.Inbox) {
	t.Helper()
	box := inbox.New(time.Now)
	centre, err := smsc.Start(smsc.Config{Address: "127.0.0.1:0", SystemID: "zaver", Password: "secret", Inbox: box})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = centre.Close() })
	sender := NewSMPP(SMPPConfig{Address: centre.Addr(), SystemID: "zaver", Password: "secret", From: "zaver", Timeout: time.Minute})
	t.Cleanup(func() { _ = sender.Close() })
	return sender, centre, box
}

func smtpSender(t *testing.T) (*SMTP, *mailsink.Server, *inbox.Inbox) {
	t.Helper()
	box := inbox.New(time.Now)
	server, err := mailsink.Start("127.0.0.1:0", box)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	host, port, _ := net.SplitHostPort(server.Addr())
	number, _ := strconv.Atoi(port)
	sender, err := NewSMTP(SMTPConfig{Host: host, Port: number, From: "Завер <portal@zaver.test>", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return sender, server, box
}

func TestSMSArrivesWholeInBothAlphabets(t *testing.T) {
	sender, _, box := smppSender(t)
	for _, words := range []string{"Код 123456", "Code 123456", strings.Repeat("Длинный текст. ", 20), strings.Repeat("Long text. ", 40)} {
		id, err := sender.Send(context.Background(), Message{To: "+79001234567", Text: words})
		if err != nil || id == "" {
			t.Fatalf("send %q: id %q, %v", words, id, err)
		}
		all := box.All("+79001234567")
		if got := all[len(all)-1].Text; got != words {
			t.Errorf("arrived %q, want %q", got, words)
		}
	}
}

func TestSMPPTellsRefusalFromTrouble(t *testing.T) {
	sender, centre, box := smppSender(t)
	if _, err := sender.Send(context.Background(), Message{To: "+79001234567", Text: "bind"}); err != nil { // else a slow bind would be the trouble
		t.Fatal(err)
	}
	for mode, refused := range map[mischief.Mode]bool{mischief.Fail: false, mischief.Refuse: true, mischief.Stall: false} {
		centre.Control.Set(mode, mischief.Forever)
		ctx, cancel := context.WithCancel(context.Background())
		if mode == mischief.Stall { // the others answer
			ctx, cancel = context.WithTimeout(ctx, 200*time.Millisecond)
		}
		_, err := sender.Send(ctx, Message{To: "+79001234567", Text: "x"})
		cancel()
		if err == nil || errors.Is(err, ErrRefused) != refused {
			t.Errorf("mode %v: got %v, refused for good: want %v", mode, err, refused)
		}
	}
	centre.Control.Set(mischief.Behave, mischief.Forever)
	if _, err := sender.Send(context.Background(), Message{To: "+79001234567", Text: "again"}); err != nil {
		t.Errorf("after trouble: %v", err)
	}
	if n := len(box.All("")); n < 2 {
		t.Error("nothing arrived after the trouble ended")
	}
}

func TestSMPPBindsAnewAfterLoss(t *testing.T) {
	sender, centre, _ := smppSender(t)
	send := func() error {
		_, err := sender.Send(context.Background(), Message{To: "+79001234567", Text: "x"})
		return err
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	centre.Cut()
	deadline := time.After(10 * time.Second)
	for send() != nil {
		select {
		case <-deadline:
			t.Fatal("no new bind within 10 s")
		default:
		}
	}
}

func TestSMPPWrongPasswordAndNoCentre(t *testing.T) {
	_, centre, _ := smppSender(t)
	wrong := NewSMPP(SMPPConfig{Address: centre.Addr(), SystemID: "zaver", Password: "wrong", From: "zaver", Timeout: time.Second})
	if _, err := wrong.Send(context.Background(), Message{To: "+79001234567", Text: "x"}); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("wrong password: %v", err)
	}
	addr := centre.Addr()
	_ = centre.Close()
	gone := NewSMPP(SMPPConfig{Address: addr, SystemID: "zaver", Password: "secret", From: "zaver", Timeout: time.Second})
	if _, err := gone.Send(context.Background(), Message{To: "+79001234567", Text: "x"}); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("no centre: %v", err)
	}
}

// A centre that takes connections and says nothing must hold up neither the queue nor the end of the program.
func TestSilentCentreHoldsNothingUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // its backlog takes connections, nobody reads them
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	const timeout = 2 * time.Second
	sender := NewSMPP(SMPPConfig{Address: listener.Addr().String(), SystemID: "zaver", Password: "secret", From: "zaver", Timeout: timeout})
	began := time.Now()
	sent := make(chan error, 4)
	for range cap(sent) {
		go func() {
			_, err := sender.Send(context.Background(), Message{To: "+79001234567", Text: "x"})
			sent <- err
		}()
	}
	for range cap(sent) {
		select {
		case err := <-sent:
			if err == nil || errors.Is(err, ErrRefused) {
				t.Errorf("got %v", err)
			}
		case <-time.After(3 * timeout):
			t.Fatal("sending waits for a silent centre")
		}
	}
	if took := time.Since(began); took > 3*timeout { // one after the other they would have waited four times
		t.Errorf("four messages waited %v", took)
	}
	closed := make(chan error, 1)
	go func() { closed <- sender.Close() }()
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		t.Fatal("closing waits for a silent centre")
	}
}

func TestLetterArrives(t *testing.T) {
	sender, server, box := smtpSender(t)
	m := Message{Key: "k1", To: "ivanov@example.org", Subject: "Код подтверждения", Text: "Ваш код 123456"}
	id, err := sender.Send(context.Background(), m)
	if err != nil || !strings.Contains(id, "k1@") {
		t.Fatalf("id %q, %v", id, err)
	}
	if all := box.All(m.To); len(all) != 1 || all[0].Subject != m.Subject || !strings.Contains(all[0].Text, m.Text) {
		t.Errorf("arrived %+v", all)
	}
	for mode, refused := range map[mischief.Mode]bool{mischief.Fail: false, mischief.Refuse: true} {
		server.Control.Set(mode, 1)
		if _, err := sender.Send(context.Background(), m); err == nil || errors.Is(err, ErrRefused) != refused {
			t.Errorf("mode %v: got %v", mode, err)
		}
	}
	if _, err := sender.Send(context.Background(), Message{To: "not an address", Text: "x"}); !errors.Is(err, ErrRefused) {
		t.Errorf("bad address: %v", err)
	}
}

// A mail server names the recipient in what it says; errors are kept with the job and logged.
func TestErrorsNameNoRecipient(t *testing.T) {
	for _, answer := range []string{"450 4.2.1 <ivanov@example.org>: try later", "550 5.1.1 <ivanov@example.org>: no such mailbox"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = conn.Write([]byte("220 mail\r\n"))
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				said := "250 fine\r\n"
				if strings.HasPrefix(lines.Text(), "RCPT") {
					said = answer + "\r\n"
				}
				_, _ = conn.Write([]byte(said))
			}
		}()
		sender, err := NewSMTP(SMTPConfig{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, From: "portal@zaver.test", Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sender.Send(t.Context(), Message{Key: "k", To: "ivanov@example.org", Subject: "s", Text: "x"})
		if err == nil || strings.Contains(err.Error(), "ivanov") || !strings.Contains(err.Error(), answer[:3]) || errors.Is(err, ErrRefused) != strings.HasPrefix(answer, "5") {
			t.Errorf("after %q: %v", answer, err)
		}
	}
}

type fixedSender struct {
	err  error
	last Message
}

func (f *fixedSender) Send(_ context.Context, m Message) (string, error) {
	f.last = m
	return "p1", f.err
}

func TestCourier(t *testing.T) {
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	n := notice.Notice{Channel: notice.SMS, To: "+79001234567", Template: "notice.register_code", Args: map[string]string{"Code": "123456", "Minutes": "5"}, Lang: "en"}
	unknown := n
	unknown.Channel = "pigeon"
	cases := []struct {
		name         string
		notice       notice.Notice
		created      time.Time
		err          error
		sent, gaveUp string
		again        bool
	}{
		{"goes out", n, now, nil, "p1", "", false},
		{"trouble asks for another try", n, now, errors.New("down"), "", "", true},
		{"refused is given up", n, now, ErrRefused, "", "refused", false},
		{"an old code is given up", n, now.Add(-codeLife - time.Second), nil, "", "too_late", false},
		{"no sender", unknown, now, nil, "", "no_sender", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			box := &outbox{kept: map[string]Kept{"1": {ID: "1", Notice: c.notice, Created: c.created}}, sent: map[string]string{}, gaveUp: map[string]string{}}
			sender := &fixedSender{err: c.err}
			courier := New(Config{Outbox: box, Texts: texts, Senders: map[notice.Channel]Sender{notice.SMS: sender}, Now: func() time.Time { return now }})
			err := courier.Deliver(context.Background(), "1")
			if (err != nil) != c.again || box.sent["1"] != c.sent || box.gaveUp["1"] != c.gaveUp {
				t.Errorf("err %v, sent %q, gave up %q", err, box.sent["1"], box.gaveUp["1"])
			}
			if c.sent != "" && !strings.Contains(sender.last.Text, "123456") {
				t.Errorf("rendered %q", sender.last.Text)
			}
			if err := courier.Deliver(context.Background(), "gone"); err != nil {
				t.Errorf("a notice that is gone: %v", err)
			}
		})
	}
}

func TestRetryDoublesAndStops(t *testing.T) {
	for attempt, want := range map[int]time.Duration{0: 2 * time.Second, 1: 2 * time.Second, 2: 4 * time.Second, 5: 32 * time.Second, 40: longestRetry} {
		if got := Retry(attempt); got != want {
			t.Errorf("Retry(%d) = %v, want %v", attempt, got, want)
		}
	}
}
