// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"sync"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/card"
	"zaver/cardreader/pcsc"
	"zaver/signature/cert"
)

// Bounds on what is looked at.
const (
	maxReaders      = 16
	maxCertificates = 8 // whose authorities are asked
	soon            = 14 * 24 * time.Hour
)

// cards looks at the service, the readers and the cards in them, each only when what it needs is well.
func (u *checkup) cards(ctx context.Context) {
	if !u.service(ctx) {
		u.skip(AreaReader, AreaCard, AreaPIN)
		return
	}
	if u.cfg.Cards == nil {
		u.well(AreaService, "")
		u.skip(AreaReader, AreaCard, AreaPIN)
		return
	}
	readers, ok := u.look(ctx)
	if !ok {
		u.skip(AreaReader, AreaCard, AreaPIN)
		return
	}
	u.well(AreaService, "")
	u.count(func(e *Equipment) { e.Readers = len(readers) })
	if len(readers) == 0 {
		u.add(Fault, CodeReaderNone, "")
		u.skip(AreaCard, AreaPIN)
		return
	}
	u.well(AreaReader, names(readers))
	if u.cfg.Method == agent.MethodToken {
		u.skip(AreaCard, AreaPIN)
		return
	}
	u.readCards(ctx, readers)
}

// look lists the readers; false when the service failed after its greeting.
func (u *checkup) look(ctx context.Context) ([]pcsc.Reader, bool) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	readers, err := u.cfg.Cards.Look(ctx)
	switch {
	case err == nil:
		return readers[:min(len(readers), maxReaders)], true
	case errors.Is(err, &card.Error{Reason: card.NoReader}):
		return nil, true
	case errors.Is(err, &card.Error{Reason: card.NoAccess}): // a rule forbids more than the greeting
		u.add(Fault, CodeServicePolicy, err.Error())
	case errors.Is(err, &card.Error{Reason: card.NoService}):
		u.refusedLibrary(ctx, err)
	default:
		u.add(Fault, CodeServiceHung, err.Error())
	}
	return nil, false
}

func (u *checkup) readCards(ctx context.Context, readers []pcsc.Reader) {
	var reading sync.WaitGroup
	present := 0
	for _, r := range readers {
		if !r.Present {
			continue
		}
		present++
		reading.Go(func() { u.readCard(ctx, r) })
	}
	u.count(func(e *Equipment) { e.Cards = present })
	if present == 0 {
		u.add(Fault, CodeCardNone, names(readers))
		u.skip(AreaPIN)
		return
	}
	reading.Wait()
	if u.spoken(AreaCard) {
		u.skip(AreaPIN)
	}
	u.well(AreaCard, "")
	u.well(AreaPIN, "")
}

func (u *checkup) readCard(ctx context.Context, r pcsc.Reader) {
	if r.Mute {
		u.add(Fault, CodeCardMute, r.Name)
		return
	}
	limited, cancel := context.WithTimeout(ctx, cardLimit)
	defer cancel()
	c, err := u.cfg.Cards.Read(limited, r)
	if err != nil {
		u.cardFault(limited, r, err)
		return
	}
	u.cardState(r, c)
}

// cardCodes are the findings for the reasons of package card.
var cardCodes = map[string]string{"card.busy": CodeCardBusy, "card.unsupported": CodeCardUnknown, "card.expired": CodeCardExpired,
	"card.none": CodeCardNone, "card.removed": CodeCardNone, "card.no_reader": CodeReaderNone, "card.no_certificate": CodeCardNoCertificate,
	"card.no_service": CodeServiceStopped, "card.no_access": CodeServicePolicy, "card.terminal": CodeCardTerminal, "card.insecure": CodeCardInsecure}

func (u *checkup) cardFault(limited context.Context, r pcsc.Reader, err error) {
	code := cardCodes[agent.CodeOf(err)]
	switch {
	case code == "" && limited.Err() != nil:
		code = "doctor.card.hung"
	case code == "":
		code = CodeCardFault
	case code == CodeCardUnknown:
		u.mu.Lock()
		u.unknown++
		u.mu.Unlock()
	}
	u.add(Fault, code, r.Name+": "+err.Error())
}

var pinCodes = map[string]string{"pin.blocked": CodePINBlocked, "pin.not_initialised": CodePINNotInitialised, "pin.must_change": CodePINMustChange}

// cardState reports what the agent would say of the card's certificate and PIN.
func (u *checkup) cardState(r pcsc.Reader, c agent.Credential) {
	code := c.Code
	switch {
	case pinCodes[code] != "":
		u.add(Fault, pinCodes[code], r.Name)
	case cardCodes[code] != "":
		u.add(Fault, cardCodes[code], r.Name)
		return
	}
	if n, known := c.Tries.Count(); known && n == 1 {
		u.add(Warning, CodePINLastTry, r.Name)
	}
	obstacle := ""
	if c.Certificate != nil {
		obstacle = string(c.Certificate.Obstacle(u.cfg.Now()))
	}
	u.certificate(r.Name, c.Certificate, obstacle, pinCodes[code] == "")
}

// certificateCodes are the findings for what stands in a certificate's way: cert.Obstacle, and the words that packages
// card and token put before it.
var certificateCodes = map[string]string{"cert_expired": CodeCertificateExpired, "cert_not_yet": CodeCertificateNotYet,
	"key_expired": CodeCertificateKeyExpired, "cert_key_usage": CodeCertificateUsage, "cert_ca": CodeCertificateUsage,
	"cert_unsupported": CodeCertificateUnsupported, "cert_legacy": CodeCertificateUnsupported, "cert_malformed": CodeCertificateMalformed}

// certificate reports on one certificate; signs says that nothing but the certificate could be in the way.
func (u *checkup) certificate(where string, c *cert.Certificate, obstacle string, signs bool) {
	if obstacle != "" {
		code := certificateCodes[obstacle]
		if code == "" {
			code = CodeCertificateUnsupported
		}
		u.add(Fault, code, where)
		return
	}
	if c == nil {
		return
	}
	if left := c.NotAfter.Sub(u.cfg.Now()); left < soon {
		u.add(Warning, CodeCertificateSoon, where, number("n", int(left/(24*time.Hour))))
	}
	select {
	case u.certificates <- c:
	default: // enough are asked about
	}
	if !signs {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.usable = true
	u.equipment.Certificates++
}

func names(readers []pcsc.Reader) string {
	out := ""
	for i, r := range readers {
		if i > 0 {
			out += ", "
		}
		out += r.Name
	}
	return out
}
