// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"slices"
	"sync"
	"time"

	"zaver/signature/challenge"
)

// sort puts usable credentials first, among them those of the person whom the statement names, and marks the
// others with the reason. The certificate alone is looked at: chain, revocation and accreditation are the portal's to judge.
// One whose PIN alone is in the way, and can be put right here, is usable and keeps its Code.
func (a *asked) sort(ctx context.Context, all []Credential) (usable, unusable []Credential) {
	states := sync.OnceValue(func() []PINState { return a.pinStates(ctx) }) // however many certificates stand behind one blocked PIN
	for _, c := range all {
		c.Code = a.obstacle(c)
		_, _, mendable := a.mendable(c, states)
		if c.Code == "" || mendable {
			usable = append(usable, c)
		} else {
			unusable = append(unusable, c)
		}
	}
	slices.SortStableFunc(usable, func(x, y Credential) int {
		return rank(x, a.statement) - rank(y, a.statement)
	})
	return usable, unusable
}

// obstacle is why one credential can't be used now, "" when it can.
func (a *asked) obstacle(c Credential) string {
	if c.Code != "" {
		return c.Code
	}
	return unusableCode(c, a.request.Method, a.agent.cfg.Now())
}

func rank(c Credential, st challenge.Statement) int {
	switch {
	case otherPerson(c, st):
		return 2
	case c.Code != "":
		return 1
	}
	return 0
}

// otherPerson reports a certificate that names a SNILS other than the statement's.
func otherPerson(c Credential, st challenge.Statement) bool {
	snils := c.Certificate.Holder().SNILS
	return st.SNILS != "" && snils != "" && snils != st.SNILS
}

// unusableCode says why a credential can't sign a statement at a moment, "" when it can.
func unusableCode(c Credential, m Method, at time.Time) string {
	kind := "token."
	if m == MethodUEC {
		kind = "card."
	}
	if c.Certificate == nil {
		return kind + "no_certificate"
	}
	if o := c.Certificate.Obstacle(at); o != "" {
		return kind + string(o)
	}
	if c.Tries.Blocked() {
		return codePINBlocked
	}
	return ""
}

// noneUsable is the code that explains best why nothing can be offered: a state of the carrier that the person can
// mend comes before the faults of certificates, and those that once worked before those that never could.
func noneUsable(unusable []Credential, m Method) string {
	for _, code := range []string{codePINBlocked, "pin.not_initialised", "pin.must_change", "card.expired",
		"token.cert_expired", "card.cert_expired", "token.key_expired", "card.key_expired", "token.cert_not_yet", "card.cert_not_yet",
		"token.cert_legacy", "card.cert_legacy"} {
		if slices.ContainsFunc(unusable, func(c Credential) bool { return c.Code == code }) {
			return code
		}
	}
	if len(unusable) > 0 {
		return unusable[0].Code
	}
	if m == MethodUEC {
		return codeCardNone
	}
	return codeTokenNone
}
