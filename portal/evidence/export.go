// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"
)

//go:embed readme.txt.tmpl
var readmeText string

var readmeTemplate = template.Must(template.New(NameReadme).Parse(readmeText))

// Export gives the files of a bundle as they are handed out: the parts, the
// manifest that binds them, and a README with the commands that check them.
// It fails with [ErrBundle] when the parts are not the bundle with this digest.
func Export(parts []Part, digest [32]byte) ([]Part, error) {
	d, err := Open(parts, digest)
	if err != nil {
		return nil, err
	}
	readme, err := readme(d, parts, digest)
	if err != nil {
		return nil, err
	}
	out := append([]Part{{Name: NameReadme, Data: readme}}, parts...)
	return append(out, Part{Name: NameManifest, Data: Manifest(parts)}), nil
}

func readme(d Decision, parts []Part, digest [32]byte) ([]byte, error) {
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
		"Command": Command(d.Judged, issuers), "Issuers": issuers, "Root": root, "OCSP": ocsp, "CRL": crl,
	})
	if err != nil {
		return nil, fmt.Errorf("write readme: %w", err)
	}
	return []byte(b.String()), nil
}

// Command is the openssl command that checks the signature of an exported bundle
// from inside its folder, at the moment at which the portal judged it: certificates
// expire, evidence must not. "-purpose any" because certificates for signing people's
// applications need not have the e-mail purpose that openssl asks for.
func Command(judged time.Time, issuers bool) string {
	extra := ""
	if issuers {
		extra = " -certfile " + NameIssuers
	}
	return fmt.Sprintf("openssl cms -verify -cades -inform DER -in %s -CAfile %s%s -purpose any -attime %d -out signed.txt",
		NameCMS, NameRoot, extra, judged.Unix())
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
