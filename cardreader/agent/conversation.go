// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// The header with the one-time token that answers a statement, and the bound on its value.
const submitHeader = "Zaver-Submit"

var submitForm = regexp.MustCompile(`^[A-Za-z0-9_-]{16,256}$`)

// cancelLimit bounds the farewell to a portal after a failure.
const cancelLimit = 3 * time.Second

// conversation is what agent and portal say to each other about one request.
type conversation struct {
	client   *client
	origin   string
	request  string
	language string
	first    time.Duration
	patience time.Duration // with conflicts after a lost answer
	submit   string        // set by fetch
	// submitted is set when a signature was made: from then on only the portal ends the request.
	submitted bool
}

func (c *conversation) url(verb string) string {
	return c.origin + "/agent/v1/" + verb + "/" + c.request
}

// fetch gets the signed statement with the one-time ticket, trying for at most patience while the portal is down.
func (c *conversation) fetch(ctx context.Context, ticket string, patience time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := retry(ctx, c.first, func(ctx context.Context) (*answer, error) {
		return c.client.do(ctx, http.MethodGet, c.url("statement"), "Ticket "+ticket, "", c.language, nil)
	})
	if err != nil {
		return nil, fmt.Errorf("fetch statement: %w", err)
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("fetch statement: %w", a.fault())
	}
	c.submit = a.header.Get(submitHeader)
	if !submitForm.MatchString(c.submit) {
		c.submit = ""
		return nil, fail(CodePortalAnswer, errors.New("statement came without a submit token"))
	}
	return a.body, nil
}

// verdict is the portal's judgement.
type verdict struct {
	State string   `json:"state"`
	Codes []string `json:"codes"`
	// Said has the portal's words of a refusal, for the window: never anything that is acted upon.
	Said []said `json:"said"`
}

// said is what happened and what to do, in the portal's words.
type said struct {
	What string `json:"what"`
	Do   string `json:"do"`
}

// send hands the signature over, again and again during outages until ctx ends. When an answer of the portal was lost on its
// way, the portal may hold that attempt as being judged until it notices: it says "conflict" and when to ask again, and that counts
// as an outage for a while. Once judged, the same signature is told the verdict again; a conflict without a time is another's.
func (c *conversation) send(ctx context.Context, der []byte) (verdict, error) {
	var lost time.Time // when an answer was lost first
	a, err := retry(ctx, c.first, func(ctx context.Context) (*answer, error) {
		a, err := c.client.do(ctx, http.MethodPost, c.url("response"), "Submit "+c.submit, "application/cms", c.language, der)
		if err != nil && lost.IsZero() {
			lost = time.Now()
		}
		if err == nil && !lost.IsZero() && time.Since(lost) < c.patience && a.retryAfter > 0 && CodeOf(a.fault()) == codeConflict {
			return nil, errors.New("portal still holds an attempt whose answer was lost")
		}
		return a, err
	})
	if err != nil {
		return verdict{}, fmt.Errorf("send signature: %w", err)
	}
	if a.status != http.StatusOK {
		return verdict{}, fmt.Errorf("send signature: %w", a.fault())
	}
	var v verdict
	if err := json.Unmarshal(a.body, &v); err != nil || v.State != "confirmed" && v.State != "refused" || len(v.Codes) > 64 {
		return verdict{}, fail(CodePortalAnswer, errors.New("portal's verdict can't be read"))
	}
	for _, code := range v.Codes {
		if !codeForm.MatchString(code) {
			return verdict{}, fail(CodePortalAnswer, errors.New("portal's verdict has a malformed code"))
		}
	}
	return v, nil
}

// cancel tells the portal that there will be no signature, and why. It is a
// courtesy with one attempt: the statement expires by itself.
func (c *conversation) cancel(ctx context.Context, code string) error {
	if c.submit == "" || c.submitted {
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelLimit)
	defer stop()
	body, err := json.Marshal(map[string]string{"code": code})
	if err != nil {
		return err
	}
	a, err := c.client.do(ctx, http.MethodPost, c.url("cancel"), "Submit "+c.submit, "application/json", c.language, body)
	if err == nil && a.status/100 != 2 {
		err = a.fault()
	}
	if err != nil {
		return fmt.Errorf("tell portal of the end: %w", err)
	}
	return nil
}
