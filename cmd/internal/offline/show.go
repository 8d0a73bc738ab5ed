// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"zaver/signature/verify"
)

// show writes the report as it was asked for.
func (w World) show(a *verify.Audit, o Options) error {
	lang, err := o.language(w)
	if err != nil {
		return err
	}
	p := newPage(a, w.Words, lang)
	if o.HTML != "" {
		var b bytes.Buffer
		if err := p.html(&b); err != nil {
			return fmt.Errorf("write the page: %w", err)
		}
		if err := os.WriteFile(o.HTML, b.Bytes(), 0o600); err != nil {
			return fmt.Errorf("write the page: %w", err)
		}
	}
	out := bufio.NewWriter(w.Out)
	if o.JSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(a); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	} else {
		p.text(out)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
