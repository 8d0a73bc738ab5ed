// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"testing"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/words"
	"zaver/portal/account"
	"zaver/portal/confirm"
	"zaver/portal/fault"
	"zaver/portal/httpapi"
	"zaver/portal/method"
	"zaver/portal/password"
	"zaver/portal/policy"
	"zaver/portal/profile"
	"zaver/portal/register"
	"zaver/portal/registry"
	"zaver/portal/session"
	"zaver/portal/text"
	"zaver/portal/trustlist"
	"zaver/signature/cert"
	"zaver/signature/chain"
	"zaver/signature/challenge"
	"zaver/signature/cms"
	"zaver/signature/ident"
	"zaver/signature/pin"
	"zaver/signature/revocation"
	"zaver/signature/token"
	"zaver/signature/trust"
	"zaver/signature/verify"
	"zaver/signature/xmldsig"
)

// C9: whatever code reaches a person, there are words that say what happened
// and what to do, in every language.
func TestEveryCodeHasWords(t *testing.T) {
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string][]string{
		"agent": agent.Codes(), "verify": verify.Codes(), "policy": policy.Codes(),
		"httpapi": names(httpapi.Codes()), "register": names(register.Codes()), "profile": names(profile.Codes()),
		"password": names(password.Codes()), "session": names(session.Codes()),
		"fault":    names([]fault.Code{fault.Internal, fault.Busy, fault.Limited, fault.NotFound, fault.Conflict}),
		"confirm":  names(confirm.Codes()),
		"registry": names(registry.Codes()),
		"ident":    ident.Codes(), "cms": cms.Codes(), "chain": chain.Codes(), "revocation": revocation.Codes(), "cert": cert.Codes(),
		"xmldsig": xmldsig.Codes(), "trust": trust.Codes(), "trustlist": trustlist.Codes(),
		"token": token.Codes(), "pin": pin.Codes(), "challenge": challenge.Codes(),
		// Codes that the page itself finds.
		"page": {"agent.not_running", "agent.blocked", "agent.protocol", "agent.version", "agent.forbidden", "agent.no_extension",
			"agent.not_installed", "agent.ended", "agent.unpermitted", "agent.gesture"},
	}
	for from, list := range codes {
		if len(list) == 0 {
			t.Errorf("%s lists no codes", from)
		}
		for _, code := range list {
			for _, lang := range text.Languages() {
				for _, id := range []string{code, code + ".do"} {
					if !texts.Has(lang, id) {
						t.Errorf("%s: %s has no words in %s", from, id, lang)
					}
				}
			}
		}
	}
}

// The agent's window and the portal's page speak of one failure with the same words: a person who reads both reads one thing.
func TestWindowAndPageSayTheSame(t *testing.T) {
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range agent.Codes() {
		for _, lang := range text.Languages() {
			what, todo := words.Failure(words.Language(lang), code)
			if pageWhat, pageDo := texts.Code(lang, code, nil); pageWhat != what || pageDo != todo {
				t.Errorf("%s in %s: the page says %q %q, the window %q %q", code, lang, pageWhat, pageDo, what, todo)
			}
		}
	}
}

func TestEveryMethodAndEventHasWords(t *testing.T) {
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range method.All() {
		ids = append(ids, "method."+string(m.ID), "method."+string(m.ID)+".hint", "detail."+string(m.ID))
	}
	for _, kind := range []account.EventKind{account.EventRegistered, account.EventSignedIn, account.EventSignInFailed, account.EventSignedOut, account.EventSessionEnded,
		account.EventDataSent, account.EventLevel, account.EventConfirmStart, account.EventConfirmed, account.EventRefused, account.EventCancelled, account.EventContactTried} {
		ids = append(ids, string(kind))
	}
	for _, level := range account.Levels() {
		ids = append(ids, "level."+level.String(), "detail."+level.String())
	}
	for _, field := range []profile.Step{profile.StepPerson, profile.StepPassport, profile.StepSNILS} {
		for _, name := range field.Fields() {
			ids = append(ids, "field."+name)
		}
	}
	for _, state := range confirm.States() {
		ids = append(ids, "result."+string(state))
	}
	for _, kind := range []registry.Kind{registry.SNILS, registry.Passport, registry.INN} {
		ids = append(ids, "check."+string(kind), "check."+string(kind)+".who")
	}
	for _, notice := range []string{register.CodeNotice, register.TakenNotice, confirm.NoticeConfirmed, confirm.NoticeRefused,
		"notice.checks_passed", "notice.checks_failed", "notice.checks_stopped"} {
		ids = append(ids, notice+".sms", notice+".subject", notice+".email")
	}
	for _, id := range ids {
		for _, lang := range text.Languages() {
			if !texts.Has(lang, id) {
				t.Errorf("%s has no words in %s", id, lang)
			}
		}
	}
}

func names(codes []fault.Code) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = string(c)
	}
	return out
}
