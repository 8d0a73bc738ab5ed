// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"zaver/portal/registry/smev"
	"zaver/signature/ident"
	"zaver/softhsm-fixtures/mischief"
	"zaver/softhsm-fixtures/people"
	"zaver/softhsm-fixtures/registers"
)

// memory keeps checks as the database does: every change is conditional.
type memory struct {
	checks    map[string]*Check
	questions map[string]Question
	outcomes  map[string]Outcome
	failEnd   error
}

func (m *memory) Open(_ context.Context, id string) (Check, Question, bool, error) {
	c := m.checks[id]
	if c == nil || c.State.Ended() {
		return Check{}, Question{}, false, nil
	}
	return *c, m.questions[id], true, nil
}

func (m *memory) Sent(_ context.Context, id string) error {
	if c := m.checks[id]; c != nil && c.State == Waiting {
		c.State = Running
	}
	return nil
}

func (m *memory) End(_ context.Context, id string, kind Kind, o Outcome) error {
	if m.failEnd != nil {
		return m.failEnd
	}
	if c := m.checks[id]; c != nil && !c.State.Ended() && (kind == "" || kind == c.Kind) {
		c.State = Failed
		if o.Passed {
			c.State = Passed
		}
		m.outcomes[id] = o
	}
	return nil
}

func question(t *testing.T, p people.Person) Question {
	t.Helper()
	snils, err := ident.ParseSNILS(p.SNILS)
	if err != nil {
		t.Fatal(err)
	}
	return Question{Name: ident.PersonName{Surname: p.Surname, Given: p.Given, Patronymic: p.Patronymic}, Male: p.Gender == people.Male,
		BirthDate: p.BirthDate, BirthPlace: p.BirthPlace, SNILS: snils, Passport: ident.Passport{Series: p.Passport.Series, Number: p.Passport.Number},
		Issued: p.Passport.Issued, Division: ident.DivisionCode(p.Passport.Division)}
}

func rig(t *testing.T) (*Service, *memory, *registers.Bus) {
	t.Helper()
	bus, err := registers.Start(registers.Config{Address: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close() })
	m := &memory{checks: map[string]*Check{}, questions: map[string]Question{}, outcomes: map[string]Outcome{}}
	return New(m, smev.New(smev.Config{URL: bus.URL(), HTTP: http.DefaultClient, Timeout: time.Minute})), m, bus
}

func (m *memory) add(id string, kind Kind, q Question) {
	m.checks[id] = &Check{ID: id, Kind: kind, State: Waiting}
	m.questions[id] = q
}

