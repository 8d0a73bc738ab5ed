// SPDX-License-Identifier: Apache-2.0

package card

import (
	"fmt"

	"zaver/cardreader/apdu"
	"zaver/signature/algo"
)

// Bounds of the certificate and of the signature.
const (
	maxCertificateFile = 0x7FFF // bytes that READ BINARY reaches by its offset
	maxSignatureSize   = 1024   // bytes: RSA with 8192 bits
	maxAlgorithms      = 16
)

func (c *profileChecker) certificate(p *Profile, f *profileFile) {
	w := &f.Certificate
	p.Certificate = Container{
		Path: c.path("certificate.path", w.Path), Compression: c.path("certificate.compression", w.Compression),
	}
	p.Certificate.Max = c.between("certificate.max", w.Max, 1, maxCertificateFile)
	switch {
	case (w.FID == "") == (w.Object == ""):
		c.fault("certificate", "needs one of fid and object")
	case w.FID != "":
		p.Certificate.FID = c.bytes("certificate.fid", w.FID, 2, 2)
	default:
		p.Certificate.Object = c.tag("certificate.object", w.Object)
	}
	// Only a card that names no file at all does without.
	_, holder := c.lines["holder"]
	if _, there := c.lines["chunk"]; there || holder || w.FID != "" || p.SecureMessaging != suiteNone {
		p.Chunk = c.between("chunk", f.Chunk, 1, apdu.MaxShortLe)
	}
	if w.Compression != "" && w.Path == "" {
		c.fault("certificate.compression", "needs a path beside it")
	}
}

func (c *profileChecker) signature(p *Profile, f *profileFile) {
	s := &f.Signature
	c.refers(p, "signature.password", s.Password)
	c.oneOf("signature.command", s.Command, string(PSO), string(GeneralAuthenticate))
	p.Signature = Signature{Password: s.Password, Command: SignINS(s.Command)}
	switch n := len(s.Algorithms); {
	case n == 0:
		c.fault("signature.algorithms", "is empty")
	case n > maxAlgorithms:
		c.fault("signature.algorithms", "has more than %d entries", maxAlgorithms)
		return
	}
	for i := range s.Algorithms {
		at := fmt.Sprintf("signature.algorithms[%d]", i)
		row := c.algorithm(at, p.Signature.Command, &s.Algorithms[i])
		for _, earlier := range p.Signature.Algorithms {
			if earlier.Name == row.Name && (earlier.Bits == 0 || earlier.Bits == row.Bits) {
				c.fault(at, "is never reached: an earlier entry serves %s", row.Name)
			}
		}
		p.Signature.Algorithms = append(p.Signature.Algorithms, row)
	}
}

func (c *profileChecker) algorithm(at string, command SignINS, w *algorithmFile) SignatureAlgorithm {
	a, err := algo.ByName(w.Name)
	if err != nil || a.WholeMessage {
		c.fault(at+".name", "is not in the table of algorithms that sign a digest")
		return SignatureAlgorithm{}
	}
	row := SignatureAlgorithm{Name: w.Name, Bits: w.Bits, Size: c.between(at+".size", w.Size, 2, maxSignatureSize)}
	if w.Bits != 0 {
		c.between(at+".bits", w.Bits, a.MinBits, a.MaxBits)
	}
	row.Input = SignInput(c.oneOfOr(at+".input", w.Input, string(InputDigest), inputsOf(a)...))
	answers := answersOf(a)
	c.oneOf(at+".answer", w.Answer, answers...)
	row.Answer = SignAnswer(w.Answer)
	if row.Answer != AnswerRaw && w.Size%2 != 0 {
		c.fault(at+".size", "is odd: the halves r and s are of one length")
	}
	if row.Input == InputPKCS1 && w.Size < minPKCS1(a) {
		c.fault(at+".size", "is %d: too short for the padded block", w.Size)
	}
	if w.MSE != "" {
		mse, err := apdu.ParseCommand(c.bytes(at+".mse", w.MSE, 4, 261))
		if err != nil || mse.INS != 0x22 {
			c.fault(at+".mse", "is not an MSE command")
		}
		row.MSE = &mse
	}
	c.references(at, command, w, &row)
	return row
}

// references reads the members that only GENERAL AUTHENTICATE has a place for.
func (c *profileChecker) references(at string, command SignINS, w *algorithmFile, row *SignatureAlgorithm) {
	if command == GeneralAuthenticate {
		row.Key = c.bytes(at+".key", w.Key, 1, 1)[0]
		row.ID = c.bytes(at+".id", w.ID, 1, 1)[0]
		return
	}
	for member, s := range map[string]string{"key": w.Key, "id": w.ID} {
		if s != "" {
			c.fault(at+"."+member, "has no place in %s: name keys by mse", PSO)
		}
	}
}

func inputsOf(a algo.Algorithm) []string {
	if a.Key == algo.RSA && !a.PSS {
		return []string{string(InputDigest), string(InputDigestInfo), string(InputPKCS1)}
	}
	return []string{string(InputDigest)}
}

func answersOf(a algo.Algorithm) []string {
	switch a.Key {
	case algo.ECDSA:
		return []string{string(AnswerRS), string(AnswerSR), string(AnswerDER)}
	case algo.RSA:
		return []string{string(AnswerRaw)}
	}
	return []string{string(AnswerRS), string(AnswerSR)}
}
