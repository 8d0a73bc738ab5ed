// SPDX-License-Identifier: Apache-2.0

package killed

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
)

// step is a line of the agent's answer.
type step struct {
	Step  string   `json:"step"`
	State string   `json:"state"`
	Codes []string `json:"codes"`
	Code  string   `json:"code"`
}

// confirm begins a confirmation and sees it to its end; one that came to nothing
// because the portal died is followed by a new one.
func (k *walker) confirm(ctx context.Context) (bool, error) {
	rungs, err := k.level(ctx)
	if err != nil || rungs == 3 {
		return err == nil, err
	}
	if k.told != "" {
		return false, fmt.Errorf("confirmation %s was called confirmed, the account shows %d levels", k.told, rungs)
	}
	p, err := k.post(ctx, "/confirm", "method", k.method)
	if err != nil {
		return false, err
	}
	request, ok := strings.CutPrefix(p.path, "/confirm/")
	if !ok {
		return false, k.expect(ctx, p) // busy or conflict: later
	}
	k.requests = append(k.requests, request)
	ticket := p.attribute("data-ticket=")
	if ticket == "" {
		return false, fmt.Errorf("no ticket on %s", p)
	}
	end, err := k.sign(ctx, request, ticket)
	if err != nil {
		return false, err
	}
	k.note("%s: the agent ends %s with %+v", k.who.Key, request, end)
	if end.State == "confirmed" {
		k.told = request
	}
	return false, k.until(ctx, func(ctx context.Context) (bool, error) { return k.result(ctx, request, end) })
}

// sign sits down at the computer with token or card, and has the agent sign.
func (k *walker) sign(ctx context.Context, request, ticket string) (step, error) {
	k.w.seat.Lock()
	defer k.w.seat.Unlock()
	secret := k.who.PINs.Token
	if k.method == "token" {
		t, err := k.w.Token(ctx, k.who, pki.Good, 0)
		if err != nil {
			return step{}, err
		}
		if err := k.w.PlugIn(t); err != nil {
			return step{}, err
		}
	} else {
		if _, err := k.w.InsertCard(ctx, k.who); err != nil {
			return step{}, err
		}
		defer k.w.RemoveCard()
		secret = k.who.PINs.Card2
	}
	if err := k.w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{secret}}); err != nil {
		return step{}, err
	}
	return k.askAgent(ctx, request, ticket)
}

// askAgent hands the request over as the page's script does, and reads to the last line.
func (k *walker) askAgent(ctx context.Context, request, ticket string) (last step, err error) {
	body, err := json.Marshal(map[string]string{"origin": k.origin, "request": request, "ticket": ticket, "method": k.method, "lang": "ru"})
	if err != nil {
		return step{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, k.w.AgentURL()+"/v1/confirm", bytes.NewReader(body))
	if err != nil {
		return step{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", k.origin)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return step{}, fmt.Errorf("ask the agent: %w", err)
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			return step{}, fmt.Errorf("read the agent's answer %q: %w", lines.Text(), err)
		}
		if last.Step == "signing" {
			k.enter("signing")
		}
	}
	if last.Step != "done" && last.Step != "failed" {
		return step{}, fmt.Errorf("ask the agent: status %d, %+v", answer.StatusCode, last)
	}
	return last, nil
}

// result reads the result's page. Where the agent gave up there may be none:
// then the person begins anew.
func (k *walker) result(ctx context.Context, request string, end step) (bool, error) {
	p, err := k.get(ctx, "/confirm/"+request)
	if err != nil {
		return false, err
	}
	if !strings.HasSuffix(p.path, "/result") {
		switch {
		case end.Step != "failed":
			return false, fmt.Errorf("the agent was told %+v, the portal shows %s", end, p)
		case strings.Contains(p.body, `id="confirm"`):
			return true, nil
		}
		return false, k.expect(ctx, p)
	}
	state := p.attribute("data-result=")
	if end.State != "" && state != end.State {
		return false, fmt.Errorf("the agent was told %q, the portal shows %s", end.State, p)
	}
	switch state {
	case "confirmed":
		k.told = request
	case "refused":
		return false, fmt.Errorf("the portal refused: %s", p)
	case "":
		return false, errors.New("no result on " + p.String())
	}
	return true, nil
}
