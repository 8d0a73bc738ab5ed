// SPDX-License-Identifier: Apache-2.0

package confirm

import (
	"fmt"
	"time"

	"zaver/portal/account"
	"zaver/portal/audit"
	"zaver/portal/evidence"
	"zaver/portal/method"
	"zaver/portal/notice"
	"zaver/portal/policy"
	"zaver/portal/validate"
)

// AuditKind is the kind of the audit records that this package writes.
const AuditKind = "confirmation"

// Templates of the notices that tell of an outcome. Their arguments are "method",
// "request" and, for a refusal, "code".
const (
	NoticeConfirmed = "notice.confirmed"
	NoticeRefused   = "notice.confirm_refused"
)

// judgement is everything that is known once a response was judged.
type judgement struct {
	c        Confirmation
	m        method.Method
	subject  account.Subject
	outcome  validate.Outcome
	decision policy.Decision
	answer   Answer
	at       time.Time
}

// effect lays out everything that the judgement changes.
func (s *Service) effect(j judgement) (Effect, error) {
	e := Effect{
		Request: j.c.Request, Lease: j.c.Lease, To: Refused, Codes: j.decision.Codes(), Reasons: j.decision.Reasons, Now: s.c.Now().UTC(),
		Account: j.c.Account, Method: j.m.ID, TrustSet: j.outcome.TrustSet(),
	}
	level := ""
	if j.decision.Raises {
		e.To, e.Raise, e.From, e.ToLevel = Confirmed, true, j.subject.Level, j.decision.Level
		level = e.ToLevel.String()
	}
	bundle, err := s.bundle(j, e, level)
	if err != nil {
		return Effect{}, err
	}
	if e.Parts, err = bundle.Parts(); err != nil {
		return Effect{}, fmt.Errorf("lay out evidence: %w", err)
	}
	e.EvidenceDigest = evidence.Digest(e.Parts)
	s.tell(&e, j.c, j.subject, j.answer.Client)
	return e, nil
}

// bundle gathers the evidence of a judgement.
func (s *Service) bundle(j judgement, e Effect, level string) (evidence.Bundle, error) {
	b := evidence.Bundle{
		Decision: evidence.Decision{
			Request: j.c.Request, Account: string(j.c.Account), Method: string(j.m.ID), State: string(e.To), Level: level,
			Codes: e.Codes, Holder: j.outcome.HolderKind(), Judged: j.at, TrustSet: e.TrustSet, StatementKey: s.c.Key.Public,
		},
		Statement: j.c.Statement, CMS: j.answer.DER, LongTerm: j.outcome.LongTerm,
	}
	b.Path, b.Anchored = j.outcome.Path()
	b.Revocations = j.outcome.Answers()
	var err error
	b.Report, err = j.outcome.ReportJSON()
	return b, err
}

// tell adds what the log, the journal and the person are told of the outcome.
func (s *Service) tell(e *Effect, c Confirmation, a account.Subject, client account.Client) {
	e.Audit = audit.Event{
		Time: e.Now, Kind: AuditKind, Account: string(c.Account), Object: c.Request,
		Outcome: string(e.To), Codes: e.Codes, Evidence: e.EvidenceDigest,
	}
	e.Event = account.Event{Account: c.Account, At: e.Now, Kind: account.EventRefused, Client: client, Detail: string(c.Method)}
	n := notice.Notice{
		Account: c.Account, Template: NoticeRefused, Lang: c.Lang,
		Args: map[string]string{"method": string(c.Method), "request": c.Request},
	}
	if e.To == Confirmed {
		e.Event.Kind, n.Template = account.EventConfirmed, NoticeConfirmed
	} else if len(e.Codes) > 0 {
		n.Args["code"] = e.Codes[0]
		e.Event.Detail = e.Codes[0]
	}
	// Every known contact hears of it: whoever did this may not be its owner.
	for ch, to := range map[notice.Channel]string{notice.SMS: a.Phone, notice.Email: a.Email} {
		if to == "" {
			continue
		}
		n := n
		n.Channel, n.To, n.Key = ch, to, "confirm:"+c.Request+":"+string(ch)
		e.Notices = append(e.Notices, n)
	}
}
