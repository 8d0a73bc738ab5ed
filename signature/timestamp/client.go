// SPDX-License-Identifier: Apache-2.0

package timestamp

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
)

// Config is what a Client needs.
type Config struct {
	// URL of the authority, http or https.
	URL string
	// Transport carries the requests; nil is [http.DefaultTransport].
	Transport http.RoundTripper
	// Timeout bounds one exchange; zero is 15 s.
	Timeout time.Duration
	// Digest of the imprint; SHA-256 when zero. Authorities of accredited
	// centres want the Streebog digest of the signature's own size.
	Digest algo.Digest
	// Policy to ask for; nil asks for any.
	Policy asn1.ObjectIdentifier
	// Certificates are looked through for the authority's certificate when the
	// token has none.
	Certificates []*cert.Certificate
}

// Client asks one authority over HTTP (RFC 3161 section 3.4): one POST a
// timestamp, no redirects, no retries.
type Client struct {
	config Config
	http   http.Client
}

// NewClient makes a client. It fails when the URL is not http or https.
func NewClient(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("timestamp authority: %q is no address of http or https", c.URL)
	}
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Second
	}
	if c.Digest.Name == "" {
		c.Digest = algo.SHA256
	}
	return &Client{c, http.Client{
		Transport:     c.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// nonceBits is the length of a nonce; some authorities take no more than 64.
const nonceBits = 63

// Stamp gets a timestamp over message and checks it: what is returned has
// passed Check. The authority's path and revocation are not looked at. The
// error is a *Problem, the first of those that Check gave, or of the exchange:
// timestamp.unreachable, timestamp.http, timestamp.refused and the codes of Parse.
func (c *Client) Stamp(ctx context.Context, message []byte) (*Token, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), nonceBits))
	if err != nil {
		return nil, &Problem{Code: CodeUnreachable, Detail: "make nonce", Cause: err}
	}
	r := Request{Imprint: ImprintOf(c.config.Digest, message), Policy: c.config.Policy, Nonce: nonce, Certificates: true}
	answer, err := c.Ask(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := answer.Err(); err != nil {
		return nil, err
	}
	t := answer.Token
	if !t.Imprint.OID.Equal(r.Imprint.OID) {
		return nil, problem(CodeImprint, "asked for %v, got %v", r.Imprint.OID, t.Imprint.OID)
	}
	q := Question{Hash: r.Imprint.Hash, Nonce: nonce, Policy: r.Policy, Certificates: c.config.Certificates}
	if problems := t.Check(q); len(problems) > 0 {
		return nil, problems[0]
	}
	return t, nil
}

// Ask sends one request and reads the answer, which may be a refusal. Nothing is
// checked. The error is a *Problem.
func (c *Client) Ask(ctx context.Context, r Request) (*Response, error) {
	body, err := r.Encode()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.URL, bytes.NewReader(body))
	if err != nil {
		return nil, &Problem{Code: CodeUnreachable, Detail: "make request", Cause: err}
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	req.Header.Set("Accept", "application/timestamp-reply")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, &Problem{Code: CodeUnreachable, Detail: "ask authority", Cause: withoutURL(err)}
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, problem(CodeHTTP, "authority answered %d", res.StatusCode)
	}
	if kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil || kind != "application/timestamp-reply" {
		return nil, problem(CodeHTTP, "answer is no application/timestamp-reply")
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, MaxResponse+1))
	if err != nil {
		return nil, &Problem{Code: CodeUnreachable, Detail: "read answer", Cause: err}
	}
	return ParseResponse(answer)
}

// withoutURL drops the address, which may hold an account's name.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
