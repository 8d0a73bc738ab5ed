// SPDX-License-Identifier: Apache-2.0

// Package smev alone speaks the message exchange of the interdepartmental bus (SMEV 3, schema 1.1): a request is sent under an id
// of our own, its answer is fetched from a queue minutes or days later, and acknowledged once it is safely kept. Content is the
// business of the caller. A Client may be used by many goroutines. Every exchange is bounded: 256 KiB and the context's deadline,
// at most Config.Timeout. Requests carry no XML signature of the information system here: the bus's adapter adds it.
package smev

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Namespaces of the exchange.
const (
	soapNS  = "http://schemas.xmlsoap.org/soap/envelope/"
	typesNS = "urn://x-artefacts-smev-gov-ru/services/message-exchange/types/1.1"
	basicNS = "urn://x-artefacts-smev-gov-ru/services/message-exchange/types/basic/1.1"
)

const maxMessage = 256 << 10 // octets

// ErrUnavailable marks every failure that may pass by itself: no connection, a time-out, a fault of the bus itself, and whatever is no
// answer of the bus at all (a gateway's own page, any HTTP status but 200): it says nothing about the request.
// Callers match it with errors.Is and try again later; any other error is final.
var ErrUnavailable = errors.New("the register bus is unavailable")

// Config of a Client.
type Config struct {
	URL     string        // address of the message exchange service
	HTTP    *http.Client  // transport; its own time-out may be zero
	Timeout time.Duration // longest time of one exchange
}

// Client talks to one message exchange service.
type Client struct{ config Config }

// New returns a client.
func New(config Config) *Client { return &Client{config: config} }

// Answer is one message from the answer queue.
type Answer struct {
	ID         string    // to acknowledge it by
	OriginalID string    // id of the request that it answers
	Content    []byte    // XML of the primary content; nil when the request was rejected
	Rejection  *Rejected // why the register would not answer
}

// Rejected is a register's refusal to answer: code (ACCESS_DENIED, NO_DATA, UNKNOWN_REQUEST_DESCRIPTION, FAILURE) and its own words.
type Rejected struct {
	Code        string `xml:"RejectionReasonCode"`
	Description string `xml:"RejectionReasonDescription"`
}

// Kind selects one kind of answer in the queue: namespace and root element of its content.
type Kind struct{ Namespace, Root string }

