// SPDX-License-Identifier: Apache-2.0

package pki

// Service is one of the four things an authority answers over HTTP.
type Service string

// Services of an authority.
const (
	OCSP     Service = "ocsp"
	CRL      Service = "crl"
	CAIssuer Service = "ca"  // the issuer's certificate
	TSA      Service = "tsa" // timestamps
)

// Fault is what is wrong with a service.
type Fault string

// Faults of a service. Those marked OCSP, CRL or TSA change nothing elsewhere.
const (
	None             Fault = ""
	Fail             Fault = "fail"              // HTTP 500
	Stall            Fault = "stall"             // no answer until the fault is taken back or the client leaves
	Die              Fault = "die"               // the connection is closed without a byte
	WrongCertificate Fault = "wrong-certificate" // a signed answer about another certificate or of another authority
	WrongSigner      Fault = "wrong-signer"      // signed by a key that has nothing to do with the authority
	NoRight          Fault = "no-right"          // OCSP, TSA: signed by a certificate of the authority without the extended key usage
	Stale            Fault = "stale"             // true once, nextUpdate lies in the past; TSA: the time is a day behind
	Early            Fault = "early"             // thisUpdate lies in the future; TSA: the time is a day ahead
	Garbage          Fault = "garbage"           // bytes that are no answer
	Endless          Fault = "endless"           // more bytes than anyone should read
	TryLater         Fault = "try-later"         // OCSP: status tryLater, unsigned
	Unknown          Fault = "unknown"           // OCSP: signed status unknown
	Critical         Fault = "critical"          // CRL: an unknown critical extension
	Redirect         Fault = "redirect"          // HTTP 302 to itself
	WrongImprint     Fault = "wrong-imprint"     // TSA: stamps something else than was asked
	WrongNonce       Fault = "wrong-nonce"       // TSA: another nonce than was asked
	Refused          Fault = "refused"           // TSA: status rejection, failure timeNotAvailable, no token
)

type fault struct {
	kind    Fault
	cleared chan struct{} // closed when the fault is replaced
}

// SetFault changes how a service answers from the next request on; None makes it truthful.
func (a *Authority) SetFault(s Service, f Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if old := a.faults[s]; old != nil {
		close(old.cleared)
	}
	a.faults[s] = &fault{kind: f, cleared: make(chan struct{})}
}

// ClearFaults makes every service truthful and lets stalled answers go.
func (a *Authority) ClearFaults() {
	for _, s := range []Service{OCSP, CRL, CAIssuer, TSA} {
		a.SetFault(s, None)
	}
}

// SetFault changes how a service of every authority answers.
func (p *PKI) SetFault(s Service, f Fault) {
	for _, a := range p.authorities {
		a.SetFault(s, f)
	}
}

// Requests is how many requests a service has had since Start.
func (a *Authority) Requests(s Service) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests[s]
}

func (a *Authority) fault(s Service) *fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests[s]++
	if f := a.faults[s]; f != nil {
		return f
	}
	return &fault{}
}
