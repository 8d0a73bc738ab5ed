// SPDX-License-Identifier: Apache-2.0

package doctor

import "slices"

// absences are faults only for somebody who has nothing else to confirm with. A driver that merely refuses to begin is one of
// them: registries name drivers of hardware that isn't there.
var absences = []string{CodeServiceMissing, CodeReaderNone, CodeCardNone, CodeCardUnknown, CodeCardNoCertificate, CodeModuleNone, CodeModuleFailed, CodeTokenNone,
	CodeTokenNoCertificate, CodeTokenCryptoPro, CodeCertificateExpired, CodeCertificateNotYet, CodeCertificateKeyExpired, CodeCertificateUsage,
	CodeCertificateUnsupported, CodeCertificateMalformed}

// settle weighs what the checks could not know of each other; the caller holds the lock.
func (u *checkup) settle() {
	u.forgiveTokensInReaders()
	var service, reader bool
	for _, l := range u.lines {
		service = service || l.Area == AreaService && l.State == Fault
		reader = reader || l.Code == CodeReaderNone
	}
	for i, l := range u.lines {
		if l.State != Fault {
			continue
		}
		switch {
		case u.usable && slices.Contains(absences, l.Code):
			u.lines[i].State = Warning
		case l.Code == CodeTokenNone && (service || reader):
			// A token is a reader to the system: it is named by the cause.
			u.lines[i] = newLine(u.cfg.Language, "doctor.token.skipped", Skipped, "")
		}
	}
}

// forgiveTokensInReaders takes back what was said of unknown cards where a driver found as many tokens: a token shows
// itself to the smart-card service as a reader with a card.
func (u *checkup) forgiveTokensInReaders() {
	if u.unknown == 0 || u.equipment.Tokens < u.unknown {
		return
	}
	kept := u.lines[:0]
	others := false
	for _, l := range u.lines {
		if l.Code == CodeCardUnknown {
			continue
		}
		others = others || l.Area == AreaCard
		kept = append(kept, l)
	}
	u.lines = kept
	if !others {
		u.lines = append(u.lines, newLine(u.cfg.Language, "doctor.card.skipped", Skipped, ""))
	}
}
