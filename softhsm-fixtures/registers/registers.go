// SPDX-License-Identifier: Apache-2.0

// Package registers emulates the state registers behind the interdepartmental bus: pension fund (SNILS), interior ministry (passport)
// and tax service (INN). It speaks SMEV-like SOAP with queues: a request is taken now, its answer lies in a queue after Config.Delay
// and comes again until it is acknowledged. It knows the made-up people and compares every field that it is asked about.
// Tests make each register fail, refuse, lie or stall, or let the whole bus die. Safe for many goroutines.
package registers

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"zaver/softhsm-fixtures/mischief"
)

// Config of a Bus.
type Config struct {
	Address string        // "127.0.0.1:0" picks a port
	Delay   time.Duration // from request to answer
}

// Bus is the running emulator.
type Bus struct {
	// Door misbehaves for the exchange itself; each register misbehaves for its own requests.
	Door, SNILS, Passport, INN mischief.Control

	config   Config
	listener net.Listener
	server   *http.Server
	done     chan struct{}

	mu    sync.Mutex
	seen  map[string]bool
	queue []*message
	asked map[string]int
}

type message struct {
	id, original string
	kind         xml.Name
	content      string
	ready        time.Time
	leased       time.Time
}

// lease is how long an answer that was fetched and not acknowledged stays out of sight.
const lease = 500 * time.Millisecond

// Start listens and serves until Close.
func Start(config Config) (*Bus, error) {
	listener, err := net.Listen("tcp", config.Address)
	if err != nil {
		return nil, fmt.Errorf("listen for the register bus: %w", err)
	}
	b := &Bus{config: config, listener: listener, done: make(chan struct{}), seen: map[string]bool{}, asked: map[string]int{}}
	b.server = &http.Server{Handler: http.HandlerFunc(b.serve), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(b.done)
		_ = b.server.Serve(listener)
	}()
	return b, nil
}

// URL of the message exchange service.
func (b *Bus) URL() string { return "http://" + b.listener.Addr().String() + "/smev" }

// Close ends the bus; its queues are lost.
func (b *Bus) Close() error {
	err := b.server.Close()
	<-b.done
	return err
}

// Asked says how many different requests a register (root element of the request) has taken.
func (b *Bus) Asked(root string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked[root]
}

type call struct {
	Body struct {
		Send *struct {
			ID      string `xml:"SenderProvidedRequestData>MessageID"`
			Content struct {
				Inner []byte `xml:",innerxml"`
			} `xml:"SenderProvidedRequestData>MessagePrimaryContent"`
		} `xml:"SendRequestRequest"`
		Get *struct {
			Namespace string `xml:"MessageTypeSelector>NamespaceURI"`
			Root      string `xml:"MessageTypeSelector>RootElementLocalName"`
		} `xml:"GetResponseRequest"`
		Ack *struct {
			ID string `xml:"AckTargetMessage"`
		} `xml:"AckRequest"`
	} `xml:"Body"`
}

func (b *Bus) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var c call
	if err == nil {
		err = xml.Unmarshal(raw, &c)
	}
	if err != nil {
		fault(w, "Client", "unreadable request")
		return
	}
	switch b.Door.Next(r.Context()) {
	case mischief.Fail, mischief.Stall:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case mischief.Refuse:
		fault(w, "Client", "refused")
		return
	}
	switch {
	case c.Body.Send != nil:
		b.take(w, r, c.Body.Send.ID, c.Body.Send.Content.Inner)
	case c.Body.Get != nil:
		b.give(w, xml.Name{Space: c.Body.Get.Namespace, Local: c.Body.Get.Root})
	case c.Body.Ack != nil:
		b.forget(c.Body.Ack.ID)
		reply(w, `<AckResponse xmlns="`+typesNS+`"/>`)
	default:
		fault(w, "Client", "unknown operation")
	}
}

var errUnknown = errors.New("no register takes such a request")

// take queues the answer to a request; the same id a second time changes nothing.
func (b *Bus) take(w http.ResponseWriter, r *http.Request, id string, content []byte) {
	register, err := b.registerOf(content)
	if err != nil {
		fault(w, "Client", err.Error())
		return
	}
	mode := register.control.Next(r.Context())
	if mode == mischief.Fail || mode == mischief.Stall {
		fault(w, "Server", "the register does not answer")
		return
	}
	answer := register.answer(content, mode)
	b.mu.Lock()
	if !b.seen[id] {
		b.seen[id] = true
		b.asked[register.request.Local]++
		b.queue = append(b.queue, &message{id: "a-" + id, original: id, kind: register.request, content: answer, ready: time.Now().Add(b.config.Delay)})
	}
	b.mu.Unlock()
	reply(w, `<SendRequestResponse xmlns="`+typesNS+`"><MessageMetadata><MessageId>`+escape(id)+`</MessageId></MessageMetadata></SendRequestResponse>`)
}

// give hands out the oldest ready answer. As on the real bus the selector names the kind of request that was asked.
func (b *Bus) give(w http.ResponseWriter, kind xml.Name) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for _, m := range b.queue {
		if m.kind == kind && !m.ready.After(now) && now.Sub(m.leased) > lease {
			m.leased = now
			reply(w, `<GetResponseResponse xmlns="`+typesNS+`"><ResponseMessage><Response><OriginalMessageId>`+escape(m.original)+
				`</OriginalMessageId><SenderProvidedResponseData><MessageID>`+escape(m.id)+`</MessageID>`+m.content+
				`</SenderProvidedResponseData></Response></ResponseMessage></GetResponseResponse>`)
			return
		}
	}
	reply(w, `<GetResponseResponse xmlns="`+typesNS+`"/>`)
}

func (b *Bus) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, m := range b.queue {
		if m.id == id {
			b.queue = append(b.queue[:i:i], b.queue[i+1:]...)
			return
		}
	}
}

const (
	soapNS  = "http://schemas.xmlsoap.org/soap/envelope/"
	typesNS = "urn://x-artefacts-smev-gov-ru/services/message-exchange/types/1.1"
	basicNS = "urn://x-artefacts-smev-gov-ru/services/message-exchange/types/basic/1.1"
)

func reply(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = io.WriteString(w, xml.Header+`<s:Envelope xmlns:s="`+soapNS+`"><s:Body>`+body+`</s:Body></s:Envelope>`)
}

func fault(w http.ResponseWriter, who, reason string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, xml.Header+`<s:Envelope xmlns:s="`+soapNS+`"><s:Body><s:Fault><faultcode>s:`+who+`</faultcode><faultstring>`+escape(reason)+`</faultstring></s:Fault></s:Body></s:Envelope>`)
}

func content(inner string) string {
	return `<b:MessagePrimaryContent xmlns:b="` + basicNS + `">` + inner + `</b:MessagePrimaryContent>`
}

func rejected(code, description string) string {
	return `<RequestRejected><RejectionReasonCode>` + code + `</RejectionReasonCode><RejectionReasonDescription>` + escape(description) + `</RejectionReasonDescription></RequestRejected>`
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
