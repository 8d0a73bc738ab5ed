// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	dialogs "zaver/cardreader/agent/pinentry"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pinentry"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/stage"
	"zaver/softhsm-fixtures/uec"
)

const (
	// firstWalker is the number of the first made-up person that walks here.
	firstWalker = 800_001
	// emptied is more than the card daemon takes to notice that the card is out.
	emptied = 600 * time.Millisecond
)

// walk is one confirmation with its moments.
type walk struct {
	began  time.Time // click on the button, or card in place
	seen   time.Time // the card daemon notices the card; zero for a token
	ready  time.Time // the result's page is loaded
	agents map[string]time.Time
}

// road is a way to confirm that is walked again and again by one person.
type road struct {
	title  string
	method string
	keys   pki.KeyKind // of the token, or of the PIV card
	piv    bool        // a PIV card in a reader instead of a token
	native bool        // through native messaging and the window, instead of loopback and dialogs
}

// log is where the agent writes of this road.
func (r road) log(w *stage.World) string {
	if r.native {
		return w.NativeLog()
	}
	return w.Agent.Log()
}

// roads walks every road and sums up.
func roads(ctx context.Context, o Options, w *stage.World, b *robot.Browser) ([]section, error) {
	var out []section
	for i, r := range []road{
		{title: "Token, P-256", method: "token", keys: pki.P256}, {title: "Token, RSA-2048", method: "token", keys: pki.RSA2048},
		{title: "Card, GOST 256", method: "uec"}, {title: "Token, GOST 256", method: "token", keys: pki.GOST256},
	} {
		s, err := r.measured(ctx, o, w, b, i)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// measured is the road's part of the table, walked by person i.
func (r road) measured(ctx context.Context, o Options, w *stage.World, b *robot.Browser, i int) (section, error) {
	o.say("confirming %d times: %s", o.Rounds, r.title)
	walks, err := r.walks(ctx, o, w, b, people.Numbered(firstWalker+i))
	if err != nil {
		return section{}, fmt.Errorf("%s: %w", r.title, err)
	}
	return section{r.title + ", in the browser", r.rows(walks)}, nil
}

// steps are the agent's, with what lies between a step and the next.
var steps = []struct{ from, to, what string }{
	{"statement", "consent", "agent: fetch and check the statement, list token or card"},
	{"consent", "pin", "agent: show and ask for consent (scripted; without the time to read it)"},
	{"pin", "signing", "agent: ask the PIN (a scripted dialog)"},
	{"signing", "sending", "agent: PIN to CMS"},
	{"sending", "done", "portal: take the CMS, judge, write, answer"},
}

// reading is what a person must take for the dialog of a consent; it is not the program's time. The scripted window needs none.
func (r road) reading() time.Duration {
	if r.native {
		return 0
	}
	return dialogs.Rest
}

func (r road) rows(walks []walk) []row {
	for i := range walks { // as if the question had been read in no time
		for name, at := range walks[i].agents {
			if name != "statement" && name != "device" && name != "consent" {
				walks[i].agents[name] = at.Add(-r.reading())
			}
		}
		walks[i].ready = walks[i].ready.Add(-r.reading())
	}
	took := func(what string, from, to func(walk) time.Time) row {
		var all []time.Duration
		for _, k := range walks {
			if from(k).IsZero() || to(k).IsZero() {
				return row{}
			}
			all = append(all, to(k).Sub(from(k)))
		}
		return spread(what, all)
	}
	began, ready := func(k walk) time.Time { return k.began }, func(k walk) time.Time { return k.ready }
	step := func(name string) func(walk) time.Time { return func(k walk) time.Time { return k.agents[name] } }
	var rows []row
	if r.method == "uec" {
		seen := func(k walk) time.Time { return k.seen }
		whole := took("card in place to result on the page", began, ready)
		rows = append(rows, whole.most(700, whole.p95), took("card daemon notices the card to result on the page", seen, ready),
			took("card in place to card daemon notices (it looks every 400 ms)", began, seen))
	} else {
		whole := took("click, token or card in place, to result on the page", began, ready)
		rows = append(rows, whole.most(700, whole.p95), took("browser: click to the agent at work, its start included", began, step("statement")))
	}
	for _, s := range steps {
		if s.to == "consent" && r.method == "uec" {
			rows = append(rows, took("agent: learn of the card, open and read it", func(k walk) time.Time { return k.seen }, step("consent")))
			continue
		}
		rows = append(rows, took(s.what, step(s.from), step(s.to)))
	}
	rows = append(rows, took("browser: told, and the result's page loaded", step("done"), ready))
	return slices.DeleteFunc(rows, func(r row) bool { return r.what == "" })
}

// walks confirms one account again and again: after each round it is taken back to standard.
func (r road) walks(ctx context.Context, o Options, w *stage.World, b *robot.Browser, p people.Person) ([]walk, error) {
	v, err := b.Open(robot.Options{Origin: w.Origin(), Inbox: w.Inbox})
	if err != nil {
		return nil, err
	}
	defer v.Close()
	if err := v.Become(p); err != nil {
		return nil, err
	}
	secret, err := r.give(ctx, w, p)
	if err != nil {
		return nil, err
	}
	defer w.RemoveCards()
	if err := w.Pinentry.Write(pinentry.Script{Confirm: []string{pinentry.OK}, PIN: []string{secret}}); err != nil {
		return nil, err
	}
	var walks []walk
	for i := range o.Rounds + 1 {
		k, err := r.once(ctx, w, v, p)
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", i, err)
		}
		if i > 0 { // the first one loads and connects
			walks = append(walks, k)
		}
	}
	return walks, nil
}

// give puts the person's device into the computer, but for an identification card, which comes later, and returns its PIN.
func (r road) give(ctx context.Context, w *stage.World, p people.Person) (string, error) {
	if r.method == "uec" {
		return p.PINs.Card2, nil
	}
	if r.piv {
		card, err := w.PIVCard(p, pki.Good, r.keys)
		if err == nil {
			err = errors.Join(w.PlugIn(), w.InsertInto(ctx, 0, card), pause(ctx, emptied))
		}
		return p.PINs.Token, err
	}
	token, err := w.Token(ctx, p, pki.Good, r.keys)
	if err != nil {
		return "", err
	}
	return p.PINs.Token, w.PlugIn(token)
}

func (r road) once(ctx context.Context, w *stage.World, v *robot.Robot, p people.Person) (walk, error) {
	var k walk
	err := v.Do("choose the method", func(ctx context.Context) error {
		if err := v.Go(ctx, "/confirm"); err != nil {
			return err
		}
		return v.Press(ctx, "input[name=method][value="+r.method+"] + label")
	})
	if err != nil {
		return k, err
	}
	var card *noticed
	request := ""
	err = v.Do("confirm", func(ctx context.Context) error {
		if err := v.Click(ctx, "main form button[type=submit]"); err != nil {
			return err
		}
		if found, err := v.AwaitSign(ctx); err != nil || !found {
			return errors.Join(err, errors.New("the page found no agent"))
		}
		// The person decides from here on.
		k.began = time.Now()
		if err := v.Press(ctx, robot.SignButton); err != nil {
			return err
		}
		if r.method == "uec" {
			if err := v.Until(ctx, "document.querySelector('#confirm-steps li[data-step=device].is-now')"); err != nil {
				return err
			}
			if card, err = insert(ctx, w, p); err != nil {
				return err
			}
			k.began = card.inserted
		}
		if err := v.Until(ctx, "document.readyState !== 'loading' && document.querySelector('#confirm-result, #confirm-problem:not([hidden])')"); err != nil {
			return err
		}
		path, err := v.Path()
		if err != nil {
			return err
		}
		var ok bool
		if request, ok = strings.CutSuffix(strings.TrimPrefix(path, "/confirm/"), "/result"); !ok {
			text, _ := v.Text() // only to say more
			return fmt.Errorf("no result: %s", text)
		}
		k.ready, err = v.Ready()
		return err
	})
	if err != nil {
		return k, err
	}
	if card != nil {
		k.seen = time.Unix(0, card.at.Load())
		w.RemoveCard()
		if err := pause(ctx, emptied); err != nil {
			return k, err
		}
	}
	if level, err := w.Level(ctx, request); err != nil || level != "confirmed" {
		return k, fmt.Errorf("confirmation %s left level %q: %w", request, level, err)
	}
	if k.agents, err = endedSteps(ctx, r.log(w), request); err != nil {
		return k, err
	}
	_, err = w.Query(ctx, standardAgain)
	return k, err
}

// standardAgain takes people back to standard, as if their starts were hours ago: an account may start only so many.
const standardAgain = "UPDATE accounts SET level = 'standard' WHERE level = 'confirmed'; UPDATE confirmations SET created_at = created_at - interval '2 hours'"

// noticed is a card that remembers when the card daemon first asked for its ATR.
type noticed struct {
	*uec.Card
	inserted time.Time
	at       atomic.Int64
}

// ATR tells the answer to reset, and notes when.
func (n *noticed) ATR() []byte {
	n.at.CompareAndSwap(0, time.Now().UnixNano())
	return n.Card.ATR()
}

// insert waits until a hand could have changed the cards, and puts one in.
func insert(ctx context.Context, w *stage.World, p people.Person) (*noticed, error) {
	c, err := w.Card(p, pki.Good)
	if err != nil {
		return nil, err
	}
	n := &noticed{Card: c}
	if err := w.Reader(0).Insert(ctx, n); err != nil {
		return nil, fmt.Errorf("insert card: %w", err)
	}
	n.inserted = time.Now()
	return n, nil
}

// endedSteps waits for the end of a request in the agent's log: the browser may show the result first.
func endedSteps(ctx context.Context, log, request string) (map[string]time.Time, error) {
	for began := time.Now(); ; {
		steps, err := agentSteps(log, request)
		if err == nil || time.Since(began) > 5*time.Second {
			return steps, err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// agentSteps reads from the agent's log when each step of a request began; the
// last of a name counts.
func agentSteps(log, request string) (map[string]time.Time, error) {
	b, err := os.ReadFile(log)
	if err != nil {
		return nil, fmt.Errorf("read agent's log: %w", err)
	}
	found := map[string]time.Time{}
	for line := range strings.Lines(string(b)) {
		if !strings.Contains(line, "request="+request) {
			continue
		}
		fields := map[string]string{}
		for _, f := range strings.Fields(line) {
			if name, value, ok := strings.Cut(f, "="); ok {
				fields[name] = value
			}
		}
		if fields["step"] == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, fields["time"])
		if err != nil {
			return nil, fmt.Errorf("read agent's log: %w", err)
		}
		found[fields["step"]] = at
	}
	if found["done"].IsZero() {
		return nil, fmt.Errorf("read agent's log: it has no end of %s", request)
	}
	return found, nil
}
