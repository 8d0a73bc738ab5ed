// SPDX-License-Identifier: Apache-2.0

package gostpeer

import (
	"os"
	"slices"
)

// CMS says what signed data to make.
type CMS struct {
	Content  []byte
	Detached bool
	// Plain leaves out signing-certificate-v2, which CAdES-BES demands.
	Plain bool
	// NoAttributes signs the content itself.
	NoAttributes bool
	// ByKey names the signer by key identifier.
	ByKey bool
	// Second signs as well.
	Second *Holder
	// NoPath leaves the issuers' certificates out, NoCertificates all.
	NoPath, NoCertificates bool
}

// SignCMS makes signed data, DER.
func (h *Holder) SignCMS(c CMS) []byte {
	p := h.peer
	p.t.Helper()
	out := p.name(".p7s")
	args := []string{"cms", "-sign", "-binary", "-nosmimecap", "-in", p.File(c.Content), "-outform", "DER", "-out", out,
		"-signer", h.crt, "-inkey", h.key, "-md", Digest(h.Kind)}
	if c.Second != nil {
		args = append(args, "-signer", c.Second.crt, "-inkey", c.Second.key, "-md", Digest(c.Second.Kind))
	}
	for flag, on := range map[string]bool{"-nodetach": !c.Detached, "-cades": !c.Plain && !c.NoAttributes, "-noattr": c.NoAttributes,
		"-keyid": c.ByKey, "-nocerts": c.NoCertificates} {
		if on {
			args = append(args, flag)
		}
	}
	if path := h.Path(); !c.NoPath && !c.NoCertificates && len(path) > 0 {
		args = append(args, "-certfile", p.bundle("CERTIFICATE", path...))
	}
	p.run(args...)
	return p.read(out)
}

// Resign adds this holder's signature to signed data that has its content inside.
func (h *Holder) Resign(der []byte) []byte {
	p := h.peer
	p.t.Helper()
	out := p.name(".p7s")
	p.run("cms", "-resign", "-binary", "-nosmimecap", "-cades", "-nodetach", "-inform", "DER", "-in", p.File(der), "-outform", "DER", "-out", out,
		"-signer", h.crt, "-inkey", h.key, "-md", Digest(h.Kind))
	return p.read(out)
}

// Query makes a timestamp request over a message, with nonce and wish for certificates; digest is
// OpenSSL's name.
func (p *Peer) Query(message []byte, digest string) []byte {
	p.t.Helper()
	out := p.name(".tsq")
	p.run("ts", "-query", "-data", p.File(message), "-"+digest, "-cert", "-out", out)
	return p.read(out)
}

// Stamp answers a timestamp request: the whole TimeStampResp.
func (h *Holder) Stamp(query []byte) []byte {
	p := h.peer
	p.t.Helper()
	out := p.name(".tsr")
	// Complains of md_gost12_256 on its error output, and grants all the same.
	_, err := p.runIn(h.Issuer.dir, "ts", "-reply", "-queryfile", p.File(query), "-signer", h.crt, "-inkey", h.key, "-"+Digest(h.Kind),
		"-chain", p.bundle("CERTIFICATE", h.Path()...), "-out", out)
	p.must(err)
	return p.read(out)
}

// Token is the TimeStampToken in a TimeStampResp of OpenSSL's own.
func (p *Peer) Token(response []byte) []byte {
	p.t.Helper()
	out := p.name(".tst")
	p.run("ts", "-reply", "-in", p.File(response), "-token_out", "-out", out)
	return p.read(out)
}

// Verifying are the things a check goes by, DER each.
type Verifying struct {
	Anchors, Untrusted, CRLs [][]byte
	// CheckCRL demands an answer for the leaf, CheckAll for the whole path.
	CheckCRL, CheckAll bool
	// Flags are further options of OpenSSL, such as -explicit_policy or -attime.
	Flags []string
}

func (p *Peer) trust(v Verifying, crlOption bool) []string {
	p.t.Helper()
	anchors := p.bundle("CERTIFICATE", v.Anchors...)
	args := append([]string{"-no-CApath", "-no-CAstore", "-CAfile", anchors}, v.Flags...)
	if v.CheckCRL {
		args = append(args, "-crl_check")
	}
	if v.CheckAll {
		args = append(args, "-crl_check_all")
	}
	if len(v.CRLs) > 0 {
		lists := p.bundle("X509 CRL", v.CRLs...)
		if crlOption {
			args = append(args, "-CRLfile", lists)
		} else {
			// `cms` has no option for CRLs; it finds them among the anchors.
			p.must(os.WriteFile(anchors, append(p.read(anchors), p.read(lists)...), 0o600))
		}
	}
	return args
}