func TestRegistersAnswerAboutEveryField(t *testing.T) {
	good := people.TokenHolder()
	cases := []struct {
		name   string
		kind   Kind
		change func(*Question)
		want   Outcome
	}{
		{"snils good", SNILS, func(*Question) {}, Outcome{Passed: true}},
		{"snils of another", SNILS, func(q *Question) { q.SNILS = ident.SNILS(people.CardHolder().SNILS) }, Outcome{Reason: Mismatch, Field: "snils"}},
		{"snils, other sex", SNILS, func(q *Question) { q.Male = !q.Male }, Outcome{Reason: Mismatch, Field: "snils"}},
		{"passport good", Passport, func(*Question) {}, Outcome{Passed: true}},
		{"passport unknown", Passport, func(q *Question) { q.Passport.Number = "000000" }, Outcome{Reason: NotFound, Field: "passport_number"}},
		{"passport, other name", Passport, func(q *Question) { q.Name.Surname = "Другой" }, Outcome{Reason: Mismatch, Field: "surname"}},
		{"passport, other birth date", Passport, func(q *Question) { q.BirthDate = q.BirthDate.AddDate(0, 0, 1) }, Outcome{Reason: Mismatch, Field: "birth_date"}},
		{"passport, other issue date", Passport, func(q *Question) { q.Issued = q.Issued.AddDate(0, 0, 1) }, Outcome{Reason: Mismatch, Field: "passport_issued"}},
		{"passport, other division", Passport, func(q *Question) { q.Division = "999999" }, Outcome{Reason: Mismatch, Field: "division_code"}},
		{"inn found", INN, func(*Question) {}, Outcome{Passed: true, INN: ident.INN(good.INN)}},
		{"inn not found", INN, func(q *Question) { q.Passport.Number = "000000" }, Outcome{Reason: NotFound}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			service, m, _ := rig(t)
			q := question(t, good)
			c.change(&q)
			m.add("id-1", c.kind, q)
			if err := service.Send(context.Background(), "id-1"); err != nil {
				t.Fatal(err)
			}
			if m.checks["id-1"].State != Running {
				t.Fatalf("state %s after sending", m.checks["id-1"].State)
			}
			if err := service.Collect(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := m.outcomes["id-1"]; got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestRegistersThatSayNo(t *testing.T) {
	for _, c := range []struct {
		p    people.Person
		kind Kind
		want Outcome
	}{
		{people.SNILSRefused(), SNILS, Outcome{Reason: Mismatch, Field: "snils"}},
		{people.PassportRefused(), Passport, Outcome{Reason: Invalid, Field: "passport_number"}},
	} {
		service, m, _ := rig(t)
		m.add("id-1", c.kind, question(t, c.p))
		if err := errors.Join(service.Send(context.Background(), "id-1"), service.Collect(context.Background())); err != nil {
			t.Fatal(err)
		}
		if got := m.outcomes["id-1"]; got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.kind, got, c.want)
		}
	}
}

func TestTroubleKeepsTheCheckWaiting(t *testing.T) {
	service, m, bus := rig(t)
	m.add("id-1", SNILS, question(t, people.TokenHolder()))
	bus.SNILS.Set(mischief.Fail, 1)
	if err := service.Send(context.Background(), "id-1"); !errors.Is(err, smev.ErrUnavailable) {
		t.Fatalf("register down: %v", err)
	}
	bus.Door.Set(mischief.Fail, 1)
	if err := service.Send(context.Background(), "id-1"); !errors.Is(err, smev.ErrUnavailable) {
		t.Fatalf("bus down: %v", err)
	}
	if m.checks["id-1"].State != Waiting {
		t.Fatalf("state %s", m.checks["id-1"].State)
	}
	for range 3 { // sending again is harmless
		m.checks["id-1"].State = Waiting
		if err := service.Send(context.Background(), "id-1"); err != nil {
			t.Fatal(err)
		}
	}
	if n := bus.Asked("SnilsValidationRequest"); n != 1 {
		t.Errorf("the register was asked %d times", n)
	}
}

func TestRefusedRequestEnds(t *testing.T) {
	service, m, bus := rig(t)
	m.add("id-1", SNILS, question(t, people.TokenHolder()))
	bus.Door.Set(mischief.Refuse, 1)
	if err := service.Send(context.Background(), "id-1"); err == nil {
		t.Error("a refusal left no error for the log")
	}
	if got := m.outcomes["id-1"]; got.Reason != Unprocessed {
		t.Errorf("got %+v", got)
	}
}

func TestAnswerIsKeptBeforeItIsAcknowledged(t *testing.T) {
	service, m, _ := rig(t)
	m.add("id-1", SNILS, question(t, people.TokenHolder()))
	if err := service.Send(context.Background(), "id-1"); err != nil {
		t.Fatal(err)
	}
	m.failEnd = errors.New("database gone")
	if err := service.Collect(context.Background()); err == nil {
		t.Fatal("an answer that could not be kept gave no error")
	}
	m.failEnd = nil
	deadline := time.After(time.Minute)
	for m.checks["id-1"].State != Passed { // the bus gives it again after its lease
		if err := service.Collect(context.Background()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-deadline:
			t.Fatal("the answer was lost")
		default:
		}
	}
}

func TestGiveUp(t *testing.T) {
	service, m, _ := rig(t)
	m.add("id-1", Passport, question(t, people.TokenHolder()))
	if err := service.GiveUp(context.Background(), "id-1"); err != nil || m.outcomes["id-1"].Reason != TimedOut {
		t.Errorf("%v %+v", err, m.outcomes["id-1"])
	}
}

func TestStanding(t *testing.T) {
	cases := []struct {
		snils, passport State
		standard, ended bool
	}{
		{Passed, Passed, true, true}, {Passed, Failed, false, true}, {Failed, Passed, false, true}, {Failed, Failed, false, true},
		{Passed, Running, false, false}, {Waiting, Passed, false, false}, {Running, Failed, false, false}, {"", Passed, false, false},
	}
	for _, c := range cases {
		standard, ended := Standing(map[Kind]State{SNILS: c.snils, Passport: c.passport, INN: Passed})
		if standard != c.standard || ended != c.ended {
			t.Errorf("%s, %s: standard %t ended %t", c.snils, c.passport, standard, ended)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("snils", []byte(`<SnilsValidationResponse xmlns="http://kvs.pfr.com/snils-validation/1.0.1"><Result>true</Result></SnilsValidationResponse>`))
	f.Add("passport", []byte(`<PassportValidityResponse xmlns="urn://ru/mvd/sovm/p002b/1.0.0"><Status>VALID</Status></PassportValidityResponse>`))
	f.Add("inn", []byte(`<FNSINNSingularResponse xmlns="urn://x-artefacts-fns-inn-singular/root/270-18/4.0.1" ИННФЛ="500100732259"/>`))
	f.Fuzz(func(t *testing.T, kind string, content []byte) {
		o, err := read(Kind(kind), content)
		if err == nil && !o.Passed && o.Reason == "" {
			t.Errorf("neither passed nor failed: %+v", o)
		}
	})
}