type soapEnvelope struct {
	XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Body    soapBody `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
}

type soapBody struct {
	Fault    *soapFault    `xml:"http://schemas.xmlsoap.org/soap/envelope/ Fault"`
	Sent     *sentResponse `xml:"SendRequestResponse"`
	Received *received     `xml:"GetResponseResponse"`
	Acked    *struct{}     `xml:"AckResponse"`
}

type soapFault struct {
	Code string `xml:"faultcode"`
}

type sentResponse struct {
	MessageID string `xml:"MessageMetadata>MessageId"`
}

type received struct {
	Message *struct {
		Original string `xml:"OriginalMessageId"`
		Data     struct {
			ID      string `xml:"MessageID"`
			Content struct {
				Inner []byte `xml:",innerxml"`
			} `xml:"MessagePrimaryContent"`
			Rejected *Rejected `xml:"RequestRejected"`
		} `xml:"SenderProvidedResponseData"`
	} `xml:"ResponseMessage>Response"`
}

// Send hands over a request under the caller's id (a time-based UUID, RFC 9562). Sending the same id again is harmless: the bus takes it once.
func (c *Client) Send(ctx context.Context, id string, content []byte) error {
	body, err := c.call(ctx, "SendRequest", fmt.Sprintf(
		`<t:SendRequestRequest xmlns:t="%s" xmlns:b="%s"><t:SenderProvidedRequestData Id="SIGNED_BY_CONSUMER"><t:MessageID>%s</t:MessageID><b:MessagePrimaryContent>%s</b:MessagePrimaryContent></t:SenderProvidedRequestData></t:SendRequestRequest>`,
		typesNS, basicNS, escape(id), content))
	if err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	if body.Sent == nil || body.Sent.MessageID != id {
		return fmt.Errorf("send request: %w: it confirmed another message", ErrUnavailable)
	}
	return nil
}

// Receive takes the next answer of a kind, or nil when there is none. It comes again until Ack.
func (c *Client) Receive(ctx context.Context, kind Kind) (*Answer, error) {
	body, err := c.call(ctx, "GetResponse", fmt.Sprintf(
		`<t:GetResponseRequest xmlns:t="%s" xmlns:b="%s"><b:MessageTypeSelector Id="SIGNED_BY_CALLER"><b:NamespaceURI>%s</b:NamespaceURI><b:RootElementLocalName>%s</b:RootElementLocalName><b:Timestamp>%s</b:Timestamp></b:MessageTypeSelector></t:GetResponseRequest>`,
		typesNS, basicNS, escape(kind.Namespace), escape(kind.Root), time.Now().Format(time.RFC3339)))
	if err != nil {
		return nil, fmt.Errorf("receive answer: %w", err)
	}
	if body.Received == nil {
		return nil, errors.New("receive answer: not an answer of the bus")
	}
	m := body.Received.Message
	if m == nil {
		return nil, nil
	}
	answer := &Answer{ID: m.Data.ID, OriginalID: m.Original, Rejection: m.Data.Rejected}
	if answer.ID == "" || answer.OriginalID == "" {
		return nil, errors.New("receive answer: a message without its ids")
	}
	if answer.Rejection == nil {
		answer.Content = bytes.TrimSpace(m.Data.Content.Inner)
	}
	return answer, nil
}

// Ack removes an answer from the queue.
func (c *Client) Ack(ctx context.Context, id string) error {
	body, err := c.call(ctx, "Ack", fmt.Sprintf(
		`<t:AckRequest xmlns:t="%s" xmlns:b="%s"><b:AckTargetMessage Id="SIGNED_BY_CALLER" accepted="true">%s</b:AckTargetMessage></t:AckRequest>`,
		typesNS, basicNS, escape(id)))
	if err == nil && body.Acked == nil {
		err = errors.New("not an answer of the bus")
	}
	if err != nil {
		return fmt.Errorf("acknowledge answer: %w", err)
	}
	return nil
}

func (c *Client) call(ctx context.Context, action, body string) (soapBody, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	envelope := xml.Header + `<s:Envelope xmlns:s="` + soapNS + `"><s:Body>` + body + `</s:Body></s:Envelope>`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.URL, bytes.NewBufferString(envelope))
	if err != nil {
		return soapBody{}, fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Content-Type", "text/xml; charset=utf-8")
	request.Header.Set("SOAPAction", `"urn:`+action+`"`)
	response, err := c.config.HTTP.Do(request)
	if err != nil {
		return soapBody{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxMessage+1))
	if err != nil {
		return soapBody{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if len(raw) > maxMessage {
		return soapBody{}, fmt.Errorf("%w: the answer is too large", ErrUnavailable)
	}
	return parse(response.StatusCode, raw)
}

// parse reads an envelope. A fault is final only when it blames the sender (SOAP 1.1 section 4.4.1: Client). What the other side says
// in its own words stays out of errors: it may repeat the person's data, and errors are kept and logged.
func parse(status int, raw []byte) (soapBody, error) {
	var envelope soapEnvelope
	err := xml.Unmarshal(raw, &envelope)
	if fault := envelope.Body.Fault; err == nil && fault != nil {
		if _, code, ok := bytes.Cut([]byte(fault.Code), []byte(":")); ok && string(code) == "Client" {
			return soapBody{}, errors.New("the bus refused: fault of the sender")
		}
		return soapBody{}, fmt.Errorf("%w: fault of the bus", ErrUnavailable)
	}
	if status != http.StatusOK {
		return soapBody{}, fmt.Errorf("%w: HTTP status %d", ErrUnavailable, status)
	}
	if err != nil {
		return soapBody{}, fmt.Errorf("%w: it answered with something else than an envelope", ErrUnavailable)
	}
	return envelope.Body, nil
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a bytes.Buffer takes everything
	return b.String()
}
