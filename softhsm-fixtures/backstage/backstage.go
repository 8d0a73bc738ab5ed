// SPDX-License-Identifier: Apache-2.0

// Package backstage alone owns the demo's page behind the scenes: all data of
// the made-up people, to be copied into forms, and buttons that change the
// world: another token, no card, a register that is down, a list of accredited
// centres that strikes ours off. It is served beside the inbox, to this computer's own pages only.
package backstage

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"sync"
	"time"

	"zaver/softhsm-fixtures/mint"
	"zaver/softhsm-fixtures/mischief"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/stage"
)

// Path is where the page lies beside the inbox.
const Path = "/backstage"

//go:embed page.html
var source string

var page = template.Must(template.New("backstage").Funcs(template.FuncMap{
	"day": func(t time.Time) string { return t.Format("02.01.2006") },
	"sex": Sex, "about": about,
}).Parse(source))

// Sex is the word that the form has for it.
func Sex(p people.Person) string {
	if p.Gender == people.Female {
		return "женский"
	}
	return "мужской"
}

// about says in Russian what a person is for; the people's own words for it are English.
func about(p people.Person) string {
	if words, ok := map[string]string{
		people.TokenHolder().Key:     "её знают все реестры; подтверждает личность токеном",
		people.CardHolder().Key:      "его знают все реестры, в имени буква ё; подтверждает личность картой УЭК",
		people.Entrepreneur().Key:    "предприниматель с двойной фамилией",
		people.Head().Key:            "руководитель организации",
		people.SNILSRefused().Key:    "его СНИЛС не подтверждает Социальный фонд",
		people.PassportRefused().Key: "её паспорт МВД считает недействительным",
		people.Stranger().Key:        "без отчества; её сертификат предъявляют за других",
	}[p.Key]; ok {
		return words
	}
	return p.About
}

// limit bounds the making of a token, which runs several programs.
const limit = 30 * time.Second

// service is an emulator that can be switched off: it answers with the
// temporary error of its protocol.
type service struct {
	Name  string // in forms
	Title string
	Down  bool
	set   func(down bool)
}

type view struct {
	People   []people.Person
	Variants []variant
	Keys     []keys
	Tokens   []plugged
	Card     string // whose is in the reader, "" nobody's
	List     list
	Proofs   []proof
	Pavel    string // whose card is offered first
	Origin   string
	Services []service
	Path     string
}

// plugged is a token in the computer, in words.
type plugged struct{ Holder, Keys, Variant string }

// variant is what is right or wrong with a certificate, in words.
type variant struct{ pki.Variant }

// Title says it as people do.
func (v variant) Title() string {
	switch v.Variant {
	case pki.Good:
		return "в порядке"
	case pki.Expired:
		return "истёк вчера"
	case pki.NotYetValid:
		return "действует с завтрашнего дня"
	case pki.Revoked:
		return "отозван час назад"
	case pki.WrongUsage:
		return "не для подписи"
	case pki.WrongSubject:
		return "с чужим СНИЛС"
	case pki.NotAccredited:
		return "выдан неаккредитованным центром"
	case pki.NotQualified:
		return "неквалифицированный"
	default:
		return string(v.Variant)
	}
}

func variants() []variant {
	var out []variant
	for _, v := range pki.Variants() {
		out = append(out, variant{v})
	}
	return out
}

// keys is a kind of token key on the page; the first is the usual one.
type keys struct{ pki.KeyKind }

// Title names the kind as people do.
func (k keys) Title() string { return keyTitle(k.String()) }

func keyTitle(kind string) string {
	switch kind {
	case pki.GOST256.String(), string(mint.GOST256A):
		return "ГОСТ Р 34.10-2012, 256 бит"
	case pki.GOST512.String(), string(mint.GOST512A):
		return "ГОСТ Р 34.10-2012, 512 бит"
	case pki.RSA2048.String():
		return "RSA 2048"
	case pki.P256.String():
		return "ECDSA P-256"
	default:
		return kind
	}
}

func keyKinds() []keys { return []keys{{pki.GOST256}, {pki.GOST512}, {pki.P256}, {pki.RSA2048}} }

// desk is the page over one world.
type desk struct {
	w *stage.World

	turn            sync.Mutex // one request at a time
	services        []*service
	condition       string // of the list of centres
	refused, advice string // how its last renewal ended
}

