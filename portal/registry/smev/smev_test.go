// SPDX-License-Identifier: Apache-2.0

package smev

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func envelope(body string) string {
	return `<s:Envelope xmlns:s="` + soapNS + `"><s:Body>` + body + `</s:Body></s:Envelope>`
}

func client(t *testing.T, status int, body string) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return New(Config{URL: server.URL, HTTP: server.Client(), Timeout: time.Minute})
}

func TestSendTellsPassingFailuresFromFinalOnes(t *testing.T) {
	good := envelope(`<SendRequestResponse xmlns="` + typesNS + `"><MessageMetadata><MessageId>id-1</MessageId></MessageMetadata></SendRequestResponse>`)
	cases := []struct {
		name        string
		status      int
		body        string
		ok, passing bool
	}{
		{"taken", 200, good, true, false},
		{"another id confirmed", 200, strings.Replace(good, "id-1", "id-2", 1), false, true},
		{"down", 503, "busy", false, true},
		{"throttled", 429, "", false, true},
		{"server fault", 500, envelope(`<s:Fault><faultcode>s:Server</faultcode><faultstring>no SNILS 112-233-445 95</faultstring></s:Fault>`), false, true},
		{"client fault", 500, envelope(`<s:Fault><faultcode>s:Client</faultcode><faultstring>no SNILS 112-233-445 95</faultstring></s:Fault>`), false, false},
		{"not XML", 200, "<html>", false, true},
		{"empty body", 200, envelope(""), false, true},
		{"forbidden", 403, envelope(""), false, true},
		{"too large", 200, strings.Repeat(" ", maxMessage+1), false, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := client(t, c.status, c.body).Send(context.Background(), "id-1", []byte("<x/>"))
			if (err == nil) != c.ok || errors.Is(err, ErrUnavailable) != c.passing {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "112-233") {
				t.Errorf("the error repeats the person's data: %v", err)
			}
		})
	}
}

func TestUnreachableIsPassing(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c := New(Config{URL: server.URL, HTTP: http.DefaultClient, Timeout: time.Second})
	if err := c.Send(context.Background(), "id", nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestReceive(t *testing.T) {
	answer := func(inner string) string {
		return envelope(`<GetResponseResponse xmlns="` + typesNS + `"><ResponseMessage><Response><OriginalMessageId>o-1</OriginalMessageId><SenderProvidedResponseData><MessageID>m-1</MessageID>` +
			inner + `</SenderProvidedResponseData></Response></ResponseMessage></GetResponseResponse>`)
	}
	kind := Kind{Namespace: "urn:x", Root: "r"}
	got, err := client(t, 200, answer(`<b:MessagePrimaryContent xmlns:b="`+basicNS+`"> <a xmlns="urn:x"/> </b:MessagePrimaryContent>`)).Receive(context.Background(), kind)
	if err != nil || got.ID != "m-1" || got.OriginalID != "o-1" || string(got.Content) != `<a xmlns="urn:x"/>` {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = client(t, 200, answer(`<RequestRejected><RejectionReasonCode>NO_DATA</RejectionReasonCode></RequestRejected>`)).Receive(context.Background(), kind)
	if err != nil || got.Rejection == nil || got.Rejection.Code != "NO_DATA" || got.Content != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = client(t, 200, envelope(`<GetResponseResponse xmlns="`+typesNS+`"/>`)).Receive(context.Background(), kind)
	if err != nil || got != nil {
		t.Errorf("empty queue: got %+v, %v", got, err)
	}
	if _, err = client(t, 200, strings.Replace(answer(""), "o-1", "", 1)).Receive(context.Background(), kind); err == nil {
		t.Error("an answer to no request was taken")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(200, []byte(envelope(`<GetResponseResponse xmlns="`+typesNS+`"/>`)))
	f.Add(500, []byte(envelope(`<s:Fault><faultcode>s:Client</faultcode></s:Fault>`)))
	f.Add(200, []byte("<"))
	f.Fuzz(func(t *testing.T, status int, raw []byte) {
		body, err := parse(status, raw)
		if err == nil && status != http.StatusOK {
			t.Errorf("status %d gave %+v", status, body)
		}
	})
}
