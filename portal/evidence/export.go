// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	_ "embed"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/cms"
)

//go:embed readme.txt.tmpl
var readmeText string

//go:embed openssl-gost.cnf
var engineConfig []byte

var readmeTemplate = template.Must(template.New(NameReadme).Parse(readmeText))

// Export gives the files of a bundle as they are handed out: the parts, the
// manifest that binds them, and a README with the commands that check them.
// It fails with [ErrBundle] when the parts are not the bundle with this digest.
func Export(parts []Part, digest [32]byte) ([]Part, error) {
	d, err := Open(parts, digest)
	if err != nil {
		return nil, err
	}
	out := append([]Part(nil), parts...)
	if whole, ok := complete(parts); ok {
		out = append(out, Part{Name: NameComplete, Data: whole})
	}
	if needsEngine(parts) {
		out = append(out, Part{Name: NameEngine, Data: engineConfig})
	}
	readme, err := readme(d, out, digest)
	if err != nil {
		return nil, err
	}
	out = append([]Part{{Name: NameReadme, Data: readme}}, out...)
	return append(out, Part{Name: NameManifest, Data: manifest(parts)}), nil
}

// complete puts the issuers into the signature: people sign with their own certificate at
// hand and no other, and OpenSSL 3.0 looks for issuers in the signature and the trusted
// file only. What was received stays as it is in NameCMS.
func complete(parts []Part) ([]byte, bool) {
	if _, ok := find(parts, NameLongTerm); ok {
		return nil, false // it has them inside
	}
	received, ok := find(parts, NameCMS)
	issuers, okIssuers := find(parts, NameIssuers)
	if !ok || !okIssuers {
		return nil, false
	}
	var more []*cert.Certificate
	for rest := issuers.Data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := cert.Parse(block.Bytes)
		if err != nil {
			return nil, false
		}
		more = append(more, c)
	}
	whole, err := cms.WithCertificates(received.Data, more...)
	return whole, err == nil
}

func readme(d Decision, parts []Part, digest [32]byte) ([]byte, error) {
	_, whole := find(parts, NameComplete)
	_, long := find(parts, NameLongTerm)
	_, gost := find(parts, NameEngine)
	_, issuers := find(parts, NameIssuers)
	_, root := find(parts, NameRoot)
	var ocsp, crl []string
	for _, p := range parts {
		switch {
		case strings.HasSuffix(p.Name, ".ocsp"):
			ocsp = append(ocsp, p.Name)
		case strings.HasSuffix(p.Name, ".crl"):
			crl = append(crl, p.Name)
		}
	}
	var b strings.Builder
	err := readmeTemplate.Execute(&b, map[string]any{
		"D": d, "Digest": hex.EncodeToString(digest[:]), "Codes": strings.Join(d.Codes, ", "),
		"Judged": d.Judged.UTC().Format("2006-01-02 15:04:05 UTC"), "Unix": d.Judged.Unix(),
		"Command": Command(d.Judged, Checkable(parts), gost), "Issuers": issuers, "Complete": whole, "LongTerm": long, "GOST": gost, "Root": root, "OCSP": ocsp, "CRL": crl,
	})
	if err != nil {
		return nil, fmt.Errorf("write readme: %w", err)
	}
	return []byte(b.String()), nil
}

// Command is the openssl command that checks the signature of an exported bundle
// from inside its folder, at the moment at which the portal judged it: certificates
// expire, evidence must not. "-purpose any" because certificates for signing people's
// applications need not have the e-mail purpose that openssl asks for. file is the one
// of the signature with the issuers inside, gost says that OpenSSL needs its GOST engine.
func Command(judged time.Time, file string, gost bool) string {
	setting := ""
	if gost {
		setting = "OPENSSL_CONF=" + NameEngine + " "
	}
	return fmt.Sprintf("%sopenssl cms -verify -cades -inform DER -in %s -CAfile %s -purpose any -attime %d -out signed.txt", setting, file, NameRoot, judged.Unix())
}

// Checkable is the file of a bundle, as exported, that openssl checks: the one of the
// longest life.
func Checkable(files []Part) string {
	for _, name := range []string{NameLongTerm, NameComplete} {
		if _, ok := find(files, name); ok {
			return name
		}
	}
	return NameCMS
}

// needsEngine reports whether a certificate of the bundle has a key that OpenSSL knows by its
// GOST engine only.
func needsEngine(parts []Part) bool {
	for _, p := range parts {
		if !strings.HasSuffix(p.Name, ".cer") {
			continue
		}
		c, err := cert.Parse(p.Data)
		if err != nil {
			continue
		}
		switch c.PublicKey.Kind() {
		case algo.GOST256, algo.GOST512, algo.GOST2001:
			return true
		}
	}
	return false
}

// WriteZip writes the exported files as one zip archive. The archive's bytes
// depend on nothing but the files: the time of each entry is modified.
func WriteZip(w io.Writer, files []Part, modified time.Time) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		e, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: modified.UTC()})
		if err != nil {
			return fmt.Errorf("add %s: %w", f.Name, err)
		}
		if _, err := e.Write(f.Data); err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("end archive: %w", err)
	}
	return nil
}