// VerifyCertificate checks a path and, if wanted, the CRLs.
func (p *Peer) VerifyCertificate(leaf []byte, v Verifying) error {
	p.t.Helper()
	args := append([]string{"verify"}, p.trust(v, true)...)
	if len(v.Untrusted) > 0 {
		args = append(args, "-untrusted", p.bundle("CERTIFICATE", v.Untrusted...))
	}
	_, err := p.Run(append(args, p.bundle("CERTIFICATE", leaf))...)
	return err
}

// VerifyCMS checks signed data as CAdES-BES; content is nil when it is inside.
func (p *Peer) VerifyCMS(der, content []byte, v Verifying) error {
	p.t.Helper()
	return p.verifyCMS(der, content, v, "-cades")
}

// VerifyPlainCMS checks signed data without asking for the attributes of CAdES.
func (p *Peer) VerifyPlainCMS(der, content []byte, v Verifying) error {
	p.t.Helper()
	return p.verifyCMS(der, content, v)
}

func (p *Peer) verifyCMS(der, content []byte, v Verifying, more ...string) error {
	p.t.Helper()
	args := append([]string{"cms", "-verify", "-binary", "-inform", "DER", "-in", p.File(der), "-out", os.DevNull, "-purpose", "any"}, more...)
	// `cms` looks for signers, not for issuers, among -certfile. In the file of anchors an issuer is
	// found, and ends no path: that takes a self-signed certificate.
	v.Anchors = slices.Concat(v.Anchors, v.Untrusted)
	args = append(args, p.trust(v, false)...)
	if content != nil {
		args = append(args, "-content", p.File(content))
	}
	_, err := p.Run(args...)
	return err
}

// VerifyOCSP checks an answer about certificates of one issuer and returns what OpenSSL prints: a line
// "FILE: good", revoked or unknown for each.
func (p *Peer) VerifyOCSP(response, issuer []byte, v Verifying, digest string, about ...[]byte) (string, error) {
	p.t.Helper()
	if digest == "" {
		digest = "sha1"
	}
	args := append([]string{"ocsp", "-respin", p.File(response), "-no_nonce", "-issuer", p.bundle("CERTIFICATE", issuer)}, p.trust(v, true)...)
	if len(v.Untrusted) > 0 {
		args = append(args, "-verify_other", p.bundle("CERTIFICATE", v.Untrusted...))
	}
	for _, der := range about {
		args = append(args, "-"+digest, "-cert", p.bundle("CERTIFICATE", der))
	}
	return p.Run(args...)
}

// VerifyStamp checks a TimeStampResp against its request.
func (p *Peer) VerifyStamp(response, query []byte, v Verifying) error {
	p.t.Helper()
	args := append([]string{"ts", "-verify", "-in", p.File(response), "-queryfile", p.File(query), "-CAfile", p.bundle("CERTIFICATE", v.Anchors...)}, v.Flags...)
	if len(v.Untrusted) > 0 {
		args = append(args, "-untrusted", p.bundle("CERTIFICATE", v.Untrusted...))
	}
	_, err := p.Run(args...)
	return err
}

// VerifyToken checks a bare TimeStampToken over a message.
func (p *Peer) VerifyToken(token, message []byte, v Verifying) error {
	p.t.Helper()
	args := append([]string{"ts", "-verify", "-token_in", "-in", p.File(token), "-data", p.File(message), "-CAfile", p.bundle("CERTIFICATE", v.Anchors...)}, v.Flags...)
	if len(v.Untrusted) > 0 {
		args = append(args, "-untrusted", p.bundle("CERTIFICATE", v.Untrusted...))
	}
	_, err := p.Run(args...)
	return err
}

// VerifyRaw checks a bare signature over a message; digest is OpenSSL's name, spki the public key's DER.
func (p *Peer) VerifyRaw(spki []byte, digest string, message, signature []byte) error {
	p.t.Helper()
	_, err := p.Run("dgst", "-"+digest, "-verify", p.bundle("PUBLIC KEY", spki), "-signature", p.File(signature), p.File(message))
	return err
}
