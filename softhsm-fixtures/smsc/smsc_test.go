// SPDX-License-Identifier: Apache-2.0

package smsc

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"zaver/softhsm-fixtures/inbox"
	"zaver/softhsm-fixtures/mischief"
)

func start(t *testing.T) (*Server, *inbox.Inbox, net.Conn) {
	t.Helper()
	box := inbox.New(time.Now)
	s, err := Start(Config{Address: "127.0.0.1:0", SystemID: "zaver", Password: "secret", Inbox: box})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return s, box, conn
}

func exchange(t *testing.T, conn net.Conn, p pdu.PDU) pdu.PDU {
	t.Helper()
	if err := send(conn, p); err != nil {
		t.Fatal(err)
	}
	answer, err := pdu.Parse(conn)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func bind(t *testing.T, conn net.Conn, password string) data.CommandStatusType {
	t.Helper()
	p := pdu.NewBindTransceiver().(*pdu.BindRequest)
	p.SystemID, p.Password = "zaver", password
	return exchange(t, conn, p).GetHeader().CommandStatus
}

func message(t *testing.T, text string) []*pdu.SubmitSM {
	t.Helper()
	p := pdu.NewSubmitSM().(*pdu.SubmitSM)
	_ = p.DestAddr.SetAddress("79001234567")
	_ = p.SourceAddr.SetAddress("zaver")
	if err := p.Message.SetLongMessageWithEnc(text, data.UCS2); err != nil {
		t.Fatal(err)
	}
	parts, err := p.Split()
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func TestMessageIsFiledOnce(t *testing.T) {
	_, box, conn := start(t)
	if status := bind(t, conn, "secret"); status != data.ESME_ROK {
		t.Fatalf("bind: %v", status)
	}
	for _, text := range []string{"Код 123456", strings.Repeat("Длинное сообщение. ", 20) + "654321"} {
		for _, part := range message(t, text) {
			if got := exchange(t, conn, part).GetHeader().CommandStatus; got != data.ESME_ROK {
				t.Fatalf("submit: %v", got)
			}
		}
		all := box.All("+79001234567")
		if len(all) == 0 || all[len(all)-1].Text != text {
			t.Errorf("got %+v, want %q", all, text)
		}
	}
	if n := len(box.All("")); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
}

// Close must not wait for a client that came at the same moment and stays.
func TestCloseCutsWhoIsJustComing(t *testing.T) {
	for range 100 {
		s, err := Start(Config{Address: "127.0.0.1:0", Inbox: inbox.New(time.Now)})
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}
}

func TestReceiptFollowsWhenAsked(t *testing.T) {
	_, _, conn := start(t)
	bind(t, conn, "secret")
	p := message(t, "Код 123456")[0]
	p.RegisteredDelivery = 1
	id := exchange(t, conn, p).(*pdu.SubmitSMResp).MessageID
	receipt, err := pdu.Parse(conn)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := receipt.(*pdu.DeliverSM).Message.GetMessage()
	if !strings.Contains(text, "id:"+id+" ") || !strings.Contains(text, "stat:DELIVRD") {
		t.Errorf("receipt %q", text)
	}
}

func TestStrangersAndMischiefAreRefused(t *testing.T) {
	s, box, conn := start(t)
	if status := bind(t, conn, "wrong"); status != data.ESME_RBINDFAIL {
		t.Errorf("bind with a wrong password: %v", status)
	}
	if got := exchange(t, conn, message(t, "x")[0]).GetHeader().CommandStatus; got != data.ESME_RINVBNDSTS {
		t.Errorf("submit without a bind: %v", got)
	}
	bind(t, conn, "secret")
	for mode, want := range map[mischief.Mode]data.CommandStatusType{
		mischief.Fail: data.ESME_RTHROTTLED, mischief.Refuse: data.ESME_RINVDSTADR, mischief.Lie: data.ESME_ROK} {
		s.Control.Set(mode, 1)
		if got := exchange(t, conn, message(t, "x")[0]).GetHeader().CommandStatus; got != want {
			t.Errorf("mode %v: %v, want %v", mode, got, want)
		}
	}
	if len(box.All("")) != 0 {
		t.Error("a refused or lost message was filed")
	}
}