// Pages adds the page to the server of the inbox; it fits stage.Config.Pages.
func Pages(w *stage.World, mux *http.ServeMux) {
	d := &desk{w: w, condition: conditions()[0].Name}
	protection := http.NewCrossOriginProtection()
	mux.HandleFunc("GET "+Path, d.show)
	mux.HandleFunc("GET "+Path+"/evidence/{request}", d.archive)
	mux.HandleFunc("GET "+Path+"/report/{request}", d.report)
	mux.Handle("POST "+Path, protection.Handler(http.HandlerFunc(d.change)))
}

// switches are made when first needed: the emulators start after the page.
func (d *desk) switches() []*service {
	if d.services != nil {
		return d.services
	}
	control := func(c *mischief.Control) func(bool) {
		return func(down bool) {
			if down {
				c.Set(mischief.Fail, mischief.Forever)
			} else {
				c.Set(mischief.Behave, 0)
			}
		}
	}
	w := d.w
	d.services = []*service{
		{Name: "registers", Title: "Шина реестров", set: control(&w.Registers.Door)},
		{Name: "sms", Title: "SMS-центр", set: control(&w.SMS.Control)},
		{Name: "mail", Title: "Почта", set: control(&w.Mail.Control)},
		{Name: "revocation", Title: "Сведения об отзыве (OCSP и CRL)", set: func(down bool) {
			for _, a := range w.PKI.Authorities() {
				a.SetFault(pki.OCSP, pki.None)
				a.SetFault(pki.CRL, pki.None)
				if down {
					a.SetFault(pki.OCSP, pki.Fail)
					a.SetFault(pki.CRL, pki.Fail)
				}
			}
		}},
		{Name: "timestamps", Title: "Служба штампов времени", set: func(down bool) {
			f := pki.None
			if down {
				f = pki.Fail
			}
			w.PKI.SetFault(pki.TSA, f)
		}},
	}
	return d.services
}

func (d *desk) show(rw http.ResponseWriter, r *http.Request) {
	d.turn.Lock()
	defer d.turn.Unlock()
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	v := view{People: people.All(), Variants: variants(), Keys: keyKinds(), List: d.list(ctx), Proofs: d.proofs(ctx),
		Pavel: people.CardHolder().Key, Origin: d.w.Origin(), Path: Path}
	if p, ok := people.ByKey(d.w.CardIn()); ok {
		v.Card = p.FullName()
	}
	for _, t := range d.w.Plugged() {
		v.Tokens = append(v.Tokens, plugged{t.Person.FullName(), keyTitle(t.Keys), variant{t.Variant}.Title()})
	}
	for _, s := range d.switches() {
		v.Services = append(v.Services, *s)
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
	_ = page.Execute(rw, v) // the reader has gone
}

func (d *desk) change(rw http.ResponseWriter, r *http.Request) {
	d.turn.Lock()
	defer d.turn.Unlock()
	r.Body = http.MaxBytesReader(rw, r.Body, 1<<14)
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	if err := d.act(ctx, r); err != nil {
		http.Error(rw, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	http.Redirect(rw, r, Path, http.StatusSeeOther)
}

// act carries out one button.
func (d *desk) act(ctx context.Context, r *http.Request) error {
	switch r.PostFormValue("action") {
	case "token":
		p, ok := people.ByKey(r.PostFormValue("person"))
		v := pki.Variant(r.PostFormValue("variant"))
		kind := slices.IndexFunc(keyKinds(), func(k keys) bool { return k.String() == r.PostFormValue("keys") })
		if !ok || !slices.Contains(pki.Variants(), v) || kind < 0 {
			return errors.New("no such token")
		}
		t, err := d.w.Token(ctx, p, v, keyKinds()[kind].KeyKind)
		if err != nil {
			return err
		}
		return d.w.PlugIn(t)
	case "no-token":
		return d.w.PlugIn()
	case "card":
		p, ok := people.ByKey(r.PostFormValue("person"))
		if !ok {
			return errors.New("no such card")
		}
		_, err := d.w.InsertCard(ctx, p)
		return err
	case "no-card":
		d.w.RemoveCard()
		return nil
	case "list":
		return d.publish(ctx, r.PostFormValue("condition"))
	case "switch":
		for _, s := range d.switches() {
			if s.Name == r.PostFormValue("service") {
				s.Down = !s.Down
				s.set(s.Down)
				return nil
			}
		}
		return errors.New("no such service")
	default:
		return errors.New("no such button")
	}
}
